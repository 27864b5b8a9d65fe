/* The C library's heap is the system's here, which keeps little to itself. */
#include <mxpull/platform/heap.h>

#include <malloc.h>

void heap_give_back(void)
{
    (void)_heapmin();
}
