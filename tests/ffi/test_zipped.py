"""Libraries of a package in a zip file: what is copied, where to, who removes it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from support import Package, run

SEVEN = "int seven(void) { return 7; }"
LOAD = (
    "import sys, bound\nfrom pyexample.ffi import Library\n"
    "ours = Library('c', 'bound.module')\n"
)
REFUSED = (
    "import bound\nfrom pyexample.ffi import Library, LibraryLoadError\n"
    "try: Library('c', 'bound.module')\n"
    "except LibraryLoadError as error: print(error)\n"
)
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")


def zipped(package: Package) -> Path:
    """The package in a zip file, and no longer beside it."""
    path = package.folder.parent / "bound.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as target:
        for file in package.folder.rglob("*"):
            if "__pycache__" not in file.parts:
                target.write(file, file.relative_to(package.folder.parent))
    package.folder.rename(package.folder.with_name("away"))
    return path


@pytest.fixture
def program(package: Package) -> Callable[..., str]:
    """Run code that imports the zipped package, with a folder of its own for copies."""
    temporary = package.folder.parent / "temporary"
    temporary.mkdir()

    def run_code(code: str, **environment: str) -> str:
        path = package.folder.parent / "bound.zip"
        set_up = f"import sys; sys.path.insert(0, {str(path)!r})\n"
        environment = {"TMPDIR": str(temporary), "TEMP": str(temporary), **environment}
        return run([sys.executable, "-c", set_up + code], env=environment)

    return run_code


def left(package: Package) -> list[str]:
    """What is in the folder for copies."""
    return os.listdir(package.folder.parent / "temporary")


def test_it_is_loaded_and_removed(package: Package, program: Callable[..., str]) -> None:
    package.compile(SEVEN)
    zipped(package)
    code = "import os; print(ours.cdll.seven(), os.path.dirname(ours.path))"
    number, folder = program(LOAD + code).split()
    assert number == "7"
    assert os.path.dirname(folder) == str(package.folder.parent / "temporary")
    assert left(package) == [] or sys.platform == "win32"


@pytest.mark.skipif(sys.platform == "win32", reason="about $ORIGIN")
@pytest.mark.parametrize("place", [".", "deeper/still"])
def test_what_it_needs_comes_along(
    package: Package, program: Callable[..., str], place: str
) -> None:
    """A library that stands beside it in the zip file, or below."""
    needed = package.compile(
        "int six(void) { return 6; }", "needed", "-Wl,-soname,libneeded.so"
    )
    source = "int six(void); int seven(void) { return six() + 1; }"
    package.compile(source, "c", needed, f"-Wl,-rpath,$ORIGIN/{place}")
    (package.lib / place).mkdir(parents=True, exist_ok=True)
    needed.rename(package.lib / place / needed.name)
    zipped(package)
    assert program(LOAD + "print(ours.cdll.seven())") == "7\n"
    assert left(package) == []


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="a cut-off ELF file")
def test_what_it_needs_is_cut_off(package: Package, program: Callable[..., str]) -> None:
    needed = package.compile(
        "int six(void) { return 6; }", "needed", "-Wl,-soname,libneeded.so"
    )
    source = "int six(void); int seven(void) { return six() + 1; }"
    package.compile(source, "c", needed, "-Wl,-rpath,$ORIGIN")
    content = needed.read_bytes()
    needed.unlink()
    needed.write_bytes(content[: len(content) // 2])
    zipped(package)
    assert "a library that it depends on is damaged: " in program(REFUSED)
    assert left(package) == []


def test_two_libraries_share_one_copy(package: Package, program: Callable[..., str]) -> None:
    package.compile(SEVEN)
    package.compile(SEVEN, "other")
    zipped(package)
    code = (
        "import os; other = Library('other', 'bound.module')\n"
        "print(os.path.dirname(other.path) == os.path.dirname(ours.path))"
    )
    assert program(LOAD + code) == "True\n"


LEAVE = ["os._exit(0)", "sys.exit()", "raise SystemExit", "pass"]


@FORK
@pytest.mark.parametrize("leave", LEAVE)
def test_a_forked_child_leaves_its_parent_s_copy(
    package: Package, program: Callable[..., str], leave: str
) -> None:
    package.compile(SEVEN)
    zipped(package)
    code = (
        "import os\n"
        f"if (child := os.fork()) == 0: {leave}\n"
        "else:\n"
        "    os.waitpid(child, 0)\n"
        "    print(os.path.isfile(ours.path), Library('c', 'bound.again').cdll.seven())\n"
    )
    assert program(LOAD + code) == "True 7\n"
    assert left(package) == []


@FORK
@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_child_of_multiprocessing_removes_its_own(
    package: Package, program: Callable[..., str], way: str
) -> None:
    """It may end without what atexit would have called."""
    package.compile(SEVEN)
    (package.folder / "load.py").write_text(
        "def load():\n    from pyexample.ffi import Library\n"
        "    print(Library('c', __name__).path, flush=True)\n"
    )
    zipped(package)
    code = (
        "import multiprocessing, bound.load\n"
        f"process = multiprocessing.get_context({way!r}).Process(target=bound.load.load)\n"
        "process.start(); process.join(); assert process.exitcode == 0\n"
    )
    assert str(package.folder.parent / "temporary") in program(code)
    assert left(package) == []


@FORK
def test_a_child_of_multiprocessing(package: Package, program: Callable[..., str]) -> None:
    package.compile(SEVEN)
    zipped(package)
    code = (
        "import multiprocessing, os\n"
        "process = multiprocessing.get_context('fork').Process(target=ours.cdll.seven)\n"
        "process.start(); process.join()\n"
        "print(process.exitcode, os.path.isfile(ours.path))\n"
    )
    assert program(LOAD + code) == "0 True\n"
    assert left(package) == []


@FORK
def test_a_child_that_outlives_its_parent(
    package: Package, program: Callable[..., str]
) -> None:
    """A daemon: what it loads later, it copies for itself, and removes."""
    package.compile(SEVEN)
    package.compile(SEVEN.replace("7", "8"), "other")
    zipped(package)
    code = (
        "import os, time\n"
        "if os.fork(): sys.exit()\n"
        "while os.path.exists(ours.path): time.sleep(0.01)\n"
        "other = Library('other', 'bound.module')\n"
        "print(ours.cdll.seven(), other.cdll.seven(), flush=True)\n"
    )
    assert program(LOAD + code) == "7 8\n"
    assert left(package) == []


def test_the_zip_file_is_damaged(package: Package, program: Callable[..., str]) -> None:
    ours = package.compile(SEVEN)
    path = zipped(package)
    content = bytearray(path.read_bytes())
    with ZipFile(path) as source:
        start = source.getinfo(f"bound/lib/{ours.name}").header_offset + 100
    content[start : start + 500] = bytes(500)
    path.write_bytes(content)
    text = program(REFUSED)
    assert "it cannot be copied out of the zip file: " in text
    assert os.path.join(path, "bound", "lib", ours.name) in text
    assert left(package) == []


def test_no_room(
    package: Package, program: Callable[..., str], mounted: Callable[[str], Path]
) -> None:
    full = mounted("size=8k")
    package.compile(SEVEN)
    zipped(package)
    text = program(REFUSED, TMPDIR=str(full))
    assert "it cannot be copied out of the zip file: [Errno 28] No space left" in text
    assert "Set TMPDIR to a folder" in text
    assert os.listdir(full) == []


@pytest.mark.skipif(not hasattr(os, "ST_NOEXEC"), reason="its os does not tell, as in PyPy")
def test_noexec(
    package: Package, program: Callable[..., str], mounted: Callable[[str], Path]
) -> None:
    noexec = mounted("noexec")
    package.compile(SEVEN)
    zipped(package)
    text = program(REFUSED, TMPDIR=str(noexec))
    assert "is mounted noexec: no code in it may be run. Set TMPDIR to a folder" in text
    assert os.listdir(noexec) == []
