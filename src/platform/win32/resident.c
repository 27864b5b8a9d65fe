/* What is not used again soon leaves our working set; freed memory goes back to the system first. */
#include <mxpull/platform/resident.h>

#include "text.h"

#include <malloc.h>

void resident_trim(void)
{
    const SIZE_T all = (SIZE_T)-1;

    (void)_heapmin();
    (void)SetProcessWorkingSetSize(GetCurrentProcess(), all, all);
}
