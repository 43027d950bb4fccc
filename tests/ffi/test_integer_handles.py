"""Handles that are integers: file descriptors, names, timers. 0 is one like any other."""
# The functions have no bodies, and types that are made at run time.
# mypy: disable-error-code="empty-body,name-defined,valid-type"

import os
from collections.abc import Callable, Iterator, Sequence
from ctypes import POINTER, c_char_p, c_double, c_int, c_int8, c_uint, c_uint64, c_void_p
from typing import Annotated, Any

import pytest
from bindings import Bind
from support import Package, collect

from pyexample.ffi import (
    ArrayOf,
    Borrowed,
    Callback,
    Closes,
    Constant,
    Count,
    DeclarationError,
    Filled,
    GivenTo,
    Handle,
    Keep,
    Library,
    Owned,
    Raises,
    Returned,
)
from pyexample.ffi.declaration import Declaration

# Each is counted while it is open, and a use of one that is not is counted too.
SOURCE = r"""
#include <errno.h>
#include <stdint.h>
#ifdef _WIN32
__declspec(dllimport) void __stdcall SetLastError(unsigned long);
#define SET_ERROR(number) SetLastError(number)
#else
#define SET_ERROR(number) (errno = (number))
#endif
static int is_open[16], faults, flags;
static int (*calls[16])(int);
int opened(void) {
    int n = 0;
    for (int i = 0; i < 16; i++) n += is_open[i];
    return n;
}
int wrong(void) { return faults; }
int last_flags(void) { return flags; }
static int good(int fd) {
    if (fd >= 0 && fd < 16 && is_open[fd]) return 1;
    faults++;
    return 0;
}
int fd_open(int failure) {
    if (failure) { SET_ERROR(ENOENT /* the same on Windows */); return failure; }
    for (int i = 0; i < 16; i++) if (!is_open[i]) { is_open[i] = 1; return i; }
    return -1;
}
int fd_dup(int fd) { return good(fd) ? fd_open(0) : -1; }
int fd_same(int fd) { return fd; }
int fd_close(int fd) { if (good(fd)) is_open[fd] = 0; return 0; }
void fd_close_slot(int *fd) { fd_close(*fd); *fd = -1; }
void fd_close_with(int n, const int *fds, int how) {
    flags = how;
    for (int i = 0; i < n; i++) fd_close(fds[i]);
}
int fd_make(int *fd, int failure) {
    if (failure >= 0) *fd = fd_open(failure);
    return failure > 0 ? failure : 0;
}
int fd_pair(int *fds, int failure) {
    if (failure > 0) return 0;
    if (failure) { errno = EMFILE; return -1; }
    fds[0] = fd_open(0); fds[1] = fd_open(0);
    return 0;
}
int fd_sum(const int *fds, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += good(fds[i]) ? fds[i] : 100;
    return sum;
}
int fd_give(int owner, int fd) { return good(owner) && good(fd) ? 0 : -1; }
int fd_call(int fd, int (*call)(int)) { return good(fd) ? call(fd) : -1; }
int fd_ask(int (*call)(void)) { return call(); }
unsigned timer_add(int (*call)(int), int fail) {
    for (unsigned i = 1; i < 16 && !fail; i++)
        if (!is_open[i]) { is_open[i] = 1; calls[i] = call; return i; }
    return 0;
}
int timer_fire(unsigned timer, int n) { return good((int)timer) ? calls[timer](n) : -1; }
int timer_remove(unsigned timer) { return fd_close((int)timer) == 0; }
uint64_t big(void) { return UINT64_MAX - 1; }
uint64_t big_same(uint64_t it) { return it; }
signed char small_same(signed char it) { return it; }
"""

Int = Annotated[int, c_int]
OnInt = Callable[[int], int]


@Callback
def on_int(number: Int, /) -> Int: ...


