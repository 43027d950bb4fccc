"""``pyexample new`` with C that somebody else wrote, and with a library of the system's."""

import ctypes.util
import re
import shlex
import shutil
import sys
from pathlib import Path

import projects
import pytest
from support import Argument, CMake, Environment, Missing, Tool, run

from pyexample.bind import bind
from pyexample.new import CannotWriteError, foreign

# A small library with the traits of those that are published: an export macro of its own, the
# version in three macros, public headers in a folder that they are included with, one of them
# by way of another and in a condition, a private one beside the sources, and functions that a
# declaration cannot say.
LIBRARY = {
    "LICENSE": "Do what you want.\n",
    "include/shapes/export.h": """\
#ifndef SHAPES_EXPORT_H
#define SHAPES_EXPORT_H
#if defined(_WIN32)
#  ifdef SHAPES_BUILDING
#    define SHAPES_API __declspec(dllexport)
#  else
#    define SHAPES_API __declspec(dllimport)
#  endif
#elif defined(__GNUC__) && defined(SHAPES_SHARED)
#  define SHAPES_API __attribute__((visibility("default")))
#else
#  define SHAPES_API
#endif
#endif
""",
    "include/shapes/Shapes.h": """\
#ifndef SHAPES_H
#define SHAPES_H
#include <stddef.h>
#include <shapes/export.h>
#ifdef SHAPES_ODD
#include "odd.h"
#endif
#define SHAPES_VERSION_MAJOR 2
#define SHAPES_VERSION_MINOR 7
#define SHAPES_VERSION_PATCH 19
#ifdef __cplusplus
extern "C" {
#endif
#ifndef SHAPES_UNIT
#error "SHAPES_UNIT is to be defined"
#endif
typedef struct Shape { struct Shape *next; double area; } Shape;
typedef struct { double x, y; } ShapesPoint;
SHAPES_API const char *Shapes_version(void);
SHAPES_API Shape *Shapes_make_square(double side);
SHAPES_API double Shapes_area(const Shape *shape);
SHAPES_API void Shapes_free(Shape *shape);
SHAPES_API double Shapes_sum(const double *areas, size_t count);
SHAPES_API ShapesPoint Shapes_origin(void);
SHAPES_API void Shapes_each(void (*visit)(ShapesPoint where));
SHAPES_API int Shapes_print(const char *format, ...);
int Shapes_unmarked(void);
#ifdef __cplusplus
}
#endif
#endif
""",
    "include/shapes/odd.h": "#define SHAPES_IS_ODD 1\n",
    "src/private.h": "#define UNUSED(it) (void)(it)\n",
    "src/shapes.c": """\
#include <math.h>
#include <stdlib.h>
#include <shapes/Shapes.h>
#include "private.h"
const char *Shapes_version(void) { return "2.7.19"; }
Shape *Shapes_make_square(double side)
{
    Shape *shape = calloc(1, sizeof *shape);
    shape->area = SHAPES_UNIT * pow(side, 2);
    return shape;
}
double Shapes_area(const Shape *shape) { return shape->area; }
void Shapes_free(Shape *shape) { free(shape); }
double Shapes_sum(const double *areas, size_t count)
{
    double sum = 0;
    while (count) sum += areas[--count];
    return sum;
}
ShapesPoint Shapes_origin(void) { ShapesPoint point = {0, 0}; return point; }
void Shapes_each(void (*visit)(ShapesPoint)) { visit(Shapes_origin()); }
int Shapes_print(const char *format, ...) { UNUSED(format); return 0; }
""",
    "src/more and more.c": """\
#include "../include/shapes/Shapes.h"
int Shapes_unmarked(void) { return 1; }
""",
}
WORDS = shlex.split(
    "--header upstream/include/shapes/Shapes.h --include upstream/include"
    " --source upstream/src/shapes.c 'upstream/src/more and more.c' --define SHAPES_UNIT=10"
)
OPTIONS = {"--header", "--include", "--source", "--system", "--version", "--define"}
FUNCTIONS = {"version", "make_square", "area", "free", "sum", "unmarked", "origin", "each"}


