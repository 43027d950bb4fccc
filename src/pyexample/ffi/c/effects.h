/* What a call does to its arguments for longer than it lasts: C keeps them, or owns them, or does
   not need any more what it keeps. */
#ifndef EFFECTS_H
#define EFFECTS_H

#include "closing.h"

/* ------------------------------------------------------------ what C keeps */

/* Returns what an argument is for C, as Python would compare it, or NULL with an error set. */
COLD static PyObject *part_of_slot(const fastcall_argument *argument, PyObject *const *objects)
{
    PyObject *const given = objects[argument->parameter];
    uint64_t word;
    if (given == interpreter.none) {
        return new_reference(interpreter.none);
    }
    if (argument->kind == FASTCALL_HANDLE) {
        word = (uintptr_t)GET_POINTER(&handle_of(given)->address);
    } else if (!convert(argument, objects, NULL, NULL, &word)) {
        return api.PyErr_NoMemory(); /* it was converted before */
    }
    switch (argument->kind) {
    case FASTCALL_SIGNED: return api.PyLong_FromLongLong((int64_t)word);
    case FASTCALL_BYTES:
    case FASTCALL_STR: return api.PyBytes_FromString((const char *)(uintptr_t)word);
    default: return api.PyLong_FromUnsignedLongLong(word);
    }
}

/* Returns a tuple of the arguments that tell apart what C keeps, or NULL with an error set. */
COLD static PyObject *slot_of(
    const fastcall_descriptor *descriptor, unsigned slots, PyObject *const *objects)
{
    PyObject *parts[FASTCALL_MAX_ARGUMENTS];
    Py_ssize_t count = 0;
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        if (slots & 1U << i) {
            parts[count] = part_of_slot(&arguments_of(descriptor)[i], objects);
            if (!parts[count]) {
                while (count > 0) {
                    drop(parts[--count]);
                }
                return NULL;
            }
            count++;
        }
    }
    return tuple_of(parts, count);
}

/* Make what C gets. Returns 0 if that fails: with an error set, or without one if Python must do
   this. */
COLD static int make_late(const fastcall_argument *argument, kept *it)
{
    if (it->given == interpreter.none) {
        return 1;
    }
    it->made = make(argument, it->given, &it->word);
    return it->made && it->made != interpreter.none;
}

/* Pass a copy of a structure, which keeps what it points to: the program may change the original
   while C has the pointers. Returns 0 with an error set if that fails. */
COLD static int copy_struct(const fastcall_argument *argument, kept *it, frame *frame)
{
    it->made = call_python((PyObject *)(uintptr_t)argument->type, NULL, &it->given, 1, NULL);
    if (!it->made || !convert_struct(argument, it->made, frame, &it->word)) {
        return 0;
    }
    store_argument(frame, argument, it->word); /* it has whole words of the frame */
    return 1;
}

/* Take over the view of a buffer. Of an array, its object holds the memory, which was made. */
COLD static void take_view(const fastcall_argument *argument, held_arguments *held, kept *it)
{
    for (unsigned i = 0; i < held->count; i++) {
        if (held->owners[i] == argument) {
            it->view = held->views[i];
            it->word = (uintptr_t)it->view.buf;
            held->views[i].obj = NULL;
            it->made = argument->items ? new_reference(it->view.obj) : NULL;
        }
    }
}

/* Returns something that C is about to keep, or NULL with an error set. */
COLD static kept *new_kept(PyObject *self, unsigned index, PyObject *given, held_arguments *held)
{
    kept *const it = api.PyMem_Calloc(1, sizeof *it);
    if (!it) {
        (void)api.PyErr_NoMemory();
        return NULL;
    }
    LINK(it, &held->keeping, next, link);
    it->self = new_reference(self);
    it->argument = index;
    it->given = new_reference(given);
    return it;
}

COLD static void set_kept_handle(kept *it)
{
    it->kept_handle = handle_of(it->given);
    it->word = (uintptr_t)GET_POINTER(&it->kept_handle->address);
}

/* Prepare to keep each handle of an array in the same way as the array, which was made of a list
   or tuple. Returns 0 if that fails: with an error set, or without one if Python must do this,
   as there are so many that it takes long to find out which needs which. */
