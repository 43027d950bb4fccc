/* The entry points of builtin functions: see fastcall.h. */
#include "fastcall.h"

#include <errno.h>
#include <float.h>
#include <stdarg.h>
#include <string.h>

#include "convention.h"
#include "handles.h"

int32_t fastcall_abi_version(void)
{
    return FASTCALL_ABI_VERSION;
}

#define PYTHON_FUNCTION_NAME(result, name, arguments) #name " "
const char *fastcall_imports(void)
{
    return PYTHON_FUNCTIONS(PYTHON_FUNCTION_NAME);
}

static fastcall_descriptor *descriptor_of(PyObject *self)
{
    return (fastcall_descriptor *)(void *)((char *)self + interpreter.bytes_offset);
}

static const fastcall_argument *arguments_of(const fastcall_descriptor *descriptor)
{
    return (const fastcall_argument *)(const void *)(descriptor + 1);
}

static const fastcall_value *values_of(const fastcall_descriptor *descriptor)
{
    return (
        const fastcall_value *)(const void *)(arguments_of(descriptor) + descriptor->arguments);
}

#include "thunks.h"

/* ---------------------------------------------------------------- arguments */

/* The buffers, handles and thunks that a call must release when it has returned. */
typedef struct {
    Py_buffer views[FASTCALL_MAX_BUFFERS];
    const fastcall_argument *owners[FASTCALL_MAX_BUFFERS]; /* of the views */
    unsigned count;                                        /* of the views */
    handle *handles[FASTCALL_MAX_HANDLES];
    unsigned handle_count;
    thunk *thunks[FASTCALL_MAX_CALLBACKS];
    unsigned thunk_count;
} held_arguments;

