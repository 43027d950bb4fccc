/* The kernels of the array functions. All of them promise what example.h says. */
#ifndef ARRAY_H
#define ARRAY_H

#include "example.h"

/* The greatest number whose square fits in an int32_t: 46340^2 < 2^31 <= 46341^2. */
#define MAX_ROOT 46340

/*
 * From so many bytes of squares on, a kernel may write them past the caches, which
 * saves reading what is overwritten. Smaller results are better left in the caches,
 * for whoever reads them next.
 */
#define STREAM_BYTES ((size_t)16 << 20)

typedef struct {
    const char *name;
    size_t (*square_array)(const int32_t *numbers, int32_t *squares, size_t count);
    example_uint128 (*sum_of_squares)(const int32_t *numbers, size_t count);
} array_kernels;

extern const array_kernels array_portable;

/* gcc and clang compile a function for another processor than the rest of the file. Not
   gcc for Windows: it does not align what it puts on the stack (GCC bug 54412). */
#if defined(__x86_64__) && (defined(__clang__) || (defined(__GNUC__) && !defined(_WIN32)))
#  define HAVE_ARRAY_AVX2
extern const array_kernels array_avx2;
/* Whether this processor has AVX2. (__builtin_cpu_supports asks too, but brings 4 kB.) */
int array_has_avx2(void);
#endif

/* The kernels to be used on this processor. */
const array_kernels *array_best(void);

/* Whether the square of a number does not fit in an int32_t. */
static inline int is_too_large(int32_t number)
{
    return number > MAX_ROOT || number < -MAX_ROOT;
}

/* Squares numbers[done] and on, one by one, up to the first that is too large or to the
   end; returns how many are done then. */
static inline size_t square_one_by_one(
    const int32_t *numbers, int32_t *squares, size_t done, size_t count)
{
    while (done < count && !is_too_large(numbers[done])) {
        squares[done] = numbers[done] * numbers[done];
        done++;
    }
    return done;
}

/*
 * Squares are added as two sums, of their lower and of their upper 32 bits, each of
 * which holds the sum of 2^32 such halves.
 */
#define MAX_SUMMED ((size_t)1 << 31)
_Static_assert(MAX_SUMMED <= UINT64_MAX / UINT32_MAX, "a sum of halves can overflow");

/* total + low + high * 2^32 */
static inline example_uint128 add_halves(example_uint128 total, uint64_t low, uint64_t high)
{
    const uint64_t shifted = high << 32;
    total.low += low;
    total.high += total.low < low;
    total.low += shifted;
    total.high += total.low < shifted;
    total.high += high >> 32;
    return total;
}

#endif