def unpack(folder: Path, library: dict[str, str]) -> Path:
    for name, text in library.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def upstream(tmp_path: Path, tool: Tool) -> Path:
    tool("g++")
    return unpack(tmp_path / "upstream", LIBRARY)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, tool: Tool) -> Path:
    tool("g++")
    folder = tmp_path_factory.mktemp("foreign C")
    unpack(folder / "upstream", LIBRARY)
    return projects.made(folder, "shapes", *WORDS)


@pytest.fixture(scope="module")
def installed(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("environment") / "environment")
    projects.install(project, environment)
    return environment


# --- What is written ------------------------------------------------------------------


def test_the_c_is_copied_as_it_is(upstream: Path) -> None:
    project = projects.made(upstream.parent, "shapes", *WORDS)
    for name in LIBRARY:
        assert (project / "src/c" / name).read_text() == (upstream / name).read_text()
    assert not list(project.rglob("__pycache__"))  # nor anything that the proof has left


def test_what_can_be_declared_is(upstream: Path) -> None:
    done = projects.new(upstream.parent, "shapes", *WORDS)
    assert (done.returncode, done.stderr) == (0, "")
    module = "src/pyshapes/libshapes.py"
    assert (
        "8 functions are declared and proven by the header; 1 is left out, listed at the end"
        f" of {module}.\n" in done.stdout
    )
    text = (upstream.parent / "shapes" / module).read_text()
    assert set(re.findall(r"(?m)^@function\ndef Shapes_(\w+)", text)) == FUNCTIONS
    declarations, _, left_out = text.partition("# Left out, functions:\n")
    assert left_out.startswith(
        "# - Shapes_print is variadic: declare each form that is called\n"
    )
    assert "class ShapesPoint(ctypes.Structure):" in declarations
    assert "from ._ffi import " in declarations


def test_its_version_is_the_headers(project: Path) -> None:
    assert "project(shapes VERSION 2.7.19 " in (project / "CMakeLists.txt").read_text()


@pytest.mark.parametrize(
    ("macros", "version"),
    [
        ('#define FOO_VERSION "1.10"', "1.10"),
        ('#define FOO_VERSION_STRING "v3.4.5"', "3.4.5"),
        ("#define VERSION_MAJOR 1\n#define VERSION_MINOR 2", "1.2"),
        ("#define F_VER_MAJOR 1\n#define F_VER_MINOR 0\n#define F_VER_RELEASE 9", "1.0.9"),
        ('#define A_VERSION "1.0"\n#define B_VERSION "2.0"', ""),
        ('#define FOO_VERSION "today"', ""),
        ("#define FOO_VERSION 12", ""),
    ],
)
def test_the_version_is_found(
    macros: str, version: str, tmp_path: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("g++")
    monkeypatch.chdir(unpack(tmp_path, {"foo.h": f"{macros}\nint foo(void);\n"}))
    assert bind(["foo.h"], "foo").version == version


def test_a_version_that_no_macro_has_is_asked_for(tmp_path: Path, tool: Tool) -> None:
    tool("g++")
    unpack(tmp_path, {"foo.h": "int foo(void);\n", "foo.c": ""})
    words = ["foo", "--header", "foo.h", "--source", "foo.c"]
    done = projects.new(tmp_path, *words)
    assert done.returncode == 2
    assert "foo.h: no macro has the version: give it with --version" in done.stderr
    project = projects.made(tmp_path, *words, "--version", "4.5")
    assert "VERSION 4.5 " in (project / "CMakeLists.txt").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["pyright"]]
)
def test_it_is_clean(
    command: list[str], project: Path, installed: Environment, tool: Tool
) -> None:
    options = {"mypy": ["--python-executable"], "pyright": ["--pythonpath"]}.get(command[0])
    python = [*options, str(installed.executable)] if options else []
    run([tool(command[0]), *command[1:], *python], cwd=project)