static void release(held_arguments *held)
{
    while (held->count > 0) {
        api.PyBuffer_Release(&held->views[--held->count]);
    }
    while (held->handle_count > 0) {
        ADD(&held->handles[--held->handle_count]->users, -1);
    }
    while (held->thunk_count > 0) {
        return_thunk(held->thunks[--held->thunk_count]);
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
   that is set is raised; otherwise `slow_path` is called. None of them runs a method that is
   written in Python, because `slow_path` would run it a second time. */

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
    const int fits = referred && api.PyType_IsSubtype(type_of(referred), argument->items);
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
    const void *type = type_of(object);
    if (type != structure->type && !api.PyType_IsSubtype(type, structure->type)) {
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

static int convert_handle(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    const void *type = type_of(object);
    handle *used;
    if (type != argument->type && !api.PyType_IsSubtype(type, argument->type)) {
        return 0;
    }
    used = handle_of(object); /* lives as long as the object, which the caller keeps alive */
    /* Add the user before reading the address: closing clears the address before it counts the
       users, so either it sees this user, or this call sees NULL. */
    add_user(used);
    held->handles[held->handle_count++] = used;
    *word = (uintptr_t)GET_POINTER(&used->address);
    return *word != 0;
}

/* Convert a Python function to a function pointer. If it is a C function, which has a pointer of
   its own, `slow_path` passes that. */
static int convert_callback(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    any_function address;
    thunk *taken;
    if (type_of(object) == argument->items || !api.PyCallable_Check(object)) {
        return 0;
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
    default: return 0;
    }
}

static int convert_buffer(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    Py_buffer *view = &held->views[held->count];
    const int flags = PyBUF_FORMAT | PyBUF_C_CONTIGUOUS;
    Py_ssize_t items;
    if (argument->nullable && object == interpreter.none) { /* counted as no items */
        memset(view, 0, sizeof *view);
        held->owners[held->count++] = argument;
        *word = 0;
        return 1;
    }
    if (is_asked_in_python(type_of(object)) ||
        !get_buffer(object, view, argument->writable ? flags | PyBUF_WRITABLE : flags)) {
        return 0;
    }
    held->owners[held->count++] = argument;
    *word = (uintptr_t)view->buf;
    items = view->len >> argument->shift;
    if (items < argument->low || items > argument->high) {
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
    return api.PyBytes_Size(returned->memories[value]) / values[value].size;
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
            const Py_ssize_t items = held->views[i].len >> held->owners[i]->shift;
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
    case FASTCALL_VOID:
    case FASTCALL_COUNT: /* which are converted last */
    case FASTCALL_FILLED:
    case FASTCALL_LENGTH: *word = 0; return 1;
    case FASTCALL_CONSTANT: *word = (uint64_t)argument->low; return 1;
    default: return convert_pointer_or_none(argument, *place, held, word);
    }
}

/* ------------------------------------------------------------------- result */

/* The ABI leaves the bits above a narrow result undefined: truncate and extend it. */
static int64_t extend_signed(uint64_t word, unsigned size)
{
    switch (size) {
    case 1: return (int8_t)word;
    case 2: return (int16_t)word;
    case 4: return (int32_t)word;
    default: return (int64_t)word;
    }
}

static uint64_t extend_unsigned(uint64_t word, unsigned size)
{
    return size == 8 ? word : word & ((UINT64_C(1) << 8 * size) - 1);
}

static PyObject *keywords_of(PyObject *const *values, PyObject *names)
{
    PyObject *keywords = api.PyDict_New();
    for (Py_ssize_t i = 0; keywords && i < api.PyTuple_Size(names); i++) {
        if (api.PyDict_SetItem(keywords, api.PyTuple_GetItem(names, i), values[i])) {
            api.Py_DecRef(keywords);
            keywords = NULL;
        }
    }
    return keywords;
}

/* Call a Python function with `first` (if it is not NULL), whose reference is stolen, and the
   arguments of a call. */
static PyObject *call_python(PyObject *function, PyObject *first, PyObject *const *arguments,
    Py_ssize_t count, PyObject *names)
{
    const Py_ssize_t start = first ? 1 : 0;
    PyObject *positional = function ? api.PyTuple_New(start + count) : NULL;
    PyObject *keywords = NULL, *result = NULL;
    if (!positional) {
        drop(first);
        goto done;
    }
    if (first) {
        api.PyTuple_SetItem(positional, 0, first); /* steals the reference */
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        api.PyTuple_SetItem(positional, start + i, new_reference(arguments[i]));
    }
    if (names) {
        keywords = keywords_of(arguments + count, names);
        if (!keywords) {
            goto done;
        }
    }
    result = api.PyObject_Call(function, positional, keywords);
done:
    drop(keywords);
    drop(positional);
    return result;
}

/* The same for the attribute `name` of `self`. */
static PyObject *call_attribute(PyObject *self, const char *name, PyObject *first,
    PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    PyObject *function = api.PyObject_GetAttrString(self, name);
    PyObject *result = call_python(function, first, arguments, count, names);
    drop(function);
    return result;
}

/* Returns what a dict has for an integer, whose reference is stolen, or NULL without an error. */
static PyObject *look_up(PyObject *conversion, PyObject *number)
{
    PyObject *item = number ? api.PyObject_GetItem(conversion, number) : NULL;
    if (!item) {
        api.PyErr_Clear();
    }
    drop(number);
    return item;
}

/* Returns a new instance of a ctypes type, without its __new__ and __init__, as ctypes itself
   makes it of a result. */
static PyObject *new_struct(const fastcall_value *value, const void *place)
{
    const fastcall_struct *structure = value->conversion;
    void *const slot = api.PyType_GetSlot(structure->ctypes->structure, Py_tp_new);
    PyObject *const nothing = api.PyTuple_New(0);
    PyObject *made;
    newfunc new_instance;
    if (!nothing) {
        return NULL;
    }
    memcpy(&new_instance, &slot, sizeof slot);
    made = new_instance(structure->type, nothing, NULL);
    drop(nothing);
    if (made) {
        memcpy(memory_of(made, structure), place, structure->size);
    }
    return made;
}

static PyObject *new_integer(const fastcall_value *value, uint64_t word)
{
    PyObject *number = value->kind == FASTCALL_SIGNED
                           ? api.PyLong_FromLongLong(extend_signed(word, value->size))
                           : api.PyLong_FromUnsignedLongLong(extend_unsigned(word, value->size));
    return value->conversion ? look_up(value->conversion, number) : number;
}

static PyObject *new_float(const fastcall_value *value, uint64_t word)
{
    const uint32_t bits = (uint32_t)word;
    float narrow;
    if (value->size == sizeof(double)) {
        return api.PyFloat_FromDouble(as_double(word));
    }
    memcpy(&narrow, &bits, sizeof narrow);
    return api.PyFloat_FromDouble((double)narrow);
}

static uint64_t word_at(const void *place)
{
    uint64_t word;
    memcpy(&word, place, sizeof word);
    return word;
}

/* Returns the Python object for a value, or NULL: with an error set, or without one if Python
   must interpret the value. */
static PyObject *convert_value(const fastcall_value *value, const void *place)
{
    const uint64_t word = word_at(place);
    switch (value->kind) {
    case FASTCALL_SIGNED:
    case FASTCALL_UNSIGNED: return new_integer(value, word);
    case FASTCALL_BOOL:
        return new_reference(
            extend_unsigned(word, value->size) ? interpreter.true_ : interpreter.false_);
    case FASTCALL_FLOAT: return new_float(value, word);
    case FASTCALL_STRUCT: return new_struct(value, place);
    default: /* pointers */ break;
    }
    if (word == 0) {
        return new_reference(interpreter.none);
    }
    switch (value->kind) {
    case FASTCALL_BYTES: return api.PyBytes_FromString((const char *)(uintptr_t)word);
    case FASTCALL_STR: return api.PyUnicode_FromString((const char *)(uintptr_t)word);
    default: return api.PyLong_FromUnsignedLongLong(word);
    }
}

/* Call a C function that a declaration names. */
CALLS_ANOTHER_TYPE
static uint64_t call_with_word(void (*function)(void), uint64_t word)
{
    return ((uint64_t (*)(uint64_t OR_VARIADIC))function)(word);
}

/* Whether an integer is in low..high. */
static int is_within(const fastcall_value *value, uint64_t word)
{
    if (value->kind == FASTCALL_SIGNED) {
        const int64_t number = extend_signed(word, value->size);
        return number >= value->low && number <= value->high;
    }
    word = extend_unsigned(word, value->size);
    return word >= (uint64_t)value->low && word <= (uint64_t)value->high;
}

/* The integer that a value is. */
static int64_t number_in(const fastcall_value *value, const fastcall_returned *returned)
{
    const uint64_t word = word_at((const char *)returned + value->offset);
    return value->kind == FASTCALL_SIGNED ? extend_signed(word, value->size)
                                          : (int64_t)extend_unsigned(word, value->size);
}

/* Whether the rule of a value says that Python must interpret what came back. */
static int is_unexpected(const fastcall_value *value, const void *place)
{
    const uint64_t word = word_at(place);
    switch (value->rule) {
    case FASTCALL_NEVER: return 0;
    case FASTCALL_ZERO: return extend_unsigned(word, value->size) == 0;
    case FASTCALL_NONZERO: return extend_unsigned(word, value->size) != 0;
    case FASTCALL_NEGATIVE: return extend_signed(word, value->size) < 0;
    case FASTCALL_INSIDE: return is_within(value, word);
    case FASTCALL_OUTSIDE: return !is_within(value, word);
    default: return extend_unsigned(call_with_word(value->check, word), value->check_size) != 0;
    }
}

static const void *place_of(const fastcall_value *value, const fastcall_returned *returned)
{
    return (const char *)returned + value->offset;
}

/* Find the handle among the arguments that a handle which comes back needs, or NULL. Returns 0 if
   there are several, which only Python stores. */
static int find_parent(const fastcall_descriptor *descriptor, const fastcall_value *value,
    PyObject *const *arguments, PyObject **parent)
{
    *parent = NULL;
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        const fastcall_argument *argument = &arguments_of(descriptor)[i];
        if (argument->kind == FASTCALL_HANDLE && (value->lenders & 1U << argument->parameter)) {
            PyObject *given = arguments[argument->parameter];
            if (given != interpreter.none && given != *parent) {
                if (*parent) {
                    return 0;
                }
                *parent = given;
            }
        }
    }
    return 1;
}

/* The same as convert_value, for memory that C has filled. */
static PyObject *convert_filled(const fastcall_descriptor *descriptor,
    const fastcall_value *value, const fastcall_returned *returned)
{
    const fastcall_value *values = values_of(descriptor);
    PyObject *const memory = returned->memories[value - values], *made;
    const char *const content = api.PyBytes_AsString(memory);
    const Py_ssize_t size = api.PyBytes_Size(memory);
    Py_ssize_t valid = size;
    if (value->length) {
        const int64_t items = number_in(&values[value->length - 1], returned);
        if (items < 0 || items > size / value->size) {
            return NULL;
        }
        valid = (Py_ssize_t)items * value->size;
    } else if (value->item == FASTCALL_STR) {
        const char *const nul = memchr(content, 0, (size_t)size);
        valid = nul ? nul - content : size;
    }
    if (value->item == FASTCALL_STR) {
        made = api.PyUnicode_FromStringAndSize(content, valid);
        if (!made) { /* it is not UTF-8: Python has the words */
            api.PyErr_Clear();
        }
        return made;
    }
    made = valid == size ? new_reference(memory) : api.PyBytes_FromStringAndSize(content, valid);
    return made && value->conversion ? call_python(value->conversion, made, NULL, 0, NULL) : made;
}

/* The same as convert_value, for a handle. */
static PyObject *convert_to_handle(const fastcall_descriptor *descriptor,
    const fastcall_value *value, const void *place, PyObject *const *arguments)
{
    void *const address = (void *)(uintptr_t)word_at(place);
    PyObject *parent;
    if (!address) {
        return new_reference(interpreter.none);
    }
    return find_parent(descriptor, value, arguments, &parent) ? handle_for(value, address, parent)
                                                              : NULL;
}

/* The same for any of the values. */
static int is_any_unexpected(
    const fastcall_descriptor *descriptor, const fastcall_returned *returned)
{
    const fastcall_value *values = values_of(descriptor);
    for (unsigned i = 0; i < descriptor->values; i++) {
        if (is_unexpected(&values[i], place_of(&values[i], returned))) {
            return 1;
        }
    }
    return 0;
}

static char *place_in(fastcall_returned *returned, const fastcall_value *value)
{
    return (char *)returned + value->offset;
}

/* Free the texts that the caller owns. */
static void free_texts(const fastcall_descriptor *descriptor, const fastcall_returned *returned)
{
    const fastcall_value *values = values_of(descriptor);
    for (unsigned i = 0; i < descriptor->values; i++) {
        const uint64_t word = values[i].free ? word_at(place_of(&values[i], returned)) : 0;
        if (word) {
            (void)call_with_word(values[i].free, word);
        }
    }
}

static PyObject *convert_one(const fastcall_descriptor *descriptor, const fastcall_value *value,
    const fastcall_returned *returned, PyObject *const *arguments)
{
    switch (value->kind) {
    case FASTCALL_HANDLE:
        return convert_to_handle(descriptor, value, place_of(value, returned), arguments);
    case FASTCALL_FILLED: return convert_filled(descriptor, value, returned);
    default: return convert_value(value, place_of(value, returned));
    }
}

/* Drop a converted value. If Python must convert it again, nothing must close it now. */
static void undo(const fastcall_value *value, PyObject *object)
{
    if (value->kind == FASTCALL_HANDLE && value->owner != FASTCALL_BORROWED &&
        object != interpreter.none && !api.PyErr_Occurred()) {
        forget(handle_of(object));
    }
    drop(object);
}

/* Convert what came back into `objects`. Returns their number, or -1: with an error set, or
   without one if Python must interpret it. */
static int convert_values(const fastcall_descriptor *descriptor,
    const fastcall_returned *returned, PyObject *const *arguments, PyObject **objects)
{
    const fastcall_value *values = values_of(descriptor);
    const fastcall_value *converted[1 + FASTCALL_MAX_OUTPUTS];
    int count = 0;
    if (is_any_unexpected(descriptor, returned)) {
        return -1;
    }
    for (unsigned i = 0; i < descriptor->values; i++) {
        if (!values[i].is_returned && !values[i].conversion) {
            continue;
        }
        converted[count] = &values[i];
        objects[count] = convert_one(descriptor, &values[i], returned, arguments);
        if (!objects[count]) {
            while (count > 0) {
                count--;
                undo(converted[count], objects[count]);
            }
            return -1;
        }
        if (values[i].is_returned) {
            count++;
        } else { /* the dict has it: it means success */
            drop(objects[count]);
        }
    }
    return count;
}

/* Returns a tuple of objects, whose references are stolen. */
static PyObject *tuple_of(PyObject *const *objects, Py_ssize_t count)
{
    PyObject *tuple = api.PyTuple_New(count);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (tuple) {
            api.PyTuple_SetItem(tuple, i, objects[i]); /* steals the reference */
        } else {
            drop(objects[i]);
        }
    }
    return tuple;
}

/* Returns None for no object, the object itself for one, else a tuple of them. */
static PyObject *pack(PyObject *const *objects, int count)
{
    if (count == 0) {
        return new_reference(interpreter.none);
    }
    return count == 1 ? objects[0] : tuple_of(objects, count);
}

/* Returns what `unexpected` gets of what came back, or NULL with an error set. A signal handler
   may raise an exception before the first instruction of that: so the handles that the caller
   owns are in objects of their own by then. */
COLD static PyObject *receive(
    const fastcall_descriptor *descriptor, const fastcall_returned *returned)
{
    const fastcall_value *values = values_of(descriptor);
    PyObject *received[1 + 1 + FASTCALL_MAX_OUTPUTS], *given[2];
    int count = 1;
    received[0] =
        api.PyBytes_FromStringAndSize((const char *)returned, descriptor->returned_size);
    if (!received[0]) {
        return NULL;
    }
    for (unsigned i = 0; i < descriptor->values; i++) {
        if (values[i].kind == FASTCALL_FILLED) {
            received[count++] = new_reference(returned->memories[i]);
        } else if (values[i].receive) {
            given[0] = received[0];
            given[1] = api.PyLong_FromLongLong(values[i].offset);
            received[count] =
                given[1] ? call_python(values[i].receive, NULL, given, 2, NULL) : NULL;
            drop(given[1]);
            if (!received[count]) {
                while (count > 0) {
                    drop(received[--count]);
                }
                return NULL;
            }
            count++;
        }
    }
    return tuple_of(received, count);
}

/* Let Python close what `unexpected` has not, as a signal handler interrupted that. Another one
   may interrupt this. */
COLD static void abandon(
    PyObject *self, PyObject *received, PyObject *const *objects, Py_ssize_t count)
{
    PyObject *type, *error, *traceback, *done = NULL;
    api.PyErr_Fetch(&type, &error, &traceback);
    for (int times = 0; !done && times < 3; times++) {
        done = call_attribute(self, "abandon", new_reference(received), objects, count, NULL);
        api.PyErr_Clear();
    }
    drop(done);
    api.PyErr_Restore(type, error, traceback);
}

/* Let Python interpret what came back. It frees the texts. */
COLD static PyObject *unexpected(PyObject *self, const fastcall_descriptor *descriptor,
    const fastcall_returned *returned, PyObject *const *objects, Py_ssize_t count)
{
    PyObject *received = receive(descriptor, returned), *result;
    if (!received) {
        free_texts(descriptor, returned);
        return NULL;
    }
    result = call_attribute(self, "unexpected", new_reference(received), objects, count, NULL);
    if (!result && api.PyTuple_Size(received) > 1) {
        abandon(self, received, objects, count);
    }
    drop(received);
    return result;
}

/* Returns what the Python function returns, or NULL with an error set. */
static PyObject *finish(PyObject *self, const fastcall_descriptor *descriptor,
    const fastcall_returned *returned, PyObject *const *objects, Py_ssize_t count)
{
    PyObject *converted[1 + FASTCALL_MAX_OUTPUTS];
    int number;
    if (descriptor->is_simple) { /* the same, faster */
        const fastcall_value *value = values_of(descriptor);
        converted[0] = convert_value(value, place_of(value, returned));
        if (converted[0]) {
            return converted[0];
        }
        number = -1;
    } else {
        number = convert_values(descriptor, returned, objects, converted);
    }
    if (number < 0 && !api.PyErr_Occurred()) {
        return unexpected(self, descriptor, returned, objects, count);
    }
    free_texts(descriptor, returned);
    return number < 0 ? NULL : pack(converted, number);
}

/* Let Python free or close what came back, which nobody gets, because an error is set. */
COLD static void give_back(PyObject *self, const fastcall_descriptor *descriptor,
    const fastcall_returned *returned, PyObject *const *objects, Py_ssize_t count)
{
    const fastcall_value *values = values_of(descriptor);
    int is_owned = 0;
    PyObject *type, *error, *traceback;
    for (unsigned i = 0; i < descriptor->values; i++) {
        is_owned = is_owned || values[i].free || values[i].kind == FASTCALL_HANDLE;
    }
    if (!is_owned) {
        return;
    }
    api.PyErr_Fetch(&type, &error, &traceback);
    drop(unexpected(self, descriptor, returned, objects, count));
    api.PyErr_Clear();
    api.PyErr_Restore(type, error, traceback);
}

/* --------------------------------------------------------------- call states */

/* An exception that a callback raised. It waits here until C returns. */
typedef struct {
    PyObject *type, *value, *traceback;
} raised;

/* The handles of a call that has not returned. Each thread has a list of these. */
typedef struct use {
    struct use *next, **link; /* `link` is the pointer to this */
    unsigned count;
    handle *handles[];
} use;

/*
 * The state of a thread. A call sets it while its C function runs, a callback while Python
 * runs, and each then restores the previous state. So the call that made C call back raises an
 * exception of the callback. Before the first callback is created, no state is kept, because no
 * Python code can run while a call is in C.
 *
 * With greenlets, calls and callbacks end in any order. Nothing may point to the C stack, because
 * greenlet puts another stack over that of a callback that waits.
 */
typedef struct {
    int is_in_c;   /* whether the C function of a libfastcall call is running */
    raised *error; /* an exception of a callback of that call, or NULL */
} call_state;

static THREAD_LOCAL call_state current;
static THREAD_LOCAL use *uses;
static int64_t has_callbacks; /* whether a callback was ever created */

/* Set the state before C is called. Returns the previous one, for `leave`. */
static call_state enter(void)
{
    const call_state before = current;
    current.is_in_c = 1;
    current.error = NULL;
    return before;
}

/* Restore the state after C has returned. Returns 0, with an error set, if a callback raised
   an exception. */
static int leave(call_state before)
{
    raised *const error = current.error;
    current = before;
    if (!error) {
        return 1;
    }
    api.PyErr_Restore(error->type, error->value, error->traceback);
    api.PyMem_Free(error);
    return 0;
}

/* Record the handles of a call. Returns NULL, with an error set, if memory runs out. */
static use *begin_use(const held_arguments *held)
{
    use *const begun =
        api.PyMem_Malloc(sizeof *begun + held->handle_count * sizeof *begun->handles);
    if (!begun) {
        (void)api.PyErr_NoMemory();
        return NULL;
    }
    begun->count = held->handle_count;
    memcpy(begun->handles, held->handles, held->handle_count * sizeof *begun->handles);
    begun->next = uses;
    begun->link = &uses;
    if (uses) {
        uses->link = &begun->next;
    }
    uses = begun;
    return begun;
}

static void end_use(use *ended)
{
    *ended->link = ended->next;
    if (ended->next) {
        ended->next->link = ended->link;
    }
    api.PyMem_Free(ended);
}

void fastcall_after_fork(void)
{
    forks++;
    forget_other_threads();
    for (const use *each = uses; each; each = each->next) {
        for (unsigned i = 0; i < each->count; i++) {
            add_user(each->handles[i]);
        }
    }
}

/* ---------------------------------------------------------------- the call */

/* Call `slow_path` with the same arguments. */
static PyObject *call_slow_path(
    PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    return call_attribute(self, "slow_path", NULL, arguments, count, names);
}

#if defined(_WIN32)
__declspec(dllimport) unsigned long __stdcall GetLastError(void);
__declspec(dllimport) void __stdcall SetLastError(unsigned long number);
#  define GET_ERROR() ((int64_t)GetLastError())
#  define SET_ERROR(number) SetLastError(number)
#else
#  define GET_ERROR() errno
#  define SET_ERROR(number) (errno = (number))
#endif

static void call(
    const fastcall_descriptor *descriptor, const frame *frame, fastcall_returned *returned)
{
    const any_function function = descriptor->function;
    const unsigned shape = descriptor->shape, float_slots = descriptor->float_slots;
    if (descriptor->uses_errno) {
        SET_ERROR(0);
    }
    switch (descriptor->result) {
    case RESULT_INTEGER:
        returned->result[0] = call_integer(function, shape, float_slots, frame);
        break;
    case RESULT_FLOAT:
        returned->result[0] = as_word(call_float(function, shape, float_slots, frame));
        break;
    default: {
        const fastcall_value *value = values_of(descriptor);
        call_for_struct(descriptor, value->conversion, frame, place_in(returned, value));
    }
    }
    if (descriptor->uses_errno) { /* before Python can replace it */
        returned->error_number = GET_ERROR();
    }
}

static void call_and_release(const fastcall_descriptor *descriptor, const frame *frame,
    const held_arguments *held, fastcall_returned *returned)
{
    Py_ssize_t bytes = 0;
    PyThreadState *state;
    for (unsigned i = 0; i < held->count; i++) {
        bytes += held->views[i].len;
    }
    if (bytes < descriptor->release_at) {
        call(descriptor, frame, returned);
        return;
    }
    state = api.PyEval_SaveThread();
    call(descriptor, frame, returned);
    api.PyEval_RestoreThread(state);
}

/* The same if C may call back. Returns 0, with an error set, if a callback raised an
   exception. */
static int call_with_state(const fastcall_descriptor *descriptor, const frame *frame,
    const held_arguments *held, fastcall_returned *returned)
{
    use *begun = NULL;
    call_state before;
    if (held->handle_count > 0) {
        begun = begin_use(held);
        if (!begun) {
            return 0;
        }
    }
    before = enter();
    call_and_release(descriptor, frame, held, returned);
    if (begun) {
        end_use(begun);
    }
    return leave(before);
}

/* Let C fill in a value, which begins as `word`. Returns the address. */
static uint64_t output_at(const fastcall_descriptor *descriptor, unsigned output, uint64_t word,
    fastcall_returned *back)
{
    char *const place = (char *)back + values_of(descriptor)[output].offset;
    memcpy(place, &word, sizeof word);
    return (uintptr_t)place;
}

/* ------------------------------------------------------------------ closing */

/* Whether Python need not be asked before a handle is closed, which `users` calls may use. */
static int is_closable(const handle *it, int64_t users)
{
    return it->of && it->is_owned && !it->is_managed && !it->children && it->address &&
           count_users((handle *)(uintptr_t)it) == users;
}

/* Mark the handle as closed that a call is about to close. Returns 0 if Python must do that. */
static int begin_closing(const fastcall_descriptor *descriptor, PyObject *const *objects)
{
    const fastcall_argument *argument = &arguments_of(descriptor)[descriptor->closes - 1];
    PyObject *const object = objects[argument->parameter];
    if (object == interpreter.none || !is_closable(handle_of(object), 1)) {
        return 0;
    }
    forget(handle_of(object));
    return 1;
}

/* C has returned: it may not have closed the handle. */
static void end_closing(const fastcall_descriptor *descriptor, PyObject *const *objects,
    const fastcall_returned *returned)
{
    if (descriptor->may_stay_open && is_any_unexpected(descriptor, returned)) {
        reopen(handle_of(objects[arguments_of(descriptor)[descriptor->closes - 1].parameter]));
    }
}

/* Close an address by the function of its class. `object` is a handle of it, or NULL. Returns 0
   with an error set if that fails. */
static int close_address(const fastcall_handle_class *of, void *address, PyObject *object)
{
    PyObject *const self = of->closer;
    const fastcall_descriptor *descriptor = descriptor_of(self);
    const fastcall_argument *arguments = arguments_of(descriptor);
    PyObject *converted[1 + FASTCALL_MAX_OUTPUTS];
    PyObject *closed = object ? new_reference(object) : NULL, *result = NULL;
    frame frame;
    fastcall_returned returned;
    held_arguments held;
    int number;
    held.count = held.handle_count = held.thunk_count = 0;
    memset(&frame, 0, sizeof frame);
    memset(&returned, 0, offsetof(fastcall_returned, structure));
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        uint64_t word = arguments[i].kind == FASTCALL_HANDLE ? (uintptr_t)address
                                                             : (uint64_t)arguments[i].low;
        if (arguments[i].output) {
            word = output_at(descriptor, arguments[i].output, word, &returned);
        }
        store_argument(&frame, &arguments[i], word);
    }
    if (!GET(&has_callbacks)) {
        call_and_release(descriptor, &frame, &held, &returned);
    } else if (!call_with_state(descriptor, &frame, &held, &returned)) {
        drop(closed);
        return 0;
    }
    if (object && descriptor->may_stay_open && is_any_unexpected(descriptor, &returned)) {
        reopen(handle_of(object));
    }
    number = convert_values(descriptor, &returned, NULL, converted);
    if (number >= 0) {
        result = pack(converted, number);
    } else if (!api.PyErr_Occurred()) {
        if (!closed) { /* for the words of the error */
            closed = new_handle(of, NULL, NULL, 0);
        }
        result = closed ? unexpected(self, descriptor, &returned, &closed, 1) : NULL;
    }
    drop(closed);
    drop(result);
    return result != NULL;
}

