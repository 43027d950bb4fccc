/* What came back from C becomes Python objects; or Python interprets it. */
#ifndef RESULTS_H
#define RESULTS_H

#include "copies.h"

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

/* Free the texts and the memory that the caller owns, but what Python received of the first
   `done` values. */
static void free_owned(
    const fastcall_descriptor *descriptor, const fastcall_returned *returned, unsigned done)
{
    for (unsigned i = 0; i < descriptor->values; i++) {
        const fastcall_value *value = &values_of(descriptor)[i];
        const uint64_t word = value->free ? word_at(place_of(value, returned)) : 0;
        if (word && (!value->receive || i >= done)) {
            (void)call_with_word(value->free, word);
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
    case FASTCALL_ITEMS: return convert_items(descriptor, value, returned, arguments);
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
   owns are in objects of their own by then, of the first `done` values if it fails. The reference
   to `described` is stolen: NULL, or what C is to keep. */
COLD static PyObject *receive(const fastcall_descriptor *descriptor,
    const fastcall_returned *returned, PyObject *described, unsigned *done)
{
    const fastcall_value *values = values_of(descriptor);
    PyObject *received[1 + 1 + FASTCALL_MAX_OUTPUTS + 1], *given[2];
    int count = 1;
    *done = 0;
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
        *done = i + 1;
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

/* Let Python interpret what came back. It frees what the caller owns. See `receive`. */
COLD static PyObject *unexpected(PyObject *self, const fastcall_descriptor *descriptor,
    const fastcall_returned *returned, PyObject *described, PyObject *const *objects,
    Py_ssize_t count)
{
    unsigned done;
    PyObject *received = receive(descriptor, returned, described, &done), *result;
    if (!received) {
        free_owned(descriptor, returned, done);
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
        free_owned(descriptor, returned, 0);
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
