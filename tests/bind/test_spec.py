"""What a spec can say, one line each; and that each of its lines must be of use."""

import importlib
from pathlib import Path

import pytest
from support import Package

from pyexample.bind import CannotJudgeError, bind
from pyexample.ffi import LibraryLoadError
from pyexample.generate.spec import read

HEADER = """
#include <stddef.h>
typedef struct box box; typedef struct lid lid; typedef unsigned char letter;
enum status { OK, ODD = 7 };
box *box_make(const char *name); box *box_of(int n); void box_drop_it(box *it);
int box_count(box *it, int *n); int box_fill(box *it, const char *data, int n);
const letter *box_name(box *it); char *box_copy(box *it); void box_free_text(char *text);
typedef int (*walk)(box *it, const char **names); int box_walk(box *it, walk how);
enum status box_check(box *it); const char *box_error(box *it); int box_code(box *it);
int box_print(box *it, const char *format, ...);
const char *status_text(int status); int box_send(box *it, void *data, int how);
struct size { int n; int *widths; }; struct size box_size(box *it); int lid_count(lid *it);
typedef int (*visit)(const char *name, int n); int box_visit(box *it, visit each);
int box_text(char *room, int length, box *it); const char *box_version(void);
int status_of(int n);
"""


def declared(spec: str, folder: Path) -> dict[str, str]:
    """The declarations that are written with a spec, each in one line, by name."""
    (folder / "box.h").write_text(HEADER)
    (folder / "box.toml").write_text(spec)
    made = bind(["box.h"], "box", include=[str(folder)], spec=read(str(folder / "box.toml")))
    return {each.name: " ".join(each.text.split()) for each in made.module.items}


