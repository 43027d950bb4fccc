/*
 * fastcall.h - calls of C functions from Python, at the speed of a C extension
 *
 * Copyright (c) 2026 The pyexample authors
 * SPDX-License-Identifier: MIT
 *
 * This shared library is neither linked against Python nor compiled with its
 * headers, so one binary serves every CPython from 3.10 on. A *descriptor* says
 * what a C function takes and returns. It is the content of a Python bytes object,
 * and begins with a PyMethodDef, so PyCFunction_NewEx(descriptor, bytes object,
 * module) makes a builtin function of it. When Python calls that, an entry point
 * in this library reads the descriptor, converts the arguments, calls the C
 * function and converts the result.
 *
 * An entry point converts common types only. For every other argument (of another
 * type, out of range, one too many), it calls the attribute `slow_path` of the
 * bytes object, a Python function, with the same arguments, before C is called. So
 * only Python code raises errors for arguments. If a *rule* says that Python must
 * interpret what came back (a code that means failure, an undeclared null pointer),
 * the attribute `unexpected` is called with a tuple and the arguments. The tuple has a
 * bytes object, the fastcall_returned, and an object for each handle or memory that the caller
 * is to close or free, and for each FILLED memory. If that raises an error, `abandon` is called
 * with the same arguments. If Python takes a handle over while it is being closed or given away,
 * and C has not closed or does not own it afterwards, `reopen` is called with it. If Python takes
 * over a handle for which C is about to keep something, or what C keeps for good, `keep_late` is
 * called with that (see fastcall_list_kept) and the handle or None. If C keeps something for the
 * handle that it returns, the tuple that `unexpected` gets ends with a tuple of that.
 *
 * A binding does not need this header: libfastcall.py repeats it for Python.
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

/* Increased when a declaration in this header changes: Python compares it at load. */
#define FASTCALL_ABI_VERSION 17

#define FASTCALL_MAX_ARGUMENTS 16                   /* of the C function */
#define FASTCALL_MAX_BUFFERS 8                      /* among them */
#define FASTCALL_MAX_OUTPUTS FASTCALL_MAX_ARGUMENTS /* likewise: those that C fills in */
#define FASTCALL_OUTPUT_WORDS 32                    /* of all outputs */
#define FASTCALL_THUNKS_OF_TYPE 8                   /* of one type of callbacks */
#define FASTCALL_STRUCT_WORDS 64 /* of all structures among the arguments; of the result */

/* The kinds of arguments, and of what comes back: how they are converted. */
#define FASTCALL_VOID 'v'     /* nothing is passed, or comes back */
#define FASTCALL_SIGNED 'i'   /* int, in low..high */
#define FASTCALL_UNSIGNED 'u' /* int, in low..high, both as uint64_t */
#define FASTCALL_BOOL '?'     /* True, False; as a result, what is not 0 is True */
#define FASTCALL_FLOAT 'f'    /* float, as float or double by its size */
#define FASTCALL_BYTES 'z'    /* bytes without NUL; a result ends at its NUL; of size 1: a char */
#define FASTCALL_STR 's'      /* str without NUL, in UTF-8 */
#define FASTCALL_ADDRESS 'P'  /* int */
#define FASTCALL_POINTER                                         \
    'p' /* argument only: what a ctypes pointer type accepts: an \
           instance of it, or of the type that it points to */
#define FASTCALL_HANDLE                                                                          \
    'h' /* the address in an open handle, or the integer, if that is not 0; what comes back is a \
           handle */
#define FASTCALL_BUFFER                                                        \
    'b' /* argument only: the address of a buffer's items, or of an array that \
           is made of a list or tuple for the call */
#define FASTCALL_COUNT 'n'    /* argument only: the number of items of buffers */
#define FASTCALL_CALLBACK 'c' /* argument only: a function pointer that calls the callable */
#define FASTCALL_MADE 'y' /* argument only: the content of a ctypes object that Python makes */
#define FASTCALL_CONSTANT 'k' /* argument only: an integer or a pointer, always low */
#define FASTCALL_FILLED 'm'   /* the address of new memory; what comes back is its content */
#define FASTCALL_ITEMS 'a'    /* what comes back only: memory of C's, of which a copy is made */
#define FASTCALL_LENGTH                                                    \
    'l' /* argument only: the address of an integer, in which C stores how \
           many items of FILLED memory are valid */
