/* The entry points of builtin functions: see fastcall.h. */
#include "fastcall.h"

#include <float.h>
#include <string.h>

#include "convention.h"
#include "python_api.h"

int32_t fastcall_abi_version(void)
{
    return FASTCALL_ABI_VERSION;
}

#define PYTHON_FUNCTION_NAME(result, name, arguments) #name " "
const char *fastcall_imports(void)
{
    return PYTHON_FUNCTIONS(PYTHON_FUNCTION_NAME);
}

/* All are written once in a process, by fastcall_initialise, and read from then on. */
static python_functions api;
static fastcall_python interpreter;
static void *getbuffer_in_python; /* the slot of types whose __buffer__ is written in Python */

/* Atomic, for Pythons without a GIL. */
#if defined(_MSC_VER) && !defined(__clang__)
#  include <intrin.h>
#  define ADD(counter, number) _InterlockedExchangeAdd64(counter, number)
#  define GET(counter) (*(const volatile int64_t *)(counter))
#  define GET_POINTER(place) _InterlockedCompareExchangePointer(place, NULL, NULL)
#  define SET_POINTER(place, value) _InterlockedExchangePointer(place, value)
/* What was there; where that is `old`, there is `value` now. */
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

static fastcall_descriptor *descriptor_of(PyObject *self)
{
    return (fastcall_descriptor *)(void *)((char *)self + interpreter.bytes_offset);
}

/* ------------------------------------------------------------------ handles */

/* The content of an instance of a handle's type, behind the head of every object. Calls in
   several threads use it at once: all access is atomic. */
typedef struct {
    void *address; /* NULL where it is closed */
    int64_t users; /* how many calls have it among their arguments, and above the lower 32
                      bits, how often this process was forked when that was counted */
} handle;

/* How often this process is the child of a fork. The threads of the parent that were in C
   then do not exist in the child: what was counted before does not count there. */
static int64_t forks;

static handle *handle_of(PyObject *object)
{
    return (handle *)(void *)((char *)object + interpreter.type_offset + sizeof(void *));
}

void *fastcall_make_handle_type(void)
{
    PyType_Slot slots[] = {{0, NULL}};
    PyType_Spec spec = {"libfastcall.HandleMemory", 0, 0, Py_TPFLAGS_BASETYPE, NULL};
    spec.basicsize = (int)(interpreter.type_offset + sizeof(void *) + sizeof(handle));
    spec.slots = slots;
    return api.PyType_FromSpec(&spec);
}

void fastcall_set_address(void *object, void *address)
{
    SET_POINTER(&handle_of(object)->address, address);
}

int64_t fastcall_count_users(void *object)
{
    const int64_t users = ADD(&handle_of(object)->users, 0);
    return users >> 32 == forks ? users & INT64_C(0xFFFFFFFF) : 0;
}

static void add_user(handle *used)
{
    const int64_t users = GET(&used->users);
    if (users >> 32 != forks) {
        (void)REPLACE(&used->users, users, forks << 32);
    }
    ADD(&used->users, 1);
}

/* ---------------------------------------------------------------- arguments */

/* What a call holds until it has returned. */
typedef struct {
    Py_buffer views[FASTCALL_MAX_BUFFERS];
    const fastcall_argument *owners[FASTCALL_MAX_BUFFERS]; /* of the views */
    unsigned count;                                        /* of the views */
    handle *handles[FASTCALL_MAX_HANDLES];
    unsigned handle_count;
} held_arguments;

static void release(held_arguments *held)
{
    while (held->count > 0) {
        api.PyBuffer_Release(&held->views[--held->count]);
    }
    while (held->handle_count > 0) {
        ADD(&held->handles[--held->handle_count]->users, -1);
    }
}

