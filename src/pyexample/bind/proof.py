"""Ask the compiler about a binding."""

import logging
import os
import tempfile
from collections.abc import Sequence
from typing import Any

from ..abi import CannotJudgeError, check
from ..generate.items import Item


def disproved(
    text: str,
    items: Sequence[Item],
    name: str,
    headers: Sequence[str],
    options: dict[str, Any],
) -> dict[str, str]:
    """The declarations that the compiler disagrees with, by C's name, and why.

    ``text`` is the module that has the ``items``. Raises CannotJudgeError.
    """
    logging.getLogger("pyexample.abi").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "binding.py")
        with open(file, "w", encoding="utf-8") as stream:
            stream.write(text)
        report = check(file, headers=headers, without_library=[name, "fastcall"], **options)
    if report.faults:  # nothing is proven then
        raise CannotJudgeError("\n".join(("the binding cannot be proven:", *report.faults)))
    subjects = {each.name: each.subject for each in items}
    refused: dict[str, str] = {}
    for each in report.findings:
        owner, _, field = each.subject.partition(".")
        # Others are those that the runtime declares for itself.
        is_ours = owner in subjects or owner in subjects.values()
        if each.severity == "error" and is_ours:
            where = f"{field}: " if field else ""
            refused[subjects.get(owner, owner)] = f"is another one in C: {where}{each.what}"
    return refused
