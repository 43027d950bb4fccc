"""Whatever way a module declares in, it is recorded; and importing it does no harm."""

import sys
from pathlib import Path
from typing import Any

import pytest

from pyexample.abi import CannotJudgeError
from pyexample.abi.model import Declarations, record

pytestmark = pytest.mark.skipif(
    sys.implementation.name != "cpython", reason="the checker runs in CPython"
)


def test_another_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.implementation, "name", "pypy")
    with pytest.raises(CannotJudgeError, match="records what CPython's ctypes is told: run it"):
        record(["binding"])


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str, name: str = "binding") -> str:
        (tmp_path / f"{name}.py").write_text(text)
        return str(tmp_path / f"{name}.py")

    return write


def signatures(found: Declarations) -> dict[str, str]:
    return {each.name: found.python_function(each) for each in found.functions}


WAYS = """
import ctypes, ctypes.util
from ctypes import *

lib = CDLL("libthing.so.1")
lib.plain.argtypes = [c_int]
lib.plain.restype = c_long

lib["item"].argtypes = [c_int]  # an object of its own, which is lost
item = lib["kept"]
item.argtypes = (c_double,)

gil = PyDLL("libthing.so.1")
gil.with_gil.argtypes = [py_object]
gil.with_gil.restype = py_object

loaded = cdll.LoadLibrary("/opt/somewhere/libthing.so")
loaded.loaded.argtypes = []

found = CDLL(ctypes.util.find_library("thing"))
found.found.argtypes = [c_size_t]

prototype = CFUNCTYPE(c_int, c_char_p)
by_prototype = prototype(("by_prototype", lib))
with_flags = prototype(("with_flags", lib), ((1, "name", b"x"),))
by_python_prototype = PYFUNCTYPE(None, c_int)(("by_python_prototype", lib))

def declare(name, result, *arguments):
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments
    return function

for name in ["in_a_loop_1", "in_a_loop_2"]:
    declare(name, None, c_int)

def decorated(*arguments):
    def decorate(function):
        return declare(function.__name__, c_int, *arguments)
    return decorate

@decorated(c_short, c_wchar_p)
def by_decorator(a, b): ...

class Library(CDLL):
    def __init__(self):
        super().__init__("thing")
        self.in_a_class.argtypes = [c_float]

library = Library()

class Lazy:
    def __getattr__(self, name):
        return declare(name, c_int)

def later():
    declare("when_called", c_uint8, c_int64)

callback = CFUNCTYPE(c_int)(lambda: 5)
assert callback() == 5
"""


def test_every_way_to_declare_is_recorded(write: Any) -> None:
    write(WAYS)
    assert signatures(record(["binding:later"], ["thing"])) == {
        "plain": "plain(c_int) -> c_long",
        "item": "item(c_int) -> c_int",
        "kept": "kept(c_double) -> c_int",
        "with_gil": "with_gil(py_object) -> py_object",
        "loaded": "loaded() -> c_int",
        "found": "found(c_size_t) -> c_int",
        "by_prototype": "by_prototype(c_char_p) -> c_int",
        "with_flags": "with_flags(c_char_p) -> c_int",
        "by_python_prototype": "by_python_prototype(c_int) -> None",
        "in_a_loop_1": "in_a_loop_1(c_int) -> None",
        "in_a_loop_2": "in_a_loop_2(c_int) -> None",
        "by_decorator": "by_decorator(c_short, c_wchar_p) -> c_int",
        "in_a_class": "in_a_class(c_float) -> c_int",
        "when_called": "when_called(c_int64) -> c_uint8",
    }


def test_lines_are_those_of_the_module(write: Any) -> None:
    file = write(WAYS)
    lines = WAYS.splitlines()
    for each in record(["binding:later"], ["thing"]).functions:
        assert each.file == file
        assert each.line
        if each.name == "by_decorator":
            assert lines[each.line - 1].startswith("@decorated")
        elif each.name in ("plain", "kept", "by_prototype"):
            assert each.name in lines[each.line - 1]