class Api:
    """Declared anew for each test: types of handles know their closing functions."""

    def __init__(self, library: Library) -> None:
        class Fd(Handle, invalid=-1):
            """A descriptor."""

        self.library, self.Fd = library, Fd
        self.AnFd = AnFd = Annotated[Fd, c_int]  # noqa: N806

        def opened() -> Int: ...
        def wrong() -> Int: ...
        def last_flags() -> Int: ...
        def fd_open(failure: Int, /) -> Annotated[Fd, c_int, Owned]: ...
        def fd_dup(fd: AnFd, /) -> Annotated[Fd, c_int, Owned]: ...
        def fd_same(fd: Annotated[Fd | None, c_int], /) -> Int: ...

        for function in list(locals().values()):
            if hasattr(function, "__code__") and function is not Api.__init__:
                setattr(self, function.__name__, self.declare(function))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def declare(self, function: Any, symbol: str | None = None) -> Any:
        return self.library.function(symbol=symbol)(function)

    def close_by_fd_close(self) -> Any:
        def fd_close(fd: Annotated[self.Fd, c_int, Closes], /) -> None: ...

        return self.declare(fd_close)


@pytest.fixture
def api(package: Package, path: str) -> Iterator[Any]:
    """In the end, all that C made was closed once, and nothing that is closed was used."""
    package.compile(SOURCE)
    made = Api(Library("c", f"{package.name}.module"))
    yield made
    collect()
    assert made.opened() == 0, "some are left open"
    assert made.wrong() == 0, "used or closed after it was closed"


def test_zero_is_a_handle(api: Any) -> None:
    close = api.close_by_fd_close()
    zero = api.fd_open(0)
    assert f"{zero!r}" == "<Fd 0>"
    assert (zero.closed, zero.value, api.fd_same(zero), hash(zero)) == (False, 0, 0, hash(0))
    one = api.fd_dup(zero)
    assert one != zero
    assert one.parents == (zero,)
    zero.close()
    assert (zero.closed, one.closed, f"{zero!r}") == (True, True, "<Fd closed>")
    for use in (api.fd_same, api.fd_dup):
        with pytest.raises(ValueError, match=r"parameter 'fd' \(int32_t\) is closed"):
            use(zero)
    with pytest.raises(ValueError, match="the Fd is closed"):
        _ = zero.value
    close(zero)
    again = api.fd_open(0)
    assert again.value == 0
    assert again != zero, "that one is closed"
    with again:
        pass
    api.fd_open(0)  # by the garbage collector


def test_only_a_handle_of_that_class(api: Any) -> None:
    api.close_by_fd_close()

    class Box(Handle):
        pass

    fd = api.fd_open(0)
    for wrong in (0, fd.value, Box.adopt(8, owned=False), None):
        with pytest.raises(TypeError, match="must be a Fd, not "):
            api.fd_dup(wrong)

    def fd_same(handle: Annotated[Handle, c_void_p], /) -> Int: ...

    for each in (fd, api.fd_open(0)):
        with pytest.raises(TypeError, match="must be a Handle, not Fd"):
            api.declare(fd_same)(each)  # a pointer


def test_what_is_none(api: Any) -> None:
    api.close_by_fd_close()

    def fd_open(failure: Int, /) -> Annotated[api.Fd | None, c_int, Owned]: ...

    assert api.declare(fd_open)(-1) is None
    assert api.fd_same(None) == -1
    with pytest.raises(ValueError, match=r"^fd_open\(\) result \(int32_t\) is -1, which is no"):
        api.fd_open(-1)
    with pytest.raises(ValueError, match="Fd has an address, not -1"):
        api.Fd.adopt(-1)


def test_several_are_none(api: Any) -> None:
    class Name(Handle, invalid=(0, -1)):
        pass

    def fd_same(
        it: Annotated[Name | None, c_int], /
    ) -> Annotated[Name | None, c_int, Borrowed]: ...
    def fd_open(failure: Int, /) -> Annotated[Name | None, c_int, Borrowed]: ...

    assert api.declare(fd_same)(None) is None
    assert api.declare(fd_open)(-1) is None


