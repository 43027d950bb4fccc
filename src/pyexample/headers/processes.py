"""Run other programs within a time limit: compilers, and the process that records."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence


class CannotJudgeError(Exception):
    """Nothing could be checked. The message says why, and what to do.

    Attributes:
        reason: the message without advice that names options of ``pyexample abi``.
        advice: that advice.
    """

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason + advice)
        self.reason = reason
        self.advice = advice


class TookTooLongError(CannotJudgeError):
    """A program exceeded its time limit. Another attempt would, too."""


def run(
    command: Sequence[str],
    timeout: float,
    what: str,
    env: Mapping[str, str] | None = None,
    live: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a program with an empty standard input, and capture its output.

    ``what`` names it in messages: "the compiler g++". If it is ``live``, its output goes to
    standard error at once. After ``timeout`` seconds it is killed, with every process that it
    has started, and TookTooLongError is raised; CannotJudgeError if it cannot be started.
    """
    # Descriptor 2 itself, since sys.stderr may be something else, or closed.
    output = 2 if live and sys.stderr is not None else subprocess.PIPE
    try:
        process = subprocess.Popen(  # noqa: S603 - the user names it
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            encoding="utf-8",
            errors="replace",
            # A group of its own, so that the processes of a compiler's driver are killed, too.
            start_new_session=True,
        )
    except OSError as error:
        raise CannotJudgeError(f"{what} cannot be started: {error.strerror}") from None
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        _end(process)
        raise TookTooLongError(
            f"{what} took longer than {timeout:g} seconds and was ended",
            "; --timeout SECONDS gives it more",
        ) from None
    except BaseException:  # Ctrl-C, which does not reach its process group
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
