#ifndef MXPULL_PLATFORM_WIN32_SERVICE_H
#define MXPULL_PLATFORM_WIN32_SERVICE_H

#include <stdbool.h>

/* Offers ourselves to the Service Control Manager, in case that it has started us. Does not block; once
 * a program. */
void service_connect(void);

/* Whether it has. */
bool service_is_connected(void);

#endif
