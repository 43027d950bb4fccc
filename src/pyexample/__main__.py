"""The command: ``pyexample``, or ``python -m pyexample``. What it does is in cli.py."""

# Nothing else is imported before main() has seen to it that Ctrl-C shows no traceback.
import sys

TYPE_CHECKING = False

if TYPE_CHECKING:
    from types import TracebackType


def main() -> int:
    """Run the command line. Returns the exit status, which ``--help`` explains."""
    sys.excepthook = _except_interrupts
    try:
        from .cli import run
    except Exception as error:  # this package, or this Python's own library, is not whole
        if sys.stderr is not None:  # which print() would take for standard output
            print(f"pyexample: error: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return run(sys.argv[1:])


def _except_interrupts(
    kind: type[BaseException], error: BaseException, traceback: "TracebackType | None"
) -> None:
    """Show no traceback for Ctrl-C, after which Python itself ends by that very signal."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)


if __name__ == "__main__":
    sys.exit(main())
