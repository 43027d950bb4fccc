"""A real binding and its headers: llama-cpp-python's, whose drift is known.

Its source package holds both, in the versions that belong together. It is 75 MB.
LLAMA_CPP_PYTHON names the folder of one that was downloaded (tests/platforms/llama).
"""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from support import ROOT, Tool, pyexample

from pyexample.abi import check

pytestmark = pytest.mark.download
VERSION = "0.3.36"
OURS = ROOT / "examples" / "llama"


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if known := os.environ.get("LLAMA_CPP_PYTHON"):
        return Path(known)
    folder = tmp_path_factory.mktemp("llama")
    options = ["--dest", str(folder), "--no-build-isolation", "--no-binary", "llama-cpp-python"]
    options.append(f"llama-cpp-python=={VERSION}")
    # pip asks the package for its metadata, which only its build system can give.
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *options], check=True
    )
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder / f"llama_cpp_python-{VERSION}"


@pytest.mark.parametrize(
    ("compiler", "target"),
    [
        ("g++", "native"),
        ("clang++", "native"),
        ("x86_64-w64-mingw32-g++", "x86_64-w64-mingw32"),
    ],
)
def test_our_example_is_whole_and_proven(
    sources: Path, tool: Tool, compiler: str, target: str
) -> None:
    vendor = sources / "vendor" / "llama.cpp"
    report = check(
        str(OURS / "llama.py"),
        headers=[str(vendor / "include" / "llama.h")],
        include=[str(vendor / "ggml" / "include")],
        without_library=["llama"],
        compiler=tool(compiler),
        target=target,
        coverage=True,
    )
    assert report.judged["functions"] == 255
    assert report.judged["structs"] == 22
    assert not report.findings
    assert not report.faults


def test_our_example_is_what_would_be_written(sources: Path, tool: Tool) -> None:
    tool("g++")
    vendor, file = sources / "vendor" / "llama.cpp", OURS / "llama.py"
    done = pyexample(
        *("bind", "llama.h", "-I", vendor / "include", "-I", vendor / "ggml" / "include"),
        *("--library", "llama", "--only", "(?i)^llama", "--spec", OURS / "llama.toml"),
        *("-o", file, "--check"),
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout
    assert done.stderr == f"{file} is what would be written\n"
    assert not re.search("(?m)^# (guess|open): ", file.read_text("utf-8"))


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_known_drift_is_found_and_nothing_else(
    sources: Path, tool: Tool, compiler: str
) -> None:
    vendor = sources / "vendor" / "llama.cpp"
    report = check(
        str(sources / "llama_cpp" / "llama_cpp.py"),
        headers=[str(vendor / "include" / "llama.h")],
        include=[str(vendor / "ggml" / "include")],
        without_library=["llama"],
        compiler=tool(compiler),
    )
    assert report.judged["functions"] == 253
    assert report.judged["structs"] == 20
    notes = {each.kind for each in report.findings if each.severity == "note"}
    assert notes == {"handle", "missing"}
    failures = [f"{each.subject}: {each.what}" for each in report.failures]
    assert failures == ["llama_opt_params: 40 bytes, C has 48; Python lacks optimizer_type"]
