/* Memory that C fills, and buffers whose size depends on other arguments. */
#ifndef MEMORY_H
#define MEMORY_H

#include "calls.h"

/* Where the number of items comes from that a BUFFER or FILLED memory is to have. */
static size_source size_of(const fastcall_argument *argument)
{
    const size_source source = {(uint64_t)argument->low, argument->type, argument->factors};
    return source;
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
            const Py_ssize_t items = items_of(argument, &held->views[buffer++]);
            if (!argument->type && !argument->factors) {
                continue;
            }
            if (!compute_size(descriptor, size_of(argument), objects, &size) ||
                (uint64_t)items < size || (argument->is_exact && (uint64_t)items != size)) {
                return 0;
            }
        } else if (argument->kind == FASTCALL_FILLED) {
            size = needed[argument->output];
            if (!size && !compute_size(descriptor, size_of(argument), objects, &size)) {
                return 0;
            }
            address = make_memory(
                &returned->memories[argument->output], size * values[argument->output].item_size);
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
        const fastcall_value *length;
        int64_t wanted;
        if (!values[i].again) {
            continue;
        }
        length = &values[values[i].length - 1];
        wanted = number_in(length, returned);
        if (values[i].again == FASTCALL_MINUS) {
            wanted = length->kind == FASTCALL_SIGNED && wanted > INT64_MIN ? -wanted : 0;
        } else if (values[i].again == FASTCALL_PLUS_NUL) {
            wanted = wanted < INT64_MAX ? wanted + 1 : 0;
        }
        if (wanted > items_in(returned, values, i) &&
            wanted < PTRDIFF_MAX / values[i].item_size) {
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

#endif
