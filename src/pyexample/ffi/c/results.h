/* What came back from C becomes Python objects; or Python interprets it. */
#ifndef RESULTS_H
#define RESULTS_H

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
            if (given != interpreter.none && given != *parent &&
                handle_of(given)->address) { /* not the one that the function has closed */
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

/* Whether a dict lacks an integer. An error may be set. */
COLD static int is_missing(const fastcall_value *value, const void *place)
{
    PyObject *type, *error, *traceback, *number, *item;
    int is_it;
    api.PyErr_Fetch(&type, &error, &traceback);
    number = new_number(value, word_at(place));
    item = number ? api.PyObject_GetItem(value->conversion, number) : NULL;
    is_it = number && !item;
    drop(item);
    drop(number);
    api.PyErr_Clear();
    api.PyErr_Restore(type, error, traceback);
    return is_it;
}

/* Whether the function has failed. */
COLD static int has_failed(
    const fastcall_descriptor *descriptor, const fastcall_returned *returned)
{
    const fastcall_value *values = values_of(descriptor);
    for (unsigned i = 0; i < descriptor->values; i++) {
        const void *place = place_of(&values[i], returned);
        if (values[i].is_failure && (values[i].rule ? breaks_rule(&values[i], word_at(place))
                                                    : is_missing(&values[i], place))) {
            return 1;
        }
    }
    return 0;
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

/* Drop a converted value, which Python converts again: nothing must close it now. */
static void undo(const fastcall_value *value, PyObject *object)
{
    if (value->kind == FASTCALL_HANDLE && value->owner != FASTCALL_BORROWED &&
        object != interpreter.none) {
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
   owns are in objects of their own by then. The reference to `described` is stolen: NULL, or what
   C is to keep. */
COLD static PyObject *receive(
    const fastcall_descriptor *descriptor, const fastcall_returned *returned, PyObject *described)
{
    const fastcall_value *values = values_of(descriptor);
    PyObject *received[1 + 1 + FASTCALL_MAX_OUTPUTS + 1], *given[2];
    int count = 1;
    received[0] =
        api.PyBytes_FromStringAndSize((const char *)returned, descriptor->returned_size);
    if (!received[0]) {
        drop(described);
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
                drop(described);
                while (count > 0) {
                    drop(received[--count]);
                }
                return NULL;
            }
            count++;
        }
    }
    if (described) {
        received[count++] = described;
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

/* Let Python interpret what came back. It frees the texts. See `receive`. */
COLD static PyObject *unexpected(PyObject *self, const fastcall_descriptor *descriptor,
    const fastcall_returned *returned, PyObject *described, PyObject *const *objects,
    Py_ssize_t count)
{
    PyObject *received = receive(descriptor, returned, described), *result;
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

/* Let Python free or close what came back, which nobody gets, because an error is set. */
COLD static void give_back(PyObject *self, const fastcall_descriptor *descriptor,
    const fastcall_returned *returned, PyObject *const *objects, Py_ssize_t count)
{
    const fastcall_value *values = values_of(descriptor);
    int is_owned = 0;
    PyObject *type, *error, *traceback;
    for (unsigned i = 0; i < descriptor->values; i++) {
        is_owned = is_owned || values[i].free || values[i].receive;
    }
    if (!is_owned) {
        return;
    }
    api.PyErr_Fetch(&type, &error, &traceback);
    drop(unexpected(self, descriptor, returned, NULL, objects, count));
    api.PyErr_Clear();
    api.PyErr_Restore(type, error, traceback);
}

/* Returns what the Python function returns, or NULL with an error set. What C is to keep is
   Python's to keep if that interprets what came back. */
static PyObject *finish(PyObject *self, const fastcall_descriptor *descriptor,
    const fastcall_returned *returned, PyObject *const *objects, Py_ssize_t count, kept **keeping)
{
    PyObject *converted[1 + FASTCALL_MAX_OUTPUTS], *described = NULL, *result;
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
    if (number >= 0) {
        free_texts(descriptor, returned);
        return pack(converted, number);
    }
    if (!api.PyErr_Occurred() && *keeping) {
        described = describe_list(*keeping);
    }
    if (api.PyErr_Occurred()) {
        give_back(self, descriptor, returned, objects, count);
        return NULL;
    }
    result = unexpected(self, descriptor, returned, described, objects, count);
    drop_kept(keeping);
    return result;
}

#endif
