#ifndef MXPULL_SRC_PLATFORM_WIN32_SIGNALS_H
#define MXPULL_SRC_PLATFORM_WIN32_SIGNALS_H

/* What the service is told goes the way of the console's events. Each may be called from any thread;
 * before signals_start and after signals_end it does nothing. */
void signals_request_stop(void);
void signals_request_reload(void);
void signals_request_now(void);

#endif
