/* The trampoline: results, counts, overlaps, and where arguments go. */
#include "proof.h"

#include "../../src/pyexample/ffi/c/fastcall.c"

#define MOST_IN_PROOF 4 /* arguments: as structures, more than the integer registers hold */

void results_are_extended(void)
{
    const uint64_t word = nondet_uint64();
    PROVE(extend_signed(word, 1) == (int8_t)(uint8_t)word);
    PROVE(extend_signed(word, 2) == (int16_t)(uint16_t)word);
    PROVE(extend_signed(word, 4) == (int32_t)(uint32_t)word);
    PROVE(extend_signed(word, 8) == (int64_t)word);
    PROVE(extend_unsigned(word, 1) == (uint8_t)word);
    PROVE(extend_unsigned(word, 2) == (uint16_t)word);
    PROVE(extend_unsigned(word, 4) == (uint32_t)word);
    PROVE(extend_unsigned(word, 8) == word);
}

/* Every argument has eight bytes of the frame to itself, whatever the others are. */
void arguments_are_apart_and_within_the_frame(void)
{
    fastcall_descriptor descriptor;
    fastcall_argument arguments[FASTCALL_MAX_ARGUMENTS];
    const fastcall_value result = {0};
    const unsigned one = nondet_uint8(), other = nondet_uint8();
    descriptor.shape = 0;
    ASSUME(descriptor.arguments <= FASTCALL_MAX_ARGUMENTS);
    ASSUME(one < other && other < descriptor.arguments);
    for (unsigned i = 0; i < FASTCALL_MAX_ARGUMENTS; i++) {
        arguments[i].location = arguments[i].offset = 0;
        ASSUME(arguments[i].kind != FASTCALL_STRUCT);
    }
    if (assign_locations(&descriptor, arguments, &result)) {
        return; /* refused */
    }
    PROVE(arguments[one].location != arguments[other].location);
    PROVE(arguments[other].location < FIRST_STACK_WORD + STACK_WORDS);
    PROVE(arguments[other].offset == 0);
    PROVE(arguments[other].location < FIRST_STACK_WORD || descriptor.shape == SHAPE_ALL);
    PROVE(arguments[other].location < INTEGER_REGISTERS || descriptor.shape != SHAPE_INTEGERS);
    PROVE(arguments[other].location >= INTEGER_REGISTERS || arguments[other].kind != FASTCALL_FLOAT ||
          arguments[other].output);
}

/* Whether a word of the frame is one of those of an argument. */
static int owns(const fastcall_argument *argument, unsigned word)
{
    const fastcall_struct *structure = argument->items;
    if (argument->kind != FASTCALL_STRUCT) {
        return word == argument->location;
    }
    return word == argument->location ||
           (word >= argument->rest && word + 1 < argument->rest + words_of(structure));
}

/* Nor do those of structures overlap; and all that there is of them is passed. */
void structures_are_apart_and_passed(void)
{
    static const unsigned passed[] = {0, FIRST_STACK_WORD, FIRST_STACK_WORD + STACK_WORDS,
        FIRST_STACK_WORD + LARGE_WORDS, FIRST_STACK_WORD + MOST_STACK_WORDS};
    fastcall_descriptor descriptor;
    fastcall_argument arguments[MOST_IN_PROOF];
    fastcall_struct structures[MOST_IN_PROOF + 1];
    fastcall_value result = {0};
    const unsigned one = nondet_uint8(), other = nondet_uint8(), word = nondet_uint8();
    ASSUME(descriptor.arguments <= MOST_IN_PROOF);
    ASSUME(one < other && other < descriptor.arguments);
    for (unsigned i = 0; i < MOST_IN_PROOF; i++) {
        arguments[i].location = arguments[i].offset = arguments[i].way = 0;
        arguments[i].items = &structures[i];
        ASSUME(structures[i].size > 0);
    }
    ASSUME(structures[MOST_IN_PROOF].size > 0);
    result.kind = nondet_uint8();
    result.conversion = &structures[MOST_IN_PROOF];
    if (assign_locations(&descriptor, arguments, &result)) {
        return; /* refused */
    }
    PROVE(!owns(&arguments[one], word) || !owns(&arguments[other], word));
    PROVE(descriptor.result != RESULT_MEMORY || !owns(&arguments[other], 0));
    if (owns(&arguments[other], word)) {
        PROVE(word < INTEGER_REGISTERS || word < passed[descriptor.shape]);
    }
}

/* Two buffers anywhere in memory, the first of which C writes to. */
void what_is_written_is_apart(void)
{
    held_arguments held;
    fastcall_argument owners[2];
    const uintptr_t a = nondet_uint64(), b = nondet_uint64(), byte = nondet_uint64();
    const Py_ssize_t m = nondet_int64(), n = nondet_int64();
    ASSUME(m >= 0 && n >= 0 && a + (size_t)m >= a && b + (size_t)n >= b);
    held.count = 2;
    held.owners[0] = &owners[0];
    held.owners[1] = &owners[1];
    held.views[0].buf = (void *)a;
    held.views[0].len = m;
    held.views[1].buf = (void *)b;
    held.views[1].len = n;
    ASSUME(owners[0].writable && !owners[0].in_place);
    if (are_apart(&held)) {
        const int in_one = byte >= a && byte - a < (size_t)m;
        const int in_other = byte >= b && byte - b < (size_t)n;
        PROVE(!in_one || !in_other);
    }
}

/* A count is never more than any of the buffers that it is taken from has, nor than its
   type holds. */
void counts_are_those_of_the_buffers(void)
{
    held_arguments held;
    fastcall_argument owners[3], argument;
    uint64_t count;
    const unsigned one = nondet_uint8();
    ASSUME(held.count <= 3 && one < held.count);
    for (unsigned i = 0; i < 3; i++) {
        held.owners[i] = &owners[i];
        ASSUME(held.views[i].len >= 0 && held.views[i].itemsize > 0 && owners[i].shift <= 3);
    }
    ASSUME(!argument.memory);
    if (convert_count(&argument, &held, NULL, NULL, &count) &&
        argument.buffers & 1U << one) {
        PROVE(count == (argument.is_size ? (uint64_t)held.views[one].itemsize
                                         : (uint64_t)held.views[one].len >> owners[one].shift));
        PROVE((int64_t)count <= argument.high);
    }
}
