"""Ask the compiler for the values of macros, enumerators and the lengths of arrays."""

import re
import struct
from collections.abc import Iterable

from ..headers.asm import assemble_variables
from ..headers.compiler import Compiler

Value = int | float | bytes
"""An integer, a floating-point number, or a text."""

_RULES = """\
template <class T> struct ct_numeral { unsigned long long ct_kind; T ct_held; };
template <unsigned long long N> struct ct_text {
  unsigned long long ct_kind, ct_length; char ct_held[N];
};
template <class T> struct ct_if_bool { };
template <> struct ct_if_bool<bool> { typedef ct_numeral<long long> ct_type; };
template <class T> constexpr typename ct_if_bool<T>::ct_type ct_value(T v) { return {1, v}; }
constexpr ct_numeral<long long> ct_value(int v) { return {1, v}; }
constexpr ct_numeral<long long> ct_value(long v) { return {1, v}; }
constexpr ct_numeral<long long> ct_value(long long v) { return {1, v}; }
constexpr ct_numeral<unsigned long long> ct_value(unsigned v) { return {2, v}; }
constexpr ct_numeral<unsigned long long> ct_value(unsigned long v) { return {2, v}; }
constexpr ct_numeral<unsigned long long> ct_value(unsigned long long v) { return {2, v}; }
constexpr ct_numeral<double> ct_value(float v) { return {3, v}; }
constexpr ct_numeral<double> ct_value(double v) { return {3, v}; }
constexpr ct_numeral<double> ct_value(long double v) { return {3, static_cast<double>(v)}; }
template <unsigned long long N> constexpr ct_text<N> ct_value(const char (&ct_given)[N]) {
  ct_text<N> ct_made{4, N - 1, {}};
  for (unsigned long long i = 0; i < N; i++) ct_made.ct_held[i] = ct_given[i];
  return ct_made;
}"""
"""Overloads for every value that Python can have. A pointer must not become a bool."""

_LINE = "static constexpr auto ct_v{} __attribute__((used)) = ct_value({});"


def evaluate(
    compiler: Compiler, source: str, before: list[str], expressions: Iterable[str]
) -> dict[str, Value]:
    """The values of expressions of C; those without one, such as pointers, are missing.

    Args:
        compiler: the compiler, which must print assembly text.
        source: the .cpp file to write.
        before: the lines that include the headers.
        expressions: macros, enumerators, lengths, as the headers spell them.
    """
    listed = list(dict.fromkeys(expressions))
    # After the headers, whose macros may have any name: the text before may count its lines.
    words = sorted({*re.findall(r"[A-Za-z]\w+", f"{_RULES} {_LINE}"), "namespace"})
    undefined = [f"#undef {each}" for each in words if each not in listed]
    opening = [*before, *undefined, *_RULES.splitlines(), "namespace ct_here {"]
    rows = [(number, _LINE.format(number, text)) for number, text in enumerate(listed)]
    found = assemble_variables(compiler, source, opening, rows)
    values = {name: _value(data) for name, data in found.items() if len(data) >= 16}
    return {
        text: values[f"ct_v{number}"]
        for number, text in enumerate(listed)
        if f"ct_v{number}" in values
    }


def _value(data: bytes) -> Value:
    kind, number = struct.unpack_from("<QQ", data)
    if kind == 1:
        return int.from_bytes(data[8:16], "little", signed=True)
    if kind == 3:
        return float(struct.unpack_from("<d", data, 8)[0])
    return data[16 : 16 + number] if kind == 4 else int(number)
