"""Call every function of a generated binding with wrong, empty and null arguments.

    call_everything.py BINDING.py [FUNCTION...]

Each function is called in a process of its own. What ends by a signal is printed, as JSON: its
name, the number of the signal, and whether the binding marks a guess or an open question
there. The FUNCTIONs are called first: a library may have to be initialised.
"""

import collections.abc
import contextlib
import ctypes
import importlib.util
import inspect
import json
import os
import re
import signal
import sys
import types
import typing
from typing import Any

from pyexample.ffi import Handle

WRONG = [None, object(), "", b"", -1, 2**70, [], 1.5]
SECONDS = 5


def bare(annotation: Any) -> Any:
    """A type without its words."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    return annotation


def accepted(annotation: Any) -> list[Any]:
    """Some values that an annotation admits: empty ones, small ones, None."""
    kind = bare(annotation)
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return [value for each in typing.get_args(kind) for value in accepted(each)]
    origin = typing.get_origin(kind)
    if kind is type(None):
        return [None]
    if origin is collections.abc.Callable:
        return [lambda *given: None]
    if origin is collections.abc.Sequence:
        return [[]]
    if isinstance(kind, type):
        if issubclass(kind, Handle):
            return []  # nobody can make one
        if issubclass(kind, (ctypes.Structure, ctypes.Union)):
            return [kind()]
        if issubclass(kind, bool):
            return [False, True]
        for base, values in ((int, [0, 1, -1, 2**31 - 1]), (float, [0.0, float("nan")])):
            if issubclass(kind, base):
                return values
        if kind is str:
            return ["", "x"]
        if kind is bytes:
            return [b"", b"x"]
    return [bytearray(), bytearray(8)] if "Buffer" in str(kind) else [None]


def call_with_everything(function: Any) -> None:
    """Call a function once with each value in each place."""
    annotations = [each.annotation for each in inspect.signature(function).parameters.values()]
    values = [accepted(each) for each in annotations]
    first = [each[0] if each else None for each in values]
    every = [first]
    for place, more in enumerate(values):
        every += [[*first[:place], it, *first[place + 1 :]] for it in [*more[1:], *WRONG]]
    for given in every:
        with contextlib.suppress(BaseException):
            function(*given)


def signal_of(function: Any) -> int:
    """The number of the signal that ends a process that calls a function; 0 for none."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nothing, descriptor)
        call_with_everything(function)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return 0 if number == signal.SIGALRM else number  # such as sqlite3_sleep(2**31 - 1)


def main(file: str, *first: str) -> None:
    """Print what ends by a signal."""
    spec = importlib.util.spec_from_file_location("binding", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["binding"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with open(file, encoding="utf-8") as stream:
        text = stream.read()
    for name in first:
        getattr(module, name)()
    found: list[tuple[str, int, bool]] = []
    for name in module.library.declarations:
        if number := signal_of(getattr(module, name)):
            marked = re.search(rf"^# (guess|open).*\n(#.*\n)*@.*\ndef {name}\(", text, re.M)
            found.append((name, number, marked is not None))
    print(json.dumps({"called": len(module.library.declarations), "ended": found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
