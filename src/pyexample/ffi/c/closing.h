/* Closes handles, and has what fastcall.h declares of them. */
#ifndef CLOSING_H
#define CLOSING_H

#include "calls.h"

/* Whether Python need not be asked before a handle is closed, which `users` calls may use, or
   given away, perhaps with its children. */
static int is_closable(const handle *it, int64_t users, int may_have_children)
{
    return it->of && it->is_owned && !it->is_managed && !it->is_shown && !it->keepers &&
           it->address && (!it->children || may_have_children) &&
           count_users((handle *)(uintptr_t)it) == users;
}

/* Whether nothing but `it` itself is needed to close it. */
static int closes_alone(const handle *it)
{
    return is_closable(it, 0, 0) && it->of->closer && it->process == forks;
}

/* Mark a handle as closed, and hold what it needs until C has closed it. */
static void begin_closing_handle(handle *it, held_arguments *held)
{
    hold_parent(it, held);
    begin_closing_kept(it, &held->closing);
    forget(it);
}

/* Mark the handle as closed that a call is about to close. Returns 0 if Python must do that. */
static int begin_closing(
    const fastcall_descriptor *descriptor, PyObject *const *objects, held_arguments *held)
{
    const fastcall_argument *argument = &arguments_of(descriptor)[descriptor->closes - 1];
    PyObject *const object = objects[argument->parameter];
    if (object == interpreter.none || !is_closable(handle_of(object), 1, 0)) {
        return 0;
    }
    begin_closing_handle(handle_of(object), held);
    return 1;
}

/* Tell Python what has become of handles that it has taken over during a call, in another thread
   or in a callback. */
COLD static void tell(
    PyObject *self, const char *name, PyObject *first, PyObject *const *objects, Py_ssize_t count)
{
    PyObject *type, *error, *traceback;
    api.PyErr_Fetch(&type, &error, &traceback);
    drop(call_attribute(self, name, first, objects, count, NULL));
    api.PyErr_Clear();
    api.PyErr_Restore(type, error, traceback);
}

/* Open again, after C has not closed it. */
static void reopen(PyObject *self, PyObject *object)
{
    if (handle_of(object)->is_managed) {
        tell(self, "reopen", NULL, &object, 1);
    } else {
        reopen_plain(handle_of(object));
    }
}

/* C has returned, or was not called: it may not have closed the handle, of which this returns
   whether it may be used again. */
static int stays_open(
    const fastcall_descriptor *descriptor, const fastcall_returned *returned, int done)
{
    return done == NOT_CALLED || (descriptor->may_stay_open && has_failed(descriptor, returned));
}

static void end_closing(PyObject *self, const fastcall_descriptor *descriptor,
    PyObject *const *objects, held_arguments *held, const fastcall_returned *returned, int done)
{
    const int stays = stays_open(descriptor, returned, done);
    if (stays) {
        end_closing_kept(&held->closing, 0);
        reopen(self, objects[arguments_of(descriptor)[descriptor->closes - 1].parameter]);
    }
}

/* Close a handle by the function of its class. `object` is it, or NULL if it is being destroyed:
   while the GIL is released, it may cease to exist. Returns 0 with an error set if that fails. */
static int close_by_class(handle *it, PyObject *object)
{
    const fastcall_handle_class *const of = it->of;
    void *const address = it->address;
    PyObject *const self = of->closer;
    const fastcall_descriptor *descriptor = descriptor_of(self);
    const fastcall_argument *arguments = arguments_of(descriptor);
    PyObject *converted[1 + FASTCALL_MAX_OUTPUTS];
    PyObject *closed = object ? new_reference(object) : NULL, *result = NULL;
    frame frame;
    fastcall_returned returned;
    held_arguments held;
    int number, done, stays;
    hold_nothing(&held);
    begin_closing_handle(it, &held);
    memset(&frame, 0, sizeof frame);
    memset(&returned, 0, offsetof(fastcall_returned, structure));
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        uint64_t word = arguments[i].kind == FASTCALL_HANDLE ? (uintptr_t)address
                                                             : (uint64_t)arguments[i].low;
        if (arguments[i].output) {
            word = output_at(descriptor, arguments[i].output, word, &returned);
        }
        store_argument(&frame, &arguments[i], word);
    }
    done = call_c(descriptor, &frame, &held, &returned);
    stays = object && stays_open(descriptor, &returned, done);
    if (stays) {
        end_closing_kept(&held.closing, 0);
    }
    release(&held);
    if (stays) {
        reopen(self, object);
    }
    if (done != RETURNED) {
        drop(closed);
        return 0;
    }
    number = convert_values(descriptor, &returned, NULL, converted);
    if (number >= 0) {
        result = pack(converted, number);
    } else if (!api.PyErr_Occurred()) {
        if (!closed) { /* for the words of the error */
            closed = new_handle(of, descriptor->may_stay_open ? address : NULL, NULL, 0);
        }
        result = closed ? unexpected(self, descriptor, &returned, NULL, &closed, 1) : NULL;
    }
    drop(closed);
    drop(result);
    return result != NULL;
}