def test_a_failure(api: Any) -> None:
    api.close_by_fd_close()
    codes: list[int] = []

    def failed(code: int, function: str, values: Any) -> Exception:
        codes.append(code)
        return RuntimeError(code)

    def by_errno(
        failure: Int, /
    ) -> Annotated[api.Fd, c_int, Owned, Raises(OSError, when="negative")]: ...
    def by_default(failure: Int, /) -> Annotated[api.Fd, c_int, Owned, Raises(failed)]: ...
    def by_code(
        failure: Int, /
    ) -> Annotated[api.Fd, c_int, Owned, Raises(failed, when=(-7,))]: ...

    named = None if os.name == "nt" else r"by_errno\(\)"
    for number in (-1, -2):
        with pytest.raises(FileNotFoundError, match=named):
            api.declare(by_errno, "fd_open")(number)
    assert api.declare(by_errno, "fd_open")(0).value == 0, "no failure"
    with pytest.raises(RuntimeError, match="-1"):
        api.declare(by_default, "fd_open")(-1)
    with pytest.raises(RuntimeError, match="-7"):
        api.declare(by_code, "fd_open")(-7)

    def or_nothing(
        failure: Int, /
    ) -> Annotated[
        api.Fd | None, c_int, Owned, Raises(failed, when="negative", none=(-3,))
    ]: ...

    assert api.declare(or_nothing, "fd_open")(-3) is None
    collect()
    assert codes == [-1, -7]


def test_an_out_parameter(api: Any) -> None:
    api.close_by_fd_close()

    def fd_make(
        failure: Annotated[int, Returned(api.Fd | None, c_int, Owned), c_int], /
    ) -> Annotated[tuple[int, api.Fd | None], c_int]: ...

    make = api.declare(fd_make)
    code, fd = make(0)
    assert (code, fd.value) == (0, 0)
    assert make(-9) == (0, None), "C stored none"


def test_an_array_that_c_did_not_fill_in_has_no_handle_0(api: Any) -> None:
    api.close_by_fd_close()

    def fd_pair(
        failure: Annotated[int, Filled(list[api.Fd], c_int, 2, Owned), c_int], /
    ) -> Annotated[list[api.Fd], c_int, Raises(OSError, when="negative")]: ...

    pair = api.declare(fd_pair)
    fds = pair(0)
    assert [each.value for each in fds] == [0, 1]
    with pytest.raises(OSError, match=r"fd_pair\(\)|WinError"):
        pair(-1)
    del fds
    zero = api.fd_open(0)
    with pytest.raises(OSError, match=r"fd_pair\(\)|WinError"):
        pair(-1)
    with pytest.raises(ValueError, match=r"item of Filled\(.*\) is -1, which is no Fd"):
        pair(1)
    collect()
    assert api.opened() == 1
    zero.close()


def test_closed_by_a_pointer_or_with_a_count(api: Any) -> None:
    class Name(Handle, invalid=0):
        pass

    def fd_close_slot(fd: Annotated[api.Fd, POINTER(c_int), Closes], /) -> None: ...
    def fd_close_with(
        fd: Annotated[Name, Constant(c_int, 1), POINTER(c_int), Closes(how=4)], how: Int, /
    ) -> None: ...
    def fd_dup(fd: api.AnFd, /) -> Annotated[Name, c_int, Owned(independent=True)]: ...

    close = api.declare(fd_close_slot)
    api.declare(fd_close_with)
    fd = api.fd_open(0)
    name = api.declare(fd_dup)(fd)
    close(fd)
    assert fd.closed
    name.close()
    assert api.last_flags() == 4


def test_owned_and_closed_by_another_function(api: Any) -> None:
    def fd_close(fd: Annotated[api.Fd, c_int, Closes(implicit=False)], /) -> None: ...

    close = api.declare(fd_close)

    def fd_open(failure: Int, /) -> Annotated[api.Fd, c_int, Owned(close)]: ...

    api.declare(fd_open)(0).close()
    api.declare(fd_open)(0)


