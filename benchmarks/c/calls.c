/* See calls.h. */
#include "calls.h"

#include <stdlib.h>

int32_t mixed(int8_t a, double b, uint16_t c, float d, const char *e, int64_t f)
{
    return (int32_t)(a + b + c + d + e[0] + (double)f);
}

void square_items(const int32_t *numbers, int32_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (int32_t)((uint32_t)numbers[i] * (uint32_t)numbers[i]);
    }
}

int32_t visit(int32_t count, visitor function, void *data)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++) {
        sum += function(i, data);
    }
    return sum;
}

void sort_items(int32_t *items, size_t count, int (*compare)(const int32_t *, const int32_t *))
{
    qsort(items, count, sizeof *items, (int (*)(const void *, const void *))compare);
}
