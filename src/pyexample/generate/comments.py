"""Turn the comments of a header into docstrings."""

import functools
import re
import textwrap

_COMMAND = re.compile(
    r"[\\@](?:brief|details?|short|ingroup\s+\S+|addtogroup\s+\S+|fn\b.*|function\s+\S+|c\b|p\b|a\b|em\b|b\b"
    r"|ref\b|link|endlink|code|endcode|verbatim|endverbatim|note\b|par\b)\s?"
)
_PARAMETER = re.compile(r"[\\@](?:t?param)(?:\s*\[[^\]]*\])?\s+([^\s:]+)[\s:]*")
_TOLD = re.compile(
    r"[\\@](return|returns|retval|result|since|sa|see|sample|deprecated|warning)\b[\s:]*"
)
_RULE = re.compile(r"^[\s*=\-_#~/+<>.]*$")


@functools.cache  # a module is written again without what is refused
def docstring(comment: str, indent: str, width: int, first: str = "") -> str:
    """The lines of a docstring, indented; "" if there is nothing to say.

    Args:
        comment: the text of a comment of the header, without its marks.
        indent: what each line begins with.
        width: the longest line.
        first: the first line, before the comment.
    """
    paragraphs = [*([first] if first else []), *_paragraphs(comment)]
    if not paragraphs:
        return ""
    blocks = [
        textwrap.fill(
            each,
            width - len(indent) - (7 if not number else 0),
            break_long_words=False,
            break_on_hyphens=False,
            subsequent_indent="    " if _is_item(each) else "",
        )
        for number, each in enumerate(paragraphs)
    ]
    text = "\n".join(
        block
        if not number or (_is_item(block) and _is_item(blocks[number - 1]))
        else f"\n{block}"
        for number, block in enumerate(blocks)
    )
    text = text.replace("\\", "\\\\").replace('"""', "'''")
    if text.startswith('"'):
        text = f" {text}"
    is_one_line = "\n" not in text and len(text) + 6 + len(indent) <= width
    if text.endswith('"') and is_one_line:
        text = f'{text[:-1]}\\"'
    closing = '"""' if is_one_line else '\n"""'
    lines = f'"""{text}{closing}'.split("\n")
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)


def remark(comment: str, indent: str, width: int) -> list[str]:
    """The lines of a Python comment; none if there is nothing to say."""
    marks = f"{indent}# "
    return [
        line
        for each in _paragraphs(comment)
        for line in textwrap.wrap(
            each,
            width,
            initial_indent=marks,
            subsequent_indent=f"{marks}  " if _is_item(each) else marks,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def _is_item(paragraph: str) -> bool:
    return paragraph.startswith(("- ", ":"))


def _paragraphs(comment: str) -> list[str]:
    found: list[str] = []
    current: list[str] = []
    for row in [*comment.splitlines(), ""]:
        line = "" if _RULE.match(row) else _plain(row.strip())
        if (not line or _is_item(line)) and current:
            found.append(" ".join(current))
            current = []
        if line:
            current.append(line)
    if current:
        found.append(" ".join(current))
    return found


def _plain(row: str) -> str:
    """A row without the commands of Doxygen, and with only the characters of a docstring."""
    if "@" in row or "\\" in row:
        row = _PARAMETER.sub(r"- \1: ", row)
        row = _TOLD.sub(lambda match: f"- {match[1]}: ", row)
        row = _COMMAND.sub("", row)
    row = re.sub(r"^[-*]\s+", "- ", row)
    if not row.isprintable():
        row = "".join(each if each.isprintable() else " " for each in row)
    return " ".join(row.split())
