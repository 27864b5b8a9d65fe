#ifndef MXPULL_PLATFORM_SERVICE_H
#define MXPULL_PLATFORM_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/* What we tell the service manager: systemd by sd_notify(3), where $NOTIFY_SOCKET names its socket; the Service Control
 * Manager on Windows. Without a manager nothing happens. */

/* To be called first, once a program. Returns whether we are a Windows service: then nobody sees our
 * standard streams, and what is to be read belongs into the system's own log. */
bool service_connect(void);

enum service_news {
    SERVICE_IS_READY, /* also after it was reloading */
    SERVICE_IS_RELOADING,
    SERVICE_IS_STOPPING,
    SERVICE_IS_ALIVE
};

void service_tell(enum service_news news);

/* The exit status that the program is about to end with. */
void service_ended(int exit_status);

/* One line about what we are doing, for people. */
void service_status(const char *text);

/* How often SERVICE_IS_ALIVE must be told at least, milliseconds; INT64_MAX: the manager does not wait for it. */
int64_t service_alive_interval_ms(void);

#endif
