"""Report how a binding's library was found and loaded: ``python -m package._ffi BINDING``.

BINDING is the module that declares the library's functions, such as ``package.libfoo``.

Exit status: 0 if nothing is wrong; 1 if something is; 2 for wrong use.
"""

import importlib.util
import sys


def main(words: list[str]) -> int:
    """Run the program with the arguments ``words``. Returns the exit status."""
    if words in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if problem := _misuse(words):
        program = f"python -m {__package__}"
        print(f"{program}: error: {problem}\nusage: {program} BINDING", file=sys.stderr)
        return 2
    from .doctor import report

    text, is_well = report(words[0])
    # A path may have any bytes.
    sys.stdout.buffer.write(f"{text}\n".encode(sys.stdout.encoding, "backslashreplace"))
    return 0 if is_well else 1


def _misuse(words: list[str]) -> str:
    if len(words) != 1:
        return f"expected one module, the binding, not {len(words)}"
    (binding,) = words
    try:
        is_there = importlib.util.find_spec(binding) is not None
    except (ImportError, ValueError):
        is_there = False
    return "" if is_there else f"there is no module {binding!r}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
