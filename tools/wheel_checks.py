"""Check the wheels of this project, for any platform, by reading the files in them.

    python tools/wheel_checks.py WHEEL...

Prints each problem, and exits with status 1 if there is one. The libraries in a wheel must
match its tag, in architecture and in the version of the system that they need, and must export
the functions that their headers declare.
"""

import hashlib
import json
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

try:
    import lief
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename
except ModuleNotFoundError as error:
    if __name__ != "__main__":
        raise
    print(f"error: {error}; pip install '.[wheels]' brings it", file=sys.stderr)
    sys.exit(2)

lief.logging.disable()  # this script reports wrong files itself

ROOT = Path(__file__).resolve().parent.parent

# Symbols that zig's linker adds to a Mach-O library's exports; they are no functions.
LINKERS_OWN = {"__mh_dylib_header", "___dso_handle"}

Declared = tuple[Path, str]
"""The header that declares a library's exports, and the macro that marks them."""


class Project(NamedTuple):
    """The contents of a wheel: a package, with shared libraries in its folder ``lib``."""

    package: str
    libraries: dict[str, Declared | None]  # None: exports and size are not checked


OURS = Project(
    "pyexample",
    {
        "example": (ROOT / "src/c/include/example.h", "EXAMPLE_API"),
        "fastcall": (ROOT / "src/pyexample/ffi/c/fastcall.h", "FASTCALL_API"),
    },
)

Binary = lief.ELF.Binary | lief.MachO.Binary | lief.PE.Binary


class Platform(NamedTuple):
    """The parts of a platform tag."""

    system: str  # manylinux, musllinux, macosx, win
    version: tuple[int, int]  # of glibc, musl or macOS; (0, 0) for Windows
    machine: str


class System(NamedTuple):
    """The requirements on the libraries for one system."""

    names: str  # the file name of a library; {} is its plain name
    runtime: str  # a regular expression for the libraries of the C runtime
    most_bytes: int  # the maximal size of a library


SYSTEMS = {
    "manylinux": System(
        r"lib{}\.so", r"libc\.so\.6|ld-linux-[\w-]+\.so\.[12]|ld64\.so\.[12]", 70_000
    ),
    "musllinux": System(r"lib{}\.so", r"libc\.so|libc\.musl-\w+\.so\.1", 70_000),
    # Each segment of arm64 takes whole pages of 16 KiB.
    "macosx": System(r"lib{}\.dylib", r"/usr/lib/libSystem\.B\.dylib", 112_000),
    # MinGW's DLLs contain startup code, 70 kB of zig's. MSVC's vcruntime140 comes with Python.
    "win": System(
        r"(lib)?{}\.dll",
        r"(?i)kernel32\.dll|msvcrt\.dll|vcruntime140\.dll|api-ms-win-crt-[\w-]+\.dll",
        130_000,
    ),
}

MACHINES = {
    "x86_64": {"X86_64", "AMD64"},
    "amd64": {"AMD64"},
    "aarch64": {"AARCH64"},
    "arm64": {"ARM64"},
    "armv7l": {"ARM"},
    "s390x": {"S390"},
    "riscv64": {"RISCV"},
}


def project_in(folder: Path) -> Project:
    """The project that ``pyexample new`` wrote into a folder."""
    (face,) = folder.glob("src/*/__init__.py")
    (binding,) = face.parent.glob("lib*.py")
    name = binding.stem.removeprefix("lib")
    header, macro = folder / f"src/c/{name}.h", f"{name.upper()}_API"
    is_own = header.is_file() and macro in header.read_text("utf-8")
    libraries: dict[str, Declared | None] = {name: (header, macro) if is_own else None}
    if (face.parent / "_ffi").is_dir():
        libraries["fastcall"] = (face.parent / "_ffi/c/fastcall.h", "FASTCALL_API")
    return Project(face.parent.name, libraries)


def problems(wheel: Path, project: Project = OURS) -> list[str]:
    """The problems of ``wheel``, in one sentence each; none if it can be published."""
    try:
        tags = parse_wheel_filename(wheel.name)[3]
        platforms = {_platform(tag.platform) for tag in tags}
        with ZipFile(wheel) as archive, TemporaryDirectory() as folder:
            archive.extractall(folder)
            found = list(_wrong_tags(wheel, Path(folder)))
            for platform in sorted(platforms):
                found += _wrong_content(wheel, Path(folder), platform, project)
    except (InvalidWheelFilename, ValueError, BadZipFile, OSError) as error:
        return [str(error)]
    return list(dict.fromkeys(found))


def _platform(tag: str) -> Platform:
    # PEP 600: the meaning of the older tags.
    for legacy, name in (("2014", "_2_17"), ("2010", "_2_12"), ("1_", "_2_5_")):
        tag = tag.replace(f"manylinux{legacy}", f"manylinux{name}")
    found = re.fullmatch(r"(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)|(win)_(\w+)", tag)
    machine = (found[4] or found[6]) if found else ""
    if not found or machine not in MACHINES:
        raise ValueError(f"{tag!r} is no platform that wheels are published for")
    return Platform(found[1] or found[5], (int(found[2] or 0), int(found[3] or 0)), machine)