COLD static int prepare_to_keep_each(const kept *array, held_arguments *held)
{
    PyObject *const objects = api.PyTuple_GetItem(array->made, 0); /* see convert_sequence */
    const Py_ssize_t count = api.PyTuple_Size(objects);
    if (count > 32) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *const object = api.PyTuple_GetItem(objects, i);
        kept *it;
        if (object == interpreter.none) {
            continue;
        }
        it = new_kept(array->self, array->argument, object, held);
        if (!it) {
            return 0;
        }
        it->keeper = array->keeper;
        it->slot = array->slot ? new_reference(array->slot) : NULL;
        set_kept_handle(it);
    }
    return 1;
}

/* Prepare what C is to keep. Returns 0 if that fails: with an error set, or without one if Python
   must do this. */
COLD static int prepare_to_keep(PyObject *self, const fastcall_descriptor *descriptor,
    unsigned index, PyObject *const *objects, held_arguments *held, frame *frame)
{
    const fastcall_argument *argument = &arguments_of(descriptor)[index];
    kept *const it = new_kept(self, index, objects[argument->parameter], held);
    if (!it) {
        return 0;
    }
    if (argument->keeper < FASTCALL_FOR_GOOD) {
        it->keeper = handle_of(objects[argument->keeper - 1]);
    }
    if (argument->slots) {
        it->slot = slot_of(descriptor, argument->slots, objects);
        if (!it->slot) {
            return 0;
        }
    }
    switch (argument->kind) {
    case FASTCALL_CALLBACK:
    case FASTCALL_MADE:
        if (!make_late(argument, it)) {
            return 0;
        }
        store_late_argument(frame, argument, it->word);
        return 1;
    case FASTCALL_STRUCT: return copy_struct(argument, it, frame);
    case FASTCALL_BUFFER:
        take_view(argument, held, it);
        return !it->made || !holds_handles(argument) || prepare_to_keep_each(it, held);
    case FASTCALL_HANDLE:
        if (it->given != interpreter.none) {
            set_kept_handle(it);
        }
        return 1;
    default: return convert(argument, objects, held, frame, &it->word);
    }
}

COLD static int begin_to_keep(PyObject *self, const fastcall_descriptor *descriptor,
    PyObject *const *objects, held_arguments *held, frame *frame)
{
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        if (arguments_of(descriptor)[i].keeper &&
            !prepare_to_keep(self, descriptor, i, objects, held, frame)) {
            return 0;
        }
    }
    /* No code can run from here until C is called. */
    for (kept *each = held->keeping; each; each = each->next) {
        each->number = kept_until_now;
        if (!can_keep(each)) {
            return 0;
        }
        for (const kept *other = held->keeping; other; other = other->next) {
            if (is_entangled(each, other)) {
                return 0;
            }
        }
    }
    return 1;
}

/* Let Python keep what C keeps, for a handle that it has taken over during the call, or for good.
 */
COLD static void keep_late(kept *it)
{
    PyObject *const keeper =
        it->keeper ? object_of(it->keeper) : (PyObject *)(uintptr_t)interpreter.none;
    PyObject *type, *error, *traceback, *described, *done = NULL;
    api.PyErr_Fetch(&type, &error, &traceback);
    described = describe_kept(it);
    if (described) {
        done = call_attribute(it->self, "keep_late", described, &keeper, 1, NULL);
    }
    if (!done) { /* an interrupt, say: C may use it for ever */
        it->holders++;
    }
    drop(done);
    api.PyErr_Clear();
    api.PyErr_Restore(type, error, traceback);
}

/* C has returned, and keeps what it was passed: for the handle that came back, if there is one;
   else the rest. */
COLD static void end_keeping(PyObject *result, held_arguments *held)
{
    kept *late = NULL, *replaced = NULL, *next;
    for (kept *it = held->keeping; it; it = next) {
        const fastcall_argument *const argument = argument_of(it);
        next = it->next;
        if ((argument->keeper == FASTCALL_FOR_RESULT) != (result != NULL)) {
            continue;
        }
        if (result) {
            it->keeper = handle_of(result);
        }
        if (can_keep(it)) {
            keep(it, argument->is_every, &replaced);
        } else {
            move_kept(it, &late);
        }
    }
    for (kept *each = late; each; each = each->next) {
        keep_late(each);
    }
    drop_kept(&late);
    drop_kept(&replaced);
}