#define FASTCALL_STRUCT                                                            \
    't' /* an instance of a ctypes structure: by value, as argument and as result; \
           as an output also of a union or an array */

/* More kinds of items in a BUFFER. */
#define FASTCALL_HALF 'e' /* float of 16 bits */
#define FASTCALL_WIDE 'w' /* wchar_t */

#define FASTCALL_DIVIDE 255

/* How C asks for more FILLED memory, to be called again. */
#define FASTCALL_NEEDS 'l'    /* the length is how many items it needs */
#define FASTCALL_PLUS_NUL 'n' /* and another one */
#define FASTCALL_MINUS '-'    /* the length is the negative of that */

/* The rules: when Python must interpret what came back. */
#define FASTCALL_NEVER 0
#define FASTCALL_ZERO 'z'     /* a null pointer, say */
#define FASTCALL_NONZERO 'n'  /* of an integer */
#define FASTCALL_NEGATIVE '-' /* of a SIGNED */
#define FASTCALL_INSIDE 'i'   /* of an integer: in low..high */
#define FASTCALL_OUTSIDE 'o'  /* not in low..high */
#define FASTCALL_CHECKED 'c'  /* `check`, a function of its first 8 bytes, returns not 0 */
#define FASTCALL_ALWAYS 'a'

/* Who closes a handle that comes back. */
#define FASTCALL_OWNED 'o'    /* the caller, once for each address */
#define FASTCALL_COUNTED 'c'  /* the caller, once for each time that it came back */
#define FASTCALL_BORROWED 'b' /* C */

/* For what C keeps an argument, if not for another one. */
#define FASTCALL_FOR_GOOD 254
#define FASTCALL_FOR_RESULT \
    255 /* the HANDLE that comes back and is not BORROWED, or the STRUCT */

struct kept;

/* The open handles of an interpreter. */
typedef struct fastcall_handles fastcall_handles;

/* A Python class of handles, which lives for ever. */
typedef struct {
    const void *type; /* the class */
    const void *root; /* itself, or the base class that stands for the same C type */
    void *closer;     /* the bytes object of the function that closes one, whose only argument
                         in Python is the handle, or NULL: then Python makes the handles that
                         the caller owns */
    fastcall_handles *open;
} fastcall_handle_class;

/* The types of ctypes. Each interpreter can have its own. */
typedef struct {
    const void *array;       /* ctypes.Array */
    const void *pointer;     /* ctypes._Pointer */
    const void *reference;   /* the type of what byref() returns */
    size_t reference_offset; /* of the address in it */
    size_t memory_offset;    /* of the address of its memory in an instance of any type */
    size_t objects_offset;   /* likewise of the dict of what it keeps, or NULL */
    void *(*new_instance)(const void *, const void *, const void *); /* Structure's tp_new */
    const void *no_arguments; /* the empty tuple, for new_instance */
} fastcall_ctypes;

/* A structure: what the ABIs ask of one that is passed by value. See aggregates.h. */
typedef struct {
    const void *type; /* the ctypes type */
    const fastcall_ctypes *ctypes;
    uint16_t size;         /* in bytes */
    uint8_t alignment;     /* likewise */
    uint8_t is_wide;       /* whether a member is a long double of another format than double */
    uint8_t float_eighths; /* bit i is set if all members in its i-th eight bytes are float or
                              double */
    uint8_t floats;        /* the number of its members, if it is at most 4, and all of them are
                              float, or all of them are double; otherwise 0 */
} fastcall_struct;

/* What C does not need any more: what it keeps for a HANDLE. */
typedef struct {
    const void *self; /* the bytes object of the function that made C keep it, */
    uint8_t argument; /* and the index of that argument in C */
    uint8_t keeper;   /* the HANDLE, as a Python argument of this function, counted from 1 */
    uint8_t object;   /* if not 0: likewise, the HANDLE that C keeps; else all */
} fastcall_release;

