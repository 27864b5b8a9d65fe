/* How a backup is connected to, and where its password comes from. */
#include <mxpull/base/memory.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/process.h>
#include <mxpull/session/reach.h>

#include <stdlib.h>

enum {
    PASSWORD_TIMEOUT_S = 30
};

struct connection_options reach_options(const struct config *config,
                                        const struct backup_config *backup)
{
    return (struct connection_options){
        .host = backup->host,
        .port = backup->port,
        .ip = backup->ip,
        .ehlo_name = config->ehlo_name,
        .tls = backup->tls,
        .tls_verify = backup->tls_verify,
        .tls_ca_file = backup->tls_ca_file,
        .tls_fingerprint = backup->tls_fingerprint,
        .tls_revocation = backup->tls_revocation,
        .user = backup->user,
        .auth = backup->auth,
        .auth_in_clear = backup->auth_in_clear,
        .source_address = backup->source_address,
        .proxy = backup->proxy,
        .connect_timeout_ms = backup->connect_timeout_s * 1000,
        .reply_timeout_ms = backup->command_timeout_s * 1000,
    };
}

struct reach_password {
    struct loop *loop;                  /* borrowed */
    const struct backup_config *backup; /* borrowed */
    void (*fetched)(void *context, char *password, const struct error *error);
    void *context;
    struct process *process;
    struct timer timer;
    int64_t until_ms; /* monotonic: it is not waited for any longer */
};

/* The command has ended, or has run for too long. */
static void take_printed(struct reach_password *fetch)
{
    bool has_ended = process_has_ended(fetch->process); /* then all of it is there */
    char *password = NULL;
    struct buffer printed;
    struct error error;

    buffer_init(&printed, CONFIG_PASSWORD_SIZE_MAX);
    enum status status = process_output(fetch->process, &printed, &error);
    if (status == STATUS_OK && !has_ended)
        status = error_set(&error, STATUS_TIMEOUT, "the command took longer than %d s",
                           PASSWORD_TIMEOUT_S);
    else if (status == STATUS_OK)
        status = process_judge(fetch->process, &error);
    if (status != STATUS_OK)
        status = config_no_password(fetch->backup, &error);
    else
        status = config_password(fetch->backup, &printed, &password, &error);
    buffer_done(&printed);
    fetch->fetched(fetch->context, password, status == STATUS_OK ? NULL : &error);
}

/* The loop was woken, by this command or for another reason, or the time is over. */
static void look(void *context)
{
    struct reach_password *fetch = context;

    if (process_has_ended(fetch->process) || clock_monotonic_ms() >= fetch->until_ms)
        take_printed(fetch);
    else
        timer_set(fetch->loop, &fetch->timer, fetch->until_ms);
}

struct reach_password *reach_password_new(struct loop *loop, const struct backup_config *backup,
                                          void (*fetched)(void *context, char *password,
                                                          const struct error *error),
                                          void *context)
{
    struct process *process = NULL;
    char *password = NULL;
    struct error error;
    enum status status = STATUS_OK;

    if (backup->password_command == NULL)
        status = config_password(backup, NULL, &password, &error);
    else if (process_start(&process, backup->password_command, NULL, 0, true, &error) != STATUS_OK)
        status = config_no_password(backup, &error);
    if (process == NULL) {
        fetched(context, password, status == STATUS_OK ? NULL : &error);
        return NULL;
    }
    struct reach_password *fetch = memory_new(1, sizeof *fetch);
    *fetch = (struct reach_password){.loop = loop,
                                     .backup = backup,
                                     .fetched = fetched,
                                     .context = context,
                                     .process = process,
                                     .timer = {.due = look, .context = fetch, .on_wake = true},
                                     .until_ms = clock_monotonic_ms() + PASSWORD_TIMEOUT_S * 1000};
    timer_set(loop, &fetch->timer, fetch->until_ms);
    return fetch;
}

void reach_password_free(struct reach_password *fetch)
{
    if (fetch == NULL)
        return;
    timer_set(fetch->loop, &fetch->timer, INT64_MAX);
    process_free(fetch->process);
    free(fetch);
}
