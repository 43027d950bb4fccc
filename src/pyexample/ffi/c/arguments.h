/* The conversion of arguments, from Python objects to the words of a frame. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <float.h>
#include "convention.h"
#include "keeping.h"
#include "thunks.h"

/* The buffers, handles and thunks that a call must release when it has returned. */
typedef struct {
    Py_buffer views[FASTCALL_MAX_BUFFERS];
    const fastcall_argument *owners[FASTCALL_MAX_BUFFERS]; /* of the views */
    unsigned count;                                        /* of the views */
    handle **handles;                                      /* `few`, or memory for more */
    handle *few[FASTCALL_MAX_ARGUMENTS + 1];               /* the last: see hold_parent */
    unsigned handle_count;
    thunk *thunks[FASTCALL_MAX_ARGUMENTS];
    unsigned thunk_count;
    PyObject *made[FASTCALL_MAX_ARGUMENTS]; /* objects of ctypes */
    unsigned made_count;
    kept *keeping;       /* what C is about to keep */
    kept *closing;       /* what C keeps for the handle that the call closes */
    int64_t kept_before; /* the number of what C had been made to keep before it was called */
} held_arguments;

static void hold_nothing(held_arguments *held)
{
    held->count = held->handle_count = held->thunk_count = held->made_count = 0;
    held->handles = held->few;
    held->keeping = held->closing = NULL;
}

static void release(held_arguments *held)
{
    if (held->keeping || held->closing) {
        drop_kept(&held->keeping);
        end_closing_kept(&held->closing, 1);
    }
    while (held->count > 0) {
        api.PyBuffer_Release(&held->views[--held->count]);
    }
    while (held->handle_count > 0) {
        change_users(held->handles[--held->handle_count], -1);
    }
    if (held->handles != held->few) {
        api.PyMem_Free(held->handles);
        held->handles = held->few;
    }
    while (held->thunk_count > 0) {
        return_thunk(held->thunks[--held->thunk_count]);
    }
    while (held->made_count > 0) {
        drop(held->made[--held->made_count]);
    }
}

/* The same while an error is set: an exporter's code must not run with one. */
static void release_keeping_error(held_arguments *held)
{
    PyObject *type, *error, *traceback;
    api.PyErr_Fetch(&type, &error, &traceback);
    release(held);
    api.PyErr_Restore(type, error, traceback);
}

static int is_int(PyObject *object)
{
    const void *type = type_of(object);
    return type == interpreter.int_type || (api.PyType_GetFlags(type) & Py_TPFLAGS_LONG_SUBCLASS);
}

/* Whether an error was set. Clears it, because the slow path raises its own. */
static int failed(void)
{
    if (!api.PyErr_Occurred()) {
        return 0;
    }
    api.PyErr_Clear();
    return 1;
}

/* Whether the type's __buffer__ is written in Python. Then only `slow_path` may call it,
   because the code would notice a second call. */
static int is_asked_in_python(const void *type)
{
    return getbuffer_in_python && (api.PyType_GetFlags(type) & Py_TPFLAGS_HEAPTYPE) &&
           api.PyType_GetSlot(type, Py_bf_getbuffer) == getbuffer_in_python;
}

/* PyObject_GetBuffer, but sets no error if the object has no such buffer. */
static int get_buffer(PyObject *object, Py_buffer *view, int flags)
{
    if (!api.PyObject_GetBuffer(object, view, flags)) {
        return 1;
    }
    /* TypeError: it has no buffer. NumPy raises ValueError instead of BufferError. */
    if (api.PyErr_ExceptionMatches(interpreter.buffer_error) ||
        api.PyErr_ExceptionMatches(interpreter.type_error) ||
        api.PyErr_ExceptionMatches(interpreter.value_error)) {
        api.PyErr_Clear();
    }
    return 0;
}

/* The functions below return 1 if they have converted the argument, else 0. After 0, an error
   that is set is raised; otherwise `slow_path` is called. None of them runs a method of the
   program's that is written in Python, because `slow_path` would run it a second time. */

static int convert_signed(PyObject *object, int64_t low, int64_t high, uint64_t *word)
{
    int overflow;
    long long number;
    if (!is_int(object)) {
        return 0;
    }
    number = api.PyLong_AsLongLongAndOverflow(object, &overflow);
    *word = (uint64_t)number;
    return !overflow && number >= low && number <= high;
}

