"""Paths of files: str, bytes and os.PathLike, as C's text."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import gc
import os
from ctypes import Structure, c_char_p, c_int, c_wchar_p
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import pytest
from support import Package

from pyexample.ffi import Callback, DeclarationError, Keep, Library, Returned, struct
from pyexample.ffi.declaration import Declaration

SOURCE = r"""
#include <stdio.h>
#include <string.h>
#include <wchar.h>
int first_byte(const char *path)
{
    FILE *file = path ? fopen(path, "rb") : NULL;
    int byte = file ? getc(file) : -2;
    if (file) fclose(file);
    return byte;
}
int same(const char *path, const char *wanted) { return !strcmp(path, wanted); }
static const char *kept;
static const wchar_t *wide;
void keep(const char *path) { kept = path; }
int is_kept(const char *wanted) { return kept && !strcmp(kept, wanted); }
void keep_wide(const wchar_t *path) { wide = path; }
int is_wide(const wchar_t *wanted) { return wide && !wcscmp(wide, wanted); }
int length(const wchar_t *path) { return path ? (int)wcslen(path) : -1; }
"""

FilePath = Annotated[str | os.PathLike[str], c_char_p]
AnyPath = Annotated[str | bytes | os.PathLike[str] | os.PathLike[bytes], c_char_p]
Int = Annotated[int, c_int]


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE)
    return Library("c", f"{package.name}.module")


class Odd:
    """A path whose __fspath__ returns what it was given."""

    def __init__(self, path: Any) -> None:
        self.path = path

    def __fspath__(self) -> Any:
        if isinstance(self.path, Exception):
            raise self.path
        return self.path


def test_what_is_accepted(library: Library, tmp_path: Path) -> None:
    @library.function
    def first_byte(path: FilePath, /) -> Int: ...

    file = tmp_path / "the file"
    file.write_bytes(b"x")
    assert first_byte(file) == first_byte(str(file)) == first_byte(Odd(str(file))) == ord("x")
    with os.scandir(tmp_path) as entries:
        (entry,) = [each for each in entries if each.is_file()]
    assert first_byte(entry) == ord("x")
    assert first_byte(tmp_path / "another") == -2


def test_the_encoded_text_is_kept(library: Library) -> None:
    @library.function
    def keep(path: Annotated[str | os.PathLike[str] | None, c_char_p, Keep()], /) -> None: ...
    @library.function
    def is_kept(path: Annotated[str, c_char_p], /) -> Annotated[bool, c_int]: ...
    @library.function
    def keep_wide(path: Annotated[os.PathLike[str], c_wchar_p, Keep()], /) -> None: ...
    @library.function
    def is_wide(path: Annotated[str, c_wchar_p], /) -> Annotated[bool, c_int]: ...

    names = ["".join(["part", "/"] * 20) + str(number) for number in range(100)]
    for name in names:
        keep(PurePosixPath(name))
        keep_wide(PurePosixPath(name))
    gc.collect()
    others = [os.fsencode("x" * len(name)) for name in names]  # where it may have been
    assert is_kept(name)
    assert is_wide(name)
    assert len(others) == len(names)
    keep(None)
    assert not is_kept(name)


def test_what_is_refused(library: Library) -> None:
    @library.function
    def first_byte(path: FilePath, /) -> Int: ...

    where = r"^first_byte\(\) parameter 'path' \(char \*\) must "
    for wrong in (None, 7, ["x"], b"x", Odd(b"x"), Odd(None)):
        with pytest.raises(TypeError, match=rf"{where}be str or os.PathLike, not |__fspath__"):
            first_byte(wrong)  # type: ignore[arg-type]
    for nul in ("a\0b", PurePosixPath("a\0b")):
        with pytest.raises(ValueError, match=rf"{where}not contain NUL.* at byte 1$"):
            first_byte(nul)
    with pytest.raises(TypeError, match=r"^its own$"):
        first_byte(Odd(TypeError("its own")))


@pytest.mark.skipif(os.name == "nt", reason="Windows' names are text")
def test_names_that_are_no_text(library: Library) -> None:
    """As os.fsencode does: names that are not in the file system's encoding."""

    @library.function
    def same(
        path: AnyPath, wanted: Annotated[bytes, c_char_p], /
    ) -> Annotated[bool, c_int]: ...

    name = b"/tmp/\xff\xc3\xbc"
    for path in (name, os.fsdecode(name), Path(os.fsdecode(name)), Odd(name)):
        assert same(path, name)
    assert not same("x", name)
    with pytest.raises(TypeError, match=r"must be str or bytes or os.PathLike, not int"):
        same(7, name)  # type: ignore[arg-type]


def test_of_wchar_t(library: Library) -> None:
    @library.function
    def length(path: Annotated[str | os.PathLike[str] | None, c_wchar_p], /) -> Int: ...

    assert (length("ab\xfc"), length(Path("abcd")), length(None)) == (3, 4, -1)
    with pytest.raises(ValueError, match=r"must not contain NUL.* at character 1$"):
        length("a\0b")


def test_null_and_which_are_builtin(library: Library, path: str) -> None:
    @library.function
    def first_byte(
        path: Annotated[str | os.PathLike[str] | None, c_char_p], /
    ) -> Annotated[int, c_int]: ...
    @library.function
    def length(path: Annotated[os.PathLike[str], c_wchar_p], /) -> Annotated[int, c_int]: ...

    assert first_byte(None) == -2
    assert len(library.fallbacks) == (0 if path == "builtin" else 2)


@pytest.mark.parametrize(
    "python_type",
    [
        os.PathLike[str], Path, Path | str, os.PathLike,
        bytes | os.PathLike[bytes], str | os.PathLike[Any],
    ],
    ids=str,
)  # fmt: skip
def test_other_spellings(library: Library, python_type: Any) -> None:
    def first_byte(path, /):  # type: ignore[no-untyped-def]
        ...

    first_byte.__annotations__ = {"path": Annotated[python_type, c_char_p], "return": Int}
    function: Any = library.function(first_byte)
    path = b"/nothing" if bytes in getattr(python_type, "__args__", ()) else "/nothing"
    assert function(path) == function(Odd(path)) == -2


def test_only_as_a_parameter() -> None:
    said = r"a path is a parameter, str \| os.PathLike\[str\] or the same with bytes"
    with pytest.raises(DeclarationError, match=said):
        Returned(Path, c_char_p).for_function("f() result")
    with pytest.raises(DeclarationError, match=said):

        @struct
        class S(Structure):
            path: FilePath

    with pytest.raises(DeclarationError, match=said):

        @Callback
        def f(path: FilePath, /) -> None: ...

    for wrong in (str | int | Path, Path | list[str]):

        def g(path, /):  # type: ignore[no-untyped-def]
            ...

        g.__annotations__ = {"path": Annotated[wrong, c_char_p], "return": None}
        with pytest.raises(DeclarationError, match=said):
            Declaration(g)
