/*
 * Function pointers without executable memory: C functions that call Python functions.
 * callbacks.h has what they do.
 *
 * A *thunk* is a C function that is compiled into this library and knows its number. C gets its
 * address as a function pointer. It passes on the argument registers and some stack words, which
 * are stored in a frame, and the Python function is called with what a fastcall_callback_type
 * finds there. The conversions are those of calls, with the sides exchanged: an argument is
 * converted like what comes back, and the result like an argument. As in calls, what this
 * library is not sure of is left to Python code.
 *
 * A function that is declared with fewer arguments than are passed ignores the others, in all
 * supported ABIs. One that is declared with more reads registers and stack words that have no
 * meaning, and are not used: the stack above an argument area is the caller's own frame.
 */
#ifndef THUNKS_H
#define THUNKS_H

#include "convention.h"
#include "state.h"

/* ------------------------------------------------------------------- thunks */

#define THUNKS 0x80
#define FIRST_FLOAT_THUNK 0x70 /* those from here on return floating point numbers */
#define THUNK_STACK_WORDS 6

/* What a thunk calls. */
typedef struct {
    void *type;     /* whose it is: a fastcall_callback_type, in its object; or NULL: nobody's */
    void *function; /* the object that it calls, or NULL: the call that passed it is over */
    int64_t is_taken; /* by a call that passes it */
    int64_t readers;  /* without a GIL: the threads that read what is above */
} thunk;

static thunk thunks[THUNKS];

HOT static uint64_t call_back(unsigned number, const uint64_t *words);

#define I uint64_t
#define D double
#define EXTRA_TYPES I s0, I s1, I s2, I s3, I s4, I s5
#define EXTRA s0, s1, s2, s3, s4, s5

#if defined(CONVENTION_WINDOWS_X64)

/* The number is in the first word of the stack. */
#  define THUNK_FLOATS 0
#  define PARAMETERS I a, I b, I c, I d, EXTRA_TYPES
#  define PARAMETERS_AND_NUMBER I a, I b, I c, I d, unsigned number, EXTRA_TYPES
#  define PASS_ON(number) a, b, c, d, number, EXTRA
#  define WORDS a, b, c, d, EXTRA
#  define UNUSED (void)0

#else

/* The number takes the place of the last floating point register. As everything else stays where
   it is, compilers make a thunk of two instructions: it loads that register, and jumps. */
#  define THUNK_FLOATS (FLOAT_REGISTERS - 1)
#  if INTEGER_REGISTERS == 8
#    define INTEGER_PARAMETERS I a, I b, I c, I d, I e, I f, I g, I h
#    define PASSED_INTEGERS a, b, c, d, e, f, g, h
#  else
#    define INTEGER_PARAMETERS I a, I b, I c, I d, I e, I f
#    define PASSED_INTEGERS a, b, c, d, e, f
#  endif
#  define PARAMETERS \
      INTEGER_PARAMETERS, D x0, D x1, D x2, D x3, D x4, D x5, D x6, D x7, EXTRA_TYPES
#  define PARAMETERS_AND_NUMBER \
      INTEGER_PARAMETERS, D x0, D x1, D x2, D x3, D x4, D x5, D x6, float number, EXTRA_TYPES
#  define PASS_ON(number) PASSED_INTEGERS, x0, x1, x2, x3, x4, x5, x6, number, EXTRA
#  define WORDS                                                                         \
      PASSED_INTEGERS, as_word(x0), as_word(x1), as_word(x2), as_word(x3), as_word(x4), \
          as_word(x5), as_word(x6), 0, EXTRA
#  define UNUSED (void)x7

#endif

/* The words of a frame that a thunk stores, before one that is 0: eight bytes are read of
   packed arguments too. */
#define THUNK_WORDS (FIRST_STACK_WORD + THUNK_STACK_WORDS)

#if defined(CONVENTION_NOT_SERVED)

/* Never called: assign_locations returns a reason. */
static any_function thunk_address(unsigned number)
{
    (void)number, (void)call_back;
    return NULL;
}

