/*
 * The handles that are made, found and closed without Python code.
 *
 * A handle is an instance of a Python class that is derived from the type of
 * fastcall_make_handle_type. What is here serves the plain case: a handle that nothing
 * but calls uses. As soon as Python must know more about it (what C keeps for it, who
 * else owns it, a view of its memory), Python takes it over, for good: it is *managed*
 * then, by the class Life of lifetimes.py, which closes it.
 *
 * All of this is protected by the GIL. In a Python without one, all handles are managed,
 * and of what is here only `address` and `users` are used.
 */
#ifndef HANDLES_H
#define HANDLES_H

#include "state.h"

/* The content of an instance, after the head of every object. */
typedef struct handle handle;
typedef struct kept kept; /* see keeping.h */
struct handle {
    void *address; /* NULL if it is closed; atomic */
    int64_t users; /* lower 32 bits: the number of running calls that have it as an argument;
                      upper 32 bits: the value of `forks` when these were counted; atomic */
    void *given;   /* the address that it has, or had */
    const fastcall_handle_class *of; /* NULL if it is in no table */
    PyObject *parent; /* the handle that it needs, or NULL; with which it is in the list of: */
    handle *children; /* the first of those that need this one and are not managed */
    handle *sibling, **sibling_link; /* the next one, and the pointer to this; or NULL */
    handle *next, **link;            /* likewise, of those in the same row of the table */
    int64_t number;                  /* how many were opened before it */
    int64_t process;                 /* the value of `forks` when it was made */
    kept *kept;                      /* what C keeps for it, the newest first */
    kept *keepers;                   /* where it is what C keeps for another handle */
    uint8_t is_owned;                /* whether the caller closes it */
    uint8_t is_managed;              /* whether Python has taken it over */
    uint8_t is_given; /* whether C owns it as the parent's, as it was given to that */
    uint8_t is_shown; /* whether objects of Python's have shown its memory, so that Python must
                         see to them before it is closed */
};

/* The open handles of an interpreter, by address. */
struct fastcall_handles {
    handle **rows; /* a power of two of them */
    size_t size, count;
    int64_t opened;
};

/* The number of forks between the first process and this one. A child does not have the
   threads of its parent, so the users that were counted before the fork do not count. */
static int64_t forks;

static size_t head_size(void)
{
    return interpreter.type_offset + sizeof(void *);
}

static handle *handle_of(PyObject *object)
{
    return (handle *)(void *)((char *)object + head_size());
}

static PyObject *object_of(handle *it)
{
    return (PyObject *)(void *)((char *)it - head_size());
}

/* ---------------------------------------------------------------- users */

static int64_t count_users(handle *used)
{
    const int64_t users = ADD(&used->users, 0);
    return users >> 32 == forks ? users & INT64_C(0xFFFFFFFF) : 0;
}

/* With a GIL, which is held, an atomic addition would only take time: as much as a short function
   of C. Only without one, there is more before the type of an object than its reference count
   (CPython's object.h). */
static void change_users(handle *used, int64_t number)
{
    if (interpreter.type_offset == sizeof(Py_ssize_t)) {
        used->users += number;
    } else {
        ADD(&used->users, number);
    }
}

static void add_user(handle *used)
{
    const int64_t users = GET(&used->users);
    if (users >> 32 != forks) {
        (void)REPLACE(&used->users, users, forks << 32);
    }
    change_users(used, 1);
}

/* ----------------------------------------------------- the table and lists */

/* Unlink from a list, if it is in one. */
#define UNLINK(it, next, link)                 \
    do {                                       \
        if ((it)->link) {                      \
            *(it)->link = (it)->next;          \
            if ((it)->next) {                  \
                (it)->next->link = (it)->link; \
            }                                  \
            (it)->link = NULL;                 \
        }                                      \
    } while (0)

#define LINK(it, first, next, link)         \
    do {                                    \
        (it)->next = *(first);              \
        (it)->link = (first);               \
        if ((it)->next) {                   \
            (it)->next->link = &(it)->next; \
        }                                   \
        *(first) = (it);                    \
    } while (0)

static handle **row_of(const fastcall_handles *open, const void *address)
{
    /* Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4). */
    const uint64_t mixed = (uint64_t)(uintptr_t)address * UINT64_C(0x9E3779B97F4A7C15);
    return &open->rows[(mixed >> 32) & (open->size - 1)];
}

