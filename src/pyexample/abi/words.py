"""The text of each verdict: the difference, and its effect at run time."""

WORDS = {
    "signedness": "signed on one side, unsigned on the other",
    "truth": "a bool on one side, an integer on the other",
    "address": "a pointer on one side, an integer of its size on the other",
    "bytes": "bytes on the Python side",
    "flexible": "C's array has no length",
    "handle": "a pointer to a pointer on the Python side",
    "wrapped": "on one side a struct by value that contains only this",
    "dropped": "the result is ignored",
    "garbage": "C returns nothing",
    "ignored": "C does not read the callback's result",
    "unset": "a callback that returns nothing, and C reads a result",
    "empty": "its fields are not declared, so nothing is passed",
    "misplaced": "ctypes passes it in other registers than C",
    "width": "another size",
    "kind": "another kind of value",
    "level": "another level of pointers",
    "target_width": "a pointer to something of another size",
    "target": "a pointer to another kind of thing",
    "other": "another struct",
    "unknown": "a struct whose name in C is not known",
    "length": "another length",
    "count": "a callback with another number of arguments",
    "extra": "a callback that takes more than the fixed arguments of a variadic one",
    "promoted": "a callback with a float, and C passes a double after the fixed arguments",
    "swapped": "a callback for which a pointer and a number have changed places",
    "written": "C may write through it, but In is read only",
    "only_read": "C cannot write through it, but the declaration expects that",
}
"""The difference, by the name of a verdict in claims.h."""

HAPPENS = {
    "signedness": "the number differs if its highest bit is set",
    "truth": "the same byte; one side reads a truth value, the other a number",
    "address": "the same bits; Python sees a number instead of a pointer, or the reverse",
    "bytes": "the same bytes; Python does not see the fields in them",
    "flexible": "Python sees as many items as it declares, however many C has",
    "handle": "works while Python only passes it on; .contents reads what is not a pointer",
    "wrapped": "the same register on 64-bit platforms; one side sees a struct",
    "dropped": "the result of C is lost, an error code for instance",
    "garbage": "Python returns whatever is left in the register",
    "ignored": "the result of the Python function is lost",
    "unset": "C reads whatever is left in the register as the result",
    "empty": "C reads unrelated memory or registers as the struct",
    "misplaced": "C reads other values from registers or the stack: call a function that takes"
    " a pointer to it, or call this one from a C function of your own",
    "level": "C follows a value that is not a pointer, or stores a pointer where there is no"
    " room for one: a crash, or memory is overwritten",
    "target_width": "C reads and writes items of its own size: wrong values, or memory after"
    " Python's is overwritten",
    "target": "each side reads the memory as another type: wrong values, or a crash",
    "other": "each side looks for the other's fields at its own offsets: wrong values, or"
    " memory after the struct is overwritten",
    "unknown": "not known: name the struct with --struct PYTHON=C",
    "length": "the fields or items after the array are elsewhere",
    "count": "the callback reads arguments that C has not passed, or misses some",
    "extra": "right on most platforms, if C passes so many; not on Apple's arm64",
    "promoted": "the callback reads half of the double",
    "swapped": "the callback follows the number as a pointer: a crash",
    "written": "memory that must not change, such as a bytes object, changes",
    "only_read": "C does not fill what Python expects it to fill",
    "size": "C reads or writes what is after Python's memory",
    ("argument", "width"): "C reads bits that Python has not passed, or only some of those"
    " it has",
    ("argument", "kind"): "C looks in another register, or reads the value as another type",
    ("result", "width"): "the value is cut off, or bits that C has not set are taken as part"
    " of it",
    ("result", "kind"): "Python looks in another register, or reads the value as another type",
    ("field", "width"): "a part of the value is lost, or the next field is overwritten",
    ("field", "kind"): "each side reads the bytes as another type",
}
"""The effect at run time, by verdict, or by its position and verdict."""
