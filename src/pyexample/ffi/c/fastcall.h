/*
 * fastcall.h - calls of C functions from Python, at the speed of a C extension
 *
 * Copyright (c) 2026 The pyexample authors
 * SPDX-License-Identifier: MIT
 *
 * A shared library that is linked against no Python and compiled without
 * Python's headers: one binary serves every CPython from 3.10 on. A *descriptor*
 * says what a C function takes and returns. It is the content of a Python bytes
 * object, and begins with a PyMethodDef, so that PyCFunction_NewEx(descriptor,
 * bytes object, module) makes a builtin function of it. When that is called, its
 * entry point here reads the descriptor, converts the arguments, calls the C
 * function and converts the result.
 *
 * An entry point converts what it is sure of and nothing else. Whatever is left
 * (an argument of another type, out of range, one too many) goes to the Python
 * function that is the attribute `slow_path` of the bytes object, with the same
 * arguments, before anything was called: so one place decides what is an error,
 * and what it says. If Python must interpret the result, unexpected(result,
 * arguments...) is called, an attribute of the bytes object as well: for a code
 * that is not in the dict, and with None for a null pointer that was not declared.
 *
 * Whoever binds a C library does not need this header: the Python package repeats
 * it in libfastcall.py.
 */
#ifndef FASTCALL_H
#define FASTCALL_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#  define FASTCALL_API __declspec(dllexport)
#else
#  define FASTCALL_API __attribute__((visibility("default")))
#endif

/* Goes up when anything in this header changes: Python compares it at load. */
#define FASTCALL_ABI_VERSION 7

#define FASTCALL_MAX_ARGUMENTS 16 /* of the C function */
#define FASTCALL_MAX_BUFFERS 8    /* among them */
#define FASTCALL_MAX_HANDLES 4    /* likewise */

/* How a Python object becomes a C argument, or a C result a Python object. */
#define FASTCALL_VOID 'v'     /* result only: None */
#define FASTCALL_SIGNED 'i'   /* int, in low..high */
#define FASTCALL_UNSIGNED 'u' /* int, in low..high, both as uint64_t */
#define FASTCALL_BOOL '?'     /* True, False */
#define FASTCALL_FLOAT 'f'    /* float, as float or double by its size */
#define FASTCALL_BYTES 'z'    /* bytes without NUL; a result ends at its NUL */
#define FASTCALL_STR 's'      /* str without NUL, in UTF-8 */
#define FASTCALL_ADDRESS 'P'  /* int */
#define FASTCALL_POINTER                                                             \
    'p'                     /* argument only: what a ctypes pointer type accepts: an \
                               instance, or something of its items' type */
#define FASTCALL_HANDLE 'h' /* argument only: the address that an open handle holds */
#define FASTCALL_BUFFER 'b' /* argument only: the address of a buffer's items */
#define FASTCALL_COUNT 'n'  /* argument only: how many items buffers have */
#define FASTCALL_CODE 'c'   /* result only: what stands for an int32_t in a dict */
#define FASTCALL_STRUCT                                           \
    't' /* result only: a structure of 9 to 16 bytes, all of them \
           integers and pointers, as a function makes it of bytes */

/* The types of ctypes, of which each interpreter can have its own. */
typedef struct {
    const void *array;       /* ctypes.Array */
    const void *pointer;     /* ctypes._Pointer */
    const void *reference;   /* of what byref() returns */
    size_t reference_offset; /* where that holds the address */
} fastcall_ctypes;

/* One argument of the C function. */
typedef struct {
    int64_t low;                   /* SIGNED, UNSIGNED: the least value */
    int64_t high;                  /* and the greatest; COUNT: likewise */
    const void *type;              /* POINTER: the ctypes type; HANDLE: a subtype of it will do */
    const void *items;             /* POINTER: the ctypes type that it points to */
    const fastcall_ctypes *ctypes; /* POINTER */
    uint8_t kind;                  /* one of the above */
    uint8_t size;                  /* of the C type, in bytes; BUFFER: of an item: 1, 2, 4 or 8 */
    uint8_t shift;                 /* BUFFER: its logarithm, so that a count needs no division */
    uint8_t parameter; /* which argument of the Python function it comes from, from 0 */
    uint8_t nullable;  /* BYTES, STR, ADDRESS, POINTER: None is NULL */
    uint8_t item;      /* BUFFER: SIGNED, UNSIGNED, BOOL, FLOAT; VOID: any, counted in bytes */
    uint8_t writable;  /* BUFFER: C writes to it */
    uint8_t in_place;  /* BUFFER, writable: it may be the same memory as another one */
    uint8_t buffers;   /* COUNT: bit i is set where the i-th BUFFER, from 0, has so many */
    uint8_t location;  /* which word of the frame: filled in by fastcall_prepare */
    uint8_t offset;    /* and which byte of that word: likewise */
} fastcall_argument;

