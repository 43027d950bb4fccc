/*
 * A fuzzer of the trampoline: descriptors, Python objects and results that the bytes choose.
 * Python is played by what is below: objects that remember who holds them, and a few
 * functions. Written from fastcall.h, not from fastcall.c: each call must pass to C exactly
 * what is expected, or nothing to C and everything to `slow_path`; give back what C gave, or all
 * of it to `unexpected`; and hold nothing afterwards.
 */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../../src/pyexample/ffi/c/fastcall.c"

#define EXPECT(condition)                                                       \
    do {                                                                        \
        if (!(condition)) {                                                     \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);     \
            abort();                                                            \
        }                                                                       \
    } while (0)

/* ----------------------------------------------------------------- the bytes */

static const uint8_t *bytes, *bytes_end;

static uint8_t take(void)
{
    return bytes < bytes_end ? *bytes++ : 0;
}

static unsigned below(unsigned end)
{
    return take() % end;
}

static uint64_t take_word(void)
{
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) {
        word = word << 8 | take();
    }
    return word;
}

/* Any number, but more often one near the end of a type. */
static int64_t take_number(void)
{
    const unsigned bits = below(65);
    const uint64_t edge = bits < 64 ? UINT64_C(1) << bits : 0;
    switch (below(4)) {
    case 0: return (int64_t)take_word();
    case 1: return (int64_t)(edge + below(3) - 1);
    case 2: return (int64_t)(0 - edge + below(3) - 1);
    default: return (int8_t)take();
    }
}

/* -------------------------------------------------------------------- Python */

typedef struct {
    long holders; /* not counted; of an object in the same place */
    const void *type;
    handle its_handle; /* none */
    unsigned long flags;
} type;

#define TYPE(flags) {1000000000, &type_type, {.address = NULL}, flags}
static type type_type = TYPE(0), int_type = TYPE(Py_TPFLAGS_LONG_SUBCLASS),
            bool_type = TYPE(Py_TPFLAGS_LONG_SUBCLASS), float_type = TYPE(0),
            bytes_type = TYPE(Py_TPFLAGS_BYTES_SUBCLASS),
            str_type = TYPE(Py_TPFLAGS_UNICODE_SUBCLASS), other_type = TYPE(0),
            pointer_type = TYPE(0), buffer_type = TYPE(Py_TPFLAGS_HEAPTYPE),
            exporter_type = TYPE(Py_TPFLAGS_HEAPTYPE), /* its __buffer__ is Python code */
            list_type = TYPE(Py_TPFLAGS_LIST_SUBCLASS), tuple_type = TYPE(Py_TPFLAGS_TUPLE_SUBCLASS),
            derived_list_type = TYPE(Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_HEAPTYPE),
            made_type = TYPE(0), /* of ctypes */
            owner_type = TYPE(0); /* of what frees memory that C gave, if nobody else has */
/* Of ctypes: pointer_type points to struct_type. */
static type struct_type = TYPE(0), array_type = TYPE(0), reference_type = TYPE(0),
            any_pointer_type = TYPE(0), narrow_array_type = TYPE(0), derived_type = TYPE(0),
            structure_type = TYPE(0); /* ctypes.Structure */
/* Of handles: one C type, and another. */
static type handle_type = TYPE(0), derived_handle_type = TYPE(0), strange_handle_type = TYPE(0);

enum { MOST_LISTED = 50 }; /* more than these there is no memory for */

struct PyObject {
    long holders;
    const type *type;
    handle its_handle; /* of a HANDLE, which is an object like any other here */
    __int128 number;
    double real;
    const char *text; /* NULL: a str that cannot be encoded */
    Py_ssize_t length;
    Py_buffer view;
    int is_contiguous;
    int raises; /* when a buffer is asked for, an error of its own */
    const type *of; /* of what a reference is of */
    PyObject *items[MOST_LISTED];                /* of a tuple */
    char fields[8 * FASTCALL_STRUCT_WORDS];      /* of a structure */
    char *content;                               /* of bytes that have their own */
    PyObject *objects;                           /* of a structure: what it keeps */
};

static PyObject struct_ = {.type = &struct_type, .holders = 1},
                other_ = {.type = &other_type, .holders = 1};
static PyObject none = {.type = &other_type}, true_ = {.type = &bool_type, .number = 1},
                false_ = {.type = &bool_type}, checked = {.type = &other_type},
                unexpected_ = {.type = &other_type}, answer = {.type = &other_type},
                careful = {.type = &other_type}, answering = {.type = &other_type},
                sizer = {.type = &other_type}, maker = {.type = &other_type},
                receiver = {.type = &other_type}, converter = {.type = &other_type},
                same = {.type = &other_type};
static int made_alive; /* objects of made_type */
static int same_calls;
static int error_is_set, live_objects, checked_calls, unexpected_calls, released, gil_is_held = 1;
static long open_views;
static Py_ssize_t passed;

static PyObject *new_object(const type *its_type)
{
    PyObject *object = calloc(1, sizeof *object);
    object->type = its_type;
    object->holders = 1;
    live_objects++;
    return object;
}

static void Py_IncRef(PyObject *object)
{
    object->holders++;
}

static int is_handle_type(const type *its_type)
{
    return its_type == &handle_type || its_type == &derived_handle_type ||
           its_type == &strange_handle_type;
}

static int is_sequence_type(const type *its_type)
{
    return its_type == &list_type || its_type == &tuple_type || its_type == &derived_list_type;
}

static void end_attributes(PyObject *object), end_owner(const PyObject *object);

static const handle *closing_now;

/* All handles that were not yet freed. */
enum { MOST_ALIVE = 500 };
static PyObject *alive[MOST_ALIVE];
static unsigned alive_count;

static void Py_DecRef(PyObject *object)
{
    EXPECT(object->holders > 0);
    if (object->holders == 1 && is_handle_type(object->type)) {
        closing_now = NULL; /* others, too */
        finalize_handle(object);
    }
    if (--object->holders == 0 && is_handle_type(object->type)) {
        end_attributes(object);
        destroy_handle(object);
    } else if (object->holders == 0) {
        const int has_items = object->type == &other_type || is_sequence_type(object->type);
        for (Py_ssize_t i = 0; i < object->length && has_items; i++) {
            if (object->items[i]) { /* a list may not be complete */
                Py_DecRef(object->items[i]);
            }
        }
        made_alive -= object->type == &made_type;
        if (object->type == &owner_type) {
            end_owner(object);
        }
        free(object->content);
        free(object);
        live_objects--;
    }
}

static PyObject *PyType_GenericAlloc(void *its_type, Py_ssize_t items)
{
    EXPECT(items == 0 && is_handle_type(its_type));
    ((type *)its_type)->holders++;
    EXPECT(alive_count < MOST_ALIVE);
    return alive[alive_count++] = new_object(its_type);
}

static void PyObject_GC_UnTrack(void *object)
{
    EXPECT(is_handle_type(((PyObject *)object)->type));
}

static void free_object(void *object)
{
    unsigned at = 0;
    while (alive[at] != object) {
        at++;
    }
    memmove(alive + at, alive + at + 1, (--alive_count - at) * sizeof *alive);
    free(object);
    live_objects--;
}

static unsigned long PyType_GetFlags(const void *its_type)
{
    return ((const type *)its_type)->flags;
}

static int PyType_IsSubtype(const void *one, const void *other)
{
    return one == other || (other == &array_type && one == &narrow_array_type) ||
           (other == &struct_type && one == &derived_type) ||
           (other == &handle_type && one == &derived_handle_type);
}

/* What makes structures: in their own memory. */
static void *new_structure(const void *its_type, const void *positional, const void *keywords)
{
    PyObject *object = new_object(its_type);
    EXPECT(positional == &none && !keywords);
    object->view.buf = object->fields;
    return object;
}

static void *PyType_GetSlot(const void *its_type, int slot)
{
    static int in_c, in_python;
    if (slot == Py_tp_free) {
        return (void *)free_object;
    }
    if (slot == Py_tp_new) {
        EXPECT(its_type == &structure_type);
        return (void *)new_structure;
    }
    EXPECT(slot == Py_bf_getbuffer && (((const type *)its_type)->flags & Py_TPFLAGS_HEAPTYPE));
    return its_type == &exporter_type ? &in_python : &in_c;
}

static PyObject *PyErr_Occurred(void)
{
    return error_is_set ? &answer : NULL;
}

static void PyErr_Clear(void)
{
    error_is_set = 0;
}

/* An error is 1, which says no and may be cleared; or its own, 2. The three that say no are one
   here. */
static int PyErr_ExceptionMatches(const void *error)
{
    EXPECT(error_is_set && error == &none);
    return error_is_set == 1;
}

static int error_put_by;

static void PyErr_Fetch(PyObject **its_type, PyObject **value, PyObject **traceback)
{
    *its_type = *value = *traceback = NULL;
    error_put_by = error_is_set;
    error_is_set = 0;
}

static void PyErr_Restore(PyObject *its_type, PyObject *value, PyObject *traceback)
{
    EXPECT(!its_type && !value && !traceback && !error_is_set);
    error_is_set = error_put_by;
}

/* What reports an exception that no call raises is not fuzzed. */
static void PyErr_NormalizeException(PyObject **its_type, PyObject **value, PyObject **traceback)
{
    (void)its_type, (void)value, (void)traceback;
    abort();
}

static int PyException_SetTraceback(PyObject *error, PyObject *traceback)
{
    (void)error, (void)traceback;
    abort();
}

static void PyErr_WriteUnraisable(PyObject *object)
{
    (void)object;
    abort();
}

static PyObject *PyErr_NoMemory(void)
{
    error_is_set = 2;
    return NULL;
}

static void *PyMem_Malloc(size_t size)
{
    return malloc(size);
}

static void *PyMem_Calloc(size_t count, size_t size)
{
    return calloc(count, size);
}

static void PyMem_Free(void *memory)
{
    free(memory);
}

static PyObject *PyType_FromSpec(PyType_Spec *spec)
{
    (void)spec;
    abort(); /* the type of handles is made by hand */
}

static PyObject *PyObject_GetAttrString(PyObject *self, const char *name)
{
    PyObject *found = strcmp(name, "slow_path") ? &unexpected_ : &checked;
    if (!strcmp(name, "careful")) {
        found = &careful;
    } else if (!strcmp(name, "answer")) {
        found = &answering;
    } else if (!strcmp(name, "failed")) {
        found = &answer;
    }
    if (!strcmp(name, "_obj")) {
        EXPECT(self->type == &reference_type);
        found = self->of == &struct_type ? &struct_ : &other_;
    } else if (!strcmp(name, "_type_")) {
        EXPECT(self == (void *)&array_type || self == (void *)&narrow_array_type ||
               self == (void *)&any_pointer_type);
        if (self == (void *)&any_pointer_type) {
            error_is_set = 1;
            return NULL;
        }
        found = (void *)(self == (void *)&array_type ? &struct_type : &int_type);
    }
    Py_IncRef(found);
    return found;
}

static PyObject *PyObject_GetItem(PyObject *self, PyObject *key)
{
    (void)self;
    if (key->number % 2) {
        error_is_set = 1;
        return NULL;
    }
    Py_IncRef(&answer);
    return &answer;
}

/* Of tuples of integers. */
static int PyObject_RichCompareBool(PyObject *one, PyObject *other, int how)
{
    EXPECT(how == PY_EQ && one->length == 1 && other->length == 1);
    return one->items[0]->number == other->items[0]->number;
}

static fastcall_returned content; /* that `unexpected` got */
static void (*on_call)(void); /* what C does instead, if it is not NULL */

static PyObject *call_careful_or_answer(PyObject *function, PyObject *const *arguments);

static PyObject *content_tuple; /* that `unexpected` got, while it runs */
static void take_unexpected(PyObject *tuple);
static PyObject *call_sizer(PyObject *positional), *call_maker(PyObject *positional);

/* What Python makes of an argument: it knows no numbers that end with 1, and 2 is an error. */
static PyObject *convert_in_python(const PyObject *given)
{
    PyObject *made;
    switch ((uint64_t)given->number % 8) {
    case 1: Py_IncRef(&none); return &none;
    case 2: return PyErr_NoMemory();
    default: break;
    }
    made = new_object(&made_type);
    made_alive++;
    memcpy(made->fields, &given->number, 8);
    made->view.buf = made->fields;
    return made;
}

static PyObject *PyObject_Call(PyObject *function, PyObject *positional, PyObject *keywords)
{
    EXPECT(gil_is_held && !error_is_set && !keywords);
    if (function == &sizer) {
        return call_sizer(positional);
    }
    if (function == &maker) {
        return call_maker(positional);
    }
    if (function == &same) {
        Py_IncRef(positional->items[0]);
        same_calls++;
        return positional->items[0];
    }
    if (function == &converter) {
        return convert_in_python(positional->items[0]);
    }
    if (function == &receiver && on_call) { /* of memory: see fuzz_memory */
        PyObject *const owner = new_object(&owner_type);
        owner->number = positional->items[1]->number;
        return owner;
    }
    if (function == &receiver) { /* of a fastcall_returned and an offset */
        Py_IncRef(positional->items[1]);
        return positional->items[1];
    }
    if (function == &careful || function == &answering) {
        return call_careful_or_answer(function, positional->items);
    }
    checked_calls += function == &checked;
    unexpected_calls += function == &unexpected_;
    if (function == &unexpected_) {
        const PyObject *const whole = positional->items[0]->items[0];
        memcpy(&content, whole->text, (size_t)whole->length);
        take_unexpected(positional->items[0]);
    }
    passed = positional->length;
    Py_IncRef(&answer);
    return &answer;
}

static PyObject *PyTuple_New(Py_ssize_t length)
{
    PyObject *tuple = new_object(&other_type);
    tuple->length = length;
    return tuple;
}

static PyObject *PyTuple_GetItem(PyObject *tuple, Py_ssize_t index)
{
    return tuple->items[index];
}

static int PyTuple_SetItem(PyObject *tuple, Py_ssize_t index, PyObject *item)
{
    EXPECT(index < tuple->length);
    tuple->items[index] = item;
    return 0;
}

static Py_ssize_t PyTuple_Size(PyObject *tuple)
{
    return tuple->length;
}

static int tuples_fail;

static PyObject *PySequence_Tuple(PyObject *object)
{
    PyObject *tuple;
    EXPECT(object->type == &list_type || object->type == &tuple_type);
    if (object->type == &tuple_type) {
        Py_IncRef(object);
        return object;
    }
    if (tuples_fail) {
        return PyErr_NoMemory();
    }
    tuple = PyTuple_New(object->length);
    for (Py_ssize_t i = 0; i < object->length; i++) {
        Py_IncRef(object->items[i]);
        PyTuple_SetItem(tuple, i, object->items[i]);
    }
    return tuple;
}

static PyObject *PyList_New(Py_ssize_t length)
{
    PyObject *list;
    EXPECT(length >= 0);
    if (length > MOST_LISTED) {
        return PyErr_NoMemory();
    }
    list = PyTuple_New(length);
    list->type = &list_type;
    return list;
}

static int PyList_SetItem(PyObject *list, Py_ssize_t index, PyObject *item)
{
    return PyTuple_SetItem(list, index, item);
}

static PyObject *PyDict_New(void)
{
    return NULL;
}

static int PyDict_SetItem(PyObject *dict, PyObject *key, PyObject *value)
{
    (void)dict, (void)key, (void)value;
    return -1;
}

static long long PyLong_AsLongLongAndOverflow(PyObject *object, int *overflow)
{
    EXPECT(object->type->flags & Py_TPFLAGS_LONG_SUBCLASS);
    *overflow = (object->number > INT64_MAX) - (object->number < INT64_MIN);
    return *overflow ? -1 : (long long)object->number;
}

static unsigned long long PyLong_AsUnsignedLongLong(PyObject *object)
{
    if (object->number < 0 || object->number > UINT64_MAX) {
        error_is_set = 1;
        return UINT64_MAX;
    }
    return (unsigned long long)object->number;
}

