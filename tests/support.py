"""Helper functions for the tests."""

import contextlib
import functools
import gc
import io
import itertools
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pyexample import cli, ffi
from pyexample.abi import Report, check

ROOT = Path(__file__).resolve().parent.parent
HAS_CI = (ROOT / ".github").is_dir()
"""Whether this is the repository: the source distribution has no files of CI."""

HEADER = ROOT / "src" / "c" / "include" / "example.h"

FASTCALL_IS_SERVED = (
    sys.implementation.name == "cpython"
    and sys.maxsize > 2**32
    and platform.machine().lower() in {"x86_64", "amd64", "arm64", "aarch64"}
)

COUNTS_REFERENCES = sys.implementation.name == "cpython"
"""Whether an object is destroyed as soon as nothing refers to it."""

LOCKS_BUFFERS = sys.implementation.name == "cpython"
"""Whether a bytearray cannot be moved while something refers to its memory."""

HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()

COUNTS_BLOCKS = COUNTS_REFERENCES and HAS_GIL
"""Whether ``sys.getallocatedblocks`` is exact: without a GIL, memory is freed later."""

HIGHEST_ADDRESS = 2 * sys.maxsize + 1

SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=all -g"
"""The options with which gcc makes a library check its own memory and arithmetic."""

ERROR_INTERNAL_ERROR = 1359
"""The code of an OSError of Windows, from winerror.h."""

Argument = str | os.PathLike[str]

Tool = Callable[[str], str]
"""The fixture ``tool``: the path of a program, without which the test is skipped."""

Missing = Callable[[str], None]
"""The fixture ``missing``: skip the test, since something is missing."""


def collect() -> None:
    """Collect all garbage. On PyPy, objects released by a finalizer need another round.

    A handle that closures keep, whose callbacks its own and another handle keep, needs four.
    """
    for _ in range(1 if COUNTS_REFERENCES else 5):
        gc.collect()


def let_go() -> None:
    """Make sure that unreferenced objects are destroyed; CPython does that without gc."""
    if not COUNTS_REFERENCES:
        collect()


def is_in_c(function: Any) -> bool:
    """Whether libfastcall has made all of its calls, if it makes builtin functions here.

    And whether Python has interpreted nothing that they returned.
    """
    content = getattr(function, "__self__", None)
    return not content or not {"slow_path", "unexpected"} & {*vars(content)}


class Interrupt(BaseException):
    """As if of a signal handler."""


@contextmanager
def interrupt(at: int) -> Iterator[None]:
    """Raise Interrupt where the package calls its function number ``at``.

    A signal's handler is called there, and raises KeyboardInterrupt. Not counted is what
    Python calls by itself, which has nobody to raise it.
    """
    count = itertools.count()
    package = Path(ffi.__file__).parent

    def trace(frame: FrameType, event: str, argument: Any) -> None:
        name, file = frame.f_code.co_name, Path(frame.f_code.co_filename)
        is_ours = file.parent == package and name not in ("__del__", "free")
        is_callback = file.stem == "callbacks" and name == "call"
        if is_ours and not is_callback and next(count) == at:
            raise Interrupt

    earlier = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(earlier)


def interrupted_everywhere(work: Callable[[], object]) -> Iterator[None]:
    """Once for each place where ``work`` can be interrupted, when it has been."""
    for at in itertools.count():
        with suppress(Interrupt):
            with interrupt(at):
                work()
            assert at > 5  # it was interrupted
            return
        yield  # when the exception is gone, and what its traceback had


def run(command: Sequence[Argument], **options: Any) -> str:
    """Run ``command`` and return its output. If it fails, the error shows all output."""
    done = attempt(command, **options)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