static int convert_unsigned(PyObject *object, uint64_t low, uint64_t high, uint64_t *word)
{
    int overflow;
    long long number;
    if (!is_int(object)) {
        return 0;
    }
    number = api.PyLong_AsLongLongAndOverflow(object, &overflow);
    *word = (uint64_t)number;
    if (overflow > 0) {
        *word = api.PyLong_AsUnsignedLongLong(object);
        if (*word == UINT64_MAX && failed()) {
            return 0;
        }
    } else if (number < 0) {
        return 0;
    }
    return *word >= low && *word <= high;
}

static uint64_t float_word(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static int convert_float(PyObject *object, unsigned size, uint64_t *word)
{
    const void *type = type_of(object);
    double number;
    /* Other subclasses of int may have a __float__ of their own, which PyFloat_AsDouble would
       call. It does not call that of a subclass of float. */
    if (type != interpreter.float_type && type != interpreter.int_type &&
        object != interpreter.true_ && object != interpreter.false_ &&
        !api.PyType_IsSubtype(type, interpreter.float_type)) {
        return 0;
    }
    number = api.PyFloat_AsDouble(object);
    if (number == -1.0 && failed()) { /* too large an int */
        return 0;
    }
    if (size == sizeof(float)) {
        /* A finite number beyond FLT_MAX is undefined as a float (C11 6.3.1.5). */
        if ((number > FLT_MAX && number <= DBL_MAX) ||
            (number < -FLT_MAX && number >= -DBL_MAX)) {
            return 0;
        }
        *word = float_word((float)number);
    } else {
        *word = as_word(number);
    }
    return 1;
}

static int convert_string(const fastcall_argument *argument, PyObject *object, uint64_t *word)
{
    const unsigned long flags = api.PyType_GetFlags(type_of(object));
    const char *text;
    Py_ssize_t length;
    if (argument->kind == FASTCALL_STR) {
        if (!(flags & Py_TPFLAGS_UNICODE_SUBCLASS)) {
            return 0;
        }
        text = api.PyUnicode_AsUTF8AndSize(object, &length);
        if (!text) { /* lone surrogates, say */
            api.PyErr_Clear();
            return 0;
        }
    } else {
        if (!(flags & Py_TPFLAGS_BYTES_SUBCLASS)) {
            return 0;
        }
        text = api.PyBytes_AsString(object);
        length = api.PyBytes_Size(object);
        if (argument->size == 1) { /* a char */
            *word = (uint64_t)*(const signed char *)text;
            return length == 1;
        }
    }
    *word = (uintptr_t)text;
    return strlen(text) == (size_t)length;
}

/* Whether the attribute `name` of an object is `type` or a subtype of it. */
static int has_type(PyObject *object, const char *name, const void *type)
{
    PyObject *found = api.PyObject_GetAttrString(object, name);
    const int is_it = found && api.PyType_IsSubtype(type_of(found), interpreter.type_type) &&
                      api.PyType_IsSubtype(found, type);
    drop(found);
    failed();
    return is_it;
}

/* Convert what byref() returns: it holds an address and the object at that address. */
static int convert_reference(const fastcall_argument *argument, PyObject *object, uint64_t *word)
{
    PyObject *referred = api.PyObject_GetAttrString(object, "_obj");
    const int fits = referred && is_a(referred, argument->items);
    drop(referred);
    memcpy(word, (const char *)object + argument->ctypes->reference_offset, sizeof *word);
    return fits && !failed();
}

static void *memory_of(const PyObject *object, const fastcall_struct *structure)
{
    return (void *)(uintptr_t)type_at(object, structure->ctypes->memory_offset);
}

/* Copy an instance of a structure's type to where the call passes it. */
static int convert_struct(
    const fastcall_argument *argument, PyObject *object, frame *frame, uint64_t *word)
{
    const fastcall_struct *structure = argument->items;
    if (!is_a(object, structure->type)) {
        return 0;
    }
    *word = store_struct(frame, argument, structure, memory_of(object, structure));
    return 1;
}

/* Convert what the from_param of a ctypes pointer type accepts: a pointer, an instance of the
   type that it points to, an array of those, or a reference. */
static int convert_pointer(const fastcall_argument *argument, PyObject *object, uint64_t *word)
{
    const fastcall_ctypes *ctypes = argument->ctypes;
    const void *type = type_of(object);
    int is_pointer = type == argument->type;
    Py_buffer view;
    if (type == ctypes->reference) {
        return convert_reference(argument, object, word);
    }
    if (!is_pointer && !api.PyType_IsSubtype(type, argument->items)) {
        is_pointer = api.PyType_IsSubtype(type, ctypes->pointer);
        if ((!is_pointer && !api.PyType_IsSubtype(type, ctypes->array)) ||
            !has_type((PyObject *)(uintptr_t)type, "_type_", argument->items)) {
            return 0;
        }
    }
    if (is_asked_in_python(type) || !get_buffer(object, &view, PyBUF_SIMPLE)) {
        return 0;
    }
    *word = (uintptr_t)view.buf;
    if (is_pointer) { /* its buffer is the pointer itself */
        memcpy(word, view.buf, sizeof *word);
    }
    api.PyBuffer_Release(&view);
    return 1;
}

/* Until C has closed a handle, what that needs must not be closed. */
static void hold_parent(const handle *closing, held_arguments *held)
{
    if (closing->parent) {
        handle *const parent = handle_of(closing->parent);
        add_user(parent);
        held->handles[held->handle_count++] = parent;
    }
}

static int convert_handle(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    handle *used;
    if (!is_a(object, argument->type)) {
        return 0;
    }
    used = handle_of(object); /* lives as long as the object, which the caller keeps alive */
    /* Add the user before reading the address: closing clears the address before it counts the
       users, so either it sees this user, or this call sees NULL. */
    add_user(used);
    held->handles[held->handle_count++] = used;
    *word = (uintptr_t)GET_POINTER(&used->address);
    return *word != 0 && *word <= (uint64_t)argument->high && (used->of || !argument->is_any);
}

static PyObject *call_python(PyObject *function, PyObject *first, PyObject *const *arguments,
    Py_ssize_t count, PyObject *names);

/* Returns a new reference to what a Python function makes of an argument, or NULL with an error
   set. It is None, or an object of ctypes, whose content is stored. */
COLD static PyObject *make(const fastcall_argument *argument, PyObject *object, uint64_t *word)
{
    PyObject *const made =
        call_python((PyObject *)(uintptr_t)argument->type, NULL, &object, 1, NULL);
    if (made && made != interpreter.none) {
        memcpy(word, type_at(made, argument->ctypes->memory_offset), sizeof *word);
    }
    return made;
}

COLD static int convert_made(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    PyObject *const made = make(argument, object, word);
    if (!made) {
        return 0;
    }
    held->made[held->made_count++] = made;
    return made != interpreter.none;
}

/* Convert a Python function to a function pointer. If it is a C function, which has a pointer of
   its own, `slow_path` passes that. If C keeps it, the pointer is made last. */
static int convert_callback(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    any_function address;
    thunk *taken;
    if (type_of(object) == argument->items || !api.PyCallable_Check(object)) {
        return 0;
    }
    if (argument->keeper) {
        *word = 0;
        return 1;
    }
    taken = take_thunk((PyObject *)(uintptr_t)argument->type);
    if (!taken) {
        return 0;
    }
    fastcall_expect_callbacks();
    held->thunks[held->thunk_count++] = taken;
    SET_POINTER(&taken->function, object); /* which the caller keeps alive */
    address = thunk_address((unsigned)(taken - thunks));
    memcpy(word, &address, sizeof address);
    return 1;
}

/* The kind of an item with this format of the struct module, or 0. */
static int kind_of_item(const char *format)
{
    if (!format) {
        return FASTCALL_UNSIGNED; /* buffer.html: NULL is "B" */
    }
    /* All supported processors are little-endian. */
    if (*format == '@' || *format == '=' || *format == '<') {
        format++;
    }
    if (*format == '\0' || format[1] != '\0') {
        return 0;
    }
    switch (*format) {
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n': return FASTCALL_SIGNED;
    case 'B':
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N':
    case 'c': return FASTCALL_UNSIGNED;
    case 'f':
    case 'd': return FASTCALL_FLOAT;
    case '?': return FASTCALL_BOOL;
    case 'e': return FASTCALL_HALF;
    case 'u':
    case 'w': return FASTCALL_WIDE;
    default: return 0;
    }
}

/* Make room for more handles than a function has arguments. */
COLD static int hold_more_handles(held_arguments *held, Py_ssize_t count)
{
    const size_t most = held->handle_count + (size_t)count + FASTCALL_MAX_ARGUMENTS + 1;
    handle **more = api.PyMem_Malloc(most * sizeof *more);
    if (!more) {
        (void)api.PyErr_NoMemory();
        return 0;
    }
    memcpy(more, held->handles, held->handle_count * sizeof *more);
    if (held->handles != held->few) {
        api.PyMem_Free(held->handles);
    }
    held->handles = more;
    return 1;
}

/* The number of items of a buffer, or -1. */
static Py_ssize_t items_of(const fastcall_argument *argument, const Py_buffer *view)
{
    if (argument->shift != FASTCALL_DIVIDE) {
        return view->len >> argument->shift;
    }
    return view->itemsize > 0 ? view->len / view->itemsize : -1;
}

static size_t item_size(const fastcall_argument *item)
{
    return item->kind == FASTCALL_STRUCT ? ((const fastcall_struct *)item->items)->size
                                         : item->size;
}

/* Whether a BUFFER is an array of handles. */
static int holds_handles(const fastcall_argument *argument)
{
    const fastcall_argument *const item = argument->items;
    return item && item->kind == FASTCALL_HANDLE;
}

/* Whether the last item of a buffer is zeros. */
COLD static int ends_with_zeros(const fastcall_argument *argument, const Py_buffer *view)
{
    const char *const content = view->buf;
    if (view->len < argument->size) {
        return 0;
    }
    for (Py_ssize_t i = view->len - argument->size; i < view->len; i++) {
        if (content[i]) {
            return 0;
        }
    }
    return 1;
}

static int convert(
    const fastcall_argument *, PyObject *const *, held_arguments *, frame *, uint64_t *);

/* Store an item of an array that is made of a list or tuple. */
COLD static int convert_item(
    const fastcall_argument *item, PyObject *object, held_arguments *held, char *place)
{
    uint64_t word;
    if (item->kind == FASTCALL_STRUCT) {
        const fastcall_struct *const structure = item->items;
        if (!is_a(object, structure->type)) {
            return 0;
        }
        memcpy(place, memory_of(object, structure), structure->size);
        return 1;
    }
    if (!convert(item, &object, held, NULL, &word)) {
        return 0;
    }
    memcpy(place, &word, item->size);
    return 1;
}

/* Make an array of a list or tuple. Its view holds the memory, and the items as they are now. */
COLD static int convert_sequence(
    const fastcall_argument *argument, PyObject *object, held_arguments *held)
{
    const fastcall_argument *item = argument->items;
    const unsigned long flags = api.PyType_GetFlags(type_of(object));
    Py_buffer *view = &held->views[held->count];
    void *memory = NULL;
    PyObject *parts[2];
    Py_ssize_t count;
    size_t size;
    uint64_t address;
    if (!(flags & (Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS)) ||
        (flags & Py_TPFLAGS_HEAPTYPE)) { /* whose __iter__ may be Python code */
        return 0;
    }
    parts[0] = api.PySequence_Tuple(object);
    if (!parts[0]) {
        return 0;
    }
    count = api.PyTuple_Size(parts[0]);
    size = item_size(item);
    address = make_memory(&memory, (uint64_t)(count + argument->is_terminated) * size);
    if (!address) {
        drop(parts[0]);
        return 0;
    }
    parts[1] = memory;
    memset(view, 0, sizeof *view);
    view->obj = tuple_of(parts, 2);
    if (!view->obj) {
        return 0;
    }
    view->buf = (void *)(uintptr_t)address;
    view->len = count * (Py_ssize_t)size;
    view->itemsize = (Py_ssize_t)size;
    held->owners[held->count++] = argument;
    if (holds_handles(argument) && !hold_more_handles(held, count)) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        char *const place = (char *)view->buf + i * (Py_ssize_t)size;
        if (!convert_item(item, api.PyTuple_GetItem(parts[0], i), held, place)) {
            return 0;
        }
    }
    return 1;
}

