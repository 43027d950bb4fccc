/*
 * Structures by value: where each ABI puts an argument, and where a result comes from.
 * The documents are those of convention.h, which includes this file.
 *
 * The callee ignores the bytes of a register or stack slot behind the end of a structure.
 */
#ifndef AGGREGATES_H
#define AGGREGATES_H

/* How an argument is passed: stored in it. */
#define WAY_WORDS 0     /* the first eight bytes at `location`, others at `rest` */
#define WAY_FLOATS 1    /* AAPCS64: four bytes in each word from `location` on */
#define WAY_REFERENCE 2 /* the address of a copy, which is at `rest` */

#if !defined(CONVENTION_NOT_SERVED)
#  define MANY_BYTES "it has more bytes of structures than are served"
#  define LONG_DOUBLE "a structure with a long double is not served"

static unsigned words_of(const fastcall_struct *structure)
{
    return (structure->size + 7U) / 8;
}
#endif

#if defined(CONVENTION_SYSTEM_V) || defined(CONVENTION_AAPCS64)
/* Assign locations on the stack. */
static const char *assign_struct_stack(
    fastcall_argument *argument, const fastcall_struct *structure, taken_places *taken)
{
    const unsigned alignment = structure->alignment > 8 ? 16 : 8;
    const char *const reason = assign_stack(argument, words_of(structure) * 8, alignment, taken);
    argument->rest = (uint8_t)(argument->location + 1);
    return reason ? MANY_BYTES : NULL;
}
#endif

#if defined(CONVENTION_WINDOWS_X64) || defined(CONVENTION_AAPCS64)
/* Assign a location to the address of a copy. */
static const char *assign_copy(fastcall_descriptor *descriptor, fastcall_argument *argument,
    unsigned index, taken_places *taken)
{
    const fastcall_struct *structure = argument->items;
    argument->way = WAY_REFERENCE;
    argument->rest = (uint8_t)(FIRST_COPIED_WORD + taken->copies);
    taken->copies += (words_of(structure) + 1) / 2 * 2;
    return taken->copies > FASTCALL_STRUCT_WORDS
               ? MANY_BYTES
               : assign_word(descriptor, argument, index, taken);
}
#endif

#if defined(CONVENTION_SYSTEM_V)
/*
 * 3.2.3, "Classification" and "Passing". A structure of more than 16 bytes is in memory, which
 * means on the stack. So is one with a long double, which makes up 16 bytes (class X87), unless
 * it is the result. Of others, each eight bytes go to the next vector register if all members
 * in them are float or double (class SSE), otherwise to the next integer register. If there are
 * too few of either, all of the structure goes to the stack.
 */
static const char *assign_struct(fastcall_descriptor *descriptor, fastcall_argument *argument,
    unsigned index, taken_places *taken)
{
    const fastcall_struct *structure = argument->items;
    taken_places after = *taken;
    unsigned locations[2] = {0, 0};
    (void)descriptor, (void)index;
    if (structure->size > 16 || structure->is_wide) {
        return assign_struct_stack(argument, structure, taken);
    }
    for (unsigned i = 0; i < words_of(structure); i++) {
        locations[i] = structure->float_eighths & 1U << i ? INTEGER_REGISTERS + after.floats++
                                                          : after.integers++;
    }
    if (after.integers > INTEGER_REGISTERS || after.floats > FLOAT_REGISTERS) {
        return assign_struct_stack(argument, structure, taken);
    }
    argument->location = (uint8_t)locations[0];
    argument->rest = (uint8_t)locations[1];
    *taken = after;
    return NULL;
}

/*
 * 3.2.3, "Returning of Values". By the same classes, in RAX and RDX, XMM0 and XMM1. The address
 * for a result in memory is passed as if it were the first argument.
 */
static const char *assign_struct_result(
    fastcall_descriptor *descriptor, const fastcall_struct *structure, taken_places *taken)
{
    static const uint8_t pairs[] = {
        RESULT_INTEGERS, RESULT_FLOAT_INTEGER, RESULT_INTEGER_FLOAT, RESULT_FLOATS};
    if (structure->size > 16) {
        descriptor->result = RESULT_MEMORY;
        taken->integers = 1;
    } else if (structure->is_wide) {
        return LONG_DOUBLE; /* in ST0 */
    } else if (structure->size > 8) {
        descriptor->result = pairs[structure->float_eighths & 3];
    } else {
        descriptor->result = structure->float_eighths & 1 ? RESULT_FLOAT : RESULT_INTEGER;
    }
    return words_of(structure) > FASTCALL_STRUCT_WORDS ? MANY_BYTES : NULL;
}

