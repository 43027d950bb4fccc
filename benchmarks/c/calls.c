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

double point_in(point p)
{
    return p.x + p.y;
}

point point_out(double x, double y)
{
    return (point){x, y};
}

int64_t span_in(span s)
{
    return s.begin + s.end;
}

span span_out(int64_t begin, int64_t end)
{
    return (span){begin, end};
}

double vector_in(vector v)
{
    return v.x + v.y + v.z;
}

vector vector_out(double x, double y, double z)
{
    return (vector){x, y, z};
}

double params_in(params p)
{
    return (double)p.version + p.weights[0] + p.weights[15];
}

params params_out(void)
{
    return (params){3, {0.5, [15] = 2.5}};
}
