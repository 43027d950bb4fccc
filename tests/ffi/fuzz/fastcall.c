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
    const void *type;
    handle its_handle; /* none: an object's holders are in the same place */
    long holders;      /* not counted */
    unsigned long flags;
} type;

#define TYPE(flags) {&type_type, {NULL, 0}, 1000000000, flags}
static type type_type = TYPE(0), int_type = TYPE(Py_TPFLAGS_LONG_SUBCLASS),
            bool_type = TYPE(Py_TPFLAGS_LONG_SUBCLASS), float_type = TYPE(0),
            bytes_type = TYPE(Py_TPFLAGS_BYTES_SUBCLASS),
            str_type = TYPE(Py_TPFLAGS_UNICODE_SUBCLASS), other_type = TYPE(0),
            pointer_type = TYPE(0), buffer_type = TYPE(Py_TPFLAGS_HEAPTYPE),
            exporter_type = TYPE(Py_TPFLAGS_HEAPTYPE); /* its __buffer__ is Python code */
/* Of ctypes: pointer_type points to struct_type. */
static type struct_type = TYPE(0), array_type = TYPE(0), reference_type = TYPE(0),
            any_pointer_type = TYPE(0), narrow_array_type = TYPE(0), derived_type = TYPE(0);

struct PyObject {
    const type *type;
    handle its_handle; /* of a HANDLE, which is an object like any other here */
    long holders;
    __int128 number;
    double real;
    const char *text; /* NULL: a str that cannot be encoded */
    Py_ssize_t length;
    Py_buffer view;
    int is_contiguous;
    int raises; /* when a buffer is asked for, an error of its own */
    const type *of; /* of what a reference is of */
    PyObject *items[FASTCALL_MAX_ARGUMENTS + 2]; /* of a tuple */
    char fields[8 * FASTCALL_STRUCT_WORDS];      /* of a structure */
};

static PyObject struct_ = {.type = &struct_type, .holders = 1},
                other_ = {.type = &other_type, .holders = 1};
static PyObject none = {.type = &other_type}, true_ = {.type = &bool_type, .number = 1},
                false_ = {.type = &bool_type}, checked = {.type = &other_type},
                unexpected_ = {.type = &other_type}, answer = {.type = &other_type},
                careful = {.type = &other_type}, answering = {.type = &other_type};
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

static void Py_DecRef(PyObject *object)
{
    if (--object->holders == 0) {
        for (Py_ssize_t i = 0; i < object->length && object->type == &other_type; i++) {
            Py_DecRef(object->items[i]);
        }
        free(object);
        live_objects--;
    }
}

static unsigned long PyType_GetFlags(const void *its_type)
{
    return ((const type *)its_type)->flags;
}

