/* square() for every int32_t, against 64-bit arithmetic. */
#include <inttypes.h>
#include <stdio.h>

#include <example.h>

int main(void)
{
    for (int64_t number = INT32_MIN; number <= INT32_MAX; number++) {
        const int64_t exact = number * number;
        /* Modulo 2^32, from the definition: both sides are compared unsigned. */
        if ((uint32_t)square((int32_t)number) != (uint32_t)(exact % (INT64_C(1) << 32))) {
            fprintf(stderr, "square(%" PRId64 ") is %" PRId32 "\n", number, square((int32_t)number));
            return 1;
        }
    }
    return 0;
}
