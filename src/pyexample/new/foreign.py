"""C that somebody else wrote: find its files, and decide where they go.

The files are copied unchanged, with their relative paths: their common folder becomes
``src/c``.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import CannotWriteError
from .names import C_HEADERS


@dataclass(frozen=True)
class Header:
    """A header that is installed for C users.

    Attributes:
        file: its path.
        folder: the folder that the compiler searches.
        name: the path within that folder, as it is included.
    """

    file: Path
    folder: Path

    @property
    def name(self) -> str:
        """The path by which it is included."""
        return self.file.relative_to(self.folder).as_posix()


@dataclass
class Foreign:
    """The files of somebody else's C.

    Attributes:
        root: the common folder of all files.
        named: the headers that the user named.
        public: the named headers and those that they include.
        sources: the files to compile.
        files: all files to copy.
        folders: the folders that the compiler searches for headers.
        define: macros that change the headers, "X" or "X=Y".
        exporting: macros to define while the library is built, so that it exports.
        licenses: the licence files.
    """

    named: list[Header]
    public: list[Header]
    sources: list[Path]
    folders: list[Path]
    define: list[str]
    files: set[Path] = field(default_factory=set[Path])
    exporting: list[str] = field(default_factory=list[str])
    licenses: list[Path] = field(default_factory=list[Path])
    root: Path = Path()

    def below(self, path: Path) -> str:
        """The path of a file or folder in the project; of a licence above the root, too."""
        below = path.relative_to(self.root) if path.is_relative_to(self.root) else path.name
        return f"src/c/{Path(below).as_posix()}".removesuffix("/.")

    def copies(self) -> dict[str, Path]:
        """Every file, by its path in the project."""
        return {self.below(each): each for each in sorted(self.files)}


def find(
    headers: Sequence[str],
    sources: Sequence[str],
    include: Sequence[str],
    define: Sequence[str],
) -> Foreign:
    """Find the C that the arguments of ``pyexample new`` name.

    Raises CannotWriteError if a file is missing, or if two files exclude each other.
    """
    folders = [_existing(each, "--include", Path.is_dir) for each in include]
    named = list(dict.fromkeys(_header(each, folders) for each in headers))
    for each in named:
        if each.folder not in folders:
            folders.append(each.folder)
    compiled = [_source(each) for each in sources]
    named_files = [each.file for each in named]
    public = [_within(file, folders) for file in _closure(named_files, folders)]
    found = Foreign(named, public, compiled, folders, list(define))
    found.files = {*(each.file for each in public), *_closure(compiled, folders)}
    found.root = Path(os.path.commonpath([*folders, *(each.parent for each in found.files)]))
    found.exporting = sorted(
        {macro for each in public for macro in _exporting(_text(each.file))}
    )
    around = {found.root, *folders, *(each.parent for each in [*named_files, *compiled])}
    found.licenses = sorted({file for folder in around for file in _licenses(folder)})
    found.files.update(found.licenses)
    _refuse_collisions(found)
    _refuse_hidden(found)
    return found


def _existing(path: str, option: str, is_right: object) -> Path:
    found = Path(path).absolute()
    if not is_right(found):  # type: ignore[operator]
        raise CannotWriteError(f"{option} {path}: there is no such {_KINDS[option]}")
    return Path(os.path.normpath(found))


def _source(path: str) -> Path:
    found = _existing(path, "--source", Path.is_file)
    if found.suffix != ".c":  # by which CMake tells C from C++, headers and objects
        raise CannotWriteError(f"--source {path}: expected a file of C, whose name ends in .c")
    return found


_KINDS = {"--include": "folder", "--source": "file"}


def _header(path: str, folders: list[Path]) -> Header:
    """Find a header that was named by its path, or as it is included."""
    for file in (Path(path).absolute(), *(folder / path for folder in folders)):
        if file.is_file():
            file = Path(os.path.normpath(file))
            above = [each for each in folders if file.is_relative_to(each)]
            return Header(file, max(above, key=lambda it: len(it.parts), default=file.parent))
    places = ", ".join(["here", *map(str, folders)])
    raise CannotWriteError(f"--header {path}: there is no such file ({places})")


def _within(file: Path, folders: list[Path]) -> Header:
    """Find the folder from which C users include a header that another one includes."""
    above = [each for each in folders if file.is_relative_to(each)]
    if not above:
        raise CannotWriteError(
            f"{file} is included by a header, but is in none of the folders"
            f" {', '.join(map(str, folders))}: name the folder that has them all with --include"
        )
    return Header(file, max(above, key=lambda it: len(it.parts)))


_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.MULTILINE)


def _closure(files: Iterable[Path], folders: Sequence[Path]) -> list[Path]:
    """The files and all that they include under any condition, except the system's."""
    found: list[Path] = []
    waiting = list(files)
    while waiting:
        file = waiting.pop(0)
        if file not in found:
            found.append(file)
            waiting += _included(file, folders)
    return found


