"""One difference between a declaration and C, which becomes a finding."""

from dataclasses import dataclass

from .report import Grade


@dataclass
class Difference:
    """One difference in a declaration: see Finding."""

    grade: Grade
    kind: str
    what: str
    happens: str
    argument: str = ""


def unjudged(what: str, happens: str = "not judged") -> Difference:
    """What could not be judged."""
    return Difference("coverage", "unjudged", what, happens)


def breaks(kind: str, what: str, happens: str, argument: str = "") -> Difference:
    """What breaks on the platform that is judged."""
    return Difference("breaks", kind, what, happens, argument)