/* The attribute `_is_of_this_process`. */
static PyObject *is_of_this_process(PyObject *object, void *nothing)
{
    (void)nothing;
    return new_reference(
        handle_of(object)->process == forks ? interpreter.true_ : interpreter.false_);
}

/* The method `_close_in_c`. */
static PyObject *close_handle(PyObject *object, PyObject *nothing)
{
    handle *const it = handle_of(object);
    (void)nothing;
    if (!closes_alone(it)) {
        return new_reference(interpreter.false_);
    }
    return close_by_class(it, object) ? new_reference(interpreter.true_) : NULL;
}

/* The same by Python, which releases the views of its memory before. */
COLD static int close_shown(handle *it)
{
    PyObject *const done = call_attribute(object_of(it), "_end", NULL, NULL, 0, NULL);
    drop(done);
    return done != NULL;
}

/* Close one that is being destroyed, as `_close_in_c` does, or is garbage. */
static void close_dying(handle *it)
{
    PyObject *const closer = it->of->closer;
    PyObject *type, *error, *traceback;
    if (is_dying(it)) {
        it->is_shown = 0; /* what shows its memory would keep it alive */
    }
    if (!it->is_shown && !closes_alone(it)) {
        forget(it);
        return;
    }
    api.PyErr_Fetch(&type, &error, &traceback);
    if (!(it->is_shown ? close_shown(it) : close_by_class(it, NULL))) {
        api.PyErr_WriteUnraisable(closer);
    }
    api.PyErr_Restore(type, error, traceback);
}

/* tp_dealloc. See https://docs.python.org/3/c-api/typeobj.html. */
static void destroy_handle(PyObject *object)
{
    handle *const it = handle_of(object);
    PyObject *const type = (PyObject *)(uintptr_t)type_of(object);
    void *const free_slot = api.PyType_GetSlot(type, Py_tp_free);
    void (*free_object)(void *);
    api.PyObject_GC_UnTrack(object);
    if (it->of) {
        close_dying(it);
    }
    drop_kept(&it->kept);
    drop(it->parent); /* after the child is closed */
    memcpy(&free_object, &free_slot, sizeof free_object);
    free_object(object);
    api.Py_DecRef(type);
}

/* A handle that is closed before another one can be, or that itself. */
COLD static handle *first_to_close(handle *it)
{
    for (;;) {
        const kept *keeping = it->keepers;
        while (keeping && keeping->is_made_from_keeper) {
            keeping = keeping->next_keeper;
        }
        if (!keeping && !it->children) {
            return it;
        }
        it = keeping ? keeping->keeper : it->children;
    }
}

/* tp_finalize: close garbage before what C keeps for it is cleared, and what is closed before it.
   One that is kept by what it was made from is closed with that. */
COLD static void finalize_handle(PyObject *object)
{
    handle *const own = handle_of(object);
    handle *last = own, *first = NULL;
    if (!own->kept || own->is_managed) {
        return;
    }
    api.Py_IncRef(object);
    while (first != own) {
        first = first_to_close(last);
        if (first->keepers && !descends_from(first->keepers->keeper, last)) {
            last = first->keepers->keeper;
            first = NULL;
        } else {
            PyObject *const closed = new_reference(object_of(first));
            for (kept *each; (each = first->keepers);) {
                UNLINK(each, next_keeper, keeper_link);
            }
            close_dying(first);
            drop_kept(&first->kept);
            drop(closed);
            last = own; /* what else was found may be gone */
        }
    }
    drop(object);
}

#define VISIT(object)                      \
    do {                                   \
        if (!stop && (object)) {           \
            stop = visit((object), given); \
        }                                  \
    } while (0)

