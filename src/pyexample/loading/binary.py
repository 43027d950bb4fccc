"""What a library file is made for, and whether it is whole: read from its own headers.

Sources: the System V gABI, chapters 4 and 5 (ELF); ``<mach-o/loader.h>`` and
``<mach-o/fat.h>`` (Mach-O); Microsoft's "PE Format".
"""

import os
import struct

# e_machine (gABI and the registry of its maintainers)
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
_FAT_MAGICS = {0xCAFEBABE: 20, 0xCAFEBABF: 32}  # size of a fat_arch and of a fat_arch_64


def architectures(path: str) -> list[str]:
    """What the binary at ``path`` was built for, such as ``["ELF x86_64"]``.

    Several for a universal Mach-O, none where the file is no ELF, Mach-O or PE binary.
    Raises OSError where the file cannot be read.
    """
    with open(path, "rb") as file:
        # Headers stand at the front: of a PE, behind a DOS stub of some hundred bytes.
        head = file.read(4096)
    try:
        return _elf(head) or _macho(head) or _pe(head)
    except (struct.error, IndexError):  # the file ends within its own header
        return []


def is_cut_off(path: str) -> bool:
    """Whether the ELF file at ``path`` ends before what its program headers map.

    An interrupted copy leaves such a file. The systems' other loaders refuse one; those of
    Linux map it and the process dies of SIGBUS, so that this must be known beforehand.
    False for a file of another format, and for none: whoever loads it will say so. Raises
    OSError where the file cannot be read.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError:
        return False
    with file:
        head = file.read(64)
        if head[:4] != b"\x7fELF":
            return False
        try:
            wide, order = head[4] == 2, ">" if head[5] == 2 else "<"
            # e_phoff; e_phentsize and e_phnum
            (offset,) = struct.unpack_from(
                order + ("Q" if wide else "I"), head, 32 if wide else 28
            )
            size, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
            file.seek(offset)
            table = file.read(size * count)
            # p_offset and p_filesz
            form = struct.Struct(order + ("8xQ16xQ" if wide else "4xI8xI"))
            segments = [form.unpack_from(table, size * index) for index in range(count)]
        except (struct.error, IndexError):
            return True
        return os.fstat(file.fileno()).st_size < max(map(sum, segments), default=0)


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
    # A Java class file has the same magic; its "count" is a version from 45 on.
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
