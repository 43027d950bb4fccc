/* What all of libfastcall shares: the Python that loaded it, and atomic operations. */
#ifndef STATE_H
#define STATE_H

#include <string.h>

#include "fastcall.h"
#include "python_api.h"

/* fastcall_initialise writes these once in a process; all else only reads them. */
static python_functions api;
static fastcall_python interpreter;
static void *getbuffer_in_python; /* Py_bf_getbuffer of types with a __buffer__ in Python */

/* Atomic operations, for Pythons without a GIL. */
#if defined(_MSC_VER) && !defined(__clang__)
#  include <intrin.h>
#  define ADD(counter, number) _InterlockedExchangeAdd64(counter, number)
#  define GET(counter) (*(const volatile int64_t *)(counter))
#  define GET_POINTER(place) _InterlockedCompareExchangePointer(place, NULL, NULL)
#  define SET_POINTER(place, value) _InterlockedExchangePointer(place, value)
/* Compare and swap: stores `value` if `old` is stored, and returns what was stored. */
#  define REPLACE(place, old, value) _InterlockedCompareExchange64(place, value, old)
#else
#  define ADD(counter, number) __atomic_fetch_add(counter, number, __ATOMIC_SEQ_CST)
#  define GET(counter) __atomic_load_n(counter, __ATOMIC_RELAXED)
#  define GET_POINTER(place) __atomic_load_n(place, __ATOMIC_SEQ_CST)
#  define SET_POINTER(place, value) __atomic_store_n(place, value, __ATOMIC_SEQ_CST)
#  define REPLACE(place, old, value) __sync_val_compare_and_swap(place, old, value)
#endif

/* C11's _Thread_local, which MSVC lacks in C. */
#if defined(_MSC_VER)
#  define THREAD_LOCAL __declspec(thread)
#else
#  define THREAD_LOCAL _Thread_local
#endif

/* What runs once in a process, or once for a declaration, or calls Python code, is to be small
   rather than fast. GCC takes a function for COLD if all of its callers are, unless it is HOT. */
#if defined(_MSC_VER) && !defined(__clang__)
#  define COLD
#  define HOT
#  define NO_INLINE __declspec(noinline)
#else
#  define COLD __attribute__((cold))
#  define HOT __attribute__((hot))
#  define NO_INLINE __attribute__((noinline))
#endif

static PyObject *new_reference(const void *object)
{
    PyObject *const same = (PyObject *)(uintptr_t)object;
    api.Py_IncRef(same);
    return same;
}

static void drop(PyObject *object)
{
    if (object) {
        api.Py_DecRef(object);
    }
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

/* Make memory of zeros. Returns its address, or 0: with an error set. */
static uint64_t make_memory(void **memory, uint64_t size)
{
    char *content;
    drop(*memory);
    *memory = NULL;
    if (size > PTRDIFF_MAX) {
        (void)api.PyErr_NoMemory();
        return 0;
    }
    *memory = api.PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (!*memory) {
        return 0;
    }
    content = api.PyBytes_AsString(*memory);
    memset(content, 0, size);
    return (uintptr_t)content;
}

static const void *type_at(const void *object, size_t offset)
{
    const void *type;
    memcpy(&type, (const char *)object + offset, sizeof type);
    return type;
}

static const void *type_of(const PyObject *object)
{
    return type_at(object, interpreter.type_offset);
}

/* Whether an object is of a type, or of a subtype of it. */
static int is_a(const PyObject *object, const void *type)
{
    return type_of(object) == type || api.PyType_IsSubtype(type_of(object), type);
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

#endif
