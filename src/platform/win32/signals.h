#ifndef MXPULL_SRC_PLATFORM_WIN32_SIGNALS_H
#define MXPULL_SRC_PLATFORM_WIN32_SIGNALS_H

/* Wakes the loop, between signals_start and signals_end; from any thread. */
void signals_wake(void);

#endif
