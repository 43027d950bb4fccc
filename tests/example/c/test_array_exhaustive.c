/* Every int32_t through each kernel that this processor has: its square where it fits, in
   a vector with its neighbours; where it does not, that it is found, in one lane or another. */
#include <inttypes.h>
#include <stdio.h>

#include "array.h"

#define BLOCK 64 /* numbers: at least as many as a kernel checks at a time */
#define LANES 8  /* numbers in the widest vector */
#define BLOCKS 512

static int32_t squares[BLOCK];

static int fits(const array_kernels *kernels)
{
    int32_t numbers[BLOCK];
    for (int64_t first = -MAX_ROOT; first <= MAX_ROOT; first++) {
        for (int i = 0; i < BLOCK; i++) {
            const int64_t number = first + i;
            numbers[i] = (int32_t)(number <= MAX_ROOT ? number : MAX_ROOT);
        }
        if (kernels->square_array(numbers, squares, BLOCK) != 0) {
            return 0;
        }
        for (int i = 0; i < BLOCK; i++) {
            if ((int64_t)squares[i] != (int64_t)numbers[i] * numbers[i]) {
                return 0;
            }
        }
    }
    return 1;
}

/* Blocks of zeros with a number in one of the first lanes of each. They are filled before
   they are read, since a vector that was just written in part is slow to load. */
static int32_t blocks[BLOCKS][BLOCK];

static int are_found(const array_kernels *kernels, int64_t first, int64_t end)
{
    for (; first < end; first += BLOCKS) {
        const int64_t count = end - first < BLOCKS ? end - first : BLOCKS;
        for (int64_t i = 0; i < count; i++) {
            blocks[i][i % LANES] = (int32_t)(first + i);
        }
        for (int64_t i = 0; i < count; i++) {
            if (kernels->square_array(blocks[i], squares, BLOCK) != BLOCK - (size_t)i % LANES) {
                fprintf(stderr, "%s: %" PRId64 " is not found\n", kernels->name, first + i);
                return 0;
            }
        }
    }
    return 1;
}

static int test(const array_kernels *kernels)
{
    if (!fits(kernels)) {
        fprintf(stderr, "%s: a square is wrong\n", kernels->name);
        return 1;
    }
    return !are_found(kernels, INT32_MIN, -MAX_ROOT) ||
           !are_found(kernels, MAX_ROOT + 1, (int64_t)INT32_MAX + 1);
}

int main(int argc, char **argv)
{
    (void)argv;
    return argc > 1 ? test(&array_portable) : test(array_best());
}