CASES = [
    ('[words]\n"box_count.n" = "Constant(c_void_p, None)"', "box_count",
     "it: Annotated[boxPtr, Constant(c_void_p, None)]"),
    ('[words]\n"box_f*.data" = "Annotated[Buffer, In(None, UNCHECKED)]"', "box_fill",
     "data: Annotated[Buffer, In(None, UNCHECKED)], n: Int"),
    ('[words]\n"box_fill.data" = "Annotated[bytes, c_char_p]"\n"box_fill.n" = "Constant(c_int, -1)"',
     "box_fill", "data: Annotated[bytes, c_char_p, Constant(c_int, -1)]"),
    ('[words]\n"box_code.return" = "Annotated[bool, c_int]"', "box_code",
     "-> Annotated[bool, c_int]"),
    ('[owned]\n"box_copy.return" = "box_free_text"\n[words]\n"box_free_text.text" = "Annotated[int | None, c_void_p]"',
     "box_copy", "Annotated[str | None, c_char_p, Owned(box_free_text)]"),
    ('[closes]\nbox_drop_it = "box"\n[owned]\n"box_of.return" = ""', "box_of",
     "Annotated[box | None, c_void_p, Owned]"),
    ('[closes]\nbox_drop_it = "box"', "box_make", "Annotated[box | None, c_void_p, Owned]"),
    ('borrowed = ["box_make.return"]\n[closes]\nbox_drop_it = "box"', "box_make",
     "Annotated[box | None, c_void_p, Borrowed]"),
    ('nullable = ["box_make.name"]', "box_make", "name: Annotated[str | None, c_char_p]"),
    ('nullable = ["box_fill.data"]', "box_fill", "data: Annotated[Buffer | None, In(None), "),
    ('[[variadic]]\nfunction = "box_print"\nname = "box_print_int"\narguments = ["value: Annotated[int, c_int]"]', "box_print_int",
     '@library.function(fixed=2, symbol="box_print", optional=True) def box_print_int(it: boxPtr, format: Annotated[str, c_char_p], value: Int, /) -> Int: ...'),
    ('[[variadic]]\nfunction = "box_print"\nname = "box_print"\narguments = ["Constant(c_int, 9)", "Returned(int, c_int)"]\n[words]\n"box_print.format" = "Annotated[bytes, c_char_p]"', "box_print",
     'format: Annotated[bytes, c_char_p, Constant(c_int, 9), Returned(int, c_int)], /, ) -> Annotated[tuple[int, int], c_int]'),
    ('[[variadic]]\nfunction = "box_print"\nname = "plain"\n[words]\n"plain.format" = "Constant(c_char_p, None)"\n[[raises]]\nfunctions = ["plain"]', "plain",
     '-> Annotated[None, c_int, Raises(_error)]'),
    ('[words]\n"[bw]*.name*" = "Constant(c_void_p, None)"', "walk",
     "names: Annotated[int | None, c_void_p], / )"),
    ('[words]\n"{walk.{of,names},box_count.n}" = "Annotated[int | None, c_void_p]"', "walk",
     "names: Annotated[int | None, c_void_p], / )"),
    ('[[raises]]\nfunctions = ["box_{send,code}"]\nexcept = ["{box_code,x}"]', "box_send", "Raises(_error)"),
    ('[words]\n"walk.names" = "Annotated[list[str], ArrayOf(c_char_p, TERMINATED)]"', "walk",
     "names: Annotated[list[str], ArrayOf(c_char_p, TERMINATED)]"),
    ('[words]\n"walk.names" = "Annotated[list[str], ArrayOf(c_char_p, TERMINATED)]"', "box_walk",
     "Callable[[box | None, list[str]], int]"),
    ('nullable = ["box_error.it"]\n[[raises]]\nfunctions = ["box_send", "box_make"]\ntype = "int"\nmessage = "box_error"', "_error",
     "box_error(next(it for it in values if isinstance(it, box)))"),
    ('nullable = ["box_error.it"]\n[[raises]]\nfunctions = ["box_send", "status_of"]\nmessage = "box_error"', "_error",
     "box_error(next((it for it in values if isinstance(it, box)), None))"),
    ('[names]\nbox_make = "make"', "make", '@library.function(symbol="box_make", optional=True)'),
    ('[types]\nletter = "char"', "box_name", "Annotated[str | None, c_char_p]"),
    ('[[raises]]\nfunctions = ["box_code"]', "box_code",
     "-> Annotated[None, c_int, Raises(_error)]"),
    ('[[raises]]\nfunctions = ["box_*"]\ntype = "enum status"\nunless = ["OK", "ODD"]', "box_check",
     "Annotated[status, c_uint, Raises(_error, unless=(status.OK, status.ODD))]"),
    ('[[raises]]\nfunctions = ["box_send"]\nwhen = "negative"\nerror = "OSError"', "box_send",
     'Raises(OSError, when="negative")'),
    ('[[raises]]\nfunctions = ["box_send"]\nmessage = "box_error"', "_error",
     "box_error(next(it for it in values if isinstance(it, box)))"),
    ('[[raises]]\nfunctions = ["box_send"]\nmessage = "status_text"\ncode = "box_code"', "_error",
     "code = box_code(next(it for it in values if isinstance(it, box)))"
     ' return Error(f"{function}(): {status_text(code)}", code)'),
    ('[[raises]]\nfunctions = ["box_send"]\nerror = "MemoryError"', "_error",
     'return MemoryError(f"{function}(): {code}")'),
    ('[words]\n"box_code.return" = "Annotated[bool, c_int]"\n[[raises]]\nfunctions = ["box_code"]\nwhen = "negative"',
     "box_code", '-> Annotated[bool, c_int, Raises(_error, when="negative")]'),
    ('[[raises]]\nfunctions = ["box_code"]\n[[raises]]\nfunctions = ["box_count"]\nwhen = "zero"',
     "box_count", "Raises(_error, "),
    ('[words]\n"box_fill.data" = "Annotated[Buffer, In(c_ubyte, lambda it, data, n: 3)]"', "box_fill",
     "In(c_ubyte, lambda it, data, n: 3)"),
    ('[words]\n"size.widths" = \'Annotated[list[int] | None, Out(c_int, "n")]\'', "size",
     'n: Annotated[int, c_int] widths: Annotated[list[int] | None, Out(c_int, "n")]'),
    ('[words]\n"visit.name" = "Annotated[bytes, c_char_p]"\n"visit.return" = "Annotated[bool, c_int]"',
     "visit", "name: Annotated[bytes, c_char_p], n: Annotated[int, c_int], / ) -> Annotated[bool, c_int]"),
    ('[words]\n"visit.name" = "Annotated[bytes, c_char_p]"', "box_visit",
     "each: Annotated[Callable[[bytes, int], int], visit]"),
    ('[failing]\nvisit = "-1"', "visit", "@Callback.failing_with(-1) def visit("),
    ('[defaults]\nsize = "box_size"', "size", '@struct(default="box_size", init=False) class size('),
    ('hold-gil = ["box_count"]', "box_count", "@hold def box_count("),
    ('hold-gil = ["box_make"]\n[names]\nbox_make = "make"', "make",
     '@library.function(symbol="box_make", optional=True, release_gil=False)'),
    ('[words]\n"box_text.room" = \'Filled(str, c_char, 8, name="room")\'\n"box_text.length" = \'Count(c_int, "room")\'',
     "box_text", 'it: Annotated[box, Filled(str, c_char, 8, name="room"), Count(c_int, "room"), c_void_p], /, ) -> Annotated[tuple[int, str], c_int]'),
    ('[words]\n"box_make.name" = "Annotated[str | os.PathLike[str], c_char_p]"',
     "box_make", "name: Annotated[str | os.PathLike[str], c_char_p]"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "name", "expected"), CASES)
