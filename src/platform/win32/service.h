#ifndef MXPULL_SRC_PLATFORM_WIN32_SERVICE_H
#define MXPULL_SRC_PLATFORM_WIN32_SERVICE_H

#include <stdbool.h>

/* Whether the Service Control Manager has started us. */
bool service_is_connected(void);

#endif
