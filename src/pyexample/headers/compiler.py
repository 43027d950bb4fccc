"""Run a C++ compiler, and sort its messages by line.

g++, clang++, zig c++, MinGW's g++ and Microsoft's cl. None of them links or runs anything.
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from subprocess import CompletedProcess

from .processes import CannotJudgeError, run


@dataclass
class Diagnostics:
    """The errors that a compiler reported.

    Attributes:
        by_line: its messages, by the line of the source.
        elsewhere: messages about anything else: headers, the command line.
    """

    by_line: dict[int, list[str]]
    elsewhere: list[str]


# "claims.cpp:7:5: error: ..." and "claims.cpp(7): error C2338: ...", column optional. The
# second in any language ("Fehler C2338", "erreur irrécupérable C1083 :"), by its number.
_GNU = re.compile(
    r"(?P<file>.+?):(?P<line>\d+):(?:\d+:)? "
    r"(?:fatal )?error: (?P<text>.*)"
)
_MICROSOFT = re.compile(
    r"(?P<file>.+?)\((?P<line>\d+)(?:,\d+)?\) ?: (?!\w*warning)[^:]*?\b(?P<text>C\d+ ?: .*)"
)
# The line that instantiates a failing template: g++ names it before, the others after.
_GNU_ORIGIN = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?:\d+:)? +required from here")
_LATER_ORIGIN = re.compile(
    r"(?P<file>.+?):(?P<line>\d+):(?:\d+:)? note:"
    r" (?:.*(?:requested|required) here|in expansion of macro)"
    r"|(?P<file2>.+?)\((?P<line2>\d+)(?:,\d+)?\) ?: (?![^:]*\bC\d+)"
)
# Options for the number and format of messages. Messages are read by line, and later options
# do not undo all of these (-fdiagnostics-format=json in GCC 12).
_OF_MESSAGES = re.compile(
    r"-f(no-)?(diagnostics|color-diagnostics|message-length|max-errors|error-limit|ansi-escape"
    r"|caret-diagnostics|show-column|show-source-location)|-W(fatal-errors|error)\b"
)
_OURS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "include")
"""The headers that C++17 lacks."""
_DRIVER = re.compile(r"(\S+: )?(fatal )?error\b|\S+ : .*\bD8\d{3} ?: ")
# Colours, and links to documentation (ECMA-48; OSC 8, which ends with BEL or ST).
_DECORATION = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)")


def parse(output: str, source: str, first_line: int) -> Diagnostics:
    """Sort a compiler's output by the lines of ``source``, from ``first_line`` on."""
    found = Diagnostics({}, [])
    name = os.path.basename(source)
    origin = 0
    homeless: str | None = None

    def add(file: str, line: int, text: str) -> bool:
        if re.split(r"[\\/]", file)[-1] != name or line < first_line:
            return False
        found.by_line.setdefault(line, []).append(text)
        return True

    for row in _DECORATION.sub("", output).splitlines():
        if match := _GNU.match(row) or _MICROSOFT.match(row):
            if homeless is not None:
                found.elsewhere.append(homeless)
                homeless = None
            if not add(match["file"], int(match["line"]), match["text"]) and not add(
                name, origin, match["text"]
            ):
                homeless = row
            origin = 0
        elif match := _GNU_ORIGIN.match(row):
            origin = int(match["line"])
        elif homeless is None and "decomposes into" in row and found.by_line:
            # g++ reports the number of members of a struct in a note.
            found.by_line[max(found.by_line)][-1] += f", {row.rpartition(': ')[2]}"
        elif homeless is not None and (match := _LATER_ORIGIN.match(row)):
            file, line = match["file"] or match["file2"], match["line"] or match["line2"]
            if add(file, int(line), homeless):
                homeless = None
        elif _DRIVER.match(row):
            found.elsewhere.append(row)  # of the driver: no file, no line
    if homeless is not None:
        found.elsewhere.append(homeless)
    return found


class BrokeDownError(CannotJudgeError):
    """The compiler itself failed: by a signal, or by an internal error."""