static unsigned number_that_fails; /* after how many there is no memory, or 0 */

static PyObject *new_number_object(const type *its_type)
{
    if (number_that_fails && --number_that_fails == 0) {
        return PyErr_NoMemory();
    }
    return new_object(its_type);
}

static PyObject *PyLong_FromLongLong(long long number)
{
    PyObject *object = new_number_object(&int_type);
    if (object) {
        object->number = number;
    }
    return object;
}

static PyObject *PyLong_FromUnsignedLongLong(unsigned long long number)
{
    PyObject *object = new_number_object(&int_type);
    if (object) {
        object->number = number;
    }
    return object;
}

static double PyFloat_AsDouble(PyObject *object)
{
    return object->type == &float_type ? object->real : (double)object->number;
}

static PyObject *PyFloat_FromDouble(double number)
{
    PyObject *object = new_number_object(&float_type);
    if (object) {
        object->real = number;
    }
    return object;
}

static char *PyBytes_AsString(PyObject *object)
{
    return object->type == &bytes_type ? (char *)(uintptr_t)object->text : (char *)object + 64;
}

static Py_ssize_t PyBytes_Size(PyObject *object)
{
    return object->length;
}

static PyObject *PyBytes_FromString(const char *text)
{
    PyObject *object = new_object(&bytes_type);
    object->text = text;
    return object;
}

/* More than this is not to be had. */
#define MOST_MEMORY 100000

static PyObject *PyBytes_FromStringAndSize(const char *text, Py_ssize_t length)
{
    PyObject *object;
    EXPECT(length >= 0);
    if (length > MOST_MEMORY) {
        return PyErr_NoMemory();
    }
    object = new_object(&bytes_type);
    object->text = object->content = malloc((size_t)length);
    memset(object->content, 0xEE, (size_t)length); /* garbage */
    if (text) {
        memcpy(object->content, text, (size_t)length);
    }
    object->length = length;
    return object;
}

static PyObject *PyUnicode_FromStringAndSize(const char *text, Py_ssize_t length)
{
    PyObject *object;
    if (length > MOST_MEMORY) {
        return PyErr_NoMemory();
    }
    if (memchr(text, 0xFF, (size_t)length)) {
        error_is_set = 1;
        return NULL;
    }
    object = PyBytes_FromStringAndSize(text, length);
    object->type = &str_type;
    return object;
}

static const char *PyUnicode_AsUTF8AndSize(PyObject *object, Py_ssize_t *length)
{
    *length = object->length;
    error_is_set |= !object->text;
    return object->text;
}

static PyObject *PyUnicode_FromString(const char *text)
{
    return PyBytes_FromString(text);
}

static int has_buffer(const PyObject *object)
{
    return object->type == &buffer_type || object->type == &pointer_type ||
           object->type == &struct_type || object->type == &array_type ||
           object->type == &narrow_array_type;
}