# --- What is built from it ------------------------------------------------------------


@pytest.mark.slow
def test_its_functions_are_called(installed: Environment) -> None:
    """Each function that is declared, those too that the header does not mark."""
    code = """if True:
        from array import array
        import pyshapes
        assert pyshapes.Shapes_version() == "2.7.19"
        square = pyshapes.Shapes_make_square(3.0)
        assert pyshapes.Shapes_area(square) == 90.0
        pyshapes.Shapes_free(square)
        assert pyshapes.Shapes_sum(array("d", [1.0, 2.0])) == 3.0
        assert pyshapes.Shapes_origin().x == 0
        assert pyshapes.Shapes_unmarked() == 1
    """
    installed.python(code)


@pytest.mark.slow
def test_its_tests_pass(project: Path, installed: Environment) -> None:
    command: list[Argument] = [installed.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    assert "4 passed" in run(command, cwd=project)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["find_package", "pkg-config", "add_subdirectory"])
def test_c_programs_use_it(
    way: str, project: Path, cmake: CMake, tmp_path: Path, tool: Tool
) -> None:
    """By its public headers, those included by others too, and its macros."""
    unpack(
        tmp_path,
        {
            "program.c": "#include <shapes/Shapes.h>\n#include <shapes/odd.h>\n"
            "int main(void) { return (int)Shapes_area(Shapes_make_square(1)) - SHAPES_UNIT; }\n"
        },
    )
    prefix = tmp_path / "prefix"
    cmake.configure(project, tmp_path / "build")
    cmake.build(tmp_path / "build")
    cmake.install(tmp_path / "build", "--prefix", prefix)
    assert not list(prefix.rglob("private.h"))
    if way == "pkg-config":
        (folder,) = (each.parent for each in prefix.rglob("shapes.pc"))
        environment = {"PKG_CONFIG_PATH": str(folder)}
        command = [tool("pkg-config"), "--cflags", "--libs", "shapes"]
        flags = run(command, env=environment).split()
        program = tmp_path / "program"
        run(
            ["cc", tmp_path / "program.c", *flags, f"-Wl,-rpath,{folder.parent}", "-o", program]
        )
    else:
        how = {
            "find_package": "find_package(shapes 2.7 CONFIG REQUIRED)",
            "add_subdirectory": f'add_subdirectory("{project}" shapes)',
        }[way]
        (tmp_path / "CMakeLists.txt").write_text(
            f"cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES C)\n{how}\n"
            "add_executable(program program.c)\n"
            "target_link_libraries(program PRIVATE shapes::shapes)\n"
        )
        cmake.configure(tmp_path, tmp_path / "b", f"-DCMAKE_PREFIX_PATH={prefix}")
        cmake.build(tmp_path / "b")
        program = tmp_path / "b" / "program"
    run([program])


def test_names_that_are_not_ascii(tmp_path: Path, tool: Tool) -> None:
    """Python would look up the micro sign as the Greek letter (NFKC)."""
    tool("g++")
    header = "int größe(int länge); int \\u00e4hnlich(int x); int \u00b5s(int x);\n"
    unpack(tmp_path, {"a.h": header, "a.c": '#include "a.h"\n'})
    words = ["--header", "a.h", "--source", "a.c", "--version", "1"]
    text = (projects.made(tmp_path, "a", *words) / "src/pya/liba.py").read_text("utf-8")
    assert re.findall(r"^def (\w+)", text, re.MULTILINE) == ["größe", "ähnlich"]
    assert "# - \u00b5s has the name \u00b5s, which Python cannot have\n" in text