/* The attribute `_is_of_this_process`. */
static PyObject *is_of_this_process(PyObject *object, void *nothing)
{
    (void)nothing;
    return new_reference(
        handle_of(object)->process == forks ? interpreter.true_ : interpreter.false_);
}

/* The method `_close_in_c`. */
static PyObject *close_handle(PyObject *object, PyObject *nothing)
{
    handle *const it = handle_of(object);
    void *const address = it->address;
    (void)nothing;
    if (!is_closable(it, 0) || !it->of->closer || it->process != forks) {
        return new_reference(interpreter.false_);
    }
    forget(it);
    return close_address(it->of, address, object) ? new_reference(interpreter.true_) : NULL;
}

/* tp_dealloc: as `_close_in_c`. See https://docs.python.org/3/c-api/typeobj.html. */
static void destroy_handle(PyObject *object)
{
    handle *const it = handle_of(object);
    void *const address = it->address;
    PyObject *const type = (PyObject *)(uintptr_t)type_of(object);
    const int closes = is_closable(it, 0) && it->of->closer && it->process == forks;
    void *const free_slot = api.PyType_GetSlot(type, Py_tp_free);
    void (*free_object)(void *);
    PyObject *error_type, *error, *traceback;
    api.PyObject_GC_UnTrack(object);
    if (it->of) {
        forget(it);
    }
    if (closes) {
        api.PyErr_Fetch(&error_type, &error, &traceback);
        if (!close_address(it->of, address, NULL)) {
            api.PyErr_WriteUnraisable(it->of->closer);
        }
        api.PyErr_Restore(error_type, error, traceback);
    }
    drop(it->parent); /* after the child is closed */
    memcpy(&free_object, &free_slot, sizeof free_object);
    free_object(object);
    api.Py_DecRef(type);
}

