"""Whole headers of real libraries: complete, proven, typed, loaded, and called hostilely."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from headers_to_bind import ALL, QUICK, SLOW, Corpus, counted
from support import ROOT, Missing, Tool, run

from pyexample.abi import Report, check
from pyexample.generate.context import Module

FIRST = {"git2": ("git_libgit2_init",)}
"""Functions without which a library's others crash, whatever they are passed."""
AFTER_OTHERS = {
    "openssl": {"CRYPTO_secure_used"},
    "SDL2": {"SDL_GetTouchDeviceType", "SDL_GetNumTouchFingers"},
}
"""Functions that crash before another one, which has parameters, was called."""


class Made:
    """A binding that was written; and as plain ctypes, with a stub."""

    def __init__(self, corpus: Corpus, folder: Path) -> None:
        self.corpus = corpus
        self.binding, self.plain = corpus.bound(), corpus.bound(style="ctypes")
        self.file = folder / f"b_{corpus.name}.py"  # Python has modules of these names
        self.plain_file = folder / f"p_{corpus.name}.py"
        self.stub = folder / f"p_{corpus.name}.pyi"
        self.file.write_text(self.binding.text)
        self.plain_file.write_text(self.plain.text)
        self.stub.write_text(self.plain.stub)


Make = Callable[[Corpus, Missing], Made]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Writes the bindings of some headers, once; skips where they are not installed."""
    made: dict[str, Made] = {}
    folder = tmp_path_factory.mktemp("bindings")

    def make_once(corpus: Corpus, missing: Missing) -> Made:
        if corpus.name not in made:
            if not _is_installed(corpus, folder):
                missing(f"{corpus.package} is not installed")
            made[corpus.name] = Made(corpus, folder)
        return made[corpus.name]

    return make_once


def _is_installed(corpus: Corpus, folder: Path) -> bool:
    source = folder / "all.c"
    source.write_text("".join(f"#include <{each}>\n" for each in corpus.headers))
    options = [
        *(f"-I{each}" for each in corpus.include),
        *(f"-D{each}" for each in corpus.define),
    ]
    command = ["gcc", *options, "-E", str(source)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.fixture(params=ALL)
def made(request: pytest.FixtureRequest, make: Make, missing: Missing) -> Made:
    """The bindings of some headers."""
    return make(request.param, missing)


def test_nothing_is_lost(made: Made, tmp_path: Path, tool: Tool) -> None:
    """Declared and left out are together what another reader counts."""
    tool("castxml")
    module = made.binding.module
    for kind, names in counted(made.corpus, tmp_path).items():
        left_out = module.left_out.get(kind, {})
        assert all(left_out.values())
        assert module.counts[kind] + len(left_out) == len(names), kind
    others = [
        name
        for name, why in module.left_out.get("functions", {}).items()
        if "variadic" not in why and "va_list" not in why
    ]
    assert len(others) <= 0.01 * module.counts["functions"], others


def test_it_is_proven(made: Made) -> None:
    module = made.binding.module
    report = check_proof(made.corpus, made.file, module, [made.corpus.library, "fastcall"])
    assert report.judged["functions"] == module.counts["functions"]


def check_proof(corpus: Corpus, file: Path, module: Module, libraries: list[str]) -> Report:
    """The compiler agrees with all of a binding, which lacks only what is listed."""
    report = check(
        str(file),
        headers=corpus.headers,
        without_library=libraries,
        strict=True,
        coverage=True,
        include=corpus.include,
        define=corpus.define,
    )
    missing = {each.subject for each in report.findings if each.kind == "missing"}
    assert missing <= module.left_out.get("functions", {}).keys()
    assert [each for each in report.findings if each.kind != "missing"] == []
    return report


@pytest.mark.parametrize(
    "group",
    [
        pytest.param(QUICK, id="quick", marks=pytest.mark.slow),
        pytest.param(SLOW, id="slow", marks=pytest.mark.full),
    ],
)
def test_type_checkers_and_a_formatter_accept_them(
    group: list[Corpus], make: Make, missing: Missing
) -> None:
    """All at once: type checkers need longer for what all of them import than for each."""
    made = [make(each, missing) for each in group]
    folder = made[0].file.parent
    typed = [file for each in made for file in (each.file, each.stub)]
    written = [*typed, *(each.plain_file for each in made)]
    python = [sys.executable, "-m"]
    run([*python, "mypy", "--strict", *typed], cwd=folder)
    run([*python, "pyright", "--pythonpath", sys.executable, *typed], cwd=folder)
    run([*python, "ruff", "format", "--isolated", "--check", *written], cwd=folder)
    run([*python, "ruff", "check", "--isolated", "--select", "E,F,I,N,W", *written])


def test_plain_ctypes_is_complete_and_proven(made: Made, tmp_path: Path, tool: Tool) -> None:
    tool("castxml")
    module = made.plain.module
    for kind, names in counted(made.corpus, tmp_path).items():
        assert module.counts[kind] + len(module.left_out.get(kind, {})) == len(names), kind
    # Only what takes a va_list, a union by value, or types that ctypes lacks.
    assert len(module.left_out.get("functions", {})) <= 0.03 * module.counts["functions"]
    check_proof(made.corpus, made.plain_file, module, [made.corpus.library])


def test_it_loads_and_no_natural_call_crashes(made: Made, missing: Missing) -> None:
    program = [
        sys.executable,
        str(ROOT / "tests" / "bind" / "call_everything.py"),
        str(made.file),
    ]
    done = subprocess.run(
        [*program, *FIRST.get(made.corpus.name, ())],
        cwd=made.file.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if "LibraryLoadError" in done.stderr:
        missing(f"the library of {made.corpus.package} is not installed")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["called"] == made.binding.module.counts["functions"]
    known = AFTER_OTHERS.get(made.corpus.name, set[str]())
    assert [
        name for name, _, is_marked in found["ended"] if not (is_marked or name in known)
    ] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["expat", "zstd"])
def test_every_python_writes_the_same_bytes(name: str, tmp_path: Path, tool: Tool) -> None:
    corpus = next(each for each in (*QUICK, *SLOW) if each.name == name)
    texts: set[bytes] = set()
    for python in ("python3.10", "python3.13"):
        file = tmp_path / f"{python}.py"
        command = [tool(python), "-m", "pyexample", "bind", *corpus.headers]
        environment = {"PYTHONPATH": str(ROOT / "src")}
        command += ["--library", corpus.library, "-o", str(file)]
        run(command, env=environment)
        texts.add(file.read_bytes())
    assert len(texts) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sqlite3", "zlib", "zstd", "expat"])
def test_the_same_file_is_right_on_windows(name: str, tmp_path: Path, tool: Tool) -> None:
    tool("x86_64-w64-mingw32-g++")
    corpus = next(each for each in QUICK if each.name == name)
    file = tmp_path / f"b_{name}.py"
    file.write_text(corpus.bound().text)
    copied = tmp_path / "include"  # without the headers of this system
    copied.mkdir()
    for folder in (Path("/usr/include"), *Path("/usr/include").glob("*-linux-gnu")):
        for each in ("sqlite3*.h", "zlib.h", "zconf.h", "zstd*.h", "expat*.h"):
            for header in folder.glob(each):
                shutil.copy(header, copied)
    report = check(
        str(file),
        headers=corpus.headers,
        include=[str(copied)],
        target="x86_64-w64-mingw32",
        without_library=[corpus.library, "fastcall"],
    )
    assert [each for each in report.findings if each.severity == "error"] == []
    assert report.judged["functions"] > 0
