"""Bugs that are planted, each in a copy of the project, and the check that turns red.

docs/planted-bugs.md has the same table.
"""

import functools
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from support import HAS_CI, ROOT, Argument, attempt, commit, copy_sources, run

PAGE = ROOT / "docs" / "planted-bugs.md"


class Bug(NamedTuple):
    """Something that could go wrong, and what finds it."""

    what: str
    file: str
    right: str  # which is in the file once
    wrong: str
    check: str  # the arguments of pytest, or a program of the project and its own

    def row(self) -> str:
        """What the page says of it."""
        return f"| {self.what} | `{self.file}` | `{self.check}` |"


FASTCALL = "src/pyexample/ffi/c/fastcall.c"
LOADER = "src/pyexample/ffi/loading/__init__.py"

BUGS = [
    # C
    Bug(
        "off by one: the last number is left out",
        "src/c/array.h",
        "while (done < count &&",
        "while (done + 1 < count &&",
        "tests/example/test_arrays.py",
    ),
    Bug(
        "off by one: 46340 is taken for too large",
        "src/c/array.h",
        "return number > MAX_ROOT ||",
        "return number >= MAX_ROOT ||",
        "tests/example/test_c.py -k 'test_c_tests_pass and gcc and not sanitizers'",
    ),
    Bug(
        "a carry that is lost in a sum",
        "src/c/array.h",
        "    total.high += total.low < shifted;\n",
        "",
        "tests/example/test_arrays.py",
    ),
    Bug(
        "the multiplication is signed, and overflows",
        "src/c/example.c",
        "return (int32_t)(bits * bits);",
        "return number * number + (int32_t)(bits >> 31 >> 1);",
        "tests/example/test_c.py -k 'sanitizers and gcc'",
    ),
    # The trampoline
    Bug(
        "a missed sign extension of results",
        FASTCALL,
        "case 4: return (int32_t)word;",
        "case 4: return (uint32_t)word;",
        "tests/ffi/test_echo.py -k builtin-gcc",
    ),
    Bug(
        "an argument that is put a word too far",
        "src/pyexample/ffi/c/convention.h",
        "(uint8_t)(FIRST_STACK_WORD + stack / 8)",
        "(uint8_t)(FIRST_STACK_WORD + stack / 8 + 1)",
        "tests/ffi/test_echo.py -k builtin-gcc",
    ),
    Bug(
        "a leaked reference, where a call is refused",
        FASTCALL,
        "    drop(positional);\n",
        "",
        "tests/ffi/test_load.py -k fast",
    ),
    Bug(
        "a buffer that is not released, where a call is refused",
        FASTCALL,
        "    release(&held);\n    return call_slow_path(self, objects, count, names);\n",
        "    return call_slow_path(self, objects, count, names);\n",
        "tests/ffi/test_load.py -k array",
    ),
    Bug(
        "the GIL is kept, however long C takes",
        FASTCALL,
        "if (bytes < descriptor->release_at) {",
        "if (bytes < descriptor->release_at || 1) {",
        "tests/example/test_arrays.py",
    ),
    Bug(
        "the stack is not packed as Apple's arm64 wants it",
        "src/pyexample/ffi/c/convention.h",
        "#    define CONVENTION_PACKS_STACK\n",
        "",
        "tests/platforms/test_macos_code.py -k calls_on_arm64",
    ),
    # The loader
    Bug(
        "a relative override is honoured",
        LOADER,
        "if not os.path.isabs(path) and not by_name:",
        "if not path:",
        "tests/ffi/test_loader.py",
    ),
    Bug(
        "the current directory is searched",
        LOADER,
        "for entry in entries\n",
        "for entry in (os.getcwd(), *entries)\n",
        "tests/ffi/test_loader.py -k hostile",
    ),
    Bug(
        "a link's target is not judged",
        LOADER,
        ", *_parents(os.path.realpath(path))]",
        "]",
        "tests/ffi/test_loader.py -k 'every_user'",
    ),
    Bug(
        "a library of an older release is taken",
        LOADER,
        "if version == expected:",
        "if version <= expected:",
        "tests/ffi/test_loader.py",
    ),
    Bug(
        "nothing is taken out of a zip file",
        LOADER,
        "if any(map(os.path.isdir, entries)):",
        "if entries:",
        "tests/packaging/test_zipapp.py",
    ),
    Bug(
        "a forked child removes its parent's copy",
        "src/pyexample/ffi/loading/zipped.py",
        "if os.getpid() == maker:",
        "if maker:",
        "tests/ffi/test_zipped.py",
    ),
    Bug(
        "one file for two libraries",
        LOADER,
        "if (owner := _claim(only, package, library)) == library:",
        "if owner:",
        "tests/ffi/test_loader.py -k OneVariable",
    ),
    Bug(
        "a file that ends in zeros is mapped",
        "src/pyexample/ffi/loading/elf.py",
        "if not any(self._read(end - size, size)):",
        "if not end:",
        "tests/ffi/test_damaged.py",
    ),
    Bug(
        "what a library needs is not looked at",
        "src/pyexample/ffi/loading/elf.py",
        "waiting += [(each, rpath) for each in needed if each not in seen]",
        "waiting += []",
        "tests/ffi/test_damaged.py",
    ),
    Bug(
        "a namesake in the C library is called",
        "src/pyexample/ffi/loading/symbols.py",
        "if own[1] == info[1]:",
        "if own:",
        "tests/ffi/test_symbols.py",
    ),
    # Handles and callbacks
    Bug(
        "a handle is closed while a call uses it",
        "src/pyexample/ffi/handles.py",
        "if self.users or in_c:",
        "if self.users:",
        "tests/ffi/test_handles.py",
    ),
    Bug(
        "a parent forgets none of its closed children",
        "src/pyexample/ffi/handles.py",
        "            parent.children.pop(self, None)\n",
        "            pass\n",
        "tests/ffi/test_handles.py",
    ),
    Bug(
        "a callback's exception is lost",
        "src/pyexample/ffi/callbacks.py",
        "                    caller.error = error\n",
        "                    pass\n",
        "tests/ffi/test_callbacks.py",
    ),
    Bug(
        "a handle is closed again, since an exception came after C had closed it",
        "src/pyexample/ffi/handles.py",
        "            if not self.is_taken_back and self._closing",
        "            if self._closing",
        "tests/ffi/test_handles.py",
    ),
    Bug(
        "a child of a fork closes what is its parent's",
        "src/pyexample/ffi/handles.py",
        "return implicitly and self.process != getpid()",
        "return False",
        "tests/ffi/test_fork.py",
    ),
    Bug(
        "a callback that C still has is let go of before it is replaced",
        "src/pyexample/ffi/handles.py",
        "for each in self.earlier if taken else [self]:",
        "for each in [*self.slot]:",
        "tests/ffi/test_callbacks.py",
    ),
    # The binding and its checker
    Bug(
        "a declaration that the header contradicts",
        "src/pyexample/libexample.py",
        "range(-46340, 46341)], /) -> Annotated[int, c_int32]:",
        "range(-46340, 46341)], /) -> Annotated[int, c_uint64]:",
        "-m pyexample abi pyexample.libexample --header src/c/include/example.h",
    ),
    Bug(
        "an exported function is renamed, and the ABI's version is not raised",
        "src/c/include/example.h",
        "EXAMPLE_API const char *example_simd(void);",
        "#define example_simd example_kernel\n" + "EXAMPLE_API const char *example_simd(void);",
        "tests/example/test_abi_kept.py",
    ),
    # CMake and packaging
    Bug(
        "a wheel with the tag of another processor",
        "tools/build_wheels.py",
        '"manylinux_2_17_aarch64": "aarch64-linux-gnu.2.17"',
        '"manylinux_2_17_aarch64": "x86_64-linux-gnu.2.17"',
        "tools/build_wheels.py manylinux_2_17_aarch64",
    ),
    Bug(
        "a wheel that serves one Python only",
        "pyproject.toml",
        'wheel.py-api = "py3"\n',
        "",
        "tests/packaging/test_package.py -k 'serves_every_python'",
    ),
    Bug(
        "all functions are exported",
        "cmake/compile.cmake",
        "    C_VISIBILITY_PRESET hidden\n",
        "",
        "tests/example/test_c.py -k 'exports_are'",
    ),
    Bug(
        "the shared library is not named by its ABI",
        "CMakeLists.txt",
        "  SOVERSION ${example_abi_version}\n",
        "",
        "tests/example/test_c.py -k 'named_by_its_abi'",
    ),
    Bug(
        "PyInstaller is not told of the libraries",
        "src/pyexample/__pyinstaller/hook-pyexample.py",
        'collect_dynamic_libs("pyexample")',
        "[]",
        "tests/packaging/test_pyinstaller.py -k folder",
    ),
    Bug(
        "a job of CI installs what is not pinned",
        ".github/workflows/ci.yml",
        "pip install --require-hashes -r .github/requirements/test.txt",
        'pip install ".[test]"',
        "tests/packaging/test_workflows.py",
    ),
]


