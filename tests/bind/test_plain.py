"""Plain ctypes, and its stub: each kind of declaration, what cannot be said, and real work."""

import ctypes
import importlib.util
import re
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from headers_to_bind import QUICK, Corpus
from support import Missing, Tool, run

from pyexample.bind import Binding, CannotJudgeError, bind
from pyexample.generate.spec import Spec

HEADER = """
#include <stdarg.h>
#include <stdint.h>
#include <wchar.h>
struct node;
typedef int (*visit)(struct node *at, const char *name, void *user);
struct node { struct node *next; visit each; struct leaf *leaves; };
struct leaf { struct node owner; };
typedef struct box box;
box *box_new(const char *name, const wchar_t *wide); void box_free(box *it);
struct flags { unsigned a : 3, : 5, b : 8; };
union either { int i; float f; };
struct nested { union { int x; struct { char y; } inner; }; char text[8]; double m[2][3]; };
#pragma pack(push, 2)
struct packed { char c; int32_t from; };
#pragma pack(pop)
enum color { RED, GREEN = 5 };
enum color mix(enum color a, enum color *b);
int walk(struct node *start, visit each, void *user, struct leaf by_value);
void log_it(const char *format, ...); void log_v(const char *format, va_list list);
int _Complex odd(void); union either choose(union either it);
int class(int from, int);
extern int counter; extern const char names[2][8];
static inline int inner(void) { return 1; }
"""
SOURCE = """
#include "lib.h"
#include <stdlib.h>
int counter = 7; const char names[2][8] = {"a", "b"};
struct box { int x; };
box *box_new(const char *name, const wchar_t *wide) { (void)wide; return name ? malloc(4) : 0; }
void box_free(box *it) { free(it); }
enum color mix(enum color a, enum color *b) { *b = a; return GREEN; }
int walk(struct node *start, visit each, void *user, struct leaf by_value) {
  int sum = by_value.owner.next == start;
  for (; start; start = start->next) sum += each(start, "node", user);
  return sum;
}
void log_it(const char *format, ...) { (void)format; }
int class(int from, int more) { return from - more; }
"""


def bound(folder: Path, spec: Spec | None = None) -> Binding:
    """What is written for the header."""
    (folder / "lib.h").write_text(HEADER)
    return bind(["lib.h"], "lib", include=[str(folder)], style="ctypes", spec=spec)


