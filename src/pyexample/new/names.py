"""Check the names of a library and its Python package, and say why one is refused."""

import keyword
import os
import re
import sys

from . import CannotWriteError

# C11 6.4.1.
_C_KEYWORDS = """
    auto break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch typedef
    union unsigned void volatile while
""".split()  # noqa: SIM905
# C11 7.1.2: NAME.h would be confused with one of these.
C_HEADERS = """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal
    stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath
    threads time uchar wchar wctype
""".split()  # noqa: SIM905
# The libraries that -lc, -lm and so on link.
_LIBRARIES = ["c", "dl", "gcc", "m", "pthread", "rt", "util"]
# The targets of CMake's policy CMP0037, and those of generators and CTest.
_CMAKE_TARGETS = """
    all clean continuous depend edit_cache experimental help install list_install_components
    nightly package package_source preinstall rebuild_cache test
""".split()  # noqa: SIM905
# Windows reserves these file names, whatever the suffix.
_WINDOWS_DEVICES = [
    *("aux", "con", "nul", "prn"),
    *(f"{device}{number}" for device in ("com", "lpt") for number in range(10)),
]


def check(name: str, package: str, folder: str) -> None:
    """Raise CannotWriteError if a library or a package cannot have its name.

    Args:
        name: the library's name, which is also in its header, CMake targets and macros.
        package: the Python package's name.
        folder: the folder in which the project's folder will be created.
    """
    _check_form("library", name)
    _check_form("package", package)
    lower = name.lower()
    _refuse("library", name, lower, _C_KEYWORDS, "a keyword of C")
    _refuse("library", name, lower, C_HEADERS, "a header of C's standard library")
    _refuse("library", name, lower, _LIBRARIES, "a library of every system")
    _refuse("library", name, lower, ["fastcall"], "the runtime's library, in the same package")
    _refuse("library", name, lower, _CMAKE_TARGETS, "a target of CMake itself")
    _refuse("library", name, lower, _WINDOWS_DEVICES, "a file name that Windows reserves")
    other = "--package names another one"
    modules = sys.stdlib_module_names
    _refuse("package", package, package, keyword.kwlist, "a keyword of Python", other)
    _refuse("package", package, package, modules, "a module of Python itself", other)
    _refuse("package", package, package, ["pyexample"], "the package of this command", other)
    _refuse("package", package, package.lower(), _WINDOWS_DEVICES, "reserved by Windows", other)
    _refuse_existing(name, folder)


def _check_form(kind: str, name: str) -> None:
    if name.startswith("_"):
        raise CannotWriteError(
            f"{name!r} cannot be the {kind}'s name: C reserves names that begin with an"
            " underscore (C11 7.1.3)"
        )
    if re.fullmatch(r"[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?", name):
        return
    suggestion = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_0123456789")
    advice = f": for example {suggestion}" if suggestion else ""
    raise CannotWriteError(
        f"{name!r} cannot be the {kind}'s name: use letters a-z, digits and underscores, begin"
        f" with a letter, and do not end with an underscore{advice}"
    )


def _refuse(
    kind: str, name: str, compared: str, taken: object, what: str, advice: str = ""
) -> None:
    if compared in taken:  # type: ignore[operator]
        advice = advice and f" ({advice})"
        raise CannotWriteError(f"{name!r} cannot be the {kind}'s name: it is {what}{advice}")


def _refuse_existing(name: str, folder: str) -> None:
    for entry in os.listdir(folder):
        if entry == name:
            raise CannotWriteError(f"{entry} exists here already: move it, or go elsewhere")
        if entry.lower() == name.lower():
            raise CannotWriteError(
                f"{entry} exists here already, and is the same as {name} on Windows and"
                " macOS: choose another name, or go elsewhere"
            )
