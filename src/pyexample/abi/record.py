"""Import modules and write down every ctypes declaration that they make.

This runs in a process of its own, as a script: ``python record.py REQUEST ANSWER``, both
JSON files. Nothing that the modules do, and nothing that is done to ctypes here, reaches
whoever asked. Before the modules are imported,

- ``ctypes._CFuncPtr``, from which every function and every prototype is derived, is
  replaced by a class that keeps what is made of it;
- c_size_t, c_int64 and the other names for "whichever type is so wide here" become types
  of their own, since on another platform they stand for others;
- libraries that are stood in for are not loaded. Calls of their functions do nothing and
  return zero, and their files seem to exist.

A type is written as: null for void, "c_int", ["pointer", type], ["array", type, length],
["struct", index], ["callback", result, [arguments]], ["swapped", "c_int"] for the other
byte order, ["any", name] for a class whose from_param decides at run time, and ["converts",
type] for a ctypes type that has a from_param of its own.
"""

import ctypes
import ctypes.util
import difflib
import enum
import importlib
import importlib.abc
import importlib.util
import inspect
import json
import os
import pathlib
import re
import runpy
import sys
import traceback
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any

ct: Any = ctypes  # whose private parts have no type hints

_KNOWN = """c_bool c_char c_wchar c_byte c_ubyte c_short c_ushort c_int c_uint c_long c_ulong
 c_longlong c_ulonglong c_float c_double c_longdouble c_char_p c_wchar_p c_void_p py_object
 c_float_complex c_double_complex c_longdouble_complex
 c_int8 c_uint8 c_int16 c_uint16 c_int32 c_uint32 c_int64 c_uint64 c_size_t c_ssize_t c_time_t
"""

_NAMES: dict[Any, str] = {}
"""The simple types of ctypes, and how they are called."""


def _keep_types_apart() -> None:
    for name in _KNOWN.split():
        known: Any = getattr(ctypes, name, None)
        if known is not None and known in _NAMES:  # another name for the same type
            body = {"_type_": known._type_, "__module__": "ctypes"}
            known = type(name, (ct._SimpleCData,), body)
            setattr(ctypes, name, known)
        if known is not None:
            _NAMES[known] = name


_DATA: Any = ct._SimpleCData.__mro__[-2]
"""What every ctypes type is derived from."""


def _is(value: Any, *bases: Any) -> bool:
    """Whether a value is a class derived from one of these, whatever it says of itself."""
    if not issubclass(type(value), type):
        return False
    derived_from = type.__dict__["__mro__"].__get__(value)
    return any(each in derived_from for each in bases)


def _is_number(value: Any) -> bool:
    return issubclass(type(value), int)


def _strays(names: Any, known: list[str]) -> list[list[str]]:
    """Names that ctypes does not know, each with the one that is probably meant."""
    found: list[list[str]] = []
    for name in names:
        if not isinstance(name, str) or name in known or name.startswith("__"):
            continue
        plain = {each.strip("_"): each for each in known}
        meant = difflib.get_close_matches(
            name.lower().replace("_", ""), list(plain), n=1, cutoff=0.75
        )
        if meant:
            found.append([name, plain[meant[0]]])
    return found


def _plain(cls: type) -> list[str]:
    """The attributes of a class that are data: no fields, methods, properties or classes."""
    attributes: dict[str, object] = dict(vars(cls))
    return [
        name
        for name, value in attributes.items()
        if not (hasattr(type(value), "__get__") or isinstance(value, type))
    ]


class _StandIns:
    """The libraries that are not to be loaded."""

    def __init__(self, names: list[str]) -> None:
        self.pattern = re.compile(
            rf"(lib|cyg)?({'|'.join(map(re.escape, names)) or '(?!)'})"
            r"(-\d+)?(\.(so|dylib|dll|[\d.]+))*"
        )

    def has(self, path: Any) -> bool:
        try:
            name = os.path.basename(os.fsdecode(path))
        except TypeError:  # None, or the number of an open file
            return False
        return self.pattern.fullmatch(name) is not None

    def exists(self, real: Any) -> Any:
        """A function like os.path.exists, for which their files exist."""

        def exists(path: Any, *rest: Any, **keywords: Any) -> Any:
            return True if self.has(path) else real(path, *rest, **keywords)

        return exists