static int convert_buffer(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    Py_buffer *view = &held->views[held->count];
    const int flags = PyBUF_FORMAT | PyBUF_C_CONTIGUOUS;
    Py_ssize_t items;
    if (argument->nullable && object == interpreter.none) { /* counted as no items */
        memset(view, 0, sizeof *view);
        view->itemsize = argument->items ? (Py_ssize_t)item_size(argument->items) : 1;
        held->owners[held->count++] = argument;
        *word = 0;
        return 1;
    }
    if (argument->items) {
        if (!convert_sequence(argument, object, held)) {
            return 0;
        }
    } else {
        if (is_asked_in_python(type_of(object)) ||
            !get_buffer(object, view, argument->writable ? flags | PyBUF_WRITABLE : flags)) {
            return 0;
        }
        held->owners[held->count++] = argument;
    }
    *word = (uintptr_t)view->buf;
    items = items_of(argument, view);
    if (items < argument->low || items > argument->high ||
        (argument->is_terminated && !argument->items && !ends_with_zeros(argument, view))) {
        return 0;
    }
    if (argument->item == FASTCALL_VOID) {
        return 1;
    }
    return view->itemsize == argument->size && kind_of_item(view->format) == argument->item &&
           ((*word & (argument->size - 1U)) == 0 || view->len == 0);
}

