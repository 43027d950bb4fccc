/* The array functions of libexample: which kernel does the work. */
#include "array.h"

static const array_kernels *best = &array_portable;

#if defined(HAVE_ARRAY_AVX2)
/* Once, while the library is loaded: asking the processor takes longer than a call. */
__attribute__((constructor)) static void choose(void)
{
    if (array_has_avx2()) {
        best = &array_avx2;
    }
}
#endif

const array_kernels *array_best(void)
{
    return best;
}

size_t example_square_array(const int32_t *numbers, int32_t *squares, size_t count)
{
    return best->square_array(numbers, squares, count);
}

example_uint128 example_sum_of_squares(const int32_t *numbers, size_t count)
{
    return best->sum_of_squares(numbers, count);
}

const char *example_simd(void)
{
    return best->name;
}