#elif defined(CONVENTION_WINDOWS_X64)
/*
 * "x64 calling convention", "Parameter passing" and "Return values". A structure of 1, 2, 4 or
 * 8 bytes is passed and returned as if it were an integer. Of any other, the caller passes the
 * address of a copy, which is 16-aligned. The address for such a result is passed as if it were
 * the first argument.
 */
static int is_integer(const fastcall_struct *structure)
{
    const unsigned size = structure->size;
    return size == 1 || size == 2 || size == 4 || size == 8;
}

static const char *assign_struct(fastcall_descriptor *descriptor, fastcall_argument *argument,
    unsigned index, taken_places *taken)
{
    return is_integer(argument->items) ? assign_word(descriptor, argument, index, taken)
                                       : assign_copy(descriptor, argument, index, taken);
}

static const char *assign_struct_result(
    fastcall_descriptor *descriptor, const fastcall_struct *structure, taken_places *taken)
{
    if (!is_integer(structure)) {
        descriptor->result = RESULT_MEMORY;
        taken->integers = 1;
    }
    return words_of(structure) > FASTCALL_STRUCT_WORDS ? MANY_BYTES : NULL;
}

#elif defined(CONVENTION_AAPCS64)
/*
 * 6.8.2 (stages B and C) and 6.9. A structure of one to four float, or as many double, and
 * nothing else (5.9.5.1, "Homogeneous Floating-point Aggregates") goes to that many V registers.
 * Any other of up to 16 bytes goes to one or two X registers. If there are too few, all of it
 * goes to the stack, and so do all later arguments that would go to these registers. Of a larger
 * structure, the caller passes the address of a copy.
 *
 * Apple ("Writing ARM64 code for Apple platforms") packs the stack, but says too little
 * about floats there; Windows may split a variadic structure ("Overview of ARM64 ABI
 * conventions"): neither is served.
 */
static const char *assign_struct(fastcall_descriptor *descriptor, fastcall_argument *argument,
    unsigned index, taken_places *taken)
{
    const fastcall_struct *structure = argument->items;
    const unsigned words = words_of(structure);
    const int in_register = may_be_in_register(descriptor, index);
    if (structure->is_wide) {
        return LONG_DOUBLE;
    }
#  if defined(CONVENTION_INTEGERS_ONLY_IF_VARIADIC)
    if (descriptor->is_variadic) {
        return "a structure is not served in a variadic call";
    }
#  endif
    if (!structure->floats && structure->size > 16) {
        return assign_copy(descriptor, argument, index, taken);
    }
    if (structure->floats) {
        if (in_register && taken->floats + structure->floats <= FLOAT_REGISTERS) {
            argument->way = structure->alignment == 4 ? WAY_FLOATS : WAY_WORDS;
            argument->location = (uint8_t)(INTEGER_REGISTERS + taken->floats);
            argument->rest = (uint8_t)(argument->location + 1);
            taken->floats += structure->floats;
            return NULL;
        }
#  if defined(CONVENTION_PACKS_STACK)
        if (!in_register || structure->alignment == 4) {
            return "a structure of floats is not served on the stack";
        }
#  endif
        taken->floats = FLOAT_REGISTERS;
    } else if (in_register) {
        if (taken->integers + words <= INTEGER_REGISTERS) {
            argument->location = (uint8_t)taken->integers;
            argument->rest = (uint8_t)(taken->integers + 1);
            taken->integers += words;
            return NULL;
        }
        taken->integers = INTEGER_REGISTERS;
    }
    return assign_struct_stack(argument, structure, taken);
}

/* 6.9: in the registers of a first argument; the address for a larger result goes to X8. */
static const char *assign_struct_result(
    fastcall_descriptor *descriptor, const fastcall_struct *structure, taken_places *taken)
{
    (void)taken;
    if (structure->is_wide) {
        return LONG_DOUBLE;
    }
    if (structure->floats) {
        descriptor->result = structure->floats == 1 ? RESULT_FLOAT : RESULT_FLOATS;
    } else if (structure->size > 16) {
        descriptor->result = RESULT_MEMORY;
    } else {
        descriptor->result = structure->size > 8 ? RESULT_INTEGERS : RESULT_INTEGER;
    }
    return words_of(structure) > FASTCALL_STRUCT_WORDS ? MANY_BYTES : NULL;
}
#endif