def test_a_module_may_call_what_does_nothing(write: Any) -> None:
    write("""
from ctypes import *
lib = CDLL("libthing.so")
class point(Structure):
    _fields_ = [("x", c_int)]
def result(name, restype):
    function = getattr(lib, name)
    function.restype = restype
    return function(1, b"two", None)
assert result("integer", c_int) == 0
assert result("real", c_double) == 0.0
assert result("text", c_char_p) == b""
assert result("nothing", None) is None
assert result("address", c_void_p)
assert result("by_value", point).x == 0
assert result("pointer", POINTER(point)).contents.x == 0
assert result("truth", c_bool) is False
assert result("object", py_object) is None
lib.with_errors.errcheck = lambda result, function, arguments: 1 / 0
lib.with_errors()
print("to standard output")
""")
    assert len(record(["binding"], ["thing"]).functions) == 10


def test_files_that_are_looked_for_seem_to_be_there(write: Any) -> None:
    write("""
import os, pathlib
from ctypes import *
folder = pathlib.Path(__file__).parent
assert os.path.exists(folder / "libthing.so") and os.path.isfile("/nowhere/thing.dll")
assert (folder / "libthing.dylib").exists() and (folder / "libthing.so.3").is_file()
assert not os.path.exists("/nowhere/libother.so") and not (folder / "something.so").exists()
lib = CDLL(folder / "libthing.so")
lib.f.argtypes = []
""")
    assert list(signatures(record(["binding"], ["thing"]))) == ["f"]


@pytest.mark.skipif(
    sys.platform == "win32", reason="there is no libc to be loaded by that name"
)
def test_libraries_that_are_there_are_loaded(write: Any) -> None:
    write("""
from ctypes import *
libc = CDLL(None)
libc.labs.argtypes = [c_long]
libc.labs.restype = c_long
assert libc.labs(-5) == 5
assert CFUNCTYPE(c_int, c_int)(("abs", libc))(-3) == 3
""")
    assert signatures(record(["binding"], [])) == {
        "labs": "labs(c_long) -> c_long",
        "abs": "abs(c_int) -> c_int",
    }


def test_names_of_a_type_are_kept_apart(write: Any) -> None:
    # They are one type here, or not, as the platform has it; on another one they differ.
    write("""
from ctypes import *
from ctypes import wintypes
lib = CDLL("libthing.so")
lib.f.argtypes = [c_long, c_int64, c_ssize_t, c_longlong, POINTER(c_size_t), c_uint64 * 2]
lib.f.restype = wintypes.DWORD
lib.g.argtypes = [wintypes.HANDLE, wintypes.WORD, wintypes.LPCWSTR, wintypes.VARIANT_BOOL]
assert c_int64(2**40).value == 2**40 and sizeof(c_size_t) == sizeof(c_void_p)
""")
    assert signatures(record(["binding"], ["thing"])) == {
        "f": "f(c_long, c_int64, c_ssize_t, c_longlong, POINTER(c_size_t), c_uint64 * 2)"
        " -> c_ulong",
        "g": "g(c_void_p, c_ushort, c_wchar_p, c_short) -> c_int",
    }


def test_a_file_is_imported_without_its_package(write: Any, tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("import what_is_not_installed")
    (package / "inner" / "__init__.py").write_text("1 / 0")
    (package / "helper.py").write_text("from ctypes import CDLL\nlib = CDLL('thing')")
    file = package / "inner" / "binding.py"
    file.write_text("from ..helper import lib\nlib.f.argtypes = []")
    assert list(signatures(record([str(file)], ["thing"]))) == ["f"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import what_is_not_installed", "No module named 'what_is_not_installed'"),
        ("raise SystemExit(0)", "SystemExit"),
        ("import os; os._exit(7)", "status 7"),
        ("import ctypes; ctypes.CDLL('libthing.so')", "--without-library"),
        ("import ctypes; ctypes.string_at(0)", "status -11"),
    ],
)
def test_a_module_that_does_not_import_cannot_be_judged(
    write: Any, text: str, reason: str
) -> None:
    write(text)
    with pytest.raises(CannotJudgeError, match=reason):
        record(["binding"], [])


