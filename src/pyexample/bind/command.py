"""The command line of the generator: its arguments, what it writes, and its exit status."""

import argparse
import os
import re
import sys
from collections.abc import Iterable

from ..generate import spec as specs
from ..generate.items import Item
from ..generate.render import MARK
from . import Binding, CannotJudgeError, bind
from .questions import questions

EPILOG = """\
exit status:
  0  written, and proven: the compiler agrees with every declaration
  1  --check: the file is not what would be written
  2  the headers do not compile, or wrong use: nothing is written"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the generator's arguments to a parser."""
    parser.usage = "pyexample bind HEADER ... --library NAME [-o FILE.py] [options]"
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("headers", nargs="+", metavar="HEADER", help="a header, as in an #include")
    add("--library", required=True, metavar="NAME", help="the library's name: z for libz")
    add("-o", dest="output", metavar="FILE.py", help="the module to write (standard output)")
    add("--spec", metavar="FILE.toml", help="what the headers do not say")
    add("--ask", metavar="FILE.toml", help="write what is guessed or not known, as a spec")
    add("--check", action="store_true", help="write nothing; status 1 if FILE.py would change")
    add = parser.add_argument_group("a package of its own").add_argument
    add("--in-package", action="store_true", help="the library is built with the package")
    add("--runtime", default="pyexample.ffi", metavar="MODULE", help="import words from there")
    add = parser.add_argument_group("what is declared").add_argument
    add("--only", default="", metavar="REGEX", help="only names that match, and their types")
    add("--not", default="", dest="without", metavar="REGEX", help="no names that match")
    add = parser.add_argument_group("headers and compiler").add_argument
    for option, name, words in (
        ("-I", "include", "a folder to search for headers"),
        ("-D", "define", "a macro to define"),
        ("--pkg-config", "pkg_config", "use folders and macros of pkg-config"),
    ):
        add(option, dest=name, action="append", default=[], metavar="X", help=words)
    add("--compiler", metavar="CXX", help="a C++17 compiler and its options")
    add("--target", default="native", help="bind for a platform: x86_64-w64-mingw32, ...")


def run(arguments: argparse.Namespace) -> tuple[str, str, int]:
    """Write a binding. Returns the text to print, the summary, and the exit status.

    Raises CannotJudgeError if nothing can be written.
    """
    output = arguments.output
    if arguments.check and not output:
        raise CannotJudgeError("--check needs -o: the file to compare with")
    before = _read(output) if output else None
    if before and MARK not in before:
        raise CannotJudgeError(
            f"-o {output}: this file was not written by pyexample bind: name another one"
        )
    if arguments.ask and os.path.exists(arguments.ask):
        raise CannotJudgeError(f"--ask {arguments.ask}: this file exists: name another one")
    binding = bind(
        arguments.headers,
        arguments.library,
        include=arguments.include,
        define=arguments.define,
        pkg_config=arguments.pkg_config,
        compiler=arguments.compiler,
        target=arguments.target,
        only=arguments.only,
        without=arguments.without,
        spec=specs.read(arguments.spec) if arguments.spec else None,
        in_package=arguments.in_package,
        runtime=arguments.runtime,
        tell=_tell,
    )
    if arguments.ask:
        _write(arguments.ask, questions(binding.module, arguments.headers))
    if arguments.check:
        return _compare(output, before or "", binding)
    if output:
        _write(output, binding.text)
        return "", f"{output}: {summary(binding)}", 0
    return binding.text, summary(binding), 0


def summary(binding: Binding) -> str:
    """How much was declared, left out and guessed, in a line or two."""
    module = binding.module
    kinds = ("functions", "records", "enum constants", "callbacks", "variables", "macros")
    declared = [f"{module.counts[kind]} {kind}" for kind in kinds if module.counts[kind]]
    text = f"{', '.join(declared)}, all proven"
    left = [
        f"{len(module.left_out[kind])} {kind}"
        for kind in kinds
        if module.left_out.get(kind) and kind != "macros"
    ]
    if left:
        text += f"; left out: {', '.join(left)} (the end of the file says why)"
    if module.guesses or module.open:
        text += (
            f"\n{len(module.guesses)} guesses and {len(module.open)} open questions are marked"
            ' "# guess" and "# open"; --ask writes them as a spec'
        )
    return text


def _compare(output: str, before: str, binding: Binding) -> tuple[str, str, int]:
    """What would change in a file."""
    if before == binding.text:
        return "", f"{output} is what would be written", 0
    old, new = _functions(before), {each.name: each for each in _declared(binding.module.items)}
    lines = [f"{output} would change:"]
    lines += [f"  added    {name}" for name in new if name not in old]
    lines += [f"  removed  {name}" for name in old if name not in new]
    changed = [
        name for name in new if name in old and _plain(new[name].code) != _plain(old[name])
    ]
    lines += [f"  changed  {name}" for name in changed]
    if len(lines) == 1:
        lines.append("  only in comments, or in what is no function")
    return "\n".join(lines), "", 1


_FUNCTION = re.compile(
    r"^ *@(?:(?:library\.)?(?:function|variable)|hold\b).*\n *def (\w+)\(", re.M
)


def _functions(text: str) -> dict[str, str]:
    """The declarations of functions in a module that was written before."""
    starts = [*_FUNCTION.finditer(text)]
    found: dict[str, str] = {}
    for match in starts:
        end = re.compile(r":(?: \.\.\.)?$", re.MULTILINE).search(text, match.end())
        found[match[1]] = text[match.start() : end.end() if end else None]
    return found


def _declared(items: Iterable[Item]) -> list[Item]:
    return [each for each in items if each.is_asked and each.kind == "function"]


def _plain(code: str) -> str:
    return "".join(code.split()).removesuffix("...").removesuffix(":")


def _read(file: str) -> str | None:
    try:
        with open(file, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CannotJudgeError(f"{file} cannot be read: {error}") from None


def _write(file: str, text: str) -> None:
    """Write a whole file, or leave it as it was."""
    file = os.path.realpath(file)  # a link stays one
    temporary = f"{file}.new"
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.replace(temporary, file)
    except OSError as error:
        raise CannotJudgeError(f"{file} cannot be written: {error.strerror}") from None


def _tell(step: str) -> None:
    """Show a step to a person, for whom a long header takes some seconds."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"pyexample: {step} ...", file=sys.stderr, flush=True)
