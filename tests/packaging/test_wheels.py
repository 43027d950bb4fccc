"""The wheels for every platform, and what tools/wheel_checks.py refuses."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import build_wheels
import lief
import pytest
from support import ROOT, Argument, attempt, run
from wheel_checks import problems

LINUX, MACOS, WINDOWS = "manylinux_2_17_x86_64", "macosx_11_0_arm64", "win_amd64"


class Edited:
    """A wheel that is made wrong."""

    def __init__(self, wheel: Path, zig: Path, platform: str, folder: Path) -> None:
        self.name = wheel.name
        self.platform = platform
        self.folder = folder
        self.zig = zig
        with ZipFile(wheel) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}

    def library(self, name: str = "example") -> str:
        """The path of a library in the wheel."""
        (found,) = [path for path in self.files if path.endswith(self.file(name))]
        return found

    def file(self, name: str) -> str:
        """How a library is called."""
        suffix = {LINUX: ".so", MACOS: ".dylib", WINDOWS: ".dll"}[self.platform]
        return f"lib{name}{suffix}"

    def tag(self, tag: str, *, metadata: bool = True) -> None:
        """Say that it is for something else."""
        was = f"py3-none-{self.platform}"
        self.name = self.name.replace(was, tag)
        (path,) = [path for path in self.files if path.endswith("dist-info/WHEEL")]
        if metadata:
            self.files[path] = self.files[path].replace(was.encode(), tag.encode())

    def compile(
        self, *flags: Argument, source: str = "", target: str = "", name: str = ""
    ) -> None:
        """Put a libexample in its place that has more in it, or was linked otherwise."""
        target = target or build_wheels.TARGETS[self.platform]
        more, library = self.folder / "more.c", self.folder / self.file("example")
        more.write_text("typedef int a_declaration;\n" + source)
        named: dict[str, list[Argument]] = {
            LINUX: [f"-Wl,-soname,{name or library.name}"],
            MACOS: ["-install_name", name or f"@rpath/{library.name}"],
            WINDOWS: [],
        }
        sources = [*(ROOT / "src" / "c").glob("*.c"), more]
        command: list[Argument] = [self.zig, "cc", "-target", target, "-shared", "-s", "-O2"]
        command += ["-fvisibility=hidden", "-DEXAMPLE_BUILDING", f"-I{ROOT}/src/c/include"]
        run([*command, *named[self.platform], *flags, *sources, "-o", library])
        self.files[self.library()] = library.read_bytes()

    def foreign_library(self) -> Path:
        """A library that no system has."""
        source = self.folder / "foreign.c"
        source.write_text(
            '__attribute__((visibility("default"))) int foreign(void);\n'
            "int foreign(void) { return 1; }\n"
        )
        library = self.folder / self.file("foreign")
        target = build_wheels.TARGETS[self.platform]
        run([self.zig, "cc", "-target", target, "-shared", "-o", library, source])
        return library

    def save(self) -> Path:
        """Write it, under its new name."""
        wheel = self.folder / self.name
        with ZipFile(wheel, "w") as archive:
            for name, content in self.files.items():
                archive.writestr(name, content)
        return wheel


AT_START = "__attribute__((constructor)) static void start(void) {{ {} }}"
PYTHON = f"extern int Py_IsInitialized(void); {AT_START.format('Py_IsInitialized();')}"
FOREIGN = f"extern int foreign(void); {AT_START.format('foreign();')}"
# New in glibc 2.36.
NEWER = f"extern unsigned arc4random(void); {AT_START.format('arc4random();')}"
MORE = '__attribute__((visibility("default"))) int more(void); int more(void) { return 1; }'


def flip_a_bit(wheel: Edited) -> None:
    """In the first function's code, behind the signature's back."""
    content = bytearray(wheel.files[wheel.library()])
    content[len(content) // 3] ^= 1
    wheel.files[wheel.library()] = bytes(content)


def unsign(wheel: Edited) -> None:
    library = wheel.folder / wheel.file("example")
    library.write_bytes(wheel.files[wheel.library()])
    binary = lief.parse(library)
    assert isinstance(binary, lief.MachO.Binary)
    assert binary.remove_signature()
    binary.write(str(library))
    wheel.files[wheel.library()] = library.read_bytes()


def move(wheel: Edited) -> None:
    wheel.files[f"pyexample/{wheel.file('example')}"] = wheel.files.pop(wheel.library())


def copy_as(name: str) -> Callable[[Edited], None]:
    return lambda wheel: wheel.files.update({name: wheel.files[wheel.library()]})


def resize(change: Callable[[bytes], bytes]) -> Callable[[Edited], None]:
    return lambda wheel: wheel.files.update(
        {wheel.library(): change(wheel.files[wheel.library()])}
    )


WRONG: dict[str, tuple[str, Callable[[Edited], object], str]] = {
    # tags
    "one-python": (LINUX, lambda w: w.tag(f"cp312-cp312-{LINUX}"), "not every Python"),
    "any-platform": (LINUX, lambda w: w.tag("py3-none-any"), "'any' is no platform"),
    "not-portable": (LINUX, lambda w: w.tag("py3-none-linux_x86_64"), "is no platform"),
    "two-tags": (LINUX, lambda w: w.tag("py3-none-manylinux_2_28_x86_64", metadata=False),
        "its name says .*2_28.*, its metadata .*2_17"),
    # what the libraries were built for
    "architecture": (LINUX, lambda w: w.tag("py3-none-manylinux_2_17_aarch64"),
        "built for X86_64, not for aarch64"),
    "architecture-macos": (MACOS, lambda w: w.tag("py3-none-macosx_11_0_x86_64"),
        "built for ARM64, not for x86_64"),
    "system": (MACOS, lambda w: w.tag("py3-none-win_arm64"), "0 libraries called "),
    "musl": (LINUX, lambda w: w.tag("py3-none-musllinux_1_2_x86_64"), r"needs libc\.so\.6"),
    "newer-glibc": (LINUX, lambda w: w.compile(source=NEWER, target="x86_64-linux-gnu.2.36"),
        "auditwheel finds it to be manylinux_2_36_x86_64, not manylinux_2_17_x86_64"),
    "newer-macos": (MACOS, lambda w: w.compile(target="aarch64-macos.14.0"),
        r"needs macOS 14\.0, newer than"),
    # how many libraries, and where
    "none": (LINUX, lambda w: w.files.pop(w.library("fastcall")),
        "0 libraries called fastcall"),
    "two": (LINUX, copy_as("pyexample/libexample.so"), "2 libraries called "),
    "versioned": (LINUX, copy_as("pyexample/lib/libexample.so.1"),
        r"libexample\.so\.1 is a binary that does not belong"),
    "elsewhere": (LINUX, move, "is not in pyexample/lib"),
    # what is in them
    "export-more": (LINUX, lambda w: w.compile(source=MORE), "but not both: more$"),
    "export-less": (MACOS, lambda w: w.compile("-Dexample_simd=hidden"),
        "but not both: example_simd, hidden$"),
    "import": (LINUX, lambda w: w.compile(w.foreign_library(), source=FOREIGN),
        "needs .*libforeign.so, which is no part of the C runtime"),
    "import-macos": (MACOS, lambda w: w.compile(w.foreign_library(), source=FOREIGN),
        "needs .*libforeign.dylib, which is no part"),
    "python": (LINUX, lambda w: w.compile(source=PYTHON), "needs Python's own Py_IsInit"),
    "python-macos": (MACOS, lambda w: w.compile("-undefined", "dynamic_lookup", source=PYTHON),
        "needs Python's own _Py_IsInit"),
    "soname": (LINUX, lambda w: w.compile(name="libexample.so.1"), "SONAME is not its file's"),
    "install-name": (MACOS, lambda w: w.compile(name="/usr/local/lib/libexample.dylib"),
        "install name is not @rpath/libexample.dylib"),
    "rpath": (LINUX, lambda w: w.compile("-Wl,-rpath,/builds"),
        "looks for libraries where it was built"),
    "rpath-macos": (MACOS, lambda w: w.compile("-Wl,-rpath,/builds"),
        "looks for libraries where it was built"),
    "signature": (MACOS, flip_a_bit, "signature is not that of its content"),
    "unsigned": (MACOS, unsign, "it has no signature"),
    "large": (LINUX, resize(lambda content: content + bytes(100_000)), "bytes, more than"),
    "cut": (LINUX, resize(lambda content: content[:80]), "."),
    # what of it is different on Windows; the first build for it takes minutes
    "import-windows": (WINDOWS, lambda w: w.compile(w.foreign_library(), source=FOREIGN),
        "needs .*libforeign.dll, which is no part"),
    "export-windows": (
        WINDOWS,
        lambda w: w.compile(source="__declspec(dllexport) int more(void) { return 1; }"),
        "but not both: more$",
    ),
    "architecture-windows": (WINDOWS, lambda w: w.tag("py3-none-win_arm64"),
        "built for AMD64, not for arm64"),
}  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.full if platform == WINDOWS else pytest.mark.slow)
        for kind, (platform, _, _) in WRONG.items()
    ],
)
def test_a_wrong_wheel_is_refused(
    kind: str, built: Callable[[str], Path], zig: Path, tmp_path: Path
) -> None:
    platform, spoil, message = WRONG[kind]
    wheel = Edited(built(platform), zig, platform, tmp_path)
    assert problems(wheel.save()) == []
    spoil(wheel)
    found = problems(wheel.save())
    assert any(re.search(message, problem) for problem in found), found


@pytest.mark.slow
def test_a_wheel_that_is_refused_is_thrown_away(
    zig: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = "manylinux_2_17_aarch64"
    monkeypatch.setitem(build_wheels.TARGETS, other, build_wheels.TARGETS[LINUX])
    assert not build_wheels.build_all([other], tmp_path)
    assert "not for aarch64" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_options_of_the_environment_do_not_get_in(
    zig: Path, built: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CFLAGS", "-O0 -g")
    monkeypatch.setenv("CMAKE_ARGS", "-DCMAKE_BUILD_TYPE=Debug")
    assert build_wheels.build_all([LINUX], tmp_path)
    (again,) = tmp_path.iterdir()
    assert again.read_bytes() == built(LINUX).read_bytes()


@pytest.mark.full
def test_every_wheel_twice(zig: Path, tmp_path: Path) -> None:
    """All pass their checks, and are the same bit for bit."""
    assert len(build_wheels.TARGETS) >= 11
    contents = []
    for folder in (tmp_path / "one", tmp_path / "the other"):
        assert build_wheels.build_all(list(build_wheels.TARGETS), folder)
        contents.append({wheel.name: wheel.read_bytes() for wheel in folder.iterdir()})
    assert len(contents[0]) == len(build_wheels.TARGETS)
    assert contents[0] == contents[1]


def test_a_wheel_for_this_machine_alone_is_refused(wheel: Path) -> None:
    if sys.platform == "linux":
        assert problems(wheel)


def test_an_unknown_target() -> None:
    script = ROOT / "tools" / "build_wheels.py"
    done: subprocess.CompletedProcess[str] = attempt([sys.executable, script, "amiga"])
    assert done.returncode == 2
    assert "no target is called amiga; there are: manylinux_2_17_x86_64, " in done.stderr


def test_without_what_it_needs(tmp_path: Path) -> None:
    """Without ziglang, or anything else that is not Python's own: it says what brings it."""
    isolated = [sys.executable, "-S"]
    for name, words in (("build_wheels", []), ("wheel_checks", ["a.whl"])):
        script = ROOT / "tools" / f"{name}.py"
        done = attempt([*isolated, script, *words], cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "pip install '.[wheels]' brings it" in done.stderr
        assert "Traceback" not in done.stderr
    assert not list((ROOT / "dist").glob(".*"))  # nothing was begun


def test_a_file_as_output(zig: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    script = ROOT / "tools" / "build_wheels.py"
    for output in (file, file / "below"):
        done = attempt([sys.executable, script, "musl*", "--output", output])
        assert (done.returncode, done.stdout) == (2, "")
        assert str(file) in done.stderr
        assert "Traceback" not in done.stderr


def test_no_wheel_at_all(tmp_path: Path) -> None:
    script = ROOT / "tools" / "wheel_checks.py"
    missing, broken = tmp_path / "a-1-py3-none-win_amd64.whl", tmp_path / "b.whl"
    broken.write_text("")
    done: subprocess.CompletedProcess[str] = attempt([sys.executable, script, missing, broken])
    assert done.returncode == 1
    assert "No such file" in done.stdout
    assert "b.whl: refused" in done.stdout
    assert "Traceback" not in done.stderr
    assert attempt([sys.executable, script]).returncode == 2