def test_nothing_is_left_behind_in_this_process(write: Any) -> None:
    import ctypes

    before = dict(vars(ctypes))
    write(WAYS, "many_ways")
    record(["many_ways"], ["thing"])
    assert [name for name, value in before.items() if vars(ctypes)[name] is not value] == []
    assert "many_ways" not in sys.modules


def test_structs_are_recorded_as_ctypes_lays_them_out(write: Any) -> None:
    write("""
from ctypes import *
class inner(Union):
    _fields_ = [("a", c_short), ("b", c_char * 3)]
class base(Structure):
    _fields_ = [("first", c_byte)]
class derived(base):
    _pack_ = 2
    _anonymous_ = ("u",)
    _fields_ = [("u", inner), ("bits", c_uint, 5), ("next", c_void_p)]
class forward(Structure): pass
class of_the_network(BigEndianStructure):
    _fields_ = [("port", c_uint16)]
lib = CDLL("thing")
""")
    structs = {each.name: each for each in record(["binding"], ["thing"]).structs}
    assert [each.name for each in structs["derived"].fields] == ["first", "u", "bits", "next"]
    assert structs["derived"].anonymous == ["u"]
    assert structs["derived"].pack == 2
    assert (structs["inner"].union, structs["inner"].size) == (True, 4)
    assert not structs["forward"].complete
    assert structs["of_the_network"].fields[0].type == ["swapped", "c_uint16"]
    assert structs["derived"].line == 7


def test_each_declaration_of_a_c_function_is_recorded_once(write: Any) -> None:
    """With the directions of its own, whichever library's, and however it is called."""
    write(
        """
from ctypes import *
from typing import Annotated
from pyexample.ffi import Buffer, In, Library, Out

one = Library("one", "binding", system={"linux": "libone.so"})
other = Library("other", "binding", system={"linux": "libother.so"})

def declare(library, word):
    @library.function(release_gil=False)
    def f(it: Annotated[Buffer, word(c_int, 4)], /) -> None: ...

declare(one, In)
declare(one, Out)
declare(other, Out)
"""
    )
    found = [
        each for each in record(["binding"], ["one", "other"]).functions if each.name == "f"
    ]
    assert [(each.library, each.line, str(each.arguments)) for each in found] == [
        ("libone.so", 13, "[['in', 'c_int']]"),
        ("libone.so", 14, "[['out', 'c_int']]"),
        ("libother.so", 15, "[['out', 'c_int']]"),
    ]


def test_what_ctypes_does_with_a_class_is_recorded(write: Any) -> None:
    """A restype that is no ctypes type is called with a C int, whatever it has."""
    write("""
from ctypes import *
class Converts:
    @classmethod
    def from_param(cls, value): return value
    def __init__(self, number): pass
class Pointer(c_void_p):
    pass
class Text(c_char_p):
    @classmethod
    def from_param(cls, value): return cls(value)
lib = CDLL("libthing.so")
lib.f.restype = Converts
lib.f.argtypes = [Converts, Text, POINTER(Text)]
lib.g.restype = lambda number: number
lib.h.restype = Pointer
lib.i.restype = Text
""")
    found = record(["binding"], ["thing"])
    assert signatures(found) == {
        "f": "f(Converts, c_char_p, POINTER(c_char_p)) -> c_int",
        "g": "g(no argtypes) -> c_int",
        "h": "h(no argtypes) -> c_void_p",
        "i": "i(no argtypes) -> c_char_p",
    }
    # Only of an argument does ctypes call from_param.
    f = next(each for each in found.functions if each.name == "f")
    assert f.arguments == [
        ["any", "Converts"],
        ["converts", "c_char_p"],
        ["pointer", "c_char_p"],
    ]


