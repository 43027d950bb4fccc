"""Fixtures for all tests: fresh environments, optional programs, built packages."""

import gc
import importlib
import importlib.util
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import shelf as shelf_module
from bindings import Bind, Binding
from support import (
    FASTCALL_IS_SERVED,
    ROOT,
    CMake,
    Environment,
    Missing,
    Package,
    Tool,
    attempt,
    build_wheel,
    cmakes,
    copy_sources,
    run,
    skip_checker_on_pypy,
)

from pyexample.ffi import Library, callbacks

# Programs installed beside this Python, such as ninja, even if it is not activated.
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])


def pytest_collection_finish() -> None:
    """Let ``gc.collect``, which many tests call often, pass over what is there by now."""
    if hasattr(gc, "freeze"):  # not in PyPy
        gc.collect()
        gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-tools",
        action="store_true",
        help="fail, rather than skip, if a program that a test needs is missing",
    )


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """With --require-tools, fail a file that skips itself (pytest.importorskip)."""
    report = yield
    if report.skipped and collector.config.getoption("--require-tools"):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def missing(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Skip the test because something is missing; with --require-tools, fail."""

    def skip(what: str) -> None:
        if request.config.getoption("--require-tools"):
            pytest.fail(what)
        pytest.skip(what)

    return skip


@pytest.fixture(scope="session")
def tool(missing: Missing) -> Callable[[str], str]:
    """The path of a program, such as ``tool("clang")``; without it, the test is skipped."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            missing(f"{name} is not installed")
        return str(path)

    return find


@pytest.fixture(scope="session")
def cmake() -> CMake:
    """The newest cmake."""
    return cmakes()[-1]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the project that a test may change. Its path has a space in it."""
    return copy_sources(tmp_path / "the sources")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from this checkout."""
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def zig(missing: Missing) -> Path:
    """The compiler for every platform."""
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        missing("ziglang is not installed")
        raise AssertionError
    return Path(spec.origin).with_name("zig")


@pytest.fixture(scope="session")
def built(zig: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The wheel of one platform, built at the first use."""
    import build_wheels  # needs the extra "wheels"

    folder = tmp_path_factory.mktemp("wheels")

    def build(platform: str) -> Path:
        for wheel in folder.glob(f"*{platform}.whl"):
            return wheel
        assert build_wheels.build_all([platform], folder)
        return build(platform)

    return build


@pytest.fixture(params=["builtin", "ctypes"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The way in which functions are called: tests that use it run with both."""
    if request.param == "builtin" and not FASTCALL_IS_SERVED:
        pytest.skip("this Python or processor has no fast calls")
    for package in ("PYEXAMPLE", "BOUND"):
        monkeypatch.setenv(f"{package}_FASTCALL", "0" if request.param == "ctypes" else "1")
    return str(request.param)


@pytest.fixture(scope="module", params=["builtin", "ctypes"])
def declared_anew(request: pytest.FixtureRequest) -> Iterator[str]:
    """The way in which functions are called that ``test_foo.py`` uses of its module ``foo``.

    The module is executed again for each way, so what it declares is to be named ``foo.bar``.
    """
    if request.param == "builtin" and not FASTCALL_IS_SERVED:
        pytest.skip("this Python or processor has no fast calls")
    binding = sys.modules[request.module.__name__.removeprefix("test_")]
    with pytest.MonkeyPatch.context() as patch:
        is_fast = request.param == "builtin"
        patch.setenv(f"{binding.__name__.upper()}_FASTCALL", str(int(is_fast)))
        library = importlib.reload(binding).library
        assert is_fast == (len(library.fallbacks) < len(library.declarations))
        yield request.param


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """A package called ``bound``, to compile libraries in and load them from."""
    monkeypatch.syspath_prepend(tmp_path)
    package = Package(tmp_path)
    __import__(package.name)
    if hasattr(gc, "freeze"):  # CPython's
        gc.freeze()  # tests collect garbage often: do not search older objects
    yield package
    if hasattr(gc, "freeze"):
        gc.unfreeze()
    del sys.modules[package.name]


@pytest.fixture
def shelf(package: Package, path: str, monkeypatch: pytest.MonkeyPatch) -> shelf_module.Shelf:
    """The library of shelf.py, bound."""
    package.compile(shelf_module.SOURCE, "c", *([] if os.name == "nt" else ["-pthread"]))
    if path == "ctypes":  # without libfastcall, as on other platforms
        monkeypatch.setattr(callbacks, "running", lambda: None)
    bound = shelf_module.bind(Library("c", f"{package.name}.module"))
    assert ("name_of" in bound.library.fallbacks) == (path == "ctypes")
    return bound


@pytest.fixture
def binding(tmp_path: Path, tool: Tool) -> Bind:
    """Write a header and a module: a binding, to be judged by g++ if nothing else is said."""
    tool("g++")
    skip_checker_on_pypy()
    return lambda header, module: Binding(tmp_path, header, module)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount an empty file system on a folder: ``mounted("noexec")``, see mount(8)."""
    folder = tmp_path / "mounted"

    def mount(options: str) -> Path:
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if sys.platform != "linux" or attempt(command).returncode:
            folder.rmdir()
            pytest.skip("this user, or system, may not mount")
        return folder

    yield mount
    if folder.exists():
        run(["umount", "--lazy", folder])


@pytest.fixture
def watched(tool: Tool) -> dict[str, str]:
    """The environment in which Python can load a library that was compiled with SANITIZERS."""
    # libstdc++ too, so that the sanitizer handles exceptions that modules throw.
    names = ("libasan.so", "libstdc++.so.6")
    runtimes = [run([tool("gcc"), f"-print-file-name={name}"]).strip() for name in names]
    return {
        "LD_PRELOAD": " ".join(runtimes),
        # Python's own allocator hides an overflow from one object into the next.
        "PYTHONMALLOC": "malloc",
        # Python itself does not free all memory at exit.
        "ASAN_OPTIONS": "detect_leaks=0",
    }


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A fresh virtual environment of this Python."""
    return Environment(tmp_path / "environment")


collect_ignore = [] if "LLAMA_LLAMA_LIBRARY" in os.environ else ["apis/test_llama_text.py"]


def pytest_report_header() -> str:
    """Say what is left out."""
    return f"left out, since LLAMA_LLAMA_LIBRARY does not name libllama: {collect_ignore}"