def _included(file: Path, folders: Sequence[Path]) -> Iterator[Path]:
    for quoted, angled in _INCLUDE.findall(_text(file)):
        places = [file.parent, *folders] if quoted else folders
        for place in places:
            path = place / (quoted or angled)
            if path.is_file():
                yield Path(os.path.normpath(path))
                break


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError as error:
        raise CannotWriteError(f"{file} cannot be read: {error.strerror}") from None


# --- Licences ---------------------------------------------------------------------------

_LICENSE = re.compile(
    r"(?i)(.*[-_. ])?(un)?licen[cs]es?(?![a-z]).*|(copying|copyright|notice)(?![a-z]).*"
)
_CODE = (".c", ".cc", ".cpp", ".h", ".hpp", ".in", ".js", ".py", ".sh")
_REPOSITORIES = (".git", ".hg", ".svn", ".jj", ".fslckout")


def _licenses(folder: Path) -> list[Path]:
    """The licence files in a folder; if there are none, in the nearest one above that has some.

    The search ends at the root of a repository. Outside of one, it ends at the current folder,
    or one above ``folder`` if that is elsewhere.
    """
    for each in _upwards(folder):
        found = [
            file
            for file in _files_in(each)
            if _LICENSE.fullmatch(file.name) and file.suffix.lower() not in _CODE
        ]
        # LICENSES: a folder of REUSE (reuse.software), whose files are named as in SPDX.
        if found := [*found, *_files_in(each / "LICENSES")]:
            return found
    return []


def _files_in(folder: Path) -> list[Path]:
    try:
        return [each for each in folder.iterdir() if each.is_file()]
    except OSError:  # there is none, or nobody may read it
        return []


def _upwards(folder: Path) -> list[Path]:
    """The folders from this one up to the last that may belong to the same library."""
    above = [folder, *folder.parents]
    for number, each in enumerate(above, 1):
        if any(os.path.exists(each / name) for name in _REPOSITORIES):
            return above[:number]
    here = Path.cwd()
    return above[: above.index(here) + 1] if here in above else above[:2]


# --- Export macros ----------------------------------------------------------------------

_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif|define)\b(.*)")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
# Macros of compilers and platforms, not of the build of a library.
_PREDEFINED = re.compile(
    r"_+\w+|WIN(32|64|DOWS)|CYGWIN\w*|MSVC|unix|linux|GNUC|BUILD_SHARED\w*|DOXYGEN\w*"
)


def _exporting(text: str) -> Iterator[str]:
    """The macros that make a header export its functions, rather than import them.

    They are in the innermost condition around a ``dllexport`` or a default visibility.
    """
    conditions: list[str] = []
    for line in _COMMENT.sub(" ", text.replace("\\\n", " ")).splitlines():
        match = _DIRECTIVE.match(line)
        if match is None:
            continue
        word, rest = match.groups()
        if word == "endif":
            conditions = conditions[:-1]
        elif word == "define":
            if re.search(r"\bdllexport\b|visibility\s*\(\s*\"default\"", rest) and conditions:
                yield from _wanted(conditions[-1])
        elif word in ("elif", "else"):
            conditions[-1:] = [rest if word == "elif" else ""]
        else:
            conditions.append(
                {"ifdef": f"defined({rest.strip()})", "ifndef": ""}.get(word, rest)
            )


def _wanted(condition: str) -> Iterator[str]:
    for negation, name in re.findall(r"(!\s*)?defined\s*\(?\s*(\w+)", condition):
        if not negation and not _PREDEFINED.fullmatch(name):
            yield name


# --- Names that exclude each other ------------------------------------------------------


def _refuse_collisions(found: Foreign) -> None:
    """Raise CannotWriteError if a name cannot be used, or Windows would confuse two files."""
    known: dict[str, str] = {}
    for path in found.copies():
        if not path.isprintable() or re.search(r'["$;<>|*?:\\\[\]]|[ .](/|$)', path):
            raise CannotWriteError(
                f"{path!r}: Windows, C or CMake cannot have a file of that name: rename it"
            )
        other = known.setdefault(path.lower(), path)
        if other != path:
            raise CannotWriteError(
                f"{other} and {path} are one file on Windows and macOS, which ignore case:"
                " rename one, and change the #include lines that name it"
            )
    for file in found.files:
        is_found = file.parent in found.folders and file.suffix.lower() == ".h"
        if is_found and file.stem.lower() in C_HEADERS:
            raise CannotWriteError(
                f"{file} would hide C's own <{file.stem.lower()}.h> on Windows and macOS, since"
                " the compiler searches its folder: name the parent folder with --include, so"
                f" that it is included as <{file.parent.name}/{file.name}>"
            )


def _refuse_hidden(found: Foreign) -> None:
    """Raise CannotWriteError if two headers that are installed are included by one name."""
    known: dict[str, Header] = {}
    for each in found.public:
        other = known.setdefault(each.name.lower(), each)
        if other != each:
            common = Path(os.path.commonpath([other.folder, each.folder]))
            first, second = (it.file.relative_to(common).as_posix() for it in (other, each))
            raise CannotWriteError(
                f"{other.file} and {each.file} would both be included as <{each.name}>: name"
                f" the folder above with --include {common}, and no other folder, so that they"
                f" are <{first}> and <{second}>"
            )