def test_borrowed_and_in_callbacks(api: Any) -> None:
    api.close_by_fd_close()

    @Callback
    def on_fd(fd: api.AnFd, /) -> Int: ...
    @Callback
    def which_fd() -> Annotated[api.Fd | None, c_int]: ...
    def fd_same(fd: api.AnFd, /) -> Annotated[api.Fd, c_int, Borrowed("fd")]: ...
    def fd_call(fd: api.AnFd, call: Annotated[Any, on_fd], /) -> Int: ...
    def fd_ask(call: Annotated[Any, which_fd], /) -> Int: ...

    zero = api.fd_open(0)
    assert api.declare(fd_same)(zero) is zero
    assert api.declare(fd_call)(zero, lambda fd: 7 if fd is zero else 8) == 7
    ask = api.declare(fd_ask)
    one = api.fd_dup(zero)
    assert [ask(lambda: one), ask(lambda: zero), ask(lambda: None)] == [1, 0, -1]
    with pytest.raises(TypeError, match="must be a Fd, not int"):
        ask(lambda: 1)
    assert which_fd.failed == -1


def test_in_a_sequence(api: Any) -> None:
    api.close_by_fd_close()

    def fd_sum(
        fds: Annotated[Sequence[api.Fd], ArrayOf(c_int), Count(c_int, "fds")], /
    ) -> Int: ...

    total, fds = api.declare(fd_sum), [api.fd_open(0) for _ in range(4)]
    assert total(fds) == 6
    fds[0].close()
    with pytest.raises(ValueError, match=r"item .* is closed"):
        total(fds)


def test_given_away_and_kept(api: Any) -> None:
    api.close_by_fd_close()

    def fd_give(owner: api.AnFd, fd: Annotated[api.Fd, c_int, GivenTo("owner")], /) -> Int: ...
    def fd_keep(owner: api.AnFd, fd: Annotated[api.Fd, c_int, Keep("owner")], /) -> Int: ...

    give, keep = api.declare(fd_give), api.declare(fd_keep, "fd_give")
    zero, one = api.fd_open(0), api.fd_open(0)
    keep(one, zero)
    zero.close()
    assert one.closed, "closed before what it needs"
    zero, one = api.fd_open(0), api.fd_open(0)
    give(zero, one)
    with pytest.raises(ValueError, match="this Fd is C's to close"):
        one.close()
    number = one.value
    zero.close()
    assert one.closed
    api.Fd.adopt(number).close()  # which C did not, being a test's


def test_a_timer(api: Any) -> None:
    """SDL_AddTimer: the callback lives until SDL_RemoveTimer."""

    class Timer(Handle, invalid=0):
        pass

    def timer_add(
        call: Annotated[OnInt, on_int, Keep("return")], fail: Int, /
    ) -> Annotated[Timer | None, c_uint, Owned]: ...
    def timer_remove(timer: Annotated[Timer, c_uint, Closes], /) -> Annotated[bool, c_int]: ...
    def timer_fire(timer: Annotated[Timer, c_uint], n: Int, /) -> Int: ...

    add, remove = api.declare(timer_add), api.declare(timer_remove)
    fire = api.declare(timer_fire)
    timers = [add(lambda given, number=number: given * number, 0) for number in range(4)]
    collect()
    assert [fire(timer, 5) for timer in timers] == [0, 5, 10, 15]
    assert remove(timers[1]) is True
    timers[0].close()
    assert add(lambda given: given, 1) is None


def test_any_width(api: Any) -> None:
    class Big(Handle, invalid=()):
        pass

    def big() -> Annotated[Big, c_uint64, Borrowed]: ...
    def big_same(it: Annotated[Big, c_uint64], /) -> Annotated[Big, c_uint64, Borrowed]: ...
    def small_same(it: Annotated[Big, c_int8], /) -> Annotated[Big, c_int8, Borrowed]: ...

    one = api.declare(big)()
    assert one.value == 2**64 - 2
    same = api.declare(big_same)
    assert same(one) is one
    assert same(zero := Big.adopt(0, owned=False)) is zero
    with pytest.raises(
        OverflowError, match=r"small_same\(\) parameter 'it' \(int8_t\) must be"
    ):
        api.declare(small_same)(one)