/* One argument of the C function. */
typedef struct {
    int64_t low;       /* SIGNED, UNSIGNED: the least value; BUFFER: number of items; FILLED:
                          their number */
    int64_t high;      /* and the greatest; COUNT, LENGTH, HANDLE (as uint64_t): likewise */
    const void *type;  /* POINTER: the ctypes type; HANDLE: its class or a base class; BUFFER,
                          FILLED: NULL, or a Python function of all arguments, which returns the
                          number of items; CALLBACK: the object with the fastcall_callback_type,
                          or if C keeps it, as for MADE: a Python function of it that makes an
                          object of ctypes, or returns None if `slow_path` is to convert it;
                          STRUCT, if C keeps it: a Python function that makes a copy of it */
    const void *items; /* POINTER: the ctypes type that it points to; CALLBACK: the type of
                          objects that are C functions, which `slow_path` passes; STRUCT: a
                          fastcall_struct; BUFFER: if it is an array: the fastcall_argument of
                          each item, which is an integer, a float, a text, a HANDLE, or a
                          STRUCT of which only type and size are known */
    const fastcall_ctypes *ctypes; /* POINTER */
    uint8_t kind;                  /* one of the above */
    uint8_t size;                  /* of the C type, in bytes; BUFFER: of an item: 1, 2, 4 or 8 */
    uint8_t shift;                 /* BUFFER: its logarithm, so that a count needs no division; or
                                      FASTCALL_DIVIDE: the buffer says how large its items are */
    uint8_t parameter;             /* the index of the Python argument, from 0 */
    uint8_t nullable; /* BYTES, STR, ADDRESS, POINTER, MADE, BUFFER, CALLBACK: None is NULL */
    uint8_t item;     /* BUFFER: SIGNED, UNSIGNED, BOOL, FLOAT, HALF, WIDE; VOID: any, counted in
                         bytes, unless the buffer says how large they are */
    uint8_t writable; /* BUFFER: C writes to it */
    uint8_t in_place; /* BUFFER, writable: it may be the same memory as another one */
    uint8_t buffers;  /* COUNT: bit i is set if it counts the i-th BUFFER, from 0 */
    uint8_t is_size;  /* COUNT: it is the size of an item of that */
    uint8_t is_exact; /* BUFFER, if that depends on other arguments: it has no more items */
    uint8_t is_terminated; /* BUFFER: its last item is zeros; of an array: one more item */
    uint8_t memory;   /* COUNT: if not 0: it counts this value, which is FILLED; LENGTH: if not
                         0: likewise, and C gets the number of items there */
    uint16_t factors; /* BUFFER, FILLED: bit i is set if the number of items is a product with the
                         i-th argument of C, an integer, from 0 */
    uint8_t output;   /* if not 0: C gets the address of that value, counted from 1, which
                         begins as the argument; of VOID, as zeros; of FILLED, that memory's */
    uint8_t keeper;   /* BYTES, STR, POINTER, MADE, HANDLE, BUFFER, CALLBACK, STRUCT: if not 0: C
                         keeps it for the HANDLE that is that Python argument, counted from 1,
                         or for one of the above; a HANDLE, or an array of them, not for good */
    uint8_t is_every; /* and likewise each other one; else only the last one, or of those in */
    uint16_t slots;   /* whose call these arguments of C were the same: bit i is set, from 0 */
    uint8_t is_any;   /* HANDLE: of any class, so it must be in the table: it may be an integer */
    uint8_t is_given; /* HANDLE: C owns it after the call, */
    uint8_t owner;    /* if not 0: as that of the HANDLE that is that Python argument, from 1; */
    uint8_t stays_on_failure; /* but not if it fails */
    uint8_t location;         /* the word of the frame: filled in by fastcall_prepare */
    uint8_t offset;           /* the byte of that word: likewise */
    uint8_t way;              /* STRUCT: how its bytes are passed: likewise */
    uint8_t rest; /* STRUCT: the word of those that follow the first eight: likewise */
} fastcall_argument;

