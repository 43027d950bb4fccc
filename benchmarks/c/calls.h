/* The C functions that are called, beside libexample's own square(). */
#ifndef CALLS_H
#define CALLS_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && defined(CALLS_SHARED)
#  define CALLS_API __declspec(dllexport)
#elif defined(__GNUC__) && defined(CALLS_SHARED)
#  define CALLS_API __attribute__((visibility("default")))
#else
#  define CALLS_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The sum of the numbers and of the text's first character, as far as it is an integer. */
CALLS_API int32_t mixed(int8_t a, double b, uint16_t c, float d, const char *e, int64_t f);

/* out[i] = the square of numbers[i], as square() has it. */
CALLS_API void square_items(const int32_t *numbers, int32_t *out, size_t count);

/* The sum of what the visitor returns for 0, 1, ... count - 1, and for data. */
typedef int32_t (*visitor)(int32_t number, void *data);
CALLS_API int32_t visit(int32_t count, visitor function, void *data);

/* Sorts by the C library's qsort(). */
CALLS_API void sort_items(
    int32_t *items, size_t count, int (*compare)(const int32_t *, const int32_t *));

/* Structures of 16, 16, 24 and 136 bytes, by value. Each first function returns a sum. */
typedef struct {
    double x, y;
} point;
CALLS_API double point_in(point p);
CALLS_API point point_out(double x, double y);

typedef struct {
    int64_t begin, end;
} span;
CALLS_API int64_t span_in(span s);
CALLS_API span span_out(int64_t begin, int64_t end);

typedef struct {
    double x, y, z;
} vector;
CALLS_API double vector_in(vector v);
CALLS_API vector vector_out(double x, double y, double z);

typedef struct {
    int64_t version;
    double weights[16];
} params;
CALLS_API double params_in(params p);
CALLS_API params params_out(void);

#ifdef __cplusplus
}
#endif

#endif
