/* What a program does that uses libexample; each folder here is a way to build it. */
#include <stdio.h>

#include <example.h>

int main(void)
{
    printf("The square of 7 is %d.\n", (int)square(7));
    return 0;
}
