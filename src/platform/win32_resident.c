/* The C library's heap is the system's here, which keeps little to itself. */
#include <mxpull/platform/resident.h>

#include <malloc.h>

void resident_trim(void)
{
    (void)_heapmin();
}
