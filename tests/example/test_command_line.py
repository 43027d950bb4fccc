"""pyexample, the command."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import pytest
from support import ROOT, Package, attempt, first_quickly, run, shared_library_names

COMMAND = [sys.executable, "-m", "pyexample"]


def line(number: int) -> str:
    """What is printed for a number."""
    return f"The square of {number} is {number * number}.\n"


def text(printed: bytes) -> str:
    return printed.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["7"], "The square of 7 is 49.\n"),
        (["-8", "0"], "The square of -8 is 64.\nThe square of 0 is 0.\n"),
        (["--", "-46340"], f"The square of -46340 is {46340**2}.\n"),
    ],
)
def test_square(arguments: list[str], printed: str) -> None:
    done = attempt([*COMMAND, "square", *arguments])
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


def test_the_installed_command_is_the_same() -> None:
    script = Path(sysconfig.get_path("scripts"), "pyexample")
    assert attempt([script, "square", "7"]).stdout == "The square of 7 is 49.\n"


@pytest.mark.parametrize(("text", "numbers"), [("3\n4 5\n\n", [3, 4, 5]), ("", [])])
def test_square_of_standard_input(text: str, numbers: list[int]) -> None:
    done = attempt([*COMMAND, "square"], input=text)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "".join(f"The square of {n} is {n * n}.\n" for n in numbers)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["square", "x"], "'x' is not an integer"),
        (["square", "7.5"], "'7.5' is not an integer"),
        (["square", "7", "46341"], "must be in -46340..46340, not 46341"),
        (["square", "9" * 5000], f"'{'9' * 40}...' is not an integer"),
        (["square", "9" * 1000], "must be in -46340..46340, not an integer of 3322 bits"),
        (["cube", "7"], "invalid choice: 'cube'"),
        ([], "the following arguments are required: COMMAND"),
        (["doctor", "--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(arguments: list[str], complaint: str) -> None:
    done = attempt([*COMMAND, *arguments])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pyexample: error: ")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (b"1 2 three", "'three'"),
        (b"1 2 \xff", r"'\udcff'"),
        (b"1\n2\n" + b"3" * 70_000, f"'{'3' * 40}...'"),
        (b"1 2 \xd8\x00\x00\x00\n", r"'\udcd8\x00\x00\x00'"),
    ],
)
def test_wrong_standard_input(given: bytes, shown: str) -> None:
    """What came before is printed: it was right."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [*COMMAND, "square"], input=given, capture_output=True, check=False, env=environment
    )
    assert (done.returncode, text(done.stdout)) == (2, "".join(map(line, (1, 2))))
    assert text(done.stderr) == (
        f"pyexample: error: {shown} is not an integer from -46340 to 46340\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="text has other line ends there")
def test_standard_input_that_is_not_in_its_encoding() -> None:
    """In UTF-16 nothing stands for a byte that is wrong."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-16"}
    done = subprocess.run(
        [*COMMAND, "square"], input=b"7\n8", capture_output=True, check=False, env=environment
    )
    assert (done.returncode, done.stdout) == (2, b"")
    complaint = "pyexample: error: standard input cannot be read: "
    assert done.stderr.decode("utf-16").startswith(complaint)


def test_numbers_on_standard_input_are_squared_as_they_come() -> None:
    with subprocess.Popen([*COMMAND, "square"], stdin=-1, stdout=-1) as process:
        assert process.stdin
        assert process.stdout
        for part, printed in ((b"7\n", [7]), (b"8 9 1", [8, 9]), (b"0\n", [10])):
            process.stdin.write(part)
            process.stdin.flush()
            for number in printed:  # while there is more to come
                assert text(process.stdout.readline()) == line(number)
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as on Linux")
@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="Python itself reserves more memory than is allowed here",
)
@pytest.mark.parametrize("separator", first_quickly(["\n", " "]))
def test_standard_input_may_be_larger_than_memory(separator: str, tmp_path: Path) -> None:
    numbers = tmp_path / "numbers"
    numbers.write_text(separator.join(["-46340"] * 3_000_000))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_DATA, (100 << 20,) * 2);"
    environment: dict[str, str] = {}
    if sys.implementation.name == "pypy":  # collects no garbage for the system's limit
        limit, environment = "", {"PYPY_GC_MAX": "100MB"}
    code = limit + (
        "import sys; from pyexample.__main__ import main;"
        "sys.argv = ['pyexample', 'square']; sys.exit(main())"
    )
    with numbers.open() as stdin:
        command = ["sh", "-c", f'"{sys.executable}" -c "{code}" | wc -l']
        done = attempt(command, stdin=stdin, env=environment)
    assert (done.stdout.strip(), done.stderr) == ("3000000", "")


def test_a_reader_that_goes_away_is_no_error_to_report() -> None:
    numbers = " ".join(["7"] * 100_000)  # more than a pipe holds
    with subprocess.Popen(
        [*COMMAND, "square"], stdin=-1, stdout=-1, stderr=-1, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        with suppress(BrokenPipeError):  # it does not wait for the end of them
            process.stdin.write(numbers)
            process.stdin.close()
        assert process.stderr.read() == ""
        assert process.wait() == 1


# --- Streams that are closed, full, or of another encoding -----------------------------

EVERY_COMMAND = [
    ["square", "7"],
    ["doctor"],
    ["--help"],
    ["square", "--help"],
    ["abi", "--help"],
    ["--version"],
    ["abi", str(ROOT / "tests" / "support.py"), "--header=stdint.h"],
]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="by a shell")


def in_a_shell(words: Sequence[str], redirection: str) -> subprocess.CompletedProcess[str]:
    return attempt(["sh", "-c", f'"$@" {redirection}', "sh", *COMMAND, *words])


@posix_only
@pytest.mark.parametrize("words", first_quickly(EVERY_COMMAND[:-1]), ids=" ".join)
@pytest.mark.parametrize(
    ("redirection", "complaint"),
    [
        (">&-", "standard output is closed"),
        (">/dev/full", "standard output cannot be written: No space left on device"),
        ("1</dev/null", "standard output cannot be written: Bad file descriptor"),
    ],
)
def test_standard_output_that_cannot_be_written(
    words: list[str], redirection: str, complaint: str
) -> None:
    if "full" in redirection and sys.platform != "linux":
        pytest.skip("no /dev/full")
    done = in_a_shell(words, redirection)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"pyexample: error: {complaint}\n"


@posix_only
@pytest.mark.parametrize("redirection", first_quickly(["2>&-", "2>/dev/full", "2</dev/null"]))
@pytest.mark.parametrize(
    ("words", "status"),
    [(["square", "x"], 2), (["cube"], 2), (["abi"], 2), (EVERY_COMMAND[-1], 2)],
)
def test_an_error_is_never_on_standard_output(
    words: list[str], status: int, redirection: str
) -> None:
    if "full" in redirection and sys.platform != "linux":
        pytest.skip("no /dev/full")
    done = in_a_shell(words, redirection)
    assert (done.returncode, done.stdout) == (status, "")


@posix_only
@pytest.mark.parametrize("words", [*EVERY_COMMAND, ["square", "x"]], ids=" ".join)
def test_no_stream_at_all(words: list[str]) -> None:
    assert in_a_shell(words, "<&- >&- 2>&-").returncode == 2


@posix_only
@pytest.mark.parametrize(
    ("redirection", "complaint"),
    [("<&-", ""), ("0>/dev/null", "standard input cannot be read: Bad file descriptor")],
)
def test_standard_input_that_cannot_be_read(redirection: str, complaint: str) -> None:
    done = in_a_shell(["square"], redirection)
    assert (done.returncode, done.stdout) == (2 if complaint else 0, "")
    assert done.stderr == (f"pyexample: error: {complaint}\n" if complaint else "")


@posix_only
@pytest.mark.parametrize("environment", first_quickly(["C", "ASCII", "no home"]))
@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
def test_in_a_bare_environment(words: list[str], environment: str, tmp_path: Path) -> None:
    """With a path in it that no ASCII has, and bytes that are no UTF-8."""
    library = os.fsencode(tmp_path) + b"/b\xc3\xbcchse \xff"
    bare: dict[bytes, bytes] = {b"PATH": os.fsencode(os.defpath)}
    if words == ["doctor"]:
        bare[b"PYEXAMPLE_LIBRARY"] = library
    if environment == "C":
        bare |= {b"LC_ALL": b"C", b"PYTHONCOERCECLOCALE": b"0", b"PYTHONUTF8": b"0"}
    if environment == "ASCII":
        bare |= {b"PYTHONIOENCODING": b"ascii", b"HOME": b"/nowhere"}
    done = subprocess.run([*COMMAND, *words], capture_output=True, check=False, env=bare)
    assert b"Traceback" not in done.stderr
    assert b"should not" not in done.stderr
    expected = 1 if words == ["doctor"] else 2 if words == EVERY_COMMAND[-1] else 0
    assert done.returncode == expected, done.stderr
    if expected < 2:
        assert done.stderr == b""


@posix_only
def test_arguments_that_are_no_text() -> None:
    for words in ([b"square", b"\xff"], [b"\xff"], [b"doctor", b"\xff\n"], [b"abi", b"\xff"]):
        command = [*map(os.fsencode, COMMAND), *words]
        done = subprocess.run(command, capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.startswith(b"pyexample: error: ")
        assert done.stderr.count(b"\n") == 1


# --- Ctrl-C ---------------------------------------------------------------------------

INTERRUPT = """
import os, signal, sys

class Finder:
    left = None  # how many modules more, once Python has found the command

    def find_spec(self, name, path=None, target=None):
        if name == "pyexample.__main__":
            self.left = int(os.environ["INTERRUPTED_AT"])
        elif self.left is not None:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
"""


@posix_only
@pytest.mark.parametrize("by", ["module", pytest.param("script", marks=pytest.mark.slow)])
def test_ctrl_c_during_each_import(by: str, tmp_path: Path) -> None:
    """At each module that is imported from the command's first on, in turn."""
    (tmp_path / "sitecustomize.py").write_text(INTERRUPT)
    script = [str(Path(sysconfig.get_path("scripts"), "pyexample"))]
    command = COMMAND if by == "module" else [sys.executable, *script]
    interrupted = 0
    for number in range(1, 500):
        environment = {"INTERRUPTED_AT": str(number), "PYTHONPATH": str(tmp_path)}
        done = attempt([*command, "square", "7"], env=environment)
        if done.returncode == 0:
            break
        interrupted += 1
        assert (done.stdout, done.stderr) == ("", ""), number
        assert done.returncode in (-signal.SIGINT, 130), number
    assert interrupted > 15
    assert (done.stdout, done.stderr) == ("The square of 7 is 49.\n", "")


@posix_only
@pytest.mark.parametrize("given", [b"", b"7\n"])
def test_ctrl_c_while_it_reads(given: bytes) -> None:
    with subprocess.Popen([*COMMAND, "square"], stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"3\n" + given)
        process.stdin.flush()
        assert text(process.stdout.readline()) == line(3)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
        assert process.wait() in (-signal.SIGINT, 130)


# --- Every stage fails ----------------------------------------------------------------

BREAK = """
import builtins, os, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["BROKEN"]:
            raise getattr(builtins, os.environ["FAILURE"])("broken on purpose")

sys.meta_path.insert(0, Finder())
"""

MODULES = [
    *("ctypes", "struct", "typing", "functools", "inspect", "importlib.metadata", "platform"),
    *("pyexample.ffi", "pyexample.ffi.loading", "pyexample.ffi.libfastcall"),
    *("pyexample.ffi.library", "pyexample.ffi.values", "pyexample.ffi.loading.diagnosis"),
    "pyexample.libexample",
    *(
        "pyexample.ffi.doctor",
        "pyexample.abi",
        "pyexample.abi.command",
        "pyexample.cli",
        "argparse",
    ),
]


@pytest.mark.parametrize("words", first_quickly(EVERY_COMMAND), ids=" ".join)
@pytest.mark.parametrize("failure", first_quickly(["ImportError", "OSError", "RecursionError"]))
def test_no_traceback_whatever_cannot_be_imported(
    words: list[str], failure: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(BREAK)
    # (PyPy's hashlib logs what it cannot import.)
    (tmp_path / "loaded.py").write_text("import hashlib, sys; print(*sys.modules)")
    environment = {"BROKEN": "", "PYTHONPATH": str(tmp_path)}
    # What Python itself needs to run a module is no affair of the module's.
    needed = run([sys.executable, "-m", "loaded"], env=environment).split()
    for module in [each for each in MODULES if each not in needed]:
        # In dev mode, the traceback is wanted.
        broken = {**environment, "BROKEN": module, "FAILURE": failure, "PYTHONDEVMODE": ""}
        done = attempt([*COMMAND, *words], env=broken)
        # (What the checker cannot import, it shows the traceback of: it is the user's.)
        if done.stderr:
            assert done.stderr.startswith("pyexample: error: "), module
        assert "Traceback" not in done.stdout, module
        # (Of a module without ctypes, the checker says so where it is not stopped before.)
        told = any(said in done.stderr + done.stdout for said in ("on purpose", "cannot judge"))
        assert told or (done.returncode, done.stderr) == (0, ""), module


def without_metadata(folder: Path) -> dict[str, str]:
    """The environment in which the package is found, without the record of an installation."""
    from pyexample.libexample import library

    shutil.copytree(ROOT / "src" / "pyexample", folder / "pyexample")
    (folder / "pyexample" / "lib").mkdir(exist_ok=True)
    for name in ("example", "fastcall"):
        for file in shared_library_names(name):
            built = Path(library.path).with_name(file)
            if built.exists():
                shutil.copy(built, folder / "pyexample" / "lib")
    return {"PYTHONPATH": str(folder)}


# A Python that sees nothing of what is installed beside this one.
BARE = [sys.executable, "-S", "-m", "pyexample"]


def test_without_metadata(tmp_path: Path) -> None:
    environment = without_metadata(tmp_path)
    done = attempt([*BARE, "square", "7"], env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, line(7), "")
    done = attempt([*BARE, "doctor"], env=environment)
    assert (done.returncode, done.stderr) == (1, "")
    assert "package       pyexample (not installed)" in done.stdout
    assert "libexample" in done.stdout
    assert done.stdout.endswith(
        "\nThe package pyexample is not installed: pip knows nothing of it.\n"
    )
    done = attempt([*BARE, "--version"], env=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pyexample: error: the version is not known")
    assert attempt([*BARE, "--help"], env=environment).returncode == 0


def test_without_metadata_and_library(tmp_path: Path) -> None:
    environment = without_metadata(tmp_path)
    shutil.rmtree(tmp_path / "pyexample" / "lib")
    done = attempt([*BARE, "doctor"], env=environment)
    assert (done.returncode, done.stderr) == (1, "")
    assert "there is no such file" in done.stdout


def complaint(words: list[str], library: Path) -> str:
    """What a command says of a library that it cannot use, and where it should be said."""
    done = attempt([*COMMAND, *words], env={"PYEXAMPLE_LIBRARY": str(library)})
    outputs = (done.stderr, done.stdout)
    told, nothing = reversed(outputs) if words == ["doctor"] else outputs
    assert (done.returncode, nothing) == (1, "")
    assert "Traceback" not in told
    return told


@posix_only
@pytest.mark.parametrize("words", [["square", "7"], ["doctor"]], ids=" ".join)
def test_a_stale_library(words: list[str], package: Package) -> None:
    """It has the right ABI version, but lacks what has been declared since."""
    stale = package.compile(
        "int example_abi_version(void) { return 1; } int square(int n) { return n * n; }"
    )
    assert "example_version() is declared, but" in complaint(words, stale)


NO_LIBRARY = {
    "absent": "there is no such file",
    "empty": "the file is empty",
    "folder": "this is a folder, not a library",
    "text": "this is no library: neither an ELF, a Mach-O nor a PE file",
    "unreadable": "",
}


@pytest.mark.parametrize("words", [["square", "7"], ["doctor"]], ids=" ".join)
@pytest.mark.parametrize(("kind", "reason"), NO_LIBRARY.items())
def test_a_library_that_is_none(
    words: list[str], kind: str, reason: str, tmp_path: Path
) -> None:
    if sys.platform == "win32" and kind not in ("absent", "empty"):
        pytest.skip("the system has other reasons")
    library = tmp_path / "libexample.so"
    if kind == "folder":
        library.mkdir()
    elif kind != "absent":
        library.write_text("" if kind == "empty" else "no library")
        library.chmod(0 if kind == "unreadable" else 0o644)
    told = complaint(words, library)
    assert f"{library}\n    {reason}" in told
    if words == ["doctor"]:
        assert f"PYEXAMPLE_LIBRARY {library}" in told
        assert "PYEXAMPLE_LIBRARY is set, so nothing else was tried" in told


def test_doctor_in_a_folder_that_was_removed(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("it cannot be removed there")
    gone = tmp_path / "gone"
    gone.mkdir()
    run_there = f'cd "{gone}" && rmdir "{gone}" && exec "$@"'
    # PyPy's own -m needs a current folder, unless it is told that it is not to be searched.
    environment = {"PYTHONSAFEPATH": "1"} if sys.implementation.name == "pypy" else {}
    done = attempt(["sh", "-c", run_there, "sh", *COMMAND, "doctor"], env=environment)
    assert (done.returncode, done.stderr) == (0, "")


# --- The commands themselves ----------------------------------------------------------


def test_version_without_a_library() -> None:
    done = attempt([*COMMAND, "--version"], env={"PYEXAMPLE_LIBRARY": "/nowhere"})
    assert (done.returncode, done.stdout) == (0, f"pyexample {version('pyexample')}\n")


def test_help() -> None:
    done = attempt([*COMMAND, "--help"])
    assert done.returncode == 0
    assert "square" in done.stdout
    assert "doctor" in done.stdout


def test_doctor_of_a_good_installation(path: str) -> None:
    import pyexample.arrays  # declares more functions
    from pyexample.libexample import library

    assert pyexample.arrays
    done = attempt([*COMMAND, "doctor"])
    if path == "builtin":
        for function in set(library.declarations) - {"example_sum_of_squares"}:
            assert f" {function}: a builtin\n" in done.stdout
    else:
        assert " all 6: through ctypes, since PYEXAMPLE_FASTCALL is 0\n" in done.stdout
        assert done.stdout.count("through ctypes") == 1
    assert (done.returncode, done.stderr) == (0, "")
    report = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert report["library"] == library.path
    assert f" {library.path}: loaded\n" in done.stdout
    assert report["version"].startswith(f"{version('pyexample')}, ABI version 1")
    assert sys.executable in report["python"]
    assert report["override"] == "PYEXAMPLE_LIBRARY is not set"
    assert report["fast"].startswith(
        f"calls    PYEXAMPLE_FASTCALL is {int(path == 'builtin')} "
    )
    assert "a package foo has FOO_FASTCALL" in report["fast"]