def test_it_is_declared_as_it_is_said(
    spec: str, name: str, expected: str, tmp_path: Path
) -> None:
    parts = declared(spec, tmp_path)
    text = parts[name].replace("[ ", "[").replace(" ]", "]")
    for alias, code in parts.items():
        if code.startswith(f"{alias} = Annotated"):
            whole = code.partition(" = ")[2].replace("[ ", "[").replace(" ]", "]")
            if alias not in expected:
                text = text.replace(f": {alias}", f": {whole}").replace(
                    f"-> {alias}", f"-> {whole}"
                )
    assert expected in text


def test_what_was_guessed_is_known_to_be_right(tmp_path: Path) -> None:
    assert "# guess: data has n items @function" in declared("", tmp_path)["box_fill"]
    parts = declared('right = ["box_fill.data"]', tmp_path)
    assert parts["box_fill"].startswith("@function")
    with pytest.raises(CannotJudgeError, match=r"right: box_fill\.it"):
        declared('right = ["box_fill.it"]', tmp_path)
    owned = '[closes]\nbox_drop_it = "box"\n[owned]\n"box_of.return" = ""'
    assert "# guess" not in declared(owned, tmp_path)["box_of"]


def test_memory_that_no_parameter_precedes(tmp_path: Path) -> None:
    (tmp_path / "box.h").write_text("int names(char *room, int length);")
    spec = """[words]
        "names.room" = 'Filled(str, c_char, 8, name="room")'
        "names.length" = 'Count(c_int, "room")'
        "names.return" = 'Annotated[str, c_int, Written("room")]'"""
    (tmp_path / "box.toml").write_text(spec)
    made = bind(
        ["box.h"], "box", include=[str(tmp_path)], spec=read(str(tmp_path / "box.toml"))
    )
    assert made.module.written["names.return"] == (
        'Annotated[str, c_int, Written("room"), Filled(str, c_char, 8, name="room"),'
        ' Count(c_int, "room")]'
    )


def test_another_version_is_refused(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    header = "const char *box_version(void); int box_count(void);"
    (package.folder / "box.h").write_text(header)
    (package.folder / "box.toml").write_text(
        '[version]\nfunction = "box_version"\nbegins = "1.2"\n'
    )
    spec = read(str(package.folder / "box.toml"))
    made = bind(["box.h"], "box", include=[str(package.folder)], spec=spec)
    code = 'const char *box_version(void) { return "%s"; } int box_count(void) { return 3; }'
    for version, told in (
        ("1.2.5", None),
        ("1.3", "it is version 1.3, and this binding is for version 1.2*"),
        (None, "it has no box_version(), and this binding is for version 1.2*"),
    ):
        source = code % version if version else "int box_count(void) { return 3; }"
        name = f"box_{str(version).replace('.', '_')}"  # what is loaded is not overwritten
        monkeypatch.setenv("BOUND_BOX_LIBRARY", str(package.compile(source, name)))
        (package.folder / f"{name}.py").write_text(made.text)
        if told is None:
            assert importlib.import_module(f"bound.{name}").box_count() == 3
        else:
            with pytest.raises(LibraryLoadError) as caught:
                importlib.import_module(f"bound.{name}")
            assert told in str(caught.value)


def test_what_is_left_out_is_listed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "box.h").write_text(HEADER)
    (tmp_path / "box.toml").write_text('[leave-out]\n"box_f*" = "we fill no boxes"\n')
    spec = read(str(tmp_path / "box.toml"))
    made = bind(["box.h"], "box", include=[str(tmp_path)], spec=spec)
    assert made.module.left_out["functions"] == {
        "box_print": "is variadic: declare each form that is called",
        "box_fill": "we fill no boxes",
        "box_free_text": "we fill no boxes",
    }
    listed = "# Left out, functions:\n# - box_fill, box_free_text: we fill no boxes\n"
    assert listed in made.text