def done(check: str, tree: Path) -> subprocess.CompletedProcess[str]:
    """Run a check in a copy of the project."""
    pip: list[Argument] = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    run([*pip, "--no-build-isolation", "--target", tree / "build" / "installed", tree])
    pytest_ = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", ""]
    program = pytest_ if check.startswith("tests/") else []
    environment = {"PYTHONPATH": str(tree / "build" / "installed")}
    command = [sys.executable, *program, *shlex.split(check)]
    return attempt(command, cwd=tree, env=environment)


@pytest.fixture(scope="module")
def green(tmp_path_factory: pytest.TempPathFactory) -> "functools._lru_cache_wrapper[bool]":
    """Whether a check passes where nothing is planted: a red one would tell nothing."""

    @functools.cache
    def is_green(check: str) -> bool:
        tree = commit(copy_sources(tmp_path_factory.mktemp("sound")))
        result = done(check, tree)
        print(result.stdout, result.stderr)
        return result.returncode == 0

    return is_green


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.what)
def test_its_place_is_there(bug: Bug) -> None:
    if bug.file.startswith(".github/") and not HAS_CI:
        pytest.skip("it is not in the source distribution")
    count = (ROOT / bug.file).read_text().count(bug.right)
    assert count == 1, f"{bug.right!r} is in {bug.file} {count} times, rather than once"


def test_the_page_has_all() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert rows[2:] == [bug.row() for bug in BUGS]


@pytest.mark.full
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.what)
def test_it_is_found(
    bug: Bug, green: "functools._lru_cache_wrapper[bool]", tmp_path: Path
) -> None:
    if bug.file.startswith(".github/") and not HAS_CI:
        pytest.skip("it is not in the source distribution")
    assert green(bug.check)
    tree = commit(copy_sources(tmp_path / "tree"))
    file = tree / bug.file
    file.write_text(file.read_text().replace(bug.right, bug.wrong))
    result = done(bug.check, tree)
    assert result.returncode == 1, result.stdout + result.stderr
