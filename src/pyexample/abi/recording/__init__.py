"""Import modules and write down every ctypes declaration that they make.

This runs in a process of its own: ``main`` is given two JSON files, the request and the
answer. Nothing that the modules do, and nothing that is done to ctypes here, reaches whoever
asked. Before the modules are imported,

- ``ctypes._CFuncPtr``, from which every function and every prototype is derived, is
  replaced by a class that keeps what is made of it;
- c_size_t, c_int64 and the other names for "whichever type is so wide here" become types
  of their own, since on another platform they stand for others;
- libraries that are stood in for are not loaded. Calls of their functions do nothing and
  return zero, and their files seem to exist.

A type is written as: null for void, "c_int", ["pointer", type], ["array", type, length],
["struct", index], ["callback", result, [arguments]], ["swapped", "c_int"] for the other
byte order, ["any", name] for a class whose from_param decides at run time, and ["converts",
type] for a ctypes type that has a from_param of its own.
"""
