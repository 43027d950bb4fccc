/*
 * What the kernels share, and the portable ones: where they stop, what they touch, and
 * exact sums. That squares are right is tested with every number there is (tests/example/c).
 *
 * The loops of the portable kernels have blocks and parts of two numbers here, since CBMC
 * is not done with blocks of 64. Nothing else in them depends on the size.
 */
#include "proof.h"

#include "array.h"

#undef MAX_SUMMED
#define MAX_SUMMED 2
#define BLOCK 2
#include "../../src/c/array_portable.c"

void sums_are_exact(void)
{
    const example_uint128 total = {nondet_uint64(), nondet_uint64()};
    const uint64_t low = nondet_uint64(), high = nondet_uint64();
    const example_uint128 sum = add_halves(total, low, high);
    const unsigned __int128 exact = ((unsigned __int128)total.high << 64) + total.low + low
        + ((unsigned __int128)high << 32);
    PROVE(sum.low == (uint64_t)exact);
    PROVE(sum.high == (uint64_t)(exact >> 64));
}

/* By the header's numbers, not by the code's. */
#define FITS(number) ((number) >= -46340 && (number) <= 46340)

void one_by_one_stops_at_the_first_that_is_too_large(void)
{
    int32_t numbers[4], squares[4];
    const size_t count = nondet_size(), start = nondet_size(), one = nondet_size();
    ASSUME(count <= 4 && start <= count && start <= one && one < count);
    const int32_t number = numbers[one], was = squares[one];
    const size_t done = square_one_by_one(numbers, squares, start, count);
    PROVE(start <= done && done <= count);
    if (one < done) {
        PROVE(FITS(number));
    } else {
        PROVE(squares[one] == was);
        PROVE(one > done || !FITS(number));
    }
}

#define MOST 5 /* numbers: two blocks, and one that is left */

/* The last numbers of the arrays, as many as may be, so that a step too far leaves them. */
static void prove_where_blocks_stop(int32_t *numbers, int32_t *squares)
{
    const size_t count = nondet_size(), one = nondet_size();
    ASSUME(count <= MOST && one < MOST);
    const size_t start = MOST - count;
    const int32_t number = numbers[one], was = squares[one];
    const size_t left = square_array(numbers + start, squares + start, count);
    PROVE(left <= count);
    if (one >= start && one < MOST - left) {
        PROVE(FITS(number));
    } else {
        PROVE(squares[one] == was);
        PROVE(one != MOST - left || !FITS(number));
    }
    PROVE(numbers[one] == number || squares == numbers);
}

void blocks_stop_at_the_first_that_is_too_large(void)
{
    int32_t numbers[MOST], squares[MOST];
    prove_where_blocks_stop(numbers, squares);
}

void blocks_stop_there_in_place_too(void)
{
    int32_t numbers[MOST];
    prove_where_blocks_stop(numbers, numbers);
}

/* Every number's square is where it belongs. Of small numbers: products are slow to prove. */
void blocks_are_squared_in_order(void)
{
    for (size_t count = 1; count <= MOST; count++) {
        int32_t numbers[MOST], others[MOST];
        int32_t *const squares = nondet_int() ? numbers : others;
        const size_t start = MOST - count, one = nondet_size();
        ASSUME(one >= start && one < MOST);
        for (size_t i = 0; i < MOST; i++) {
            numbers[i] = nondet_int8();
        }
        const int32_t number = numbers[one];
        PROVE(square_array(numbers + start, squares + start, count) == 0);
        PROVE(squares[one] == number * number);
    }
}

/* Of none, of one, of a whole part, and of one more. Three squares do not carry into the
   upper half: sums_are_exact has that. */
void sums_of_squares_are_exact(void)
{
    for (size_t count = 0; count <= MAX_SUMMED + 1; count++) {
        int32_t all[MAX_SUMMED + 1];
        const int32_t *const numbers = all + MAX_SUMMED + 1 - count;
        unsigned __int128 exact = 0;
        for (size_t i = 0; i < count; i++) {
            exact += (uint64_t)((int64_t)numbers[i] * numbers[i]);
        }
        const example_uint128 sum = sum_of_squares(numbers, count);
        PROVE(sum.low == (uint64_t)exact);
        PROVE(sum.high == (uint64_t)(exact >> 64));
    }
}
