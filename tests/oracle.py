"""What headers declare, twice: as our reader has it, and as castxml, a clang, has it.

Both become the same plain tables, ``Facts``, which can be compared. Types are text in which
only the names are left that a header gives; numbers are those that a compiler evaluates.
"""

import os
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from pyexample.headers.c_model import (
    Array,
    Basic,
    Enum,
    Field,
    Function,
    FunctionType,
    Named,
    Parameter,
    Pointer,
    Record,
    Type,
    Typedef,
    Unit,
    Variable,
    resolve,
)
from pyexample.headers.c_parser import read

_COMPILERS = ("/usr/lib/gcc", "/usr/lib/llvm", "/usr/lib/clang", "/usr/share/castxml", "<")
_MARK = 1 << 61
_BITS = (1 << 64) - 1
_NAMES = {"long unsigned int": "unsigned long", "long int": "long", "short int": "short"}
_NAMES |= {"short unsigned int": "unsigned short", "long long int": "long long"}
_NAMES |= {"long long unsigned int": "unsigned long long", "bool": "_Bool"}
_FLOATS = {"_Float128": "__float128", "_Float64x": "long double", "_Float64": "double"}
_FLOATS |= {"_Float32x": "double", "_Float32": "float"}
FOR_CLANG = [f"-D{name}={text}" for name, text in _FLOATS.items()]
_NAMES |= _FLOATS


@dataclass
class Facts:
    """The declarations of each kind by name, in their own files and in others."""

    functions: dict[str, str] = field(default_factory=dict[str, str])
    variables: dict[str, str] = field(default_factory=dict[str, str])
    typedefs: dict[str, str] = field(default_factory=dict[str, str])
    records: dict[str, str] = field(default_factory=dict[str, str])
    constants: dict[str, str] = field(default_factory=dict[str, str])
    elsewhere: set[str] = field(default_factory=set[str])

    def lacking(self, other: "Facts") -> list[str]:
        """What this has, and the other one has not, or otherwise."""
        lines: list[str] = []
        elsewhere = self.elsewhere | other.elsewhere
        for kind in [each.name for each in fields(self) if each.name != "elsewhere"]:
            mine, others = getattr(self, kind), getattr(other, kind)
            lines += [
                f"{kind} {name}: {text} | {others.get(name)}"
                for name, text in mine.items()
                if name not in elsewhere and others.get(name) != text
            ]
        return lines

    def count(self) -> int:
        """How many are compared."""
        kinds = (self.functions, self.variables, self.typedefs, self.records, self.constants)
        return sum(len(each.keys() - self.elsewhere) for each in kinds)


def source_of(includes: Iterable[str], folder: Path) -> Path:
    """A C file that includes headers."""
    source = folder / "source.c"
    source.write_text("".join(f"#include <{each}>\n" for each in includes))
    return source