static int is_stored(unsigned location, unsigned float_slots)
{
    (void)location, (void)float_slots;
    return 0;
}

#else

/* Whether a thunk stores what C passes there. */
static int is_stored(unsigned location, unsigned float_slots)
{
    const int is_in_register = location < INTEGER_REGISTERS + THUNK_FLOATS && !float_slots;
    return is_in_register || (location >= FIRST_STACK_WORD && location < THUNK_WORDS);
}

HOT NO_INLINE static uint64_t call_for_integer(PARAMETERS_AND_NUMBER)
{
    const uint64_t words[THUNK_WORDS + 1] = {WORDS};
    return call_back((unsigned)number, words);
}

HOT NO_INLINE static double call_for_float(PARAMETERS_AND_NUMBER)
{
    const uint64_t words[THUNK_WORDS + 1] = {WORDS};
    return as_double(call_back((unsigned)number, words));
}

#  define INTEGER_THUNK(n)                         \
      COLD static uint64_t thunk_##n(PARAMETERS)   \
      {                                            \
          UNUSED;                                  \
          return call_for_integer(PASS_ON(0x##n)); \
      }
#  define FLOAT_THUNK(n)                         \
      COLD static double thunk_##n(PARAMETERS)   \
      {                                          \
          UNUSED;                                \
          return call_for_float(PASS_ON(0x##n)); \
      }
#  define HALF(X, r) X(r##0) X(r##1) X(r##2) X(r##3) X(r##4) X(r##5) X(r##6) X(r##7)
#  define REST(X, r) X(r##8) X(r##9) X(r##A) X(r##B) X(r##C) X(r##D) X(r##E) X(r##F)
#  define ROW(X, r) HALF(X, r) REST(X, r)
#  define INTEGER_ROWS(X) ROW(X, 0) ROW(X, 1) ROW(X, 2) ROW(X, 3) ROW(X, 4) ROW(X, 5) ROW(X, 6)
#  define FLOAT_ROWS(X) ROW(X, 7)

INTEGER_ROWS(INTEGER_THUNK)
FLOAT_ROWS(FLOAT_THUNK)

/* A switch, because a table of addresses is larger: the system's loader must correct each. */
COLD static any_function thunk_address(unsigned number)
{
#  define ADDRESS_OF(n) \
  case 0x##n: return (any_function)thunk_##n;
    switch (number) {
        INTEGER_ROWS(ADDRESS_OF)
        FLOAT_ROWS(ADDRESS_OF)
    default: return NULL;
    }
}

#endif

#undef I
#undef D

static fastcall_callback_type *callback_type_of(PyObject *self)
{
    return (fastcall_callback_type *)(void *)((char *)self + interpreter.bytes_offset);
}

static const fastcall_value *received_of(const fastcall_callback_type *type)
{
    return (const fastcall_value *)(const void *)(type + 1);
}

static const fastcall_argument *answer_of(const fastcall_callback_type *type)
{
    return (const fastcall_argument *)(const void *)(received_of(type) + type->arguments);
}

/* Find where C passes each argument. Returns NULL, or the reason why a thunk does not get it. */
COLD static const char *locate_arguments(fastcall_callback_type *type)
{
    fastcall_argument arguments[FASTCALL_MAX_ARGUMENTS] = {{0}};
    fastcall_descriptor descriptor = {0};
    fastcall_value *const received = (fastcall_value *)(void *)(type + 1);
    const fastcall_value nothing = {0};
    const char *reason;
    for (unsigned i = 0; i < type->arguments; i++) {
        arguments[i].kind = received[i].is_indirect ? FASTCALL_ADDRESS : received[i].kind;
        arguments[i].size = (uint8_t)(received[i].is_indirect ? 8 : received[i].size);
    }
    descriptor.arguments = type->arguments;
    reason = assign_locations(&descriptor, arguments, &nothing);
    if (reason) {
        return reason;
    }
    for (unsigned i = 0; i < type->arguments; i++) {
        const unsigned location = arguments[i].location;
        if (!is_stored(location, descriptor.float_slots)) {
            return "C passes it more than is served";
        }
        received[i].offset = (uint16_t)(location * sizeof(uint64_t) + arguments[i].offset);
    }
    return NULL;
}

COLD const char *fastcall_prepare_callback(void *self)
{
    fastcall_callback_type *const type = callback_type_of(self);
    if (api.PyBytes_AsString(self) != (char *)type) {
        return "this Python lays out bytes in another way";
    }
    if (type->arguments > FASTCALL_MAX_ARGUMENTS) {
        return "it has more arguments than are served";
    }
    return locate_arguments(type);
}

/* -------------------------------------------------------- taking and returning */

static int64_t is_growing; /* whether a thread gives a thunk to a type */

/* Give a thunk that is nobody's to a type of callbacks. Returns it, taken, or NULL. */
COLD static thunk *add_thunk(PyObject *self)
{
    static unsigned last; /* one that was given back is used again as late as possible */
    fastcall_callback_type *const type = callback_type_of(self);
    const int is_float = answer_of(type)->kind == FASTCALL_FLOAT;
    const unsigned first = is_float ? FIRST_FLOAT_THUNK : 0;
    const unsigned count = is_float ? THUNKS - FIRST_FLOAT_THUNK : FIRST_FLOAT_THUNK;
    thunk *added = NULL;
    if (REPLACE(&is_growing, 0, 1)) {
        return NULL; /* another thread does; so this one does without */
    }
    for (unsigned i = 0; i < count && type->thunk_count < FASTCALL_THUNKS_OF_TYPE; i++) {
        const unsigned number = first + (last + i) % count;
        if (!GET_POINTER(&thunks[number].type)) {
            added = &thunks[number];
            added->is_taken = 1;
            SET_POINTER(&added->type, self);
            type->thunks[type->thunk_count] = (uint8_t)number;
            (void)ADD(&type->thunk_count, 1);
            last = number + 1;
            break;
        }
    }
    (void)REPLACE(&is_growing, 1, 0);
    return added;
}

/* Take a thunk of a type of callbacks. Returns NULL if all are taken. A type has several, which
   take turns: so if C calls one too late, that has mostly nothing to call. They are of no other
   type as long as it exists: so C does not pass arguments of another type. */
static thunk *take_thunk(PyObject *self)
{
    fastcall_callback_type *const type = callback_type_of(self);
    const int64_t count = ADD(&type->thunk_count, 0);
    thunk *const added = count < FASTCALL_THUNKS_OF_TYPE ? add_thunk(self) : NULL;
    if (added) {
        return added;
    }
    for (int64_t i = 0; i < count; i++) {
        thunk *const next =
            &thunks[type->thunks[(uint64_t)ADD(&type->next, 1) % (uint64_t)count]];
        if (!GET(&next->is_taken) && !REPLACE(&next->is_taken, 0, 1)) {
            return next;
        }
    }
    return NULL;
}

/* Python objects have a larger head if there is no GIL. */
static int has_gil(void)
{
    return interpreter.type_offset == sizeof(void *);
}

/* Wait for threads that have read what a thunk calls, and are about to hold it. */
static void await_readers(const thunk *changed)
{
    while (!has_gil() && GET(&changed->readers)) {
    }
}

static void return_thunk(thunk *taken)
{
    SET_POINTER(&taken->function, NULL);
    await_readers(taken);
    (void)REPLACE(&taken->is_taken, 1, 0);
}

/* In the child of a fork. */
static void forget_other_threads(void)
{
    is_growing = 0;
    for (unsigned i = 0; i < THUNKS; i++) {
        thunks[i].readers = 0;
    }
}

void fastcall_release_thunks(void *self)
{
    fastcall_callback_type *const type = callback_type_of(self);
    for (unsigned i = 0; i < type->thunk_count; i++) {
        thunk *const released = &thunks[type->thunks[i]];
        SET_POINTER(&released->type, NULL);
        await_readers(released);
    }
    type->thunk_count = 0;
}

#endif