class _Anything(ModuleType):
    """Stands in for a module that is not there, and for all that could be in it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, key: Any) -> Any:
        return type(self)(f"{self.__name__}.{key}")

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        # A decorator leaves what it decorates as it is.
        decorates = len(arguments) == 1 and not keywords and callable(arguments[0])
        return arguments[0] if decorates else self

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return ()  # whatever is derived from it is derived from object

    def __instancecheck__(self, other: Any) -> bool:
        return False

    __subclasscheck__ = __instancecheck__

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def __int__(self) -> int:
        return 0

    __len__ = __index__ = __int__

    def __or__(self, other: Any) -> Any:  # as in an annotation
        return self

    __ror__ = __or__


class _ModuleStandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules that are to be done without, before any that is there."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        is_one = any(f"{fullname}.".startswith(f"{name}.") for name in self.names)
        return ModuleSpec(fullname, self, is_package=True) if is_one else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Anything(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Recorder:
    def __init__(self, stand_ins: _StandIns) -> None:
        self.stand_ins = stand_ins
        self.libraries: set[str] = set()
        self.functions: list[tuple[str, str, Any, str, int]] = []

    def install(self) -> None:
        stand_ins, functions, libraries = self.stand_ins, self.functions, self.libraries
        base: Any = ct._CFuncPtr

        class Function(base):  # type: ignore[misc]
            """A C function, or a callback."""

            _flags_ = 1  # FUNCFLAG_CDECL; each derived class has its own
            _does_nothing = False
            _is_result_set = False

            @property
            def restype(self) -> Any:
                return base.restype.__get__(self)

            @restype.setter
            def restype(self, value: Any) -> None:
                base.restype.__set__(self, value)
                self._is_result_set = True

            @restype.deleter
            def restype(self) -> None:
                base.restype.__delete__(self)
                self._is_result_set = False

            def __new__(cls, *arguments: Any) -> Any:
                if not (arguments and _is(type(arguments[0]), tuple)):
                    return base.__new__(cls, *arguments)
                name, library = arguments[0]
                stands_in = stand_ins.has(library._name)
                # Where C itself calls it, it calls something that exists.
                self = base.__new__(cls, *((_nothing_address,) if stands_in else arguments))
                self._does_nothing = stands_in
                text = name.decode() if isinstance(name, bytes) else str(name)
                where = _declared_at(inspect.currentframe())
                functions.append((text, str(library._name), self, *where))
                return self

            def __init__(self, *arguments: Any) -> None:
                pass

            def __call__(self, *arguments: Any, **keywords: Any) -> Any:
                if not self._does_nothing:
                    return base.__call__(self, *arguments, **keywords)
                return _zero(self.restype)

        load: Any = ct._dlopen
        initialise: Any = ct.CDLL.__init__
        import _ctypes

        any_library = getattr(_ctypes, "__file__", None)
        _nothing_address = ct.cast(_do_nothing, ct.c_void_p).value

        def open_library(name: Any, *rest: Any) -> Any:
            # Any library does: no function is ever looked up in it.
            return load(any_library if stand_ins.has(name) else name, *rest)

        def initialise_library(self: Any, name: Any, *rest: Any, **keywords: Any) -> None:
            initialise(self, name, *rest, **keywords)
            libraries.add(str(self._name))
            if stand_ins.has(name):
                self.is_stand_in = True

        ct._CFuncPtr = Function
        ct._dlopen = open_library
        ct.CDLL.__init__ = initialise_library
        for cache in ("_c_functype_cache", "_win_functype_cache"):
            getattr(ct, cache, {}).clear()
        self._pretend_that_files_exist()

    def _pretend_that_files_exist(self) -> None:
        stand_ins = self.stand_ins
        for owner, name in (
            (os.path, "exists"),
            (os.path, "isfile"),
            (pathlib.Path, "exists"),
            (pathlib.Path, "is_file"),
        ):
            setattr(owner, name, stand_ins.exists(getattr(owner, name)))
        find = ctypes.util.find_library
        ctypes.util.find_library = lambda name: name if stand_ins.has(name) else find(name)


_do_nothing = ct.CFUNCTYPE(ct.c_void_p)(lambda: None)


def _zero(restype: Any) -> Any:
    """What a function that returns a zeroed ``restype`` gives."""
    if not _is(restype, object):
        return 0 if restype is not None else None
    if _is(restype, ct._Pointer):
        return restype(restype._type_())
    if _is(restype, ct.c_char_p):
        return b""
    if _is(restype, ct.c_wchar_p):
        return ""
    if _is(restype, ct.c_void_p):
        return ct.addressof(_ZEROES)
    if _is(restype, ct.py_object):
        return None
    if ct._SimpleCData in restype.__bases__:
        return restype().value
    return restype()


_ZEROES = (ct.c_char * 65536)()


def _declared_at(frame: FrameType | None) -> tuple[str, int]:
    """The file and line of the innermost module whose code has led here.

    Of a program that is run, that is its own code only; elsewhere it is the function's.
    """
    while frame is not None and frame.f_code.co_filename in (ct.__file__, __file__):
        frame = frame.f_back
    here = frame
    while frame is not None:
        file = frame.f_code.co_filename
        if frame.f_code.co_name == "<module>" and file != __file__:
            if frame.f_globals.get("__name__") == "__main__" and here is not frame:
                break
            return file, frame.f_lineno
        frame = frame.f_back
    return (here.f_code.co_filename, here.f_lineno) if here else ("", 0)


class _Writer:
    """Turns types into what JSON can hold."""

    def __init__(self) -> None:
        self.structs: list[dict[str, Any]] = []
        self.faults: list[str] = []
        self._indices: dict[type, int] = {}
        self._lines: dict[str, dict[str, int]] = {}

    def write(self, ctype: Any) -> Any:
        if ctype is None:
            return None
        if not _is(ctype, _DATA):
            return ["any", _name_of(ctype)]
        if _is(ctype, ct.Structure, ct.Union):
            return ["struct", self.struct(ctype)]
        if _is(ctype, ct._Pointer):
            return ["pointer", self.write(ctype._type_)]
        if _is(ctype, ct.Array):
            return ["array", self.write(ctype._type_), ctype._length_]
        if hasattr(ctype, "_flags_") and hasattr(ctype, "_argtypes_"):
            arguments = [self.write(each) for each in ctype._argtypes_]
            return ["callback", self.write(getattr(ctype, "_restype_", None)), arguments]
        for each in ctype.__mro__:
            if each in _NAMES:
                return _NAMES[each]
        for order in ("__ctype_be__", "__ctype_le__"):
            if (other := getattr(ctype, order, ctype)) is not ctype:
                return ["swapped", self.write(other)]
        if _is(ctype, ct._SimpleCData):
            return {"v": "c_short", "l": "c_long"}.get(ctype._type_, ["any", _name_of(ctype)])
        return ["any", _name_of(ctype)]

    def write_argument(self, ctype: Any) -> Any:
        """The type of an argument: only for these does ctypes call from_param."""
        written = self.write(ctype)
        converts = _is(ctype, _DATA) and any(
            "from_param" in vars(each) for each in _made_here(ctype)
        )
        return ["converts", written] if converts else written

    def fault(self, name: str, error: Exception) -> None:
        """Note what could not be written: it is told, and the others are."""
        told = f"{type(error).__name__}: {error}".removesuffix(": ")
        self.faults.append(f"{name}: {' '.join(told.split())}")

    def struct(self, cls: Any) -> int:
        if cls in self._indices:
            return self._indices[cls]
        index = self._indices[cls] = len(self.structs)
        # Before its fields, which may point to it. Like this it stays where they fail.
        entry: dict[str, Any] = {
            "name": cls.__name__, "file": "", "line": 0, "union": False, "pack": 0, "align": 0,
            "size": 0, "alignment": 1, "complete": False, "strays": [], "anonymous": [],
            "fields": [],
        }  # fmt: skip
        self.structs.append(entry)
        try:
            self._fill(entry, cls)
        except Exception as error:
            self.fault(cls.__name__, error)
        return index

    def _fill(self, entry: dict[str, Any], cls: Any) -> None:
        fields = [
            (owner, field)
            for owner in reversed(cls.__mro__)
            for field in owner.__dict__.get("_fields_", ())
        ]
        file, lines = self.lines(cls.__module__)
        entry.update(
            name=cls.__name__,
            file=file,
            line=lines.get(cls.__name__, 0),
            union=issubclass(cls, ct.Union),
            pack=getattr(cls, "_pack_", 0),
            align=getattr(cls, "_align_", 0),
            size=ct.sizeof(cls),
            alignment=ct.alignment(cls),
            # ctypesgen writes a field of that name where it knows of none.
            complete=[name for _, (name, *_) in fields] not in ([], ["_opaque_struct"]),
            strays=_strays(_plain(cls), ["_fields_", "_pack_", "_anonymous_", "_align_"]),
            anonymous=[
                name for owner in cls.__mro__ for name in owner.__dict__.get("_anonymous_", ())
            ],
            fields=[self._field(owner, *field) for owner, field in fields],
        )

    def _field(self, owner: Any, name: str, ctype: Any, *bits: int) -> dict[str, Any]:
        return {
            "name": name,
            "type": self.write(ctype),
            "bits": bits[0] if bits else 0,
            "mask": str(_mask(owner, name)) if bits else "",
            "offset": getattr(owner, name).offset,
            "size": ct.sizeof(ctype),
            "alignment": ct.alignment(ctype),
        }

    def lines(self, module: str) -> tuple[str, dict[str, int]]:
        """A module's file, and the lines where its classes and constants begin."""
        file = getattr(sys.modules.get(module), "__file__", None) or ""
        if file not in self._lines:
            found = self._lines[file] = {}
            try:
                with open(file, encoding="utf-8") as stream:
                    for number, line in enumerate(stream, 1):
                        if match := _BEGINNING.match(line):
                            found.setdefault(match[1] or match[2], number)
            except (OSError, UnicodeDecodeError):
                pass
        return file, self._lines[file]


