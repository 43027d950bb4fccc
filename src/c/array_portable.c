/* Kernels in plain C, in a form that compilers make vector instructions of. */
#include <string.h>

#include "array.h"

/* As many numbers as are checked, then squared, at a time. (tests/proofs has fewer.) */
#ifndef BLOCK
#  define BLOCK 64
#endif

static size_t square_array(const int32_t *numbers, int32_t *squares, size_t count)
{
    size_t done = 0;
    while (count - done >= BLOCK) {
        /* A copy, so that the compiler knows that it does not overlap the squares. */
        int32_t block[BLOCK];
        unsigned too_large = 0;
        memcpy(block, numbers + done, sizeof block);
        for (int i = 0; i < BLOCK; i++) {
            /* One comparison: below -MAX_ROOT it wraps to a great number. */
            too_large |= (uint32_t)block[i] + MAX_ROOT > 2 * MAX_ROOT;
        }
        if (too_large) {
            break;
        }
        for (int i = 0; i < BLOCK; i++) {
            block[i] *= block[i];
        }
        memcpy(squares + done, block, sizeof block);
        done += BLOCK;
    }
    return count - square_one_by_one(numbers, squares, done, count);
}

static example_uint128 sum_of_squares(const int32_t *numbers, size_t count)
{
    example_uint128 total = {0, 0};
    while (count > 0) {
        const size_t part = count < MAX_SUMMED ? count : MAX_SUMMED;
        uint64_t low = 0, high = 0;
        for (size_t i = 0; i < part; i++) {
            const uint64_t square = (uint64_t)((int64_t)numbers[i] * numbers[i]);
            low += (uint32_t)square;
            high += square >> 32;
        }
        total = add_halves(total, low, high);
        numbers += part;
        count -= part;
    }
    return total;
}

const array_kernels array_portable = {"portable", square_array, sum_of_squares};
