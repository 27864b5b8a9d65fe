#ifndef MXPULL_SESSION_PASSWORD_H
#define MXPULL_SESSION_PASSWORD_H

#include <mxpull/config/config.h>
#include <mxpull/net/loop.h>

/* A password_command that runs beside the loop, until its end or for PASSWORD_TIMEOUT_S at most. */
struct password;

enum {
    PASSWORD_TIMEOUT_S = 30
};

/* Starts the command; ended is called once, from the loop, when password_take is due. All borrowed.
 * NULL: the command cannot be run. */
struct password *password_start(struct loop *loop, const struct config *config,
                                const struct backup_config *backup, void (*ended)(void *context),
                                void *context, struct error *error);

/* Takes what the command has printed: to be freed by memory_free_secret. Errors name the file and
 * backup. */
enum status password_take(struct password *password, char **text, struct error *error);

/* Kills the command if it still runs. NULL is allowed. */
void password_free(struct password *password);

#endif