def attempt(command: Sequence[Argument], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``command`` and return its output and exit status, even if it fails."""
    start = functools.partial(
        subprocess.run,
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **options.pop("env", {})},
        **options,
    )
    try:
        return start()
    except OSError as error:
        # wine sometimes cannot start a program, for no reason of ours. Not twice in a row.
        if getattr(error, "winerror", None) != ERROR_INTERNAL_ERROR:
            raise
        return start()


def pyexample(*words: Argument, cwd: Argument) -> subprocess.CompletedProcess[str]:
    """Run the command line in this process, which a process of its own would start for long."""
    out, err, before = io.StringIO(), io.StringIO(), os.getcwd()
    os.chdir(cwd)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = cli.run([*map(str, words)])
    except SystemExit as end:  # after --help
        status = int(end.code or 0)
    finally:
        os.chdir(before)
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def skip_checker_on_pypy() -> None:
    """It imports a binding without its library, which PyPy does not let it."""
    if sys.implementation.name == "pypy":
        pytest.skip("the checker cannot stand in for a library in PyPy")


def check_binding(
    module: Path, *headers: str, compiler: str, missing: Missing, define: Sequence[str] = ()
) -> tuple[Report, list[tuple[str, str]]]:
    """Judge a binding by system headers.

    Returns the report, and the subject and kind of each finding, notes too, but for the
    functions that are not bound.
    """
    skip_checker_on_pypy()
    for header in headers:
        options = ["-fsyntax-only", "-x", "c++", *(f"-D{each}" for each in define)]
        # It may be in a folder that only the compiler knows.
        if attempt([compiler, *options, "-include", header, os.devnull]).returncode:
            missing(f"{header} is not installed")
    report = check(str(module), headers=headers, define=define, compiler=compiler)
    found = [(each.subject, each.kind) for each in report.findings if each.kind != "missing"]
    return report, found


def first_quickly(cases: Iterable[Any]) -> list[Any]:
    """Parameters of a test of which all but the first are slow: each builds or checks anew."""
    first, *rest = (each if isinstance(each, tuple) else (each,) for each in cases)
    return [
        pytest.param(*first),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in rest),
    ]


def declared(macro: str) -> str:
    """The value of ``macro`` in the header, without quotes."""
    found = re.search(rf'^#define {macro} "?([^"\n]+)"?$', HEADER.read_text(), re.MULTILINE)
    assert found, f"{HEADER} does not define {macro}"
    return found[1]


def project_files() -> list[str]:
    """The files of the project that git does not ignore."""
    import pathspec

    ignored = pathspec.GitIgnoreSpec.from_lines((ROOT / ".gitignore").read_text().splitlines())
    found: list[str] = []
    for folder, folders, files in os.walk(ROOT):
        here = Path(folder).relative_to(ROOT)
        folders[:] = [
            name
            for name in folders
            if name != ".git" and not ignored.match_file(f"{(here / name).as_posix()}/")
        ]
        found += [(here / name).as_posix() for name in files if name != ".git"]
    return sorted(name for name in found if not ignored.match_file(name))


def copy_sources(folder: Path) -> Path:
    """Copy the project's files to ``folder``."""
    for name in project_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def commit(folder: Path) -> Path:
    """Commit all files of ``folder`` in a new git repository."""
    git = ["git", "-c", "user.name=somebody", "-c", "user.email=somebody@localhost"]
    run(["git", "init", "--quiet"], cwd=folder)
    run(["git", "add", "--all"], cwd=folder)
    run([*git, "commit", "--quiet", "--message", "everything"], cwd=folder)
    return folder


def files_below(folder: Path) -> set[str]:
    """The files and links below ``folder``, relative to it."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


class Environment:
    """A virtual environment in which only the test installs packages."""

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        run([python, "-m", "venv", "--without-pip", folder])
        self.folder = folder
        self.scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
        self.executable = self.scripts / "python"

    def install(self, *arguments: Argument, **options: Any) -> None:
        """``pip install`` into it, with this Python's own pip."""
        self.pip("install", *arguments, **options)

    def pip(self, *arguments: Argument, **options: Any) -> None:
        """Run this Python's own pip on it."""
        pip: list[Argument] = [sys.executable, "-m", "pip", "--python", self.executable]
        run([*pip, *arguments], **options)

    def share_packages(self) -> None:
        """Let it import the packages of this Python."""
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        folder = Path(self.python(code).strip())
        shared = [entry for entry in sys.path if entry.endswith("-packages")]
        (folder / "shared.pth").write_text("\n".join(shared))

    def python(self, code: str, **options: Any) -> str:
        """Run ``code`` in a folder without modules, and return its output."""
        return run([self.executable, "-c", code], cwd=self.folder, **options)


class Package:
    """A Python package in a new folder, with C libraries that ``Library`` finds."""

    def __init__(self, folder: Path, name: str = "bound") -> None:
        self.name = name
        self.folder = folder / name
        self.lib = self.folder / "lib"
        self.lib.mkdir(parents=True)
        (self.folder / "__init__.py").touch()

    def library(self, name: str) -> Path:
        """The path where ``Library`` looks for a library called ``name``."""
        forms = {"win32": "lib{}.dll", "darwin": "lib{}.dylib"}
        return self.lib / forms.get(sys.platform, "lib{}.so").format(name)

    def compile(self, source: str, name: str = "c", *flags: Argument) -> Path:
        """Compile C ``source`` to a library that exports all its functions."""
        library = self.library(name)
        compiler = os.environ.get("CC") or ("gcc" if sys.platform == "win32" else "cc")
        library.write_bytes(_compiled(compiler, source, flags))
        return library


@functools.cache
def _compiled(compiler: str, source: str, flags: tuple[Argument, ...]) -> bytes:
    """Compile ``source``, once for all tests that use it."""
    with tempfile.TemporaryDirectory() as folder:
        # MinGW's gcc appends a suffix to a name without one.
        file, library = Path(folder, "source.c"), Path(folder, "library.out")
        file.write_text(source, encoding="utf-8")
        run([compiler, "-O1", "-shared", "-fPIC", "-o", library, file, *flags])
        return library.read_bytes()


def build_wheel(source: Path, folder: Path, env: dict[str, str] | None = None) -> Path:
    """Build a wheel with the installed build backend."""
    pip: list[Argument] = [sys.executable, "-m", "pip", "wheel", "--no-deps"]
    run([*pip, "--no-build-isolation", "--wheel-dir", folder, source], env=env or {})
    (path,) = folder.glob("*.whl")
    return path


def shared_library_names(name: str) -> set[str]:
    """The possible file names of a shared library without a version on this system."""
    if sys.platform == "win32":
        return {f"{name}.dll", f"lib{name}.dll"}  # by MSVC; by MinGW
    return {f"lib{name}.dylib" if sys.platform == "darwin" else f"lib{name}.so"}


class CMake:
    """One cmake, and the ctest beside it."""

    # Needed at each step by Visual Studio and the like; other generators ignore it.
    configuration = ("--config", "Release")

    def __init__(self, program: Path) -> None:
        self.program = program
        self.ctest = program.with_name(f"ctest{program.suffix}")
        self.version = run([program, "--version"]).split()[2]

    def configure(self, source: Path, build: Path, *arguments: Argument, **options: Any) -> str:
        """Configure ``source`` in ``build``, without any option of ours."""
        environment = options.pop("env", {})
        if sys.platform != "win32" and shutil.which("ninja"):
            environment = {"CMAKE_GENERATOR": "Ninja", **environment}  # faster than make
        command: list[Argument] = [self.program, "-S", source, "-B", build]
        return run([*command, *arguments], env=environment, **options)

    def build(self, build: Path, *arguments: Argument, **options: Any) -> str:
        """Build the configured project."""
        return run([self.program, "--build", build, *self.configuration, *arguments], **options)

    def install(self, build: Path, *arguments: Argument, **options: Any) -> str:
        """Install the built project."""
        command: list[Argument] = [self.program, "--install", build, *self.configuration]
        return run([*command, *arguments], **options)

    def test(self, build: Path, *arguments: Argument) -> str:
        """Run the C tests. It is an error if there are none."""
        command: list[Argument] = [self.ctest, "--test-dir", build, "-C", "Release"]
        return run([*command, "--output-on-failure", "--no-tests=error", *arguments])


def cmakes() -> list[CMake]:
    """The cmakes of this machine, one of each version, the newest last."""
    import cmake

    folders = [*os.environ["PATH"].split(os.pathsep), cmake.CMAKE_BIN_DIR]
    found: dict[tuple[int, ...], CMake] = {}
    for folder in folders:
        path = shutil.which("cmake", path=folder)
        if path and attempt([path, "--version"]).returncode == 0:
            program = CMake(Path(path))
            found[tuple(map(int, re.findall(r"\d+", program.version)))] = program
    return [found[version] for version in sorted(found)]
