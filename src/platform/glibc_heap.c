/* glibc keeps freed memory for itself unless it lies at the heap's end. */
#include <mxpull/platform/heap.h>

#include <malloc.h>

void heap_give_back(void)
{
    (void)malloc_trim(0);
}
