"""Why the system refuses a library file, according to its headers.

Sources: the System V gABI, chapter 4 (ELF); ``<mach-o/loader.h>`` and ``<mach-o/fat.h>``
(Mach-O); Microsoft's "PE Format".
"""

import os
import struct
import sys

# e_machine (gABI and its registry)
_ELF_MACHINES = {
    3: "i386",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "arm64",
    243: "riscv64",
    258: "loongarch64",
}
# cputype (<mach/machine.h>)
_MACHO_MACHINES = {7: "i386", 0x01000007: "x86_64", 12: "arm", 0x0100000C: "arm64"}
# Machine (PE Format, "Machine Types")
_PE_MACHINES = {0x14C: "i386", 0x8664: "x86_64", 0xAA64: "arm64", 0x1C4: "arm"}

_FAT_HEADER = struct.Struct(">II")
_FAT_MAGICS = {0xCAFEBABE: 20, 0xCAFEBABF: 32}  # size of fat_arch, fat_arch_64


def why_refused(path: str, message: str) -> str:
    """Why the system refused ``path``, with the words ``message``."""
    try:
        found = architectures(path)
    # NotADirectoryError: in a zip file; ValueError: a NUL.
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return "there is no such file"
    except IsADirectoryError:
        return "this is a folder, not a library"
    except OSError as error:
        if os.path.isdir(path):  # Windows: PermissionError
            return "this is a folder, not a library"
        return f"the file cannot be read: {error.strerror}"
    needed = needed_architecture()
    if not os.path.getsize(path):
        return "the file is empty"
    if not found:
        return f"this is no library: neither an ELF, a Mach-O nor a PE file ({message})"
    if needed not in found:
        return f"built for {' and '.join(found)}, but this Python needs {needed}"
    for file in (path, message.partition(": ")[0]):  # or a dependency that glibc names
        if os.path.isfile(file) and _is_noexec(file):
            return f"{_why_noexec(file)} ({message})"
    if _names_a_missing_file(message):
        return f"a library that it depends on is missing: {message}"
    return f"the system's loader refuses it: {message}"


def needed_architecture() -> str:
    """What this Python needs, such as ``ELF x86_64``."""
    import _ctypes  # a loaded library, except in PyPy
    import platform

    for path in (getattr(_ctypes, "__file__", None), sys.executable, "/proc/self/exe"):
        try:
            found = architectures(path) if path else []
        except OSError:  # sys.executable may be anything
            continue
        if len(found) == 1:
            return found[0]
    # A universal binary: the half that runs.
    return f"Mach-O {platform.machine()}"


def _is_noexec(path: str) -> bool:
    """See mount(8)."""
    return bool(hasattr(os, "ST_NOEXEC") and os.statvfs(path).f_flag & os.ST_NOEXEC)


def _why_noexec(path: str) -> str:
    from .zipped import is_copy

    folder = os.path.dirname(path)
    reason = f"the file system of {folder} is mounted noexec: no code in it may be run"
    if is_copy(path):
        reason += ". Set TMPDIR to a folder in another file system"
    return reason


def _names_a_missing_file(message: str) -> bool:
    return any(
        words in message
        for words in (
            "cannot open shared object file",  # glibc
            "Error loading shared library",  # musl
            "Library not loaded",  # macOS
            "or one of its dependencies",  # Windows, by ctypes
        )
    )


def architectures(path: str) -> list[str]:
    """What a binary was built for, such as ``["ELF x86_64"]``; none for other files.

    Several for a universal Mach-O. Raises OSError.
    """
    with open(path, "rb") as file:
        # A PE's follow a DOS stub of some hundred bytes.
        head = file.read(4096)
    try:
        return _elf(head) or _macho(head) or _pe(head)
    except (struct.error, IndexError):  # a truncated header
        return []


def _elf(head: bytes) -> list[str]:
    if head[:4] != b"\x7fELF":
        return []
    bits = {1: 32, 2: 64}.get(head[4], 0)
    order = ">" if head[5] == 2 else "<"
    (number,) = struct.unpack_from(order + "H", head, 18)
    machine = _ELF_MACHINES.get(number, f"machine {number}")
    if machine == "ppc64" and order == "<":
        machine = "ppc64le"
    if machine == "x86_64" and bits == 32:
        machine = "x32"
    if machine == "riscv64" and bits == 32:
        machine = "riscv32"
    return [f"ELF {machine}"]


def _macho(head: bytes) -> list[str]:
    if head[:4] in (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe"):
        (number,) = struct.unpack_from("<I", head, 4)
        return [_macho_name(number)]
    if len(head) < _FAT_HEADER.size:
        return []
    magic, count = _FAT_HEADER.unpack_from(head)
    # A Java class file has the same magic, and a version from 45 on here.
    if magic not in _FAT_MAGICS or count > 44:
        return []
    size = _FAT_MAGICS[magic]
    numbers = [
        struct.unpack_from(">I", head, _FAT_HEADER.size + size * index)[0]
        for index in range(count)
    ]
    return [_macho_name(number) for number in numbers]


def _macho_name(number: int) -> str:
    return f"Mach-O {_MACHO_MACHINES.get(number, f'cputype {number:#x}')}"


def _pe(head: bytes) -> list[str]:
    if head[:2] != b"MZ":
        return []
    (offset,) = struct.unpack_from("<I", head, 0x3C)
    if head[offset : offset + 4] != b"PE\0\0":
        return []
    (number,) = struct.unpack_from("<H", head, offset + 4)
    return [f"PE {_PE_MACHINES.get(number, f'machine {number:#x}')}"]
