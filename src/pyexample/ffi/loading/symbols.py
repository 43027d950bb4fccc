"""Which library a symbol is from, and what it is, by dladdr(3) and dlinfo(3).

dlsym(3) also searches a library's dependencies: a missing function may be found in the C
library, a namesake. (Windows' GetProcAddress does not.) What is known:

- whether the library has a symbol itself: on systems with ELF; on macOS and in PyPy, if it was
  loaded by path.
- whether it is a variable: with glibc; elsewhere on Linux, if its memory is not executable.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import c_char, c_char_p, c_int, c_uint8, c_void_p
from typing import Any

VARIABLE = "that is a variable"

_RTLD_DL_SYMENT, _RTLD_DI_LINKMAP = 1, 2  # <dlfcn.h>
_STT_OBJECT, _STT_COMMON = 1, 5  # System V gABI, chapter 4, "Symbol Table"

# One API in several files, between which functions move (pthreads(7), glibc 2.34); the kernel
# has some (vdso(7)).
_C_LIBRARY = {"libc", "libm", "libpthread", "libdl", "librt", "libutil", "libanl"}

_HANDLES_ARE_OBJECTS = sys.implementation.name == "pypy"

_Words = c_void_p * 4
"""A Dl_info: dli_fname, dli_fbase, dli_sname, dli_saddr.

Or the start of a link_map: l_addr, l_name, l_ld, l_next.
"""


# Not shared with others, who set argtypes.
_process = ctypes.CDLL(None) if os.name == "posix" else None


def _find(name: str, *argtypes: Any) -> Any:
    function = getattr(_process, name, None)
    if function is not None:
        function.argtypes = argtypes
    return function


_dladdr = _find("dladdr", c_void_p, c_void_p)
_dladdr1 = _find("dladdr1", c_void_p, c_void_p, c_void_p, c_int)
_dlinfo = _find("dlinfo", c_void_p, c_int, c_void_p)


def why_no_function(library: ctypes.CDLL, name: str) -> str | None:
    """Why the symbol ``name`` is no function of ``library``'s own.

    None if it is one, if there is none, or if nothing is known.
    """
    if _dladdr is None:
        return None
    try:
        # As a variable: no function object is made.
        address = ctypes.addressof(c_char.in_dll(library, name))
    except ValueError:
        return None
    info, is_variable = _what_is_at(address)
    if info and _is_foreign(info, library):
        return f"it is {_path(info)} that has it, which the library needs: bind that one"
    return VARIABLE if is_variable else None


def why_no_variable(library: ctypes.CDLL, name: str) -> str | None:
    """Why the symbol ``name`` is no variable of ``library``'s own; None as above."""
    reason = why_no_function(library, name)
    if reason is None:
        can_tell = _dladdr1 is not None or os.path.exists("/proc/self/maps")
        return "that is a function" if _dladdr and can_tell else None
    if reason != VARIABLE:
        return reason
    if _information(ctypes.addressof(c_char.in_dll(library, name))) is None:
        return "it is thread-local: each thread has another one"
    return None


def variable_address(library: ctypes.CDLL, name: str) -> int:
    """Where a variable of ``library`` is.

    A program that is linked against the library may have a copy, which the library then uses as
    well (R_X86_64_COPY and the like in the processors' supplements to the System V ABI).
    Debian's Python has one of ``environ``.
    """
    own = ctypes.addressof(c_char.in_dll(library, name))
    if _dlinfo is None or _HANDLES_ARE_OBJECTS:
        return own
    process: Any = _process
    first = ctypes.addressof(c_char.in_dll(process, name)) if _has(process, name) else own
    info, program = _information(first), _of_library(process)
    is_copy = info is not None and program is not None and info[1] == program[1]
    return first if is_copy else own


def why_not_writable(address: int, size: int) -> str | None:
    """Why memory cannot be written to. None if it can be, or if nothing is known."""
    rights = [*map(_rights, (address, address + size - 1))]
    if all(each is None or b"w" in each for each in rights):
        return None
    return "it is in read-only memory, so C has it as const"


