/*
 * What a thunk does: it calls a Python function, and gives C the result.
 *
 * The conversions are those of calls, with the sides exchanged: an argument is converted like
 * what comes back, and the result like an argument. As in calls, what this library is not sure
 * of is left to Python code.
 */
#ifndef CALLBACKS_H
#define CALLBACKS_H

#include "calls.h"

/* Hold what a thunk calls, and its type of callbacks. Returns the type, or NULL if it is gone. */
static PyObject *hold_called(thunk *called, PyObject **function)
{
    PyObject *type;
    if (!has_gil()) {
        ADD(&called->readers, 1);
    }
    type = GET_POINTER(&called->type);
    *function = type ? GET_POINTER(&called->function) : NULL;
    if (type) {
        api.Py_IncRef(type);
    }
    if (*function) {
        api.Py_IncRef(*function);
    }
    if (!has_gil()) {
        ADD(&called->readers, -1);
    }
    return type;
}

/* Make an object of ctypes that is a pointer of that type. */
static PyObject *new_pointer(void *type, uint64_t address)
{
    PyObject *const pointer = api.PyObject_Vectorcall(type, NULL, 0, NULL);
    Py_buffer view;
    if (pointer && api.PyObject_GetBuffer(pointer, &view, PyBUF_WRITABLE)) {
        api.Py_DecRef(pointer);
        return NULL;
    }
    if (pointer) { /* its buffer is the pointer itself */
        memcpy(view.buf, &address, sizeof address);
        api.PyBuffer_Release(&view);
    }
    return pointer;
}

/* Read a number at an address, and nothing beyond it. */
static uint64_t pointed_word(const void *address, unsigned size)
{
    uint64_t word = 0;
    switch (size) {
    case 1: memcpy(&word, address, 1); break;
    case 2: memcpy(&word, address, 2); break;
    case 4: memcpy(&word, address, 4); break;
    default: memcpy(&word, address, 8); break;
    }
    return word;
}

/* Convert one argument. Returns NULL if Python must do it, or with an error, which it raises. A
   plain integer, which most are, goes no long way. */
static PyObject *convert_received(const fastcall_value *value, const uint64_t *words)
{
    uint64_t word = word_at((const char *)words + value->offset);
    if (value->kind == FASTCALL_SIGNED && !value->conversion && !value->rule &&
        !value->is_indirect) {
        return new_number(value, word);
    }
    if (value->is_indirect) {
        if (!word) {
            return NULL;
        }
        word = pointed_word((const void *)(uintptr_t)word, value->size);
    }
    if (value->rule && is_unexpected(value, &word)) {
        return NULL;
    }
    return value->kind == FASTCALL_POINTER && word ? new_pointer(value->conversion, word)
                                                   : convert_value(value, &word);
}

/* Convert what C passes. Returns 0, without an error, if Python must do it. */
static int convert_all_received(
    const fastcall_callback_type *type, const uint64_t *words, PyObject **objects)
{
    const fastcall_value *const received = received_of(type);
    for (unsigned i = 0; i < type->arguments; i++) {
        objects[i] = convert_received(&received[i], words);
        if (!objects[i]) {
            while (i > 0) {
                drop(objects[--i]);
            }
            api.PyErr_Clear();
            return 0;
        }
    }
    return 1;
}

/* Convert what a Python function has returned: mostly an integer. */
static int convert_answer(const fastcall_callback_type *type, PyObject *returned, uint64_t *word)
{
    const fastcall_argument *const answer = answer_of(type);
    *word = 0;
    if (answer->kind == FASTCALL_SIGNED) {
        return convert_signed(returned, answer->low, answer->high, word);
    }
    return answer->kind == FASTCALL_VOID || convert(answer, &returned, NULL, NULL, word);
}

/* Call `careful`, which does everything: `function` is NULL if C called too late. Returns 0, with
   an error set, if that raised an exception. */
COLD static int call_carefully(
    PyObject *self, PyObject *function, const uint64_t *words, uint64_t *word)
{
    const fastcall_callback_type *const type = callback_type_of(self);
    PyObject *const given = function ? function : new_reference(interpreter.none);
    PyObject *content =
        api.PyBytes_FromStringAndSize((const char *)words, THUNK_WORDS * sizeof *words);
    PyObject *const returned =
        content ? call_attribute(self, "careful", content, &given, 1, NULL) : NULL;
    if (!function) {
        drop(given);
    }
    if (returned && !convert_answer(type, returned, word)) {
        *word = type->failed;
    }
    drop(returned);
    return returned != NULL;
}

/* The same, but without Python code for what is plain. */
static int call_function(
    PyObject *self, PyObject *function, const uint64_t *words, uint64_t *word)
{
    const fastcall_callback_type *const type = callback_type_of(self);
    PyObject *objects[1 + FASTCALL_MAX_ARGUMENTS]; /* the first is the callee's */
    PyObject *returned;
    int is_right;
    if (!function || !type->is_plain || api.PyDict_Size(type->careful_calls) ||
        !convert_all_received(type, words, objects + 1)) {
        return call_carefully(self, function, words, word);
    }
    /* A function that is not written in Python would let signals wait until C returns. */
    returned = type_of(function) != interpreter.function_type && api.PyErr_CheckSignals()
                   ? NULL
                   : api.PyObject_Vectorcall(function, objects + 1,
                         type->arguments | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    for (unsigned i = 1; i <= type->arguments; i++) {
        api.Py_DecRef(objects[i]);
    }
    if (!returned) {
        return 0;
    }
    is_right = convert_answer(type, returned, word);
    if (!is_right) { /* let Python convert it, or raise the error */
        PyObject *const converted = call_attribute(self, "answer", returned, NULL, 0, NULL);
        is_right = converted && convert_answer(type, converted, word);
        drop(converted);
        return is_right;
    }
    api.Py_DecRef(returned);
    return 1;
}

/* Call what a thunk calls. Returns C's result. */
static uint64_t call_with_gil(PyObject *self, PyObject *function, const uint64_t *words)
{
    const fastcall_callback_type *const type = callback_type_of(self);
    call_state *const current = &this_thread()->current;
    const call_state caller = *current;
    uint64_t word;
    int is_right;
    if (caller.error) {
        return type->failed;
    }
    current->is_in_c = 0;
    is_right = call_function(self, function, words, &word);
    *current = caller;
    if (!is_right) {
        drop(fail(self));
        failed();
        return type->failed;
    }
    return word;
}

/* Whether this thread holds the GIL. If not, the first of the two states may be another's. */
static int holds_gil(void)
{
    const PyThreadState *const state =
        api.PyThreadState_GetUnchecked ? api.PyThreadState_GetUnchecked() : NULL;
    return state && state == api.PyGILState_GetThisThreadState();
}

static uint64_t call_back(unsigned number, const uint64_t *words)
{
    /* The same as PyGILState_Ensure by itself, faster. */
    const int is_held = holds_gil();
    const PyGILState_STATE state = is_held ? PyGILState_LOCKED : api.PyGILState_Ensure();
    PyObject *function;
    PyObject *const self = hold_called(&thunks[number], &function);
    uint64_t word = 0;
    if (self) {
        word = call_with_gil(self, function, words);
        drop(function);
        drop(self);
    }
    if (!is_held) {
        api.PyGILState_Release(state);
    }
    return word;
}

#endif
