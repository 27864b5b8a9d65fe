#ifndef MXPULL_PLATFORM_UNATTENDED_H
#define MXPULL_PLATFORM_UNATTENDED_H

#include <mxpull/base/status.h>

#include <stdbool.h>

/* Having mxpull run with nobody at it: on Windows as a service or by a scheduled task, both named
 * "mxpull", as the account LocalService. Elsewhere the system's own files do that (systemd, OpenRC, cron).
 *
 * All errors are STATUS_SYSTEM, also that this system knows no such thing, in words that name what
 * does it here. Windows wants an administrator for all of this. */

/* Whether it can be done here. */
bool unattended_exists(void);

/* What is to run, as absolute paths. */
struct unattended_files {
    char *program; /* owned: our own */
    char *config;  /* owned */
};

/* Finds them, config being the path as it was given. What it gives is to be freed with
 * unattended_files_done. */
enum status unattended_find_files(struct unattended_files *files, const char *config,
                                  struct error *error);
void unattended_files_done(struct unattended_files *files);

/* Makes the service, or changes the one that is there: the daemon with that configuration, started
 * with the system, a little after the others, and again 30 s after a crash. It is not started now. */
enum status unattended_service_install(const struct unattended_files *files, struct error *error);

/* Stops the service and takes it away. Blocks for up to 30 s. */
enum status unattended_service_remove(struct error *error);

/* Starts the service, which may run already, and waits until it is ready, up to 30 s. */
enum status unattended_service_start(struct error *error);

/* Stops the service, if it runs, and waits until it has ended, up to 30 s. */
enum status unattended_service_stop(struct error *error);

/* Registers the task that this XML describes, in place of one that is there. */
enum status unattended_task_install(const char *xml, struct error *error);

/* Takes the task away. */
enum status unattended_task_remove(struct error *error);

#endif
