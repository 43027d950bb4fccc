"""Convert functions, constants and structs for JSON."""

import enum
import json
import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .ctypes_types import DATA, NAMES, ct, is_class, is_number, name_of, strays
from .lookups import Recorder
from .writer import Writer


def functions_of(recorder: Recorder, writer: Writer) -> list[dict[str, Any]]:
    """The functions that were looked up; of several with a name, the declared ones."""
    entries: dict[str, dict[str, Any]] = {}
    declared = {name for name, _, function, *_ in recorder.functions if _is_declared(function)}
    for name, library, function, file, line, is_optional in recorder.functions:
        if name in declared and not _is_declared(function):
            continue  # looked up again without a declaration
        try:
            entry = _function(function, writer)
        except Exception as error:
            writer.fault(name, error)
            continue
        entry.update(name=name, library=library, file=file, line=line)
        # A declaration may have several function objects, one for each way to call it.
        known = entries.setdefault(_key(entry), entry)
        # pyexample.ffi's say so themselves.
        is_optional = function.__dict__.get("is_optional", is_optional)
        known["is_optional"] = known.get("is_optional", True) and is_optional
    return [*entries.values()]


def _key(entry: dict[str, Any]) -> str:
    """Equal for the same declaration. pyexample.ffi may let ctypes return another type."""
    return json.dumps(
        {**entry, "result": entry["is_worded"] or entry["result"]}, sort_keys=True
    )


def _function(function: Any, writer: Writer) -> dict[str, Any]:
    argtypes = function.argtypes
    types: Any = None
    if argtypes is not None:
        types = [writer.write_argument(each) for each in argtypes]
    words = _words(function)
    if types and len(words) == len(types) + 1:
        types = list(map(_marked, words, types))
    # PyPy has attributes of its own there, such as _argtypes_.
    names: list[str] = list(function.__dict__)
    attributes = [name for name in names if not name.startswith("_")]
    return {
        "result": writer.write(_result(function)),
        "result_is_set": _has_restype(function),
        "arguments": types,
        "strays": strays(attributes, ["argtypes", "restype", "errcheck"]),
        "words": words,
        "is_worded": "words" in vars(function),
        "loaded": "" if function._does_nothing else _file_of(function),
    }


def _words(function: Any) -> list[dict[str, Any]]:
    """What is said about the arguments and, at the end, the result: see Words in the model.

    pyexample.ffi says it. Elsewhere, a class derived from c_void_p stands for a handle.
    """
    if "words" not in vars(function):
        types = (*(function.argtypes or ()), function.restype)
        return [{"handle": _handle(each)} for each in types]
    return [_said(each) for each in function.words]


def _said(words: dict[str, Any]) -> dict[str, Any]:
    """For JSON: the names of a handle's classes, and what is said within a callback."""
    within = [_said(each) for each in words.get("callback", ())]
    return {**words, "handle": _own_classes(words.get("handle")), "callback": within}


def _handle(ctype: Any) -> list[str]:
    """The name of a class derived from c_void_p, or of the target of a pointer to one."""
    while is_class(ctype, ct._Pointer):
        ctype = ctype._type_
    return [name_of(ctype)] if is_class(ctype, ct.c_void_p) and ctype not in NAMES else []


def _own_classes(handle: Any) -> list[str]:
    """The names of a Handle class and of those, without Handle, that it is derived from."""
    classes = handle.__mro__ if is_class(handle, object) else ()
    names = [name_of(each) for each in classes]
    return names[: names.index("Handle")] if "Handle" in names else []


_SymbolInfo = ct.c_void_p * 4
"""A Dl_info of <dlfcn.h>: dli_fname, dli_fbase, dli_sname, dli_saddr."""

_dladdr = getattr(ct.CDLL(None), "dladdr", None) if os.name == "posix" else None


def _file_of(function: Any) -> str:
    """The library that has a function; "" if the system does not tell."""
    if _dladdr is None:
        return ""
    info = _SymbolInfo()
    found = _dladdr(ct.c_void_p(ct.cast(function, ct.c_void_p).value), ct.byref(info))
    return os.path.realpath(os.fsdecode(ct.string_at(info[0]))) if found else ""


def _marked(words: dict[str, Any], ctype: Any) -> Any:
    """Convert POINTER(T) to In(T) or Out(T), and c_void_p to that of None."""
    direction = words.get("direction")
    if not direction:
        return ctype
    return [direction, None if isinstance(ctype, str) else ctype[1]]


def _is_declared(function: Any) -> bool:
    return function.argtypes is not None or _has_restype(function)


def _has_restype(function: Any) -> bool:
    """Whether the result is declared, by restype or by the function's prototype."""
    return function._is_result_set or hasattr(function.__class__, "_argtypes_")


def _result(function: Any) -> Any:
    """The result type. ctypes calls any other callable with an int, so that stands for it."""
    restype = function.restype
    return restype if restype is None or is_class(restype, DATA) else ct.c_int


def constants_of(modules: list[ModuleType], writer: Writer) -> list[dict[str, Any]]:
    """The integers in modules, and the members of their enums."""
    entries: dict[tuple[str, int], dict[str, Any]] = {}
    for module in modules:
        file, lines = writer.lines(module.__name__)
        for name, value in list(vars(module).items()):
            try:
                for entry in _constants_in(module, name, value, file, lines):
                    known = entries.setdefault((entry["name"], entry["value"]), entry)
                    # A module that imports it from another one has no line for it.
                    if entry["line"] and not known["line"]:
                        known.update(entry)
            except Exception as error:
                writer.fault(name, error)
    return [*entries.values()]


def _constants_in(
    module: ModuleType, name: str, value: Any, file: str, lines: dict[str, int]
) -> Iterator[dict[str, Any]]:
    if is_number(value) and not name.startswith("__"):
        yield _constant(name, [name], value, file, lines.get(name, 0))
    elif is_class(value, enum.Enum) and value.__module__ == module.__name__:
        for member, item in value.__members__.items():
            if is_number(item.value):
                names = [member, f"{name}_{member}", f"{name}_{member}".upper()]
                line = lines.get(member, lines.get(name, 0))
                yield _constant(f"{name}.{member}", names, item.value, file, line)


def _constant(name: str, names: list[str], value: int, file: str, line: int) -> dict[str, Any]:
    number = int.__index__(value)
    return {"name": name, "names": names, "value": number, "file": file, "line": line}


def variables_of(modules: list[ModuleType], writer: Writer) -> list[dict[str, Any]]:
    """The global variables of C that pyexample.ffi declares in modules."""
    entries: dict[str, dict[str, Any]] = {}
    for module in modules:
        for value in list(vars(module).values()):
            if type(value).__name__ == "Variable" and hasattr(value, "c_variable"):
                name, ctype, is_writable, (file, line) = value.c_variable
                entry = {"name": name, "type": writer.write(ctype), "is_writable": is_writable}
                entry.update(file=file, line=line)
                entries.setdefault(json.dumps(entry, sort_keys=True), entry)
    return [*entries.values()]


def write_structs(modules: list[ModuleType], writer: Writer) -> None:
    """Convert the Structures in modules, even if no function uses them."""
    bases = (ct.Structure, ct.Union)
    names = {module.__name__ for module in modules}
    for module in modules:
        for value in list(vars(module).values()):
            if (
                is_class(value, *bases)
                and value.__module__ in names
                # Python's own: it passes its _as_parameter_ instead.
                and not hasattr(value, "_as_parameter_")
            ):
                writer.struct(value)
