"""Record each function that is looked up in a library, or in a stand-in for one."""

import ctypes
import ctypes.util
import inspect
import os
import pathlib
from types import FrameType
from typing import Any

from .ctypes_types import ct, is_class
from .guards import may_be_missing
from .stand_ins import StandIns


class Recorder:
    """Records the functions that are looked up, and the names of the libraries."""

    def __init__(self, stand_ins: StandIns) -> None:
        self.stand_ins = stand_ins
        self.libraries: set[str] = set()
        self.functions: list[tuple[str, str, Any, str, int, bool]] = []

    def install(self) -> None:
        """Change ctypes so that each is recorded from now on."""
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
                if not (arguments and is_class(type(arguments[0]), tuple)):
                    return base.__new__(cls, *arguments)
                name, library = arguments[0]
                stands_in = stand_ins.has(library._name)
                # C itself may call it, so it needs an address that can be called.
                self = base.__new__(cls, *((_nothing_address,) if stands_in else arguments))
                self._does_nothing = stands_in
                text = name.decode() if isinstance(name, bytes) else str(name)
                frame = _caller(inspect.currentframe())
                where = _declared_at(frame)
                functions.append(
                    (text, str(library._name), self, *where, may_be_missing(frame))
                )
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
            # Any library will do: no function is ever looked up in it.
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
    """The Python value of a zeroed ``restype``."""
    if not is_class(restype, object):
        return 0 if restype is not None else None
    if is_class(restype, ct._Pointer):
        return restype(restype._type_())
    if is_class(restype, ct.c_char_p):
        return b""
    if is_class(restype, ct.c_wchar_p):
        return ""
    if is_class(restype, ct.c_void_p):
        return ct.addressof(_ZEROES)
    if is_class(restype, ct.py_object):
        return None
    if ct._SimpleCData in restype.__bases__:
        return restype().value
    return restype()


_ZEROES = (ct.c_char * 65536)()


def _caller(frame: FrameType | None) -> FrameType | None:
    """The frame that looks something up, outside of ctypes and this file."""
    while frame is not None and frame.f_code.co_filename in (ct.__file__, __file__):
        frame = frame.f_back
    return frame


def _declared_at(frame: FrameType | None) -> tuple[str, int]:
    """The file and line of the innermost module-level code that has led here.

    In a program that is run, only its own module counts; otherwise it is the function's line.
    """
    here = frame
    while frame is not None:
        file = frame.f_code.co_filename
        if frame.f_code.co_name == "<module>" and file != "<string>":
            if frame.f_globals.get("__name__") == "__main__" and here is not frame:
                break
            return file, frame.f_lineno
        frame = frame.f_back
    return (here.f_code.co_filename, here.f_lineno) if here else ("", 0)