# Of g++ and clang++, of their drivers when the compiler proper was ended, and of cl.
_BREAKDOWN = re.compile(
    r"\b(?:internal compiler error|signal terminated program|unable to execute command"
    r"|please submit a (?:full )?bug report|C1001)\b",
    re.IGNORECASE,
)


class Compiler:
    """A C++17 compiler with the options that every run of it needs.

    Attributes:
        native: whether it compiles for the platform of this Python.
    """

    def __init__(
        self,
        command: str | None,
        target: str,
        include: list[str],
        define: list[str],
        options: list[str] | None = None,
        timeout: float = 600.0,
    ) -> None:
        """Find the compiler: the arguments are those of ``check``.

        Microsoft's compiler does not get the ``options``. Raises CannotJudgeError if there is
        no compiler.
        """
        self.native = target == "native"
        asked = shlex.split(command) if command else _find(target)
        self.command = [each for each in asked if not _OF_MESSAGES.match(each)]
        self._timeout = timeout
        program = shutil.which(self.command[0])
        if program is None:
            raise CannotJudgeError(f"there is no compiler {self.command[0]!r} on the PATH")
        self._microsoft = os.path.basename(program).lower() in ("cl", "cl.exe", "clang-cl.exe")
        flag = "/" if self._microsoft else "-"
        self._options = [f"{flag}I{folder}" for folder in include]
        self._options += [f"{flag}D{definition}" for definition in define]
        if self._microsoft:
            self._options += [f"/I{_OURS}", "/nologo", "/TP", "/std:c++17", "/permissive", "/w"]
            self._check, self._preprocess = ["/Zs"], ["/E", "/C"]
        else:
            self._options += [*(options or []), "-isystem", _OURS]
            self._options += ["-x", "c++", "-std=gnu++17", "-fno-operator-names", "-w"]
            # GCC_COLORS, CLICOLOR_FORCE and the compiler's configuration may say otherwise.
            self._options += ["-fdiagnostics-color=never", "-fmessage-length=0"]
            self._check, self._preprocess = ["-fsyntax-only"], ["-E", "-dD", "-C"]

    def name(self) -> str:
        """The first line of the compiler's --version."""
        if self._microsoft:
            return " ".join(self.command)
        text = self._run([*self.command, "--version"]).stdout
        return text.splitlines()[0] if text else " ".join(self.command)

    def preprocess(self, source: str) -> str:
        """The text of ``source`` with its headers and comments.

        Raises CannotJudgeError if it failed; here and below also BrokeDownError.
        """
        done = self._run([*self.command, *self._options, *self._preprocess, source])
        if done.returncode:
            told = _without_ours(done.stderr, source)
            raise CannotJudgeError(f"the header cannot be read:\n{_shorten(told)}")
        # g++ and zig write extended characters as universal character names (C11 6.4.3).
        return _UNIVERSAL.sub(_extended, done.stdout)

    def check(self, source: str, first_line: int) -> Diagnostics:
        """Compile ``source``, whose claims begin at ``first_line``, and return the errors."""
        options = [*self._options, *self._check, *self._all_errors()]
        done = self._run([*self.command, *options, source])
        found = parse(f"{done.stdout}\n{done.stderr}", source, first_line)
        if done.returncode and not found.by_line and not found.elsewhere:
            found.elsewhere.append(_shorten(done.stderr or done.stdout))
        told = _without_ours("\n".join(found.elsewhere), source)
        return Diagnostics(found.by_line, told.splitlines())

    def assemble(self, source: str, first_line: int) -> tuple[str, list[int]]:
        """Return the assembly text of a source; or "" and the numbers of its wrong lines."""
        if self._microsoft:
            return "", []
        output = f"{os.path.splitext(source)[0]}.s"
        # The lines may use macros. g++ reports an error in one where it is used, or where it is
        # defined, and with another option the other way round.
        every = self._all_errors()
        tracked = [each for each in every if "macro" not in each]
        for reported in (tracked, every):
            options = [*self._options, *reported, "-S", "-O0", "-o", output]
            done = self._run([*self.command, *options, source])
            wrong = list(parse(done.stderr, source, first_line).by_line)
            if not done.returncode or wrong or tracked == every:
                break
        if done.returncode:
            return "", wrong
        with open(output, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
        os.remove(output)
        return text, []

    def _all_errors(self) -> list[str]:
        if self._microsoft:
            return []
        if not hasattr(self, "_is_clang"):
            self._is_clang = "clang" in self._run([*self.command, "--version"]).stdout.lower()
        if self._is_clang:
            return ["-ferror-limit=0", "-fno-caret-diagnostics"]
        return [
            "-fmax-errors=0",
            "-fpermissive",
            "-fno-diagnostics-show-caret",
            "-ftrack-macro-expansion=0",
        ]

    def _run(self, command: list[str]) -> "CompletedProcess[str]":
        # English messages (GCC and clang; Microsoft's), in the usual format.
        environment = {**os.environ, "LC_ALL": "C", "VSLANG": "1033"}
        environment.pop("GCC_EXTRA_DIAGNOSTIC_OUTPUT", None)
        name = f"the compiler {self.command[0]}"
        done = run(command, self._timeout, name, environment)
        said = f"{done.stderr}\n{done.stdout}".splitlines() if done.returncode else []
        breakdown = next(filter(_BREAKDOWN.search, said), None)
        if done.returncode < 0 or breakdown:
            how = breakdown.strip() if breakdown else f"signal {-done.returncode}"
            raise BrokeDownError(
                f"{name} broke down ({how}): this is no error of the header or the"
                " binding; name another compiler in the variable CXX",
                " or with --compiler",
            )
        return done


def _find(target: str) -> list[str]:
    if target == "native":
        names = (
            ["cl", "clang++", "g++"] if sys.platform == "win32" else ["g++", "clang++", "c++"]
        )
        if os.environ.get("CXX"):
            return shlex.split(os.environ["CXX"])
        for name in names:
            if shutil.which(name):
                return [name]
        raise CannotJudgeError(
            f"there is no C++ compiler ({', '.join(names)}) on the PATH: install one,"
            " or name one in the variable CXX",
            " or with --compiler",
        )
    if shutil.which(f"{target}-g++"):
        return [f"{target}-g++"]
    if shutil.which("zig"):
        return ["zig", "c++", "-target", target]
    if find_spec("ziglang"):  # zig as a Python package
        return [sys.executable, "-m", "ziglang", "c++", "-target", target]
    raise CannotJudgeError(
        f"there is no {target}-g++ and no zig on the PATH: install one",
        ", or name a compiler for that target with --compiler",
    )


_UNIVERSAL = re.compile(r"\\(?:U([0-9A-Fa-f]{8})|u([0-9A-Fa-f]{4}))")


def _extended(match: re.Match[str]) -> str:
    """The character of a universal character name, if it can be part of an identifier."""
    code = int(match[1] or match[2], 16)
    return chr(code) if 0xA0 <= code < 0xD800 or 0xDFFF < code < 0x110000 else match[0]


def _without_ours(output: str, source: str) -> str:
    """A compiler's output without the name and lines of ``source``, which the user never saw.

    What is wrong there is a header that cannot be found, or one that ends too early.
    """
    ours = rf"{re.escape(source)}[:(]\d+(?:[:,]\d+)?\)?"
    kept: list[str] = []
    is_excerpt = False
    for row in output.splitlines():
        if re.match(rf"(In file included)? +from {ours}[:,]$", row):
            continue
        told = re.sub(rf"{ours} ?: ", "", row)
        is_excerpt = told != row or (is_excerpt and re.match(r" *\d* \|", row) is not None)
        if told != row or not is_excerpt:
            kept.append(told)
    return "\n".join(kept)


def _shorten(text: str) -> str:
    lines = text.strip().splitlines()
    return "\n".join(f"  {line}" for line in lines[:12])


def write_lines(source: str, lines: Iterable[str]) -> None:
    """Write a file to compile."""
    with open(source, "w", encoding="utf-8") as stream:
        stream.write("\n".join([*lines, ""]))