/* tp_traverse. Nothing is cleared: a cycle leads through another object, too. */
static int visit_handle(PyObject *object, visitproc visit, void *given)
{
    handle *const it = handle_of(object);
    int stop = visit((PyObject *)(uintptr_t)type_of(object), given);
    if (!stop && it->parent) {
        stop = visit(it->parent, given);
    }
    return stop;
}

COLD void *fastcall_make_handle_type(void)
{
    static PyMethodDef methods[] = {
        {"_close_in_c", close_handle, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
    static PyMemberDef members[] = {
        {"_address", T_ULONGLONG, offsetof(handle, address), READONLY, NULL},
        {"_given", T_ULONGLONG, offsetof(handle, given), READONLY, NULL},
        {"_parent", T_OBJECT, offsetof(handle, parent), READONLY, NULL},
        {"_is_owned", T_UBYTE, offsetof(handle, is_owned), READONLY, NULL},
        {"_number", T_ULONGLONG, offsetof(handle, number), READONLY, NULL},
        {"_class", T_ULONGLONG, offsetof(handle, of), READONLY, NULL}, {NULL, 0, 0, 0, NULL}};
    static PyGetSetDef computed[] = {
        {"_is_of_this_process", is_of_this_process, NULL, NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL}};
    static int64_t is_placed; /* whether the offsets are those in an object */
    void (*const destroy)(PyObject *) = destroy_handle;
    int (*const visit)(PyObject *, visitproc, void *) = visit_handle;
    PyType_Slot slots[] = {{Py_tp_dealloc, NULL}, {Py_tp_traverse, NULL},
        {Py_tp_methods, methods}, {Py_tp_members, members}, {Py_tp_getset, computed}, {0, NULL}};
    PyType_Spec spec = {
        "libfastcall.HandleMemory", 0, 0, Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, NULL};
    memcpy(&slots[0].pfunc, &destroy, sizeof destroy);
    memcpy(&slots[1].pfunc, &visit, sizeof visit);
    if (ADD(&is_placed, 1) == 0) {
        for (PyMemberDef *member = members; member->name; member++) {
            member->offset += (Py_ssize_t)head_size();
        }
    }
    spec.basicsize = (int)(head_size() + sizeof(handle));
    spec.slots = slots;
    return api.PyType_FromSpec(&spec);
}

COLD fastcall_handles *fastcall_make_handles(void)
{
    fastcall_handles *const open = api.PyMem_Calloc(1, sizeof *open);
    if (!open) {
        (void)api.PyErr_NoMemory();
    }
    return open;
}

COLD fastcall_handle_class *fastcall_describe_handles(
    const void *type, const void *root, fastcall_handles *open)
{
    fastcall_handle_class *const of = api.PyMem_Malloc(sizeof *of);
    if (!of) {
        (void)api.PyErr_NoMemory();
        return NULL;
    }
    of->type = type;
    of->root = root;
    of->closer = NULL;
    of->open = open;
    return of;
}

COLD void fastcall_set_closer(fastcall_handle_class *of, void *closer)
{
    of->closer = closer == interpreter.none ? NULL : new_reference(closer);
}

void fastcall_set_address(void *object, void *address)
{
    handle *const it = handle_of(object);
    SET_POINTER(&it->address, address);
    if (it->of && address) {
        enter_table(it);
    } else if (it->of) {
        leave_table(it);
    }
}

int64_t fastcall_count_users(void *object)
{
    return count_users(handle_of(object));
}

void fastcall_register(void *object, const fastcall_handle_class *of)
{
    handle *const it = handle_of(object);
    it->is_managed = 1;
    it->given = it->address;
    it->of = of;
    enter_table(it);
}

void *fastcall_find(const fastcall_handle_class *of, const void *address)
{
    handle *const found = find_open(of, address);
    return new_reference(found ? object_of(found) : interpreter.none);
}

/* Returns a tuple of handles, whose references are stolen, and frees the array. */
static PyObject *as_tuple(PyObject **objects, size_t count)
{
    PyObject *tuple = objects ? tuple_of(objects, (Py_ssize_t)count) : api.PyErr_NoMemory();
    api.PyMem_Free(objects);
    return tuple;
}

/* Those in the table. References are taken first, since making a tuple may collect garbage. */
void *fastcall_list_open(const fastcall_handles *open)
{
    PyObject **const objects = api.PyMem_Malloc((open->count + 1) * sizeof *objects);
    size_t count = 0;
    for (size_t i = 0; objects && i < open->size; i++) {
        for (handle *it = open->rows[i]; it; it = it->next) {
            objects[count++] = new_reference(object_of(it));
        }
    }
    return as_tuple(objects, count);
}

void *fastcall_take_over(void *object)
{
    handle *const it = handle_of(object);
    PyObject **objects;
    size_t count = 0, place;
    it->is_managed = 1;
    UNLINK(it, sibling, sibling_link);
    for (const handle *child = it->children; child; child = child->sibling) {
        count++;
    }
    place = count;
    objects = api.PyMem_Malloc((count + 1) * sizeof *objects);
    /* The newest is the first. */
    for (handle *child = it->children; objects && child; child = child->sibling) {
        objects[--place] = new_reference(object_of(child));
    }
    return as_tuple(objects, count);
}

/* ------------------------------------------------------------- entry points */

/* ------------------------------------------------------------ sized memory */

#define MOST_ITEMS (INT64_C(1) << 48) /* of addresses: see sizes.py */

/* Compute the number of items that a BUFFER or FILLED memory is to have. */
static int compute_size(const fastcall_descriptor *descriptor, const fastcall_argument *argument,
    PyObject *const *objects, uint64_t *size)
{
    *size = (uint64_t)argument->low;
    if (argument->type) {
        PyObject *number = call_python(
            (PyObject *)(uintptr_t)argument->type, NULL, objects, descriptor->parameters, NULL);
        const int is_size = number && convert_unsigned(number, 0, MOST_ITEMS - 1, size);
        drop(number);
        return is_size;
    }
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        const fastcall_argument *factor = &arguments_of(descriptor)[i];
        uint64_t number;
        if (argument->factors & 1U << i) {
            if (!convert_unsigned(objects[factor->parameter], 0, MOST_ITEMS - 1, &number) ||
                (number && *size >= (uint64_t)MOST_ITEMS / number)) {
                return 0;
            }
            *size *= number;
        }
    }
    return 1;
}

/* Make memory of zeros. Returns its address, or 0: with an error set. */
static uint64_t make_memory(void **memory, uint64_t size)
{
    char *content;
    drop(*memory);
    *memory = api.PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (!*memory) {
        return 0;
    }
    content = api.PyBytes_AsString(*memory);
    memset(content, 0, size);
    return (uintptr_t)content;
}

/* Check the sizes of buffers, and make the memory that C fills: of `needed` items, if that is
   not 0. */
static int convert_sized(const fastcall_descriptor *descriptor, PyObject *const *objects,
    const held_arguments *held, const uint64_t *needed, frame *frame, fastcall_returned *returned)
{
    const fastcall_argument *arguments = arguments_of(descriptor);
    const fastcall_value *values = values_of(descriptor);
    unsigned buffer = 0;
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        const fastcall_argument *argument = &arguments[i];
        uint64_t size, address;
        if (argument->kind == FASTCALL_BUFFER) {
            const Py_ssize_t items = held->views[buffer++].len >> argument->shift;
            if (!argument->type && !argument->factors) {
                continue;
            }
            if (!compute_size(descriptor, argument, objects, &size) || (uint64_t)items < size ||
                (argument->is_exact && (uint64_t)items != size)) {
                return 0;
            }
        } else if (argument->kind == FASTCALL_FILLED) {
            size = needed[argument->output];
            if (!size && !compute_size(descriptor, argument, objects, &size)) {
                return 0;
            }
            address = make_memory(
                &returned->memories[argument->output], size * values[argument->output].size);
            if (!address) {
                return 0;
            }
            store_late_argument(frame, argument, address);
        }
    }
    return 1;
}

