/* Each kernel that this processor has, against 64-bit arithmetic: all lengths that matter,
   at all offsets from a vector's alignment, with an overflow at every position. */
#if defined(__unix__) || defined(__APPLE__)
#  define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#  include <sys/mman.h>
#  include <unistd.h>
#  define HAVE_MMAP
#endif

#include <string.h>

#include "array.h"
#include "check.h"

#define LONGEST 300
#define OFFSETS 16
#define ROOM (LONGEST + 2 * OFFSETS)
#define UNTOUCHED 0x55555555

static int32_t numbers[ROOM], squares[ROOM];
static uint32_t random_state = 1;

static int32_t next_root(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return (int32_t)(random_state >> 8) % (MAX_ROOT + 1) * (random_state & 1 ? 1 : -1);
}

static void expect(const array_kernels *kernels, const int32_t *from, int32_t *to, size_t count,
    size_t right)
{
    int32_t before[ROOM];
    int in_place = from == to;
    memcpy(before, numbers, sizeof before);
    for (size_t i = 0; !in_place && i < ROOM; i++) {
        squares[i] = UNTOUCHED;
    }
    CHECK(kernels->square_array(from, to, count) == count - right);
    for (size_t i = 0; i < ROOM; i++) {
        const ptrdiff_t index = &(in_place ? numbers : squares)[i] - to;
        const int32_t number = before[in_place ? i : (size_t)((from - numbers) + index) % ROOM];
        const int32_t result = to[index];
        if (index >= 0 && (size_t)index < right) {
            CHECK((int64_t)result == (int64_t)number * number);
        } else {
            CHECK(result == (in_place ? number : UNTOUCHED));
        }
    }
    if (!in_place) {
        CHECK(memcmp(before, numbers, sizeof before) == 0);
    }
    memcpy(numbers, before, sizeof before);
}

static void test_square_array(const array_kernels *kernels)
{
    static const int32_t bad[] = {MAX_ROOT + 1, -MAX_ROOT - 1, INT32_MAX, INT32_MIN, 65536};
    for (size_t i = 0; i < ROOM; i++) {
        numbers[i] = i % 7 ? next_root() : MAX_ROOT;
    }
    for (size_t count = 0; count <= LONGEST; count++) {
        const size_t offset = count % OFFSETS;
        for (size_t other = 0; other < OFFSETS; other++) {
            expect(kernels, numbers + offset, squares + other, count, count);
        }
        expect(kernels, numbers + offset, numbers + offset, count, count);
    }
    for (size_t count = 1; count <= LONGEST; count += count < 140 ? 1 : 31) {
        for (size_t position = 0; position < count; position++) {
            int32_t *const from = numbers + position % OFFSETS;
            const int32_t good = from[position];
            from[position] = bad[position % (sizeof bad / sizeof *bad)];
            expect(kernels, from, squares + count % OFFSETS, count, position);
            expect(kernels, from, from, count, position);
            from[position] = good;
        }
    }
    CHECK(kernels->square_array(NULL, NULL, 0) == 0);
}

/* An array that is large enough to be written past the caches. */
static void test_streaming(const array_kernels *kernels)
{
    static int32_t from[STREAM_BYTES / 4 + 100], to[STREAM_BYTES / 4 + 100];
    const size_t count = STREAM_BYTES / 4 + 50;
    for (size_t i = 0; i < count + OFFSETS; i++) {
        from[i] = (int32_t)(i % (2 * MAX_ROOT + 1)) - MAX_ROOT;
    }
    for (size_t offset = 0; offset < OFFSETS; offset++) {
        const size_t stop = offset % 3 ? count : count - 1000 * offset - 7;
        const int32_t good = from[stop];
        size_t wrong = 0;
        memset(to, 0x55, sizeof to);
        from[stop] = stop < count ? INT32_MIN : good;
        CHECK(kernels->square_array(from, to + offset, count) == count - stop);
        for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
            const int32_t right = i >= offset && i - offset < stop
                                    ? (int32_t)((int64_t)from[i - offset] * from[i - offset])
                                    : UNTOUCHED;
            wrong += to[i] != right;
        }
        CHECK(wrong == 0);
        from[stop] = good;
    }
    /* The very first number, before the squares are aligned. */
    from[0] = MAX_ROOT + 1;
    CHECK(kernels->square_array(from, to + 1, count) == count);
}