def _wrong_tags(wheel: Path, folder: Path) -> Iterator[str]:
    tags = {str(tag) for tag in parse_wheel_filename(wheel.name)[3]}
    if wrong := {tag for tag in tags if not tag.startswith("py3-none-")}:
        yield f"it serves not every Python: its tags are {sorted(wrong)}"
    (metadata,) = folder.glob("*.dist-info/WHEEL")
    written = set(re.findall(r"^Tag: (.+)$", metadata.read_text(), re.MULTILINE))
    if written != tags:
        yield f"its name says {sorted(tags)}, its metadata {sorted(written)}"


def _wrong_content(
    wheel: Path, folder: Path, platform: Platform, project: Project
) -> Iterator[str]:
    if "linux" in platform.system:
        yield from _wrong_symbol_versions(wheel, platform)
    system = SYSTEMS[platform.system]
    rest = {path for path in folder.rglob("*") if path.is_file() and _is_binary(path)}
    for name, declaring in project.libraries.items():
        pattern = re.compile(system.names.format(name))
        files = {path for path in rest if pattern.fullmatch(path.name)}
        rest -= files
        if len(files) != 1:
            yield f"there are {len(files)} libraries called {name}, rather than one"
        for path in files:
            if path.parent != folder / project.package / "lib":
                yield f"{path.relative_to(folder)} is not in {project.package}/lib"
            for problem in _wrong_library(path, declaring, platform):
                yield f"{path.name}: {problem}"
    for path in sorted(rest):
        yield f"{path.relative_to(folder)} is a binary that does not belong there"


def _is_binary(path: Path) -> bool:
    return lief.is_elf(str(path)) or lief.is_macho(str(path)) or lief.is_pe(str(path))


def _wrong_symbol_versions(wheel: Path, platform: Platform) -> Iterator[str]:
    """Check with auditwheel that the C library of that version has all symbols."""
    # Without --ldpaths, it would search this system's libraries, not the target's.
    command = [sys.executable, "-m", "auditwheel", "show", "--json", "--ldpaths", "/nowhere"]
    command.append(str(wheel))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        yield f"auditwheel refuses it: {(done.stderr or done.stdout).strip()}"
        return
    tag = str(json.loads(done.stdout)["sym_tag"])
    found = re.fullmatch(r"(manylinux|musllinux)_(\d+)_(\d+)_(\w+)", tag)
    if (
        not found
        or (found[1], found[4]) != (platform.system, platform.machine)
        or (int(found[2]), int(found[3])) > platform.version
    ):
        version = "_".join(map(str, platform.version))
        promised = f"{platform.system}_{version}_{platform.machine}"
        yield f"auditwheel finds it to be {tag}, not {promised}"


def _wrong_library(path: Path, declaring: Declared | None, platform: Platform) -> Iterator[str]:
    binary = lief.parse(path)
    if not isinstance(binary, Binary):
        yield "it is cut off"
        return
    if _machine(binary) not in MACHINES[platform.machine] or not _suits(binary, platform):
        yield f"it was built for {_machine(binary)}, not for {platform.machine}"
    if declaring and (wrong := exported(binary) ^ declared(*declaring)):
        yield f"exported or declared, but not both: {', '.join(sorted(wrong))}"
    system = SYSTEMS[platform.system]
    for needed in map(str, _needed(binary)):
        if not re.fullmatch(system.runtime, needed):
            yield f"it needs {needed}, which is no part of the C runtime"
    for symbol in _left_open(binary):
        yield f"it needs Python's own {symbol}"
    if declaring and path.stat().st_size > system.most_bytes:
        yield f"it has {path.stat().st_size} bytes, more than {system.most_bytes}"
    if isinstance(binary, lief.ELF.Binary):
        yield from _wrong_elf(binary, path)
    elif isinstance(binary, lief.MachO.Binary):
        yield from _wrong_macho(binary, path, platform)


def _machine(binary: Binary) -> str:
    if isinstance(binary, lief.ELF.Binary):
        return binary.header.machine_type.name
    if isinstance(binary, lief.MachO.Binary):
        return binary.header.cpu_type.name
    return binary.header.machine.name


def _suits(binary: Binary, platform: Platform) -> bool:
    """Whether it has the system's file format and the machine's number of bits."""
    formats = {"macosx": lief.MachO.Binary, "win": lief.PE.Binary}
    if not isinstance(binary, formats.get(platform.system, lief.ELF.Binary)):
        return False
    if not isinstance(binary, lief.ELF.Binary):
        return True
    wide = binary.header.identity_class is lief.ELF.Header.CLASS.ELF64
    return wide == (platform.machine != "armv7l")


