/* Kernels for x86-64 processors with AVX2. */
#include "array.h"

#if defined(HAVE_ARRAY_AVX2)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

#define LANES 8           /* numbers in a vector */
#define BLOCK (4 * LANES) /* numbers that are checked, then squared, at a time */

AVX2 static inline __m256i load(const int32_t *numbers)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)numbers);
}

/* All bits of a lane are set where its number is too large to be squared. AVX2 compares
   signed numbers: the range is shifted to begin at INT32_MIN. */
AVX2 static inline __m256i too_large(__m256i numbers)
{
    const __m256i shift = _mm256_set1_epi32(INT32_MIN + MAX_ROOT);
    const __m256i limit = _mm256_set1_epi32(INT32_MIN + 2 * MAX_ROOT);
    return _mm256_cmpgt_epi32(_mm256_add_epi32(numbers, shift), limit);
}

/* Squares whole blocks until one holds a number that is too large; returns how many
   numbers that were. `stream`: squares is aligned, and is written past the caches. */
AVX2 static inline size_t square_blocks(
    const int32_t *numbers, int32_t *squares, size_t count, int stream)
{
    size_t done = 0;
    for (; count - done >= BLOCK; done += BLOCK) {
        __m256i vectors[4], bad;
        for (int i = 0; i < 4; i++) {
            vectors[i] = load(numbers + done + i * LANES);
        }
        bad = _mm256_or_si256(_mm256_or_si256(too_large(vectors[0]), too_large(vectors[1])),
            _mm256_or_si256(too_large(vectors[2]), too_large(vectors[3])));
        if (!_mm256_testz_si256(bad, bad)) {
            break;
        }
        for (int i = 0; i < 4; i++) {
            __m256i *const target = (__m256i *)(void *)(squares + done + i * LANES);
            const __m256i square = _mm256_mullo_epi32(vectors[i], vectors[i]);
            if (stream) {
                _mm256_stream_si256(target, square);
            } else {
                _mm256_storeu_si256(target, square);
            }
        }
    }
    return done;
}

AVX2 static size_t square_streaming(const int32_t *numbers, int32_t *squares, size_t count)
{
    const size_t misaligned = (uintptr_t)squares % sizeof(__m256i) / sizeof *squares;
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

AVX2 static inline uint64_t sum_of_lanes(__m256i vector)
{
    uint64_t lanes[4];
    _mm256_storeu_si256((__m256i *)(void *)lanes, vector);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

AVX2 static example_uint128 sum_of_squares(const int32_t *numbers, size_t count)
{
    const __m256i lower_half = _mm256_set1_epi64x(UINT32_MAX);
    example_uint128 total = {0, 0};
    while (count >= LANES) {
        const size_t part = (count < MAX_SUMMED ? count : MAX_SUMMED) / LANES * LANES;
        __m256i low = _mm256_setzero_si256(), high = low;
        for (size_t i = 0; i < part; i += LANES) {
            const __m256i even = load(numbers + i);
            const __m256i odd = _mm256_srli_epi64(even, 32);
            /* Two squares are at most 2^63. */
            const __m256i squares =
                _mm256_add_epi64(_mm256_mul_epi32(even, even), _mm256_mul_epi32(odd, odd));
            low = _mm256_add_epi64(low, _mm256_and_si256(squares, lower_half));
            high = _mm256_add_epi64(high, _mm256_srli_epi64(squares, 32));
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

const array_kernels array_avx2 = {"avx2", square_array, sum_of_squares};

#else

/* ISO C wants a declaration in every file. */
typedef int array_avx2_is_not_for_this_processor;

#endif
