/* See calls.h. */
#include "calls.h"

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
