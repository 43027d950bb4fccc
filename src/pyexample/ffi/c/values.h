/* One value that came back from C becomes a Python object. */
#ifndef VALUES_H
#define VALUES_H

#include "arguments.h"

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
    const fastcall_ctypes *ctypes = structure->ctypes;
    PyObject *const made = ctypes->new_instance(structure->type, ctypes->no_arguments, NULL);
    if (made) {
        memcpy(memory_of(made, structure), place, structure->size);
    }
    return made;
}

static PyObject *new_number(const fastcall_value *value, uint64_t word)
{
    return value->kind == FASTCALL_SIGNED
               ? api.PyLong_FromLongLong(extend_signed(word, value->size))
               : api.PyLong_FromUnsignedLongLong(extend_unsigned(word, value->size));
}

static PyObject *new_integer(const fastcall_value *value, uint64_t word)
{
    PyObject *number = new_number(value, word);
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

/* Returns an integer, or what Python makes of it. */
COLD static PyObject *new_address(const fastcall_value *value, uint64_t word)
{
    PyObject *number = api.PyLong_FromUnsignedLongLong(word);
    return value->conversion && number ? call_python(value->conversion, number, NULL, 0, NULL)
                                       : number;
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
    default: return new_address(value, word);
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
static int breaks_rule(const fastcall_value *value, uint64_t word)
{
    switch (value->rule) {
    case FASTCALL_NEVER: return 0;
    case FASTCALL_ZERO: return extend_unsigned(word, value->size) == 0;
    case FASTCALL_NONZERO: return extend_unsigned(word, value->size) != 0;
    case FASTCALL_NEGATIVE: return extend_signed(word, value->size) < 0;
    case FASTCALL_INSIDE: return is_within(value, word);
    case FASTCALL_OUTSIDE: return !is_within(value, word);
    case FASTCALL_ALWAYS: return 1;
    default: return extend_unsigned(call_with_word(value->check, word), value->check_size) != 0;
    }
}

/* The same for its limits as well. */
static int is_unexpected(const fastcall_value *value, const void *place)
{
    const uint64_t word = word_at(place);
    return breaks_rule(value, word) || (value->is_limited && !is_within(value, word));
}

static const void *place_of(const fastcall_value *value, const fastcall_returned *returned)
{
    return (const char *)returned + value->offset;
}

#endif