static int PyObject_GetBuffer(PyObject *object, Py_buffer *view, int flags)
{
    EXPECT(object->type != &exporter_type);
    if (object->raises) {
        error_is_set = 2;
        return -1;
    }
    if (!has_buffer(object) ||
        ((flags & PyBUF_WRITABLE) && object->view.readonly) ||
        ((flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS && !object->is_contiguous)) {
        error_is_set = 1;
        return -1;
    }
    *view = object->view;
    view->obj = object;
    Py_IncRef(object);
    open_views++;
    return 0;
}

/* No structure that comes back keeps a buffer here. */
static PyObject *PyMemoryView_FromObject(PyObject *object)
{
    (void)object;
    abort();
}

static void PyBuffer_Release(Py_buffer *view)
{
    EXPECT(!error_is_set);
    if (view->obj) { /* as in CPython: none for None */
        open_views -= has_buffer(view->obj); /* not the memory of an array */
        Py_DecRef(view->obj);
    }
}

static PyThreadState *PyEval_SaveThread(void)
{
    gil_is_held = 0;
    released++;
    return NULL;
}

static void PyEval_RestoreThread(PyThreadState *state)
{
    (void)state;
    gil_is_held = 1;
}

/* ---------------------------------------------------------------- C's side */

static uint64_t received[FIRST_STACK_WORD + MOST_STACK_WORDS];
static int c_calls, freed;
static int made_expected; /* how many objects of made_type there are while C runs */
static size_t stack_is_passed; /* so many bytes */

/* The result, and what C fills in: where their addresses are, what was there, what C writes. */
static unsigned values, locations[1 + FASTCALL_MAX_OUTPUTS];
static uint64_t before[1 + FASTCALL_MAX_OUTPUTS], written[1 + FASTCALL_MAX_OUTPUTS];

static uint64_t is_odd(uint64_t word) /* a bool: the bits above it are undefined */
{
    return (word & 1) | 0xFF00;
}

static uint64_t free_text(uint64_t word)
{
    EXPECT(word);
    freed++;
    return 0;
}

/* What C writes behind the first eight bytes of a structure that it returns. */
static uint64_t written_rest[FASTCALL_STRUCT_WORDS];

/* With a register for each word of the frame. */
#define REGISTERS                                                                               \
    uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, double g, double h, \
        double i, double j, double k, double l, double m, double n, largest_stack stack
#define ALL_REGISTERS a, b, c, d, e, f, g, h, i, j, k, l, m, n, stack
#define RECEIVES __attribute__((no_sanitize("address", "function"), noinline)) static

RECEIVES void receive_all(const uint64_t *integers, const double *floats, const void *stack)
{
    memcpy(received, integers, 6 * sizeof *integers);
    memcpy(received + 6, floats, 8 * sizeof *floats);
    for (size_t each = 0; each < stack_is_passed / 8; each++) {
        received[14 + each] = ((const uint64_t *)stack)[each];
    }
    for (unsigned each = 1; each < values && !on_call; each++) {
        uint64_t *const place = (uint64_t *)(uintptr_t)received[locations[each]];
        before[each] = *place;
        *place = written[each];
    }
    EXPECT(made_alive == made_expected);
    c_calls++;
    errno = 42;
    if (on_call) {
        on_call();
    }
}

#define RECEIVE                                        \
    const uint64_t integers[] = {a, b, c, d, e, f};    \
    const double floats[] = {g, h, i, j, k, l, m, n};  \
    receive_all(integers, floats, &stack);

RECEIVES uint64_t receive_integer(REGISTERS)
{
    RECEIVE
    return written[0];
}

RECEIVES double receive_float(REGISTERS)
{
    RECEIVE
    return as_double(written[0]);
}

/* A structure of more than eight bytes, by which of the two eight bytes are floats. */
RECEIVES two_integers receive_integers(REGISTERS)
{
    RECEIVE
    return (two_integers){written[0], written_rest[0]};
}

RECEIVES float_integer receive_float_integer(REGISTERS)
{
    RECEIVE
    return (float_integer){as_double(written[0]), written_rest[0]};
}

RECEIVES integer_float receive_integer_float(REGISTERS)
{
    RECEIVE
    return (integer_float){written[0], as_double(written_rest[0])};
}

RECEIVES two_floats receive_floats(REGISTERS)
{
    RECEIVE
    return (two_floats){as_double(written[0]), as_double(written_rest[0])};
}

static size_t returned_bytes; /* of a structure in memory */

RECEIVES uint64_t receive_memory(REGISTERS)
{
    RECEIVE
    for (size_t each = 0; each < returned_bytes; each++) {
        ((char *)(uintptr_t)a)[each] = each < 8 ? ((const char *)written)[each]
                                                : ((const char *)written_rest)[each - 8];
    }
    return a;
}

/* ------------------------------------------------------- objects and arguments */

static _Alignas(8) char memory[64];

static const struct {
    const char *format;
    int kind;
} formats[] = {{"b", 'i'}, {"h", 'i'}, {"i", 'i'}, {"@l", 'i'}, {"<q", 'i'}, {"=n", 'i'},
    {"B", 'u'}, {"c", 'u'}, {"H", 'u'}, {"<I", 'u'}, {"L", 'u'}, {"Q", 'u'}, {NULL, 'u'},
    {"f", 'f'}, {"<d", 'f'}, {"?", '?'}, {">i", 0}, {"!H", 0}, {"ii", 0}, {"", 0}, {"<", 0},
    {"e", 0}, {"T{i:a:}", 0}};
#define FORMATS (sizeof formats / sizeof *formats)

static const int kinds[] = {
    'i', 'u', '?', 'f', 'z', 's', 'P', 'p', 'h', 'b', 'b', 'n', 'n', 'k', 'v', 't', 't', 'y'};

static void *pointers[MOST_LISTED];
static const fastcall_ctypes ctypes = {
    &array_type, &any_pointer_type, &reference_type, offsetof(PyObject, view.buf),
    offsetof(PyObject, view.buf), offsetof(PyObject, objects), new_structure, &none};

/* Of the arguments, and of what comes back. */
static fastcall_struct structures[FASTCALL_MAX_ARGUMENTS + 1 + FASTCALL_MAX_OUTPUTS];
static unsigned structure_count, structure_words;

/* One of up to so many bytes. */
static fastcall_struct *take_structure(unsigned most)
{
    fastcall_struct *structure = &structures[structure_count++];
    memset(structure, 0, sizeof *structure);
    structure->type = &struct_type;
    structure->ctypes = &ctypes;
    structure->size = (uint16_t)(1 + below(take() & 3 && most > 16 ? 16 : most));
    if (most > 200 && take() % 8 == 0) {
        structure->size = (uint16_t)(most - below(200));
    }
    structure->float_eighths = (uint8_t)below(4);
    structure->alignment = 8;
    if (most > 64 && take() % 8 == 1) {
        structure->size = (uint16_t)(16 * (1 + below(3)));
        structure->is_wide = 1;
        structure->alignment = 16;
    }
    return structure;
}

/* If it is a handle: perhaps an integer that may be too large, or one of any class. */
static void take_handle(fastcall_argument *argument)
{
    if (argument->kind == 'h') {
        argument->high = take() % 8 == 1 ? (int64_t)UINT32_MAX : -1;
        argument->is_any = take() % 4 == 1;
    }
}

static void take_argument(fastcall_argument *argument, unsigned index, unsigned *buffers)
{
    static const uint8_t item_kinds[] = {'i', 'u', 'f', '?', 'v'};
    memset(argument, 0, sizeof *argument);
    argument->kind = (uint8_t)kinds[below(sizeof kinds / sizeof *kinds)];
    if ((argument->kind == 'n' && *buffers == 0) ||
        (argument->kind == 'v' && values > FASTCALL_MAX_OUTPUTS) ||
        (argument->kind == 'b' && *buffers == FASTCALL_MAX_BUFFERS) ||
        (argument->kind == 't' && structure_words >= FASTCALL_STRUCT_WORDS)) {
        argument->kind = 'i';
    }
    argument->parameter = (uint8_t)index;
    argument->size = (uint8_t)(1U << below(4));
    argument->nullable = take() & 1;
    argument->type = argument->kind == 'h' ? &buffer_type : &pointer_type;
    argument->type = argument->kind == 'y' ? (const void *)&converter : argument->type;
    take_handle(argument);
    argument->items = argument->kind == 'b' ? NULL : &struct_type;
    argument->ctypes = &ctypes;
    if (argument->kind == 't') {
        fastcall_struct *structure =
            take_structure(8 * (FASTCALL_STRUCT_WORDS - structure_words));
        structure_words += (structure->size + 7U) / 8 + structure->is_wide;
        argument->items = structure;
    } else if (argument->kind == 'f') {
        argument->size = take() & 1 ? 4 : 8;
    } else if (argument->kind == 'i' || argument->kind == 'u' || argument->kind == 'k') {
        argument->low = take_number();
        argument->high = take_number();
    } else if (argument->kind == 'n') {
        argument->size = 8;
        argument->high = take() & 1 ? INT64_MAX : below(4);
        argument->buffers = (uint8_t)(1 + below((1U << *buffers) - 1));
    } else if (argument->kind == 'b') {
        argument->item = item_kinds[below(5)];
        argument->shift = (uint8_t)(argument->item == 'v' ? 0 : below(4));
        argument->size = (uint8_t)(1U << argument->shift);
        argument->writable = take() & 1;
        argument->in_place = take() & 1;
        argument->low = take() & 1 ? 0 : below(3);
        argument->high = take() & 1 ? INT64_MAX : below(5);
        ++*buffers;
    }
    if (argument->kind == 'v' ||
        (strchr("iu?fP", argument->kind) && values <= FASTCALL_MAX_OUTPUTS && take() % 4 == 0)) {
        argument->output = (uint8_t)values++;
    }
}

static void take_value(fastcall_value *value, unsigned index)
{
    static const uint8_t value_kinds[] = {'i', 'u', '?', 'f', 'P', 'z', 's', 'v', 't', 't'};
    static const uint8_t rules[] = {0, 0, 0, 'z', 'n', '-', 'i', 'o', 'c', 'a'};
    memset(value, 0, sizeof *value);
    value->kind = value_kinds[below(sizeof value_kinds)];
    value->size = (uint16_t)(1U << below(4));
    value->offset = (uint16_t)(index ? offsetof(fastcall_returned, outputs) + 8 * (index - 1) : 0);
    value->rule = rules[below(sizeof rules)];
    value->low = take_number();
    value->high = take_number();
    value->check = (void (*)(void))is_odd;
    value->check_size = 1;
    value->is_returned = value->kind != 'v' && take() & 3;
    written[index] = (uint64_t)take_number();
    if (value->kind == 't') {
        fastcall_struct *structure = take_structure(index ? 8 : 8 * FASTCALL_STRUCT_WORDS);
        if (structure->size <= 16) {
            structure->is_wide = 0; /* which is refused */
        }
        value->conversion = structure;
        value->size = structure->size;
        value->rule = FASTCALL_NEVER;
        if (value->size > 16) {
            value->offset = offsetof(fastcall_returned, structure);
        }
        for (unsigned i = 0; !index && i < FASTCALL_STRUCT_WORDS; i++) {
            written_rest[i] = written[0] * (i + 2) + take();
        }
    } else if (value->kind == 'f') {
        value->size = take() & 1 ? 4 : 8;
        value->rule = FASTCALL_NEVER;
    } else if (value->kind == 'i' || value->kind == 'u') {
        value->conversion = take() & 3 ? NULL : &none;
        value->is_limited = take() % 8 == 1;
    } else if (strchr("Pzs", value->kind)) {
        value->size = 8;
        if (value->kind != 'P') {
            written[index] = take() & 1 ? (uintptr_t)"text" : 0;
            value->free = take() & 1 ? (void (*)(void))free_text : NULL;
        } else {
            value->conversion = take() & 1 ? &same : NULL;
        }
    }
}

/* An object of the kind that the argument asks for, mostly. */
static PyObject *take_object(const fastcall_argument *argument, unsigned index)
{
    static const type *const types[] = {&int_type, &bool_type, &float_type, &bytes_type,
        &str_type, &buffer_type, &pointer_type, &other_type};
    static const type *const pointing[] = {&pointer_type, &pointer_type, &struct_type,
        &array_type, &narrow_array_type, &reference_type, &any_pointer_type, &exporter_type};
    static const type *const copied[] = {&struct_type, &struct_type, &struct_type,
        &struct_type, &derived_type, &derived_type, &pointer_type, &reference_type};
    static const char *const texts[] = {"", "text", "with\0NUL", NULL, "\xE4"};
    static const Py_ssize_t lengths[] = {0, 4, 8, 0, 1};
    const unsigned choice = take(), format = below(FORMATS), text = below(5);
    const type *its_type = types[choice / 16 % 8];
    PyObject *object;
    if (choice % 16 == 0) {
        return &none;
    }
    if (choice % 16 < 14) {
        switch (argument->kind) {
        case 'i': case 'u': case 'P': its_type = &int_type; break;
        case '?': return choice & 16 ? &true_ : &false_;
        case 'f': its_type = &float_type; break;
        case 'z': its_type = &bytes_type; break;
        case 's': its_type = &str_type; break;
        case 'p': its_type = pointing[choice / 16 % 8]; break;
        case 'h': its_type = &buffer_type; break;
        case 't': its_type = copied[choice / 16 % 8]; break;
        case 'b': its_type = choice == 17 ? &exporter_type : &buffer_type; break;
        default: break;
        }
    }
    object = new_object(its_type);
    object->number = (__int128)take_number() * (take() & 3 ? 1 : 2);
    object->real = take() & 1 ? as_double(take_word()) : (double)(int8_t)take() * FLT_MAX;
    object->text = its_type == &bytes_type && !texts[text] ? "" : texts[text];
    object->length = its_type == &bytes_type || its_type == &str_type ? lengths[text] : 0;
    object->is_contiguous = (take() & 7) != 0;
    object->raises = argument->kind == 'b' && has_buffer(object) && take() % 32 == 1;
    object->of = take() & 1 ? &struct_type : &other_type;
    if (its_type == &pointer_type || argument->kind == 'h') {
        pointers[index] = memory + below(64);
        object->view.buf = &pointers[index];
    } else if (argument->kind == 't') {
        object->view.buf = object->fields;
        for (size_t i = 0; i < sizeof object->fields; i++) {
            object->fields[i] = (char)((i < 16 ? take() : index) + 1 + i * 37);
        }
    } else {
        object->view.buf = memory + below(8) * (take() & 1 ? 8 : 1);
        object->view.len = take() & 3 ? below(9) : 0;
        object->view.itemsize = take() & 7 ? argument->size : 1 << below(4);
        object->view.format = (char *)(uintptr_t)formats[format].format;
        object->view.readonly = (take() & 7) == 0;
        object->view.ndim = (int)format; /* never looked at: to know it again */
    }
    return object;
}

/* Whether it is accepted, and what must then arrive in C; -1: its own error is raised. */
static int expected(const fastcall_argument *argument, const PyObject *object, uint64_t *word)
{
    const int is_int = object->type == &int_type || object->type == &bool_type;
    const int is_none = object == &none;
    *word = 0;
    switch (argument->kind) {
    case 'i':
        *word = (uint64_t)object->number;
        return is_int && object->number >= argument->low && object->number <= argument->high;
    case 'u':
        *word = (uint64_t)object->number;
        return is_int && object->number >= (uint64_t)argument->low &&
               object->number <= (uint64_t)argument->high;
    case 'P':
        *word = (uint64_t)object->number;
        return is_none ? argument->nullable
                       : is_int && object->number >= 0 && object->number <= UINT64_MAX;
    case 'y':
        *word = (uint64_t)object->number;
        return *word % 8 == 1 ? 0 : *word % 8 == 2 ? -1 : 1;
    case 'v': return 1;
    case 't': return object->type == &struct_type || object->type == &derived_type;
    case 'k': /* whatever the object is */
        *word = (uint64_t)argument->low;
        return 1;
    case '?':
        *word = (uint64_t)object->number;
        return object == &true_ || object == &false_;
    case 'f': {
        /* A subclass of int may have a __float__; bool is none that does. */
        const int is_exact = object->type == &int_type || object == &true_ || object == &false_;
        const double real = is_exact ? (double)object->number : object->real;
        const int is_finite = real - real == 0;
        if (!is_exact && object->type != &float_type) {
            return 0;
        }
        if (argument->size == 4) {
            if (is_finite && (real > FLT_MAX || real < -FLT_MAX)) {
                return 0;
            }
            *word = float_word((float)real);
        } else {
            *word = as_word(real);
        }
        return 1;
    }
    case 'z': case 's':
        if (argument->kind == 'z' && argument->size == 1 && !is_none) { /* a char */
            *word = object->type == &bytes_type ? (uint64_t)(signed char)*object->text : 0;
            return object->type == &bytes_type && object->length == 1;
        }
        *word = is_none ? 0 : (uintptr_t)object->text;
        return is_none ? argument->nullable
                       : object->type == (argument->kind == 'z' ? &bytes_type : &str_type) &&
                             object->text && object->length == (Py_ssize_t)strlen(object->text);
    case 'p': case 'h':
        if (is_none) {
            return argument->nullable;
        }
        *word = (uintptr_t)object->view.buf;
        if (argument->kind == 'p' && object->type != &pointer_type) {
            return object->type == &struct_type || object->type == &array_type ||
                   (object->type == &reference_type && object->of == &struct_type);
        }
        if (object->type != argument->type) {
            return 0;
        }
        if (argument->kind == 'h') {
            *word = (uintptr_t)object->its_handle.address;
            return *word != 0 && *word <= (uint64_t)argument->high && !argument->is_any;
        }
        memcpy(word, object->view.buf, sizeof *word);
        return 1;
    default:
        if (is_none && argument->nullable) {
            *word = 0;
            return 1;
        }
        *word = (uintptr_t)object->view.buf;
        if (object->raises) {
            return -1;
        }
        return has_buffer(object) && object->view.len / argument->size >= argument->low &&
               object->view.len / argument->size <= argument->high && object->is_contiguous && !(argument->writable && object->view.readonly) &&
               (argument->item == 'v' ||
                   (object->view.itemsize == argument->size &&
                       (object->view.format ? formats[object->view.ndim].kind : 'u') ==
                           argument->item &&
                       (object->view.len == 0 || *word % argument->size == 0)));
    }
}

/* Byte by byte; and an empty one inside of another one is left to `slow_path`. */
static int share(const Py_buffer *one, const Py_buffer *other)
{
    const char *const a = one->buf, *const b = other->buf;
    if (!a || !b) { /* None */
        return 0;
    }
    if ((one->len == 0 && a > b && a < b + other->len) ||
        (other->len == 0 && b > a && b < a + one->len)) {
        return 1;
    }
    for (Py_ssize_t i = 0; i < one->len; i++) {
        for (Py_ssize_t j = 0; j < other->len; j++) {
            if (a + i == b + j) {
                return 1;
            }
        }
    }
    return 0;
}

static int all_expected(const fastcall_argument *arguments, PyObject *const *objects,
    unsigned count, uint64_t *words)
{
    const Py_buffer *views[FASTCALL_MAX_BUFFERS];
    const fastcall_argument *owners[FASTCALL_MAX_BUFFERS];
    unsigned buffers = 0;
    for (unsigned i = 0; i < count; i++) {
        if (arguments[i].kind == 'n') {
            continue;
        }
        const int accepted = expected(&arguments[i], objects[i], &words[i]);
        if (accepted != 1) {
            return accepted;
        }
        if (arguments[i].kind == 'b') {
            owners[buffers] = &arguments[i];
            views[buffers++] = &objects[i]->view;
        }
    }
    for (unsigned i = 0; i < buffers; i++) {
        for (unsigned j = 0; j < buffers; j++) {
            const int same = views[i]->buf == views[j]->buf && views[i]->len == views[j]->len;
            if (i != j && owners[i]->writable && share(views[i], views[j]) &&
                !(owners[i]->in_place && same)) {
                return 0;
            }
        }
    }
    for (unsigned i = 0; i < count; i++) {
        Py_ssize_t items = -1;
        for (unsigned j = 0; arguments[i].kind == 'n' && j < buffers; j++) {
            if (arguments[i].buffers >> j & 1) {
                const Py_ssize_t these = views[j]->len / owners[j]->size;
                if (items >= 0 && items != these) {
                    return 0;
                }
                items = these;
            }
        }
        if (arguments[i].kind == 'n') {
            words[i] = (uint64_t)items;
            if (items > arguments[i].high) {
                return 0;
            }
        }
    }
    return 1;
}

static __int128 number_of(const fastcall_value *value, uint64_t word)
{
    const unsigned bits = value->kind == 't' ? 64 : 8U * value->size; /* of which 't' has none */
    const uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    word &= mask;
    if (value->kind == 'i' || value->rule == '-') {
        return (__int128)word - (word >> (bits - 1) ? (__int128)mask + 1 : 0);
    }
    return word;
}

static int must_be_unexpected(const fastcall_value *value, uint64_t word)
{
    const __int128 number = number_of(value, word);
    const int is_signed = value->kind == 'i';
    const __int128 low = is_signed ? (__int128)value->low : (__int128)(uint64_t)value->low;
    const __int128 high = is_signed ? (__int128)value->high : (__int128)(uint64_t)value->high;
    fastcall_value plain = *value;
    plain.rule = FASTCALL_NEVER; /* '-' is of signed numbers */
    if (value->is_limited && (number_of(&plain, word) < low || number_of(&plain, word) > high)) {
        return 1;
    }
    switch (value->rule) {
    case 'z': return number == 0;
    case 'n': return number != 0;
    case '-': return number < 0;
    case 'i': return number >= low && number <= high;
    case 'o': return number < low || number > high;
    case 'c': return word & 1;
    case 'a': return 1;
    default: return 0;
    }
}

static int is_unknown(const fastcall_value *value, uint64_t word)
{
    return strchr("iu", value->kind) && value->conversion && number_of(value, word) % 2 != 0;
}

static void check_object(const fastcall_value *value, uint64_t word, const PyObject *object)
{
    float narrow;
    if (value->kind == 't') {
        const size_t first = value->size < 8 ? value->size : 8;
        EXPECT(object->type == &struct_type && !memcmp(object->fields, &word, first));
        EXPECT(!memcmp(object->fields + 8, written_rest, value->size - first));
        return;
    }
    if (value->conversion && value->kind != 'P') {
        EXPECT(object == &answer);
        return;
    }
    switch (value->kind) {
    case 'i': case 'u': EXPECT(object->number == number_of(value, word)); break;
    case '?': EXPECT(object == (number_of(value, word) ? &true_ : &false_)); break;
    case 'f':
        memcpy(&narrow, &word, sizeof narrow);
        EXPECT(value->size == 8 ? as_word(object->real) == word
                                : object->real == (double)narrow || narrow != narrow);
        break;
    case 'P': EXPECT(word ? object->number == word : object == &none); break;
    default: EXPECT(word ? object->text == (void *)(uintptr_t)word : object == &none);
    }
}

/* What comes back is what C gave; or Python was asked, which got all of it. */
static void check_result(const fastcall_value *described, PyObject *result)
{
    unsigned returned = 0, at = 0, to_free = 0;
    int is_asked = 0, to_convert = 0;
    for (unsigned i = 0; i < values; i++) {
        is_asked |= must_be_unexpected(&described[i], written[i]);
        is_asked |= is_unknown(&described[i], written[i]);
        returned += described[i].is_returned;
        to_free += described[i].free && written[i];
        to_convert += described[i].kind == 'P' && described[i].conversion && written[i];
    }
    EXPECT(unexpected_calls == is_asked);
    EXPECT(freed == (is_asked ? 0 : (int)to_free));
    if (is_asked) {
        const int is_large = described->kind == 't' && described->size > 16;
        EXPECT(result == &answer);
        EXPECT((is_large ? content.structure : content.result)[0] == written[0]);
        for (unsigned i = 1; i < values; i++) {
            EXPECT(content.outputs[i - 1] == written[i]);
        }
        return;
    }
    EXPECT(same_calls == to_convert);
    EXPECT(returned || result == &none);
    EXPECT(returned < 2 || result->length == returned);
    for (unsigned i = 0; i < values; i++) {
        if (described[i].is_returned) {
            check_object(&described[i], written[i], returned > 1 ? result->items[at++] : result);
        }
    }
}

/* ------------------------------------------------------------------- callbacks */

/* A type of callbacks, which is the content of a bytes object; what C passes; and what the
   callable returns. */
static _Alignas(16) struct {
    union {
        char size[64];
        PyObject *none; /* a PyObject, of which only the first fields are used */
    } head;
    fastcall_callback_type type;
    fastcall_value received[FASTCALL_MAX_ARGUMENTS];
    fastcall_argument answer; /* where there are so many */
} callback;
static PyObject callable = {.type = &other_type}, *returned, *called_with;
static frame passed_frame;
static uint64_t passed_words[FASTCALL_MAX_ARGUMENTS], got;
static const void *pointed_to[FASTCALL_MAX_ARGUMENTS]; /* where words are, of exact size */
static any_function late;
static int careful_calls, careful_exist, answer_calls, plain_calls, callable_raises, knows_state,
    calls_again;

static int PyErr_CheckSignals(void)
{
    EXPECT(gil_is_held && !error_is_set);
    return 0;
}

static int PyCallable_Check(PyObject *object)
{
    return object == &callable;
}

static Py_ssize_t PyDict_Size(PyObject *dict)
{
    EXPECT(dict == &none);
    return careful_exist;
}

static PyThreadState *PyThreadState_GetUnchecked(void)
{
    return gil_is_held ? (void *)memory : NULL;
}

static PyThreadState *PyGILState_GetThisThreadState(void)
{
    return knows_state ? (void *)memory : NULL;
}

static PyGILState_STATE PyGILState_Ensure(void)
{
    const PyGILState_STATE before_it = gil_is_held ? PyGILState_LOCKED : PyGILState_UNLOCKED;
    gil_is_held = 1;
    return before_it;
}

static void PyGILState_Release(PyGILState_STATE state)
{
    EXPECT(gil_is_held && !error_is_set);
    gil_is_held = state == PyGILState_LOCKED;
}

static PyObject *return_or_raise(void)
{
    if (callable_raises) {
        error_is_set = 2;
        return NULL;
    }
    Py_IncRef(returned);
    return returned;
}

static PyObject *new_pointer_object(void)
{
    PyObject *object = new_object(&pointer_type);
    object->view.buf = &object->number;
    object->view.len = 8;
    return object;
}

static PyObject *PyObject_Vectorcall(
    PyObject *function, PyObject *const *arguments, size_t count, PyObject *names)
{
    EXPECT(gil_is_held && !error_is_set && !names);
    if (function == (PyObject *)&pointer_type) {
        EXPECT(count == 0);
        return new_pointer_object();
    }
    EXPECT(function == &callable && function->holders == 2 && !this_thread()->current.is_in_c);
    EXPECT(count == (callback.type.arguments | PY_VECTORCALL_ARGUMENTS_OFFSET));
    for (unsigned i = 0; i < callback.type.arguments; i++) {
        const fastcall_value *const value = &callback.received[i];
        if (value->kind == 'p' && passed_words[i]) {
            EXPECT(arguments[i]->type == &pointer_type &&
                   (uint64_t)arguments[i]->number == passed_words[i]);
        } else if (value->kind == 'p') {
            EXPECT(arguments[i] == &none);
        } else {
            check_object(value, passed_words[i], arguments[i]);
        }
    }
    plain_calls++;
    return return_or_raise();
}

static PyObject *call_careful_or_answer(PyObject *function, PyObject *const *arguments)
{
    EXPECT(!this_thread()->current.is_in_c);
    if (function == &answering) {
        EXPECT(arguments[0] == returned);
        answer_calls++;
        error_is_set = 2;
        return NULL;
    }
    careful_calls++;
    called_with = arguments[1];
    for (unsigned i = 0; i < callback.type.arguments; i++) {
        const fastcall_value *const value = &callback.received[i];
        const void *const passed_word = pointed_to[i] ? (void *)&pointed_to[i] : &passed_words[i];
        const size_t size = value->is_indirect ? 8 : value->size;
        EXPECT(!memcmp(arguments[0]->text + value->offset, passed_word, size));
    }
    return return_or_raise();
}

/* In System V's ABI. Returns whether a thunk gets all of it. */
static int pass_words(void)
{
    unsigned integers = 0, floats = 0, stack = 0;
    memset(&passed_frame, 0xAA, sizeof passed_frame); /* garbage */
    for (unsigned i = 0; i < callback.type.arguments; i++) {
        const fastcall_value *const value = &callback.received[i];
        const int is_float = value->kind == 'f' && !value->is_indirect;
        unsigned place = is_float           ? (floats < 8 ? 6 + floats++ : 14 + stack++)
                                            : (integers < 6 ? integers++ : 14 + stack++);
        if (stack > STACK_WORDS) {
            return 0;
        }
        if (value->is_indirect) {
            memcpy(&passed_frame.words[place], &pointed_to[i], 8);
        } else {
            memcpy(&passed_frame.words[place], &passed_words[i], value->size);
        }
    }
    return floats < 8 && stack <= 6;
}

static uint64_t call_thunk(any_function function)
{
    return callback.answer.kind == 'f'
               ? as_word(call_float(function, SHAPE_ALL, 0, &passed_frame))
               : call_integer(function, SHAPE_ALL, 0, &passed_frame);
}

static uint64_t take_callback(any_function function)
{
    const int gil_was_held = gil_is_held;
    late = function;
    got = call_thunk(function);
    EXPECT(gil_is_held == gil_was_held);
    if (calls_again) { /* after an exception, nothing is called */
        const int calls = plain_calls + careful_calls + answer_calls;
        const uint64_t again = callable_raises ? call_thunk(function) : got;
        EXPECT(again == got && calls == plain_calls + careful_calls + answer_calls);
    }
    return 0;
}

static void take_received(fastcall_value *value, uint64_t *word, const void **pointed)
{
    static const uint8_t value_kinds[] = {'i', 'u', '?', 'f', 'P', 'z', 's', 'p'};
    static const uint8_t rules[] = {0, 0, 0, 'z', 'o'};
    memset(value, 0, sizeof *value);
    value->kind = value_kinds[below(sizeof value_kinds)];
    value->size = (uint16_t)(1U << below(4));
    value->rule = rules[below(sizeof rules)];
    value->low = take_number();
    value->high = take_number();
    *word = (uint64_t)take_number();
    if (value->kind == 'f') {
        value->size = take() & 1 ? 4 : 8;
        value->rule = FASTCALL_NEVER;
    } else if (value->kind == 'i' || value->kind == 'u') {
        value->conversion = take() & 3 ? NULL : &none;
    } else if (value->kind != '?') {
        value->size = 8;
        value->conversion = value->kind == 'p' ? &pointer_type : NULL;
        if (strchr("zs", value->kind)) {
            *word = take() & 1 ? (uintptr_t)"text" : 0;
        }
    }
    *pointed = NULL;
    if (strchr("iu?f", value->kind) && (take() & 3) == 0) {
        value->is_indirect = 1;
        if (take() & 7) {
            void *const memory_of_it = malloc(value->size); /* a byte more would be seen */
            memcpy(memory_of_it, word, value->size);
            *pointed = memory_of_it;
        } else {
            *word = 0;
        }
    }
}

static void fuzz_callback(void)
{
    static _Alignas(16) struct {
        char head[64];
        fastcall_descriptor descriptor;
        fastcall_argument argument;
        fastcall_value value;
    } self;
    static const uint8_t answer_kinds[] = {'i', 'u', '?', 'f', 'P', 'v'};
    fastcall_argument *answer_place;
    PyObject *objects[] = {&callable}, *result;
    uint64_t word = 0, mask;
    int is_plain, is_accepted, is_served, raises;
    memset(&callback, 0, sizeof callback);
    memset(&self, 0, sizeof self);
    ((PyObject *)&callback)->holders = 1000;
    callback.type.arguments = (uint8_t)below(FASTCALL_MAX_ARGUMENTS + 1);
    callback.type.careful_calls = &none;
    callback.type.failed = take_word();
    is_plain = callback.type.is_plain = (take() & 7) != 0;
    for (unsigned i = 0; i < callback.type.arguments; i++) {
        take_received(&callback.received[i], &passed_words[i], &pointed_to[i]);
        is_plain = is_plain && (pointed_to[i] || !callback.received[i].is_indirect) && !must_be_unexpected(&callback.received[i], passed_words[i]) &&
                   (callback.received[i].kind == 'p' ||
                       !is_unknown(&callback.received[i], passed_words[i]));
    }
    callback.answer.kind = answer_kinds[below(sizeof answer_kinds)];
    callback.answer.size = (uint8_t)(callback.answer.kind == 'f' && take() & 1 ? 4 : 8);
    callback.answer.nullable = take() & 1;
    callback.answer.low = take_number();
    callback.answer.high = take_number();
    answer_place = (fastcall_argument *)&callback.received[callback.type.arguments];
    memmove(answer_place, &callback.answer, sizeof callback.answer);
    returned = take_object(&callback.answer, 0);
    is_served = pass_words();
    EXPECT((fastcall_prepare_callback(&callback) == NULL) == is_served);
    if (is_served) {
        careful_exist = (take() & 7) == 0;
        callable_raises = (take() & 3) == 0;
        knows_state = take() & 1;
        calls_again = take() & 1;
        is_plain = is_plain && !careful_exist;
        self.descriptor.arguments = self.descriptor.parameters = self.descriptor.values = 1;
        self.descriptor.release_at = take() & 1 ? INT64_MAX : 0;
        self.descriptor.name = (uint32_t)((char *)(&self.value + 1) - (char *)&self.descriptor);
        self.descriptor.function = (any_function)take_callback;
        self.argument.kind = FASTCALL_CALLBACK;
        self.argument.size = 8;
        self.argument.type = &callback;
        self.argument.items = &reference_type;
        self.value.kind = FASTCALL_VOID;
        self.value.is_returned = 1;
        EXPECT(fastcall_prepare(&self) == NULL);
        callable.holders = 1;
        none.holders = true_.holders = false_.holders = answer.holders = 1000;
        careful.holders = answering.holders = 1000;
        plain_calls = careful_calls = answer_calls = checked_calls = 0;
        is_accepted = callback.answer.kind == 'v' || expected(answer_place, returned, &word) == 1;
        raises = callable_raises || (is_plain && !is_accepted);
        if (callback.answer.kind == 'v') {
            word = 0;
        }
        result = ((entry)self.descriptor.ml_meth)((PyObject *)&self, objects, 1, NULL);
        EXPECT(gil_is_held && !checked_calls);
        EXPECT(plain_calls == is_plain && careful_calls == !is_plain);
        EXPECT(is_plain || called_with == &callable);
        EXPECT(answer_calls == (is_plain && !callable_raises && !is_accepted));
        EXPECT(error_is_set == (raises ? 2 : 0) && (result == NULL) == raises);
        mask = callback.answer.kind == 'f' && callback.answer.size == 4 ? UINT32_MAX : UINT64_MAX;
        EXPECT(((got ^ (raises || !is_accepted ? callback.type.failed : word)) & mask) == 0);
        error_is_set = 0;
        if (result) {
            Py_DecRef(result);
        }
        callable_raises = 0; /* a late call */
        (void)call_thunk(late);
        EXPECT(careful_calls == !is_plain + 1 && called_with == &none && plain_calls == is_plain);
        EXPECT(gil_is_held && !this_thread()->current.is_in_c &&
               !this_thread()->current.error && !error_is_set);
        fastcall_release_thunks(&callback);
        EXPECT(call_thunk(late) == 0 && careful_calls == !is_plain + 1);
        EXPECT(((PyObject *)&callback)->holders == 1000 && callable.holders == 1);
        EXPECT(none.holders == 1000 && answer.holders == 1000);
        EXPECT(careful.holders == 1000 && answering.holders == 1000);
        EXPECT(true_.holders == 1000 && false_.holders == 1000);
    }
    if (returned != &none && returned != &true_ && returned != &false_) {
        EXPECT(returned->holders == 1);
        Py_DecRef(returned);
    }
    for (unsigned i = 0; i < callback.type.arguments; i++) {
        free((void *)(uintptr_t)pointed_to[i]);
    }
    EXPECT(live_objects == 0 && open_views == 0);
}

/* ---------------------------------------------------------------------- memory */

/* A function of two integers, perhaps of a buffer, of memory that C fills, and of memory that C
   gives; sizes that are products of the integers, or computed by a Python function; how many
   items of it are valid. */
enum { MOST_MEMORIES = 3, MOST_CALLS = 4 };

/* What is to become of what comes back. */
enum outcome { CONVERTED, ASKED, RAISES };

static struct {
    fastcall_descriptor *descriptor;
    const fastcall_argument *arguments;
    const fastcall_value *values;
    unsigned calls;
    int raises;      /* an error is set before C is called (again) */
    int is_refused;  /* before C is called (again) */
    int asks;        /* C has asked for more */
    uint64_t needed[1 + FASTCALL_MAX_OUTPUTS], items[1 + FASTCALL_MAX_OUTPUTS];
    int64_t numbers[MOST_CALLS + 1][1 + FASTCALL_MAX_OUTPUTS]; /* that C stores */
    const PyObject *integers[2], *buffer;
    int64_t size; /* what the Python function returns; and how */
    unsigned way;
    int64_t size_after; /* the same when C has returned */
    unsigned way_after;
    unsigned nul[1 + FASTCALL_MAX_OUTPUTS]; /* where C writes a NUL */
    int is_no_text;
    unsigned made; /* calls of the function that makes values of bytes */
    char *given[1 + FASTCALL_MAX_OUTPUTS]; /* the memory that C gave, until it is freed */
    int gives[1 + FASTCALL_MAX_OUTPUTS];   /* whether it gives some, and not NULL */
    enum outcome outcome;
    unsigned numbers_made, failing; /* objects, and the one that cannot be made */
    int is_received;                /* whether Python gets what is not converted */
} filling;

static PyObject *call_sizer(PyObject *positional)
{
    PyObject *number;
    EXPECT(positional->length == filling.descriptor->parameters);
    switch (filling.way) {
    case 0: error_is_set = 2; return NULL;
    case 1: Py_IncRef(&answer); return &answer; /* no int */
    default:
        number = new_object(&int_type);
        number->number = filling.size;
        return number;
    }
}

static PyObject *call_maker(PyObject *positional)
{
    EXPECT(positional->length == 1 && positional->items[0]->type == &bytes_type);
    filling.made++;
    Py_IncRef(positional->items[0]);
    return positional->items[0];
}

/* Free memory that C gave: once, and only what the caller owns. */
static uint64_t free_given(uint64_t word)
{
    unsigned i = 0;
    EXPECT(gil_is_held && word);
    while (i < filling.descriptor->values && (uintptr_t)filling.given[i] != word) {
        i++;
    }
    EXPECT(i < filling.descriptor->values && filling.values[i].free);
    free(filling.given[i]);
    filling.given[i] = NULL;
    return 0;
}

/* What Python has received, and nobody has freed, it frees when it forgets it. */
static void end_owner(const PyObject *owner)
{
    for (unsigned i = 0; i < filling.descriptor->values; i++) {
        const fastcall_value *const value = &filling.values[i];
        if (value->receive && value->offset == owner->number && filling.given[i]) {
            (void)free_given((uintptr_t)filling.given[i]);
        }
    }
}

/* The byte that C writes there. */
static char filled_byte(unsigned call, unsigned value, size_t at)
{
    if (!strchr("zs", filling.values[value].item)) { /* of numbers: any */
        return (char)((call + value + at) * 37 + 11);
    }
    if (at == filling.nul[value]) {
        return '\0';
    }
    return filling.is_no_text && at == 0 ? (char)0xFF : (char)('A' + (call + value + at) % 26);
}

/* Compute a size. Returns whether there is one, or -1: an error is raised. */
static int expect_size(const void *function, int64_t least, unsigned factors, uint64_t *size)
{
    unsigned __int128 product = (uint64_t)least;
    const __int128 most = (__int128)1 << 48;
    if (function) {
        *size = (uint64_t)filling.size;
        return filling.way ? filling.way > 1 && filling.size >= 0 && filling.size < most : -1;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (factors >> i & 1) {
            const __int128 number = filling.integers[i]->number;
            /* A product that is almost too large may be left to `slow_path`. */
            if (number < 0 || number >= most || (__int128)(product + 1) * number > most) {
                return 0;
            }
            product *= (unsigned __int128)number;
        }
    }
    *size = (uint64_t)product;
    return 1;
}

/* The same for an argument. */
static int expect_size_of(const fastcall_argument *argument, uint64_t *size)
{
    const int has_one = expect_size(argument->type, argument->low, argument->factors, size);
    filling.raises = has_one < 0;
    return has_one > 0;
}

/* What must happen before C is called: sizes, then counts. */
static void expect_call(void)
{
    for (unsigned i = 0; i < filling.descriptor->arguments; i++) {
        const fastcall_argument *const argument = &filling.arguments[i];
        if (argument->kind == 'b' &&
            filling.buffer->view.len / argument->size < argument->low) {
            filling.is_refused = 1;
            return;
        }
    }
    for (unsigned i = 0; i < filling.descriptor->arguments; i++) {
        const fastcall_argument *const argument = &filling.arguments[i];
        uint64_t size;
        if (argument->kind == 'b' && (argument->factors || argument->type)) {
            const uint64_t items = (uint64_t)filling.buffer->view.len / argument->size;
            if (!expect_size_of(argument, &size) || items < size ||
                (argument->is_exact && items != size)) {
                filling.is_refused = 1;
                return;
            }
        } else if (argument->kind == 'm') {
            size = filling.needed[argument->output];
            if (!size && !expect_size_of(argument, &size)) {
                filling.is_refused = 1;
                return;
            }
            if ((unsigned __int128)size * filling.values[argument->output].item_size >
                MOST_MEMORY) {
                filling.raises = 1;
                return;
            }
            filling.items[argument->output] = size;
        }
    }
    for (unsigned i = 0; i < filling.descriptor->arguments; i++) {
        const fastcall_argument *const argument = &filling.arguments[i];
        if (argument->memory && (argument->kind == 'n' || argument->kind == 'l') &&
            filling.items[argument->memory] > (uint64_t)argument->high) {
            filling.is_refused = 1;
            return;
        }
    }
}

/* The number of items that C says in its last call. */
static __int128 said_items(const fastcall_value *value)
{
    return number_of(&filling.values[value->length - 1],
        (uint64_t)filling.numbers[filling.calls - 1][value->length - 1]);
}

/* How many items there are to copy of memory that C has filled. */
static enum outcome expect_filled(unsigned number, uint64_t *count)
{
    const fastcall_value *const value = &filling.values[number];
    *count = filling.items[number];
    if (value->length) {
        const __int128 items = said_items(value);
        if (items < 0 || items > (__int128)*count) {
            return ASKED;
        }
        *count = (uint64_t)items;
    } else if (value->item == 's' && filling.nul[number] < *count) {
        *count = filling.nul[number];
    }
    return CONVERTED;
}

/* The same of memory that C gave, which has room for no number. */
static enum outcome expect_given(unsigned number, uint64_t *count)
{
    const fastcall_value *const value = &filling.values[number];
    int has_one = 1;
    if (value->length) {
        const __int128 items = said_items(value);
        has_one = items >= 0 && items < (__int128)1 << 48;
        *count = (uint64_t)items;
    } else {
        has_one = expect_size(value->size_function, value->number, value->factors, count);
    }
    if (has_one == 1 && (unsigned __int128)(*count + 1) * value->item_size > INT64_MAX) {
        return ASKED; /* or almost so many */
    }
    return has_one < 0 ? RAISES : has_one ? CONVERTED : ASKED;
}

/* Whether so many objects can be made. */
static enum outcome expect_numbers(uint64_t count)
{
    const unsigned before_these = filling.numbers_made;
    filling.numbers_made += (unsigned)count;
    return filling.failing > before_these && filling.failing <= filling.numbers_made ? RAISES
                                                                                    : CONVERTED;
}

/* What becomes of one value. */
static enum outcome expect_value(unsigned number)
{
    const fastcall_value *const value = &filling.values[number];
    enum outcome outcome;
    uint64_t count;
    if (value->kind == 'a' && !filling.gives[number]) {
        return CONVERTED;
    }
    switch (value->kind) {
    case 'm': outcome = expect_filled(number, &count); break;
    case 'a': outcome = expect_given(number, &count); break;
    default: return expect_numbers(1);
    }
    if (outcome != CONVERTED) {
        return outcome;
    }
    switch (value->item) {
    case 'z': return count * value->item_size > MOST_MEMORY ? RAISES : CONVERTED;
    case 's':
        return count > MOST_MEMORY || (count && filling.is_no_text && filling.nul[number])
                   ? ASKED
                   : CONVERTED;
    case '?': return count > MOST_LISTED ? RAISES : CONVERTED;
    default: return count > MOST_LISTED ? RAISES : expect_numbers(count);
    }
}

/* The same of all, in their order. */
static enum outcome expect_values(void)
{
    for (unsigned i = 0; i < filling.descriptor->values; i++) {
        const fastcall_value *const value = &filling.values[i];
        const uint64_t word = value->kind == 'a'
                                  ? (uint64_t)filling.gives[i]
                                  : (uint64_t)filling.numbers[filling.calls - 1][i];
        if (value->kind != 'm' && must_be_unexpected(value, word)) {
            return ASKED;
        }
    }
    for (unsigned i = 0; i < filling.descriptor->values; i++) {
        const fastcall_value *const value = &filling.values[i];
        const enum outcome outcome =
            value->is_returned || value->conversion ? expect_value(i) : CONVERTED;
        if (outcome != CONVERTED) {
            return outcome;
        }
    }
    return CONVERTED;
}

/* Whether Python receives what it must free: after an error, nothing else is to be received. */
static void expect_owners(void)
{
    const int has_failed = filling.failing && filling.failing <= filling.numbers_made;
    int is_owned = 0;
    filling.is_received = 1;
    for (unsigned i = 0; i < filling.descriptor->values; i++) {
        is_owned |= filling.values[i].free || filling.values[i].receive;
    }
    if (filling.outcome == CONVERTED || (filling.outcome == RAISES && !is_owned)) {
        filling.is_received = 0;
    }
    for (unsigned i = 0; i < filling.descriptor->values && filling.is_received; i++) {
        if (filling.values[i].receive && expect_numbers(1) == RAISES && !has_failed) {
            filling.is_received = 0;
            filling.outcome = RAISES;
        }
    }
}

/* Memory with as many items as are to be copied, and not a byte more. Returns its address. */
static uint64_t give(unsigned number)
{
    const fastcall_value *const value = &filling.values[number];
    uint64_t count = 0;
    char *given = NULL;
    free(filling.given[number]); /* of an earlier call */
    if (filling.gives[number]) {
        if (expect_given(number, &count) != CONVERTED ||
            (unsigned __int128)count * value->item_size > MOST_MEMORY) {
            count = 0;
        }
        given = malloc((size_t)count * value->item_size);
        for (size_t i = 0; i < (size_t)count * value->item_size; i++) {
            given[i] = filled_byte(filling.calls - 1, number, i);
        }
    }
    filling.given[number] = given;
    return (uintptr_t)given;
}

/* What C does: it finds zeros, the numbers, fills all of it, and gives what it has. */
static void fill(void)
{
    const unsigned at_call = filling.calls++;
    EXPECT(!filling.is_refused && !filling.raises && at_call < MOST_CALLS);
    EXPECT(!at_call || filling.asks);
    filling.asks = 0;
    for (unsigned i = 0; i < filling.descriptor->arguments; i++) {
        const fastcall_argument *const argument = &filling.arguments[i];
        const uint64_t word = received[argument->location];
        const fastcall_value *const value = &filling.values[argument->output];
        if (argument->kind == 'm') {
            char *const filled_memory = (char *)(uintptr_t)word;
            for (size_t j = 0; j < filling.items[argument->output] * value->item_size; j++) {
                EXPECT(filled_memory[j] == 0);
                filled_memory[j] = filled_byte(at_call, argument->output, j);
            }
        } else if (argument->kind == 'n') {
            EXPECT(word == filling.items[argument->memory]);
        } else if (argument->kind == 'l') {
            uint64_t capacity;
            memcpy(&capacity, (void *)(uintptr_t)word, sizeof capacity);
            EXPECT(capacity == (argument->memory ? filling.items[argument->memory] : 0));
            memcpy((void *)(uintptr_t)word, &filling.numbers[at_call][argument->output],
                value->size);
        }
    }
    for (unsigned i = 1; i < filling.descriptor->values; i++) {
        const fastcall_value *const value = &filling.values[i];
        __int128 wanted;
        if (value->kind != 'm' || !value->again) {
            continue;
        }
        wanted = number_of(&filling.values[value->length - 1],
            (uint64_t)filling.numbers[at_call][value->length - 1]);
        wanted = value->again == '-' ? -wanted : wanted + (value->again == 'n');
        if (filling.values[value->length - 1].size == 8 && wanted > INT64_MAX) {
            continue; /* a number that is an error's */
        }
        if (wanted > (__int128)filling.items[i] && wanted < INT64_MAX / value->item_size) {
            filling.needed[i] = (uint64_t)wanted;
            filling.asks = 1;
        }
    }
    if (!filling.asks) {
        filling.way = filling.way_after;
        filling.size = filling.size_after;
    }
    for (unsigned i = 0; i < filling.descriptor->arguments; i++) {
        const fastcall_argument *const argument = &filling.arguments[i];
        if (argument->kind == 'v') {
            const uint64_t address = give(argument->output);
            memcpy((void *)(uintptr_t)received[argument->location], &address, sizeof address);
        }
    }
    written[0] = filling.values[0].kind == 'a' ? give(0) : (uint64_t)filling.numbers[at_call][0];
    if (!filling.asks) {
        filling.outcome = expect_values();
        expect_owners();
        number_that_fails = filling.failing <= filling.numbers_made ? filling.failing : 0;
    } else if (filling.calls < MOST_CALLS) {
        expect_call();
    }
}

/* The memories come after the bytes, with what is to free what C gave; then that is freed. */
static void take_unexpected(PyObject *tuple)
{
    Py_ssize_t at = 1;
    content_tuple = tuple;
    if (!on_call) {
        return;
    }
    for (unsigned i = 0; filling.descriptor && i < filling.descriptor->values; i++) {
        const fastcall_value *const value = &filling.values[i];
        if (value->kind == 'm') {
            const PyObject *const given = tuple->items[at++];
            EXPECT((uint64_t)given->length == filling.items[i] * value->item_size);
            for (Py_ssize_t j = 0; j < given->length; j++) {
                EXPECT(given->text[j] == filled_byte(filling.calls - 1, i, (size_t)j));
            }
        } else if (value->kind == 'a') {
            uint64_t address;
            memcpy(&address, (const char *)&content + value->offset, sizeof address);
            EXPECT(address == (uintptr_t)filling.given[i]);
            EXPECT(!value->receive || tuple->items[at++]->number == value->offset);
            if (address && value->free) {
                (void)free_given(address);
            }
        }
    }
    EXPECT(!filling.descriptor || at == tuple->length);
}

/* Whether an object is a copy of the items of memory. */
static void check_items(unsigned number, const PyObject *object)
{
    const fastcall_value *const value = &filling.values[number];
    fastcall_value item = {.kind = value->item, .size = (uint16_t)value->item_size};
    uint64_t count;
    EXPECT((value->kind == 'm' ? expect_filled : expect_given)(number, &count) == CONVERTED);
    if (strchr("zs", value->item)) {
        EXPECT(object->type == (value->item == 's' ? &str_type : &bytes_type));
        EXPECT((uint64_t)object->length == count * value->item_size);
        for (Py_ssize_t i = 0; i < object->length; i++) {
            EXPECT(object->text[i] == filled_byte(filling.calls - 1, number, (size_t)i));
        }
        return;
    }
    EXPECT(object->type == &list_type && (uint64_t)object->length == count);
    for (Py_ssize_t i = 0; i < object->length; i++) {
        uint64_t word = 0;
        for (unsigned j = 0; j < item.size; j++) {
            ((char *)&word)[j] = filled_byte(filling.calls - 1, number, (size_t)i * item.size + j);
        }
        check_object(&item, word, object->items[i]);
    }
}

static void check_memories(const PyObject *result)
{
    unsigned at = 0, makers = 0, shown = 0;
    for (unsigned i = 0; i < filling.descriptor->values; i++) {
        shown += filling.values[i].is_returned;
        EXPECT(!filling.values[i].free || !filling.given[i]);
    }
    EXPECT(unexpected_calls == filling.is_received);
    EXPECT(result || filling.outcome == RAISES);
    EXPECT(filling.outcome != ASKED || result == &answer);
    EXPECT(filling.outcome != CONVERTED || shown || result == &none);
    for (unsigned i = 0; i < filling.descriptor->values && filling.outcome == CONVERTED; i++) {
        const fastcall_value *const value = &filling.values[i];
        const int is_there = value->kind == 'm' || (value->kind == 'a' && filling.gives[i]);
        const PyObject *object;
        makers += is_there && value->conversion;
        if (!value->is_returned) {
            continue;
        }
        object = shown > 1 ? result->items[at++] : result;
        if (is_there) {
            check_items(i, object);
        } else if (value->kind == 'a') {
            EXPECT(object == &none);
        } else {
            EXPECT(object->number == number_of(value, written[0]));
        }
    }
    EXPECT(filling.outcome != CONVERTED || filling.made == makers);
}

/* More often a small number, or one of what C says instead of a length. */
static int64_t take_length(void)
{
    static const int64_t strange[] = {INT64_MAX, INT64_MIN, -1, INT64_MAX / 2,
        INT64_C(1) << 32, INT64_C(1) << 47};
    return take() % 8 ? (int8_t)take() % 48 : strange[below(6)];
}

static void take_size(fastcall_argument *argument)
{
    argument->low = 1 + below(3);
    argument->high = INT64_MAX;
    argument->is_exact = take() & 1;
    argument->type = NULL;
    argument->factors = (uint16_t)below(4);
    if (take() % 4 == 0) {
        argument->type = &sizer;
        argument->low = argument->factors = 0;
    }
}

/* What the items are, and what becomes of them. */
static void take_items(fastcall_value *value)
{
    static const uint8_t items[] = {'z', 'z', 's', 's', 'i', 'u', 'f', '?'};
    value->size = 8;
    value->item = items[below(sizeof items)];
    value->item_size = 1U << below(4);
    if (value->item == 's') {
        value->item_size = 1;
    } else if (value->item == 'f') {
        value->item_size = take() & 1 ? 4 : 8;
    } else if (value->item == 'z') {
        value->item_size = take() % 8 == 1 ? UINT32_C(1) << (16 + below(3)) : value->item_size;
        value->conversion = take() & 1 ? &maker : NULL;
    }
}

/* Memory that C gives, perhaps for good. */
static void take_given(fastcall_value *value, unsigned number, int may_be_owned)
{
    fastcall_argument sized;
    take_items(value);
    take_size(&sized);
    value->kind = 'a';
    value->number = sized.low;
    value->factors = sized.factors;
    value->size_function = sized.type;
    value->rule = take() % 4 == 1 ? FASTCALL_ZERO : FASTCALL_NEVER;
    value->is_returned = take() % 8 != 1;
    if (may_be_owned && take() & 1) {
        value->free = (void (*)(void))free_given;
        value->receive = take() & 1 ? &receiver : NULL;
    }
    filling.gives[number] = take() % 8 != 1;
}

static void fuzz_memory(void)
{
    static const uint8_t repeats[] = {0, 'l', 'n', '-'};
    static _Alignas(16) struct {
        char head[64];
        fastcall_descriptor descriptor;
        fastcall_argument arguments[2 + 1 + 3 * MOST_MEMORIES];
        fastcall_value values[1 + 2 * MOST_MEMORIES]; /* where there are so many arguments */
    } self;
    fastcall_value described[1 + 2 * MOST_MEMORIES];
    fastcall_argument *argument = self.arguments;
    PyObject *objects[3], *result;
    unsigned memories = below(1 + MOST_MEMORIES), number = 1 + memories, parameters = 2;
    const int is_called_again = take() & 1; /* then nothing is owned */
    int is_over, raises;
    memset(&self, 0, sizeof self);
    memset(described, 0, sizeof described);
    memset(&filling, 0, sizeof filling);
    for (unsigned i = 0; i < 2; i++, argument++) {
        argument->kind = 'u';
        argument->size = 8;
        argument->high = INT64_MAX;
        argument->parameter = (uint8_t)i;
        objects[i] = new_object(&int_type);
        objects[i]->number = take() & 7 ? below(6) : take_number() & INT64_MAX;
        filling.integers[i] = objects[i];
    }
    if (take() & 1) {
        argument->kind = 'b';
        argument->item = 'v';
        argument->shift = (uint8_t)below(3);
        argument->size = (uint8_t)(1 << argument->shift);
        argument->parameter = 2;
        take_size(argument);
        self.descriptor.is_sized = 1;
        filling.buffer = objects[parameters++] = new_object(&buffer_type);
        objects[2]->view.buf = memory;
        objects[2]->view.len = below(sizeof memory);
        objects[2]->is_contiguous = 1;
        argument++;
    }
    described[0].kind = take() & 1 ? 'i' : 'u';
    described[0].size = take() & 1 ? 4 : 8;
    described[0].rule = described[0].kind == 'u' || take() & 3 ? 0 : '-';
    described[0].is_returned = take() & 1;
    if (take() & 1) {
        memset(described, 0, sizeof *described);
        take_given(&described[0], 0, !is_called_again);
    }
    for (unsigned i = 1; i <= memories; i++) {
        fastcall_value *const value = &described[i];
        const int is_filled = take() & 1;
        argument->output = (uint8_t)i;
        argument->size = 8;
        if (is_filled) {
            argument->kind = value->kind = 'm';
            take_size(argument);
            take_items(value);
            value->is_returned = 1;
            self.descriptor.fills = self.descriptor.is_sized = 1;
        } else {
            argument->kind = 'v';
            take_given(value, i, !is_called_again);
        }
        argument++;
        filling.nul[i] = take() & 1 ? UINT32_MAX : below(16);
        switch (below(4)) {
        case 0: value->length = described[0].kind != 'a'; break; /* the result */
        case 1: break;
        default:
            argument->kind = 'l';
            argument->size = 8;
            argument->output = (uint8_t)number;
            argument->memory = is_filled && take() & 1 ? (uint8_t)i : 0;
            argument->high = take() & 3 ? INT64_MAX : below(20);
            described[number].kind = take() & 1 ? 'i' : 'u';
            described[number].size = take() & 1 ? 4 : 8;
            value->length = (uint8_t)++number;
            argument++;
        }
        value->again = is_filled && is_called_again && value->length ? repeats[below(4)] : 0;
        if (is_filled && take() & 1) {
            argument->kind = 'n';
            argument->size = 8;
            argument->memory = (uint8_t)i;
            argument->high = take() & 3 ? INT64_MAX : below(20);
            argument++;
        }
    }
    for (unsigned i = 0; i < MOST_CALLS; i++) {
        for (unsigned j = 0; j < number; j++) {
            filling.numbers[i][j] = take_length();
        }
    }
    filling.size = take() & 7 ? below(30) : take_number();
    filling.way = take() & 7;
    filling.size_after = take() & 7 ? below(60) : take_number();
    filling.way_after = (take() + 2U) & 7;
    filling.nul[0] = take() & 1 ? UINT32_MAX : below(16);
    filling.failing = take() & 3 ? 0 : 1 + below(8);
    filling.is_no_text = (take() & 7) == 1;
    self.descriptor.arguments = (uint8_t)(argument - self.arguments);
    self.descriptor.parameters = (uint8_t)parameters;
    self.descriptor.values = (uint8_t)number;
    self.descriptor.release_at = take() & 1 ? INT64_MAX : 0;
    self.descriptor.returned_size =
        (uint16_t)(offsetof(fastcall_returned, outputs) + 8 * (number - 1));
    for (unsigned i = 1; i < number; i++) {
        described[i].offset = (uint16_t)(offsetof(fastcall_returned, outputs) + 8 * (i - 1));
    }
    memmove(argument, described, number * sizeof *described);
    self.descriptor.name = (uint32_t)((char *)((fastcall_value *)argument + number) -
                                      (char *)&self.descriptor);
    self.descriptor.function = (any_function)receive_integer;
    filling.descriptor = &self.descriptor;
    filling.arguments = self.arguments;
    filling.values = described;
    EXPECT(fastcall_prepare(&self) == NULL);
    stack_is_passed = self.descriptor.shape == SHAPE_ALL ? 8 * STACK_WORDS : 0;
    c_calls = checked_calls = unexpected_calls = 0;
    none.holders = answer.holders = checked.holders = unexpected_.holders = 1000;
    true_.holders = false_.holders = 1000;
    sizer.holders = maker.holders = receiver.holders = 1000;
    has_callbacks = take() & 1;
    on_call = fill;
    expect_call();
    result = ((entry)self.descriptor.ml_meth)((PyObject *)&self, objects, parameters, NULL);
    on_call = NULL;
    is_over = filling.asks && filling.calls == MOST_CALLS && !filling.raises;
    raises = filling.raises || filling.outcome == RAISES;
    EXPECT(gil_is_held && error_is_set == (raises ? 2 : 0) && (result == NULL) == raises);
    EXPECT(checked_calls == (!filling.raises && (filling.is_refused || is_over)));
    if (!filling.raises && !checked_calls) {
        EXPECT(filling.calls && !filling.asks);
        check_memories(result);
    }
    error_is_set = number_that_fails = 0;
    if (result) {
        Py_DecRef(result);
    }
    for (unsigned i = 0; i < parameters; i++) {
        EXPECT(objects[i]->holders == 1);
        Py_DecRef(objects[i]);
    }
    for (unsigned i = 0; i < number; i++) {
        free(filling.given[i]);
    }
    EXPECT(none.holders == 1000 && answer.holders == 1000 && maker.holders == 1000);
    EXPECT(true_.holders == 1000 && false_.holders == 1000 && receiver.holders == 1000);
    EXPECT(sizer.holders == 1000 && checked.holders == 1000 && unexpected_.holders == 1000);
    EXPECT(live_objects == 0 && open_views == 0);
    filling.descriptor = NULL;
}

/* ------------------------------------------------------------------- sequences */

/* A function of arrays that are made of lists, of a handle, and of how many items there are. */
enum { MOST_SEQUENCES = 3, MOST_OF_ONE = 20 }; /* more handles than a call holds by itself */

static struct {
    unsigned count;
    const fastcall_argument *arguments;
    PyObject *lists[MOST_SEQUENCES];
} sequences;

/* What C does: it finds the items, also after the lists have changed. */
static void find_items(void)
{
    for (unsigned i = 0; i < sequences.count; i++) {
        const fastcall_argument *const item = sequences.arguments[i].items;
        const char *const place =
            (const char *)(uintptr_t)received[sequences.arguments[i].location];
        PyObject *const list = sequences.lists[i];
        if (list == &none) {
            EXPECT(!place);
            continue;
        }
        for (Py_ssize_t j = 0; j < list->length; j++) {
            const PyObject *const object = list->items[j];
            uint64_t word;
            EXPECT(expected(item, object, &word) == 1);
            EXPECT(!memcmp(place + j * item->size, &word, item->size));
            EXPECT(item->kind != 'h' || object == &none ||
                   (object->its_handle.users & 0xFFFF) == 1);
        }
        for (unsigned j = 0; sequences.arguments[i].is_terminated && j < item->size; j++) {
            EXPECT(place[list->length * item->size + j] == 0);
        }
        while (list->type == &list_type && list->length > 0) {
            PyObject *const removed = list->items[--list->length];
            EXPECT(removed->holders > 1);
            Py_DecRef(removed);
        }
    }
}

static PyObject *take_sequence(const fastcall_argument *item)
{
    static const type *const types[] = {
        &list_type, &list_type, &list_type, &tuple_type, &tuple_type, &derived_list_type};
    PyObject *list;
    if (take() % 8 == 1) {
        return &none;
    }
    list = new_object(types[below(6)]);
    list->length = below(MOST_OF_ONE + 1);
    for (Py_ssize_t i = 0; i < list->length; i++) {
        PyObject *const object = take_object(item, (unsigned)i);
        if (object == &none || object == &true_ || object == &false_) {
            Py_IncRef(object);
        } else if (item->kind == 'h') {
            object->its_handle.address = take() & 7 ? memory : NULL;
        }
        list->items[i] = object;
    }
    return list;
}

/* As all_expected. */
static int sequences_expected(PyObject *const *objects, const fastcall_argument *counting)
{
    const fastcall_argument *const handle_argument = &sequences.arguments[sequences.count];
    Py_ssize_t count = -1;
    uint64_t word;
    for (unsigned i = 0; i < sequences.count; i++) {
        const fastcall_argument *const argument = &sequences.arguments[i];
        const PyObject *const list = objects[i];
        if (list == &none && argument->nullable) {
            continue;
        }
        if (list->type != &list_type && list->type != &tuple_type) {
            return 0;
        }
        if (list->type == &list_type && tuples_fail) {
            return -1;
        }
        for (Py_ssize_t j = 0; j < list->length; j++) {
            if (expected(argument->items, list->items[j], &word) != 1) {
                return 0;
            }
        }
        if (list->length < argument->low || list->length > argument->high) {
            return 0;
        }
    }
    if (expected(handle_argument, objects[sequences.count], &word) != 1) {
        return 0;
    }
    for (unsigned i = 0; i < sequences.count; i++) {
        if (counting->buffers >> i & 1) {
            if (count >= 0 && objects[i]->length != count) {
                return 0;
            }
            count = objects[i]->length;
        }
    }
    return count <= counting->high;
}

static void fuzz_sequences(void)
{
    static const uint8_t item_kinds[] = {'i', 'u', '?', 'f', 'z', 's', 'P', 'h', 'h', 'h'};
    static _Alignas(16) struct {
        char head[64];
        fastcall_descriptor descriptor;
        fastcall_argument arguments[MOST_SEQUENCES + 2];
        fastcall_value result; /* where there are so many arguments */
    } self;
    fastcall_argument items[MOST_SEQUENCES], *argument = self.arguments;
    fastcall_value *result_value;
    PyObject *objects[MOST_SEQUENCES + 1], *handles[(MOST_OF_ONE + 1) * MOST_SEQUENCES], *result;
    unsigned handle_count = 0;
    int accepted;
    memset(&self, 0, sizeof self);
    memset(items, 0, sizeof items);
    none.holders = true_.holders = false_.holders = answer.holders = checked.holders = 1000;
    sequences.count = 1 + below(MOST_SEQUENCES);
    sequences.arguments = self.arguments;
    for (unsigned i = 0; i < sequences.count; i++, argument++) {
        fastcall_argument *const item = &items[i];
        item->kind = item_kinds[below(sizeof item_kinds)];
        item->size = (uint8_t)(strchr("iu?", item->kind) ? 1U << below(4) : 8);
        item->size = item->kind == 'f' && take() & 1 ? 4 : item->size;
        item->nullable = take() & 1;
        item->type = &buffer_type;
        item->low = take_number();
        item->high = take_number();
        take_handle(item);
        argument->kind = 'b';
        argument->item = 'v';
        argument->size = 8;
        argument->shift = (uint8_t)__builtin_ctz(item->size);
        argument->items = item;
        argument->parameter = (uint8_t)i;
        argument->nullable = take() & 1;
        argument->is_terminated = take() & 1;
        argument->low = take() & 1 ? 0 : below(3);
        argument->high = take() & 1 ? INT64_MAX : below(MOST_OF_ONE);
        objects[i] = sequences.lists[i] = take_sequence(item);
        for (Py_ssize_t j = 0; item->kind == 'h' && j < objects[i]->length; j++) {
            handles[handle_count] = objects[i]->items[j];
            Py_IncRef(handles[handle_count++]);
        }
    }
    argument->kind = 'h';
    argument->size = 8;
    take_handle(argument);
    argument->type = &buffer_type;
    argument->parameter = (uint8_t)sequences.count;
    objects[sequences.count] = new_object(&buffer_type);
    objects[sequences.count]->its_handle.address = take() & 7 ? memory : NULL;
    argument++;
    argument->kind = 'n';
    argument->size = 8;
    argument->buffers = (uint8_t)(1 + below((1U << sequences.count) - 1));
    argument->high = take() & 3 ? INT64_MAX : below(4);
    result_value = (fastcall_value *)(argument + 1);
    result_value->kind = 'i';
    result_value->size = 8;
    result_value->is_returned = 1;
    values = 1;
    self.descriptor.arguments = (uint8_t)(sequences.count + 2);
    self.descriptor.parameters = (uint8_t)(sequences.count + 1);
    self.descriptor.values = 1;
    self.descriptor.release_at = take() & 1 ? INT64_MAX : 0;
    self.descriptor.returned_size = offsetof(fastcall_returned, outputs);
    self.descriptor.name = (uint32_t)((char *)(result_value + 1) - (char *)&self.descriptor);
    self.descriptor.function = (any_function)receive_integer;
    EXPECT(fastcall_prepare(&self) == NULL);
    stack_is_passed = 0;
    has_callbacks = take() & 1;
    forks = take() & 1;
    tuples_fail = take() % 16 == 1;
    c_calls = checked_calls = unexpected_calls = 0;
    accepted = sequences_expected(objects, argument);
    on_call = find_items;
    result = ((entry)self.descriptor.ml_meth)(
        (PyObject *)&self, objects, self.descriptor.parameters, NULL);
    on_call = NULL;
    EXPECT(gil_is_held && error_is_set == (accepted < 0 ? 2 : 0) && (result == NULL) == (accepted < 0));
    EXPECT(c_calls == (accepted == 1) && checked_calls == !accepted && !unexpected_calls &&
           !this_thread()->uses);
    error_is_set = tuples_fail = 0;
    if (result) {
        Py_DecRef(result);
    }
    while (handle_count > 0) {
        PyObject *const each = handles[--handle_count];
        EXPECT(each == &none || (each->its_handle.users & 0xFFFF) == 0);
        Py_DecRef(each);
    }
    for (unsigned i = 0; i < self.descriptor.parameters; i++) {
        if (objects[i] != &none) {
            EXPECT(objects[i]->holders == 1 && (objects[i]->its_handle.users & 0xFFFF) == 0);
            Py_DecRef(objects[i]);
        }
    }
    EXPECT(none.holders == 1000 && true_.holders == 1000 && false_.holders == 1000);
    EXPECT(answer.holders == 1000 && checked.holders == 1000);
    EXPECT(live_objects == 0 && open_views == 0);
}

/* --------------------------------------------------------------------- handles */

/* C has a few objects, of two types that may need each other, and hands out their addresses.
   Python is a number of slots with handles. Each is closed as often as it was given away, while
   what it needs is there and nobody uses it. */
enum { OBJECTS = 6, SLOTS = 8 };

static char objects_of_c[OBJECTS][8];
static int owed[OBJECTS]; /* how often C was not yet told to close it */
static PyObject *slots[SLOTS];
static fastcall_handle_class *class_of_all, *class_of_derived, *class_of_strange;
static int close_result; /* what C says when it closes */
static unsigned next_made[2], closed_now;
static PyObject *finder; /* what is looked for while a handle is destroyed, or NULL */

typedef struct {
    _Alignas(16) char head[64];
    fastcall_descriptor descriptor;
    fastcall_argument arguments[3];
    fastcall_value values[2]; /* where there are so many arguments */
} handle_function;
static _Alignas(16) handle_function closer_function, strange_closer_function;

static unsigned index_of(const void *address)
{
    const size_t at = (size_t)((const char *)address - objects_of_c[0]);
    EXPECT(at < sizeof objects_of_c && at % sizeof *objects_of_c == 0);
    return (unsigned)(at / sizeof *objects_of_c);
}

static int is_child(const PyObject *child, const PyObject *parent)
{
    return child->its_handle.parent == parent;
}

/* C closes an object: no handle that needs it may be open and the caller's; and what it needs is
   open, and in use until this returns. */
static uint64_t close_in_c(uint64_t address)
{
    const unsigned index = index_of((void *)(uintptr_t)address);
    EXPECT(owed[index] > 0);
    closed_now++;
    if (!close_result) {
        owed[index]--;
    }
    return (uint64_t)close_result;
}

static void check_parents_in_use(const handle *it)
{
    const handle *const parent = it->parent ? &it->parent->its_handle : NULL;
    EXPECT(!parent || (parent->address && (parent->users & 0xFFFF)));
}

/* The same, of a function whose argument is a slot's, or of one that is being destroyed. */
static int comes_from(const PyObject *object, const PyObject *other);

/* What is open needs nothing that is closed. */
static void check_order(void)
{
    for (unsigned i = 0; i < alive_count; i++) {
        const handle *const it = &alive[i]->its_handle;
        if (!it->address || it->is_managed) {
            continue;
        }
        EXPECT(!it->parent || it->parent->its_handle.is_managed || it->parent->its_handle.address);
        for (const kept *each = it->kept; each; each = each->next) {
            EXPECT(!each->kept_handle || comes_from(each->given, alive[i]) ||
                   each->kept_handle->address);
        }
    }
}

static uint64_t close_and_check(uint64_t address)
{
    if (closing_now) {
        check_parents_in_use(closing_now);
        EXPECT(!closing_now->address && !closing_now->children);
        EXPECT(closing_now->process == forks);
    }
    check_order();
    return close_in_c(address);
}

static void *make_in_c(void *first, void *second, uint64_t *other)
{
    (void)first, (void)second;
    *other = next_made[1] < OBJECTS ? (uintptr_t)objects_of_c[next_made[1]] : 0;
    return next_made[0] < OBJECTS ? objects_of_c[next_made[0]] : NULL;
}

/* Python closes one itself: as a Life does, those that need it first. */
static void close_managed(PyObject *object)
{
    handle *const it = &object->its_handle;
    const int is_ours = it->is_owned && it->address;
    if (it->is_managed && it->address) {
        void *const address = it->address;
        fastcall_set_address(object, NULL);
        if (is_ours) {
            (void)close_in_c((uintptr_t)address);
        }
    }
}

/* Before a handle is destroyed, its attributes are: it must not be found then. */
static void end_attributes(PyObject *object)
{
    close_managed(object);
    closing_now = &object->its_handle;
    if (finder == object && object->its_handle.of) {
        PyObject *const found =
            fastcall_find(object->its_handle.of, object->its_handle.given);
        for (Py_ssize_t i = 0; i < found->length; i++) {
            EXPECT(found->items[i] != object);
        }
        finder = NULL;
        closing_now = NULL;
        Py_DecRef(found);
        closing_now = &object->its_handle;
    }
}

/* What C keeps, in the order in which it was made to: for a handle that Python has not taken over. */
static struct {
    PyObject *keeper, *given;
    const handle_function *by;
    int slot;
} kept_things[MOST_ALIVE];
static unsigned kept_count;
static _Alignas(16) handle_function keep_functions[2];
static PyObject kept_text = {.type = &bytes_type, .text = "text", .length = 4},
                kept_buffer = {.type = &buffer_type, .is_contiguous = 1};

static void forget_kept(unsigned at)
{
    memmove(kept_things + at, kept_things + at + 1, (--kept_count - at) * sizeof *kept_things);
}

static int is_handle(const PyObject *object)
{
    return is_handle_type(object->type);
}

/* What C kept for handles that it has closed, or that are gone, is not kept any more. All else is,
   and nothing else. */
static void check_kept(void)
{
    long texts = 0, buffers = 0;
    for (unsigned i = kept_count; i-- > 0;) {
        int is_open = 0;
        for (unsigned j = 0; j < alive_count; j++) {
            is_open |= alive[j] == kept_things[i].keeper && alive[j]->its_handle.address;
        }
        if (!is_open) {
            forget_kept(i);
        }
    }
    for (unsigned i = 0; i < kept_count; i++) {
        texts += kept_things[i].given == &kept_text;
        buffers += kept_things[i].given == &kept_buffer;
    }
    EXPECT(kept_text.holders == 1000 + texts);
    EXPECT(kept_buffer.holders == 1000 + 2 * buffers && open_views == buffers);
    for (unsigned i = 0; i < alive_count; i++) {
        unsigned at = kept_count;
        for (const kept *each = alive[i]->its_handle.kept; each; each = each->next) {
            do { /* the newest is the first */
                EXPECT(at > 0);
                at--;
            } while (kept_things[at].keeper != alive[i]);
            EXPECT(each->given == kept_things[at].given);
            EXPECT((each->kept_handle != NULL) == is_handle(each->given));
        }
        while (at-- > 0) {
            EXPECT(kept_things[at].keeper != alive[i]);
        }
    }
}

static int comes_from(const PyObject *object, const PyObject *other)
{
    while (object && object != other) {
        object = object->its_handle.parent;
    }
    return object != NULL;
}

static int must_come_before(const PyObject *object, const PyObject *other)
{
    if (object == other) {
        return 1;
    }
    for (unsigned i = 0; i < kept_count; i++) {
        if (kept_things[i].keeper == object && is_handle(kept_things[i].given) &&
            !comes_from(kept_things[i].given, object) &&
            must_come_before(kept_things[i].given, other)) {
            return 1;
        }
    }
    return object->its_handle.parent && must_come_before(object->its_handle.parent, other);
}

static void take_over(PyObject *object)
{
    PyObject *connected, *all;
    long expected_handles = 0;
    unsigned at = 0;
    if (object->its_handle.parent && !object->its_handle.parent->its_handle.is_managed) {
        take_over(object->its_handle.parent);
    }
    if (object->its_handle.is_managed) {
        return;
    }
    for (unsigned i = alive_count; i-- > 0;) {
        expected_handles += is_child(alive[i], object) && alive[i]->its_handle.address &&
                            !alive[i]->its_handle.is_managed;
    }
    for (unsigned i = 0; i < kept_count; i++) {
        expected_handles += kept_things[i].given == object;
        expected_handles += kept_things[i].keeper == object && is_handle(kept_things[i].given);
    }
    connected = fastcall_take_over(object);
    EXPECT(connected && connected->length == expected_handles && object->its_handle.is_managed);
    for (Py_ssize_t i = 0; i < connected->length; i++) {
        take_over(connected->items[i]);
    }
    Py_DecRef(connected);
    all = fastcall_list_kept(object);
    for (Py_ssize_t i = 0; i < all->length; i++) {
        while (kept_things[at].keeper != object) {
            at++;
        }
        EXPECT(at < kept_count && all->items[i]->length == 7);
        EXPECT(all->items[i]->items[0] == (PyObject *)kept_things[at].by);
        EXPECT(all->items[i]->items[3] == kept_things[at].given);
        forget_kept(at);
    }
    Py_DecRef(all);
    fastcall_drop_kept(object);
    check_kept();
}

/* Nothing refers to what is in a slot. */
static void empty_slot(unsigned slot)
{
    PyObject *const object = slots[slot];
    slots[slot] = NULL;
    if (object) {
        if (object->holders == 1 && !object->its_handle.kept) {
            closing_now = &object->its_handle;
        }
        Py_DecRef(object);
        closing_now = NULL;
    }
}

static void describe_closer(handle_function *function, const void *its_type)
{
    fastcall_descriptor *const descriptor = &function->descriptor;
    fastcall_value *const result = (fastcall_value *)(function->arguments + 1);
    memset(function, 0, sizeof *function);
    ((PyObject *)function)->holders = 1000; /* before, a class held it */
    descriptor->arguments = descriptor->parameters = descriptor->values = 1;
    descriptor->closes = 1;
    descriptor->may_stay_open = 1;
    descriptor->release_at = take() & 1 ? INT64_MAX : 0;
    descriptor->returned_size = offsetof(fastcall_returned, outputs);
    descriptor->function = (any_function)close_and_check;
    descriptor->name = (uint32_t)((char *)(result + 1) - (char *)descriptor);
    function->arguments[0].kind = FASTCALL_HANDLE;
    function->arguments[0].size = 8;
    function->arguments[0].high = -1;
    function->arguments[0].type = its_type;
    result->kind = FASTCALL_SIGNED;
    result->size = 4;
    result->rule = FASTCALL_NONZERO;
    result->is_failure = 1;
    EXPECT(fastcall_prepare(function) == NULL);
}

/* The newest open handle of an address and a C type; or of those that are older than one. */
static PyObject *older(
    const fastcall_handle_class *of, const void *address, const PyObject *than)
{
    PyObject *found = NULL;
    for (unsigned i = alive_count; i-- > 0;) {
        if (alive[i]->its_handle.address == address &&
            (alive[i]->type == &strange_handle_type) == (of == class_of_strange) &&
            (!than || alive[i]->its_handle.number < than->its_handle.number) &&
            (!found || alive[i]->its_handle.number > found->its_handle.number)) {
            found = alive[i];
        }
    }
    return found;
}

/* Whether all of them are found, the newest first. */
static int finds_all(const fastcall_handle_class *of, const void *address)
{
    PyObject *const all = fastcall_find(of, address), *next = older(of, address, NULL);
    int is_right = all != NULL;
    for (Py_ssize_t i = 0; i < all->length; i++) {
        is_right = is_right && next && all->items[i] == next;
        next = next ? older(of, address, next) : NULL;
    }
    Py_DecRef(all);
    return is_right && !next;
}

/* The handle for an address that came back, which is made from `parent`: an open one, NULL for a
   new one, or None if Python must decide. */
static PyObject *handle_for_address(
    const fastcall_value *value, const void *address, const PyObject *parent)
{
    const fastcall_handle_class *const of = value->conversion;
    PyObject *found = value->owner == FASTCALL_COUNTED ? NULL : older(of, address, NULL);
    if ((parent && parent->its_handle.is_managed) ||
        (value->owner != FASTCALL_BORROWED && (!of->closer || found))) {
        return &none;
    }
    for (; found; found = older(of, address, found)) {
        const handle *const it = &found->its_handle;
        const int fits = PyType_IsSubtype(found->type, of->type);
        if (it->is_managed || (it->is_owned && !fits && found != parent)) {
            return &none;
        }
        if (fits && (it->is_owned || !parent || found == parent || it->parent == parent)) {
            return found;
        }
    }
    return NULL;
}

/* Call a function that gives one or two of them, made from what is in up to two slots. */
static void make_some(void)
{
    handle_function function;
    fastcall_argument *const arguments = function.arguments;
    fastcall_value *const described = (fastcall_value *)(arguments + 3);
    PyObject *given[2], *parents[2] = {NULL, NULL}, *result, *found[2], *made[2];
    int is_asked = 0, are_open = 1, is_several[2] = {0, 0};
    memset(&function, 0, sizeof function);
    for (unsigned i = 0; i < 2; i++) {
        PyObject *const other = take() & 1 ? slots[below(SLOTS)] : NULL;
        given[i] = other ? other : &none;
        are_open = are_open && (!other || other->its_handle.address);
        arguments[i].kind = FASTCALL_HANDLE;
        arguments[i].size = 8;
        arguments[i].high = -1;
        arguments[i].nullable = 1;
        arguments[i].parameter = (uint8_t)i;
        arguments[i].type = other ? other->type : &handle_type;
    }
    arguments[2].kind = FASTCALL_VOID;
    arguments[2].size = 8;
    arguments[2].output = 1;
    for (unsigned i = 0; i < 2; i++) {
        fastcall_handle_class *const classes[] = {
            class_of_all, class_of_all, class_of_derived, class_of_strange};
        static const uint8_t owners[] = {'o', 'c', 'b', 'b'};
        next_made[i] = below(OBJECTS + 1);
        if (i && next_made[1] == next_made[0]) {
            next_made[1] = OBJECTS;
        }
        described[i].kind = FASTCALL_HANDLE;
        described[i].size = 8;
        described[i].is_returned = 1;
        described[i].owner = owners[below(4)];
        described[i].conversion = classes[below(4)];
        described[i].lenders = (uint16_t)below(4);
        described[i].receive = described[i].owner == 'b' ? NULL : &receiver;
        described[i].offset = i ? offsetof(fastcall_returned, outputs) : 0;
    }
    function.descriptor.arguments = 3;
    function.descriptor.parameters = function.descriptor.values = 2;
    function.descriptor.release_at = take() & 1 ? INT64_MAX : 0;
    function.descriptor.returned_size = offsetof(fastcall_returned, outputs) + 8;
    function.descriptor.name =
        (uint32_t)((char *)(described + 2) - (char *)&function.descriptor);
    function.descriptor.function = (any_function)make_in_c;
    EXPECT(fastcall_prepare(&function) == NULL);
    for (unsigned i = 0; i < 2 && are_open; i++) { /* one after the other, as C gave them */
        const unsigned index = next_made[i];
        if (index == OBJECTS) {
            continue;
        }
        owed[index] += described[i].owner != 'b';
        for (unsigned j = 0; j < 2; j++) {
            if ((described[i].lenders >> j & 1) && given[j] != &none && parents[i] != given[j]) {
                is_several[i] = parents[i] != NULL;
                parents[i] = given[j];
            }
        }
        found[i] = handle_for_address(&described[i], objects_of_c[index], parents[i]);
        is_asked |= is_several[i] || found[i] == &none;
    }
    checked_calls = unexpected_calls = 0;
    result = ((entry)function.descriptor.ml_meth)((PyObject *)&function, given, 2, NULL);
    EXPECT(result && !error_is_set && gil_is_held && checked_calls == !are_open);
    EXPECT(unexpected_calls == is_asked);
    if (!are_open || is_asked) {
        for (unsigned i = 0; i < 2 && are_open; i++) { /* Python closes what is new */
            if (next_made[i] < OBJECTS && described[i].owner != 'b') {
                owed[next_made[i]]--;
            }
        }
        Py_DecRef(result);
        return;
    }
    EXPECT(result->length == 2);
    for (unsigned i = 0; i < 2; i++) {
        const fastcall_handle_class *const of = described[i].conversion;
        made[i] = result->items[i];
        if (next_made[i] == OBJECTS) {
            EXPECT(made[i] == &none);
            continue;
        }
        EXPECT(made[i]->its_handle.address == objects_of_c[next_made[i]]);
        EXPECT(made[i]->type == of->type || made[i]->type == &derived_handle_type);
        EXPECT(!made[i]->its_handle.is_managed);
        EXPECT(described[i].owner == 'b' || made[i]->its_handle.is_owned);
        /* It lives no longer than what it was made from, unless that is its own. */
        EXPECT(made[i]->its_handle.is_owned || made[i] == parents[i] || !parents[i] ||
               made[i]->its_handle.parent == parents[i]);
        EXPECT(found[i] ? made[i] == found[i] : made[i]->holders == 1);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (made[i] != &none) {
            const unsigned slot = below(SLOTS);
            Py_IncRef(made[i]);
            empty_slot(slot);
            slots[slot] = made[i];
        }
    }
    Py_DecRef(result);
}

/* Whether C closes one without Python. */
static int is_plain_to_close(const PyObject *object)
{
    const handle *const it = &object->its_handle;
    int is_needed = 0;
    for (unsigned i = alive_count; i-- > 0;) {
        is_needed |= is_child(alive[i], object) && alive[i]->its_handle.address;
    }
    for (unsigned i = 0; i < kept_count; i++) {
        is_needed |= kept_things[i].given == object;
    }
    return it->is_owned && !it->is_managed && it->address && !is_needed;
}

static void close_one(PyObject *object, int by_function)
{
    const int is_plain = is_plain_to_close(object);
    const int is_strange = object->type == &strange_handle_type;
    PyObject *result, *argument = object;
    handle_function *const function = is_strange ? &strange_closer_function : &closer_function;
    close_result = take() % 4 == 0;
    closing_now = &object->its_handle;
    closed_now = 0;
    checked_calls = unexpected_calls = 0;
    result = by_function ? ((entry)function->descriptor.ml_meth)(
                               (PyObject *)function, &argument, 1, NULL)
                         : close_handle(object, NULL);
    closing_now = NULL;
    EXPECT(result && !error_is_set);
    if (by_function) {
        EXPECT(!closed_now == !is_plain && checked_calls == !is_plain); /* what it keeps, too */
    } else {
        const int is_closed = is_plain && object->its_handle.of->closer &&
                              object->its_handle.process == forks;
        EXPECT(result == (is_closed ? &true_ : &false_) && !closed_now == !is_closed);
    }
    if (closed_now) {
        EXPECT(unexpected_calls == close_result);
        EXPECT(object->its_handle.address == (close_result ? object->its_handle.given : NULL));
        EXPECT(!close_result || finds_all(object->its_handle.of, object->its_handle.given));
    }
    close_result = 0;
    Py_DecRef(result);
}

static uint64_t keep_result;

static uint64_t keep_in_c(uint64_t keeper, uint64_t given, uint64_t slot)
{
    (void)keeper, (void)given, (void)slot;
    return keep_result;
}

static void describe_keeping(handle_function *function)
{
    static const uint8_t given_kinds[] = {'z', 'b', 'h', 'h'};
    fastcall_descriptor *const descriptor = &function->descriptor;
    fastcall_value *const result = (fastcall_value *)(function->arguments + 3);
    memset(function, 0, sizeof *function);
    ((PyObject *)function)->holders = 1000;
    descriptor->arguments = descriptor->parameters = 3;
    descriptor->values = descriptor->has_effects = 1;
    descriptor->release_at = take() & 1 ? INT64_MAX : 0;
    descriptor->returned_size = offsetof(fastcall_returned, outputs);
    descriptor->function = (any_function)keep_in_c;
    descriptor->name = (uint32_t)((char *)(result + 1) - (char *)descriptor);
    for (unsigned i = 0; i < 3; i++) {
        function->arguments[i].parameter = (uint8_t)i;
        function->arguments[i].size = 8;
        function->arguments[i].high = -1;
    }
    function->arguments[0].kind = FASTCALL_HANDLE;
    function->arguments[0].type = function->arguments[1].type = &handle_type;
    function->arguments[1].kind = given_kinds[below(4)];
    function->arguments[1].keeper = 1;
    function->arguments[1].nullable = 1;
    function->arguments[1].is_every = take() & 1;
    function->arguments[1].slots = take() & 1 ? 4 : 0;
    if (function->arguments[1].kind == 'b') {
        function->arguments[1].type = NULL;
        function->arguments[1].item = FASTCALL_VOID;
        function->arguments[1].size = 1;
        function->arguments[1].high = INT64_MAX;
    }
    function->arguments[2].kind = FASTCALL_SIGNED;
    function->arguments[2].high = 3;
    result->kind = FASTCALL_SIGNED;
    result->size = 4;
    result->rule = FASTCALL_NONZERO;
    result->is_failure = 1;
    EXPECT(fastcall_prepare(function) == NULL);
}

/* C keeps something for a handle. */
static void keep_one(PyObject *keeper)
{
    handle_function *const function = &keep_functions[take() & 1];
    const fastcall_argument *const argument = &function->arguments[1];
    PyObject *const other = slots[below(SLOTS)];
    PyObject *given = argument->kind == 'z' ? &kept_text : argument->kind == 'b' ? &kept_buffer
                      : other              ? other      : &none;
    PyObject *result, *objects[3];
    int is_served = keeper->type != &strange_handle_type && keeper->its_handle.address &&
                    keeper->its_handle.is_owned && !keeper->its_handle.is_managed;
    const int slot = (int)below(4);
    given = take() % 8 ? given : &none;
    if (is_handle(given)) {
        is_served = is_served && given->type != &strange_handle_type && given != keeper &&
                    given->its_handle.address && !given->its_handle.is_managed &&
                    (comes_from(given, keeper) || !must_come_before(given, keeper));
    }
    if (kept_count == MOST_ALIVE || (is_handle(given) && kept_count > 5)) {
        return; /* else there may be more to look at than C does */
    }
    keep_result = take() % 4 == 0;
    objects[0] = keeper;
    objects[1] = given;
    objects[2] = PyLong_FromLongLong(slot);
    checked_calls = unexpected_calls = 0;
    result = ((entry)function->descriptor.ml_meth)((PyObject *)function, objects, 3, NULL);
    EXPECT(result && !error_is_set && checked_calls == !is_served);
    EXPECT(unexpected_calls == (is_served && keep_result));
    if (is_served && !keep_result) {
        for (unsigned i = kept_count; i-- > 0 && !argument->is_every;) {
            if (kept_things[i].keeper == keeper && kept_things[i].by == function &&
                (!argument->slots || kept_things[i].slot == slot)) {
                forget_kept(i);
            }
        }
        kept_things[kept_count].keeper = keeper;
        kept_things[kept_count].given = given;
        kept_things[kept_count].by = function;
        kept_things[kept_count++].slot = slot;
    }
    Py_DecRef(objects[2]);
    Py_DecRef(result);
}

static const handle *being_given;

static uint64_t give_in_c(uint64_t owner, uint64_t given)
{
    const handle *const it = being_given;
    EXPECT(given == (uintptr_t)it->given && it->users && !it->is_owned);
    EXPECT(owner ? it->address && (uintptr_t)it->parent->its_handle.given == owner : !it->address);
    if (!owner) {
        check_parents_in_use(it);
    }
    return (uint64_t)close_result;
}

/* C is given a handle: as another one's, or for good. */
static void give_one(PyObject *given)
{
    handle_function function;
    fastcall_value *const described = (fastcall_value *)(function.arguments + 2);
    handle *const it = &given->its_handle;
    PyObject *const other = take() & 3 ? slots[below(SLOTS)] : NULL, *const parent = it->parent;
    PyObject *objects[2] = {other ? other : &none, given}, *result;
    int is_served = it->address && it->is_owned && !it->is_managed && !it->kept, is_taken;
    if (given == other) {
        return;
    }
    memset(&function, 0, sizeof function);
    for (unsigned i = 0; i < 2; i++) {
        function.arguments[i].kind = FASTCALL_HANDLE;
        function.arguments[i].size = 8;
        function.arguments[i].high = -1;
        function.arguments[i].nullable = 1;
        function.arguments[i].parameter = (uint8_t)i;
        function.arguments[i].type = objects[i]->type;
    }
    function.arguments[1].is_given = 1;
    function.arguments[1].owner = other != NULL;
    function.arguments[1].stays_on_failure = take() & 1;
    described->kind = FASTCALL_SIGNED;
    described->size = 4;
    described->rule = FASTCALL_NONZERO;
    described->is_failure = 1;
    function.descriptor.arguments = function.descriptor.parameters = 2;
    function.descriptor.values = function.descriptor.has_effects = 1;
    function.descriptor.release_at = take() & 1 ? INT64_MAX : 0;
    function.descriptor.returned_size = offsetof(fastcall_returned, outputs);
    function.descriptor.name =
        (uint32_t)((char *)(described + 1) - (char *)&function.descriptor);
    function.descriptor.function = (any_function)give_in_c;
    EXPECT(fastcall_prepare(&function) == NULL);
    for (unsigned i = 0; i < kept_count; i++) {
        is_served = is_served && kept_things[i].given != given;
    }
    for (unsigned i = 0; i < alive_count && !other; i++) {
        is_served = is_served && !(is_child(alive[i], given) && alive[i]->its_handle.address);
    }
    if (other) {
        if (kept_count > 5) { /* there may be more to look at than C does */
            return;
        }
        is_served = is_served && other->its_handle.address && !other->its_handle.is_managed &&
                    !parent && !must_come_before(other, given);
    }
    being_given = it;
    close_result = take() & 1;
    is_taken = is_served && !(close_result && function.arguments[1].stays_on_failure);
    checked_calls = unexpected_calls = 0;
    result = ((entry)function.descriptor.ml_meth)((PyObject *)&function, objects, 2, NULL);
    EXPECT(result && !error_is_set && checked_calls == !is_served && !it->users);
    if (is_taken) {
        owed[index_of(it->given)]--;
        EXPECT(!it->is_owned && it->parent == (other ? other : parent));
        EXPECT(it->address == (other ? it->given : NULL) && it->is_given == (other != NULL));
    } else if (is_served) {
        EXPECT(it->is_owned && it->address == it->given && it->parent == parent);
        EXPECT(finds_all(it->of, it->given) && !it->is_given);
    }
    close_result = 0;
    Py_DecRef(result);
}

static void mark(const PyObject *object, int *is_reached)
{
    for (unsigned i = 0; i < alive_count; i++) {
        if (alive[i] == object && !is_reached[i]) {
            is_reached[i] = 1;
            mark(object->its_handle.parent, is_reached);
            for (const kept *each = object->its_handle.kept; each; each = each->next) {
                mark(each->given, is_reached);
            }
        }
    }
}

/* Collect garbage, as CPython does. */
static void collect(void)
{
    PyObject *garbage[MOST_ALIVE];
    int is_reached[MOST_ALIVE] = {0};
    unsigned count = 0, first;
    for (unsigned i = 0; i < SLOTS; i++) {
        mark(slots[i], is_reached);
    }
    for (unsigned i = 0; i < alive_count; i++) {
        if (!is_reached[i]) {
            Py_IncRef(garbage[count++] = alive[i]);
        }
    }
    first = take();
    for (unsigned i = 0; i < count; i++) {
        closing_now = NULL;
        finalize_handle(garbage[(first + i) % count]);
    }
    while (count > 0) {
        Py_DecRef(garbage[--count]);
    }
    closing_now = NULL;
}

static void fuzz_handles(void)
{
    static fastcall_handles *open; /* never freed, like the classes */
    unsigned steps = 4 + below(40);
    handle_type.holders = derived_handle_type.holders = strange_handle_type.holders = 1000;
    none.holders = true_.holders = false_.holders = answer.holders = 1000;
    checked.holders = unexpected_.holders = receiver.holders = 1000;
    memset(owed, 0, sizeof owed);
    close_result = 0;
    forks = 0;
    has_callbacks = take() & 1;
    describe_closer(&closer_function, &handle_type);
    describe_closer(&strange_closer_function, &strange_handle_type);
    describe_keeping(&keep_functions[0]);
    describe_keeping(&keep_functions[1]);
    kept_text.holders = kept_buffer.holders = 1000;
    kept_buffer.view.buf = memory;
    kept_count = 0;
    if (!open) {
        open = fastcall_make_handles();
        class_of_all = fastcall_describe_handles(&handle_type, &handle_type, open);
        class_of_derived = fastcall_describe_handles(&derived_handle_type, &handle_type, open);
        class_of_strange =
            fastcall_describe_handles(&strange_handle_type, &strange_handle_type, open);
    }
    fastcall_set_closer(class_of_all, &closer_function);
    fastcall_set_closer(class_of_derived, &closer_function);
    fastcall_set_closer(class_of_strange, take() & 3 ? (void *)&strange_closer_function : &none);
    while (steps-- > 0) {
        const unsigned slot = below(SLOTS);
        PyObject *const object = slots[slot];
        switch (below(12)) {
        case 0: empty_slot(slot); break;
        case 1: if (object) { close_one(object, 1); } break;
        case 7: case 8: if (object) { keep_one(object); } break;
        case 9: collect(); break;
        case 10: if (object) { give_one(object); } break;
        case 2: case 3: case 4: make_some(); break;
        case 5: if (object) { close_one(object, 0); } break;
        case 6: if (object && take() % 4 == 0) { take_over(object); } break;
        default: finder = object; empty_slot(slot); finder = NULL; break;
        }
        check_kept();
    }
    forks = take() % 8 == 0; /* then a child has none of its own */
    for (unsigned i = 0; i < SLOTS; i++) {
        empty_slot(i);
    }
    collect();
    check_kept();
    for (unsigned i = 0; i < OBJECTS; i++) {
        EXPECT(forks || owed[i] == 0);
    }
    EXPECT(live_objects == 0 && open->count == 0);
    EXPECT(handle_type.holders == 1000 && derived_handle_type.holders == 1000);
    EXPECT(strange_handle_type.holders == 1000);
    EXPECT(none.holders == 1000 || !class_of_strange->closer);
    free(open->rows);
    memset(open, 0, sizeof *open);
}

/* ------------------------------------------------------------------ the fuzzer */

static void initialise(void)
{
    const python_functions functions = {
#define PYTHON_FUNCTION_ADDRESS(result, name, arguments) name,
        PYTHON_FUNCTIONS(PYTHON_FUNCTION_ADDRESS)};
    const fastcall_python given = {(const void *const *)(const void *)&functions, &none, &true_,
        &false_, &int_type, &float_type, &type_type, &other_type, &none, &none, &none, &exporter_type,
        offsetof(PyObject, type), 64};
    EXPECT(fastcall_initialise(&given) == NULL);
    EXPECT(fastcall_initialise(&given) == NULL);
}

/* Of the stack that is passed, by shape. */
static const size_t passed_sizes[] = {
    0, 0, 8 * STACK_WORDS, 8 * LARGE_WORDS, 8 * MOST_STACK_WORDS};

/* C's function for such a result. */
static any_function function_of(const fastcall_value *result)
{
    static const any_function of_two[] = {(any_function)receive_integers,
        (any_function)receive_float_integer, (any_function)receive_integer_float,
        (any_function)receive_floats};
    if (result->kind == 't') {
        const fastcall_struct *structure = result->conversion;
        if (result->size > 16) {
            return (any_function)receive_memory;
        }
        if (result->size > 8) {
            return of_two[structure->float_eighths];
        }
        return structure->float_eighths & 1 ? (any_function)receive_float : (any_function)receive_integer;
    }
    return result->kind == 'f' ? (any_function)receive_float : (any_function)receive_integer;
}

/* Whether all of a structure has arrived where it was assigned to. */
static int has_arrived(const fastcall_argument *argument, const PyObject *object)
{
    const fastcall_struct *structure = argument->items;
    const size_t first = structure->size < 8 ? structure->size : 8;
    return !memcmp(&received[argument->location], object->fields, first) &&
           !memcmp(&received[argument->rest], object->fields + 8, structure->size - first) &&
           argument->location % (structure->is_wide ? 2 : 1) == 0; /* as the stack is */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(16) struct {
        char head[64]; /* of the bytes object whose content this is */
        fastcall_descriptor descriptor;
        fastcall_argument arguments[FASTCALL_MAX_ARGUMENTS];
        fastcall_value values[1 + FASTCALL_MAX_OUTPUTS]; /* where there are so many arguments */
    } self;
    fastcall_value *described;
    PyObject *objects[FASTCALL_MAX_ARGUMENTS], *result;
    uint64_t words[FASTCALL_MAX_ARGUMENTS];
    unsigned count, given, buffers = 0;
    int accepted;
    bytes = data;
    bytes_end = data + size;
    made_expected = 0;
    if (!api.Py_IncRef) {
        initialise();
    }
    switch (take() % 16) {
    case 0:
    case 1:
    case 2: fuzz_callback(); return 0;
    case 3: fuzz_memory(); return 0;
    case 4: fuzz_handles(); return 0;
    case 5: fuzz_sequences(); return 0;
    default: break;
    }
    memset(&self, 0, sizeof self);
    count = below(FASTCALL_MAX_ARGUMENTS + 1);
    values = 1;
    structure_count = structure_words = 0;
    self.descriptor.arguments = self.descriptor.parameters = (uint8_t)count;
    self.descriptor.release_at = take() & 1 ? INT64_MAX : below(40);
    self.descriptor.uses_errno = take() & 1;
    for (unsigned i = 0; i < count; i++) {
        take_argument(&self.arguments[i], i, &buffers);
        objects[i] = take_object(&self.arguments[i], i);
        if (self.arguments[i].kind == 'h' && objects[i] != &none) {
            objects[i]->its_handle.address = take() & 3 ? memory : NULL;
        }
    }
    returned_bytes = 0;
    described = (fastcall_value *)&self.arguments[count];
    for (unsigned i = 0; i < values; i++) {
        take_value(&described[i], i);
    }
    self.descriptor.values = (uint8_t)values;
    self.descriptor.returned_size =
        (uint16_t)(offsetof(fastcall_returned, outputs) + 8 * (values - 1));
    self.descriptor.name = (uint32_t)((char *)&described[values] - (char *)&self.descriptor);
    self.descriptor.function = function_of(described);
    if (described->kind == 't' && described->size > 16) {
        returned_bytes = described->size;
        self.descriptor.returned_size = (uint16_t)sizeof(fastcall_returned);
    }
    EXPECT(fastcall_prepare(&self) == NULL);
    for (unsigned i = 0; i < count; i++) {
        if (self.arguments[i].output) {
            locations[self.arguments[i].output] = self.arguments[i].location;
        }
    }
    stack_is_passed = passed_sizes[self.descriptor.shape];
    given = take() & 15 ? count : below(count + 1);
    has_callbacks = take() & 1;
    forks = take() & 1; /* as if what was counted in a handle was so before a fork */
    accepted = given == count ? all_expected(self.arguments, objects, count, words) : 0;
    for (unsigned i = 0; i < count; i++) {
        made_expected += self.arguments[i].kind == 'y';
    }

    c_calls = checked_calls = unexpected_calls = released = freed = 0;
    same_calls = 0;
    converter.holders = same.holders = 1000;
    for (unsigned i = 0; i < 6; i++) {
        PyObject *const shared[] = {&none, &true_, &false_, &checked, &unexpected_, &answer};
        shared[i]->holders = 1000;
    }
    result = ((entry)self.descriptor.ml_meth)((PyObject *)&self, objects, given, NULL);
    EXPECT(gil_is_held && error_is_set == (accepted < 0 ? 2 : 0));
    EXPECT(c_calls == (accepted == 1) && checked_calls == !accepted);
    if (accepted < 0) {
        EXPECT(!result && !released);
        error_is_set = 0;
    } else if (accepted) {
        EXPECT(result);
        const fastcall_argument *argument = self.arguments;
        for (unsigned i = 0; i < count; i++, argument++) {
            if (argument->kind == 't') {
                EXPECT(has_arrived(argument, objects[i]));
                continue;
            }
            /* A narrow float has the lower half of its register to itself. */
            const uint64_t mask = argument->kind == 'f' && argument->size == 4 ? UINT32_MAX
                                                                               : UINT64_MAX;
            const uint64_t word = argument->output ? before[argument->output]
                                                   : received[argument->location];
            EXPECT((word & mask) == (words[i] & mask));
        }
        EXPECT(!unexpected_calls || content.error_number == (self.descriptor.uses_errno ? 42 : 0));
        check_result(described, result);
    } else {
        EXPECT(passed == (Py_ssize_t)given && result == &answer && !released);
    }
    if (result) {
        Py_DecRef(result);
    }
    /* Nothing is held any longer. */
    EXPECT(open_views == 0);
    EXPECT(!this_thread()->current.is_in_c && !this_thread()->current.error &&
           !this_thread()->uses);
    EXPECT(none.holders == 1000 && true_.holders == 1000 && false_.holders == 1000);
    EXPECT(checked.holders == 1000 && unexpected_.holders == 1000 && answer.holders == 1000);
    for (unsigned i = 0; i < count; i++) {
        if (objects[i] != &none && objects[i] != &true_ && objects[i] != &false_) {
            EXPECT(objects[i]->holders == 1 && (objects[i]->its_handle.users & 0xFFFF) == 0);
            Py_DecRef(objects[i]);
        }
    }
    EXPECT(struct_.holders == 1 && other_.holders == 1);
    EXPECT(live_objects == 0);
    return 0;
}