def as_read(source: Path, gcc: str, options: Sequence[str]) -> tuple[Facts, Unit]:
    """What our reader finds in what a gcc makes of a C file."""
    command = [gcc, *options, "-E", "-C", "-dD", str(source)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    unit = read(done.stdout, source.name)
    return _Read(unit, source, gcc, options).facts(), unit


def _named(unit: Unit) -> Iterator[Function | Variable | Typedef]:
    yield from unit.functions.values()
    yield from unit.variables.values()
    yield from unit.typedefs.values()


class _Read:
    def __init__(self, unit: Unit, source: Path, gcc: str, options: Sequence[str]) -> None:
        self.unit = unit
        self.source, self.gcc, self.options = source, gcc, options
        self.expressions: list[str] = []  # of which each stands in the text as {number}

    def facts(self) -> Facts:
        unit, facts = self.unit, Facts()
        for each in _named(unit):
            # An attribute that makes another type of it is text for us.
            is_changed = any(
                text.startswith(("mode(", "vector_size(")) for text in each.attributes
            )
            if each.file.startswith(_COMPILERS) or is_changed:
                facts.elsewhere.add(each.name)
        facts.functions = {each.name: self.text(each.type) for each in unit.functions.values()}
        facts.variables = {each.name: self.text(each.type) for each in unit.variables.values()}
        facts.typedefs = {each.name: self.text(each.type) for each in unit.typedefs.values()}
        for record in unit.records:
            if record.tag:
                name = f"{record.keyword} {record.tag}"
                facts.records[name] = self.body(record)
                # castxml says nothing of those that are defined in another one.
                if record.outer or record.file.startswith(_COMPILERS):
                    facts.elsewhere.add(name)
        for enum in unit.enums:
            before = "-1"
            for constant in enum.constants or ():
                before = f"({constant.value})" if constant.value else f"{before} + 1"
                facts.constants[constant.name] = self.value(f"({before}) & {_BITS}ULL")
                if enum.file.startswith(_COMPILERS):
                    facts.elsewhere.add(constant.name)
        numbers = self.evaluate()
        for table in (
            facts.functions,
            facts.variables,
            facts.typedefs,
            facts.records,
            facts.constants,
        ):
            for name, text in table.items():
                table[name] = re.sub(r"\{(\d+)\}", lambda match: numbers[int(match[1])], text)
        return facts

    def value(self, expression: str) -> str:
        if re.fullmatch(r"\d", expression):
            return expression
        self.expressions.append(expression)
        return f"{{{len(self.expressions) - 1}}}"

    def evaluate(self) -> list[str]:
        """The values of all expressions: those that the compiler puts into a table."""
        program = self.source.with_suffix(".values.c")
        # None of them is zero so, for which assemblers have other words.
        rows = "".join(f"(long long)({each}) ^ {_MARK}LL,\n" for each in self.expressions)
        program.write_text(
            f'#include "{self.source}"\nconst long long ct_values[] = {{\n{rows} {_MARK}LL }};\n'
        )
        command = [self.gcc, *self.options, "-w", "-S", "-O0", str(program), "-o", "-"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        table = done.stdout.partition("\nct_values:")[2]
        found = [
            (int(each) ^ _MARK) & _BITS
            for each in re.findall(r"^\s+\.quad\s+(-?\d+)$", table, re.M)
        ]
        assert len(found) == len(self.expressions) + 1
        return [str(each) for each in found]

    def body(self, record: Record) -> str:
        if record.fields is None:
            return "?"
        members = [
            f"{each.name}: {self.text(each.type)}{self.width(each)}" for each in record.fields
        ]
        return f"{{ {'; '.join(members)} }}"

    def width(self, each: Field) -> str:
        return f" : {self.value(each.bits)}" if each.bits else ""

    def text(self, ctype: Type) -> str:
        if isinstance(ctype, FunctionType):
            parameters = [self.text(self.adjusted(each)) for each in ctype.parameters]
            parameters += ["..."] if ctype.variadic else []
            return f"function({', '.join(parameters)}) -> {self.text(ctype.result)}"
        if isinstance(ctype, Array):
            length = self.value(ctype.length) if ctype.length else ""
            return f"array[{length}] of {self.text(ctype.item)}"
        words = sorted(ctype.qualifiers)
        if isinstance(ctype, Pointer):
            words.append(f"pointer to {self.text(ctype.target)}")
        elif isinstance(ctype, Named):
            words.append(ctype.typedef.name)
        elif isinstance(ctype, Basic):
            words.append(
                "?" if "_Complex" in ctype.name else _NAMES.get(ctype.name, ctype.name)
            )
        else:
            words.append(self.tagged(ctype.declared))
        return " ".join(words)

    def adjusted(self, parameter: Parameter) -> Type:
        # castxml knows that this is an array, which is passed by address, but on Windows.
        if "mingw" not in self.gcc and resolve(parameter.type) == Basic("__builtin_va_list"):
            return Pointer(Basic("struct __va_list_tag"))
        return parameter.passed

    def tagged(self, declared: Record | Enum) -> str:
        if isinstance(declared, Enum):
            return f"enum {declared.tag or declared.alias}"
        return f"{declared.keyword} {declared.tag or self.body(declared)}"


def as_castxml_has_it(source: Path, gcc: str, options: Sequence[str]) -> Facts:
    """What castxml finds in a C file, as a gcc would preprocess it."""
    file = source.with_suffix(".xml")
    command = ["castxml", "--castxml-output=1", "--castxml-cc-gnu-c", gcc, "-fno-builtin"]
    command += [*FOR_CLANG, *options, str(source), "-o", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    return _CastXML(ET.parse(file).getroot()).facts()  # noqa: S314 - just written here


class _CastXML:
    def __init__(self, root: ET.Element) -> None:
        self.nodes = {each.get("id", ""): each for each in root}
        self.files = {
            each.get("id"): os.path.normpath(each.get("name", ""))
            for each in root
            if each.tag == "File"
        }

    def facts(self) -> Facts:
        facts = Facts()
        for each in self.nodes.values():
            name, file = each.get("name", ""), self.files.get(each.get("file"), "<builtin>")
            is_elsewhere = file.startswith(_COMPILERS) or name.startswith(
                ("__builtin_", "__sync_")
            )
            if each.tag == "Function":
                facts.functions[name] = self.function(each)
            elif each.tag == "Variable":
                facts.variables[name] = self.text(each.get("type", ""))
            elif each.tag == "Typedef":
                facts.typedefs[name] = self.text(each.get("type", ""))
            elif each.tag in ("Struct", "Union") and name:
                name = f"{each.tag.lower()} {name}"
                facts.records[name] = self.body(each)
            elif each.tag == "Enumeration":
                for constant in each:
                    value = int(constant.get("init", "")) & _BITS
                    facts.constants[constant.get("name", "")] = str(value)
                    if is_elsewhere:
                        facts.elsewhere.add(constant.get("name", ""))
            if is_elsewhere or "??" in facts.typedefs.get(name, ""):
                facts.elsewhere.add(name)
        return facts

    def function(self, node: ET.Element) -> str:
        parameters = [
            "..." if each.tag == "Ellipsis" else self.text(each.get("type", ""))
            for each in node
        ]
        return f"function({', '.join(parameters)}) -> {self.text(node.get('returns', ''))}"

    def body(self, node: ET.Element) -> str:
        if node.get("incomplete"):
            return "?"
        members: list[str] = []
        for number in node.get("members", "").split():
            each = self.nodes[number]
            if each.tag == "Field":
                bits = f" : {each.get('bits')}" if each.get("bits") else ""
                members.append(f"{each.get('name')}: {self.text(each.get('type', ''))}{bits}")
        return f"{{ {'; '.join(members)} }}"

    def text(self, number: str) -> str:
        node = self.nodes[number]
        name, target = node.get("name", ""), node.get("type", "")
        if node.tag == "CvQualifiedType":
            words = [each for each in ("const", "restrict", "volatile") if node.get(each)]
            return _qualified(words, self.text(target))
        if node.tag == "PointerType":
            return f"pointer to {self.text(target)}"
        if node.tag == "ArrayType":
            length = str(int(node.get("max", "")) + 1) if node.get("max") else ""
            return f"array[{length}] of {self.text(target)}"
        if node.tag == "FunctionType":
            return self.function(node)
        if node.tag == "ElaboratedType":
            return self.text(target)
        if node.tag in ("Struct", "Union"):
            return f"{node.tag.lower()} {name or self.body(node)}"
        if node.tag == "Enumeration":
            return f"enum {name}"
        if node.tag == "Unimplemented":  # a _Complex, a vector, or a type such as int ()
            return "??" if node.get("type_class") == "FunctionNoProto" else "?"
        return _NAMES.get(name, name)


def _qualified(words: list[str], text: str) -> str:
    """The qualifiers before those that are there; of an array, its items'."""
    if match := re.match(r"array\[\d*\] of ", text):
        return match[0] + _qualified(words, text[match.end() :])
    there = re.match(r"((?:const|restrict|volatile) )*", text)
    rest = text[there.end() :] if there else text
    found = {*words, *(there[0].split() if there else [])}
    return " ".join([*sorted(found), rest])
