/* Kernels for x86-64 processors with AVX2. */
#include "array.h"

#if defined(HAVE_ARRAY_AVX2)

/* The vectors are the compilers' own (GCC manual, "Vector Extensions"): with <immintrin.h>,
   this file would take longer to compile than all of the rest. */
#  include <cpuid.h>
#  include <emmintrin.h>

#  define AVX2 __attribute__((target("avx2")))

#  define LANES 8           /* numbers in a vector */
#  define BLOCK (4 * LANES) /* numbers that are checked, then squared, at a time */
#  define AHEAD 512         /* so many numbers before its use, memory is asked for */

typedef int32_t vector __attribute__((vector_size(4 * LANES)));
typedef uint32_t wrapping_vector __attribute__((vector_size(4 * LANES)));
typedef int32_t vector_in_memory __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef unsigned long long vector64 __attribute__((vector_size(4 * LANES)));

AVX2 static inline vector load(const int32_t *numbers)
{
    return *(const vector_in_memory *)numbers;
}

AVX2 static inline void store(int32_t *squares, vector square)
{
    *(vector_in_memory *)squares = square;
}

/* Past the caches; squares is aligned. */
AVX2 static inline void stream(int32_t *squares, vector square)
{
    const __m128i *const halves = (const __m128i *)(const void *)&square;
    __m128i *const target = (__m128i *)(void *)squares;
    _mm_stream_si128(target, halves[0]);
    _mm_stream_si128(target + 1, halves[1]);
}

/* All bits of a lane are set where its number is too large to be squared. AVX2 compares
   signed numbers: the range is shifted to begin at INT32_MIN. */
AVX2 static inline vector too_large(vector numbers)
{
    const wrapping_vector shifted = (wrapping_vector)numbers + (0x80000000u + MAX_ROOT);
    return (vector)shifted > INT32_MIN + 2 * MAX_ROOT;
}

AVX2 static inline int is_zero(vector bits)
{
    typedef long long operand __attribute__((vector_size(4 * LANES)));
    return __builtin_ia32_ptestz256((operand)bits, (operand)bits);
}

/* Squares whole blocks until one holds a number that is too large; returns how many
   numbers that were. `past_caches`: squares is aligned, and is written past the caches. */
AVX2 static inline size_t square_blocks(
    const int32_t *numbers, int32_t *squares, size_t count, int past_caches)
{
    size_t done = 0;
    for (; count - done >= BLOCK; done += BLOCK) {
        vector vectors[4], bad;
        if (past_caches && count - done > AHEAD + BLOCK) {
            __builtin_prefetch(numbers + done + AHEAD);
            __builtin_prefetch(numbers + done + AHEAD + BLOCK / 2);
        }
        for (int i = 0; i < 4; i++) {
            vectors[i] = load(numbers + done + i * LANES);
        }
        bad = too_large(vectors[0]) | too_large(vectors[1]) | too_large(vectors[2]) |
              too_large(vectors[3]);
        if (!is_zero(bad)) {
            break;
        }
        for (int i = 0; i < 4; i++) {
            int32_t *const target = squares + done + i * LANES;
            const vector square = vectors[i] * vectors[i];
            if (past_caches) {
                stream(target, square);
            } else {
                store(target, square);
            }
        }
    }
    return done;
}

AVX2 static size_t square_streaming(const int32_t *numbers, int32_t *squares, size_t count)
{
    const size_t misaligned = (uintptr_t)squares % sizeof(vector) / sizeof *squares;
    const size_t first = misaligned ? LANES - misaligned : 0;
    size_t done = square_one_by_one(numbers, squares, 0, first);
    if (done == first) {
        done += square_blocks(numbers + done, squares + done, count - done, 1);
        /* Streaming stores are not ordered with others (Intel SDM, volume 1, 10.4.6.2). */
        _mm_sfence();
    }
    return done;
}

AVX2 static size_t square_array(const int32_t *numbers, int32_t *squares, size_t count)
{
    size_t done;
    /* In place, what is overwritten has just been read: nothing is saved. */
    if (count >= STREAM_BYTES / sizeof *squares && numbers != squares) {
        done = square_streaming(numbers, squares, count);
    } else {
        done = square_blocks(numbers, squares, count, 0);
    }
    /* Less than a block, or a block with a number that is too large. */
    return count - square_one_by_one(numbers, squares, done, count);
}

/* The products of the even lanes. */
AVX2 static inline vector64 multiply(vector a, vector b)
{
    return (vector64)__builtin_ia32_pmuldq256(a, b);
}

AVX2 static inline uint64_t sum_of_lanes(vector64 lanes)
{
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

AVX2 static example_uint128 sum_of_squares(const int32_t *numbers, size_t count)
{
    example_uint128 total = {0, 0};
    while (count >= LANES) {
        const size_t part = (count < MAX_SUMMED ? count : MAX_SUMMED) / LANES * LANES;
        vector64 low = {0}, high = {0};
        for (size_t i = 0; i < part; i += LANES) {
            const vector even = load(numbers + i);
            const vector odd = (vector)((vector64)even >> 32);
            /* Two squares are at most 2^63. */
            const vector64 squares = multiply(even, even) + multiply(odd, odd);
            low += squares & UINT32_MAX;
            high += squares >> 32;
        }
        total = add_halves(total, sum_of_lanes(low), sum_of_lanes(high));
        numbers += part;
        count -= part;
    }
    for (size_t i = 0; i < count; i++) {
        total = add_halves(total, (uint64_t)((int64_t)numbers[i] * numbers[i]), 0);
    }
    return total;
}

int array_has_avx2(void)
{
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE) || !(ecx & bit_AVX)) {
        return 0;
    }
    /* The operating system has to save the registers too: bits 1 and 2 of XCR0. Where it says
       by OSXSAVE that it does not, this is an illegal instruction: volatile, since compilers
       may move another asm to before the check (GCC manual, "Extended Asm"). */
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & 6) == 6 && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) &&
           (ebx & bit_AVX2) != 0;
}

const array_kernels array_avx2 = {"avx2", square_array, sum_of_squares};

#else

/* ISO C wants a declaration in every file. */
typedef int array_avx2_is_not_for_this_processor;

#endif