/* A value that comes back: the result, what C fills in, or what it passes to a callback. */
typedef struct {
    int64_t low;         /* rule OUTSIDE */
    int64_t high;        /* likewise */
    void *conversion;    /* of an integer: NULL or a dict, which converts it, and without which
                            it is unexpected; ADDRESS: NULL or a Python function, which does; STRUCT:
                            a fastcall_struct; HANDLE: a fastcall_handle_class; POINTER, to a
                            callback only: the ctypes type */
    void *receive;       /* HANDLE, ADDRESS, ITEMS, owned by the caller: a function of a
                            fastcall_returned, as bytes, and the offset, which makes an object
                            for Python: when that is destroyed, it closes, or frees, what Python
                            has not */
    void (*check)(void); /* rule CHECKED: the C function */
    void (*free)(void);  /* BYTES, STR, ITEMS: a C function to which the address is passed
                            after the copy was made, or NULL */
    int64_t number;      /* ITEMS without a `length`: how many they are: this number, or a product
                            with `factors` */
    const void *size_function; /* likewise: NULL, or a Python function of all arguments, which
                                  returns that */
    uint32_t item_size;        /* FILLED, ITEMS: of an item, in bytes */
    uint16_t factors;          /* ITEMS: bit i is set for the i-th argument of C, from 0 */
    uint16_t offset;           /* of the value in the fastcall_returned; of what a callback gets:
                                  filled in, in the words that a thunk stores */
    uint16_t size;             /* of the C type, in bytes */
    uint16_t lenders;    /* HANDLE: bit i is set if it needs the handle that is the i-th argument
                            in Python, from 0 */
    uint8_t kind;        /* one of the above */
    uint8_t rule;        /* likewise */
    uint8_t owner;       /* HANDLE: likewise */
    uint8_t item;        /* FILLED, ITEMS: BYTES or STR: `conversion` is NULL or a function that
                            makes the value of those; SIGNED, UNSIGNED, BOOL, FLOAT: of a list */
    uint8_t length;      /* FILLED, ITEMS: if not 0: the value, counted from 1, that is the number
                            of valid items; else all of FILLED are valid, of STR those before the
                            NUL */
    uint8_t again;       /* FILLED: likewise */
    uint8_t is_limited;  /* of an integer with a rule that does not use low..high: it is
                            unexpected, too, if it is not in that */
    uint8_t check_size;  /* of what `check` returns, in bytes */
    uint8_t is_returned; /* whether it becomes a Python object */
    uint8_t is_indirect; /* to a callback only: C passes its address; NULL is unexpected */
    uint8_t is_failure;  /* whether the function has failed if the rule says that it is
                            unexpected, or without a rule, if the dict lacks it */
} fastcall_value;

/* What came back, of which `unexpected` gets as much as is in use. */
typedef struct {
    uint64_t result[2];
    int64_t error_number; /* errno, or what GetLastError returns */
    uint64_t outputs[FASTCALL_OUTPUT_WORDS];
    uint64_t structure[FASTCALL_STRUCT_WORDS]; /* the result, if it has more than 16 bytes */
    /* Never in use for `unexpected`: for each value that is FILLED, a bytes object. */
    void *memories[1 + FASTCALL_MAX_OUTPUTS];
} fastcall_returned;

/* A C function. Its arguments follow, in C's order, then the values that come back, the result
   first, then the strings. */
typedef struct {
    /* A PyMethodDef (https://docs.python.org/3/c-api/structures.html#c.PyMethodDef),
       filled in by fastcall_prepare. */
    const char *ml_name;
    void *ml_meth;
    int ml_flags;
    const char *ml_doc;

    void (*function)(void);           /* the C function */
    int64_t release_at;               /* the GIL is released if the buffers have at least so many
                                         bytes in all: 0 always, INT64_MAX never */
    const fastcall_release *releases; /* `release_count` of them */
    struct kept *kept;                /* filled in later: what C keeps for good */
    uint32_t name;                    /* the offset of its name, a string with a NUL */
    uint32_t doc;                     /* the offset of its docstring, likewise */
    uint8_t parameters;               /* the number of arguments of the Python function */
    uint8_t arguments;                /* the number of arguments of the C function */
    uint8_t values;                   /* the number of values that come back, at least 1 */
    uint16_t returned_size;           /* how many bytes of the fastcall_returned are in use */
    uint8_t uses_errno;               /* whether error_number is needed */
    uint8_t closes;   /* if not 0: the handle of that C argument, counted from 1 */
    uint8_t fills;    /* whether an argument is FILLED */
    uint8_t is_sized; /* whether the size of a BUFFER or of FILLED memory depends on others */
    uint8_t may_stay_open; /* whether that stays open if the function fails */
    uint8_t has_effects;   /* whether C keeps or owns an argument, or releases what it keeps */
    uint8_t release_count;
    uint8_t is_variadic;
    uint8_t fixed;       /* if it is: the number of arguments before the `...` */
    uint8_t shape;       /* filled in: which registers, and whether the stack, are used */
    uint8_t float_slots; /* filled in, Windows: which of the first four are floats */
    uint8_t result;      /* filled in: which registers, or memory, the result comes in */
    uint8_t is_simple;   /* filled in: the result alone comes back, and is only converted */
    uint8_t is_managed;  /* filled in later: Python has taken over what C keeps for good */
} fastcall_descriptor;

