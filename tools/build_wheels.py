"""Build the wheels of every platform on this machine, and check each.

The project is this one or, with --project, one that pyexample new wrote.

The compiler is zig (PyPI: ziglang), which contains every platform's C library. The first build
for a platform takes a minute, later ones some seconds, since zig caches its output. A wheel
that does not pass tools/wheel_checks.py is deleted.

The same sources make the same wheels, bit for bit: the time of their files is
SOURCE_DATE_EPOCH (seconds since 1970) or, if that is not set, the last commit.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent

# The packages of the extra "wheels" that this needs.
NEEDED = ("auditwheel", "lief", "packaging", "scikit_build_core", "ziglang")

# The platform tag of each wheel, and zig's name for its target.
TARGETS = {
    "manylinux_2_17_x86_64": "x86_64-linux-gnu.2.17",
    "manylinux_2_17_aarch64": "aarch64-linux-gnu.2.17",
    "manylinux_2_31_armv7l": "arm-linux-gnueabihf.2.31",
    "manylinux_2_17_s390x": "s390x-linux-gnu.2.17",
    "manylinux_2_31_riscv64": "riscv64-linux-gnu.2.31",
    "musllinux_1_2_x86_64": "x86_64-linux-musl",
    "musllinux_1_2_aarch64": "aarch64-linux-musl",
    "macosx_10_13_x86_64": "x86_64-macos.10.13",
    "macosx_11_0_arm64": "aarch64-macos.11.0",
    "win_amd64": "x86_64-windows-gnu",
    "win_arm64": "aarch64-windows-gnu",
}

# Variables that would add options for the compiler and for CMake.
FOREIGN_OPTIONS = (
    *("CFLAGS", "CPPFLAGS", "LDFLAGS", "ARCHFLAGS"),
    *("CMAKE_ARGS", "SKBUILD_CMAKE_ARGS"),
)

EARLIEST = 315532800  # 1980-01-01, the earliest time in a zip file


class BuildError(Exception):
    """A wheel could not be built, or failed the checks. The message says why."""


def build(
    platform: str, output: Path, environment: dict[str, str], folder: Path = ROOT
) -> Path:
    """Build the wheel of the project in a folder for ``platform``, and move it to ``output``.

    Returns its path. Raises BuildError if it cannot be built or does not pass the checks;
    ``output`` is then unchanged.
    """
    from wheel_checks import OURS, problems, project_in

    project = OURS if folder == ROOT else project_in(folder)
    with TemporaryDirectory(dir=output, prefix=".") as built:
        command = [
            *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", built, str(folder)),
            *_settings(platform),
        ]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=environment
        )
        if done.returncode:
            raise BuildError(done.stdout + done.stderr)
        (wheel,) = Path(built).glob("*.whl")
        if found := problems(wheel, project):
            raise BuildError("\n".join(found))
        return wheel.replace(output / wheel.name)


def _settings(platform: str) -> list[str]:
    """The settings for scikit-build-core."""
    import ziglang

    settings = {
        "wheel.tags": f"py3-none-{platform}",
        "wheel.reproducible": "true",
        "cmake.define.CMAKE_TOOLCHAIN_FILE": f"{ROOT}/cmake/toolchains/zig.cmake",
        "cmake.define.EXAMPLE_ZIG": str(Path(ziglang.__file__).with_name("zig")),
        "cmake.define.EXAMPLE_ZIG_TARGET": TARGETS[platform],
    }
    return [f"--config-settings={name}={value}" for name, value in settings.items()]


def _environment(folder: Path) -> dict[str, str]:
    environment = {
        name: value for name, value in os.environ.items() if name not in FOREIGN_OPTIONS
    }
    # cmake and ninja may be installed beside this Python.
    environment["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    environment.setdefault("SOURCE_DATE_EPOCH", _last_commit(folder))
    return environment


def _last_commit(folder: Path) -> str:
    """The time of the last commit; outside of a git clone, the earliest time in a wheel."""
    git = ["git", "-c", f"safe.directory={folder}", "-C", str(folder)]
    try:
        done = subprocess.run(
            [*git, "log", "-1", "--format=%ct"], check=False, capture_output=True, text=True
        )
    except FileNotFoundError:
        return str(EARLIEST)
    return done.stdout.strip() or str(EARLIEST)


def _chosen(patterns: list[str]) -> list[str]:
    """The platforms that match ``patterns``; all if there are none. May raise ValueError."""
    for pattern in patterns:
        if not any(fnmatch(platform, pattern) for platform in TARGETS):
            raise ValueError(f"no target is called {pattern}; there are: {', '.join(TARGETS)}")
    return [
        platform
        for platform in TARGETS
        if not patterns or any(fnmatch(platform, pattern) for pattern in patterns)
    ]


def build_all(platforms: list[str], output: Path, folder: Path = ROOT) -> bool:
    """Build the wheels, one per core at a time, and print the result of each."""
    output.mkdir(parents=True, exist_ok=True)
    environment = _environment(folder)
    start = time.monotonic()
    good = True
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {
            pool.submit(build, each, output, environment, folder): each for each in platforms
        }
        for number, job in enumerate(as_completed(jobs), 1):
            try:
                wheel = job.result()
                said = f"ok, {wheel.stat().st_size} bytes"
            except BuildError as error:
                good = False
                said = f"REFUSED\n{error}"
            progress = f"[{number}/{len(jobs)} {time.monotonic() - start:4.0f} s]"
            print(progress, jobs[job], said, flush=True)
    return good


def main() -> int:
    """The command line."""
    assert __doc__
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], epilog=f"Targets: {', '.join(TARGETS)}"
    )
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help="names or patterns ('musl*'); default: all"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="default: dist")
    parser.add_argument(
        "--project", type=Path, default=ROOT, help="a folder that pyexample new wrote"
    )
    options = parser.parse_args()
    try:
        platforms = _chosen(options.targets)
        if missing := [name for name in NEEDED if not find_spec(name)]:
            names = ", ".join(missing)
            parser.error(f"not installed: {names}; pip install '.[wheels]' brings it")
        return 0 if build_all(platforms, options.output, options.project.absolute()) else 1
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return 130  # the convention of shells: 128 and the number of SIGINT


if __name__ == "__main__":
    sys.exit(main())
