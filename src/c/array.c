/* The array functions of libexample: which kernel does the work. */
#include "array.h"

const array_kernels *array_best(void)
{
#if defined(HAVE_ARRAY_AVX2)
    /* Also asks whether the operating system saves the wide registers. */
    if (__builtin_cpu_supports("avx2")) {
        return &array_avx2;
    }
#endif
    return &array_portable;
}

size_t example_square_array(const int32_t *numbers, int32_t *squares, size_t count)
{
    return array_best()->square_array(numbers, squares, count);
}

example_uint128 example_sum_of_squares(const int32_t *numbers, size_t count)
{
    return array_best()->sum_of_squares(numbers, count);
}

const char *example_simd(void)
{
    return array_best()->name;
}
