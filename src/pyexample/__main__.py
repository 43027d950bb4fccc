"""The command line: ``pyexample``, or ``python -m pyexample``."""

import argparse
import errno
import os
import sys
from importlib.metadata import version
from typing import NoReturn

from .ffi import LibraryLoadError


def main() -> int:
    """Run the command line. Returns the exit status: 0 good, 1 failed, 2 wrong use."""
    try:
        # The checker's arguments are its own affair, and take their time to import.
        if sys.argv[1:2] == ["abi"]:
            return _abi(sys.argv[2:])
        arguments = _parser().parse_args()
        return _doctor() if arguments.command == "doctor" else _square(arguments.numbers)
    except LibraryLoadError as error:
        return _fail(1, str(error))
    except KeyboardInterrupt:
        return 130  # as shells say it: 128 and the number of SIGINT
    except OSError as error:
        # EINVAL is what Windows makes of a pipe that nobody reads.
        if error.errno not in (errno.EPIPE, errno.EINVAL):
            raise
        # Whoever read the output has gone; without this, Python would say so at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        sys.exit(_fail(2, f"{message} (see {self.prog} --help)"))


def _fail(status: int, message: str) -> int:
    print(f"pyexample: error: {message}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pyexample",
        description="Squares of integers, computed by a C library through ctypes.",
    )
    # From the package, not from the library: it must work where that cannot be loaded.
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {version('pyexample')}"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    square = commands.add_parser("square", help="print the squares of numbers")
    square.add_argument(
        "numbers",
        nargs="*",
        metavar="NUMBER",
        help="-46340..46340; without any, they are read from standard input",
    )
    commands.add_parser(
        "doctor", help="say which library is loaded, and what is wrong if none is"
    )
    commands.add_parser("abi", help="let a C++ compiler prove a ctypes binding by its header")
    return parser


def _abi(words: list[str]) -> int:
    from .abi.command import add_arguments, run

    parser = _Parser(
        prog="pyexample abi", description="Prove ctypes declarations by C headers."
    )
    add_arguments(parser)
    return run(parser.parse_args(words))


def _square(words: list[str]) -> int:
    from .libexample import square

    lines: list[str] = []
    for word in words or _standard_input():
        try:
            number = int(word)
            lines.append(f"The square of {number} is {square(number)}.\n")
        except OverflowError as error:
            return _fail(2, str(error))
        except ValueError:  # no integer, or one with more digits than Python converts
            shown = word if len(word) <= 40 else f"{word[:40]}..."
            return _fail(2, f"{shown!r} is not an integer from -46340 to 46340")
    sys.stdout.writelines(lines)  # all of them or, where one is wrong, none
    sys.stdout.flush()
    return 0


def _standard_input() -> list[str]:
    # There is none where it was closed (pyexample square <&-).
    return [word for line in sys.stdin or () for word in line.split()]


def _doctor() -> int:
    from .doctor import report

    text, well = report("pyexample.libexample")
    print(text)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
