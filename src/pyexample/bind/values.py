"""Ask the compiler for the values of macros, enumerators and the lengths of arrays."""

import struct
from collections.abc import Iterable

from ..abi.compiler import Compiler
from ..abi.judge import assemble_variables

Value = int | float | bytes
"""An integer, a floating-point number, or a text."""

_RULES = """\
template <class T> struct ct_numeral { unsigned long long kind; T value; };
template <unsigned long long N> struct ct_text {
  unsigned long long kind, length; char value[N];
};
template <class T> struct ct_if_bool { };
template <> struct ct_if_bool<bool> { typedef ct_numeral<long long> type; };
template <class T> constexpr typename ct_if_bool<T>::type ct_value(T v) { return {1, v}; }
constexpr ct_numeral<long long> ct_value(int v) { return {1, v}; }
constexpr ct_numeral<long long> ct_value(long v) { return {1, v}; }
constexpr ct_numeral<long long> ct_value(long long v) { return {1, v}; }
constexpr ct_numeral<unsigned long long> ct_value(unsigned v) { return {2, v}; }
constexpr ct_numeral<unsigned long long> ct_value(unsigned long v) { return {2, v}; }
constexpr ct_numeral<unsigned long long> ct_value(unsigned long long v) { return {2, v}; }
constexpr ct_numeral<double> ct_value(float v) { return {3, v}; }
constexpr ct_numeral<double> ct_value(double v) { return {3, v}; }
constexpr ct_numeral<double> ct_value(long double v) { return {3, static_cast<double>(v)}; }
template <unsigned long long N> constexpr ct_text<N> ct_value(const char (&text)[N]) {
  ct_text<N> made{4, N - 1, {}};
  for (unsigned long long i = 0; i < N; i++) made.value[i] = text[i];
  return made;
}"""
"""Overloads for every value that Python can have. A pointer must not become a bool."""

_WORDS = ("namespace", "static", "constexpr", "auto", "used")


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
    undefined = [f"#undef {word}" for word in _WORDS]
    opening = [*_RULES.splitlines(), *before, *undefined, "namespace ct_here {"]
    rows = [
        (
            number,
            f"static constexpr auto ct_v{number} __attribute__((used)) = ct_value({text});",
        )
        for number, text in enumerate(listed)
    ]
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