_BEGINNING = re.compile(r"\s*(?:class\s+(\w+)|(\w+)\s*(?::[^=]+)?=)")


def _name_of(value: Any) -> str:
    """The name of a class, or of the class of anything else."""
    if not _is(value, object):
        return type(value).__name__
    return str(type.__dict__["__name__"].__get__(value))


def _made_here(ctype: Any) -> list[type]:
    """The classes that a ctypes type is derived from, those of ctypes itself left out."""
    return [
        each
        for each in ctype.__mro__
        if each not in _NAMES and each.__module__ not in ("ctypes", "_ctypes", "builtins")
    ]


def _mask(owner: Any, name: str) -> int:
    """The bits of a bit-field, as ctypes sets them; the first byte has the lowest ones."""
    it = ct.Structure.__new__(owner) if issubclass(owner, ct.Structure) else owner()
    getattr(owner, name).__set__(it, -1)
    return int.from_bytes(bytes(it), "little")


def _functions(recorder: _Recorder, writer: _Writer) -> list[dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = {}
    declared = {name for name, _, function, *_ in recorder.functions if _is_declared(function)}
    for name, library, function, file, line in recorder.functions:
        if name in declared and not _is_declared(function):
            continue  # looked up once more, for another purpose
        try:
            entry = _function(function, writer)
        except Exception as error:
            writer.fault(name, error)
            continue
        entry.update(name=name, library=library, file=file, line=line)
        # A declaration may have an object for each way to call it.
        entries.setdefault(json.dumps(entry, sort_keys=True), entry)
    return [*entries.values()]


def _function(function: Any, writer: _Writer) -> dict[str, Any]:
    argtypes = function.argtypes
    types: Any = None
    if argtypes is not None:
        types = [writer.write_argument(each) for each in argtypes]
    # Of a declared function, which of its arguments C reads from ("in") and which it
    # writes to ("out"): two declarations of one function may differ in that.
    marks = getattr(function, "directions", [])
    if types and len(marks) == len(types):
        types = list(map(_marked, marks, types))
    # PyPy keeps its own notes there, such as _argtypes_.
    names: list[str] = list(function.__dict__)
    attributes = [name for name in names if not name.startswith("_")]
    return {
        "result": writer.write(_result(function)),
        "result_is_set": _has_restype(function),
        "arguments": types,
        "strays": _strays(attributes, ["argtypes", "restype", "errcheck"]),
        "handles": _handles(function),
        "owns_handles": "handles" in vars(function),
        "loaded": "" if function._does_nothing else _file_of(function),
    }


def _handles(function: Any) -> list[str]:
    """The classes of handles of the arguments and, behind them, of the result; "" of others."""
    if "handles" in vars(function):
        return list(function.handles)
    return [_handle(each) for each in (*(function.argtypes or ()), function.restype)]


def _handle(ctype: Any) -> str:
    """The name of a class that is derived from c_void_p; of a pointer, of what it points to."""
    while _is(ctype, ct._Pointer):
        ctype = ctype._type_
    return _name_of(ctype) if _is(ctype, ct.c_void_p) and ctype not in _NAMES else ""


_SymbolInfo = ct.c_void_p * 4
"""A Dl_info of <dlfcn.h>: dli_fname, dli_fbase, dli_sname, dli_saddr."""

_dladdr = getattr(ct.CDLL(None), "dladdr", None) if os.name == "posix" else None


def _file_of(function: Any) -> str:
    """The library that a function was found in; "" where the system does not tell."""
    if _dladdr is None:
        return ""
    info = _SymbolInfo()
    found = _dladdr(ct.c_void_p(ct.cast(function, ct.c_void_p).value), ct.byref(info))
    return os.path.realpath(os.fsdecode(ct.string_at(info[0]))) if found else ""


def _marked(mark: str, ctype: Any) -> Any:
    """POINTER(T) as In(T) or Out(T), c_void_p as that of None."""
    if not mark:
        return ctype
    return [mark, None if isinstance(ctype, str) else ctype[1]]


def _is_declared(function: Any) -> bool:
    return function.argtypes is not None or _has_restype(function)


def _has_restype(function: Any) -> bool:
    """Whether the result is declared: by restype, or by the prototype that it is made from."""
    return function._is_result_set or hasattr(function.__class__, "_argtypes_")


def _result(function: Any) -> Any:
    """The result type; anything else that can be called is given an int (see ctypes)."""
    restype = function.restype
    return restype if restype is None or _is(restype, _DATA) else ct.c_int


def _constants(modules: list[ModuleType], writer: _Writer) -> list[dict[str, Any]]:
    entries: dict[tuple[str, int], dict[str, Any]] = {}
    for module in modules:
        file, lines = writer.lines(module.__name__)
        for name, value in list(vars(module).items()):
            try:
                for entry in _constants_in(module, name, value, file, lines):
                    known = entries.setdefault((entry["name"], entry["value"]), entry)
                    # A module that takes it over from another one has no line for it.
                    if entry["line"] and not known["line"]:
                        known.update(entry)
            except Exception as error:
                writer.fault(name, error)
    return [*entries.values()]


def _constants_in(
    module: ModuleType, name: str, value: Any, file: str, lines: dict[str, int]
) -> Iterator[dict[str, Any]]:
    if _is_number(value) and not name.startswith("__"):
        yield _constant(name, [name], value, file, lines.get(name, 0))
    elif _is(value, enum.Enum) and value.__module__ == module.__name__:
        for member, item in value.__members__.items():
            if _is_number(item.value):
                names = [member, f"{name}_{member}", f"{name}_{member}".upper()]
                line = lines.get(member, lines.get(name, 0))
                yield _constant(f"{name}.{member}", names, item.value, file, line)


def _constant(name: str, names: list[str], value: int, file: str, line: int) -> dict[str, Any]:
    number = int.__index__(value)
    return {"name": name, "names": names, "value": number, "file": file, "line": line}


def _structs(modules: list[ModuleType], writer: _Writer) -> None:
    bases = (ct.Structure, ct.Union)
    names = {module.__name__ for module in modules}
    for module in modules:
        for value in list(vars(module).values()):
            if (
                _is(value, *bases)
                and value.__module__ in names
                # Python's own: what it passes in its place is in _as_parameter_.
                and not hasattr(value, "_as_parameter_")
            ):
                writer.struct(value)


def _import(names: list[str]) -> list[ModuleType]:
    """Import modules, and get what is behind a colon: "package.module:attribute".

    Where that can be called it is, since declarations may be made by it.
    """
    wanted: list[str] = []
    for name in names:
        module, attributes = _split(name)
        imported: Any = _load(module) if module.endswith(".py") else _named(module)
        wanted.append(imported.__name__)
        for part in attributes.split(".") if attributes else ():
            imported = getattr(imported, part)
        if attributes and callable(imported):
            imported()
    return [
        module
        for name, module in list(sys.modules.items())
        if type(module) is ModuleType
        and (name in wanted or name.startswith(tuple(f"{each}." for each in wanted)))
    ]


def _split(name: str) -> tuple[str, str]:
    """A module or file, and the attribute behind the colon; Windows' drives have one too."""
    drive, rest = os.path.splitdrive(name)
    module, _, attributes = rest.partition(":")
    return drive + module, attributes


def _named(name: str) -> ModuleType:
    """Import a module by name, unless it is not the one that the current folder has."""
    module = importlib.import_module(name)
    came = getattr(module, "__file__", None)
    parts = name.split(".")
    for here in (os.path.join(*parts) + ".py", os.path.join(*parts, "__init__.py")):
        if os.path.exists(here) and not (came and os.path.samefile(came, here)):
            origin = came or "Python itself, which has it built in"
            raise ImportError(
                f"{name} comes from {origin}, and not from the file {here} that is here:"
                " name that file, or go elsewhere"
            )
    return module


def _load(file: str) -> ModuleType:
    """Import a file from its place, so that the ``__init__`` of its package is not run.

    A name that another module has, one of Python's own for instance, is left to that one.
    """
    file = os.path.abspath(file)
    folder, base = os.path.split(file)
    name = base[: -len(".py")]
    parts: list[str] = [] if name == "__init__" else [name]
    folders: list[str] = []
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folders.insert(0, folder)
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    while _is_taken(parts[0], folders[0] if folders else file):
        parts[0] += "_"
    for depth, path in enumerate(folders, 1):
        package_name = ".".join(parts[:depth])
        if package_name not in sys.modules:
            empty = ModuleType(package_name)
            empty.__path__ = [path]
            sys.modules[package_name] = empty
    whole = ".".join(parts)
    if whole in sys.modules and getattr(sys.modules[whole], "__file__", "") == file:
        return sys.modules[whole]  # another one has imported it
    within = [os.path.dirname(file)] if name == "__init__" else None
    spec = importlib.util.spec_from_file_location(
        whole, file, submodule_search_locations=within
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[whole] = module
    spec.loader.exec_module(module)
    return module


def _is_taken(name: str, path: str) -> bool:
    """Whether a name is another module's than the one at a path."""
    module = sys.modules.get(name)
    if module is None:
        return name in sys.builtin_module_names or name in sys.stdlib_module_names
    places = [*getattr(module, "__path__", ()), getattr(module, "__file__", None)]
    return path not in places


def _run(words: Sequence[str]) -> int:
    """Run a script, or a module behind "-m", as Python would. Returns its exit status."""
    try:
        if words[0] == "-m":
            sys.argv = list(words[1:])
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = list(words)
            sys.path.insert(0, os.path.dirname(os.path.abspath(words[0])))
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
        return code if isinstance(code, int) else int(code is not None)
    except Exception as error:
        sys.stderr.write(_told(error))
        return 1
    return 0


def _told(error: BaseException) -> str:
    """The traceback of an error, without what is here and in Python's import system."""
    told = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()
    waiting: list[Any] = [told]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        kept = [frame for frame in each.stack if not _is_ours(frame.filename)]
        each.stack = traceback.StackSummary.from_list(kept)
        waiting += [each.__cause__, each.__context__]
    lines = list(told.format())
    if not told.stack and len(seen) == 1:
        lines = [line for line in lines if not line.startswith("Traceback ")]
    return "".join(lines)


def _is_ours(file: str) -> bool:
    return file in (__file__, runpy.__file__, importlib.__file__) or file.startswith(
        ("<frozen importlib", "<frozen runpy")
    )


def main(request_file: str, answer_file: str) -> None:
    """Do what the request says, which ``model.record`` writes."""
    with open(request_file, encoding="utf-8") as stream:
        request = json.load(stream)
    sys.path[:] = request["path"]
    _keep_types_apart()
    recorder = _Recorder(_StandIns(request["without_library"]))
    recorder.install()
    sys.meta_path.insert(0, _ModuleStandIns(request["without_module"]))
    writer = _Writer()
    answer: dict[str, Any] = {"error": "", "status": 0}
    try:
        if request["run"]:
            answer["status"] = _run(request["run"])
        modules = _import(request["modules"])
    except BaseException as error:  # whatever a module does, SystemExit included
        answer["error"] = _told(error)
    else:
        answer["functions"] = _functions(recorder, writer)
        _structs(modules, writer)
        answer["constants"] = _constants(modules, writer)
        answer["structs"] = writer.structs
        answer["libraries"] = sorted(recorder.libraries)
        answer["files"] = [each.__file__ for each in modules if getattr(each, "__file__", "")]
        answer["faults"] = writer.faults
    with open(answer_file, "w", encoding="utf-8") as stream:
        json.dump(answer, stream)
    sys.stdout.flush()
    os._exit(0)  # libraries that were really loaded need not clean up


if __name__ == "__main__":
    main(*sys.argv[1:])