/* tp_traverse. Nothing is cleared: a cycle leads through another object, or is broken when what
   is in it is closed. */
static int visit_handle(PyObject *object, visitproc visit, void *given)
{
    handle *const it = handle_of(object);
    int stop = visit((PyObject *)(uintptr_t)type_of(object), given);
    VISIT(it->parent);
    for (const kept *each = it->kept; each; each = each->next) {
        VISIT(each->given);
        VISIT(each->made);
        VISIT(each->view.obj);
    }
    return stop;
}

/* What Python reads of a handle. The offsets become those in an object: see place_members. */
static PyMemberDef members[] = {
    {"_address", T_ULONGLONG, offsetof(handle, address), READONLY, NULL},
    {"_given", T_ULONGLONG, offsetof(handle, given), READONLY, NULL},
    {"_parent", T_OBJECT, offsetof(handle, parent), READONLY, NULL},
    {"_is_owned", T_UBYTE, offsetof(handle, is_owned), READONLY, NULL},
    {"_is_given", T_UBYTE, offsetof(handle, is_given), READONLY, NULL},
    {"_number", T_ULONGLONG, offsetof(handle, number), READONLY, NULL},
    {"_class", T_ULONGLONG, offsetof(handle, of), READONLY, NULL}, {NULL, 0, 0, 0, NULL}};

/* Must be called once in a process, before any interpreter makes a type. */
COLD static void place_members(void)
{
    for (PyMemberDef *member = members; member->name; member++) {
        member->offset += (Py_ssize_t)head_size();
    }
}