/* Convert the arguments that depend on others. */
static int convert_late(const fastcall_descriptor *descriptor, PyObject *const *objects,
    const held_arguments *held, const uint64_t *needed, frame *frame, fastcall_returned *returned)
{
    const fastcall_argument *arguments = arguments_of(descriptor);
    const fastcall_value *values = values_of(descriptor);
    uint64_t word;
    if (!are_apart(held)) {
        return 0;
    }
    if (descriptor->is_sized &&
        !convert_sized(descriptor, objects, held, needed, frame, returned)) {
        return 0;
    }
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        if (arguments[i].kind == FASTCALL_COUNT) {
            if (!convert_count(&arguments[i], held, returned, values, &word)) {
                return 0;
            }
            store_late_argument(frame, &arguments[i], word);
        } else if (arguments[i].kind == FASTCALL_LENGTH) {
            word = arguments[i].memory ? (uint64_t)items_in(returned, values, arguments[i].memory)
                                       : 0;
            if (word > (uint64_t)arguments[i].high) {
                return 0;
            }
            (void)output_at(descriptor, arguments[i].output, word, returned);
        }
    }
    return 1;
}

/* Store how many items C needs, of memory that has fewer. Returns whether there is such. */
static int asks_again(
    const fastcall_descriptor *descriptor, const fastcall_returned *returned, uint64_t *needed)
{
    const fastcall_value *values = values_of(descriptor);
    int asks = 0;
    for (unsigned i = 1; i < descriptor->values; i++) {
        int64_t wanted;
        if (!values[i].again) {
            continue;
        }
        wanted = number_in(&values[values[i].length - 1], returned);
        if (values[i].again == FASTCALL_MINUS) {
            wanted = wanted > INT64_MIN ? -wanted : 0;
        } else if (values[i].again == FASTCALL_PLUS_NUL) {
            wanted = wanted < INT64_MAX ? wanted + 1 : 0;
        }
        if (wanted > items_in(returned, values, i) && wanted < PTRDIFF_MAX / values[i].size) {
            needed[i] = (uint64_t)wanted;
            asks = 1;
        }
    }
    return asks;
}