/*
 * A type of callbacks: the content of a Python bytes object. What C passes follows, in C's order,
 * as values that come back, then the result, as an argument.
 *
 * The function pointer that C gets calls the Python function with the GIL. If it raises an
 * exception, what follows is as for fastcall_callback, with the attributes `failed` and
 * `escaped` of the bytes object. What is not plain is left to two more attributes, Python
 * functions that return C's result or raise an exception: `careful`, which gets the words that
 * the thunk has stored, as bytes, and the callable, or None if it was called too late; and
 * `answer`, which gets what the callable has returned.
 */
typedef struct {
    void *careful_calls; /* a dict that is not empty while calls or callbacks that Python code
                            makes have not returned: then `careful` knows whose exceptions
                            there are */
    uint64_t failed;     /* C's result after an exception */
    int64_t thunk_count; /* filled in: how many function pointers it has */
    int64_t next;        /* likewise: which of them is taken next */
    uint8_t thunks[FASTCALL_THUNKS_OF_TYPE]; /* likewise: their numbers */
    uint8_t arguments;                       /* the number of arguments */
    uint8_t is_plain;                        /* whether all of them are of the kinds above */
} fastcall_callback_type;

/* Fills in the rest of the fastcall_callback_type in `self`. Returns NULL, or the reason why it
   is not served: then ctypes makes such callbacks. */
FASTCALL_API const char *fastcall_prepare_callback(void *self);

/* Must be called before `self` ceases to exist: C must no longer call its function pointers. */
FASTCALL_API void fastcall_release_thunks(void *self);

/*
 * Returns a new reference to a new Python type, the base of HANDLE types, or NULL with an error
 * set. Its instances hold an address that Python can access by the functions below only, and
 * read as these attributes: `_address` (0 if it is closed), `_given` (the address that it has or
 * had), `_parent` (the handle that it needs, or None), `_is_owned`, `_is_given` (whether it was
 * given to the `_parent`), `_number` (how many had been opened before it), `_class` (the address
 * of the fastcall_handle_class, or 0), `_is_of_this_process` (false in the child of a fork that
 * came later).
 *
 * The method `_close_in_c` closes one that Python has not taken over, that the caller owns, and
 * that no call and no other handle uses. It returns whether it did, or raises what the closing
 * function raises. An instance that is destroyed is closed in the same way.
 */
FASTCALL_API void *fastcall_make_handle_type(void);

/* Returns the open handles of an interpreter: none yet. They need an interpreter with a GIL.
   NULL with an error set if there is no memory. */
FASTCALL_API fastcall_handles *fastcall_make_handles(void);

/* Returns a new fastcall_handle_class, without a closer, or NULL with an error set. */
FASTCALL_API fastcall_handle_class *fastcall_describe_handles(
    const void *type, const void *root, fastcall_handles *open);

/* Set its closer, for ever: a bytes object, or None. */
FASTCALL_API void fastcall_set_closer(fastcall_handle_class *of, void *closer);

/* `object` is an instance of that type. Both are atomic, for Pythons without a GIL. To close a
   handle, set its address to NULL, then count the calls that have it as an argument: if there
   are none, none can begin. */
FASTCALL_API void fastcall_set_address(void *object, void *address);
FASTCALL_API int64_t fastcall_count_users(void *object);

/* From now on, Python closes the handle `object`, and those that it makes from it. Returns a new
   reference to a tuple of the handles that must be taken over, too: those that need it, the
   oldest first, those that C keeps it for, and those that C keeps for it. NULL with an error set.
 */
FASTCALL_API void *fastcall_take_over(void *object);

/* A handle that Python has taken over does not need its `_parent`, nor is it given to that. */
FASTCALL_API void fastcall_leave_parent(void *object);

