"""The machine code of the macOS wheels, run on Linux.

A Mach-O library is linked again as an ELF library of the same bytes: its segments as one
section, its exports as symbols, its pointers as relocations. Functions are called in the
same way on both systems, on x86-64; on arm64 too where all arguments are in registers.
macOS's own loader, and Python on macOS, are not in this.
"""

import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import lief
import pytest
from support import ROOT, Argument, Tool, attempt, run
from wheel_checks import LINKERS_OWN

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64",
        reason="links and runs code for x86-64",
    ),
]

TESTS = ROOT / "tests"
INCLUDES = ["src/c", "src/c/include", "src/pyexample/ffi/c"]
X86_64, ARM64 = "macosx_10_13_x86_64", "macosx_11_0_arm64"

# What calls every function of both libraries.
SUITE = ["square", "arrays", "calls", "buffers", "echo", "handles", "callbacks", "structs"]

# Of Apple's C library and loader, and not of glibc. The code of a thread-local variable calls
# _tlv_bootstrap with a descriptor, whose third word is the variable's offset; it returns the
# address, and changes no other register ("struct tlv_descriptor" in <mach-o/loader.h>).
APPLE = """
#include <errno.h>
#include <strings.h>
__attribute__((weak)) int *__error(void) { return &errno; }
__attribute__((weak)) void __bzero(void *p, size_t n) { bzero(p, n); }
__attribute__((weak)) __thread char tlv_storage[256];
__asm__(".text\\n.weak _tlv_bootstrap\\n_tlv_bootstrap:\\n"
#if defined(__x86_64__)
    "movq 16(%rdi), %rax\\n addq tlv_storage@GOTTPOFF(%rip), %rax\\n addq %fs:0, %rax\\n ret"
#else
    "str x1, [sp, #-16]!\\n ldr x1, [x0, #16]\\n mrs x0, tpidr_el0\\n add x0, x0, x1\\n"
    "add x0, x0, #:tprel_hi12:tlv_storage\\n add x0, x0, #:tprel_lo12_nc:tlv_storage\\n"
    "ldr x1, [sp], #16\\n ret"
#endif
);
"""

# What the tests of kernels need: those that the library has chosen.
KERNELS = """
#include "array.h"
const array_kernels array_portable = {
    "portable", example_square_array, example_sum_of_squares};
const array_kernels *array_best(void) { return &array_portable; }
"""

# Calls a function with arguments in every kind of place, by Apple's convention, and says
# whether they arrived. An object is its type alone here.
TRAMPOLINE = """
#include <stdio.h>
#include "fastcall.h"
int main(void)
{
    const void *functions[100] = {0}, *type = &type, *integer = type;
    const fastcall_python python = {
        .functions = functions, .int_type = &integer, .type_type = type};
    const char *const reason = fastcall_initialise(&python);
    if (reason) {
        fprintf(stderr, "%s\\n", reason);
    }
    return reason || fastcall_abi_version() != FASTCALL_ABI_VERSION;
}
"""


Run = Callable[..., subprocess.CompletedProcess[str]]


