/* mxpull config: the effective configuration. */
#include "command.h"
#include "config_json.h"
#include "output.h"
#include "setup.h"
#include <mxpull/base/memory.h>

#include <errno.h>
#include <stdio.h>

static void print_text(struct output *output, const struct config *config)
{
    errno = 0;
    config_print(config, output->stream);
    if (fflush(output->stream) != 0 || ferror(output->stream))
        output->failure = errno != 0 ? errno : EIO;
}

static void print_warning(void *context, const char *line)
{
    (void)context;
    output_tell("mxpull: warning: %s", line);
}

/* A pull as this user would find the same. Commands are not run. */
static bool can_read_passwords(const struct config *config)
{
    bool can_read = true;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];
        char *password = NULL;
        struct error error;

        if (backup->password_file == NULL)
            continue;
        if (config_password(config, backup, NULL, &password, &error) != STATUS_OK) {
            output_tell("%s", error.text);
            can_read = false;
        }
        memory_free_secret(password);
    }
    return can_read;
}

int command_config(const struct arguments *arguments)
{
    struct config *config = setup_config(arguments);
    struct output output;

    if (config == NULL)
        return EXIT_STATUS_CONFIG;
    config_warn(config, print_warning, NULL);
    bool can_read = can_read_passwords(config);
    output_init(&output, stdout);
    if (arguments->json && !arguments->quiet)
        config_json_write(&output, config);
    else if (!arguments->quiet)
        print_text(&output, config);
    config_free(config);
    if (!output_finish(&output))
        return EXIT_STATUS_TEMPORARY;
    return can_read ? EXIT_STATUS_OK : EXIT_STATUS_CONFIG;
}
