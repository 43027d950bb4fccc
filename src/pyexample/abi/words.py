"""What each verdict says in words, and what it does at run time."""

WORDS = {
    "signedness": "signed on one side, unsigned on the other",
    "truth": "a bool on one side, an integer on the other",
    "address": "a pointer on one side, an integer of its size on the other",
    "bytes": "bytes on the Python side",
    "flexible": "C's array has no length",
    "handle": "a pointer to a pointer on the Python side",
    "wrapped": "a struct of nothing else on one side, by value",
    "dropped": "the result is not taken",
    "garbage": "C returns nothing",
    "ignored": "C does not read the callback's result",
    "unset": "a callback that gives no result, and C reads one",
    "empty": "nothing of it is known, so nothing is passed",
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
    "promoted": "a callback with a float, where C passes a double behind the fixed arguments",
    "swapped": "a callback for which a pointer and a number have changed places",
    "written": "C may write through it, and In is read only",
    "only_read": "C cannot write through it, and Out is there to be written",
}
"""By a verdict of claims.h: what differs."""

HAPPENS = {
    "signedness": "the same bits stand for another number where the highest one is set",
    "truth": "the same byte; one side takes it for a truth value, the other for a number",
    "address": "the same bits; Python sees a number instead of a pointer, or the reverse",
    "bytes": "the same bytes; Python does not see what is in them",
    "flexible": "Python sees as many items as it declares, however many there are",
    "handle": "works while Python only passes it on; .contents would read what is not there",
    "wrapped": "the same register on 64-bit platforms; one side sees what is in the struct",
    "dropped": "what C returns is lost, an error code for instance",
    "garbage": "Python returns whatever is left in the register",
    "ignored": "what Python returns there is lost",
    "unset": "C takes whatever is left in the register for the result",
    "empty": "C reads whatever is where the struct should be",
    "misplaced": "C reads what else is in the registers, or on the stack: pass a pointer to it,"
    " if C has such a function, or call it from a C function of your own",
    "level": "C follows a value that is no pointer, or stores a pointer where there is no room"
    " for one: a crash, or memory is overwritten",
    "target_width": "C reads and writes items of its own size: wrong values, or memory behind"
    " Python's is overwritten",
    "target": "each side takes the memory for something else: wrong values, or a crash",
    "other": "each side looks for the other's fields at its own offsets: wrong values, or"
    " memory behind the struct is overwritten",
    "unknown": "nothing is known: name the struct with --struct PYTHON=C",
    "length": "what stands behind the array is elsewhere",
    "count": "the callback takes for arguments what C has not passed, or misses some",
    "extra": "right on most platforms, if C passes so many; Apple's arm64 does it elsewhere",
    "promoted": "the callback reads a part of the double",
    "swapped": "the callback follows the number, and takes the pointer for a number: a crash",
    "written": "memory that is not to change, such as a bytes object, changes",
    "only_read": "the buffer that Python expects to be filled stays as it was",
    (
        "argument",
        "width",
    ): "C reads bits that Python has not passed, or only some of those it has",
    ("argument", "kind"): "C looks in another register, or takes the value for something else",
    (
        "result",
        "width",
    ): "the value is cut off, or bits that C has not set are taken as part of it",
    (
        "result",
        "kind",
    ): "Python looks in another register, or takes the value for something else",
    ("field", "width"): "a part of the value is lost, or the next field is overwritten",
    ("field", "kind"): "each side takes the bytes for something else",
}
"""By a verdict, or by where it is found and the verdict: what that does at run time."""