/* Returns whether there is room for one more. */
static int make_room(fastcall_handles *open)
{
    const fastcall_handles old = *open;
    if (open->count < open->size) {
        return 1;
    }
    open->size = old.size ? 2 * old.size : 16;
    open->rows = api.PyMem_Calloc(open->size, sizeof *open->rows);
    if (!open->rows) {
        *open = old;
        return 0;
    }
    for (size_t i = 0; i < old.size; i++) {
        handle *it, *next, *reversed = NULL;
        for (it = old.rows[i]; it; it = next) { /* the newest is to be the first again */
            next = it->next;
            it->next = reversed;
            reversed = it;
        }
        for (it = reversed; it; it = next) {
            next = it->next;
            LINK(it, row_of(open, it->given), next, link);
        }
    }
    api.PyMem_Free(old.rows);
    return 1;
}

static void enter_table(handle *it)
{
    fastcall_handles *const open = it->of->open;
    if (!it->link && make_room(open)) {
        LINK(it, row_of(open, it->given), next, link);
        open->count++;
        it->number = open->opened++;
    }
}

static void leave_table(handle *it)
{
    if (it->link) {
        UNLINK(it, next, link);
        it->of->open->count--;
    }
}

/* Whether it is being destroyed. Nothing refers to it any more, and nothing may: but before it is
   closed, Python ends its weak references and its attributes, which can run any code. */
static int is_dying(handle *it)
{
    /* object.h: before the type. On 64-bit Pythons since 3.12, the lower half is all of it. */
    uint32_t references;
    memcpy(&references, (char *)object_of(it) + interpreter.type_offset - sizeof(uint64_t),
        sizeof references);
    return references == 0;
}

/* Returns the first open handle of a C type for an address, of those in a row from `it` on. */
static handle *find_from(handle *it, const fastcall_handle_class *of, const void *address)
{
    for (; it; it = it->next) {
        const PyObject *const object = object_of(it);
        /* Mostly it is of that class itself, of which `root` is a base. */
        if (it->given == address && (type_of(object) == of->type || is_a(object, of->root)) &&
            !is_dying(it)) {
            break;
        }
    }
    return it;
}

/* Returns the newest open handle of a C type for an address, or NULL. */
static handle *find_open(const fastcall_handle_class *of, const void *address)
{
    return find_from(of->open->size ? *row_of(of->open, address) : NULL, of, address);
}

/* ------------------------------------------------------------------ making */

/* Returns a new handle, which is closed if the address is NULL. Returns NULL with an error set,
   or without one if Python has taken over the parent: making an object may collect garbage, which
   runs any code. */
static PyObject *new_handle(
    const fastcall_handle_class *of, void *address, PyObject *parent, int is_owned)
{
    PyObject *object = api.PyType_GenericAlloc((void *)(uintptr_t)of->type, 0);
    handle *it;
    if (!object) {
        return NULL;
    }
    if (parent && handle_of(parent)->is_managed) {
        drop(object);
        return NULL;
    }
    it = handle_of(object);
    it->given = address;
    it->of = of;
    it->process = forks;
    it->is_owned = (uint8_t)is_owned;
    if (parent) {
        it->parent = new_reference(parent);
        LINK(it, &handle_of(parent)->children, sibling, sibling_link);
    }
    if (address) {
        SET_POINTER(&it->address, address);
        enter_table(it);
    }
    return object;
}

/* No longer open, nor the child of its parent, which it yet keeps alive. */
static void forget(handle *it)
{
    SET_POINTER(&it->address, NULL);
    leave_table(it);
    UNLINK(it, sibling, sibling_link);
}

/* Open again, after C has not closed it. */
static void reopen_plain(handle *it)
{
    if (it->parent) {
        LINK(it, &handle_of(it->parent)->children, sibling, sibling_link);
    }
    SET_POINTER(&it->address, it->given);
    enter_table(it);
}

/* Whether `it` lives as long as a handle that is made from `parent`. */
static int lives_with(const handle *it, PyObject *parent)
{
    return it->is_owned || !parent || object_of((handle *)(uintptr_t)it) == parent ||
           it->parent == parent;
}

/* Returns the handle for an address that came back, or NULL: with an error set, or without one
   if Python must decide. That is so of a second one that the caller is to close, and of one that
   it closes although other handles refer to it. */
static PyObject *handle_for(const fastcall_value *value, void *address, PyObject *parent)
{
    const fastcall_handle_class *const of = value->conversion;
    handle *found = value->owner == FASTCALL_COUNTED ? NULL : find_open(of, address);
    const int is_owned = value->owner != FASTCALL_BORROWED;
    if ((parent && handle_of(parent)->is_managed) || (is_owned && (!of->closer || found))) {
        return NULL;
    }
    for (; found; found = find_from(found->next, of, address)) {
        const int fits = is_a(object_of(found), of->type);
        if (found->is_managed || (found->is_owned && !fits && object_of(found) != parent)) {
            return NULL;
        }
        if (fits && lives_with(found, parent)) {
            return new_reference(object_of(found));
        }
    }
    return new_handle(of, address, parent, is_owned);
}

#endif
