"""Where a symbol is from, and what it is, as dladdr(3) and dlinfo(3) tell.

dlsym(3) looks through the libraries that a library needs as well, so that what it lacks may
be found in the C library: a namesake, which does something else. Windows' GetProcAddress
does not do that. Nothing is said where the system does not tell:

- whether the library has a symbol itself: told on the systems with ELF for every library; on
  macOS, and in PyPy, for one that was loaded by its path. One of macOS' own is loaded by a
  name that stands for many files.
- whether it is a variable: told by glibc; elsewhere on Linux, where it is in memory that
  cannot be executed.
"""

import ctypes
import os
import sys
from ctypes import c_char, c_char_p, c_int, c_uint8, c_void_p
from typing import Any

VARIABLE = "that is a variable"
"""Why a symbol is no function: there is one of that name, but it is none."""

_RTLD_DL_SYMENT, _RTLD_DI_LINKMAP = 1, 2  # <dlfcn.h>
_STT_OBJECT, _STT_COMMON = 1, 5  # System V gABI, chapter 4, "Symbol Table"

# One API in several files, between which functions have moved (pthreads(7) and the release
# notes of glibc 2.34), and some of which the kernel has (vdso(7)).
_C_LIBRARY = {"libc", "libm", "libpthread", "libdl", "librt", "libutil", "libanl"}

_HANDLES_ARE_OBJECTS = sys.implementation.name == "pypy"

_Words = c_void_p * 4
"""A Dl_info: dli_fname, dli_fbase, dli_sname, dli_saddr.

Or the beginning of a link_map: l_addr, l_name, l_ld, l_next.
"""


# A library object of our own, whose functions nobody else gives other argtypes.
_process = ctypes.CDLL(None) if os.name == "posix" else None


def _find(name: str, *argtypes: Any) -> Any:
    """A function of the C library, or None."""
    function = getattr(_process, name, None)
    if function is not None:
        function.argtypes = argtypes
    return function


_dladdr = _find("dladdr", c_void_p, c_void_p)
_dladdr1 = _find("dladdr1", c_void_p, c_void_p, c_void_p, c_int)
_dlinfo = _find("dlinfo", c_void_p, c_int, c_void_p)


def why_no_function(library: ctypes.CDLL, name: str) -> str | None:
    """Why the symbol ``name`` of ``library`` is no function of its own, as far as is known.

    None where it is one, where it is not told, and where there is no such symbol.
    """
    if _dladdr is None:
        return None
    try:
        # As if it were a variable: no function object is made for it.
        address = ctypes.addressof(c_char.in_dll(library, name))
    except ValueError:
        return None
    info = _information(address)
    if info and _is_foreign(info, library):
        return f"it is {_path(info)} that has it, which the library needs: bind that one"
    return VARIABLE if _is_variable(address) else None


def library_with(address: int) -> ctypes.PyDLL | None:
    """The loaded library in which ``address`` is, called as Python's own is; None: unknown."""
    info = _information(address)
    return ctypes.PyDLL(_path(info), mode=os.RTLD_NOLOAD) if info else None


def ask_again(path: str) -> str:
    """What dlopen(3) says against loading ``path``; "" where it says nothing."""
    dlopen, dlerror = _find("dlopen", c_char_p, c_int), _find("dlerror")
    if dlopen is None or dlerror is None:
        return ""
    dlopen.restype, dlerror.restype = c_void_p, c_char_p
    refused = not dlopen(os.fsencode(path), os.RTLD_NOW)
    return (dlerror() or b"").decode(errors="backslashreplace") if refused else ""


def _information(address: int) -> Any:
    """What dladdr says of ``address``, or None."""
    info = _Words()
    return info if _dladdr and _dladdr(address, info) else None


def _path(info: Any) -> str:
    return os.fsdecode(ctypes.string_at(info[0]))


def _is_foreign(info: Any, library: ctypes.CDLL) -> bool:
    """Whether what is in the file of ``info`` is not the library's own."""
    own = _of_library(library)
    if own is None:
        path = library._name
        try:
            return os.path.isabs(path) and not os.path.samefile(_path(info), path)
        except OSError:  # macOS has its own libraries in one cache, not in files
            return os.path.exists(path)
    if own[1] == info[1]:
        return False
    in_kernel = _path(info).startswith("linux-")  # the name of the vDSO
    return not (_is_c_library(own) and (in_kernel or _is_c_library(info)))


def _of_library(library: ctypes.CDLL) -> Any:
    """What dladdr says of the library itself, or None."""
    link_map = c_void_p()
    if _dlinfo is None or _HANDLES_ARE_OBJECTS:
        return None
    if _dlinfo(library._handle, _RTLD_DI_LINKMAP, ctypes.byref(link_map)):
        return None
    # Where its dynamic section is: l_addr need not be where the file begins.
    return _information(_Words.from_address(link_map.value or 0)[2] or 0)


def _is_c_library(info: Any) -> bool:
    """Whether it is one of the files of the system's C library, in the folder of the others."""
    folder, name = os.path.split(_path(info))
    libc = _information(ctypes.cast(_dladdr, c_void_p).value or 0)
    return name.partition(".")[0] in _C_LIBRARY and os.path.samefile(
        folder, os.path.dirname(_path(libc))
    )


def _is_variable(address: int) -> bool:
    info, symbol = _Words(), c_void_p()
    if _dladdr1 is None or not _dladdr1(address, info, ctypes.byref(symbol), _RTLD_DL_SYMENT):
        return not _is_executable(address)  # thread-local, for one
    if not symbol.value or info[3] != address:
        return False
    # st_info, whose place in an Elf64_Sym and an Elf32_Sym differs; its low half is the type.
    place = symbol.value + (4 if ctypes.sizeof(c_void_p) == 8 else 12)
    return c_uint8.from_address(place).value & 0xF in (_STT_OBJECT, _STT_COMMON)


def _is_executable(address: int) -> bool:
    """Whether code may run at ``address``, by proc(5); True where nobody tells."""
    try:
        with open("/proc/self/maps", "rb") as lines:
            memories = [line.split(maxsplit=2)[:2] for line in lines]
    except OSError:
        return True
    for memory, rights in memories:
        start, end = (int(each, 16) for each in memory.split(b"-"))
        if start <= address < end:
            return b"x" in rights
    return True