def library_with(address: int) -> ctypes.PyDLL | None:
    """The loaded library with ``address``, called as a PyDLL, or None."""
    info = _information(address)
    return ctypes.PyDLL(_path(info), mode=os.RTLD_NOLOAD) if info else None


def ask_again(path: str) -> str:
    """What dlopen(3) says about ``path``, or ""."""
    dlopen, dlerror = _find("dlopen", c_char_p, c_int), _find("dlerror")
    if dlopen is None or dlerror is None:
        return ""
    dlopen.restype, dlerror.restype = c_void_p, c_char_p
    refused = not dlopen(os.fsencode(path), os.RTLD_NOW)
    return (dlerror() or b"").decode(errors="backslashreplace") if refused else ""


def _information(address: int) -> Any:
    info = _Words()
    # PyPy cannot tell whether a function is true while the checker records.
    return info if _dladdr is not None and _dladdr(address, info) else None


def _path(info: Any) -> str:
    return os.fsdecode(ctypes.string_at(info[0]))


def _what_is_at(address: int) -> tuple[Any, bool]:
    """The file that has an address, or None; and whether a variable is there."""
    if _dladdr1 is None:
        return _information(address), not _is_executable(address)
    info, symbol = _Words(), c_void_p()
    if not _dladdr1(address, info, ctypes.byref(symbol), _RTLD_DL_SYMENT):
        return None, not _is_executable(address)  # e.g. thread-local
    if not symbol.value or info[3] != address:
        return info, False
    # st_info, in an Elf64_Sym or Elf32_Sym; its low half is the type.
    place = symbol.value + (4 if ctypes.sizeof(c_void_p) == 8 else 12)
    kind = c_uint8.from_address(place).value & 0xF
    return info, kind in (_STT_OBJECT, _STT_COMMON)


def _is_foreign(info: Any, library: ctypes.CDLL) -> bool:
    # Asked once, since dladdr(3) searches all symbols. No function of C has such a name.
    own = vars(library).get("its file", library)
    if own is library:
        own = vars(library)["its file"] = _of_library(library)
    if own is None:
        path = library._name
        try:
            return os.path.isabs(path) and not os.path.samefile(_path(info), path)
        except OSError:  # macOS keeps its libraries in a cache
            return os.path.exists(path)
    if own[1] == info[1]:
        return False
    in_kernel = _path(info).startswith("linux-")  # the vDSO
    return not (_is_c_library(own) and (in_kernel or _is_c_library(info)))


def _of_library(library: ctypes.CDLL) -> Any:
    link_map = c_void_p()
    if _dlinfo is None or _HANDLES_ARE_OBJECTS:
        return None
    if _dlinfo(library._handle, _RTLD_DI_LINKMAP, ctypes.byref(link_map)):
        return None
    # By the dynamic section: l_addr need not be where the file begins.
    return _information(_Words.from_address(link_map.value or 0)[2] or 0)


def _is_c_library(info: Any) -> bool:
    folder, name = os.path.split(_path(info))
    libc = _information(ctypes.cast(_dladdr, c_void_p).value or 0)
    return name.partition(".")[0] in _C_LIBRARY and os.path.samefile(
        folder, os.path.dirname(_path(libc))
    )


def _has(library: ctypes.CDLL, name: str) -> bool:
    try:
        c_char.in_dll(library, name)
    except ValueError:
        return False
    return True


def _is_executable(address: int) -> bool:
    """True if unknown."""
    rights = _rights(address)
    return rights is None or b"x" in rights


def _rights(address: int) -> bytes | None:
    """The rights to a byte of memory: see proc(5). None if unknown."""
    try:
        with open("/proc/self/maps", "rb") as lines:
            memories = [line.split(maxsplit=2)[:2] for line in lines]
    except OSError:
        return None
    for memory, rights in memories:
        start, end = (int(each, 16) for each in memory.split(b"-"))
        if start <= address < end:
            return rights
    return None
