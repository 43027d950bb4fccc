"""Damaged libraries, and files that are none: refused in words, whatever is in them."""

import os
import random
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Package, attempt

from pyexample.ffi import Library, LibraryLoadError
from pyexample.ffi.loading.diagnosis import why_refused
from pyexample.ffi.loading.elf import damage

ELF = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="about ELF files")

SEVEN = "int seven(void) { return 7; } int c_abi(void) { return 2; } int table[] = {1, 2, 3};"

LOAD = """
import os, sys
import bound
from pyexample.ffi import Library, LibraryLoadError
try: number = Library("c", "bound.module", abi_version=("c_abi", 2)).cdll.seven()
except LibraryLoadError as error:
    print(error.attempts[-1].reason)
    number = 1
sys.stdout.flush()
os._exit(number)
"""


def load(package: Package) -> tuple[int, str]:
    """What a process that loads the library ends with, 7 where it can, and why it cannot."""
    done = attempt([sys.executable, "-c", LOAD], cwd=package.folder.parent)
    assert done.returncode in (1, 7), (done.returncode, done.stderr)
    assert not done.stderr
    return done.returncode, done.stdout.strip()


def rewrite(path: Path, content: bytes) -> None:
    """Put ``content`` there as a new file: the old one may be mapped."""
    path.unlink()
    path.write_bytes(content)