def test_what_the_header_does_not_prove_is_left_out(tmp_path: Path, tool: Tool) -> None:
    tool("g++")
    header = 'int f(int) __asm__("f_v2"); __typeof__(1 + 1) g(int); int h(int);\n'
    unpack(tmp_path, {"a.h": header, "a.c": '#include "a.h"\n'})
    words = ["--header", "a.h", "--source", "a.c", "--version", "1"]
    done = projects.new(tmp_path, "a", *words)
    assert "2 functions are declared and proven by the header; 1 is left out" in done.stdout
    text = (tmp_path / "a/src/pya/liba.py").read_text()
    assert re.findall(r"^def (\w+)", text, re.MULTILINE) == ["f", "h"]
    assert '@library.function(symbol="f_v2", optional=True)\ndef f(' in text
    assert text.endswith(
        "# Left out, functions:\n# - g is not understood: __typeof__ is not computed here\n"
    )


@pytest.mark.slow
def test_odd_names_of_files(
    tmp_path: Path, environment: Environment, cmake: CMake, tool: Tool
) -> None:
    tool("g++")
    names = ["2nd", "first one", "c++", "größe", "a#b", "a%b&c", "it's (1)", "@NAME@", "-x,~!"]
    headers = [f"{name}.h" for name in names]
    library = {"my lib+/LICENSE (größe).txt": ""}
    for number, name in enumerate(names):
        library[f"my lib+/{name}.h"] = f"int odd_{number}(void);\n"
        text = f'#include "{name}.h"\nint odd_{number}(void) {{ return {number}; }}\n'
        library[f"my lib+/sub folder/{name}.c"] = text
    unpack(tmp_path / "upstream", library)
    words = [f"--header={name}" for name in headers]
    sources = [str(each) for each in sorted((tmp_path / "upstream").rglob("*.c"))]
    include = ["--include", "upstream/my lib+", "--source", *sources, "--version", "1"]
    project = projects.made(tmp_path, "odd", *words, *include)
    projects.install(project, environment)
    command: list[Argument] = [environment.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    assert "4 passed" in run(command, cwd=project)
    assert environment.python("import pyodd; print(pyodd.odd_3(), pyodd.odd_8())") == "3 8\n"


def test_names_that_python_or_the_module_has(tmp_path: Path, tool: Tool) -> None:
    tool("g++")
    header = """\
struct library { int a; }; struct Any { int a; };
int bytes(int it, const char *text); int str(int it); int round(int it); int a$b(int it);
int odd(int __debug__); int good(struct library *one, struct Any *other);
"""
    unpack(tmp_path, {"a.h": header, "a.c": '#include "a.h"\n'})
    project = projects.made(
        tmp_path, "thing", *("--header", "a.h", "--source", "a.c", "--version", "1")
    )
    text = (project / "src/pything/libthing.py").read_text()
    functions = set(re.findall(r"^def (\w+)", text, re.MULTILINE))
    assert functions == {"bytes_", "str_", "round", "good"}
    assert {"class library_struct(", "class Any_struct("} <= set(
        re.findall(r"class .*?\(", text)
    )
    left_out = text.partition("# Left out, functions:\n")[2]
    assert left_out == (
        "# - a$b has the name a$b, which Python cannot have\n"
        "# - odd has the name __debug__, which Python cannot have\n"
    )


def test_an_opaque_struct_is_a_handle(tmp_path: Path, tool: Tool) -> None:
    tool("g++")
    header = """\
typedef struct box_s box_t; struct lid; struct lid *box_lid(box_t *it, const char *name);
void Handle(box_t *it); struct borrowed; void unused(void (*)(struct borrowed *));
"""
    unpack(tmp_path, {"a.h": header, "a.c": '#include "a.h"\n'})
    project = projects.made(
        tmp_path, "thing", *("--header", "a.h", "--source", "a.c", "--version", "1")
    )
    text = (project / "src/pything/libthing.py").read_text()
    assert "_ffi import Borrowed, Callback, Handle, Keep, Library\n" in text
    # The module needs the name Handle itself.
    assert '@library.function(symbol="Handle", optional=True)\ndef Handle_(' in text
    assert 'class box_t(Handle):\n    """``struct box_s *``"""\n' in text
    assert text.index('class lid(Handle):\n    """``struct lid *``"""\n') < text.index(
        "def box"
    )
    assert "it: box_tPtr, name: Annotated[str, c_char_p], /" in " ".join(text.split())
    assert ") -> Annotated[lid | None, c_void_p, Borrowed]: ...\n" in text


@pytest.mark.slow
def test_a_struct_that_c_makes_is_not_made_in_python(installed: Environment) -> None:
    """C would free it."""
    code = """if True:
        import pyshapes
        try:
            pyshapes.Shape()
        except TypeError as error:
            assert "is made by C" in str(error), error
        else:
            raise AssertionError("it was made")
        shape = pyshapes.Shapes_make_square(3.0)
        assert (shape.area, shape.next) == (90.0, None)
    """
    installed.python(code)


# --- What is refused ------------------------------------------------------------------


AC = "--header a.h --source a.c"
REFUSED = [
    ("--header a.h", "--header needs the library's C: name it with --source"),
    ("--source a.c", "--source needs a --header"),
    ("--system libz", "--system needs a --header"),
    ("--define X", "--define needs a --header"),
    (f"{AC} --system z", "--system: leave out --source and --version"),
    ("--header a.h --source none.c", "--source none.c: there is no such file"),
    ("--header none.h --source a.c", "--header none.h: there is no such file"),
    (f"{AC} --include none", "--include none: there is no such folder"),
    (f"{AC} --version x", "--version x: expected"),
    *(
        (f"{AC} --define '{it}'", "expected X or X=Y, in one line")
        for it in ("A B", "", "1A=1", "A(x)=x", "A=1\n2")
    ),
    ("--header wrong.h --source a.c", "wrong.h: the header cannot be read:\n  /"),
    ("--header ended.h --source a.c", "ended.h:1:10: error: "),
    ("--header no.h --system c", "no.h was not found: install the package that has it"),
    ("--header none_of_c.h --source a.c", "declares no function of C"),
    ("--header a.h --source a.cpp", "--source a.cpp: expected a file of C"),
    ("--header a.h --source a.h", "--source a.h: expected a file of C"),
    ("--header up.h --source a.c --include in", "is in none of the folders"),
    ("--header in/up.h --source a.c", "is in none of the folders"),
    ("--header a.h --system nosuchlibrary", "this system has no such library"),
]


@pytest.mark.parametrize(("words", "reason"), REFUSED)
def test_what_cannot_be_is_refused(words: str, reason: str, tmp_path: Path, tool: Tool) -> None:
    tool("g++")
    files = {"a.h": "int a(void);\n", "a.c": "", "a.cpp": ""}
    files |= {"wrong.h": "#error no\n", "ended.h": "int f(int"}
    files["none_of_c.h"] = "#define A 1\nclass B { int b(); };\nint c(int &d);\n"
    unpack(tmp_path, files | {"in/up.h": '#include "../a.h"\n'})
    before = sorted(tmp_path.rglob("*"))
    done = projects.new(tmp_path, "thing", *shlex.split(words))
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert set(re.findall(r" (--\w+)", done.stderr)) <= OPTIONS
    assert "headers.cpp" not in done.stderr  # a temporary file
    assert sorted(tmp_path.rglob("*")) == before


def test_without_a_compiler_no_option_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpack(tmp_path, {"a.h": "int a(void);\n", "a.c": ""})
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    done = projects.new(tmp_path, "thing", *shlex.split(f"{AC} --version 1"))
    assert done.returncode == 2
    assert "there is no C++ compiler" in done.stderr
    assert done.stderr.endswith("install one, or name one in the variable CXX\n")


@pytest.mark.parametrize("names", [("util.h", "util.h"), ("util.h", "Util.h")])
def test_two_headers_of_one_name(names: tuple[str, str], tmp_path: Path, tool: Tool) -> None:
    tool("g++")
    one, other = f"lib/one/{names[0]}", f"lib/other/{names[1]}"
    unpack(tmp_path, {one: "int one(void);\n", other: "int other(void);\n", "lib/a.c": ""})
    words = ["--header", one, "--header", other, "--source", "lib/a.c", "--version", "1"]
    for more in ([], ["--include", "lib/one", "--include", "lib/other"]):
        done = projects.new(tmp_path, "thing", *words, *more)
        assert done.returncode == 2
        assert f"{names[1]} would both be included as <{names[1]}>" in done.stderr
        told = f"--include {tmp_path / 'lib'}, and no other folder, so that they are"
        assert f"{told} <one/{names[0]}> and <other/{names[1]}>\n" in done.stderr
    project = projects.made(tmp_path, "thing", *words, "--include", "lib")  # as it says
    text = (project / "src/pything/libthing.py").read_text()
    assert re.findall(r"^def (\w+)", text, re.MULTILINE) == ["one", "other"]


def test_a_header_of_the_system_with_the_same_name_is_not_bound(
    tmp_path: Path, tool: Tool
) -> None:
    tool("g++")
    unpack(tmp_path, {"stat.h": "#include <sys/stat.h>\nint own(void);\n", "a.c": ""})
    words = ["--header", "stat.h", "--source", "a.c", "--version", "1"]
    project = projects.made(tmp_path, "thing", *words)
    text = (project / "src/pything/libthing.py").read_text()
    assert re.findall(r"^def (\w+)", text, re.MULTILINE) == ["own"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
@pytest.mark.parametrize("name", ["a;b.c", "a$b.c", "a[b.c", 'a"b.c', "a\nb.c", "a\udcff.c"])
def test_names_of_files_that_cannot_be(name: str, tmp_path: Path) -> None:
    unpack(tmp_path, {"a.h": "int a(void);\n", name: ""})
    done = projects.new(tmp_path, "thing", "--header", "a.h", "--source", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert "C or CMake cannot have a file of that name: rename it" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere these are one file")
def test_names_that_differ_in_case_only(tmp_path: Path) -> None:
    unpack(tmp_path, {"Thing.h": '#include "thing.h"\n', "thing.h": "", "thing.c": ""})
    done = projects.new(tmp_path, "thing", "--header", "Thing.h", "--source", "thing.c")
    assert done.returncode == 2
    assert "src/c/Thing.h and src/c/thing.h are one file on Windows and macOS" in done.stderr
    assert "rename one" in done.stderr


def test_a_header_that_would_be_taken_for_one_of_c(tmp_path: Path) -> None:
    unpack(tmp_path, {"lib/String.h": "int thing(void);\n", "lib/thing.c": ""})
    words = ["--header", "lib/String.h", "--source", "lib/thing.c", "--version", "1"]
    done = projects.new(tmp_path, "thing", *words)
    assert done.returncode == 2
    assert "String.h would hide C's own <string.h> on Windows and macOS" in done.stderr
    assert "--include, so that it is included as <lib/String.h>" in done.stderr
    projects.made(tmp_path, "thing", *words, "--include", ".")  # as it says


def test_a_function_whose_name_the_module_needs(upstream: Path) -> None:
    header = upstream / "include/shapes/Shapes.h"
    header.write_text(header.read_text().replace("Shapes_unmarked(void)", "library(void)"))
    project = projects.made(upstream.parent, "shapes", *WORDS)
    text = (project / "src/pyshapes/libshapes.py").read_text()
    assert (
        '(symbol="library", optional=True)\ndef library_() -> Annotated[int, c_int]: ...'
        in text
    )


# --- Licences -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "licences"),
    [
        (["lib/src/LICENSE", "lib/unlicense.txt"], {"lib/src/LICENSE"}),
        (["lib/unlicense.txt"], {"lib/unlicense.txt"}),
        (["LICENCE.md", "license.c"], {"LICENCE.md"}),
        (["lib/LICENSE-MIT", "lib/LICENSE_APACHE", "lib/Copying"], None),
        (["lib/LICENSE_1_0.txt", "lib/MIT-LICENSE.txt", "lib/COPYING.LESSER"], None),
        (["lib/LICENSES/MIT.txt", "lib/NOTICE"], None),
        (["lib/.git", "LICENSE"], set()),  # the licence of what is around the repository
        (["lib/licensed.txt", "lib/license.h", "lib/noticed"], set()),
    ],
)
def test_the_licences_of_the_c(
    files: list[str],
    licences: set[str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unpack(tmp_path, {"lib/src/a.h": "", "lib/src/a.c": "", **dict.fromkeys(files, "")})
    monkeypatch.chdir(tmp_path)
    found = foreign.find(["lib/src/a.h"], ["lib/src/a.c"], [], [])
    expected = set(files) if licences is None else licences
    assert {each.relative_to(tmp_path).as_posix() for each in found.licenses} == expected
    below = {f"src/c/{Path(each).name}" for each in expected}
    assert found.copies().keys() == {"src/c/a.h", "src/c/a.c", *below}


def test_its_licence_is_named_and_in_the_wheel(tmp_path: Path, tool: Tool) -> None:
    tool("g++")
    unpack(tmp_path, {"lib/src/a.h": "int a(void);\n", "lib/src/a.c": "", "lib/unlicense": ""})
    words = ["--header", "lib/src/a.h", "--source", "lib/src/a.c", "--version", "1"]
    done = projects.new(tmp_path, "a", *words)
    assert f"Its licence: {Path('lib/unlicense')}. It is in a folder above the C: check" in (
        done.stdout
    )
    assert '"src/c/unlicense"]' in (tmp_path / "a/pyproject.toml").read_text()


# --- Export macros --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "macros"),
    [
        (LIBRARY["include/shapes/export.h"], ["SHAPES_BUILDING", "SHAPES_SHARED"]),
        ("#ifdef _WIN32\n#define API __declspec(dllexport)\n#endif\n", []),
        ("#if !defined(STATIC)\n#define API __declspec(dllexport)\n#endif\n", []),
        (
            "#if 0\n#elif defined(EXPORT)\n#define API __declspec( dllexport )\n#endif\n",
            ["EXPORT"],
        ),
        ("#ifdef A /* so */\n#  define API(t) \\\n  __declspec(dllexport) t\n#endif\n", ["A"]),
        ("#ifdef A\n#else\n#define API __declspec(dllexport)\n#endif\n", []),
        ("/*\n#ifdef A\n#define API __declspec(dllexport)\n#endif\n*/\n", []),
    ],
)
def test_what_a_header_wants_while_it_is_built(
    text: str, macros: list[str], tmp_path: Path
) -> None:
    unpack(tmp_path, {"a.h": text, "a.c": ""})
    found = foreign.find([str(tmp_path / "a.h")], [str(tmp_path / "a.c")], [], [])
    assert found.exporting == macros


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotWriteError, match=r"--header a\.h: there is no such file"):
        foreign.find(["a.h"], [], [str(tmp_path)], [])


# --- A library of the system's --------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the names are Linux's")
@pytest.mark.parametrize("runtime", projects.RUNTIMES)
def test_a_library_of_the_system(
    runtime: str, tmp_path: Path, environment: Environment, missing: Missing
) -> None:
    if not (Path("/usr/include/zlib.h").exists() and ctypes.util.find_library("z")):
        missing("zlib and its header are not installed")
    words = ["--system", "libz", "--header", "zlib.h", "--runtime", runtime]
    project = projects.made(tmp_path, "zlibrary", *words)
    assert not (project / "src/c").exists()
    text = (project / "src/pyzlibrary/libzlibrary.py").read_text()
    assert 'FILES = {\n    "linux": "libz.so.1",\n}\n' in text
    projects.install(project, environment)
    assert (
        environment.python("import pyzlibrary as z; print(z.crc32(0, b'a'))") == "3904355907\n"
    )
    printed = run([environment.executable, "-m", "pytest"], cwd=project)
    assert "3 passed" in printed
    for command in (["ruff", "check"], ["ruff", "format", "--check"]):
        if program := shutil.which(command[0]):
            run([program, *command[1:]], cwd=project)
