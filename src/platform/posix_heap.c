/* A C library that gives freed memory back by itself, or offers no way to ask for it. */
#include <mxpull/platform/heap.h>

void heap_give_back(void)
{
}