static void drop_memories(
    const fastcall_descriptor *descriptor, const fastcall_returned *returned)
{
    for (unsigned i = 0; descriptor->fills && i < descriptor->values; i++) {
        drop(returned->memories[i]);
    }
}

/* The entry point for any descriptor. */
static PyObject *entry_any(
    PyObject *self, PyObject *const *objects, Py_ssize_t count, PyObject *names)
{
    const fastcall_descriptor *descriptor = descriptor_of(self);
    const fastcall_argument *arguments = arguments_of(descriptor);
    frame frame;
    held_arguments held;
    uint64_t word;
    fastcall_returned returned;
    PyObject *result = NULL;
    uint64_t needed[1 + FASTCALL_MAX_OUTPUTS]; /* items of FILLED memory, or 0 */
    int tries = 4;
    held.count = 0;
    held.handle_count = 0;
    held.thunk_count = 0;
    if (names || count != descriptor->parameters) {
        return call_slow_path(self, objects, count, names);
    }
    /* The callee ignores words without an argument, but reading memory that was never written
       is undefined (C11 6.3.2.1p2). */
    memset(frame.words, 0, INTEGERS_SIZE);
    if (descriptor->shape != SHAPE_INTEGERS) {
        memset(frame.words + INTEGER_REGISTERS, 0, FLOAT_REGISTERS * sizeof *frame.words);
    }
    if (descriptor->shape == SHAPE_ALL) {
        memset(frame.words + FIRST_STACK_WORD, 0, (STACK_WORDS + 1) * sizeof *frame.words);
    } else if (descriptor->shape == SHAPE_LARGE) {
        memset(frame.words + FIRST_STACK_WORD, 0, LARGE_WORDS * sizeof *frame.words);
    } else if (descriptor->shape == SHAPE_LARGEST) {
        memset(frame.words + FIRST_STACK_WORD, 0, MOST_STACK_WORDS * sizeof *frame.words);
    }
    memset(&returned, 0, offsetof(fastcall_returned, outputs));
    if (descriptor->result == RESULT_MEMORY) {
        const fastcall_value *value = values_of(descriptor);
        begin_struct_result(&frame, value->conversion, place_in(&returned, value));
    }
    if (descriptor->values > 1) {
        memset(returned.outputs, 0, sizeof returned.outputs);
    }
    if (descriptor->fills) {
        memset(returned.memories, 0, sizeof returned.memories);
        memset(needed, 0, sizeof needed);
    }
    /* Counts are converted last, because they are taken from the buffers. But store_argument
       needs words in the order of the arguments, so zeros are stored first. */
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        if (!convert(&arguments[i], objects, &held, &frame, &word)) {
            goto refuse;
        }
        if (arguments[i].output && arguments[i].kind != FASTCALL_FILLED) {
            word = output_at(descriptor, arguments[i].output, word, &returned);
        }
        store_argument(&frame, &arguments[i], word);
    }
