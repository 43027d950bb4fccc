"""The C reference, out of the header: a directive that shows what the header documents.

A comment that stands before a function or a type documents it. Its first line is
"name() - summary."; lines that are indented are its parameters, a name and what it is.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.parsing import nested_parse_to_nodes

DOCUMENTED = re.compile(
    r"/\*(?P<comment>(?:(?!\*/).)*)\*/\n"
    r"(?P<code>typedef struct \{[^}]*\}[^;]*;|(?:EXAMPLE_API|typedef)[^;]*;|#define[^\n]*)",
    re.DOTALL,
)


class CHeader(SphinxDirective):
    """``{c-header} path``: the reference of a header, its path relative to the page."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """The nodes that stand in the place of the directive."""
        relative, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(relative)
        # The pages are Markdown; what describes C is best said to Sphinx in its own language.
        text = "\n".join(["```{eval-rst}", *_reference(Path(path).read_text()), "```"])
        lines = text.splitlines()
        return nested_parse_to_nodes(self.state, StringList(lines, source=path))


def _reference(header: str) -> Iterator[str]:
    for match in DOCUMENTED.finditer(header):
        comment = re.sub(r"(?m)^ ?\* ?", "", match["comment"].strip(" *\n"))
        yield _directive(match["code"])
        yield ""
        yield from (f"   {line}" for line in _description(comment))
        yield ""


def _directive(code: str) -> str:
    code = " ".join(code.removeprefix("EXAMPLE_API ").rstrip(";").split())
    if code.startswith("#define"):
        return f".. c:macro:: {code.split()[1]}"
    if code.startswith("typedef struct {"):
        _, members, name = re.split(r"[{}]", code)
        fields = [f"\n   .. c:member:: {each.strip()}" for each in members.split(";")[:-1]]
        return "\n".join([f".. c:struct:: {name.strip()}", *fields])
    return f".. c:function:: {code}"


def _description(comment: str) -> Iterator[str]:
    comment = re.sub(r"^\w+\(\) - (.)", lambda match: match[1].upper(), comment)
    for line in comment.splitlines():
        if parameter := re.match(r"  (\w+) {2,}(.*)", line):
            yield f":param {parameter[1]}: {parameter[2]}"
        elif line.startswith("   "):
            yield f"    {line.strip()}"
        else:
            yield re.sub(r"\b(\w+)\(\)", r":c:func:`\1`", line)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("c-header", CHeader)
    return {"parallel_read_safe": True}