@ELF
def test_it_ends_in_zeros(package: Package) -> None:
    """A copy that was interrupted after its space was reserved."""
    path = package.compile(SEVEN)
    content = path.read_bytes()
    wide = sys.maxsize > 2**32
    (sections,) = struct.unpack_from("=Q" if wide else "=I", content, 40 if wide else 32)
    for size in [*range(4, len(content) - 64, len(content) // 40), sections, sections - 1]:
        rewrite(path, content[:size] + bytes(len(content) - size))
        status, reason = load(package)
        assert status == 1, size
        assert "zeros" in reason or "cut off" in reason or size < 64, (size, reason)
    rewrite(path, content)
    assert load(package) == (7, "")


@ELF
def test_it_ends_in_zeros_and_has_no_section_headers(package: Package) -> None:
    """As far as its dynamic section, without which it cannot be loaded."""
    lief = pytest.importorskip("lief")  # has no wheels for rare processors
    path = package.compile(SEVEN)
    binary = lief.ELF.parse(path)
    end = max(each.file_offset + each.physical_size for each in binary.segments)
    dynamic = next(
        each for each in binary.segments if each.type == lief.ELF.Segment.TYPE.DYNAMIC
    )
    content = bytearray(path.read_bytes()[:end])
    for size in range(200, dynamic.file_offset + 16, 97):
        rewrite(path, bytes(content[:size]) + bytes(end - size))
        assert load(package)[0] == 1, size
    rewrite(path, bytes(content))
    assert load(package) == (7, "")


@ELF
def test_what_is_not_damaged(package: Package) -> None:
    """An empty search path; section headers that are said to be nowhere."""
    lief = pytest.importorskip("lief")
    path = package.compile(SEVEN, "c", "-Wl,--no-as-needed")
    binary = lief.ELF.parse(path)
    binary.add(lief.ELF.DynamicEntryRunPath(""))
    path.unlink()
    binary.write(str(path))
    assert load(package) == (7, "")
    content = bytearray(path.read_bytes())
    wide = sys.maxsize > 2**32
    struct.pack_into("=Q" if wide else "=I", content, 40 if wide else 32, 0)
    rewrite(path, bytes(content))
    assert load(package) == (7, "")


@ELF
@pytest.mark.parametrize(
    "table", [".dynstr", ".gnu.hash", ".dynamic", ".dynsym", ".rela.dyn", ".init", ".fini"]
)
def test_a_table_of_zeros(package: Package, table: str) -> None:
    """What a download in parts leaves out."""
    lief = pytest.importorskip("lief")
    path = package.compile(SEVEN, "c", "-Wl,-soname,libc.so", "-Wl,--no-as-needed")
    binary = lief.ELF.parse(path)
    section = binary.get_section(table)
    if section is None:
        pytest.skip("this platform's libraries have no such table")
    content = bytearray(path.read_bytes())
    content[section.offset : section.offset + section.size] = bytes(section.size)
    rewrite(path, bytes(content))
    assert "there are zeros" in load(package)[1]


@ELF
@pytest.mark.parametrize("field", ["e_phoff", "e_shoff"])
@pytest.mark.parametrize("value", [2**62, 2**63 - 1, 2**63, 2**64 - 1])
@pytest.mark.skipif(sys.maxsize < 2**32, reason="about 64-bit files")
def test_an_offset_beyond_all_files(package: Package, field: str, value: int) -> None:
    path = package.compile(SEVEN)
    content = bytearray(path.read_bytes())
    struct.pack_into("=Q", content, 32 if field == "e_phoff" else 40, value)
    rewrite(path, bytes(content))
    status, reason = load(package)
    assert (status, "cut off" in reason) == ((1, True) if field == "e_phoff" else (7, False))


RPATHS = {
    "runpath": ["-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags"],
    "rpath": ["-Wl,-rpath,$ORIGIN", "-Wl,--disable-new-dtags"],
    "braces": ["-Wl,-rpath,/nowhere:${ORIGIN}/../lib"],
}


@ELF
@pytest.mark.parametrize("rpath", RPATHS)
def test_a_library_that_it_needs_is_damaged(package: Package, rpath: str) -> None:
    """Near or far: one that stands beside it, and one that this one needs."""
    flags = ["-Wl,--no-as-needed", "-Wl,-soname,libfar.so"]
    far = package.compile("int five(void) { return 5; }", "far", *flags)
    flags = [] if rpath == "rpath" else RPATHS[rpath]  # a DT_RPATH is for those behind as well
    near = package.compile(
        "int five(void); int six(void) { return five() + 1; }",
        "near",
        far,
        *flags,
        "-Wl,-soname,libnear.so",
    )
    source = SEVEN.replace("return 7", "return six() + 1")
    ours = package.compile(
        "int six(void);" + source, "c", near, *RPATHS[rpath], f"-Wl,-rpath-link,{package.lib}"
    )
    assert load(package) == (7, "")
    for needed in (near, far):
        content = needed.read_bytes()
        for damaged in (
            content[: len(content) // 2],
            content[:300] + bytes(len(content) - 300),
        ):
            rewrite(needed, damaged)
            status, reason = load(package)
            assert status == 1
            assert reason.startswith("a library that it depends on is damaged: ")
            assert os.path.realpath(reason.split(": ")[1]) == os.path.realpath(needed)
        rewrite(needed, content)
    assert load(package) == (7, "")
    assert ours.exists()


@ELF
def test_libraries_that_need_each_other(package: Package) -> None:
    needed = package.compile(
        "int six(void) { return 6; }", "needed", "-Wl,-soname,libneeded.so"
    )
    origin = "-Wl,-rpath,$ORIGIN"
    package.compile("int six(void);" + SEVEN.replace("7", "six() + 1"), "c", needed, origin)
    first = package.lib / "libc.so"
    package.compile(
        "int six(void) { return 6; }",
        "needed",
        "-Wl,--no-as-needed",
        first,
        origin,
        "-Wl,-soname,libneeded.so",
        "-Wl,--allow-shlib-undefined",
    )
    assert load(package) == (7, "")


@ELF
def test_a_library_that_is_found_first_is_the_one_that_counts(package: Package) -> None:
    needed = package.compile(
        "int six(void) { return 6; }", "needed", "-Wl,-soname,libneeded.so"
    )
    source = "int six(void);" + SEVEN.replace("7", "six() + 1")
    package.compile(source, "c", needed, "-Wl,-rpath,$ORIGIN:$ORIGIN/damaged")
    (package.lib / "damaged").mkdir()
    (package.lib / "damaged" / needed.name).write_bytes(needed.read_bytes()[:500])
    assert load(package) == (7, "")


@ELF
@pytest.mark.parametrize("name", ["a:b", "$ORIGINAL"])
def test_the_folder_has_an_odd_name(tmp_path: Path, name: str) -> None:
    """It is the system's loader that has to find what is needed there, and so do we."""
    package = Package(tmp_path / name)
    needed = package.compile(
        "int six(void) { return 6; }", "needed", "-Wl,-soname,libneeded.so"
    )
    source = "int six(void);" + SEVEN.replace("7", "six() + 1")
    package.compile(source, "c", needed, "-Wl,-rpath,${ORIGIN}")
    assert load(package) == (7, "")
    rewrite(needed, needed.read_bytes()[:500])
    status, reason = load(package)
    assert status == 1
    assert reason.startswith(f"a library that it depends on is damaged: {needed}: ")


# Files that are none, by how they are made.


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.skipif(os.name != "posix", reason="POSIX files")
@pytest.mark.parametrize("make", [_fifo, _socket, _device])
@pytest.mark.parametrize("overridden", [False, True])
def test_no_regular_file(
    package: Package,
    make: Callable[[Path], None],
    overridden: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not even opened: a FIFO has nobody who writes to it, and would wait for ever."""
    monkeypatch.chdir(package.lib)  # a socket's path is short
    path = package.library("c")
    make(Path(path.name))
    if overridden:
        moved = path.rename(path.with_name("elsewhere"))
        monkeypatch.setenv("BOUND_C_LIBRARY", str(moved))
    with pytest.raises(LibraryLoadError) as caught:
        Library("c", "bound.module")
    assert caught.value.attempts[-1].reason == (
        "this is a FIFO, a socket or a device, not a library"
    )


# Any bytes at all.


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Package(tmp_path_factory.mktemp("valid")).compile(SEVEN).read_bytes()


HEADS = [
    b"",
    b"\x7fELF\2\1\1",
    b"\x7fELF\1\1\1",
    b"\x7fELF\2\2\1",
    b"MZ",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\xca\xfe\xba\xbf",
]


@settings(deadline=None, max_examples=300)
@given(head=st.sampled_from(HEADS), rest=st.binary(max_size=300))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, head: bytes, rest: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(head + rest)
    reason = damage(str(path))
    assert reason is None or reason
    assert why_refused(str(path), "no")


def damaged(content: bytes, seed: int) -> Iterator[bytes]:
    """Libraries with some bytes of their headers and tables changed."""
    choose = random.Random(seed)  # noqa: S311
    for _ in range(300):
        changed = bytearray(content)
        for _ in range(choose.randint(1, 8)):
            place = choose.choice(
                [choose.randrange(64), choose.randrange(900), choose.randrange(len(content))]
            )
            size = choose.choice([1, 2, 4, 8])
            value = choose.choice(
                [0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1, choose.getrandbits(64)]
            )
            changed[place : place + size] = value.to_bytes(8, "little")[:size]
        yield bytes(changed[: len(content)])


@ELF
@pytest.mark.parametrize("seed", range(10))
def test_changed_headers(valid: bytes, tmp_path: Path, seed: int) -> None:
    """What looks at a file before it is loaded, or after it was refused, never raises."""
    path = tmp_path / "libc.so"
    for content in damaged(valid, seed):
        path.write_bytes(content)
        damage(str(path))
        assert why_refused(str(path), "no")