def declared(header: Path, macro: str) -> set[str]:
    """The functions that a header declares as exported."""
    pattern = rf"^{macro}\s[^;(]*?(\w+)\s*[(;]"
    return set(re.findall(pattern, header.read_text("utf-8"), re.MULTILINE))


def exported(binary: Binary) -> set[str]:
    """The names that a library exports, as C spells them."""
    if isinstance(binary, lief.PE.Binary):
        exports = binary.get_export()
        return {str(entry.name) for entry in exports.entries} if exports else set()
    names = {str(symbol.name) for symbol in binary.exported_symbols}
    if isinstance(binary, lief.MachO.Binary):
        return {name.removeprefix("_") for name in names - LINKERS_OWN}
    return names


def _needed(binary: Binary) -> list[str]:
    if isinstance(binary, lief.MachO.Binary):
        own = binary.get(lief.MachO.LoadCommand.TYPE.ID_DYLIB)
        return [str(library.name) for library in binary.libraries if library != own]
    return [str(name) for name in binary.libraries]


def _left_open(binary: Binary) -> list[str]:
    """The undefined symbols that Python would have to provide."""
    if isinstance(binary, lief.PE.Binary):  # these would be imports from a DLL
        return []
    # Not imported_symbols, which leaves out the symbols of ELF files without a type.
    symbols = binary.dynamic_symbols if isinstance(binary, lief.ELF.Binary) else binary.symbols
    names = {str(symbol.name) for symbol in symbols}
    return sorted(name for name in names if re.match(r"_{0,2}Py", name))


def _wrong_elf(binary: lief.ELF.Binary, path: Path) -> Iterator[str]:
    tags = lief.ELF.DynamicEntry.TAG
    soname = binary.get(tags.SONAME)
    if not isinstance(soname, lief.ELF.DynamicSharedObject) or soname.name != path.name:
        yield "its SONAME is not its file's name"
    if binary.get(tags.RPATH) or binary.get(tags.RUNPATH):
        yield "it looks for libraries where it was built"


def _wrong_macho(binary: lief.MachO.Binary, path: Path, platform: Platform) -> Iterator[str]:
    own = binary.get(lief.MachO.LoadCommand.TYPE.ID_DYLIB)
    if not isinstance(own, lief.MachO.DylibCommand) or own.name != f"@rpath/{path.name}":
        yield f"its install name is not @rpath/{path.name}"
    if binary.has_rpath:
        yield "it looks for libraries where it was built"
    least = _least_macos(binary)
    if least > platform.version:
        yield f"it needs macOS {least[0]}.{least[1]}, newer than its tag says"
    if platform.machine == "arm64":
        yield from _wrong_signature(binary, path.read_bytes())


def _least_macos(binary: lief.MachO.Binary) -> tuple[int, int]:
    """The version in its load command, which has an old and a new form."""
    if binary.build_version:
        major, minor, _ = binary.build_version.minos
    elif binary.version_min:
        major, minor, _ = binary.version_min.version
    else:
        return (0, 0)
    return (major, minor)


def _wrong_signature(binary: lief.MachO.Binary, content: bytes) -> Iterator[str]:
    """Check the signature. An arm64 Mac kills processes that load code without one, or with
    one that does not match the code (Apple, "Code Signing Tech Notes", TN3126)."""
    signature = binary.code_signature
    if signature is None:
        yield "it has no signature"
        return
    start = signature.data_offset
    # <Security/CSCommon.h> and xnu's osfmk/kern/cs_blobs.h: a super blob contains blobs, the
    # first of which is the code directory; all big-endian.
    (offset,) = struct.unpack_from(">I", content, start + 16)
    directory = start + offset
    magic, hashes, slots, limit = struct.unpack_from(">I12xI8x2I", content, directory)
    size, kind, _, page_shift = struct.unpack_from("4B", content, directory + 36)
    if magic != 0xFADE0C02 or (size, kind) != (32, 2):  # CSMAGIC_CODEDIRECTORY, SHA-256
        yield "its signature is of a kind that is not known here"
        return
    page = 1 << page_shift
    pages = [content[at : min(at + page, limit)] for at in range(0, limit, page)]
    first = directory + hashes
    signed = content[first : first + size * slots]
    if limit != start or signed != b"".join(hashlib.sha256(each).digest() for each in pages):
        yield "its signature is not that of its content"


def main(wheels: list[str]) -> int:
    """Print the problems of ``wheels``. Returns 1 if there are any, 2 for wrong use."""
    if not wheels:
        print("usage: python tools/wheel_checks.py WHEEL...", file=sys.stderr)
        return 2
    status = 0
    for wheel in map(Path, wheels):
        found = problems(wheel)
        print("\n  ".join([f"{wheel.name}: {'refused' if found else 'ok'}", *found]))
        status |= bool(found)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