COLD void *fastcall_make_handle_type(void)
{
    static PyMethodDef methods[] = {
        {"_close_in_c", close_handle, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
    static PyGetSetDef computed[] = {
        {"_is_of_this_process", is_of_this_process, NULL, NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL}};
    void (*const destroy)(PyObject *) = destroy_handle;
    int (*const visit)(PyObject *, visitproc, void *) = visit_handle;
    void (*const finalize)(PyObject *) = finalize_handle;
    PyType_Slot slots[] = {{Py_tp_dealloc, NULL}, {Py_tp_traverse, NULL}, {Py_tp_finalize, NULL},
        {Py_tp_methods, methods}, {Py_tp_members, members}, {Py_tp_getset, computed}, {0, NULL}};
    PyType_Spec spec = {
        "libfastcall.HandleMemory", 0, 0, Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, NULL};
    memcpy(&slots[0].pfunc, &destroy, sizeof destroy);
    memcpy(&slots[1].pfunc, &visit, sizeof visit);
    memcpy(&slots[2].pfunc, &finalize, sizeof finalize);
    spec.basicsize = (int)(head_size() + sizeof(handle));
    spec.slots = slots;
    return api.PyType_FromSpec(&spec);
}

/* Returns memory of zeros that is never freed, or NULL with an error set. Something refers to all
   of it, so that no tool takes it for lost. */
COLD static void *make_for_ever(size_t size)
{
    static int64_t last; /* the address of another one, which begins with that before it, ... */
    int64_t *const made = api.PyMem_Calloc(1, sizeof *made + size);
    if (!made) {
        (void)api.PyErr_NoMemory();
        return NULL;
    }
    do { /* another interpreter may do this at the same time */
        *made = GET(&last);
    } while (REPLACE(&last, *made, (int64_t)(intptr_t)made) != *made);
    return made + 1;
}

COLD fastcall_handles *fastcall_make_handles(void)
{
    return make_for_ever(sizeof(fastcall_handles));
}

COLD fastcall_handle_class *fastcall_describe_handles(
    const void *type, const void *root, fastcall_handles *open)
{
    fastcall_handle_class *const of = make_for_ever(sizeof *of);
    if (!of) {
        return NULL;
    }
    of->type = type;
    of->root = root;
    of->open = open;
    return of;
}

COLD void fastcall_set_closer(fastcall_handle_class *of, void *closer)
{
    PyObject *const before = of->closer;
    of->closer = closer == interpreter.none ? NULL : new_reference(closer);
    drop(before);
}

void fastcall_set_address(void *object, void *address)
{
    handle *const it = handle_of(object);
    SET_POINTER(&it->address, address);
    if (it->of && address) {
        enter_table(it);
    } else if (it->of) {
        leave_table(it);
    }
}

int64_t fastcall_count_users(void *object)
{
    return count_users(handle_of(object));
}

void fastcall_show(void *object)
{
    handle_of(object)->is_shown = 1;
}

void fastcall_register(void *object, const fastcall_handle_class *of)
{
    handle *const it = handle_of(object);
    it->is_managed = 1;
    it->given = it->address;
    it->of = of;
    enter_table(it);
}

COLD void *fastcall_adopt(
    const fastcall_handle_class *of, void *address, void *parent, void **owner)
{
    PyObject *const made =
        new_handle(of, address, parent == interpreter.none ? NULL : parent, owner != NULL);
    if (made && owner) {
        *owner = NULL;
    }
    return made || api.PyErr_Occurred() ? made : new_reference(interpreter.none);
}

/* Returns a tuple of handles, whose references are stolen, and frees the array. */
static PyObject *as_tuple(PyObject **objects, size_t count)
{
    PyObject *tuple = objects ? tuple_of(objects, (Py_ssize_t)count) : api.PyErr_NoMemory();
    api.PyMem_Free(objects);
    return tuple;
}

/* Those in the table. References are taken first, since making a tuple may collect garbage. */
void *fastcall_list_open(const fastcall_handles *open)
{
    PyObject **const objects = api.PyMem_Malloc((open->count + 1) * sizeof *objects);
    size_t count = 0;
    for (size_t i = 0; objects && i < open->size; i++) {
        for (handle *it = open->rows[i]; it; it = it->next) {
            if (!is_dying(it)) {
                objects[count++] = new_reference(object_of(it));
            }
        }
    }
    return as_tuple(objects, count);
}

/* Those of an address, the newest first. */
void *fastcall_find(const fastcall_handle_class *of, const void *address)
{
    handle *const newest = find_open(of, address);
    size_t count = 0;
    PyObject **objects;
    for (handle *it = newest; it; it = find_from(it->next, of, address)) {
        count++;
    }
    objects = api.PyMem_Malloc((count + 1) * sizeof *objects);
    count = 0;
    for (handle *it = newest; objects && it; it = find_from(it->next, of, address)) {
        objects[count++] = new_reference(object_of(it));
    }
    return as_tuple(objects, count);
}

/* One that is being destroyed, which Python cannot take over: a child of a handle, or what C
   keeps it for. */
COLD static handle *first_dying(const handle *it)
{
    for (handle *child = it->children; child; child = child->sibling) {
        if (is_dying(child)) {
            return child;
        }
    }
    for (const kept *each = it->keepers; each; each = each->next_keeper) {
        if (is_dying(each->keeper)) {
            return each->keeper;
        }
    }
    return NULL;
}

/* Store the handles that must be taken over with one, if there is room. Returns their number. */
COLD static size_t list_connected(handle *it, PyObject **objects)
{
    size_t count = 0, place;
    for (const handle *child = it->children; child; child = child->sibling) {
        count++;
    }
    place = count;
    for (handle *child = it->children; objects && child; child = child->sibling) {
        objects[--place] = new_reference(object_of(child)); /* the newest is the first */
    }
    for (const kept *each = it->keepers; each; each = each->next_keeper) {
        if (objects) {
            objects[count] = new_reference(object_of(each->keeper));
        }
        count++;
    }
    for (const kept *each = it->kept; each; each = each->next) {
        if (objects && each->kept_handle) {
            objects[count] = new_reference(each->given);
        }
        count += each->kept_handle != NULL;
    }
    return count;
}

COLD void *fastcall_take_over(void *object)
{
    handle *const it = handle_of(object);
    PyObject **objects;
    size_t count;
    handle *dying;
    while ((dying = first_dying(it))) {
        close_dying(dying);
        drop_kept(&dying->kept);
    }
    it->is_managed = 1;
    UNLINK(it, sibling, sibling_link);
    count = list_connected(it, NULL);
    objects = api.PyMem_Malloc((count + 1) * sizeof *objects);
    if (objects) {
        (void)list_connected(it, objects);
    }
    return as_tuple(objects, count);
}

COLD void fastcall_leave_parent(void *object)
{
    handle *const it = handle_of(object);
    PyObject *const parent = it->parent;
    it->parent = NULL;
    it->is_given = 0;
    drop(parent);
}

void *fastcall_list_kept(void *object)
{
    if (is_bytes(object)) {
        descriptor_of(object)->is_managed = 1;
    }
    return describe_list(*kept_for(object));
}

void fastcall_drop_kept(void *object)
{
    drop_kept(kept_for(object));
}

#endif
