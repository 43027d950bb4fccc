/* Memory of several items comes back as bytes, a text, or a list: a copy. */
#ifndef COPIES_H
#define COPIES_H

#include "values.h"

#define MOST_ITEMS (INT64_C(1) << 48) /* of addresses: see sizes.py */

/* Where a number of items comes from. */
typedef struct {
    uint64_t number;
    const void *function; /* a Python function of all arguments, or NULL: */
    unsigned factors;     /* a product with these arguments of C */
} size_source;

/* Compute a number of items. Returns 0 if Python must: with an error set, or without one. */
static int compute_size(const fastcall_descriptor *descriptor, size_source source,
    PyObject *const *objects, uint64_t *size)
{
    *size = source.number;
    if (source.function) {
        PyObject *number = call_python(
            (PyObject *)(uintptr_t)source.function, NULL, objects, descriptor->parameters, NULL);
        const int is_size = number && convert_unsigned(number, 0, MOST_ITEMS - 1, size);
        drop(number);
        return is_size;
    }
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        const fastcall_argument *factor = &arguments_of(descriptor)[i];
        uint64_t number;
        if (source.factors & 1U << i) {
            if (!convert_unsigned(objects[factor->parameter], 0, MOST_ITEMS - 1, &number) ||
                (number && *size >= (uint64_t)MOST_ITEMS / number)) {
                return 0;
            }
            *size *= number;
        }
    }
    return 1;
}

/* Returns a list of integers, floats or truth values. */
static PyObject *list_items(const fastcall_value *value, const char *content, Py_ssize_t count)
{
    fastcall_value item = {0};
    PyObject *const list = api.PyList_New(count);
    item.kind = value->item;
    item.size = (uint16_t)value->item_size; /* at most 8 */
    for (Py_ssize_t i = 0; list && i < count; i++) {
        uint64_t word = 0;
        PyObject *object;
        memcpy(&word, content + i * item.size, item.size);
        object = convert_value(&item, &word);
        if (!object) {
            drop(list);
            return NULL;
        }
        (void)api.PyList_SetItem(list, i, object); /* steals the reference */
    }
    return list;
}

/* Returns what a copy of so many items becomes, or NULL: without an error set for a text that is
   not UTF-8, for which Python has the words. */
static PyObject *copy_items(const fastcall_value *value, const char *content, Py_ssize_t count)
{
    PyObject *made;
    switch (value->item) {
    case FASTCALL_BYTES: return api.PyBytes_FromStringAndSize(content, count * value->item_size);
    case FASTCALL_STR:
        made = api.PyUnicode_FromStringAndSize(content, count);
        if (!made) {
            api.PyErr_Clear();
        }
        return made;
    default: return list_items(value, content, count);
    }
}

/* Returns what Python makes of bytes, or those. The reference to them is stolen. */
static PyObject *convert_bytes(const fastcall_value *value, PyObject *made)
{
    return made && value->conversion ? call_python(value->conversion, made, NULL, 0, NULL) : made;
}

/* The same as convert_value, for memory that C has filled. */
static PyObject *convert_filled(const fastcall_descriptor *descriptor,
    const fastcall_value *value, const fastcall_returned *returned)
{
    const fastcall_value *values = values_of(descriptor);
    PyObject *const memory = returned->memories[value - values];
    const char *const content = api.PyBytes_AsString(memory);
    const Py_ssize_t items = api.PyBytes_Size(memory) / value->item_size;
    int64_t valid = items;
    if (value->length) {
        valid = number_in(&values[value->length - 1], returned);
        if (valid < 0 || valid > items) {
            return NULL;
        }
    } else if (value->item == FASTCALL_STR) {
        const char *const nul = memchr(content, 0, (size_t)items);
        valid = nul ? nul - content : items;
    }
    return convert_bytes(value, value->item == FASTCALL_BYTES && valid == items
                                    ? new_reference(memory)
                                    : copy_items(value, content, (Py_ssize_t)valid));
}

/* The same for memory whose address C gave. */
static PyObject *convert_items(const fastcall_descriptor *descriptor, const fastcall_value *value,
    const fastcall_returned *returned, PyObject *const *arguments)
{
    const char *const content = (const char *)(uintptr_t)word_at(place_of(value, returned));
    const size_source source = {(uint64_t)value->number, value->size_function, value->factors};
    uint64_t count;
    if (!content) {
        return new_reference(interpreter.none);
    }
    if (value->length) {
        count = (uint64_t)number_in(&values_of(descriptor)[value->length - 1], returned);
    } else if (!compute_size(descriptor, source, arguments, &count)) {
        return NULL;
    }
    return count < MOST_ITEMS && (int64_t)count < PTRDIFF_MAX / value->item_size
               ? convert_bytes(value, copy_items(value, content, (Py_ssize_t)count))
               : NULL;
}

#endif