/* A C function. Its arguments follow, in C's order, then the strings. */
typedef struct {
    /* A PyMethodDef (https://docs.python.org/3/c-api/structures.html#c.PyMethodDef),
       filled in by fastcall_prepare. */
    const char *ml_name;
    void *ml_meth;
    int ml_flags;
    const char *ml_doc;

    void (*function)(void); /* the C function */
    void *conversion;       /* CODE: the dict; STRUCT: the function */
    int64_t release_at;     /* the GIL is released for this many bytes of buffers and
                               more: 0 always, INT64_MAX never */
    uint32_t name;          /* where its name is, in bytes from the start, with a NUL */
    uint32_t doc;           /* where its docstring is, likewise */
    uint8_t parameters;     /* how many arguments the Python function takes */
    uint8_t arguments;      /* how many the C function takes */
    uint8_t result;         /* one of the kinds above */
    uint8_t result_size;    /* of the C type, in bytes */
    uint8_t result_nullable;
    uint8_t shape;       /* filled in: what the call needs to pass */
    uint8_t float_slots; /* filled in, Windows: which of the first four are floats */
} fastcall_descriptor;

/*
 * A new Python type, a new reference, or NULL with a Python error set. Its instances hold an
 * address that Python cannot reach but through the two functions below. A HANDLE's type is
 * derived from it.
 */
FASTCALL_API void *fastcall_make_handle_type(void);

/* Both take an instance of that type, and are atomic, for Pythons without a GIL. Whoever closes
   a handle sets its address to NULL, then counts the calls that have it among their arguments:
   where there are none, there will be none. */
FASTCALL_API void fastcall_set_address(void *object, void *address);
FASTCALL_API int64_t fastcall_count_users(void *object);

/* To be called before C first gets a callback: from then on, calls keep account of where they
   are called back. */
FASTCALL_API void fastcall_expect_callbacks(void);

/* To be called in the child of a fork, by its only thread: what the other threads of the
   parent were in the middle of, this process is not. */
FASTCALL_API void fastcall_after_fork(void);

/* What has to be known of the Python that loaded this library. */
typedef struct {
    const void *const *functions; /* their addresses, in the order of fastcall_imports */
    const void *none;
    const void *true_;
    const void *false_;
    const void *int_type;
    const void *float_type;
    const void *type_type;
    const void *type_error;
    const void *value_error;
    const void *buffer_error;
    const void *exporter; /* a class with a __buffer__ written in Python; NULL before 3.12 */
    size_t type_offset;   /* where an object holds its type */
    size_t bytes_offset;  /* where a bytes object holds its content */
} fastcall_python;

/* FASTCALL_ABI_VERSION, as it was when this library was compiled. */
FASTCALL_API int32_t fastcall_abi_version(void);

/* The names of the functions of Python's stable ABI that are needed, a space behind each.
   May be called before fastcall_initialise. */
FASTCALL_API const char *fastcall_imports(void);

/*
 * To be called before anything else, by each interpreter, from any thread. What the struct
 * says is copied by the first; it is the same for all interpreters of a process, whose
 * None and static types are one (`exporter` is only looked at). Returns NULL, or why no
 * function can be called from here: the struct is not true of this Python, or not what was
 * copied, or a call that is tried does not pass its arguments as it should.
 */
FASTCALL_API const char *fastcall_initialise(const fastcall_python *python);

/*
 * Fills in what is left open in the descriptor that is the content of `self`, a
 * bytes object that nobody else has seen yet. Returns NULL, or why such a
 * function cannot be called from here.
 */
FASTCALL_API const char *fastcall_prepare(void *self);

/*
 * The function of a PyMethodDef with METH_FASTCALL, for PyCFunction_NewEx: what ctypes calls
 * for a callback. It calls `self`, a Python function. Where that raises an exception, the call
 * that made C call back raises it when C returns, if that call was made here; until then C
 * gets the function's attribute `failed` for each callback, and no Python is called. Of another
 * exception the function's attribute `escaped` is called, and C gets what that returns.
 *
 * This takes C: a signal that came while C ran is handled before the first instruction of the
 * next Python function, where no `try` can be; and what ctypes then returns to C is whatever was
 * in memory.
 */
FASTCALL_API void *fastcall_callback(void *self, void *const *arguments, ptrdiff_t count);

#endif
