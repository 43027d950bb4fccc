"""Record the binary interface of libexample, which tests/example/test_abi_kept.py reads.

Run it for a release that raises EXAMPLE_ABI_VERSION or adds functions, on Linux x86-64 with
abigail-tools installed.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent


def record_of(root: Path) -> Path:
    """The file that records the interface of the version in the header."""
    header = root / "src" / "c" / "include" / "example.h"
    (version,) = re.findall(r"(?m)^#define EXAMPLE_ABI_VERSION (\d+)$", header.read_text())
    return root / "tests" / "example" / "c" / f"abi-{version}.xml"


def build(root: Path, folder: Path) -> Path:
    """Build the library of the sources at ``root`` with debug information for its types."""
    # No paths of this machine, so that the debug information is the same everywhere.
    flags = f'-g -gdwarf-4 "-ffile-prefix-map={root}=." "-ffile-prefix-map={folder}=."'
    options = ["-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_C_FLAGS={flags}"]
    _run(["cmake", "-S", root, "-B", folder, *options])
    _run(["cmake", "--build", folder])
    return folder / "libexample.so"


def _run(command: list[str | Path]) -> None:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit(f"record_abi.py: error: {command[0]} is not installed")
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}")


def main() -> int:
    """Write the record."""
    output = record_of(ROOT)
    with TemporaryDirectory() as folder:
        library = build(ROOT, Path(folder))
        new = Path(folder, "new.xml")
        public = ROOT / "src" / "c" / "include"
        dump: list[str | Path] = ["abidw", "--no-corpus-path", "--no-comp-dir-path"]
        dump += ["--no-show-locs", "--drop-private-types", "--headers-dir", public]
        try:
            subprocess.run([*dump, library, "--out-file", new], check=True)
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            print(f"abidw (abigail-tools): {error}", file=sys.stderr)
            return 1
        output.write_text(new.read_text())
    print(os.path.relpath(output))
    return 0


if __name__ == "__main__":
    sys.exit(main())
