"""The command line of the generator: its arguments, what it writes, and its exit status."""

import argparse
import ast
import os
import sys

from ..generate import spec as specs
from ..generate.render import MARK
from . import Binding, CannotJudgeError, bind
from .questions import questions

RUNTIME = "pyexample.ffi"
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
    add("--style", choices=["project", "ctypes"], default="project",
        help="ctypes: write plain ctypes, and FILE.pyi with the types")  # fmt: skip
    add = parser.add_argument_group("a package of its own").add_argument
    add("--in-package", action="store_true", help="the library is built with the package")
    add("--runtime", default=RUNTIME, metavar="MODULE", help="import words from there")
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
    if arguments.style == "ctypes":
        _check_plain(arguments)
    files = _files(output, arguments.style) if output else []
    before = [_read(each) for each in files]
    for file, text in zip(files, before, strict=True):
        if text and MARK not in text:
            raise CannotJudgeError(
                f"-o {output}: {file} was not written by pyexample bind: name another one"
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
        style=arguments.style,
        in_package=arguments.in_package,
        runtime=arguments.runtime,
        tell=_tell,
    )
    if arguments.ask:
        _write(arguments.ask, questions(binding.module, arguments.headers))
    after = [binding.text, binding.stub][: len(files)]
    if arguments.check:
        return _compare(files, [each or "" for each in before], after)
    for file, text in zip(files, after, strict=True):
        _write(file, text)
    if output:
        return "", f"{' and '.join(files)}: {summary(binding)}", 0
    return binding.text, summary(binding), 0


def _check_plain(arguments: argparse.Namespace) -> None:
    """Raise CannotJudgeError if something is asked of plain ctypes that it cannot do."""
    output = arguments.output
    if output and not output.endswith(".py"):
        raise CannotJudgeError(f"-o {output}: --style ctypes writes a stub beside FILE.py")
    for option, value in (
        ("--ask", arguments.ask),
        ("--in-package", arguments.in_package),
        ("--runtime", arguments.runtime != RUNTIME),
    ):
        if value:
            raise CannotJudgeError(
                f"{option} is about the words of pyexample.ffi, which plain ctypes lacks"
            )


def _files(output: str, style: str) -> list[str]:
    """The files to write: the module, and the stub of one in plain ctypes."""
    return [output, f"{output}i"] if style == "ctypes" else [output]


def summary(binding: Binding) -> str:
    """How much was declared, left out and guessed, in a line or two."""
    module = binding.module
    kinds = ("functions", "records", "enum constants", "callbacks", "variables", "macros")
    declared: list[str] = []
    counts = module.counts
    for kind in kinds:
        count = counts[kind]
        # What is not asked for is neither declared nor left out.
        asked = count + len(module.left_out.get(kind, ()))
        of = f" of {module.there[kind]}" if module.there[kind] > asked else ""
        declared += [f"{count}{of} {kind}"] if count else []
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


def _compare(files: list[str], before: list[str], after: list[str]) -> tuple[str, str, int]:
    """What would change in the files."""
    if before == after:
        verb = "are" if len(files) > 1 else "is"
        return "", f"{' and '.join(files)} {verb} what would be written", 0
    old, new = _declared(before[0], files[0]), _declared(after[0], files[0])
    lines = [f"{' and '.join(files)} would change:"]
    lines += [f"  added    {name}" for name in new if name not in old]
    lines += [f"  removed  {name}" for name in old if name not in new]
    lines += [f"  changed  {name}" for name in new if name in old and new[name] != old[name]]
    if len(lines) == 1:
        lines.append("  only in comments, or in what is no function")
    return "\n".join(lines), "", 1


def _declared(text: str, file: str) -> dict[str, str]:
    """The declarations of functions and variables in a module, without their comments."""
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        raise CannotJudgeError(f"{file} is no module of Python: {error}") from None
    found: dict[str, str] = {}
    for node in module.body:
        if isinstance(node, ast.If | ast.With):  # where the library may lack it
            inner = node.body[0]
            if isinstance(inner, ast.Assign) and isinstance(inner.targets[0], ast.Name):
                found[inner.targets[0].id] = ast.unparse(node)
        else:
            inner = node
        if isinstance(inner, ast.FunctionDef) and _is_of_c(inner):
            inner.body = []
            found[inner.name] = ast.unparse(inner)
    return found


def _is_of_c(function: ast.FunctionDef) -> bool:
    """Whether a function is one of the library, or a variable, and not a type of callbacks."""
    return any("Callback" not in ast.unparse(each) for each in function.decorator_list)


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
