/* The password that a command prints: nobody waits for it but the poll that needs it. */
#include "password.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/process.h>

#include <stdlib.h>

struct password {
    const struct config *config;
    const struct backup_config *backup;
    struct process *process;
    int64_t deadline_ms;
};

static void wake(void *context)
{
    loop_wake(context);
}

struct password *password_start(struct loop *loop, const struct config *config,
                                const struct backup_config *backup, struct error *error)
{
    struct process *process;

    if (process_start_captured(&process, backup->password_command, wake, loop, error) !=
        STATUS_OK) {
        (void)config_no_password(config, backup, error);
        return NULL;
    }
    struct password *password = memory_new(1, sizeof *password);
    *password = (struct password){.config = config,
                                  .backup = backup,
                                  .process = process,
                                  .deadline_ms = clock_monotonic_ms() + PASSWORD_TIMEOUT_S * 1000};
    return password;
}

int64_t password_due(struct password *password)
{
    return process_has_ended(password->process) ? 0 : password->deadline_ms;
}

enum status password_take(struct password *password, char **text, struct error *error)
{
    struct buffer printed;

    buffer_init(&printed, CONFIG_PASSWORD_SIZE_MAX);
    bool ended = process_has_ended(password->process); /* then all of it is there */
    enum status status = process_output(password->process, &printed, error);
    if (status == STATUS_OK && !ended)
        status = error_set(error, STATUS_TIMEOUT, "the command took longer than %d s",
                           PASSWORD_TIMEOUT_S);
    else if (status == STATUS_OK)
        status = process_judge(password->process, error);
    if (status != STATUS_OK)
        (void)config_no_password(password->config, password->backup, error);
    else
        status = config_password(password->config, password->backup, &printed, text, error);
    buffer_done(&printed);
    return status;
}

void password_free(struct password *password)
{
    if (password == NULL)
        return;
    process_free(password->process);
    free(password);
}
