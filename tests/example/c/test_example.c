/* What the header promises, at the boundaries of each promise. */
#include <string.h>

#include <example.h>

#include "check.h"

int main(void)
{
    CHECK(square(0) == 0);
    CHECK(square(7) == 49);
    CHECK(square(-7) == 49);
    CHECK(square(46340) == 2147395600);
    CHECK(square(-46340) == 2147395600);
    /* 46341^2 is 2147488281, which is 2^32 - 2147479015. */
    CHECK(square(46341) == -2147479015);
    CHECK(square(INT32_MAX) == 1);
    CHECK(square(INT32_MIN) == 0);

    CHECK(strcmp(example_version(), EXAMPLE_VERSION) == 0);
    CHECK(example_abi_version() == EXAMPLE_ABI_VERSION);

    return failures != 0;
}
