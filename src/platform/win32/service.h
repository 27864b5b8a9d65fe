#ifndef MXPULL_SRC_PLATFORM_WIN32_SERVICE_H
#define MXPULL_SRC_PLATFORM_WIN32_SERVICE_H

#include <stdbool.h>

/* What the service is called, here and by the Service Control Manager. */
#define WIN32_SERVICE_NAME L"mxpull"

/* Whether the Service Control Manager has started us. */
bool service_is_connected(void);

#endif