again:
    if ((held.count > 0 || descriptor->fills) &&
        !convert_late(descriptor, objects, &held, needed, &frame, &returned)) {
        goto refuse;
    }
    if (descriptor->closes && !begin_closing(descriptor, objects)) {
        goto refuse;
    }
    if (!GET(&has_callbacks)) {
        call_and_release(descriptor, &frame, &held, &returned);
    } else if (!call_with_state(descriptor, &frame, &held, &returned)) {
        give_back(self, descriptor, &returned, objects, count);
        goto done;
    }
    if (descriptor->fills && asks_again(descriptor, &returned, needed)) {
        if (--tries > 0) {
            goto again;
        }
        goto refuse;
    }
    if (descriptor->closes) {
        end_closing(descriptor, objects, &returned);
    }
    /* Convert before release: a returned text may belong to a handle. */
    result = finish(self, descriptor, &returned, objects, count);
done:
    drop_memories(descriptor, &returned);
    release(&held);
    return result;
refuse:
    drop_memories(descriptor, &returned);
    if (api.PyErr_Occurred()) {
        release_keeping_error(&held);
        return NULL;
    }
    release(&held);
    return call_slow_path(self, objects, count, names);
}

/* The fastest entry point: from one integer to an integer, with the GIL held. */
CALLS_ANOTHER_TYPE
static PyObject *entry_one(
    PyObject *self, PyObject *const *objects, Py_ssize_t count, PyObject *names)
{
    const fastcall_descriptor *descriptor = descriptor_of(self);
    const fastcall_argument *argument = arguments_of(descriptor);
    const fastcall_value *value = (const fastcall_value *)(const void *)(argument + 1);
    uint64_t (*function)(uint64_t OR_VARIADIC);
    uint64_t word;
    if (names || count != 1 ||
        !convert_signed(objects[0], argument->low, argument->high, &word)) {
        return call_slow_path(self, objects, count, names);
    }
    function = (uint64_t (*)(uint64_t OR_VARIADIC))descriptor->function;
    if (!GET(&has_callbacks)) {
        word = function(word);
    } else {
        const call_state before = enter();
        word = function(word);
        if (!leave(before)) {
            return NULL;
        }
    }
    return api.PyLong_FromLongLong(extend_signed(word, value->size));
}

typedef PyObject *(*entry)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

static entry entry_for(const fastcall_descriptor *descriptor)
{
    const fastcall_argument *argument = arguments_of(descriptor);
    const fastcall_value *value = values_of(descriptor);
    const int holds_gil = descriptor->release_at == INT64_MAX;
    if (holds_gil && descriptor->arguments == 1 && argument->kind == FASTCALL_SIGNED &&
        descriptor->values == 1 && value->kind == FASTCALL_SIGNED && value->is_returned &&
        value->rule == FASTCALL_NEVER && !value->conversion && !descriptor->uses_errno) {
        return entry_one;
    }
    return entry_any;
}

/* Whether so many arguments and values are supported. If a number did not fit in a uint8_t, the
   strings do not begin after the values. */
static int is_served(const fastcall_descriptor *descriptor)
{
    const fastcall_argument *arguments = arguments_of(descriptor);
    const char *end = (const char *)(values_of(descriptor) + descriptor->values);
    unsigned buffers = 0, handles = 0, callbacks = 0;
    if (descriptor->arguments > FASTCALL_MAX_ARGUMENTS ||
        descriptor->values > 1 + FASTCALL_MAX_OUTPUTS ||
        descriptor->returned_size > sizeof(fastcall_returned) ||
        descriptor->name != end - (const char *)descriptor) {
        return 0;
    }
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        buffers += arguments[i].kind == FASTCALL_BUFFER;
        handles += arguments[i].kind == FASTCALL_HANDLE;
        callbacks += arguments[i].kind == FASTCALL_CALLBACK;
    }
    return buffers <= FASTCALL_MAX_BUFFERS && handles <= FASTCALL_MAX_HANDLES &&
           callbacks <= FASTCALL_MAX_CALLBACKS;
}

