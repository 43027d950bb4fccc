"""However it is installed, it finds its own library. In fresh environments, so slow."""

import shutil
import sys
import time
from pathlib import Path

import pytest
from support import Argument, Environment, Missing, attempt, files_below, run

pytestmark = pytest.mark.slow

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


@pytest.fixture
def sources(sources: Path) -> Path:
    """A repository, so that git can tell what an installation left in it."""
    run(["git", "init", "--quiet"], cwd=sources)
    run(["git", "add", "--all"], cwd=sources)
    return sources


@pytest.fixture
def before(environment: Environment) -> set[str]:
    """The files of the environment before anything is installed."""
    return installed_files(environment)


def test_pip_install(sources: Path, environment: Environment, before: set[str]) -> None:
    environment.install(sources)
    assert installed_library(environment).is_relative_to(environment.folder)
    assert_is_clean(sources)
    assert_uninstalls(environment, before)


def test_sdist(
    sources: Path, environment: Environment, before: set[str], tmp_path: Path
) -> None:
    run([sys.executable, "-m", "build", "--sdist", "--outdir", tmp_path, sources])
    (sdist,) = tmp_path.glob("*.tar.gz")
    environment.install(sdist)
    assert installed_library(environment).is_relative_to(environment.folder)
    assert_uninstalls(environment, before)


def test_editable(sources: Path, environment: Environment, before: set[str]) -> None:
    environment.install("--editable", sources)
    assert installed_library(environment).is_relative_to(environment.folder)
    assert package_of(environment) == sources / "src" / "pyexample"
    assert_is_clean(sources)
    assert_uninstalls(environment, before)


def test_editable_in_place(sources: Path, environment: Environment, before: set[str]) -> None:
    environment.install("--editable", sources, "-C", "editable.mode=inplace")
    package = sources / "src" / "pyexample"
    library = installed_library(environment)
    assert library.parent == package / "lib"
    assert package_of(environment) == package
    assert_is_clean(sources)
    assert_uninstalls(environment, before)
    # What it left behind does not go into the next wheel.
    environment.install(sources)
    assert installed_library(environment).is_relative_to(environment.folder)
    (dist_info,) = environment.folder.rglob("pyexample-*.dist-info")
    names = {line.split(",")[0] for line in (dist_info / "RECORD").read_text().splitlines()}
    assert sum(library.name in name for name in names) == 1
    assert not [name for name in names if name.endswith((".ninja", "CMakeCache.txt"))]


def test_editable_with_rebuild(sources: Path, environment: Environment) -> None:
    """The build folder stays, and CMake installs into it."""
    install_for_rebuild(sources, environment)
    assert installed_library(environment).is_relative_to(sources / "build")
    assert package_of(environment) == sources / "src" / "pyexample"
    assert_is_clean(sources)
    # C that was changed is built and installed when that is asked for.
    file = sources / "src" / "c" / "example.c"
    file.write_text(file.read_text().replace("return EXAMPLE_VERSION", 'return "changed"'))
    time.sleep(1.1)  # CMake takes a file for the installed one where they differ by less
    environment.python("import pyexample; pyexample.__loader__.rebuild()")
    assert environment.python("import pyexample; print(pyexample.__version__)") == "changed\n"


@pytest.mark.parametrize("version", PYTHONS)
def test_one_wheel_for_every_python(
    version: str, wheel: Path, missing: Missing, tmp_path: Path
) -> None:
    python = shutil.which(f"python{version}")
    # A shim may be there for a Python that is not.
    if not python or not attempt([python, "--version"]).stdout.startswith("Python 3"):
        missing(f"python{version} is not installed")
    environment = Environment(tmp_path / "environment", str(python))
    environment.install("--no-index", wheel)
    said = environment.python("import sys; print('%d.%d' % sys.version_info[:2])")
    assert said == f"{version}\n"
    assert installed_library(environment).is_relative_to(environment.folder)


# --- Helpers --------------------------------------------------------------------------


def install_for_rebuild(sources: Path, environment: Environment) -> None:
    """As scikit-build-core's documentation says: what builds it has to stay."""
    environment.install("scikit-build-core")
    settings: list[Argument] = ["-C", "editable.rebuild=true", "-C", "build-dir=build/editable"]
    environment.install("--no-build-isolation", "--editable", sources, *settings)


def installed_library(environment: Environment) -> Path:
    """The file that is loaded, once all that a user does at first has worked."""
    elsewhere = environment.folder  # there is nothing to import there
    pyexample = environment.scripts / "pyexample"
    assert run([pyexample, "square", "7"], cwd=elsewhere) == "The square of 7 is 49.\n"
    report = run([pyexample, "doctor"], cwd=elsewhere)
    path = environment.python("from pyexample.libexample import library; print(library.path)")
    assert path.strip() in report
    return Path(path.strip())


def package_of(environment: Environment) -> Path:
    """The folder that the package's Python files come from."""
    return Path(environment.python("import pyexample; print(pyexample.__file__)")).parent


def installed_files(environment: Environment) -> set[str]:
    names = files_below(environment.folder)
    return {name for name in names if "__pycache__" not in name}


def assert_uninstalls(environment: Environment, before: set[str]) -> None:
    environment.pip("uninstall", "--yes", "pyexample")
    assert installed_files(environment) == before


def assert_is_clean(sources: Path) -> None:
    """Nothing in the repository has changed, but for what .gitignore lists."""
    assert run(["git", "diff"], cwd=sources) == ""
    assert run(["git", "ls-files", "--others", "--exclude-standard"], cwd=sources) == ""
