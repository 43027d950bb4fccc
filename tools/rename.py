"""Make this project yours: give its library and its package names of your own.

    python tools/rename.py NAME

makes it libNAME, with the header NAME.h and the prefixes NAME_ of its C functions and macros,
and the Python package pyNAME. It changes what git tracks, and needs nothing but Python.

What is a name is decided by where it stands. The package's name is one wherever it is a
whole word. The library's is one in a prefix (NAME_), behind "lib", before .h or .c, as a
target or package of CMake, and in quotes; anywhere else it is taken for an English word and
left alone. A new name that the code has in such a place already is refused, so that what was
renamed can be renamed again.
"""

import argparse
import keyword
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

LIBRARY = "example"
PACKAGE = "pyexample"

ROOT = Path(__file__).resolve().parent.parent

# C11 6.4.1, C++20 [lex.key]: the header serves both.
KEYWORDS = """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t
    char16_t char32_t class co_await co_return co_yield compl concept const const_cast
    consteval constexpr constinit continue decltype default delete do double dynamic_cast
    else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new noexcept not not_eq nullptr operator or or_eq private protected public
    register reinterpret_cast requires restrict return short signed sizeof static
    static_assert static_cast struct switch template this thread_local throw true try typedef
    typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq
""".split()  # noqa: SIM905
# C11 7.1.2: a header of ours would be taken for one of these, or the other way round.
HEADERS = """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal
    stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath
    threads time uchar wchar wctype
""".split()  # noqa: SIM905
# What the linker means by -lc, -lm and so on.
SYSTEM_LIBRARIES = ["c", "dl", "gcc", "m", "pthread", "rt", "util"]
# CMake's policy CMP0037, and what generators and CTest add.
CMAKE_TARGETS = """
    all clean continuous depend edit_cache experimental help install list_install_components
    nightly package package_source preinstall rebuild_cache test
""".split()  # noqa: SIM905
# No file on Windows can have these names, whatever its suffix is.
WINDOWS_DEVICES = [
    *("aux", "con", "nul", "prn"),
    *(f"{device}{number}" for device in ("com", "lpt") for number in range(10)),
]

CMAKE_FILES = ("CMakeLists.txt", ".cmake", ".cmake.in")


class Names:
    """The names of a library and of its package, wherever they stand in a text."""

    def __init__(self, library: str, package: str) -> None:
        self.forms = {
            "package": package,
            "PACKAGE": package.upper(),
            "library": library,
            "LIBRARY": library.upper(),
        }
        start = r"(?:(?<![A-Za-z0-9])|(?<=-D))"  # -DEXAMPLE_... is one of a compiler's options
        end = r"(?![A-Za-z0-9])"
        lower = [
            rf"(?<=(?<![A-Za-z0-9])lib){library}{end}",
            rf"{start}{library}(?=_[A-Za-z0-9$*{{<]|::|Config|Targets)",
            rf"{start}{library}(?=\.(?:h|c|pc|dll){end})",
            rf"(?<=::|-l){library}{end}",
            rf"(?<=--libs\s){library}{end}",
            rf"(?<=[\"'`]){library}(?=[\"'`])",
            rf"(?<=\w\(){library}(?=[\s)])",  # find_package(NAME 1.0)
            rf"(?<=\w/){library}(?=[/\"')])",
        ]
        capitals = library.upper()
        upper = rf"{start}{capitals}(?=_)|(?<=_){capitals}{end}"
        self.anywhere = re.compile(
            rf"{start}(?:(?P<package>{package})|(?P<PACKAGE>{package.upper()})){end}"
            rf"|(?P<LIBRARY>{upper})|(?P<library>{'|'.join(lower)})"
        )
        self.cmake = re.compile(rf"{self.anywhere.pattern}|{start}(?P<target>{library}){end}")

    def matches(self, path: str, text: str) -> Iterator[re.Match[str]]:
        """Where the names stand in the text of a file, from the first on."""
        if not path.endswith(CMAKE_FILES):
            yield from self.anywhere.finditer(text)
            return
        # The code of a CMake file has no English words; its comments have.
        for line in re.finditer(r"([^#\n]*)(.*\n?)", text):
            yield from self.cmake.finditer(text, *line.span(1))
            yield from self.anywhere.finditer(text, *line.span(2))

    def replaced(self, path: str, text: str, new: "Names") -> tuple[str, int]:
        """The text with other names in it, and how often they stand there."""
        parts: list[str] = []
        end = 0
        matches = list(self.matches(path, text))
        for match in matches:
            form = "library" if match.lastgroup == "target" else str(match.lastgroup)
            parts += [text[end : match.start()], new.forms[form]]
            end = match.end()
        return "".join([*parts, text[end:]]), len(matches)


class Change:
    """A tracked file whose name or content changes."""

    def __init__(self, path: str, new_path: str, content: str, count: int) -> None:
        self.path = path
        self.new_path = new_path
        self.content = content
        self.count = count

    def __str__(self) -> str:
        moved = "" if self.path == self.new_path else f" -> {self.new_path}"
        return f"{self.count:5}  {self.path}{moved}"


