/* What is allowed and yet deserves a word: `mxpull config` shows it. */
#include <mxpull/base/buffer.h>
#include <mxpull/config/config.h>

enum {
    WARNING_SIZE_MAX = 2000
};

struct warnings {
    const struct config *config;
    config_fault *warn;
    void *context;
};

static void warn(const struct warnings *warnings, int line, const char *name, const char *text)
{
    struct buffer words;

    buffer_init(&words, WARNING_SIZE_MAX);
    (void)buffer_append_text(&words, warnings->config->path);
    if (line > 0)
        (void)buffer_append_format(&words, ":%d", line);
    if (name != NULL)
        (void)buffer_append_format(&words, ": backup \"%s\"", name);
    (void)buffer_append_format(&words, ": %s", text);
    warnings->warn(warnings->context, words.bytes);
    buffer_done(&words);
}

static void warn_of_backup(const struct warnings *warnings, const struct backup_config *backup)
{
    if (backup->method != METHOD_ETRN && backup->domain_count == 0)
        warn(warnings, backup->line, backup->name,
             "domains: none are named, so mail for any domain that the provider sends is handed to "
             "our own mail server; "
             "name them to have all other mail refused");
    if (backup->user != NULL && backup->auth_in_clear &&
        (backup->tls == TLS_OFF || backup->tls == TLS_MAY))
        warn(warnings, backup->line, backup->name,
             "auth_in_clear: user and password may cross the network readable by anybody in "
             "between");
}

/* The commands that begin with a change of state come with the memory that notices one. */
static void warn_of_unused(const struct warnings *warnings)
{
    const struct config *config = warnings->config;

    if (config->on_failure != NULL || config->on_recovery != NULL || config->silence_s > 0)
        warn(warnings, 0, NULL,
             "on_failure, on_recovery and silence: this version does not act on them");
}

void config_warn(const struct config *config, config_fault *callback, void *context)
{
    const struct warnings warnings = {config, callback, context};

    warn_of_unused(&warnings);
    for (size_t i = 0; i < config->backup_count; i++)
        warn_of_backup(&warnings, &config->backups[i]);
}