/* Store a structure whose content is at `memory`, except its first word, which is returned. */
static uint64_t store_struct(frame *frame, const fastcall_argument *argument,
    const fastcall_struct *structure, const char *memory)
{
    uint64_t *const rest = frame->words + argument->rest;
    uint64_t word = 0;
    size_t first = structure->size < 8 ? structure->size : 8;
    switch (argument->way) {
    case WAY_REFERENCE: memcpy(rest, memory, structure->size); return (uintptr_t)rest;
    case WAY_FLOATS:
        for (unsigned i = 1; i < structure->floats; i++) {
            memcpy(rest + i - 1, memory + 4 * i, 4);
        }
        first = 4;
        break;
    default:
        if (structure->size > 8) {
            memcpy(rest, memory + 8, structure->size - 8U);
        }
        break;
    }
    memcpy(&word, memory, first);
    return word;
}

#if defined(CONVENTION_SYSTEM_V)
typedef struct {
    uint64_t first, second;
} two_integers;
typedef struct {
    double first, second;
} two_floats;
typedef struct {
    uint64_t first;
    double second;
} integer_float;
typedef struct {
    double first;
    uint64_t second;
} float_integer;
DEFINE_CALL(call_integers, two_integers)
DEFINE_CALL(call_floats, two_floats)
DEFINE_CALL(call_integer_float, integer_float)
DEFINE_CALL(call_float_integer, float_integer)
#elif defined(CONVENTION_AAPCS64)
typedef struct {
    uint64_t words[2];
} two_integers;
typedef struct {
    double numbers[4];
} four_floats;
typedef struct {
    uint64_t words[FASTCALL_STRUCT_WORDS];
} large_struct; /* that the compiler lets X8 point to it */
DEFINE_CALL(call_integers, two_integers)
DEFINE_CALL(call_floats, four_floats)
DEFINE_CALL(call_memory, large_struct)
#endif

/* Before the call: a result in memory begins as zeros. `place` is in what came back. */
static void begin_struct_result(frame *frame, const fastcall_struct *structure, char *place)
{
    memset(place, 0, structure->size);
#if defined(CONVENTION_AAPCS64)
    (void)frame;
#else
    frame->words[0] = (uintptr_t)place;
#endif
}

/* The call. Stores the structure at `place`. */
static void call_for_struct(const fastcall_descriptor *descriptor,
    const fastcall_struct *structure, const frame *frame, char *place)
{
#define CALL(name) name(descriptor->function, descriptor->shape, descriptor->float_slots, frame)
#define CALL_AND_STORE(type, name, size) \
    do {                                 \
        const type made = CALL(name);    \
        memcpy(place, &made, size);      \
    } while (0)
    switch (descriptor->result) {
#if defined(CONVENTION_SYSTEM_V)
    case RESULT_INTEGERS: CALL_AND_STORE(two_integers, call_integers, sizeof made); break;
    case RESULT_FLOATS: CALL_AND_STORE(two_floats, call_floats, sizeof made); break;
    case RESULT_INTEGER_FLOAT:
        CALL_AND_STORE(integer_float, call_integer_float, sizeof made);
        break;
    case RESULT_FLOAT_INTEGER:
        CALL_AND_STORE(float_integer, call_float_integer, sizeof made);
        break;
#elif defined(CONVENTION_AAPCS64)
    case RESULT_INTEGERS: CALL_AND_STORE(two_integers, call_integers, sizeof made); break;
    case RESULT_FLOATS: {
        const four_floats made = CALL(call_floats);
        const size_t size = structure->alignment;
        for (unsigned i = 0; i < structure->floats; i++) {
            memcpy(place + i * size, &made.numbers[i], size);
        }
        break;
    }
    case RESULT_MEMORY: CALL_AND_STORE(large_struct, call_memory, structure->size); break;
#endif
    default: (void)CALL(call_integer); break;
    }
#undef CALL_AND_STORE
#undef CALL
    (void)structure, (void)place;
}

#endif
