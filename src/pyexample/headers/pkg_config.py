"""Ask pkg-config which folders and macros a library's headers need."""

import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field

from .processes import CannotJudgeError, run


@dataclass
class Flags:
    """Folders (-I), macros (-D), and the compiler's other options."""

    include: list[str] = field(default_factory=list[str])
    define: list[str] = field(default_factory=list[str])
    other: list[str] = field(default_factory=list[str])


def flags(names: Sequence[str], target: str, timeout: float) -> Flags:
    """The flags that ``pkg-config --cflags`` prints for some libraries.

    ``target`` is "native", or the prefix of another platform's pkg-config. Raises
    CannotJudgeError if there is no pkg-config, or if it does not know a library.
    """
    found = Flags()
    if not names:
        return found
    command = [*_program(target), "--cflags", *names]
    done = run(command, timeout, command[0])
    if done.returncode:
        raise CannotJudgeError(f"{shlex.join(command)} failed:\n{done.stderr.rstrip()}")
    words = iter(shlex.split(done.stdout))
    for word in words:
        option, value = word[:2], word[2:]
        if option in ("-I", "-D"):
            value = value or next(words, "")
            (found.include if option == "-I" else found.define).append(value)
        else:
            found.other.append(word)
    return found


def _program(target: str) -> list[str]:
    # The order of autoconf's PKG_PROG_PKG_CONFIG.
    if os.environ.get("PKG_CONFIG"):
        return shlex.split(os.environ["PKG_CONFIG"])
    name = "pkg-config" if target == "native" else f"{target}-pkg-config"
    for each in (name, *(["pkgconf"] if target == "native" else [])):
        if shutil.which(each):
            return [each]
    raise CannotJudgeError(
        f"there is no {name} on the PATH: install it, name one in PKG_CONFIG,"
        " or pass the folders and macros with -I and -D"
    )
