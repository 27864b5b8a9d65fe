/* A C library that gives freed memory back by itself, or offers no way to ask for it. */
#include <mxpull/platform/resident.h>

void resident_trim(void)
{
}
