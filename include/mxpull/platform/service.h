#ifndef MXPULL_PLATFORM_SERVICE_H
#define MXPULL_PLATFORM_SERVICE_H

#include <stdint.h>

/* What the one who watches over our process is told: systemd by sd_notify(3), where $NOTIFY_SOCKET
 * names its socket; the Service Control Manager on Windows. Without anybody who watches nothing
 * happens. */

/* We are ready, or, after service_reloading, ready again. */
void service_ready(void);

/* The configuration is being read anew. */
void service_reloading(void);

/* We are about to end. */
void service_stopping(void);

/* One line about what we are doing, for people. */
void service_status(const char *text);

/* We are alive. */
void service_alive(void);

/* How often service_alive must be called at least, milliseconds; INT64_MAX: nobody waits for it. */
int64_t service_alive_interval_ms(void);

#endif
