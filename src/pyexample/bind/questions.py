"""Write what is guessed, and what nobody knows, as a spec to be edited."""

from collections.abc import Iterable

from .. import toml
from ..generate.context import Module


def questions(module: Module, headers: Iterable[str]) -> str:
    """The text of a spec. Each line of it is a comment, until somebody knows better."""
    lines = [
        f"# What {', '.join(headers)} does not say: guesses, and open questions.",
        "# Remove the # before a line that you have corrected. A line has what is declared for",
        "# a parameter, or for what comes back (return): its annotation; or the word for an",
        "# argument that the caller does not pass, such as Returned(int, c_int).",
        "",
        "[words]",
    ]
    function = ""
    for place, written in module.written.items():
        name = place.rpartition(".")[0]
        if place not in module.guesses and place not in module.open:
            continue
        if name != function:
            function = name
            lines += ["", f"# {module.prototypes[name]}"]
        said = module.guesses.get(place)
        lines.append(f"# guess: {said}" if said else f"# open: {module.open[place]}")
        text = toml.quote(written) if "'" in written else f"'{written}'"
        lines.append(f"# {toml.quote(place)} = {text}")
    return "\n".join([*lines, ""])
