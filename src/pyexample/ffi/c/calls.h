/* The call of a C function, and the state that it has in its thread. */
#ifndef CALLS_H
#define CALLS_H

#include <errno.h>
#include "results.h"

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
 * What a thread's innermost call or callback does. A call sets it while its C function runs, a
 * callback while Python runs, and each then restores what was before. So the call that made C
 * call back raises an exception of the callback. Before the first callback is created, it is not
 * kept, because no Python code can run while a call is in C.
 *
 * With greenlets, calls and callbacks end in any order. Nothing may point to the C stack, because
 * greenlet puts another stack over that of a callback that waits.
 */
typedef struct {
    int is_in_c;   /* whether the C function of a libfastcall call is running */
    raised *error; /* an exception of a callback of that call, or NULL */
} call_state;

typedef struct {
    call_state current;
    use *uses;
    int is_first_in_use; /* memory for one of them, so that most calls need no allocator */
    _Alignas(use) char first_use[sizeof(use) + 4 * sizeof(handle *)];
} thread_state;

static int64_t has_callbacks; /* whether a callback was ever created */

/* Returns the state of this thread. To find it is a function call in a shared library, which
   compilers repeat wherever they inline this. */
NO_INLINE static thread_state *this_thread(void)
{
    static THREAD_LOCAL thread_state state;
    return &state;
}

/* Set the state before C is called. Returns the previous one, for `leave`. */
static call_state enter(thread_state *thread)
{
    const call_state before = thread->current;
    thread->current.is_in_c = 1;
    thread->current.error = NULL;
    return before;
}

/* Restore the state after C has returned. Returns 0, with an error set, if a callback raised
   an exception. */
static int leave(thread_state *thread, call_state before)
{
    raised *const error = thread->current.error;
    thread->current = before;
    if (!error) {
        return 1;
    }
    api.PyErr_Restore(error->type, error->value, error->traceback);
    api.PyMem_Free(error);
    return 0;
}

/* Record the handles that a call uses. Returns NULL, with an error set, if memory runs out. */
static use *begin_use(thread_state *thread, const held_arguments *held)
{
    unsigned count = held->handle_count;
    use *begun;
    for (const kept *each = held->closing; each; each = each->next) {
        count += each->kept_handle != NULL;
    }
    if (!thread->is_first_in_use && count <= 4) {
        thread->is_first_in_use = 1;
        begun = (use *)(void *)thread->first_use;
    } else {
        begun = api.PyMem_Malloc(sizeof *begun + count * sizeof *begun->handles);
    }
    if (!begun) {
        (void)api.PyErr_NoMemory();
        return NULL;
    }
    memcpy(begun->handles, held->handles, held->handle_count * sizeof *begun->handles);
    begun->count = held->handle_count;
    for (const kept *each = held->closing; each; each = each->next) {
        if (each->kept_handle) {
            begun->handles[begun->count++] = each->kept_handle;
        }
    }
    begun->next = thread->uses;
    begun->link = &thread->uses;
    if (begun->next) {
        begun->next->link = &begun->next;
    }
    thread->uses = begun;
    return begun;
}

static void end_use(thread_state *thread, use *ended)
{
    *ended->link = ended->next;
    if (ended->next) {
        ended->next->link = ended->link;
    }
    if ((char *)ended == thread->first_use) {
        thread->is_first_in_use = 0;
    } else {
        api.PyMem_Free(ended);
    }
}

void fastcall_after_fork(void)
{
    forks++;
    forget_other_threads();
    for (const use *each = this_thread()->uses; each; each = each->next) {
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

/* What a call does. */
enum { NOT_CALLED, RAISED, RETURNED };

/* The same if C may call back. */
static int call_with_state(const fastcall_descriptor *descriptor, const frame *frame,
    const held_arguments *held, fastcall_returned *returned)
{
    thread_state *const thread = this_thread();
    use *begun = NULL;
    call_state before;
    if (held->handle_count > 0 || held->closing) {
        begun = begin_use(thread, held);
        if (!begun) {
            return NOT_CALLED;
        }
    }
    before = enter(thread);
    call_and_release(descriptor, frame, held, returned);
    if (begun) {
        end_use(thread, begun);
    }
    return leave(thread, before) ? RETURNED : RAISED;
}

/* Call C, which may call back. An error is set if a callback RAISED an exception, or C was
   NOT_CALLED. */
static int call_c(const fastcall_descriptor *descriptor, const frame *frame,
    const held_arguments *held, fastcall_returned *returned)
{
    if (!GET(&has_callbacks)) {
        call_and_release(descriptor, frame, held, returned);
        return RETURNED;
    }
    return call_with_state(descriptor, frame, held, returned);
}

/* Let C fill in a value, which begins as `word`. Returns the address. */
static uint64_t output_at(const fastcall_descriptor *descriptor, unsigned output, uint64_t word,
    fastcall_returned *back)
{
    char *const place = (char *)back + values_of(descriptor)[output].offset;
    memcpy(place, &word, sizeof word);
    return (uintptr_t)place;
}

#endif