/* Returns an object that keeps what C keeps, or NULL with an error set. */
COLD static PyObject *keeping_object(const kept *it)
{
    PyObject *parts[2];
    if (it->view.obj && !it->made) {
        return api.PyMemoryView_FromObject(it->given);
    }
    parts[0] = new_reference(it->given);
    parts[1] = new_reference(it->made ? it->made : interpreter.none);
    return tuple_of(parts, 2);
}

/* A structure that came back keeps what C keeps, in what ctypes makes it keep: each copy of it
   by ctypes keeps that, too. Returns 0 with an error set if that fails. */
COLD static int keep_in_structure(
    const fastcall_struct *described, PyObject *structure, const held_arguments *held)
{
    PyObject *const objects = api.PyDict_New();
    int is_right = objects != NULL;
    for (const kept *each = held->keeping; is_right && each; each = each->next) {
        if (argument_of(each)->keeper == FASTCALL_FOR_RESULT) {
            PyObject *const index = api.PyLong_FromLongLong(each->argument);
            PyObject *const object = index ? keeping_object(each) : NULL;
            is_right = object && !api.PyDict_SetItem(objects, index, object);
            drop(object);
            drop(index);
        }
    }
    if (!is_right) {
        drop(objects);
        return 0;
    }
    /* It is new, so it keeps nothing yet. pointees.py knows these keys, which are integers, from
       those of ctypes. */
    memcpy((char *)structure + described->ctypes->objects_offset, &objects, sizeof objects);
    return 1;
}

/* C keeps it for the handle that came back, or the structure, which is what the Python function
   returns, or in a tuple of that. Returns 0 with an error set if that fails. */
COLD static int keep_for_result(
    const fastcall_descriptor *descriptor, PyObject *result, held_arguments *held)
{
    const fastcall_value *values = values_of(descriptor);
    Py_ssize_t count = 0, at = 0;
    int is_handle = 0;
    for (unsigned i = 0; i < descriptor->values; i++) {
        if (values[i].kind == FASTCALL_HANDLE && values[i].owner != FASTCALL_BORROWED) {
            at = count;
            is_handle = 1;
        }
        count += values[i].is_returned;
    }
    if (count > 1) {
        result = api.PyTuple_GetItem(result, at);
    }
    if (!is_handle && values->kind == FASTCALL_STRUCT) {
        return keep_in_structure(values->conversion, result, held);
    }
    if (result != interpreter.none) {
        end_keeping(result, held);
    }
    return 1;
}

/* ----------------------------------------------------- what C is given */

/* Returns the argument that C is given, or NULL. */
COLD static const fastcall_argument *given_to_c(
    const fastcall_descriptor *descriptor, PyObject *const *objects)
{
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        const fastcall_argument *const argument = &arguments_of(descriptor)[i];
        if (argument->is_given && objects[argument->parameter] != interpreter.none) {
            return argument;
        }
    }
    return NULL;
}

/* Returns 0 if Python must give it away. */
COLD static int begin_giving(
    const fastcall_argument *argument, PyObject *const *objects, held_arguments *held)
{
    handle *const it = handle_of(objects[argument->parameter]);
    PyObject *const owner = argument->owner ? objects[argument->owner - 1] : NULL;
    int most = 64;
    if (!is_closable(it, 1, owner != NULL) || it->kept) {
        return 0;
    }
    if (!owner) {
        hold_parent(it, held);
        forget(it);
    } else if (!handle_of(owner)->of || handle_of(owner)->is_managed || it->parent ||
               needs(handle_of(owner), it, &most)) {
        return 0;
    } else {
        it->parent = new_reference(owner);
        LINK(it, &handle_of(owner)->children, sibling, sibling_link);
    }
    it->is_given = 1;
    it->is_owned = 0;
    return 1;
}

