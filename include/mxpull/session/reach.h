#ifndef MXPULL_SESSION_REACH_H
#define MXPULL_SESSION_REACH_H

#include <mxpull/config/config.h>
#include <mxpull/net/connection.h>
#include <mxpull/net/loop.h>

/* How a backup is reached: connected to as it is configured, and with its password. */

/* All texts are borrowed from the configuration; without password and show_wire. */
struct connection_options reach_options(const struct config *config,
                                        const struct backup_config *backup);

/* A password_command that runs beside the loop, for 30 s at most. */
struct reach_password;

/* Fetches the backup's password, and calls fetched once: with a password for memory_free_secret, NULL
 * where it has none; or with the error why it is not to be had. From within this call, which then gives
 * NULL, where nothing is waited for; else in a turn of the loop, which loop_wake makes return when the
 * command has ended. fetched may free the fetch. backup is borrowed for its life. */
struct reach_password *reach_password_new(struct loop *loop, const struct backup_config *backup,
                                          void (*fetched)(void *context, char *password,
                                                          const struct error *error),
                                          void *context);

/* At any time; the command is ended. NULL is allowed. */
void reach_password_free(struct reach_password *fetch);

#endif
