"""The command line: its arguments, its streams and its exit status.

A command's modules are imported when it runs. If they cannot be imported, the other
commands and ``--help`` still work.
"""

import argparse
import codecs
import errno
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

DESCRIPTION = "Squares of integers, computed by a C library through ctypes."

EXIT_STATUS = """\
exit status:
  0  success
  1  doctor found a problem, abi a difference; square could not use the library; or the
     reader of the output has closed it
  2  wrong use, or the command failed: standard output cannot be written, for example"""

CHUNK = 65536
"""Bytes of standard input to read at once. A word of more characters is split."""


class CommandError(Exception):
    """Ends the command with a message on standard error and an exit status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def run(words: list[str]) -> int:
    """Run the command line ``words`` and return the exit status.

    Every error is printed on standard error, without a traceback. If the error is a bug of
    ours, ``python -X dev -m pyexample`` shows its traceback.
    """
    try:
        _let_every_text_through()
        # These commands parse their own arguments, and their parsers are slow to import.
        if words and words[0] in _OTHERS:
            return _OTHERS[words[0]](words[1:])
        arguments = _parser().parse_args(words)
        return _doctor() if arguments.command == "doctor" else _square(arguments.numbers)
    except CommandError as failure:
        _complain(str(failure))
        return failure.status
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        told = " ".join(f"{type(error).__name__}: {error}".removesuffix(": ").split())
        _complain(f"{told} (a bug in pyexample: python -X dev -m pyexample shows where)")
        return 2


# --- Streams --------------------------------------------------------------------------


def _let_every_text_through() -> None:
    """Escape what the encoding of standard output lacks: a path may contain any bytes."""
    if reconfigure := getattr(sys.stdout, "reconfigure", None):  # None if it is closed
        reconfigure(errors="backslashreplace")


def _write(text: str) -> None:
    """Write to standard output and flush it. Raises CommandError if that fails."""
    if sys.stdout is None:
        raise CommandError(2, "standard output is closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Otherwise Python would write again at exit, and print an error of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # Windows reports EINVAL for a pipe that nobody reads.
        if error.errno == errno.EPIPE or (os.name == "nt" and error.errno == errno.EINVAL):
            sys.exit(1)
        raise CommandError(2, f"standard output cannot be written: {_reason(error)}") from None


def _complain(message: str) -> None:
    """Write an error to standard error, or nowhere if that is closed."""
    if sys.stderr is None:  # print(file=None) would write to standard output
        return
    try:
        print(f"pyexample: error: {message}", file=sys.stderr, flush=True)
    except OSError:
        return


def _standard_input() -> Iterator[list[str]]:
    """Yield the words of standard input in batches as they arrive, even within a line."""
    if sys.stdin is None:  # closed: pyexample square <&-
        return
    # Bytes that are not in the encoding become a word that is not a number.
    decode = codecs.getincrementaldecoder(sys.stdin.encoding)("surrogateescape").decode
    rest, ended = "", False
    while not ended:
        try:
            chunk = os.read(sys.stdin.fileno(), CHUNK)
        except OSError as error:
            raise CommandError(2, f"standard input cannot be read: {_reason(error)}") from None
        ended = not chunk
        try:
            text = rest + decode(chunk, final=ended)
        except UnicodeError as error:  # UTF-16, for example, cannot be escaped
            raise CommandError(2, f"standard input cannot be read: {error}") from None
        words = text.split()
        # The last word may continue in the next chunk.
        goes_on = words and not ended and not text[-1].isspace() and len(words[-1]) <= CHUNK
        rest = words.pop() if goes_on else ""
        yield words


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


# --- Arguments ------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # An argument may contain line breaks.
        message = "".join(each if each.isprintable() else repr(each)[1:-1] for each in message)
        raise CommandError(2, f"{message} (see {self.prog} --help)")

    def print_help(self, file: Any = None) -> None:
        # argparse itself writes to standard error if standard output is closed.
        _write(self.format_help())


class _Version(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option: Any = None
    ) -> None:
        from .ffi.doctor import package_version

        version = package_version("pyexample")
        if version is None:
            raise CommandError(2, "the version is not known: pyexample is not installed by pip")
        _write(f"pyexample {version}\n")
        sys.exit(0)


def _parser() -> _Parser:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="pyexample",
        description=DESCRIPTION,
        epilog=EXIT_STATUS,
        formatter_class=as_written,
    )
    # The package's version, not the library's: it is known even if that cannot be loaded.
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    square = commands.add_parser(
        "square",
        help="print the squares of numbers",
        description="Print the squares of numbers. If one of the arguments is wrong, nothing"
        " is printed. Numbers on standard input are squared as they arrive, up to the first"
        " wrong one.",
    )
    square.add_argument(
        "numbers",
        nargs="*",
        metavar="NUMBER",
        help="-46340..46340; without any, numbers are read from standard input, separated"
        " by white space",
    )
    commands.add_parser("doctor", help="show which library is loaded, or why none can be")
    commands.add_parser("abi", help="check a ctypes binding against its C header")
    commands.add_parser("bind", help="write the binding of a C library from its headers")
    commands.add_parser("new", help="create a project: a C library and its Python package")
    commands.add_parser("vendor", help="update a project's copy of the runtime")
    return parser


# --- Commands -------------------------------------------------------------------------


def _square(words: list[str]) -> int:
    try:
        from .libexample import square
    except Exception as error:  # no library, or a stale one
        raise CommandError(1, f"{error}\n'pyexample doctor' says more.") from None

    for batch in [words] if words else _standard_input():
        lines: list[str] = []
        complaint = None
        for word in batch:
            try:
                number = int(word)
                lines.append(f"The square of {number} is {square(number)}.\n")
            except OverflowError as error:
                complaint = str(error)
            except ValueError:  # not an integer, or one with more digits than Python converts
                shown = word if len(word) <= 40 else f"{word[:40]}..."
                complaint = f"{shown!r} is not an integer from -46340 to 46340"
            if complaint:
                break
        if lines and not (words and complaint):
            _write("".join(lines))
        if complaint:
            raise CommandError(2, complaint)
    return 0


def _doctor() -> int:
    try:
        from .ffi.doctor import report
    except ImportError as error:  # a Python without ctypes, for example
        raise CommandError(1, f"the runtime cannot be imported: {error}") from None
    text, ok = report("pyexample.libexample", "pyexample.arrays")
    _write(f"{text}\n")
    return 0 if ok else 1


def _abi(words: list[str]) -> int:
    from .abi import CannotJudgeError
    from .abi.command import add_arguments, run

    parser = _Parser(
        prog="pyexample abi", description="Check ctypes declarations against C headers."
    )
    add_arguments(parser)
    try:
        text, status = run(parser.parse_args(words))
    except CannotJudgeError as error:
        raise CommandError(2, f"cannot judge: {error}") from None
    _write(f"{text}\n")
    return status


def _bind(words: list[str]) -> int:
    from .abi import CannotJudgeError
    from .bind.command import add_arguments, run

    parser = _Parser(
        prog="pyexample bind",
        description="Declare everything in the headers of a C library, and prove it.",
    )
    add_arguments(parser)
    try:
        text, summary, status = run(parser.parse_args(words))
    except CannotJudgeError as error:
        raise CommandError(2, str(error)) from None
    if text:
        _write(text if text.endswith("\n") else f"{text}\n")
    if summary and sys.stderr is not None:
        print(summary, file=sys.stderr, flush=True)
    return status


def _new(words: list[str]) -> int:
    from .new.command import add_new_arguments, write_project

    return _write_project("new", words, add_new_arguments, write_project)


def _vendor(words: list[str]) -> int:
    from .new.command import add_vendor_arguments, update_runtime

    return _write_project("vendor", words, add_vendor_arguments, update_runtime)


def _write_project(
    name: str,
    words: list[str],
    add_arguments: Callable[[argparse.ArgumentParser], None],
    run: Callable[[argparse.Namespace], str],
) -> int:
    from .new import CannotWriteError

    parser = _Parser(prog=f"pyexample {name}")
    add_arguments(parser)
    try:
        text = run(parser.parse_args(words))
    except CannotWriteError as error:
        raise CommandError(2, str(error)) from None
    _write(f"{text}\n")
    return 0


_OTHERS: dict[str, Callable[[list[str]], int]] = {
    "abi": _abi,
    "bind": _bind,
    "new": _new,
    "vendor": _vendor,
}
"""The commands that parse their own arguments."""
