#ifndef MXPULL_PLATFORM_HEAP_H
#define MXPULL_PLATFORM_HEAP_H

/* Gives freed memory back to the system, where the C library keeps it to itself: for a daemon, after
 * a round that needed much. Takes up to a few milliseconds. */
void heap_give_back(void);

#endif
