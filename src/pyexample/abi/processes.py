"""Run other programs, no longer than they may: a compiler, or the module that is recorded."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence


class CannotJudgeError(Exception):
    """Nothing was proven, nor found: why, and what to do."""


class TookTooLongError(CannotJudgeError):
    """A program was ended, for which another attempt would take as long."""


def run(
    command: Sequence[str],
    timeout: float,
    what: str,
    env: Mapping[str, str] | None = None,
    live: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a program with nothing to read, and take what it prints.

    Args:
        command: the program and its arguments.
        timeout: in seconds. After that it is ended, with every process that it has started.
        what: "the compiler g++", for the message that it took too long.
        env: its environment; None for this one.
        live: whether what it prints goes to standard error at once, and is not taken.

    Raises:
        TookTooLongError: it did.
        CannotJudgeError: it cannot be started.
    """
    # Descriptor 2 itself, since sys.stderr may be something else, or closed.
    output = 2 if live and sys.stderr is not None else subprocess.PIPE
    try:
        process = subprocess.Popen(  # noqa: S603 - what was asked for
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            encoding="utf-8",
            errors="replace",
            # A group of its own: a compiler's driver starts others, which would stay.
            start_new_session=True,
        )
    except OSError as error:
        raise CannotJudgeError(f"{what} cannot be started: {error.strerror}") from None
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        _end(process)
        raise TookTooLongError(
            f"{what} took longer than {timeout:g} seconds and was ended;"
            " --timeout SECONDS gives it more"
        ) from None
    except BaseException:  # Ctrl-C, which its group does not get
        _end(process)
        raise
    return subprocess.CompletedProcess(
        list(command), process.returncode, stdout or "", stderr or ""
    )


def _end(process: "subprocess.Popen[str]") -> None:
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()
