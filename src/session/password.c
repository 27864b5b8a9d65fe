/* The password that a command prints: nobody waits for it but the poll that needs it. */
#include "password.h"

#include <mxpull/base/memory.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/process.h>

#include <stdlib.h>

struct password {
    struct loop *loop; /* borrowed, as what follows */
    const struct config *config;
    const struct backup_config *backup;
    void (*ended)(void *context);
    void *context;
    struct process *process;
    struct timer timer;
    int64_t deadline_ms;
};

/* The loop was woken, by this command or for another reason, or the time is over. */
static void look(void *context)
{
    struct password *password = context;

    if (process_has_ended(password->process) || clock_monotonic_ms() >= password->deadline_ms)
        password->ended(password->context);
    else
        timer_set(password->loop, &password->timer, password->deadline_ms);
}

struct password *password_start(struct loop *loop, const struct config *config,
                                const struct backup_config *backup, void (*ended)(void *context),
                                void *context, struct error *error)
{
    struct process *process;

    if (process_start_captured(&process, backup->password_command, error) != STATUS_OK) {
        (void)config_no_password(config, backup, error);
        return NULL;
    }
    struct password *password = memory_new(1, sizeof *password);
    *password = (struct password){
        .loop = loop,
        .config = config,
        .backup = backup,
        .ended = ended,
        .context = context,
        .process = process,
        .timer = {.due = look, .context = password, .on_wake = true},
        .deadline_ms = clock_monotonic_ms() + PASSWORD_TIMEOUT_S * 1000,
    };
    timer_set(loop, &password->timer, password->deadline_ms);
    return password;
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
    timer_set(password->loop, &password->timer, INT64_MAX);
    process_free(password->process);
    free(password);
}
