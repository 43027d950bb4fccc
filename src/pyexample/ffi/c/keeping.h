/*
 * What C keeps after a call: for a handle, or for good.
 *
 * Each thing that C keeps is in a list of the handle that it is kept for, and holds an object, or
 * its buffer, until C has closed that handle or has got another one in its place. A call prepares
 * all that this needs before it calls C, so that nothing can fail afterwards. If C keeps another
 * handle, that is closed after the one that it is kept for.
 *
 * What C keeps for good is in a list of the function that was called, which then lives for ever.
 *
 * This is for handles that libfastcall closes. When Python takes a handle over, it takes over
 * what C keeps for it, and the handles that this connects it with.
 */
#ifndef KEEPING_H
#define KEEPING_H

#include "handles.h"

struct kept {
    kept *next, **link;               /* the next of the same list, and the pointer to this */
    kept *next_keeper, **keeper_link; /* of `kept_handle`: likewise, of all that are that */
    handle *keeper;                   /* the handle for which C keeps it; NULL: for good, or
                                         for the result */
    handle *kept_handle;              /* if it is one; or NULL */
    int is_made_from_keeper;          /* that handle: then it is closed before the keeper */
    PyObject *self;                   /* the function that was called, */
    unsigned argument;                /* the index of its argument, */
    PyObject *slot;   /* the arguments that tell apart what it keeps, as a tuple, or NULL, */
    PyObject *given;  /* and the object that C keeps */
    PyObject *made;   /* of a callback: the function pointer, or NULL */
    Py_buffer view;   /* of a buffer: has an object */
    uint64_t word;    /* what C got */
    int64_t number;   /* how many things C had been made to keep before the call, then after it */
    unsigned holders; /* those who read this, although it may be dropped */
};

static int64_t kept_until_now; /* in all interpreters */

COLD static void free_kept(kept *it)
{
    if (it->holders > 0) {
        it->holders--;
        return;
    }
    if (it->view.obj) {
        api.PyBuffer_Release(&it->view);
    }
    drop(it->made);
    drop(it->given);
    drop(it->slot);
    drop(it->self);
    api.PyMem_Free(it);
}

static void move_kept(kept *it, kept **list)
{
    UNLINK(it, next, link);
    LINK(it, list, next, link);
}

/* C does not need any more what is in a list. This runs any code: a handle that nothing else
   needs is closed, then what C keeps for that is dropped, and so on. There may be more of them,
   one behind the other, than there is stack: so those that are too deep are dropped by the
   outermost call. */
static void drop_kept(kept **list)
{
    enum { DEEP = 20 };
    static THREAD_LOCAL unsigned depth;
    static THREAD_LOCAL kept *too_deep;
    PyObject *type, *error, *traceback;
    if (!*list) {
        return;
    }
    api.PyErr_Fetch(&type, &error, &traceback);
    depth++;
    while (*list || (depth == 1 && too_deep)) {
        kept *const it = *list ? *list : too_deep;
        UNLINK(it, next_keeper, keeper_link);
        if (it->kept_handle && depth > DEEP) {
            move_kept(it, &too_deep);
        } else {
            UNLINK(it, next, link);
            free_kept(it);
        }
    }
    depth--;
    api.PyErr_Restore(type, error, traceback);
}

/* While C closes a handle, what C keeps for it is in a list of the call's. It is C's, even if
   Python takes the handle over, and what are handles cannot be closed. */
static void begin_closing_kept(handle *closing, kept **list)
{
    for (kept *it; (it = closing->kept);) {
        if (it->kept_handle) {
            add_user(it->kept_handle);
        }
        move_kept(it, list);
    }
}

/* C has closed it, or has not, and keeps all that for it. */
static void end_closing_kept(kept **list, int is_closed)
{
    for (kept *it = *list, *next; it; it = next) {
        next = it->next;
        if (it->kept_handle) {
            change_users(it->kept_handle, -1);
        }
        if (!is_closed) {
            move_kept(it, &it->keeper->kept);
        }
    }
    drop_kept(list);
}

/* Whether a handle was made from `other`, or is that. */
static int descends_from(const handle *it, const handle *other)
{
    while (it != other && it->parent) {
        it = handle_of(it->parent);
    }
    return it == other;
}

/* Whether a handle is closed before `other`, or is that; or there are more than `most` to look
   at, so that only Python knows. */
COLD static int needs(const handle *it, const handle *other, int *most)
{
    if (it == other || --*most < 0) {
        return 1;
    }
    for (const kept *each = it->kept; each; each = each->next) {
        if (each->kept_handle && !each->is_made_from_keeper &&
            needs(each->kept_handle, other, most)) {
            return 1;
        }
    }
    return it->parent && needs(handle_of(it->parent), other, most);
}

