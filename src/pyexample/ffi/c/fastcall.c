/* The entry points of builtin functions: see fastcall.h. */
#include "fastcall.h"

#include <stdarg.h>
#include <string.h>

#include "effects.h"
#include "memory.h"

int32_t fastcall_abi_version(void)
{
    return FASTCALL_ABI_VERSION;
}

#define PYTHON_FUNCTION_NAME(result, name, arguments) #name " "
const char *fastcall_imports(void)
{
    return PYTHON_FUNCTIONS(PYTHON_FUNCTION_NAME);
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
    int tries = 4, done;
    hold_nothing(&held);
    if (names || count != descriptor->parameters) {
        return call_slow_path(self, objects, count, names);
    }
    /* The callee ignores words without an argument, but reading memory that was never written
       is undefined (C11 6.3.2.1p2). */
    memset(frame.words, 0, INTEGERS_SIZE);
    if (descriptor->shape != SHAPE_INTEGERS) {
        memset(frame.words + INTEGER_REGISTERS, 0, FLOAT_REGISTERS * sizeof *frame.words);
    }
    if (descriptor->shape >= SHAPE_ALL) {
        memset(frame.words + FIRST_STACK_WORD, 0, stack_sizes[descriptor->shape - SHAPE_ALL]);
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
    if (descriptor->closes && !begin_closing(descriptor, objects, &held)) {
        goto refuse;
    }
    if (descriptor->has_effects && !begin_effects(self, descriptor, objects, &held, &frame)) {
        goto refuse;
    }
    done = call_c(descriptor, &frame, &held, &returned);
    if (descriptor->closes) {
        end_closing(self, descriptor, objects, &held, &returned, done);
    }
    if (descriptor->has_effects) {
        end_effects(self, descriptor, objects, &held, &returned, done);
    }
    if (done != RETURNED) {
        give_back(self, descriptor, &returned, objects, count);
        goto done;
    }
    if (descriptor->fills && asks_again(descriptor, &returned, needed)) {
        if (--tries > 0) {
            goto again;
        }
        goto refuse;
    }
    /* Convert before release: a returned text may belong to a handle. */
    result = finish(self, descriptor, &returned, objects, count, &held.keeping);
    if (held.keeping && result && !keep_for_result(descriptor, result, &held)) {
        api.Py_DecRef(result);
        result = NULL;
    }
done:
    drop_memories(descriptor, &returned);
    if (result) {
        release(&held);
    } else {
        release_keeping_error(&held);
    }
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
        thread_state *const thread = this_thread();
        const call_state before = enter(thread);
        word = function(word);
        if (!leave(thread, before)) {
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
        descriptor->is_simple && value->kind == FASTCALL_SIGNED && !value->conversion &&
        !descriptor->uses_errno) {
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
    unsigned buffers = 0;
    if (descriptor->arguments > FASTCALL_MAX_ARGUMENTS ||
        descriptor->values > 1 + FASTCALL_MAX_OUTPUTS ||
        descriptor->returned_size > sizeof(fastcall_returned) ||
        descriptor->name != end - (const char *)descriptor) {
        return 0;
    }
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        buffers += arguments[i].kind == FASTCALL_BUFFER;
    }
    return buffers <= FASTCALL_MAX_BUFFERS;
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
    descriptor->is_simple = descriptor->values == 1 && value->rule == FASTCALL_NEVER &&
                            !value->is_limited && !value->free && value->is_returned &&
                            value->kind != FASTCALL_HANDLE && value->kind != FASTCALL_ITEMS;
    entry = entry_for(descriptor);
    memcpy(&descriptor->ml_meth, &entry, sizeof entry);
    descriptor->ml_flags = METH_FASTCALL | METH_KEYWORDS;
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
    call_state *const current = &this_thread()->current;
    raised *const waiting = current->is_in_c ? api.PyMem_Malloc(sizeof *waiting) : NULL;
    if (waiting) {
        api.PyErr_Fetch(&waiting->type, &waiting->value, &waiting->traceback);
        current->error = waiting;
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
    call_state *const current = &this_thread()->current;
    const call_state caller = *current;
    PyObject *result;
    if (caller.error) {
        return api.PyObject_GetAttrString(self, "failed");
    }
    current->is_in_c = 0;
    result = call_python(self, NULL, (PyObject *const *)arguments, count, NULL);
    *current = caller;
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
    do { /* another thread does not need long */
        before = REPLACE(&written, 0, 1);
    } while (before == 1);
    if (before == 0) {
        api = functions;
        interpreter = shared;
        getbuffer_in_python = getbuffer;
        place_members();
        (void)REPLACE(&written, 1, 2);
    }
    return memcmp(&api, &functions, sizeof api) ||
                   memcmp(&interpreter, &shared, sizeof interpreter) ||
                   getbuffer != getbuffer_in_python
               ? "this process has more than one Python, and another one uses it"
               : NULL;
}