def load(file: Path) -> Any:
    """A module from its file."""
    found = importlib.util.spec_from_file_location(file.stem, file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_each_kind_of_declaration(tmp_path: Path) -> None:
    binding = bound(tmp_path)
    parts = {each.name: " ".join(each.code.split()) for each in binding.module.items}
    assert parts["visit"] == "visit = CFUNCTYPE(c_int, POINTER(node), c_char_p, c_void_p)"
    # A struct with pointers to itself gets its fields after its class.
    assert parts["node"] == "class node(ctypes.Structure): ..."
    assert parts["node._fields_"] == (
        'node._fields_ = [ ("next", POINTER(node)), ("each", visit), ("leaves", POINTER(leaf)), ]'
    )
    order = [each.name for each in binding.module.items]
    assert order.index("node._fields_") < order.index("leaf._fields_")
    assert parts["box"] == "class box(ctypes.Structure): ..."
    assert "box_new.argtypes = [c_char_p, c_wchar_p]" in parts["box_new"]
    assert "box_new.restype = POINTER(box)" in parts["box_new"]
    assert '("a", c_uint, 3), ("anonymous1", c_uint, 5), ("b", c_uint, 8)' in parts["flags"]
    assert '_anonymous_ = ("anonymous0",)' in parts["nested"]
    assert '("text", c_char * 8), ("m", c_double * 3 * 2)' in parts["nested"]
    assert (
        '_pack_ = 2 _layout_ = "ms" _fields_ = [ ("c", c_char), ("from_", c_int32), ]'
        in (parts["packed"])
    )
    assert parts["color"] == "class color(IntEnum): RED = 0 GREEN = 5"
    assert "mix.argtypes = [c_uint, POINTER(c_uint)]" in parts["mix"]
    assert parts["log_it"].startswith("# Variadic: pass ")
    assert 'class_ = getattr(lib, "class")' in parts["class_"]
    assert parts["names"] == (
        'with suppress(ValueError): names = (c_char * 8 * 2).in_dll(lib, "names")'
    )
    assert binding.module.left_out == {
        "functions": {
            "log_v": "has a va_list",
            "odd": "has int _Complex, a type that ctypes lacks",
            "choose": "has either, a union, by value",
        },
        "inline functions": {"inner": "is in the header only: wrap it in a function of C"},
    }


def test_the_stub_has_the_types_and_the_comments(tmp_path: Path) -> None:
    stub = " ".join(bound(tmp_path).stub.split())
    for text in (
        "class visit(ctypes._CFunctionType):",
        "function: Callable[ [ctypes._Pointer[node], bytes | None, int | None], int ] = ...,",
        "next: ctypes._Pointer[node] each: visit",
        "text: bytes m: ctypes.Array[ctypes.Array[c_double]]",
        "def box_new(name: _Bytes, wide: str | None, /) -> ctypes._Pointer[box]: ...",
        "def log_it(format: _Bytes, /, *more: Any) -> None: ...",
        "names: ctypes.Array[ctypes.Array[c_char]]",
    ):
        assert text in stub


def test_the_module_does_what_c_does(tmp_path: Path, tool: Tool) -> None:
    binding = bound(tmp_path)
    library = tmp_path / "liblib.so"
    (tmp_path / "lib.c").write_text(SOURCE)
    run([tool("gcc"), "-shared", "-fPIC", "-w", "-o", library, tmp_path / "lib.c"])
    file = tmp_path / "plain_binding.py"
    text = re.sub(r'"(linux|darwin|win32)": ".*"', rf'"\1": "{library}"', binding.text)
    file.write_text(text)
    it = load(file)
    box = it.box_new(b"name", None)
    assert box
    it.box_free(box)
    assert not it.box_new(None, "x")
    second = it.node()
    first = it.node(next=ctypes.pointer(second))
    seen: list[bytes] = []

    def each(at: Any, name: bytes, user: int) -> int:
        seen.append(name)
        return user + bool(at.contents.next)

    leaf = it.leaf(owner=it.node(next=ctypes.pointer(first)))
    assert it.walk(first, it.visit(each), 10, leaf) == 10 + 1 + 10 + 1
    assert seen == [b"node", b"node"]
    stored = ctypes.c_uint()
    assert it.mix(it.color.RED, stored) == it.color.GREEN
    assert it.class_(7, 2) == 5
    assert it.counter.value == 7
    assert it.names[1].value == b"b"
    # What the library lacks is missing, and the rest can be used.
    assert not hasattr(it, "choose")
    with pytest.raises(ctypes.ArgumentError):
        it.box_free(ctypes.pointer(second))


def test_a_spec_says_what_plain_ctypes_can_do(tmp_path: Path) -> None:
    said = Spec("it.toml", {"names": {"mix": "blend"}, "leave-out": {"log_it": "is a joke"}})
    module = bound(tmp_path, said).module
    assert "blend = lib.mix\n" in next(it.code for it in module.items if it.subject == "mix")
    assert module.left_out["functions"]["log_it"] == "is a joke"
    with pytest.raises(CannotJudgeError, match="owned is for the words of"):
        bound(tmp_path, Spec("it.toml", {"owned": {"box_new.return": ""}}))


@pytest.mark.slow
@pytest.mark.parametrize("corpus", [it for it in QUICK if it.name == "zlib"], ids=["zlib"])
def test_zlib_compresses(corpus: Corpus, tmp_path: Path, missing: Missing) -> None:
    try:
        binding = corpus.bound(style="ctypes")
    except CannotJudgeError:
        missing(f"{corpus.package} is not installed")
    file = tmp_path / "plain_zlib.py"
    file.write_text(binding.text)
    it = load(file)
    data = b"plain" * 1000
    source = (ctypes.c_ubyte * len(data)).from_buffer_copy(data)
    room = (ctypes.c_ubyte * it.compressBound(len(data)))()
    size = ctypes.c_ulong(len(room))
    assert it.compress(room, ctypes.byref(size), source, len(data)) == it.Z_OK
    assert zlib.decompress(bytes(room[: size.value])) == data


def test_type_checkers_use_the_stub(tmp_path: Path) -> None:
    binding = bound(tmp_path)
    (tmp_path / "it.py").write_text(binding.text)
    (tmp_path / "it.pyi").write_text(binding.stub)
    (tmp_path / "right.py").write_text(
        "import ctypes, it\n"
        "box = it.box_new(b'name', None)\nit.box_free(box)\nit.mix(it.color.RED, ctypes.c_uint())\n"
        "it.walk(None, it.visit(lambda at, name, user: 1), 1, it.leaf())\n"
    )
    (tmp_path / "wrong.py").write_text(
        "import ctypes, it\nit.box_free(ctypes.pointer(it.leaf()))\n"
    )
    python = [sys.executable, "-m"]
    for checker in (["mypy", "--strict"], ["pyright", "--pythonpath", sys.executable]):
        run([*python, *checker, "it.pyi", "right.py"], cwd=tmp_path)
        wrong = [*python, *checker, "wrong.py"]
        assert subprocess.run(wrong, cwd=tmp_path, check=False, capture_output=True).returncode


NAMES = """
struct lib { int c_long; }; struct POINTER { struct lib *ctypes; int _T; };
int lib(struct lib *it); int CFUNCTYPE(struct POINTER *sys); int hasattr(int FILES);
int __dunder(int __x, int self); void lambda(int def, int *None);
extern int suppress; typedef enum { None_ = 1, True_ } Any;
"""


def test_names_that_the_module_has_itself(tmp_path: Path) -> None:
    (tmp_path / "lib.h").write_text(NAMES)
    binding = bind(["lib.h"], "lib", include=[str(tmp_path)], style="ctypes")
    assert binding.module.counts["functions"] == 5
    assert binding.module.left_out == {}
    file, stub = tmp_path / "plain.py", tmp_path / "plain.pyi"
    file.write_text(binding.text)
    stub.write_text(binding.stub)
    python = [sys.executable, "-m"]
    run([*python, "mypy", "--strict", stub], cwd=tmp_path)
    run([*python, "ruff", "format", "--isolated", "--check", file, stub], cwd=tmp_path)
    run([*python, "ruff", "check", "--isolated", "--select", "E,F,I,N,W", file, stub])


def test_long_names_and_texts_are_as_ruff_formats_them(tmp_path: Path) -> None:
    name = "a_type_of_callbacks_with_a_very_long_name"
    header = f"typedef int (*{name})(int);\n"
    for more in range(0, 60, 3):
        function = f"find{'_x' * (more // 2)}"
        header += f"{name} {function}_it(void); {name} *{function}_all(void);\n"
        header += f"void {function}_in_all_{'o' * 30}_of_them(void);\n"
        header += f'#define TEXT{more} "{"of " * (more // 3 + 15)}(bits) in it"\n'
    (tmp_path / "long.h").write_text(header)
    for style in ("ctypes", "project"):
        made = bind(["long.h"], "long", include=[str(tmp_path)], style=style)
        assert not made.module.left_out
        (tmp_path / f"{style}.py").write_text(made.text)
        (tmp_path / f"{style}.pyi").write_text(made.stub or "")
    run([sys.executable, "-m", "ruff", "format", "--isolated", "--diff", tmp_path])
