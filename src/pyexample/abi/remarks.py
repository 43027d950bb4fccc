"""The remarks of a report: the version of the headers, and what was not checked."""

import os
import re

from ..headers.processes import CannotJudgeError
from ..headers.version import versions
from .judge import Judgement
from .model import Declarations
from .report import count

_WORD = re.compile(r"[A-Za-z_]\w*")
_ADVICE = (
    "name what declares them (module:attribute), or run a program that does (--run script.py)"
)


def remarks_about(declarations: Declarations, judgement: Judgement) -> list[str]:
    """List the version of the headers, what was not checked, and what was not declared.

    Raises CannotJudgeError if there are functions to check, but none could be checked.
    """
    judged = {each.subject for each in judgement.claims.claims if each.kind == "function"}
    unseen = _unseen(declarations, judgement)
    _refuse_nothing(declarations, judgement, unseen)
    remarks: list[str] = []
    if found := versions(judgement.header):
        remarks.append(f"the headers say: {', '.join(found)}")
    if not judged:
        remarks.append("no function was judged")
    constants = {each.subject for each in judgement.claims.claims if each.kind == "constant"}
    # Constants without a line are imported from another module, or made by a loop.
    others = [
        each for each in declarations.constants if each.name not in constants and each.line
    ]
    declared = {each.name for each in declarations.functions if each.is_declared}
    foreign = _foreign(declarations, judgement, judged)
    functions = declared - judged - foreign
    not_judged = [count(len(functions), "function")] if functions else []
    not_judged += [count(len(others), "constant")] if others else []
    if not_judged:
        remarks.append(
            f"not judged, since the headers do not have them: {', '.join(not_judged)}"
        )
    files = {*declarations.files}
    if named := foreign & {each.name for each in declarations.functions if each.file in files}:
        remarks.append(f"not judged, since another library has them: {_some(named)}")
    looked_up = {each.name for each in declarations.functions} - declared
    if looked_up:
        remarks.append(
            f"looked up, but declared neither argtypes nor restype: {_some(looked_up)}"
        )
    if len(unseen) > len(judged):
        remarks.append(
            f"named in the module, but not declared so far: {_some(unseen)}; {_ADVICE}"
        )
    if declarations.status:
        remarks.append(f"the program ended with status {declarations.status}")
    return remarks


def _foreign(declarations: Declarations, judgement: Judgement, judged: set[str]) -> set[str]:
    """The functions, not judged, of libraries that have none in these headers.

    They include those of pyexample.ffi itself, which no module declares.
    """
    own = {
        each.library
        for each in declarations.functions
        if each.name in judged and judgement.header.is_own(each.name)
    }
    libraries = {each.library for each in declarations.functions}
    foreign = libraries - own if own else set[str]()
    return {each.name for each in declarations.functions if each.library in foreign} - judged


def _refuse_nothing(declarations: Declarations, judgement: Judgement, unseen: set[str]) -> None:
    kinds = {each.kind for each in judgement.claims.claims}
    is_about_functions = any(
        judgement.header.declares(each) for each in judgement.header.functions.values()
    )
    if kinds and ("function" in kinds or not is_about_functions):
        return
    if declarations.faults:
        return  # the faults say why
    # Functions of the process itself (CDLL(None)) belong to the system.
    # libfastcall is that of pyexample.ffi itself, which a module imports.
    known = (
        each
        for each in declarations.functions
        if each.is_declared and "fastcall" not in os.path.basename(each.library)
    )
    if declared := {each.name for each in known if each.library != "None"}:
        raise CannotJudgeError(
            f"the headers have none of the functions that Python declares: {_some(declared)}"
        )
    if kinds & {"struct", "variable"}:
        return  # the module may declare only these
    if unseen or (kinds and declarations.libraries):
        named = f", although the module names {_some(unseen)}" if unseen else ""
        raise CannotJudgeError(f"no function was declared{named}: {_ADVICE}")
    if not kinds:
        raise CannotJudgeError(
            "nothing to judge: what the modules declare"
            f" (functions: {len(declarations.functions)}, structs: {len(declarations.structs)},"
            f" constants: {len(declarations.constants)}) is not in the headers"
        )


def _unseen(declarations: Declarations, judgement: Judgement) -> set[str]:
    """The headers' functions that a module's text names but never looked up."""
    words: set[str] = set()
    for file in declarations.files:
        try:
            with open(file, encoding="utf-8", errors="replace") as stream:
                words.update(_WORD.findall(stream.read()))
        except OSError:
            continue  # a package in an archive has no such file
    looked_up = {each.name for each in declarations.functions}
    return {
        name
        for name, prototype in judgement.header.functions.items()
        if name in words and name not in looked_up and judgement.header.declares(prototype)
    }


def _some(names: set[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - 3} more" if len(listed) > 4 else ""
    return ", ".join(listed[: 3 if more else 4]) + more
