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

static void warn(const struct warnings *warnings, const struct backup_config *backup,
                 const char *text)
{
    struct buffer words;

    buffer_init(&words, WARNING_SIZE_MAX);
    (void)buffer_append_format(&words, "%s:%d: backup \"%s\": %s", warnings->config->path,
                               backup->line, backup->name, text);
    warnings->warn(warnings->context, words.bytes);
    buffer_done(&words);
}

static void warn_of_backup(const struct warnings *warnings, const struct backup_config *backup)
{
    if (backup->method != METHOD_ETRN && backup->domain_count == 0)
        warn(warnings, backup,
             "domains: none are named, so mail for any domain that the provider sends is handed to "
             "our own mail server; "
             "name them to have all other mail refused");
    if (backup->user != NULL && backup->auth_in_clear &&
        (backup->tls == TLS_OFF || backup->tls == TLS_MAY))
        warn(warnings, backup,
             "auth_in_clear: user and password may cross the network readable by anybody in "
             "between");
}

void config_warn(const struct config *config, config_fault *callback, void *context)
{
    const struct warnings warnings = {config, callback, context};

    for (size_t i = 0; i < config->backup_count; i++)
        warn_of_backup(&warnings, &config->backups[i]);
}