COLD const char *fastcall_prepare(void *self)
{
    fastcall_descriptor *descriptor = descriptor_of(self);
    const fastcall_value *value = values_of(descriptor);
    entry entry;
    const char *reason;
    if (api.PyBytes_AsString(self) != (char *)descriptor) {
        return "this Python lays out bytes in another way";
    }
    if (!is_served(descriptor)) {
        return "it has more arguments than are served";
    }
    reason = assign_locations(descriptor, (fastcall_argument *)(descriptor + 1), value);
    if (reason) {
        return reason;
    }
    entry = entry_for(descriptor);
    memcpy(&descriptor->ml_meth, &entry, sizeof entry);
    descriptor->ml_flags = METH_FASTCALL | METH_KEYWORDS;
    descriptor->is_simple = descriptor->values == 1 && value->rule == FASTCALL_NEVER &&
                            !value->free && value->is_returned && value->kind != FASTCALL_HANDLE;
    descriptor->ml_name = (const char *)descriptor + descriptor->name;
    descriptor->ml_doc = (const char *)descriptor + descriptor->doc;
    return NULL;
}

void fastcall_expect_callbacks(void)
{
    if (!GET(&has_callbacks)) {
        ADD(&has_callbacks, 1);
    }
}

/* Returns C's result after a callback has raised an exception, which is set. The exception is
   stored for the libfastcall call that made C call back; without one, `escaped` is called. */
static PyObject *fail(PyObject *self)
{
    PyObject *type, *error, *traceback, *result = NULL;
    raised *const waiting = current.is_in_c ? api.PyMem_Malloc(sizeof *waiting) : NULL;
    if (waiting) {
        api.PyErr_Fetch(&waiting->type, &waiting->value, &waiting->traceback);
        current.error = waiting;
        return api.PyObject_GetAttrString(self, "failed");
    }
    /* Try again if another signal interrupts `escaped`. */
    for (int times = 0; !result && times < 3; times++) {
        api.PyErr_Fetch(&type, &error, &traceback);
        api.PyErr_NormalizeException(&type, &error, &traceback);
        if (traceback) {
            (void)api.PyException_SetTraceback(error, traceback);
        }
        drop(type);
        drop(traceback);
        result = call_attribute(self, "escaped", error, NULL, 0, NULL);
    }
    if (!result) { /* such as a stack overflow */
        api.PyErr_WriteUnraisable(self);
        result = api.PyObject_GetAttrString(self, "failed");
    }
    return result;
}

void *fastcall_callback(void *self, void *const *arguments, ptrdiff_t count)
{
    const call_state caller = current;
    PyObject *result;
    if (caller.error) {
        return api.PyObject_GetAttrString(self, "failed");
    }
    current.is_in_c = 0;
    result = call_python(self, NULL, (PyObject *const *)arguments, count, NULL);
    current = caller;
    return result ? result : fail(self);
}

#include "callbacks.h"

/* ------------------------------------------------------------ initialisation */

/* A function with arguments in registers and on the stack in every supported ABI. Returns
   whether they have arrived. */
static int32_t arrived(int8_t a, int8_t b, double c, int16_t d, float e, int16_t f, uint32_t g,
    int32_t h, double i, int64_t j, uint8_t k, int8_t l, int32_t m)
{
    return a == 1 && b == -2 && c == 3 && d == -4 && e == 5 && f == -6 && g == 7 && h == -8 &&
           i == 9 && j == -10 && k == 11 && l == -12 && m == 13;
}

/* The same for a variadic function, whose first two arguments are fixed. */
static int32_t rest_arrived(int8_t a, double b, ...)
{
    va_list rest;
    int right;
    va_start(rest, b);
    right = a == 1 && b == -2 && va_arg(rest, int32_t) == 3 && va_arg(rest, double) == -4 &&
            va_arg(rest, int64_t) == 5 && va_arg(rest, double) == -6 &&
            va_arg(rest, int32_t) == 7 && va_arg(rest, int32_t) == -8 &&
            va_arg(rest, int64_t) == 9 && va_arg(rest, int32_t) == -10 &&
            va_arg(rest, int32_t) == 11 && va_arg(rest, double) == -12 &&
            va_arg(rest, int32_t) == 13;
    va_end(rest);
    return right;
}

/* Calls one of these. `types` has a letter for each argument: the size of an integer, or f or d.
   `fixed` is 0 if it is not variadic. */
static int arguments_arrive(any_function function, const char *types, unsigned fixed)
{
    fastcall_argument arguments[FASTCALL_MAX_ARGUMENTS] = {{0}};
    fastcall_descriptor descriptor = {0};
    const fastcall_value result = {0};
    frame frame = {{0}};
    fastcall_returned returned;
    descriptor.function = function;
    descriptor.is_variadic = fixed > 0;
    descriptor.fixed = (uint8_t)fixed;
    for (unsigned i = 0; types[i]; i++) {
        const int is_float = types[i] == 'd' || types[i] == 'f';
        arguments[i].kind = is_float ? FASTCALL_FLOAT : FASTCALL_SIGNED;
        arguments[i].size = (uint8_t)(is_float ? (types[i] == 'd' ? 8 : 4) : types[i] - '0');
        descriptor.arguments++;
    }
    if (assign_locations(&descriptor, arguments, &result)) {
        return 0;
    }
    for (unsigned i = 0; i < descriptor.arguments; i++) {
        const int64_t number = i % 2 ? -(int64_t)i - 1 : (int64_t)i + 1;
        uint64_t word = (uint64_t)number;
        if (arguments[i].kind == FASTCALL_FLOAT) {
            word = types[i] == 'f' ? float_word((float)number) : as_word((double)number);
        }
        store_argument(&frame, &arguments[i], word);
    }
    call(&descriptor, &frame, &returned);
    return (int32_t)returned.result[0] == 1;
}

COLD const char *fastcall_initialise(const fastcall_python *given)
{
    static int64_t written; /* 0: not yet; 1: being written; 2: written */
    int64_t before;
    python_functions functions;
    fastcall_python shared = *given;
    void *getbuffer;
    /* POSIX and Windows let an object pointer hold a function's address (dlsym,
       GetProcAddress), and `functions` is an array of such pointers. */
    memcpy(&functions, given->functions, sizeof functions);
    shared.functions = NULL;
    shared.exporter = NULL;
    if (type_at(given->int_type, given->type_offset) != given->type_type) {
        return "this Python lays out objects in another way";
    }
    if (!arguments_arrive((any_function)arrived, "11d2f244d8114", 0) ||
        !arguments_arrive((any_function)rest_arrived, "1d4d8d44844d4", 2)) {
        return "this processor's calls are not served";
    }
    getbuffer =
        given->exporter ? functions.PyType_GetSlot(given->exporter, Py_bf_getbuffer) : NULL;
    do { /* another thread needs only three assignments */
        before = REPLACE(&written, 0, 1);
    } while (before == 1);
    if (before == 0) {
        api = functions;
        interpreter = shared;
        getbuffer_in_python = getbuffer;
        (void)REPLACE(&written, 1, 2);
    }
    return memcmp(&api, &functions, sizeof api) ||
                   memcmp(&interpreter, &shared, sizeof interpreter) ||
                   getbuffer != getbuffer_in_python
               ? "this process has more than one Python, and another one uses it"
               : NULL;
}