/* Returns a new reference to a tuple of what C keeps for a handle that Python has taken over, or
   for good because of a function (its bytes object), which is taken over from then on. The oldest
   is the first. Returns NULL with an error set. Each is a tuple of the function that was called
   (its bytes object), the index of the argument of C, a tuple of what tells it apart or None, the
   argument, the object that was made of it or None, what C got, as an integer, and another one,
   which is greater for what C was made to keep later. */
FASTCALL_API void *fastcall_list_kept(void *object);

/* Drop all that, of which Python has taken care. */
FASTCALL_API void fastcall_drop_kept(void *object);

/* Must be called before an object shows the memory of a handle: from then on, Python closes it,
   by its method `_end` if it is garbage. */
FASTCALL_API void fastcall_show(void *object);

/* Enter an open handle that Python has made, so that it is found. `of` must live for ever. */
FASTCALL_API void fastcall_register(void *object, const fastcall_handle_class *of);

/* Returns a new reference to a tuple of the open handles of a C type for an address, the newest
   first, or NULL with an error set. */
FASTCALL_API void *fastcall_find(const fastcall_handle_class *of, const void *address);

/* Returns a new reference to a new handle, which needs `parent`, or nothing if that is None. C
   owns it if `owner` is NULL. Else the caller does, and the variable there, which has the address
   as long as it must be closed, is set to NULL: no signal handler comes between. Returns None if
   Python must make it, as it has taken over the parent; NULL with an error set. */
FASTCALL_API void *fastcall_adopt(
    const fastcall_handle_class *of, void *address, void *parent, void **owner);

/* Returns a new reference to a tuple of all open handles, or NULL with an error set. */
FASTCALL_API void *fastcall_list_open(const fastcall_handles *open);

/* Must be called before C first gets a callback: from then on, calls have a state, in which
   exceptions of callbacks are stored. */
FASTCALL_API void fastcall_expect_callbacks(void);

/* Must be called in the child of a fork, by its only thread: forgets the calls in other threads
   of the parent. */
FASTCALL_API void fastcall_after_fork(void);

/* Describes the Python that loaded this library. */
typedef struct {
    const void *const *functions; /* their addresses, in the order of fastcall_imports */
    const void *none;
    const void *true_;
    const void *false_;
    const void *int_type;
    const void *float_type;
    const void *type_type;
    const void *function_type; /* of functions that are written in Python */
    const void *type_error;
    const void *value_error;
    const void *buffer_error;
    const void *exporter; /* a class with a __buffer__ written in Python; NULL before 3.12 */
    size_t type_offset;   /* of the type in an object */
    size_t bytes_offset;  /* of the content in a bytes object */
} fastcall_python;

/* Returns the FASTCALL_ABI_VERSION of the compiled library. */
FASTCALL_API int32_t fastcall_abi_version(void);

/* Returns the names of the functions of Python's stable ABI that are needed, each followed by a
   space. May be called before fastcall_initialise. */
FASTCALL_API const char *fastcall_imports(void);

/*
 * Must be called before anything else, by each interpreter, from any thread. The first call
 * copies the struct. All interpreters of a process share None and the static types, so later
 * calls must pass the same values (except `exporter`). Returns NULL, or the reason why this
 * library cannot be used: the struct is wrong for this Python, or differs from the copy, or a
 * test call does not receive its arguments.
 */
FASTCALL_API const char *fastcall_initialise(const fastcall_python *python);

/*
 * Fills in the rest of the descriptor in `self`, a bytes object that nothing else uses yet.
 * Returns NULL, or the reason why such a function cannot be called.
 */
FASTCALL_API const char *fastcall_prepare(void *self);

/*
 * The function of a PyMethodDef with METH_FASTCALL, for PyCFunction_NewEx: ctypes calls it for a
 * callback. It calls `self`, a Python function. If that raises an exception and this library
 * made the call in which C called back, that call raises the exception when C returns; until
 * then, each callback returns the attribute `failed` of its function to C, without calling it.
 * Otherwise the attribute `escaped` is called with the exception, and C gets its result.
 *
 * This must be C: Python handles a signal that arrived while C ran before the first instruction
 * of the next Python function, where no `try` can catch its exception. ctypes would then return
 * uninitialised memory to C.
 */
FASTCALL_API void *fastcall_callback(void *self, void *const *arguments, ptrdiff_t count);

#endif