def test_whether_a_result_is_declared_is_recorded(write: Any) -> None:
    write("""
from ctypes import *
lib = CDLL("libthing.so")
lib.left.argtypes = []
lib.set.restype = c_int
lib.set_to_none.restype = None
lib.taken_back.restype = c_long
del lib.taken_back.restype
prototype = CFUNCTYPE(c_int)(("prototype", lib))
""")
    found = {each.name: each.result_is_set for each in record(["binding"], ["thing"]).functions}
    assert found == {
        "left": False,
        "set": True,
        "set_to_none": True,
        "taken_back": False,
        "prototype": True,
    }


def test_misspelled_attributes_are_recorded(write: Any) -> None:
    write("""
from ctypes import *
lib = CDLL("libthing.so")
for name in ["argtype", "arg_types", "argtpyes", "rettype", "resType", "errchk", "note"]:
    setattr(getattr(lib, f"with_{name}"), name, [])
class s(Structure):
    _field_ = []
    _pack = 1
    _anonymus_ = []
    name = ""
    _fields_ = [("packet", c_int)]
    def unpack(self): pass
    is_anonymous = property()
    get_fields = staticmethod(len)
    class alignment: pass
""")
    found = record(["binding"], ["thing"])
    assert {each.name: each.strays for each in found.functions} == {
        "with_argtype": [["argtype", "argtypes"]],
        "with_arg_types": [["arg_types", "argtypes"]],
        "with_argtpyes": [["argtpyes", "argtypes"]],
        "with_rettype": [["rettype", "restype"]],
        "with_resType": [["resType", "restype"]],
        "with_errchk": [["errchk", "errcheck"]],
        "with_note": [],
    }
    (struct,) = found.structs
    assert struct.strays == [
        ["_field_", "_fields_"],
        ["_pack", "_pack_"],
        ["_anonymus_", "_anonymous_"],
    ]


LOOKUPS = {
    "in a try": ("try:\n    declare('f')\nexcept AttributeError:\n    pass\n", True),
    "any exception": ("try:\n    declare('f')\nexcept:\n    pass\n", True),
    "one of several": ("try:\n    lib.f\nexcept (OSError, AttributeError):\n    f = None\n", True),
    "hasattr": ("if hasattr(lib, 'f'):\n    declare('f')\n", True),
    "a default": ("f = getattr(lib, 'f', None)\n", True),
    "suppressed": ("import contextlib as c\nwith c.suppress(AttributeError):\n    lib.f\n", True),
    "the helper deals with it": ("def find(name):\n    try:\n        return getattr(lib, name)\n"
                                 "    except Exception:\n        return None\nfind('f')\n", True),
    "plain": ("declare('f')\n", False),
    "another exception": ("try:\n    declare('f')\nexcept OSError:\n    pass\n", False),
    "raised again": ("try:\n    declare('f')\nexcept AttributeError:\n"
                     "    raise ImportError('too old')\n", False),
    "in the handler": ("try:\n    1 / 0\nexcept Exception:\n    declare('f')\n", False),
    "by the importer": ("", False),
}  # fmt: skip


@pytest.mark.parametrize("how", LOOKUPS)
def test_a_look_up_that_may_fail_is_told_apart(tmp_path: Path, how: str) -> None:
    text, expected = LOOKUPS[how]
    start = "from ctypes import *\nlib = CDLL('libtable.so')\n"
    start += "def declare(name):\n    getattr(lib, name).argtypes = []\n"
    (tmp_path / "inner.py").write_text(start + (text or "declare('f')\n"))
    outer = "try:\n    import inner\nexcept Exception:\n    pass\n"
    (tmp_path / "outer.py").write_text(outer)
    name = "inner.py" if text else "outer.py"
    found = record([str(tmp_path / name)], ["table"]).functions
    assert [each.is_optional for each in found if each.name == "f"] == [expected]