/* The number of items of FILLED memory, the value with this number. */
static Py_ssize_t items_in(
    const fastcall_returned *returned, const fastcall_value *values, unsigned value)
{
    return api.PyBytes_Size(returned->memories[value]) / values[value].item_size;
}

static int convert_count(const fastcall_argument *argument, const held_arguments *held,
    const fastcall_returned *returned, const fastcall_value *values, uint64_t *word)
{
    Py_ssize_t count = -1;
    if (argument->memory) {
        count = items_in(returned, values, argument->memory);
    }
    for (unsigned i = 0; i < held->count; i++) {
        if (argument->buffers & 1U << i) {
            const Py_buffer *const view = &held->views[i];
            const Py_ssize_t items =
                argument->is_size ? view->itemsize : items_of(held->owners[i], view);
            if (count >= 0 && items != count) {
                return 0;
            }
            count = items;
        }
    }
    *word = (uint64_t)count;
    return count <= argument->high;
}

/* Whether no writable buffer overlaps another one. With in_place, it may be exactly the same
   memory. */
static int are_apart(const held_arguments *held)
{
    for (unsigned i = 0; i < held->count; i++) {
        const Py_buffer *one = &held->views[i];
        if (!held->owners[i]->writable) {
            continue;
        }
        for (unsigned j = 0; j < held->count; j++) {
            const Py_buffer *other = &held->views[j];
            const uintptr_t a = (uintptr_t)one->buf, b = (uintptr_t)other->buf;
            if (i == j || a >= b + (size_t)other->len || b >= a + (size_t)one->len) {
                continue;
            }
            if (!held->owners[i]->in_place || a != b || one->len != other->len) {
                return 0;
            }
        }
    }
    return 1;
}

