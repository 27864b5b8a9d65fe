#ifndef MXPULL_SRC_SESSION_PASSWORD_H
#define MXPULL_SRC_SESSION_PASSWORD_H

#include <mxpull/config/config.h>
#include <mxpull/net/loop.h>

#include <stdbool.h>
#include <stdint.h>

/* A password_command that runs beside the loop, until its end or for PASSWORD_TIMEOUT_S at most. */
struct password;

enum {
    PASSWORD_TIMEOUT_S = 30
};

/* Starts it; its end wakes the loop. All borrowed. NULL: it cannot be run. */
struct password *password_start(struct loop *loop, const struct config *config,
                                const struct backup_config *backup, struct error *error);

/* When password_take is due, on the monotonic clock: at once where it has ended. */
int64_t password_due(struct password *password);

/* Takes what it has brought, when it is due: to be freed by memory_free_secret. Errors name the file
 * and backup. */
enum status password_take(struct password *password, char **text, struct error *error);

/* Kills it if it still runs. NULL is allowed. */
void password_free(struct password *password);

#endif