static int PyType_IsSubtype(const void *one, const void *other)
{
    return one == other || (other == &array_type && one == &narrow_array_type) ||
           (other == &struct_type && one == &derived_type);
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

static void PyMem_Free(void *memory)
{
    free(memory);
}

static PyObject *PyType_FromSpec(PyType_Spec *spec)
{
    (void)spec;
    abort(); /* what makes handles is not fuzzed */
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

static fastcall_returned content; /* that `unexpected` got */

static PyObject *call_careful_or_answer(PyObject *function, PyObject *const *arguments);

static PyObject *PyObject_Call(PyObject *function, PyObject *positional, PyObject *keywords)
{
    EXPECT(gil_is_held && !error_is_set && !keywords);
    if (function == &careful || function == &answering) {
        return call_careful_or_answer(function, positional->items);
    }
    checked_calls += function == &checked;
    unexpected_calls += function == &unexpected_;
    if (function == &unexpected_) {
        memcpy(&content, positional->items[0]->text, (size_t)positional->items[0]->length);
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

static PyObject *PyLong_FromLongLong(long long number)
{
    PyObject *object = new_object(&int_type);
    object->number = number;
    return object;
}

static PyObject *PyLong_FromUnsignedLongLong(unsigned long long number)
{
    PyObject *object = new_object(&int_type);
    object->number = number;
    return object;
}

static double PyFloat_AsDouble(PyObject *object)
{
    return object->type == &float_type ? object->real : (double)object->number;
}

static PyObject *PyFloat_FromDouble(double number)
{
    PyObject *object = new_object(&float_type);
    object->real = number;
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

static PyObject *PyBytes_FromStringAndSize(const char *text, Py_ssize_t length)
{
    PyObject *object = new_object(&bytes_type);
    object->text = text;
    object->length = length;
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

static void PyBuffer_Release(Py_buffer *view)
{
    EXPECT(!error_is_set);
    if (view->obj) { /* as in CPython: none for None */
        open_views--;
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
    for (unsigned each = 1; each < values; each++) {
        uint64_t *const place = (uint64_t *)(uintptr_t)received[locations[each]];
        before[each] = *place;
        *place = written[each];
    }
    c_calls++;
    errno = 42;
}

#define RECEIVE                                        \
    const uint64_t integers[] = {a, b, c, d, e, f};    \
    const double floats[] = {g, h, i, j, k, l, m, n};  \
    receive_all(integers, floats, &stack);

RECEIVES uint64_t receive(REGISTERS)
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
    'i', 'u', '?', 'f', 'z', 's', 'P', 'p', 'h', 'b', 'n', 'k', 'v', 't', 't'};

static void *pointers[FASTCALL_MAX_ARGUMENTS];
static const fastcall_ctypes ctypes = {
    &array_type, &any_pointer_type, &reference_type, offsetof(PyObject, view.buf),
    offsetof(PyObject, view.buf), new_structure, &none};

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

static void take_argument(fastcall_argument *argument, unsigned index, unsigned *buffers,
    unsigned *handle_count)
{
    static const uint8_t item_kinds[] = {'i', 'u', 'f', '?', 'v'};
    memset(argument, 0, sizeof *argument);
    argument->kind = (uint8_t)kinds[below(sizeof kinds / sizeof *kinds)];
    if ((argument->kind == 'n' && *buffers == 0) ||
        (argument->kind == 'v' && values > FASTCALL_MAX_OUTPUTS) ||
        (argument->kind == 'b' && *buffers == FASTCALL_MAX_BUFFERS) ||
        (argument->kind == 'h' && *handle_count == FASTCALL_MAX_HANDLES) ||
        (argument->kind == 't' && structure_words >= FASTCALL_STRUCT_WORDS)) {
        argument->kind = 'i';
    }
    argument->parameter = (uint8_t)index;
    argument->size = (uint8_t)(1U << below(4));
    argument->nullable = take() & 1;
    argument->type = argument->kind == 'h' ? &buffer_type : &pointer_type;
    argument->items = &struct_type;
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
    *handle_count += argument->kind == 'h';
    if (argument->kind == 'v' ||
        (strchr("iu?fP", argument->kind) && values <= FASTCALL_MAX_OUTPUTS && take() % 4 == 0)) {
        argument->output = (uint8_t)values++;
    }
}

static void take_value(fastcall_value *value, unsigned index)
{
    static const uint8_t value_kinds[] = {'i', 'u', '?', 'f', 'P', 'z', 's', 'v', 't', 't'};
    static const uint8_t rules[] = {0, 0, 0, 'z', 'n', '-', 'i', 'o', 'c'};
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
    } else if (strchr("Pzs", value->kind)) {
        value->size = 8;
        if (value->kind != 'P') {
            written[index] = take() & 1 ? (uintptr_t)"text" : 0;
            value->free = take() & 1 ? (void (*)(void))free_text : NULL;
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
    static const char *const texts[] = {"", "text", "with\0NUL", NULL};
    static const Py_ssize_t lengths[] = {0, 4, 8, 0};
    const unsigned choice = take(), format = below(FORMATS), text = below(4);
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
        object->view.len = below(9);
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
            return *word != 0;
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
    switch (value->rule) {
    case 'z': return number == 0;
    case 'n': return number != 0;
    case '-': return number < 0;
    case 'i': return number >= low && number <= high;
    case 'o': return number < low || number > high;
    case 'c': return word & 1;
    default: return 0;
    }
}

static int is_unknown(const fastcall_value *value, uint64_t word)
{
    return value->kind != 't' && value->conversion && number_of(value, word) % 2 != 0;
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
    if (value->conversion) {
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
    int is_asked = 0;
    for (unsigned i = 0; i < values; i++) {
        is_asked |= must_be_unexpected(&described[i], written[i]);
        is_asked |= is_unknown(&described[i], written[i]);
        returned += described[i].is_returned;
        to_free += described[i].free && written[i];
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
    EXPECT(function == &callable && function->holders == 2 && !current.is_in_c);
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
    EXPECT(!current.is_in_c);
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
        EXPECT(gil_is_held && !current.is_in_c && !current.error && !error_is_set);
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
        return structure->float_eighths & 1 ? (any_function)receive_float : (any_function)receive;
    }
    return result->kind == 'f' ? (any_function)receive_float : (any_function)receive;
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
    unsigned count, given, buffers = 0, handle_count = 0;
    int accepted;
    bytes = data;
    bytes_end = data + size;
    if (!api.Py_IncRef) {
        initialise();
    }
    if (take() % 4 == 0) {
        fuzz_callback();
        return 0;
    }
    memset(&self, 0, sizeof self);
    count = below(FASTCALL_MAX_ARGUMENTS + 1);
    values = 1;
    structure_count = structure_words = 0;
    self.descriptor.arguments = self.descriptor.parameters = (uint8_t)count;
    self.descriptor.release_at = take() & 1 ? INT64_MAX : below(40);
    self.descriptor.uses_errno = take() & 1;
    for (unsigned i = 0; i < count; i++) {
        const unsigned handles_before = handle_count;
        take_argument(&self.arguments[i], i, &buffers, &handle_count);
        objects[i] = take_object(&self.arguments[i], i);
        if (handle_count > handles_before && objects[i] != &none) {
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

    c_calls = checked_calls = unexpected_calls = released = freed = 0;
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
    EXPECT(!current.is_in_c && !current.error && !uses);
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