class Library:
    """A Mach-O library, whose code may be changed."""

    def __init__(self, wheel: Path, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        with ZipFile(wheel) as archive:
            file = archive.extract(f"pyexample/lib/lib{name}.dylib", folder)
        self.fat = lief.MachO.parse(file)  # which owns the binary
        assert self.fat
        (self.binary,) = self.fat
        assert self.binary.imagebase == 0
        self.exports = {
            str(symbol.name).removeprefix("_"): symbol.value
            for symbol in self.binary.exported_symbols
            if symbol.name not in LINKERS_OWN
        }
        segments = [each for each in self.binary.segments if each.name != "__LINKEDIT"]
        end = max(each.virtual_address + each.virtual_size for each in segments)
        self.image = bytearray(end)
        for each in segments:
            content = bytes(each.content)
            start = each.virtual_address
            self.image[start : start + len(content)] = content

    def patch(self, function: str, right: bytes, wrong: bytes) -> None:
        """Change an instruction of a short function."""
        start = self.image.index(right, self.exports[function], self.exports[function] + 16)
        assert len(right) == len(wrong)
        self.image[start : start + len(wrong)] = wrong

    def pointers(self) -> dict[int, str]:
        """What dyld fills in, by its place: an address in the library or of another's."""
        inside = {
            each.address: f"image + {self._word(each.address)}"
            for each in self.binary.relocations
        }
        # After those: a lazy pointer is to what resolves it, until it is bound.
        outside = {
            each.address: str(each.symbol.name).removeprefix("_")
            for each in self.binary.bindings
            if each.symbol and each.symbol.name != "dyld_stub_binder"  # nothing is lazy here
        }
        return {**inside, **outside}

    def _word(self, address: int) -> int:
        return int.from_bytes(self.image[address : address + 8], "little")

    def assembly(self) -> Iterator[str]:
        """An assembler's source of the same library."""
        yield '.section .macho, "awx", @progbits'
        yield ".balign 16384"
        yield "image:"
        pointers = self.pointers()
        start = 0
        for address in (*sorted(pointers), len(self.image)):
            if code := self.image[start:address]:
                yield f".byte {', '.join(map(str, code))}"
            if address in pointers:
                yield f".quad {pointers[address]}"
            start = address + 8
        for name, address in self.exports.items():
            yield f".globl {name}\n.set {name}, image + {address}"
        yield '.section .init_array, "aw"'
        for section in self.binary.sections:
            if section.type == lief.MachO.Section.TYPE.MOD_INIT_FUNC_POINTERS:
                first = section.virtual_address
                for address in range(first, first + section.size, 8):
                    yield f".quad {pointers[address]}"
        yield '.section .note.GNU-stack, "", @progbits\n'

    def sources(self) -> list[Argument]:
        """What a compiler makes the ELF library of."""
        library, apple = self.folder / f"{self.name}.s", self.folder / "apple.c"
        library.write_text("\n".join(self.assembly()))
        apple.write_text(APPLE)
        return [library, apple]

    def elf(self, path: Path) -> Path:
        """Make it."""
        run(["gcc", "-shared", "-o", path, *self.sources()])
        return path


@pytest.fixture
def library(built: Callable[[str], Path], tmp_path: Path) -> Callable[[str, str], Library]:
    return lambda tag, name: Library(built(tag), name, tmp_path)


@pytest.fixture
def package(wheel: Path, tmp_path: Path, library: Callable[[str, str], Library]) -> Path:
    """A folder with the package, whose libraries are those of macOS x86-64."""
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    for name in ("example", "fastcall"):
        file = tmp_path / "installed" / "pyexample" / "lib" / f"lib{name}.so"
        library(X86_64, name).elf(file)
    return tmp_path / "installed"


def in_python(package: Path, command: list[Argument]) -> str:
    return run([sys.executable, *command], env={"PYTHONPATH": str(package)})


def test_x86_64_by_the_tests_of_python(package: Path) -> None:
    path = package / "pyexample" / "lib" / "libexample.so"
    code = "from pyexample.libexample import library as it; print(it.path, it.fallbacks)"
    assert in_python(package, ["-c", code]) == f"{path} {{}}\n"
    files = [file for name in SUITE for file in TESTS.rglob(f"test_{name}.py")]
    assert len(files) == len(SUITE)
    in_python(package, ["-m", "pytest", "-q", "-p", "no:cacheprovider", *files])


@pytest.fixture
def arm64(tool: Tool, tmp_path: Path) -> Run:
    """Run a C program with a library of macOS arm64."""

    def run_with(linked: Library, *sources: Argument) -> subprocess.CompletedProcess[str]:
        command: list[Argument] = [tool("aarch64-linux-gnu-gcc"), "-static", "-O1"]
        command += [f"-I{ROOT}/{folder}" for folder in INCLUDES] + ["-DEXAMPLE_STATIC"]
        run([*command, "-o", tmp_path / "program", *sources, *linked.sources()])
        return attempt([tool("qemu-aarch64-static"), tmp_path / "program"])

    return run_with


C_TESTS = [
    "test_example.c",
    "test_array.c",
    pytest.param("test_square_exhaustive.c", marks=pytest.mark.full),
]


@pytest.mark.parametrize("test", C_TESTS)
def test_arm64_by_the_tests_of_c(
    test: str, arm64: Run, library: Callable[[str, str], Library], tmp_path: Path
) -> None:
    kernels = tmp_path / "kernels.c"
    kernels.write_text(KERNELS)
    done = arm64(library(ARM64, "example"), TESTS / "example" / "c" / test, kernels)
    assert done.returncode == 0, done.stderr


def test_calls_on_arm64(
    arm64: Run, library: Callable[[str, str], Library], tmp_path: Path
) -> None:
    trampoline = tmp_path / "trampoline.c"
    trampoline.write_text(TRAMPOLINE)
    done = arm64(library(ARM64, "fastcall"), trampoline)
    assert done.returncode == 0, done.stderr


# --- Code that is wrong is found ------------------------------------------------------


def test_a_wrong_instruction_on_x86_64(
    package: Path, library: Callable[[str, str], Library]
) -> None:
    wrong = library(X86_64, "example")
    wrong.patch("square", b"\x0f\xaf", b"\x31\xc0")  # imul
    wrong.elf(package / "pyexample" / "lib" / "libexample.so")
    with pytest.raises(AssertionError, match=r"test_square\.py"):
        in_python(package, ["-m", "pytest", "-q", "-x", TESTS / "example" / "test_square.py"])


def test_a_wrong_instruction_on_arm64(
    arm64: Run, library: Callable[[str, str], Library]
) -> None:
    wrong = library(ARM64, "example")
    # mul w0, w0, w0; add w0, w0, w0
    wrong.patch("square", bytes.fromhex("007c001b"), bytes.fromhex("0000000b"))
    done = arm64(wrong, TESTS / "example" / "c" / "test_example.c")
    assert done.returncode == 1
    assert "test_example.c" in done.stderr