static void test_sum(const array_kernels *kernels)
{
    static int32_t least[100000];
    for (size_t i = 0; i < ROOM; i++) {
        numbers[i] = (int32_t)((uint32_t)next_root() * 2654435761u);
    }
    for (size_t offset = 0; offset < OFFSETS; offset++) {
        /* In two halves of 32 bits, whose sums do not overflow. */
        uint64_t low = 0, high = 0;
        for (size_t count = 0; count <= LONGEST; count++) {
            const example_uint128 sum = kernels->sum_of_squares(numbers + offset, count);
            CHECK(sum.low == low + (high << 32));
            CHECK(sum.high == (high + (low >> 32)) >> 32);
            const int64_t number = numbers[offset + count];
            low += (uint64_t)(number * number) & UINT32_MAX;
            high += (uint64_t)(number * number) >> 32;
        }
    }
    for (size_t i = 0; i < 100000; i++) {
        least[i] = INT32_MIN;
    }
    /* 2^62 * 100000 = 25000 * 2^64 */
    CHECK(kernels->sum_of_squares(least, 100000).high == 25000);
    CHECK(kernels->sum_of_squares(least, 100000).low == 0);
    CHECK(kernels->sum_of_squares(NULL, 0).low == 0);
}

#if defined(HAVE_MMAP)
/* Room that ends, and begins, where a page begins that must not be touched. */
static char *guarded_page(size_t page)
{
    char *const pages =
        mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == (char *)MAP_FAILED || mprotect(pages, page, PROT_NONE) ||
        mprotect(pages + 2 * page, page, PROT_NONE)) {
        perror("mmap");
        return NULL;
    }
    return pages + page;
}

/* A read or a write outside of the arrays ends this program. */
static void test_guard_pages(const array_kernels *kernels)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), room = page / sizeof(int32_t);
    char *const from_page = guarded_page(page), *const to_page = guarded_page(page);
    if (!from_page || !to_page) {
        failures++;
        return;
    }
    for (size_t count = 0; count <= LONGEST; count++) {
        int32_t *const from[] = {(void *)from_page, (int32_t *)(void *)from_page + room - count};
        int32_t *const to[] = {(void *)to_page, (int32_t *)(void *)to_page + room - count};
        for (int i = 0; i < 4; i++) {
            CHECK(kernels->square_array(from[i % 2], to[i / 2], count) == 0);
            CHECK(kernels->sum_of_squares(from[i % 2], count).low == 0);
        }
    }
    munmap(from_page - page, 3 * page);
    munmap(to_page - page, 3 * page);
}
#endif

static void test_halves(void)
{
    const example_uint128 all = {UINT64_MAX, 7};
    const example_uint128 sum = add_halves(all, 1, UINT64_MAX);
    /* 8 * 2^64 + (2^64 - 1) * 2^32 */
    CHECK(sum.low == UINT64_MAX << 32);
    CHECK(sum.high == 8 + (UINT64_MAX >> 32));
}

static void test_kernels(const array_kernels *kernels)
{
    test_square_array(kernels);
    test_streaming(kernels);
    test_sum(kernels);
#if defined(HAVE_MMAP)
    test_guard_pages(kernels);
#endif
}

int main(void)
{
    test_kernels(&array_portable);
    if (array_best() != &array_portable) {
        test_kernels(array_best());
    }
    test_halves();
    CHECK(strcmp(example_simd(), array_best()->name) == 0);
    return failures != 0;
}
