/* What the kernels share: where they stop, what they touch, and exact sums. That the squares
   are right is tested with every number there is (tests/c). */
#include "proof.h"

#include "array.h"

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
