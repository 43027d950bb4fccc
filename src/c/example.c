/* libexample: see include/example.h for what each function promises. */
#include "example.h"

int32_t square(int32_t number)
{
    /* Unsigned, because int32_t * int32_t is undefined where it overflows
       (C11 6.5p5). The conversion back is implementation-defined (6.3.1.3p3);
       gcc, clang and MSVC document it as modulo 2^32. */
    const uint32_t bits = (uint32_t)number;
    return (int32_t)(bits * bits);
}

const char *example_version(void)
{
    return EXAMPLE_VERSION;
}

int32_t example_abi_version(void)
{
    return EXAMPLE_ABI_VERSION;
}