/* The same while an error is set, with which no code of an exporter may be run. */
static void release_keeping_error(held_arguments *held)
{
    PyObject *type, *error, *traceback;
    api.PyErr_Fetch(&type, &error, &traceback);
    release(held);
    api.PyErr_Restore(type, error, traceback);
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

static int is_int(PyObject *object)
{
    const void *type = type_of(object);
    return type == interpreter.int_type || (api.PyType_GetFlags(type) & Py_TPFLAGS_LONG_SUBCLASS);
}

/* Whether an error was set; then it is cleared, since it is not the one to be seen. */
static int failed(void)
{
    if (!api.PyErr_Occurred()) {
        return 0;
    }
    api.PyErr_Clear();
    return 1;
}

/* Whether a buffer is asked for in Python code, which would notice to be asked a second time
   by `slow_path`: whatever it says and raises is left to that. */
static int is_asked_in_python(const void *type)
{
    return getbuffer_in_python && (api.PyType_GetFlags(type) & Py_TPFLAGS_HEAPTYPE) &&
           api.PyType_GetSlot(type, Py_bf_getbuffer) == getbuffer_in_python;
}

/* PyObject_GetBuffer. Where an object says that it has no such buffer, no error is set. */
static int get_buffer(PyObject *object, Py_buffer *view, int flags)
{
    if (!api.PyObject_GetBuffer(object, view, flags)) {
        return 1;
    }
    /* NumPy raises ValueError where others raise BufferError; TypeError: it has none. */
    if (api.PyErr_ExceptionMatches(interpreter.buffer_error) ||
        api.PyErr_ExceptionMatches(interpreter.type_error) ||
        api.PyErr_ExceptionMatches(interpreter.value_error)) {
        api.PyErr_Clear();
    }
    return 0;
}

/* The functions below return 1 where they are sure of the conversion, else 0. Then an error
   may be set, which is raised; else `slow_path` is called. None of them runs code of a class
   that is written in Python, since `slow_path` would run it a second time. */

static int convert_signed(PyObject *object, int64_t low, int64_t high, uint64_t *word)
{
    int overflow;
    long long number;
    if (!is_int(object)) {
        return 0;
    }
    number = api.PyLong_AsLongLongAndOverflow(object, &overflow);
    *word = (uint64_t)number;
    return !overflow && number >= low && number <= high;
}

static int convert_unsigned(PyObject *object, uint64_t low, uint64_t high, uint64_t *word)
{
    int overflow;
    long long number;
    if (!is_int(object)) {
        return 0;
    }
    number = api.PyLong_AsLongLongAndOverflow(object, &overflow);
    *word = (uint64_t)number;
    if (overflow > 0) {
        *word = api.PyLong_AsUnsignedLongLong(object);
        if (*word == UINT64_MAX && failed()) {
            return 0;
        }
    } else if (number < 0) {
        return 0;
    }
    return *word >= low && *word <= high;
}

static uint64_t float_word(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static int convert_float(PyObject *object, unsigned size, uint64_t *word)
{
    const void *type = type_of(object);
    double number;
    /* No other subclass of int: it can have a __float__ of its own, which is called. That of
       a subclass of float is not. */
    if (type != interpreter.float_type && type != interpreter.int_type &&
        object != interpreter.true_ && object != interpreter.false_ &&
        !api.PyType_IsSubtype(type, interpreter.float_type)) {
        return 0;
    }
    number = api.PyFloat_AsDouble(object);
    if (number == -1.0 && failed()) { /* too large an int */
        return 0;
    }
    if (size == sizeof(float)) {
        /* A finite number beyond FLT_MAX is undefined as a float (C11 6.3.1.5). */
        if ((number > FLT_MAX && number <= DBL_MAX) ||
            (number < -FLT_MAX && number >= -DBL_MAX)) {
            return 0;
        }
        *word = float_word((float)number);
    } else {
        *word = as_word(number);
    }
    return 1;
}

static int convert_string(const fastcall_argument *argument, PyObject *object, uint64_t *word)
{
    const unsigned long flags = api.PyType_GetFlags(type_of(object));
    const char *text;
    Py_ssize_t length;
    if (argument->kind == FASTCALL_STR) {
        if (!(flags & Py_TPFLAGS_UNICODE_SUBCLASS)) {
            return 0;
        }
        text = api.PyUnicode_AsUTF8AndSize(object, &length);
        if (!text) { /* lone surrogates, say */
            api.PyErr_Clear();
            return 0;
        }
    } else {
        if (!(flags & Py_TPFLAGS_BYTES_SUBCLASS)) {
            return 0;
        }
        text = api.PyBytes_AsString(object);
        length = api.PyBytes_Size(object);
    }
    *word = (uintptr_t)text;
    return strlen(text) == (size_t)length;
}

/* Whether the attribute `name` of an object is a type, and `type` or a subtype of it. */
static int has_type(PyObject *object, const char *name, const void *type)
{
    PyObject *found = api.PyObject_GetAttrString(object, name);
    const int is_it = found && api.PyType_IsSubtype(type_of(found), interpreter.type_type) &&
                      api.PyType_IsSubtype(found, type);
    drop(found);
    failed();
    return is_it;
}

/* What byref() returns: it holds an address, and what that is of. */
static int convert_reference(const fastcall_argument *argument, PyObject *object, uint64_t *word)
{
    PyObject *referred = api.PyObject_GetAttrString(object, "_obj");
    const int fits = referred && api.PyType_IsSubtype(type_of(referred), argument->items);
    drop(referred);
    memcpy(word, (const char *)object + argument->ctypes->reference_offset, sizeof *word);
    return fits && !failed();
}

/* What the from_param of a ctypes pointer type accepts: a pointer, something of the type that
   it points to, an array of those, or a reference. */
static int convert_pointer(const fastcall_argument *argument, PyObject *object, uint64_t *word)
{
    const fastcall_ctypes *ctypes = argument->ctypes;
    const void *type = type_of(object);
    int is_pointer = type == argument->type;
    Py_buffer view;
    if (type == ctypes->reference) {
        return convert_reference(argument, object, word);
    }
    if (!is_pointer && !api.PyType_IsSubtype(type, argument->items)) {
        is_pointer = api.PyType_IsSubtype(type, ctypes->pointer);
        if ((!is_pointer && !api.PyType_IsSubtype(type, ctypes->array)) ||
            !has_type((PyObject *)(uintptr_t)type, "_type_", argument->items)) {
            return 0;
        }
    }
    if (is_asked_in_python(type) || !get_buffer(object, &view, PyBUF_SIMPLE)) {
        return 0;
    }
    *word = (uintptr_t)view.buf;
    if (is_pointer) { /* its buffer is the pointer itself */
        memcpy(word, view.buf, sizeof *word);
    }
    api.PyBuffer_Release(&view);
    return 1;
}

static int convert_handle(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    const void *type = type_of(object);
    handle *used;
    if (type != argument->type && !api.PyType_IsSubtype(type, argument->type)) {
        return 0;
    }
    used = handle_of(object); /* as long as the object, which the caller holds */
    /* First, so that whoever closes it sees either this or an address that is taken away. */
    add_user(used);
    held->handles[held->handle_count++] = used;
    *word = (uintptr_t)GET_POINTER(&used->address);
    return *word != 0;
}

/* What a format of the struct module calls one item: a kind, or 0. */
static int kind_of_item(const char *format)
{
    if (!format) {
        return FASTCALL_UNSIGNED; /* buffer.html: NULL is "B" */
    }
    /* All the processors that are served are little-endian. */
    if (*format == '@' || *format == '=' || *format == '<') {
        format++;
    }
    if (*format == '\0' || format[1] != '\0') {
        return 0;
    }
    switch (*format) {
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n': return FASTCALL_SIGNED;
    case 'B':
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N':
    case 'c': return FASTCALL_UNSIGNED;
    case 'f':
    case 'd': return FASTCALL_FLOAT;
    case '?': return FASTCALL_BOOL;
    default: return 0;
    }
}

static int convert_buffer(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    Py_buffer *view = &held->views[held->count];
    const int flags = PyBUF_FORMAT | PyBUF_C_CONTIGUOUS;
    if (is_asked_in_python(type_of(object)) ||
        !get_buffer(object, view, argument->writable ? flags | PyBUF_WRITABLE : flags)) {
        return 0;
    }
    held->owners[held->count++] = argument;
    *word = (uintptr_t)view->buf;
    if (argument->item == FASTCALL_VOID) {
        return 1;
    }
    return view->itemsize == argument->size && kind_of_item(view->format) == argument->item &&
           ((*word & (argument->size - 1U)) == 0 || view->len == 0);
}

static int convert_count(
    const fastcall_argument *argument, const held_arguments *held, uint64_t *word)
{
    Py_ssize_t count = -1;
    for (unsigned i = 0; i < held->count; i++) {
        if (argument->buffers & 1U << i) {
            const Py_ssize_t items = held->views[i].len >> held->owners[i]->shift;
            if (count >= 0 && items != count) {
                return 0;
            }
            count = items;
        }
    }
    *word = (uint64_t)count;
    return count <= argument->high;
}

/* Whether what C writes to is apart from every other buffer, or the very same memory
   where that is allowed. */
static int are_apart(const held_arguments *held)
{
    for (unsigned i = 0; i < held->count; i++) {
        const Py_buffer *one = &held->views[i];
        if (!held->owners[i]->writable) {
            continue;
        }
        for (unsigned j = 0; j < held->count; j++) {
            const Py_buffer *other = &held->views[j];
            const uintptr_t a = (uintptr_t)one->buf, b = (uintptr_t)other->buf;
            if (i == j || a >= b + (size_t)other->len || b >= a + (size_t)one->len) {
                continue;
            }
            if (!held->owners[i]->in_place || a != b || one->len != other->len) {
                return 0;
            }
        }
    }
    return 1;
}

static int convert(
    const fastcall_argument *argument, PyObject *object, held_arguments *held, uint64_t *word)
{
    switch (argument->kind) {
    case FASTCALL_SIGNED: return convert_signed(object, argument->low, argument->high, word);
    case FASTCALL_UNSIGNED:
        return convert_unsigned(object, (uint64_t)argument->low, (uint64_t)argument->high, word);
    case FASTCALL_BOOL:
        *word = object == interpreter.true_;
        return object == interpreter.true_ || object == interpreter.false_;
    case FASTCALL_FLOAT: return convert_float(object, argument->size, word);
    case FASTCALL_BUFFER: return convert_buffer(argument, object, held, word);
    default: break;
    }
    if (object == interpreter.none) {
        *word = 0;
        return argument->nullable;
    }
    switch (argument->kind) {
    case FASTCALL_ADDRESS: return convert_unsigned(object, 0, UINT64_MAX, word);
    case FASTCALL_POINTER: return convert_pointer(argument, object, word);
    case FASTCALL_HANDLE: return convert_handle(argument, object, held, word);
    default: return convert_string(argument, object, word);
    }
}

/* ------------------------------------------------------------------- result */

/* The callee leaves the bits above a narrow result open: take its own, and extend. */
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

/* Call a Python function with `first` where it is not NULL, which is taken over, and with
   the arguments of a call. */
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
        api.PyTuple_SetItem(positional, 0, first); /* takes it over */
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

/* The same with a function that is an attribute. */
static PyObject *call_attribute(PyObject *self, const char *name, PyObject *first,
    PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    PyObject *function = api.PyObject_GetAttrString(self, name);
    PyObject *result = call_python(function, first, arguments, count, names);
    drop(function);
    return result;
}

/* What stands for a code in the dict; NULL where nothing does. */
static PyObject *look_up(const fastcall_descriptor *descriptor, int32_t code)
{
    PyObject *key = api.PyLong_FromLongLong(code);
    PyObject *item = key ? api.PyObject_GetItem(descriptor->conversion, key) : NULL;
    if (!item) {
        api.PyErr_Clear();
    }
    drop(key);
    return item;
}

static PyObject *new_struct(const fastcall_descriptor *descriptor, const two_words *result)
{
    PyObject *content =
        api.PyBytes_FromStringAndSize((const char *)result->words, descriptor->result_size);
    return content ? call_python(descriptor->conversion, content, NULL, 0, NULL) : NULL;
}

/* The result as a Python object; NULL where words are needed, or an error was set. */
static PyObject *result_of(const fastcall_descriptor *descriptor, const two_words *result)
{
    const uint64_t word = result->words[0];
    const char *text = (const char *)(uintptr_t)word;
    switch (descriptor->result) {
    case FASTCALL_SIGNED:
        return api.PyLong_FromLongLong(extend_signed(word, descriptor->result_size));
    case FASTCALL_UNSIGNED:
        return api.PyLong_FromUnsignedLongLong(extend_unsigned(word, descriptor->result_size));
    case FASTCALL_BOOL:
        return new_reference(word & 0xFF ? interpreter.true_ : interpreter.false_);
    case FASTCALL_FLOAT:
        if (descriptor->result_size == sizeof(float)) {
            const uint32_t bits = (uint32_t)word;
            float narrow;
            memcpy(&narrow, &bits, sizeof narrow);
            return api.PyFloat_FromDouble((double)narrow);
        }
        return api.PyFloat_FromDouble(as_double(word));
    case FASTCALL_CODE: return look_up(descriptor, (int32_t)word);
    case FASTCALL_STRUCT: return new_struct(descriptor, result);
    case FASTCALL_VOID: return new_reference(interpreter.none);
    default: /* pointers */ break;
    }
    if (word == 0) {
        return descriptor->result_nullable ? new_reference(interpreter.none) : NULL;
    }
    switch (descriptor->result) {
    case FASTCALL_BYTES: return api.PyBytes_FromString(text);
    case FASTCALL_STR: return api.PyUnicode_FromString(text);
    default: return api.PyLong_FromUnsignedLongLong(word);
    }
}

/* Where there is no result: the error that was set, or what Python makes of it. */
static PyObject *unexpected(PyObject *self, const fastcall_descriptor *descriptor,
    const two_words *result, PyObject *const *objects, Py_ssize_t count)
{
    PyObject *value;
    if (api.PyErr_Occurred()) {
        return NULL;
    }
    value = descriptor->result == FASTCALL_CODE
                ? api.PyLong_FromLongLong((int32_t)result->words[0])
                : new_reference(interpreter.none);
    return value ? call_attribute(self, "unexpected", value, objects, count, NULL) : NULL;
}

/* --------------------------------------------------------------- call states */

/* An exception that a callback raised. It waits here until C returns. */
typedef struct {
    PyObject *type, *value, *traceback;
} raised;

/* The handles of a call that has not returned, in a list of those of a thread. */
typedef struct use {
    struct use *next, **link; /* what points to this */
    unsigned count;
    handle *handles[];
} use;

/*
 * Where a thread is. A call sets it for as long as its C function runs, and a callback for as
 * long as Python does; each of them then puts back what was there before. So an exception in
 * a callback is raised by the call that made C call it back. As long as no callback was ever
 * made, nothing is kept: no Python runs while a call is in C.
 *
 * With greenlets, calls and callbacks do not end in the order in which they began. Nor may
 * anything point to C's stack, where greenlet lays another stack over that of a callback that
 * waits.
 */
typedef struct {
    int is_in_c;   /* whether the C function of a call that was made here is running */
    raised *error; /* what a callback of that call raised, or NULL */
} call_state;

static THREAD_LOCAL call_state current;
static THREAD_LOCAL use *uses;
static int64_t has_callbacks; /* whether there ever was one */

/* A call is about to be in C. Returns what to pass to `leave`. */
static call_state enter(void)
{
    const call_state before = current;
    current.is_in_c = 1;
    current.error = NULL;
    return before;
}

/* C has returned. Returns whether no callback raised an exception; else that is set. */
static int leave(call_state before)
{
    raised *const error = current.error;
    current = before;
    if (!error) {
        return 1;
    }
    api.PyErr_Restore(error->type, error->value, error->traceback);
    api.PyMem_Free(error);
    return 0;
}

/* Take account of the handles of a call. Returns NULL, with an error set, where there is no
   memory. */
static use *begin_use(const held_arguments *held)
{
    use *const begun =
        api.PyMem_Malloc(sizeof *begun + held->handle_count * sizeof *begun->handles);
    if (!begun) {
        (void)api.PyErr_NoMemory();
        return NULL;
    }
    begun->count = held->handle_count;
    memcpy(begun->handles, held->handles, held->handle_count * sizeof *begun->handles);
    begun->next = uses;
    begun->link = &uses;
    if (uses) {
        uses->link = &begun->next;
    }
    uses = begun;
    return begun;
}

static void end_use(use *ended)
{
    *ended->link = ended->next;
    if (ended->next) {
        ended->next->link = ended->link;
    }
    api.PyMem_Free(ended);
}

void fastcall_after_fork(void)
{
    forks++;
    for (const use *each = uses; each; each = each->next) {
        for (unsigned i = 0; i < each->count; i++) {
            add_user(each->handles[i]);
        }
    }
}

/* ------------------------------------------------------------- entry points */

/* Call `slow_path` with the same arguments. */
static PyObject *call_slow_path(
    PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    return call_attribute(self, "slow_path", NULL, arguments, count, names);
}

static two_words call(const fastcall_descriptor *descriptor, const frame *frame)
{
    const any_function function = descriptor->function;
    const unsigned shape = descriptor->shape, float_slots = descriptor->float_slots;
    two_words result = {{0, 0}};
    switch (descriptor->result) {
    case FASTCALL_FLOAT:
        result.words[0] = as_word(call_float(function, shape, float_slots, frame));
        break;
    case FASTCALL_STRUCT: result = call_struct(function, shape, float_slots, frame); break;
    default: result.words[0] = call_integer(function, shape, float_slots, frame); break;
    }
    return result;
}

static two_words call_and_release(
    const fastcall_descriptor *descriptor, const frame *frame, const held_arguments *held)
{
    Py_ssize_t bytes = 0;
    two_words result;
    PyThreadState *state;
    for (unsigned i = 0; i < held->count; i++) {
        bytes += held->views[i].len;
    }
    if (bytes < descriptor->release_at) {
        return call(descriptor, frame);
    }
    state = api.PyEval_SaveThread();
    result = call(descriptor, frame);
    api.PyEval_RestoreThread(state);
    return result;
}

/* The same where C may call back. Returns whether no callback raised an exception; else that
   is set. */
static int call_with_state(const fastcall_descriptor *descriptor, const frame *frame,
    const held_arguments *held, two_words *result)
{
    use *begun = NULL;
    call_state before;
    if (held->handle_count > 0) {
        begun = begin_use(held);
        if (!begun) {
            return 0;
        }
    }
    before = enter();
    *result = call_and_release(descriptor, frame, held);
    if (begun) {
        end_use(begun);
    }
    return leave(before);
}

/* What comes back of what C returned. */
static PyObject *finish(PyObject *self, const fastcall_descriptor *descriptor,
    const two_words *result, PyObject *const *objects, Py_ssize_t count)
{
    PyObject *returned = result_of(descriptor, result);
    return returned ? returned : unexpected(self, descriptor, result, objects, count);
}

/* Whatever a descriptor can say. */
static PyObject *entry_any(
    PyObject *self, PyObject *const *objects, Py_ssize_t count, PyObject *names)
{
    const fastcall_descriptor *descriptor = descriptor_of(self);
    const fastcall_argument *arguments = (const fastcall_argument *)(descriptor + 1);
    frame frame;
    held_arguments held;
    uint64_t word;
    two_words result;
    PyObject *returned;
    held.count = 0;
    held.handle_count = 0;
    if (names || count != descriptor->parameters) {
        return call_slow_path(self, objects, count, names);
    }
    /* The callee sees none of the words that hold no argument; but to read what was never
       written is undefined (C11 6.3.2.1p2). */
    memset(frame.words, 0, INTEGERS_SIZE);
    if (descriptor->shape != SHAPE_INTEGERS) {
        memset(frame.words + INTEGER_REGISTERS, 0, FLOAT_REGISTERS * sizeof *frame.words);
    }
    if (descriptor->shape == SHAPE_ALL) {
        memset(frame.words + FIRST_STACK_WORD, 0, (STACK_WORDS + 1) * sizeof *frame.words);
    }
    /* Counts come last, since they are taken from the buffers; but words are stored in
       the order of the arguments (see store_argument). */
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        word = 0;
        if (arguments[i].kind != FASTCALL_COUNT &&
            !convert(&arguments[i], objects[arguments[i].parameter], &held, &word)) {
            goto refuse;
        }
        store_argument(&frame, &arguments[i], word);
    }
    if (held.count > 0) {
        if (!are_apart(&held)) {
            goto refuse;
        }
        for (unsigned i = 0; i < descriptor->arguments; i++) {
            if (arguments[i].kind == FASTCALL_COUNT) {
                if (!convert_count(&arguments[i], &held, &word)) {
                    goto refuse;
                }
                store_late_argument(&frame, &arguments[i], word);
            }
        }
    }
    returned = NULL;
    if (!GET(&has_callbacks)) {
        result = call_and_release(descriptor, &frame, &held);
    } else if (!call_with_state(descriptor, &frame, &held, &result)) {
        goto done;
    }
    /* A text that is returned may be a handle's: what is held is released in the end. */
    returned = finish(self, descriptor, &result, objects, count);
done:
    release(&held);
    return returned;
refuse:
    if (api.PyErr_Occurred()) {
        release_keeping_error(&held);
        return NULL;
    }
    release(&held);
    return call_slow_path(self, objects, count, names);
}

/* One integer to an integer, with the GIL held: nothing else is looked at. */
CALLS_ANOTHER_TYPE
static PyObject *entry_one(
    PyObject *self, PyObject *const *objects, Py_ssize_t count, PyObject *names)
{
    const fastcall_descriptor *descriptor = descriptor_of(self);
    const fastcall_argument *argument = (const fastcall_argument *)(descriptor + 1);
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
        const call_state before = enter();
        word = function(word);
        if (!leave(before)) {
            return NULL;
        }
    }
    return api.PyLong_FromLongLong(extend_signed(word, descriptor->result_size));
}