static int convert_pointer_or_none(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    if (object == interpreter.none) {
        *word = 0;
        return argument->nullable;
    }
    switch (argument->kind) {
    case FASTCALL_ADDRESS: return convert_unsigned(object, 0, UINT64_MAX, word);
    case FASTCALL_POINTER: return convert_pointer(argument, object, word);
    case FASTCALL_HANDLE: return convert_handle(argument, object, held, word);
    case FASTCALL_CALLBACK: return convert_callback(argument, object, held, word);
    default: return convert_string(argument, object, word);
    }
}

static int convert(const fastcall_argument *argument, PyObject *const *objects,
    held_arguments *held, frame *frame, uint64_t *word)
{
    PyObject *const *place = &objects[argument->parameter]; /* where there may be no object */
    switch (argument->kind) {
    case FASTCALL_SIGNED: return convert_signed(*place, argument->low, argument->high, word);
    case FASTCALL_UNSIGNED:
        return convert_unsigned(*place, (uint64_t)argument->low, (uint64_t)argument->high, word);
    case FASTCALL_BOOL:
        *word = *place == interpreter.true_;
        return *place == interpreter.true_ || *place == interpreter.false_;
    case FASTCALL_FLOAT: return convert_float(*place, argument->size, word);
    case FASTCALL_BUFFER: return convert_buffer(argument, *place, held, word);
    case FASTCALL_STRUCT: return convert_struct(argument, *place, frame, word);
    case FASTCALL_MADE:
        if (argument->keeper) { /* it is made last */
            *word = 0;
            return *place != interpreter.none || argument->nullable;
        }
        return convert_made(argument, *place, held, word);
    case FASTCALL_VOID:
    case FASTCALL_COUNT: /* which are converted last */
    case FASTCALL_FILLED:
    case FASTCALL_LENGTH: *word = 0; return 1;
    case FASTCALL_CONSTANT: *word = (uint64_t)argument->low; return 1;
    default: return convert_pointer_or_none(argument, *place, held, word);
    }
}

#endif
