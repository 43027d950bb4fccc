"""The types of C that have one of ctypes."""

SCALARS = {
    "_Bool": "c_bool", "char": "c_char", "wchar_t": "c_wchar",
    "signed char": "c_byte", "unsigned char": "c_ubyte", "short": "c_short",
    "unsigned short": "c_ushort", "int": "c_int", "unsigned int": "c_uint", "long": "c_long",
    "unsigned long": "c_ulong", "long long": "c_longlong",
    "unsigned long long": "c_ulonglong", "float": "c_float", "double": "c_double",
    "long double": "c_longdouble", "size_t": "c_size_t", "ssize_t": "c_ssize_t",
    "ptrdiff_t": "c_ssize_t", "intptr_t": "c_ssize_t", "uintptr_t": "c_size_t",
    "time_t": "c_int64", "char8_t": "c_ubyte", "char16_t": "c_uint16", "char32_t": "c_uint32",
    **{f"__int{bits}": f"c_int{bits}" for bits in (8, 16, 32, 64)},
    **{f"int{bits}_t": f"c_int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}_t": f"c_uint{bits}" for bits in (8, 16, 32, 64)},
}  # fmt: skip
"""Each has the right size on every platform; time_t on those with 64 bits."""
