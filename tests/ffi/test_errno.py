"""Raises(OSError): the error number of the call, whatever runs between it and the exception."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import contextlib
import ctypes
import errno
import gc
import os
import signal
import threading
from collections.abc import Callable
from ctypes import c_char_p, c_int, c_void_p
from typing import Annotated, Any

import pytest
from support import COUNTS_REFERENCES, Package

from pyexample.ffi import Callback, Closes, Handle, Library, Raises, Returned, SameThread

SOURCE = r"""
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#define SET(code) SetLastError((DWORD)(code))
#else
#define SET(code) (errno = (code))
#endif
int fail(int code) { if (!code) return 0; SET(code); return -1; }
int fail_silently(void) { return -1; }
void *find(int code) { static int it; if (!code) return &it; SET(code); return NULL; }
int fail_after(int code, int (*f)(int)) { f(code); SET(code); return -1; }
int fail_with_signal(int code, int number) { SET(code); raise(number); return -1; }
int out(int code, int *failure) { *failure = code != 0; SET(code); return 7; }
int close_it(void *it) { SET(*(int *)it); return *(int *)it ? -1 : 0; }
"""

Int = Annotated[int, c_int]
Done = Annotated[None, c_int, Raises(OSError, when="negative")]


class Bound:
    def __init__(self, library: Library, release_gil: bool) -> None:
        @library.function(release_gil=release_gil)
        def fail(code: Int, /) -> Done: ...

        @library.function(release_gil=release_gil)
        def fail_silently() -> Done: ...

        @library.function(release_gil=release_gil)
        def find(code: Int, /) -> Annotated[int, c_void_p, Raises(OSError)]: ...

        @Callback
        def on_code(code: Int, /) -> Int: ...

        @library.function(release_gil=release_gil)
        def fail_after(
            code: Int, f: Annotated[Callable[[int], int], on_code, SameThread], /
        ) -> Done: ...

        @library.function(release_gil=release_gil)
        def fail_with_signal(code: Int, number: Int, /) -> Done: ...

        @library.function(release_gil=release_gil)
        def out(
            code: Int, /
        ) -> Annotated[int, c_int, Returned(int, c_int, Raises(OSError))]: ...

        self.library = library
        self.fail, self.fail_silently, self.find = fail, fail_silently, find
        self.fail_after, self.fail_with_signal, self.out = fail_after, fail_with_signal, out


@pytest.fixture(params=[False, True], ids=["holds the GIL", "releases the GIL"])
def bound(package: Package, path: str, request: pytest.FixtureRequest) -> Bound:
    package.compile(SOURCE)
    return Bound(Library("c", f"{package.name}.module"), request.param)


def number_of(function: Callable[..., Any], *arguments: Any) -> int:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is looked at
        function(*arguments)
    error: Any = caught.value
    return int(error.winerror if os.name == "nt" else error.errno)


def test_the_number_and_the_words(bound: Bound) -> None:
    bound.fail(0)
    for code in (errno.ENOENT, errno.EINTR, 5):
        assert number_of(bound.fail, code) == code
    assert bound.find(0)
    assert number_of(bound.find, errno.ENOMEM) == errno.ENOMEM
    assert bound.out(0) == 7
    assert number_of(bound.out, 5) == 5
    if os.name != "nt":
        said = rf"^\[Errno {errno.ENOENT}\] fail\(\): {os.strerror(errno.ENOENT)}$"
        with pytest.raises(FileNotFoundError, match=said):
            bound.fail(errno.ENOENT)


def test_an_earlier_error_is_not_told_again(bound: Bound) -> None:
    assert number_of(bound.fail, 5) == 5
    assert number_of(bound.fail_silently) == 0
    with pytest.raises(
        OSError, match=r"fail_silently\(\) failed, and C has set no error number$"
    ):
        bound.fail_silently()


def test_a_callback_that_fails_as_well(bound: Bound) -> None:
    """By a declared function, by ctypes, and in the C library."""

    def callback(code: int) -> int:
        assert number_of(bound.fail, 9) == 9
        with contextlib.suppress(OSError):
            os.stat("no such file")
        ctypes.set_errno(9)
        if code > 3:
            assert number_of(bound.fail_after, code - 1, callback) == code - 1
        return 0

    assert number_of(bound.fail_after, 5, callback) == 5


def test_what_ctypes_has_stays(bound: Bound) -> None:
    """The copy of errno that ctypes keeps is for programs that ask for it."""
    if os.name != "nt":
        ctypes.set_errno(77)
        assert number_of(bound.fail, 5) == 5
        assert ctypes.get_errno() == 77


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="POSIX")
def test_a_signal_handler_that_fails_as_well(bound: Bound) -> None:
    """It runs as soon as Python runs: after C has returned, and before the exception."""
    seen: list[int] = []

    def handle(*_: object) -> None:
        seen.append(number_of(bound.fail, 9))
        ctypes.set_errno(9)
        with contextlib.suppress(OSError):
            os.stat("no such file")

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        for code in (5, 7):
            assert number_of(bound.fail_with_signal, code, int(signal.SIGUSR1)) == code
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [9, 9]


def test_threads(bound: Bound) -> None:
    wrong: list[int] = []

    def work(code: int) -> None:
        for _ in range(200):
            if (number := number_of(bound.fail, code)) != code:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(code,)) for code in (3, 5, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_handle_that_cannot_be_closed(bound: Bound) -> None:
    class Box(Handle):
        pass

    @bound.library.function
    def close_it(it: Annotated[Box, c_void_p, Closes(if_succeeds=True)], /) -> Done: ...

    memory = c_int(5)
    box = Box.adopt(ctypes.addressof(memory))
    assert number_of(box.close) == 5
    assert number_of(close_it, box) == 5
    memory.value = 0
    box.close()


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="the finalizer runs at once")
def test_a_finalizer_that_fails_as_well(bound: Bound) -> None:
    """Garbage is collected when Python allocates, which is between any two steps."""
    ran: list[int] = []

    class Garbage:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            ran.append(number_of(bound.fail, 9))

    before = gc.get_threshold()
    gc.collect()  # from now on, what is freed does not outweigh what is allocated
    gc.set_threshold(1, 0)  # without the 0, CPython without a GIL waits for more garbage
    try:
        for _ in range(2000):  # it looks after each 512 objects of a thread
            Garbage()
            assert number_of(bound.fail, 5) == 5
    finally:
        gc.set_threshold(*before)
    assert ran


def test_it_is_served_by_libfastcall(bound: Bound, path: str) -> None:
    assert ("fail" in bound.library.fallbacks) == (path == "ctypes")


@pytest.mark.skipif(os.name == "nt", reason="POSIX")
def test_of_the_c_library(path: str) -> None:
    libc = Library("c", __name__, system={"linux": "libc.so.6", "darwin": "libc.dylib"})

    @libc.function
    def chdir(folder: Annotated[str, c_char_p], /) -> Done: ...

    with pytest.raises(FileNotFoundError, match=r"chdir\(\): No such file"):
        chdir("/no/such/folder")
