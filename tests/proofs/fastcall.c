/* The trampoline: results, counts, overlaps, and where arguments go. */
#include "proof.h"

#include "../../src/pyexample/ffi/c/fastcall.c"

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
    const unsigned one = nondet_uint8(), other = nondet_uint8();
    descriptor.shape = 0;
    ASSUME(descriptor.arguments <= FASTCALL_MAX_ARGUMENTS);
    ASSUME(one < other && other < descriptor.arguments);
    for (unsigned i = 0; i < FASTCALL_MAX_ARGUMENTS; i++) {
        arguments[i].location = arguments[i].offset = 0;
    }
    if (assign_locations(&descriptor, arguments)) {
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
        ASSUME(held.views[i].len >= 0 && owners[i].shift <= 3);
    }
    if (convert_count(&argument, &held, &count) && argument.buffers & 1U << one) {
        PROVE(count == (uint64_t)held.views[one].len >> owners[one].shift);
        PROVE((int64_t)count <= argument.high);
    }
}
