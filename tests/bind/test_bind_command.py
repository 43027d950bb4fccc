"""The command: what it writes, prints and asks, and its exit status."""

import sys
from pathlib import Path

import pytest
from support import attempt

HEADER = """
typedef struct box box;
box *box_new(int size); void box_free(box *it);
int box_fill(box *it, const char *data, int n);
void box_move(box *it, void *where);
int box_print(box *it, const char *format, ...);
"""


class Folder:
    """A folder with a header, where the command is run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "box.h").write_text(HEADER)

    def run(self, *words: str) -> tuple[int, str, str]:
        """The exit status, the output and the errors of a command."""
        command = [sys.executable, "-m", "pyexample", "bind", *words]
        done = attempt(command, cwd=self.path)
        return done.returncode, done.stdout, done.stderr

    def files(self) -> set[str]:
        """The names of the files there are."""
        return {each.name for each in self.path.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


BOX = ("box.h", "-I.", "--library", "box")


def test_a_file_is_written_with_a_summary(folder: Folder) -> None:
    assert folder.run(*BOX, "-o", "box.py") == (
        0,
        "",
        "box.py: 4 functions, 1 records, all proven; left out: 1 functions (the end of the file"
        ' says why)\n3 guesses and 1 open questions are marked "# guess" and "# open"; --ask'
        " writes them as a spec\n",
    )
    text = (folder.path / "box.py").read_text()
    assert "# guess: data has n items\n@function\ndef box_fill(" in text
    assert "# open: where: what it points to\n@function\ndef box_move(" in text
    assert text.endswith("# - box_print is variadic: declare each form that is called\n")
    status, printed, _ = folder.run(*BOX)
    assert (status, printed) == (0, text)


def test_the_summary_says_how_many_of_all_were_asked_for(folder: Folder) -> None:
    status, _, told = folder.run(*BOX, "--only", "^box_(new|fill|print)$", "-o", "box.py")
    assert status == 0
    assert told.startswith(
        "box.py: 2 of 5 functions, 1 records, all proven; left out: 1 functions"
    )
    status, _, told = folder.run(*BOX, "--not", "box_", "-o", "box.py")
    assert told == "box.py: 1 records, all proven\n"


def test_check_tells_what_would_change(folder: Folder) -> None:
    folder.run(*BOX, "-o", "box.py")
    before = (folder.path / "box.py").read_text()
    assert folder.run(*BOX, "-o", "box.py", "--check") == (
        0,
        "",
        "box.py is what would be written\n",
    )
    changed = HEADER.replace("box_fill(box *it, const char *data, int n)", "box_fill(box *it)")
    changed = changed.replace("void box_move(box *it, void *where);", "int box_size(box *it);")
    (folder.path / "box.h").write_text(changed)
    assert folder.run(*BOX, "-o", "box.py", "--check") == (
        1,
        "box.py would change:\n  added    box_size\n  removed  box_move\n  changed  box_fill\n",
        "",
    )
    assert (folder.path / "box.py").read_text() == before
    (folder.path / "box.h").write_text(
        HEADER.replace("box *box_new", "/* A box. */ box *box_new")
    )
    status, printed, _ = folder.run(*BOX, "-o", "box.py", "--check")
    assert status == 1
    assert "only in comments" in printed
    assert folder.run(*BOX, "-o", "new.py", "--check")[0] == 1
    assert "new.py" not in folder.files()


def test_questions_become_a_spec(folder: Folder) -> None:
    assert folder.run(*BOX, "-o", "box.py", "--ask", "box.toml")[0] == 0
    first = (folder.path / "box.py").read_text()
    asked = (folder.path / "box.toml").read_text()
    assert "# void box_move(box *it, void *where)\n# open: what it points to\n" in asked
    assert "# \"box_move.where\" = 'Annotated[int | None, c_void_p]'\n" in asked
    assert "# guess: the result is Owned\n" in asked
    # Every line is right as it stands: what is declared does not change.
    said = "\n".join(
        line.removeprefix("# ") if line.startswith('# "') else line
        for line in asked.splitlines()
    )
    (folder.path / "said.toml").write_text(said)
    assert folder.run(*BOX, "-o", "said.py", "--spec", "said.toml")[0] == 0
    second = (folder.path / "said.py").read_text()
    code = [line for line in first.splitlines() if not line.startswith("#")]
    assert [line for line in second.splitlines() if not line.startswith("#")] == code
    # What was edited is not written over.
    status, _, told = folder.run(*BOX, "--ask", "box.toml")
    assert status == 2
    assert "this file exists" in told


def test_plain_ctypes_has_a_stub(folder: Folder) -> None:
    plain = (*BOX, "--style", "ctypes", "-o", "box.py")
    status, printed, told = folder.run(*plain)
    assert (status, printed) == (0, "")
    assert told.startswith("box.py and box.pyi: 5 functions, 1 records, all proven")
    assert "lib.box_print\n" in (folder.path / "box.py").read_text()
    assert "def box_fill(" in (folder.path / "box.pyi").read_text()
    assert folder.run(*plain, "--check")[:2] == (0, "")
    header = HEADER.replace("const char *data", "const double *data")
    (folder.path / "box.h").write_text(header)
    assert folder.run(*plain, "--check")[:2] == (
        1,
        "box.py and box.pyi would change:\n  changed  box_fill\n",
    )
    (folder.path / "box.pyi").write_text("mine: int\n")
    status, _, told = folder.run(*plain)
    assert status == 2
    assert "box.pyi was not written by pyexample bind" in told
    for words, message in (
        (("--ask", "it.toml"), "--ask is about the words of pyexample.ffi"),
        (("--in-package",), "--in-package is about"),
        (("--runtime", "._ffi"), "--runtime is about"),
        (("-o", "box"), "--style ctypes writes a stub beside FILE.py"),
    ):
        status, _, told = folder.run(*plain, *words)
        assert status == 2
        assert message in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("box.h", "-I."), "--library"),
        ((*BOX, "--check"), "--check needs -o"),
        (("no_such.h", "--library", "box"), "no_such.h was not found: install the package"),
        ((*BOX, "--only", "("), "no regular expression"),
        ((*BOX, "--only", "no_such"), "nothing is declared there"),
        ((*BOX, "--compiler", "no-such-compiler"), "no compiler 'no-such-compiler'"),
        ((*BOX, "--spec", "no_such.toml"), "no_such.toml cannot be read"),
        ((*BOX, "-o", "no/such/folder.py"), "cannot be written"),
        ((*BOX, "-o", "mine.py"), "was not written by pyexample bind"),
        ((*BOX, "--runtime", "no module"), "--runtime no module: this is no module"),
        (("box.h", "-I.", "--library", "libbox.so"), "after -l: for libbox, that is box"),
        (("box.h", "-I.", "--library", "libc"), "after -l: for libc, that is c"),
        (("folder", "--library", "box"), "folder is a folder: name the headers in it"),
    ],
)
def test_wrong_use_writes_nothing(words: tuple[str, ...], message: str, folder: Folder) -> None:
    (folder.path / "mine.py").write_text("x = 1\n")
    (folder.path / "folder").mkdir()
    before = folder.files()
    status, printed, told = folder.run(*words)
    assert (status, printed) == (2, "")
    assert message in told
    assert "Traceback" not in told
    assert folder.files() == before
    assert (folder.path / "mine.py").read_text() == "x = 1\n"


def test_a_header_that_is_in_a_folder_below_is_found(folder: Folder) -> None:
    (folder.path / "sub").mkdir()
    (folder.path / "box.h").write_text('#include "other.h"\n' + HEADER)
    status, _, told = folder.run(*BOX)
    assert status == 2
    assert "other.h, which box.h includes, was not found" in told