WRONG = [
    ("[wrods]", "wrods is nothing that a spec has"),
    ('[words]\n"box_make.nmae" = "Constant(c_int, 0)"', "nothing in the headers is meant by: words: box_make.nmae"),
    ('nullable = ["no_such.*"]', "nullable: no_such"),
    ('[[raises]]\nfunctions = ["no_such"]', "raises: no_such"),
    ('[[raises]]\nwhen = "zero"', "needs functions"),
    ('[[raises]]\nfunctions = ["box_send"]\nmessage = "no_such"', "no function no_such"),
    ('[words]\n"box_make.name" = "Annotated[float, c_char_p]"', "makes these declarations wrong:\n  box_make: "),
    ('[words]\n"box_make.name" = "Annotated[int, c_int]"', "makes these declarations wrong:\n  box_make: "),
    ('[words]\n"box_co*.it" = "Annotated[box, no_such_word]"', "box_copy: name 'no_such_word' is not defined"),
    ('[closes]\nno_such = "box"', "closes: no_such"),
    ('[closes]\nbox_drop_it = "no_such"', "closes: box_drop_it has no parameter that is a handle of no_such"),
    ('[closes]\nbox_drop_it = "lid"', "closes: box_drop_it has no parameter that is a handle of lid"),
    ('[types]\nletter = "no_such"', "types: letter = \"no_such\": write a type of C"),
    ('[names]\nbox_of = "of()"', "names: box_of = \"of()\": write a name that Python can have"),
    ('[names]\nbox_of = "class"', "write a name that Python can have"),
    ('[names]\nbox_of = "box_code"', "names: box_of cannot be box_code: something else has this name"),
    ('[names]\n"box_*" = "it"', "cannot be it: something else has this name"),
    ('[leave-out]\nbox_of = ""', "leave-out: box_of = \"\": write why it is left out"),
    ('[[raises]]\nfunctions = ["box_code"]\nmessage = "box_count"', "raises: box_count has several parameters"),
    ('[[raises]]\nfunctions = ["box_code"]\nmessage = "box_free_text"', "box_free_text has a parameter that is neither a code nor a handle"),
    ('nullable = ["box_count.n"]', "nullable: box_count.n"),
    ('[[variadic]]\nfunction = "box_code"\nname = "x"', "variadic: box_code"),
    ('[[variadic]]\nfunction = "box_print"', "needs a function and a name that Python can have"),
    ('[[variadic]]\nfunction = "box_print"\nname = "x"\nwords = []\narguments = []', "needs a function and a name"),
    ('[[variadic]]\nfunction = "box_print"\nname = "box_code"', "box_print cannot be box_code: something else"),
    ('[[variadic]]\nfunction = "box_print"\nname = "x"\narguments = ["y: Annotated[float, c_float]"]', "makes these declarations wrong:\n  box_print: "),
    ('[[variadic]]\nfunction = "box_print"\nname = "x"\narguments = ["nonsense"]', "makes these declarations wrong:\n  box_print: "),
    ('[[variadic]]\nfunction = "box_print"\nname = "x"\n[words]\n"box_print.it" = "Constant(c_int, 0)"', "words: box_print.it"),
    ("[variadic]\nfunction = 'box_print'", "variadic is written [[variadic]], with two brackets"),
    ('[[raises]]\nfunctions = ["status_of"]\nmessage = "box_error"', "box_error needs a handle of box, which status_of does not take"),
    ('[words]\n"walk.names" = "Annotated[float, c_int]"', "makes these declarations wrong:\n  walk: "),
    ("= nothing", "is no TOML file"),
    ("nullable = 3", "nullable is a list of texts"),
    ("nullable = 'box_make.name'", "nullable is a list of texts"),
    ("words = 3", "words is a table of texts, [words]"),
    ('[words]\n"size.widths" = "Annotated[float, c_float]"', "makes these declarations wrong:\n  size: "),
    ('[words]\n"size.widths" = "Returned(int, c_int)"', "size.widths needs an annotation, not Returned(int, c_int)"),
    ('[words]\n"visit.n" = "Annotated[str, c_char_p]"', "makes these declarations wrong:\n  box_visit: is another one in C: "),
    ('[words]\n"visit.n" = "Annotated[str, c_int]"', "makes these declarations wrong:\n  visit: "),
    ('[failing]\nvisit = "nothing"', "makes these declarations wrong:\n  visit: "),
    ('[defaults]\nsize = "no_such"', "no function no_such"),
    ('hold-gil = ["box_visit"]', "makes these declarations wrong:\n  box_visit: "),
    ('[version]\nfunction = "box_version"', "version is a table with the function that"),
    ('[version]\nfunction = "box_count"\nbegins = "1"', "this one is int box_count(box *it, int *n)"),
    ("[raises]\nfunctions = ['box_send']", "raises is written [[raises]], with two brackets"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "message"), WRONG)
def test_a_line_that_is_wrong_or_of_no_use_is_refused(
    spec: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(CannotJudgeError) as caught:
        declared(spec, tmp_path)
    assert message in str(caught.value)
    assert "box.toml" in str(caught.value)