static const fastcall_argument *argument_of(const kept *it)
{
    return &arguments_of(descriptor_of(it->self))[it->argument];
}

/* Whether Python need not be asked before C keeps something. */
COLD static int can_keep(const kept *it)
{
    const handle *const keeper = it->keeper, *const wanted = it->kept_handle;
    int most = 64;
    if (wanted && (!wanted->of || wanted->is_managed)) {
        return 0;
    }
    if (!keeper) { /* a handle that comes back is new */
        return !descriptor_of(it->self)->is_managed;
    }
    return keeper->of && keeper->is_owned && !keeper->is_managed &&
           (!wanted || (wanted != keeper &&
                           (descends_from(wanted, keeper) || !needs(wanted, keeper, &most))));
}

/* Whether `it` is a handle that another keeper of the same call may need: then two handles could
   each be closed before the other, and only Python knows. */
COLD static int is_entangled(const kept *it, const kept *other)
{
    int most = 64;
    return it->kept_handle && other->kept_handle && other->keeper &&
           !descends_from(it->kept_handle, it->keeper) &&
           needs(it->kept_handle, other->keeper, &most);
}

/* Where that is which C keeps. */
static kept **list_of(const kept *it)
{
    return it->keeper ? &it->keeper->kept : &descriptor_of(it->self)->kept;
}

/* From now on, C keeps it. What it replaces is moved to a list: what was there before the call
   began, since if two calls replace it at once, nobody knows which object C has. */
COLD static void keep(kept *it, int is_every, kept **replaced)
{
    kept *next;
    for (kept *each = is_every ? NULL : *list_of(it); each; each = next) {
        next = each->next;
        if (each->self == it->self && each->argument == it->argument &&
            each->number <= it->number &&
            (!it->slot || api.PyObject_RichCompareBool(each->slot, it->slot, PY_EQ) == 1)) {
            move_kept(each, replaced);
        }
    }
    it->number = ADD(&kept_until_now, 1) + 1;
    move_kept(it, list_of(it));
    if (it->kept_handle) {
        it->is_made_from_keeper = descends_from(it->kept_handle, it->keeper);
        LINK(it, &it->kept_handle->keepers, next_keeper, keeper_link);
    }
}

/* Returns what Python gets of what C keeps, or NULL with an error set. */
COLD static PyObject *describe_kept(const kept *it)
{
    PyObject *const parts[] = {new_reference(it->self), api.PyLong_FromLongLong(it->argument),
        new_reference(it->slot ? it->slot : interpreter.none), new_reference(it->given),
        new_reference(it->made ? it->made : interpreter.none),
        api.PyLong_FromUnsignedLongLong(it->word), api.PyLong_FromLongLong(it->number)};
    const int is_whole = parts[1] && parts[5] && parts[6];
    PyObject *const tuple = tuple_of(parts, sizeof parts / sizeof *parts);
    if (tuple && !is_whole) {
        api.Py_DecRef(tuple);
        return NULL;
    }
    return tuple;
}

/* The same for a list, as a tuple. Making that may collect garbage, which runs any code. */
COLD static PyObject *describe_list(kept *first)
{
    size_t count = 0, place;
    kept **held;
    PyObject *tuple;
    for (const kept *each = first; each; each = each->next) {
        count++;
    }
    held = api.PyMem_Malloc((count + 1) * sizeof *held);
    if (!held) {
        return api.PyErr_NoMemory();
    }
    place = count;
    for (kept *each = first; each; each = each->next) {
        each->holders++;
        held[--place] = each; /* the newest is the first */
    }
    tuple = api.PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; i < count; i++) {
        PyObject *const described = tuple ? describe_kept(held[i]) : NULL;
        if (described) {
            api.PyTuple_SetItem(tuple, (Py_ssize_t)i, described);
        } else if (tuple) {
            api.Py_DecRef(tuple);
            tuple = NULL;
        }
        free_kept(held[i]);
    }
    api.PyMem_Free(held);
    return tuple;
}

static int is_bytes(PyObject *object)
{
    return (api.PyType_GetFlags(type_of(object)) & Py_TPFLAGS_BYTES_SUBCLASS) != 0;
}

/* What C keeps for a handle, or for good because of a function. */
COLD static kept **kept_for(PyObject *object)
{
    return is_bytes(object) ? &descriptor_of(object)->kept : &handle_of(object)->kept;
}

#endif
