"""Import modules and record every ctypes declaration that they make.

This runs in a process of its own: ``main`` reads the request from one JSON file and writes the
answer to another. So neither the modules nor the changes to ctypes here affect the process that
asks. Before the modules are imported,

- ``ctypes._CFuncPtr``, from which every function and every prototype is derived, is
  replaced by a class that records its instances;
- c_size_t, c_int64 and the other aliases become types of their own, since they stand for
  other types on another platform;
- stand-ins replace some libraries, which are not loaded. Calls of their functions do nothing
  and return zero, and their files seem to exist.

A type is written as: null for void, "c_int", ["pointer", type], ["array", type, length],
["struct", index], ["callback", result, [arguments]], ["swapped", "c_int"] for the other
byte order, ["any", name] for a class whose from_param decides at run time, and ["converts",
type] for a ctypes type that has a from_param of its own.
"""