typedef PyObject *(*entry)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

static entry entry_for(const fastcall_descriptor *descriptor)
{
    const fastcall_argument *argument = (const fastcall_argument *)(descriptor + 1);
    const int held = descriptor->release_at == INT64_MAX;
    if (held && descriptor->arguments == 1 && argument->kind == FASTCALL_SIGNED &&
        descriptor->result == FASTCALL_SIGNED) {
        return entry_one;
    }
    return entry_any;
}

/* Whether the call has room for all arguments. Where Python had too many for a uint8_t, the
   strings do not begin behind the arguments. */
static int is_served(const fastcall_descriptor *descriptor)
{
    const fastcall_argument *arguments = (const fastcall_argument *)(descriptor + 1);
    unsigned buffers = 0, handles = 0;
    if (descriptor->arguments > FASTCALL_MAX_ARGUMENTS ||
        descriptor->name != sizeof *descriptor + descriptor->arguments * sizeof *arguments) {
        return 0;
    }
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        buffers += arguments[i].kind == FASTCALL_BUFFER;
        handles += arguments[i].kind == FASTCALL_HANDLE;
    }
    return buffers <= FASTCALL_MAX_BUFFERS && handles <= FASTCALL_MAX_HANDLES;
}

const char *fastcall_prepare(void *self)
{
    fastcall_descriptor *descriptor = descriptor_of(self);
    entry entry;
    const char *reason;
    if (api.PyBytes_AsString(self) != (char *)descriptor) {
        return "this Python lays out bytes in another way";
    }
    if (!is_served(descriptor)) {
        return "it has more arguments than are served";
    }
    reason = assign_locations(descriptor, (fastcall_argument *)(descriptor + 1));
    if (reason) {
        return reason;
    }
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

/* The result of a callback that raised the exception which is set. That goes to the call that
   made C call back, where it was made here, else to the attribute `escaped`. */
static PyObject *fail(PyObject *self)
{
    PyObject *type, *error, *traceback, *result = NULL;
    raised *const waiting = current.is_in_c ? api.PyMem_Malloc(sizeof *waiting) : NULL;
    if (waiting) {
        api.PyErr_Fetch(&waiting->type, &waiting->value, &waiting->traceback);
        current.error = waiting;
        return api.PyObject_GetAttrString(self, "failed");
    }
    /* Another signal may come while one is dealt with. */
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
    if (!result) { /* the stack has no room for another function of Python */
        api.PyErr_WriteUnraisable(self);
        result = api.PyObject_GetAttrString(self, "failed");
    }
    return result;
}

void *fastcall_callback(void *self, void *const *arguments, ptrdiff_t count)
{
    const call_state caller = current;
    PyObject *result;
    if (caller.error) {
        return api.PyObject_GetAttrString(self, "failed");
    }
    current.is_in_c = 0;
    result = call_python(self, NULL, (PyObject *const *)arguments, count, NULL);
    current = caller;
    return result ? result : fail(self);
}

/* ------------------------------------------------------------ initialisation */

/* Arguments in registers and on the stack of every ABI that is served. */
static int32_t arrived(int8_t a, int8_t b, double c, int16_t d, float e, int16_t f, uint32_t g,
    int32_t h, double i, int64_t j, uint8_t k, int8_t l, int32_t m)
{
    return a == 1 && b == -2 && c == 3 && d == -4 && e == 5 && f == -6 && g == 7 && h == -8 &&
           i == 9 && j == -10 && k == 11 && l == -12 && m == 13;
}

static int arguments_arrive(void)
{
    static const uint8_t sizes[] = {1, 1, 8, 2, 4, 2, 4, 4, 8, 8, 1, 1, 4};
    fastcall_argument arguments[sizeof sizes] = {{0}};
    fastcall_descriptor descriptor = {0};
    frame frame = {{0}};
    descriptor.function = (any_function)arrived;
    descriptor.result = FASTCALL_SIGNED;
    descriptor.arguments = sizeof sizes;
    for (unsigned i = 0; i < sizeof sizes; i++) {
        arguments[i].kind = i == 2 || i == 4 || i == 8 ? FASTCALL_FLOAT : FASTCALL_SIGNED;
        arguments[i].size = sizes[i];
    }
    if (assign_locations(&descriptor, arguments)) {
        return 0;
    }
    for (unsigned i = 0; i < sizeof sizes; i++) {
        const int64_t number = i % 2 ? -(int64_t)i - 1 : (int64_t)i + 1;
        uint64_t word = (uint64_t)number;
        if (arguments[i].kind == FASTCALL_FLOAT) {
            word = sizes[i] == 4 ? float_word((float)number) : as_word((double)number);
        }
        store_argument(&frame, &arguments[i], word);
    }
    return (int32_t)call(&descriptor, &frame).words[0] == 1;
}

const char *fastcall_initialise(const fastcall_python *given)
{
    static int64_t written; /* 0: not yet; 1: it is being done; 2: it is done */
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
    if (!arguments_arrive()) {
        return "this processor's calls are not served";
    }
    getbuffer =
        given->exporter ? functions.PyType_GetSlot(given->exporter, Py_bf_getbuffer) : NULL;
    do { /* no longer than another thread takes for three assignments */
        before = REPLACE(&written, 0, 1);
    } while (before == 1);
    if (before == 0) {
        api = functions;
        interpreter = shared;
        getbuffer_in_python = getbuffer;
        (void)REPLACE(&written, 1, 2);
    }
    return memcmp(&api, &functions, sizeof api) ||
                   memcmp(&interpreter, &shared, sizeof interpreter) ||
                   getbuffer != getbuffer_in_python
               ? "this process has more than one Python, and another one uses it"
               : NULL;
}