def main() -> None:
    """Rename the project."""
    arguments = _parser().parse_args()
    one_name = LIBRARY == PACKAGE
    new_package = arguments.package or (arguments.name if one_name else f"py{arguments.name}")
    if one_name and new_package != arguments.name:
        _fail(f"the library and the package are both called {LIBRARY}: they keep one name")
    _refuse_bad_name("library", arguments.name)
    _refuse_bad_name("package", new_package)
    texts = dict(_tracked_texts())
    old, new = Names(LIBRARY, PACKAGE), Names(arguments.name, new_package)
    _refuse_used_names(texts, new)
    changes = _changes(texts, old, new)
    _refuse_to_overwrite(changes)
    for change in changes:
        print(change)
    if arguments.dry_run:
        print(f"\n{len(changes)} files would change; none has been. The numbers are of names.")
        return
    _apply(changes)
    print(
        f"\nThis is lib{arguments.name} and {new_package} now, in {len(changes)} files. Next:\n"
        "  1. Look at it, and keep it:   git diff; git add --all && git commit\n"
        "  2. Build it, and test it:     python3 -m venv .venv &&"
        " .venv/bin/pip install '.[test]' && .venv/bin/pytest\n"
        "  3. Put your own C in it:      docs/bring-your-own-c.md"
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _fail(f"{message} (see {self.prog} --help)")


def _fail(message: str) -> NoReturn:
    print(f"rename.py: error: {message}", file=sys.stderr)
    sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="rename.py", description=f"Rename lib{LIBRARY} and {PACKAGE}.")
    parser.add_argument("name", help="the C library's name, without lib")
    parser.add_argument("--package", help="the Python package's name (default: pyNAME)")
    parser.add_argument("--dry-run", action="store_true", help="say what would change")
    return parser


def _refuse_bad_name(kind: str, name: str) -> None:
    """End with an error where something could not be called so."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        _fail(
            f"{name!r} cannot be the {kind}'s name: write small letters a-z and digits,"
            " a letter first, with single underscores between them"
        )
    reserved = {
        "a keyword of Python": [*keyword.kwlist, *keyword.softkwlist],
        "a file name that Windows reserves": WINDOWS_DEVICES,
    }
    if kind == "package":
        reserved["a module of Python's standard library"] = list(sys.stdlib_module_names)
    else:
        reserved["a keyword of C or C++"] = KEYWORDS
        reserved["a header of the C standard library"] = HEADERS
        reserved["a library of the system"] = SYSTEM_LIBRARIES
        reserved["a target of CMake's own"] = CMAKE_TARGETS
    for what, names in reserved.items():
        if name in names:
            _fail(f"{name!r} cannot be the {kind}'s name: it is {what}")


def _refuse_used_names(texts: dict[str, str], new: Names) -> None:
    code = {path: text for path, text in texts.items() if not path.endswith(".md")}
    for path, text in code.items():
        if match := new.anywhere.search(path):
            _fail(f"{match[0]!r} is a name in this project already: {path}")
        for match in new.matches(path, text):
            line = text.count("\n", 0, match.start()) + 1
            _fail(f"{match[0]!r} is a name in this project already: {path}, line {line}")


def _tracked_texts() -> Iterator[tuple[str, str]]:
    """The path and the text of each file that git tracks; none may have been changed."""
    if _git("rev-parse", "--show-prefix").strip():
        _fail(f"{ROOT} is a folder of another repository: it needs one of its own")
    if changed := _git("status", "--porcelain", "--untracked-files=normal"):
        _fail(f"commit or stash these changes first, so that you can go back:\n{changed}")
    for path in _git("ls-files", "-z").rstrip("\0").split("\0"):
        file = ROOT / path
        if file.is_file() and not file.is_symlink():
            try:
                content = file.read_bytes()
                if b"\0" not in content:  # no text
                    yield path, content.decode()
            except OSError as error:
                _fail(f"{path} cannot be read: {error.strerror}")
            except UnicodeDecodeError:
                _fail(f"{path} is no UTF-8: convert it, or tell git not to track it")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, check=False, encoding="utf-8"
        )
    except FileNotFoundError:
        _fail("git is not installed: without it there would be no way back")
    if done.returncode:
        _fail(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def _changes(texts: dict[str, str], old: Names, new: Names) -> list[Change]:
    changes: list[Change] = []
    for path, text in texts.items():
        new_path, _ = old.replaced("", path, new)
        content, count = old.replaced(path, text, new)
        if count or new_path != path:
            changes.append(Change(path, new_path, content, count))
    return changes


def _refuse_to_overwrite(changes: list[Change]) -> None:
    for change in changes:
        old, new = Path(change.path), Path(change.new_path)
        for path in {new, *new.parents} - {old, *old.parents}:
            if (ROOT / path).exists():
                _fail(f"{path} is in the way: move or delete it")


def _apply(changes: list[Change]) -> None:
    try:
        for change in changes:
            (ROOT / change.path).write_bytes(change.content.encode())
        for change in changes:
            _move(change.path, change.new_path)
    except OSError as error:
        _fail(f"{error}; 'git stash --all' brings back what was there")


def _move(path: str, new_path: str) -> None:
    """Rename folders as a whole, so that what git ignores moves along."""
    folder = ROOT
    for old, new in zip(path.split("/"), new_path.split("/"), strict=True):
        if not (folder / new).exists():
            (folder / old).rename(folder / new)
        folder /= new


if __name__ == "__main__":
    main()