/* C does not own it after all. */
COLD static void take_back(PyObject *self, PyObject *object, PyObject *owner)
{
    handle *const it = handle_of(object);
    it->is_given = 0;
    it->is_owned = 1;
    if (owner) {
        UNLINK(it, sibling, sibling_link);
        it->parent = NULL;
        drop(owner); /* an argument, too */
    }
    if (!owner || it->is_managed) {
        reopen(self, object);
    }
}

COLD static void end_giving(
    PyObject *self, const fastcall_argument *argument, PyObject *const *objects, int is_taken)
{
    PyObject *const object = objects[argument->parameter];
    if (!handle_of(object)->is_given) { /* it has come back meanwhile, as the caller's */
        return;
    }
    if (!is_taken) {
        take_back(self, object, argument->owner ? objects[argument->owner - 1] : NULL);
    } else if (!argument->owner) {
        handle_of(object)->is_given = 0;
        if (handle_of(object)->is_managed) {
            tell(self, "forget", NULL, &object, 1);
        }
    }
}

/* --------------------------------------------------- what C does not need any more */

/* Returns whether Python need not be asked. */
COLD static int begin_to_release(
    const fastcall_descriptor *descriptor, PyObject *const *objects, held_arguments *held)
{
    for (unsigned i = 0; i < descriptor->release_count; i++) {
        const handle *keeper = handle_of(objects[descriptor->releases[i].keeper - 1]);
        if (!keeper->of || !keeper->is_owned || keeper->is_managed) {
            return 0;
        }
    }
    held->kept_before = kept_until_now;
    return 1;
}

/* Move what C kept before the call to a list: one object, or all that a function made it keep. */
COLD static void find_released(const fastcall_release *release, PyObject *const *objects,
    int64_t kept_before, kept **released)
{
    PyObject *const wanted = release->object ? objects[release->object - 1] : NULL;
    kept *next;
    for (kept *each = handle_of(objects[release->keeper - 1])->kept; each; each = next) {
        next = each->next;
        if (each->self == release->self && each->argument == release->argument &&
            each->number <= kept_before &&
            (!wanted || each->given == wanted ||
                (each->kept_handle && each->word == (uintptr_t)handle_of(wanted)->address))) {
            move_kept(each, released);
            if (wanted) {
                return;
            }
        }
    }
}

COLD static void end_releasing(PyObject *self, const fastcall_descriptor *descriptor,
    PyObject *const *objects, const held_arguments *held)
{
    kept *released = NULL;
    int is_late = 0;
    for (unsigned i = 0; i < descriptor->release_count; i++) {
        const fastcall_release *const release = &descriptor->releases[i];
        is_late = is_late || handle_of(objects[release->keeper - 1])->is_managed;
        find_released(release, objects, held->kept_before, &released);
    }
    drop_kept(&released);
    if (is_late) {
        tell(self, "release_late", NULL, objects, descriptor->parameters);
    }
}

/* --------------------------------------------------------------- all of them */

/* Returns 0 if that fails: with an error set, or without one if Python must do this. */
COLD static int begin_effects(PyObject *self, const fastcall_descriptor *descriptor,
    PyObject *const *objects, held_arguments *held, frame *frame)
{
    const fastcall_argument *const given = given_to_c(descriptor, objects);
    return begin_to_keep(self, descriptor, objects, held, frame) &&
           begin_to_release(descriptor, objects, held) &&
           (!given || begin_giving(given, objects, held));
}

/* C has returned, or was not called. */
COLD static void end_effects(PyObject *self, const fastcall_descriptor *descriptor,
    PyObject *const *objects, held_arguments *held, const fastcall_returned *returned, int done)
{
    const fastcall_argument *const given = given_to_c(descriptor, objects);
    const int is_taken = done != NOT_CALLED && !has_failed(descriptor, returned);
    if (given) {
        end_giving(
            self, given, objects, is_taken || (done != NOT_CALLED && !given->stays_on_failure));
    }
    if (is_taken) {
        end_keeping(NULL, held);
        end_releasing(self, descriptor, objects, held);
    }
}

#endif
