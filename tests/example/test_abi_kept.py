"""Programs that were built against an older libexample still work with this one."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest
from record_abi import build, record_of
from support import ROOT, Tool, attempt

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="the interface is recorded for Linux x86-64",
)


def compare(tool: Tool, sources: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """What has changed since the interface was recorded; what was added is not told."""
    record = record_of(sources)
    assert record.exists(), (
        f"EXAMPLE_ABI_VERSION was raised: python tools/record_abi.py makes {record.name}"
    )
    # Not --headers-dir2: the record has no places, so that its structs would be private.
    options = ["--no-added-syms", "--no-show-locs"]
    return attempt([tool("abidiff"), *options, record, build(sources, folder)])


def test_the_binary_interface_is_kept(tool: Tool, tmp_path: Path) -> None:
    done = compare(tool, ROOT, tmp_path / "build")
    assert done.returncode == 0, (
        f"raise EXAMPLE_ABI_VERSION, since programs would break:\n{done.stdout}{done.stderr}"
    )


DECLARED = "int32_t square(int32_t number)"
ADDED = "int32_t cube(int32_t number)"


def change(sources: Path, right: str, wrong: str, *names: str) -> None:
    for name in names:
        file = sources / "src" / "c" / name
        text = file.read_text()
        assert right in text
        file.write_text(text.replace(right, wrong))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong", "names", "told"),
    [
        (DECLARED, "int64_t square(int32_t number)", 2, "return type changed"),
        (DECLARED, "int32_t square(int16_t number)", 2, "parameter 1 of type"),
        (DECLARED, "int32_t square(int32_t number, int more)", 2, "parameter 2 of type"),
        (DECLARED, "int32_t squared(int32_t number)", 2, "1 Removed"),
        ("uint64_t low;", "uint64_t more; uint64_t low;", 1, "1 data member insertion"),
    ],
    ids=["result", "parameter", "parameters", "removed", "struct"],
)
def test_a_change_is_seen(
    right: str, wrong: str, names: int, told: str, tool: Tool, sources: Path, tmp_path: Path
) -> None:
    change(sources, right, wrong, *["include/example.h", "example.c"][:names])
    done = compare(tool, sources, tmp_path / "build")
    assert done.returncode & 4, done.stdout + done.stderr  # ABIDIFF_ABI_CHANGE
    assert told in done.stdout


@pytest.mark.slow
def test_an_addition_is_no_change(tool: Tool, sources: Path, tmp_path: Path) -> None:
    header, source = (
        sources / "src" / "c" / name for name in ("include/example.h", "example.c")
    )
    declaration = f"EXAMPLE_API {DECLARED};"
    header.write_text(
        header.read_text().replace(declaration, f"{declaration} EXAMPLE_API {ADDED};")
    )
    with source.open("a") as file:
        file.write(f"{ADDED} {{ return number; }}\n")
    done = compare(tool, sources, tmp_path / "build")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_version_must_be_recorded(tool: Tool, sources: Path, tmp_path: Path) -> None:
    change(sources, "ABI_VERSION 1\n", "ABI_VERSION 2\n", "include/example.h")
    with pytest.raises(AssertionError, match=r"record_abi.py makes abi-2\.xml"):
        compare(tool, sources, tmp_path / "build")
