/* square() */
#include "example.h"
#include "proof.h"

void square_is_exact_modulo_2_to_the_32(void)
{
    const int32_t number = nondet_int32();
    const uint64_t wide = (uint64_t)(int64_t)number;
    PROVE((uint32_t)square(number) == (uint32_t)(wide * wide));
}

void square_is_exact_where_it_fits(void)
{
    const int32_t number = nondet_int32();
    const uint64_t wide = (uint64_t)(int64_t)number;
    ASSUME(number >= -46340 && number <= 46340);
    PROVE((uint64_t)square(number) == wide * wide);
}