def test_a_raw_function_takes_it(api: Any) -> None:
    api.close_by_fd_close()
    zero, one = api.fd_open(0), api.fd_open(0)
    assert [api.library.cdll.fd_same(each) for each in (zero, one)] == [0, 1]
    zero.close()
    with pytest.raises(Exception, match="the Fd is closed"):
        api.library.cdll.fd_same(zero)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_of_a_fork_closes_none(api: Any) -> None:
    api.close_by_fd_close()
    fds = [api.fd_open(0)]
    process = os.fork()
    if process == 0:
        fds.clear()
        collect()
        os._exit(api.opened())
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 1


class Fd(Handle, invalid=-1):
    pass


class Pointer(Handle):
    pass


class Any_(Handle, invalid=()):  # noqa: N801
    pass


def failure(code: int, function: str, values: Any) -> Exception:
    return RuntimeError(code)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Annotated[Fd, c_int], "who closes the Fd?"),
        (Annotated[Fd, c_char_p, Owned], "bytes or str stands for char *"),
        (Annotated[Fd, c_double, Owned], "float stands for double"),
        (
            Annotated[Pointer, c_int, Owned],
            "c_void_p stands for a Pointer, not int32_t. If it is an integer, its class says"
            " which ones are none: class Pointer(Handle, invalid=-1)",
        ),
        (Annotated[Any_ | None, c_int, Owned], "which integer is no Any_?"),
        (Annotated[Any_, c_int, Owned, Raises(failure)], "Raises needs when="),
        (Annotated[Any_, None, Returned(Any_, c_int, Owned)], "which integer is no Any_?"),
        (Annotated[Fd, c_uint, Owned, Raises(failure, when="negative")], "is never negative"),
    ],
)
def test_what_is_refused(result: Any, said: str) -> None:
    def function():  # type: ignore[no-untyped-def]
        ...

    function.__annotations__ = {"return": result}
    with pytest.raises(DeclarationError) as caught:
        Declaration(function)
    assert said in str(caught.value)


def test_a_class_for_no_integers() -> None:
    with pytest.raises(DeclarationError, match="Bad: invalid is integers, not 'none'"):

        class Bad(Handle, invalid="none"):  # type: ignore[arg-type]
            pass


HEADER = """
typedef unsigned int timer;
int fd_open(const char *path);
int fd_close(int fd);
timer timer_add(int ms);
int timer_remove(timer it);
"""

MODULE = """
import sys
from ctypes import c_char_p, c_int, c_int64, c_uint
from typing import Annotated
from pyexample.ffi import Closes, Handle, Library, Owned, Raises

lib = Library("table", __name__, system={{sys.platform: "table"}})

class Fd(Handle, invalid=-1): pass
class Timer(Handle, invalid=0): pass

@lib.function
def fd_open(path: Annotated[str, c_char_p], /) -> Annotated[
    Fd, {fd}, Owned, Raises(OSError, when="negative")
]: ...
@lib.function
def fd_close(fd: Annotated[Fd, c_int, Closes], /) -> Annotated[
    None, c_int, Raises(OSError, when="negative")
]: ...
@lib.function
def timer_add(ms: Annotated[int, c_int], /) -> Annotated[Timer | None, c_uint, Owned]: ...
@lib.function
def timer_remove(timer: Annotated[Timer, {timer}, Closes], /) -> Annotated[bool, c_int]: ...
"""


def test_the_checker(binding: Bind) -> None:
    right = binding(HEADER, MODULE.format(fd="c_int", timer="c_uint"))
    assert right.verdicts("--strict") == {}
    wrong = binding(HEADER, MODULE.format(fd="c_int64", timer="c_int64"))
    assert {*wrong.verdicts()} == {"fd_open", "timer_remove"}
