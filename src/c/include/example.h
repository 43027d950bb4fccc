/*
 * example.h - the public interface of libexample
 *
 * Copyright (c) 2026 The pyexample authors
 * SPDX-License-Identifier: MIT
 *
 * This header is the library's one contract: C programs include it, the Python
 * binding mirrors it declaration by declaration, and the build reads the
 * version from it. It is valid C (C89 with <stdint.h>, and everything newer)
 * and valid C++ (C++98 with <stdint.h>, and everything newer).
 *
 * Unless a function says otherwise, all of them may be called from any thread
 * at any time: the library has no mutable state.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The version of the library, "major.minor.patch" (https://semver.org), written
 * here and nowhere else. example_version() returns the one of the library that
 * was loaded, which can differ from the header that was compiled against.
 */
#define EXAMPLE_VERSION "1.0.0"

/*
 * The version of the binary interface, a whole number. It goes up by one when a
 * program that was built against an older header could break: a function is
 * removed, or its parameters, its result or its meaning change. An added
 * function leaves it as it is. It is also the SOVERSION of the shared library
 * (the 1 of libexample.so.1). example_abi_version() returns the one of the
 * library that was loaded.
 */
#define EXAMPLE_ABI_VERSION 1

/*
 * EXAMPLE_API marks what the library exports. Programs that link the static
 * library on Windows must define EXAMPLE_STATIC; the CMake target and the
 * pkg-config file do so where it is needed. EXAMPLE_BUILDING is defined while
 * the shared library itself is compiled.
 */
#if defined(EXAMPLE_STATIC)
#  define EXAMPLE_API
#elif defined(_WIN32) || defined(__CYGWIN__)
#  if defined(EXAMPLE_BUILDING)
#    define EXAMPLE_API __declspec(dllexport)
#  else
#    define EXAMPLE_API __declspec(dllimport)
#  endif
#elif defined(__GNUC__)
#  define EXAMPLE_API __attribute__((visibility("default")))
#else
#  define EXAMPLE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * square() - the square of a number.
 *
 *   number   any int32_t. The square fits in an int32_t for -46340 <= number
 *            <= 46340; outside that range the result is the true square modulo
 *            2^32, as a two's complement int32_t. It is never undefined.
 *
 * Returns number * number. Never fails.
 *
 * Example: square(7) is 49; square(46341) is -2147479015.
 */
EXAMPLE_API int32_t square(int32_t number);

/*
 * example_square_array() - the squares of numbers, up to the first that does not fit.
 *
 *   numbers  the numbers: count of them, read only. May be NULL if count is 0.
 *   squares  where their squares go: room for count of them. May be NULL if count
 *            is 0. It may be numbers itself (in place); otherwise the two must not
 *            overlap.
 *   count    how many numbers there are.
 *
 * Squares the numbers from the first one on, and stops before the first number
 * that is outside -46340..46340, whose square does not fit in an int32_t.
 *
 * Returns how many numbers are left: 0 when all were squared. With a result r,
 * squares[0] .. squares[count - r - 1] are the exact squares, numbers[count - r]
 * is the number that stopped it, and squares[count - r] and all behind it are as
 * they were.
 *
 * Large arrays are written past the processor's caches where the kernel can do so
 * (see example_simd).
 */
EXAMPLE_API size_t example_square_array(const int32_t *numbers, int32_t *squares, size_t count);

/* An unsigned integer of 128 bits: high * 2^64 + low. */
typedef struct {
    uint64_t low;
    uint64_t high;
} example_uint128;

/*
 * example_sum_of_squares() - the sum of the squares of numbers, exactly.
 *
 *   numbers  the numbers: count of them, read only. May be NULL if count is 0.
 *   count    how many numbers there are.
 *
 * Returns the sum, 0 for no numbers. It cannot overflow: each square is at most
 * 2^62, and fewer than 2^62 numbers fit in any address space.
 */
EXAMPLE_API example_uint128 example_sum_of_squares(const int32_t *numbers, size_t count);

/*
 * example_simd() - which kernel the array functions use on this processor.
 *
 * Returns "avx2" or "portable": a NUL-terminated ASCII string that is valid as
 * long as the library is loaded and must not be modified or freed. Never NULL.
 * All kernels give the same results.
 */
EXAMPLE_API const char *example_simd(void);

/*
 * example_version() - the version of the library that was loaded.
 *
 * Returns EXAMPLE_VERSION as it was when the library was compiled: a
 * NUL-terminated ASCII string that is valid as long as the library is loaded
 * and must not be modified or freed. Never NULL.
 */
EXAMPLE_API const char *example_version(void);

/*
 * example_abi_version() - the binary interface of the library that was loaded.
 *
 * Returns EXAMPLE_ABI_VERSION as it was when the library was compiled. A
 * program that loads the library at run time (dlopen, LoadLibrary, ctypes)
 * compares it with the version that it was written for before it calls
 * anything else. This function itself never changes.
 */
EXAMPLE_API int32_t example_abi_version(void);

#ifdef __cplusplus
}
#endif

#endif /* EXAMPLE_H */
