/* mxpull config: the effective configuration. The JSON is one walk over the option table, so it has
 * every option. */
#include "arguments.h"
#include "setup.h"
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/config/options.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_SIZE_MAX = 128 * 1024 * 1024
};

static json_t *value_of(const struct option *option, const void *section)
{
    const void *field = (const char *)section + option->offset;
    const struct durations *durations = field;
    const struct texts texts = option_texts(option, section);
    json_t *value = NULL;
    char *text;

    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_PROXY:
    case OPTION_ADDRESS:
    case OPTION_LOG:
    case OPTION_CHOICE:
        text = option_text(option, section);
        value = json_own(text);
        free(text);
        break;
    case OPTION_NUMBER:
    case OPTION_DURATION: return json_integer(memory_read_number(field, option->size));
    case OPTION_FLAG: return json_boolean(*(const bool *)field);
    case OPTION_DURATIONS:
        value = json_array();
        for (size_t i = 0; i < durations->count; i++)
            (void)json_array_append_new(value, json_integer(durations->seconds[i]));
        break;
    case OPTION_TEXTS:
    case OPTION_NODES:
        value = json_array();
        for (size_t i = 0; i < texts.count; i++)
            (void)json_array_append_new(value, json_own(texts.list[i]));
        break;
    }
    return value;
}

/* key and name: a member that stands before the options, or NULL. */
static json_t *section_value(enum option_section section, const void *values, const char *key,
                             const char *name)
{
    json_t *object = json_object();

    if (key != NULL)
        json_set(object, key, json_own(name));
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].section == section)
            json_set(object, options[i].name, value_of(&options[i], values));
    }
    return object;
}

json_t *config_json(const struct config *config)
{
    json_t *object = section_value(SECTION_GLOBAL, config, "path", config->path);
    json_t *backups = json_array();

    for (size_t i = 0; i < config->backup_count; i++)
        (void)json_array_append_new(backups, section_value(SECTION_BACKUP, &config->backups[i],
                                                           "name", config->backups[i].name));
    json_set(object, "primary", section_value(SECTION_PRIMARY, &config->primary, NULL, NULL));
    json_set(object, "backups", backups);
    return object;
}

static void print_warning(void *context, const struct config_warning *warning)
{
    (void)context;
    output_tell("mxpull: warning: %s; %s", warning->text, warning->advice);
}

/* Reads every password_file, as a pull by this user would. Runs no password_command. */
static bool can_read_passwords(const struct config *config)
{
    bool can_read = true;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];
        char *password = NULL;
        struct error error;

        if (backup->password_file == NULL)
            continue;
        if (config_password(backup, NULL, &password, &error) != STATUS_OK) {
            output_tell("%s", error.text);
            can_read = false;
        }
        memory_free_secret(password);
    }
    return can_read;
}

/* What can be given as a name, one a line: what the completion of a shell offers. */
static bool print_names(const struct config *config)
{
    struct buffer text;

    buffer_init(&text, NAMES_SIZE_MAX);
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        for (size_t j = 0; j <= backup->domain_count; j++) {
            const char *name = j == 0 ? backup->name : backup->domain_texts[j - 1];

            text_visible(&text, name, strlen(name));
            (void)buffer_append_text(&text, "\n");
        }
    }
    bool is_told = output_print(&text);
    buffer_done(&text);
    return is_told;
}

int command_config(const struct arguments *arguments)
{
    struct config *config = setup_config(arguments, NULL, NULL);
    struct output output = {.stream = stdout};

    if (config == NULL)
        return EXIT_STATUS_CONFIG;
    if (arguments->only_names) {
        bool is_told = arguments->quiet || print_names(config);

        config_free(config);
        return is_told ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
    }
    config_warn(config, print_warning, NULL);
    bool can_read = can_read_passwords(config);
    if (arguments->json && !arguments->quiet)
        json_write(&output, config_json(config));
    if (!arguments->json && !arguments->quiet) {
        errno = 0;
        config_print(config, stdout);
        if (fflush(stdout) != 0 || ferror(stdout))
            output.failure = errno != 0 ? errno : EIO;
    }
    config_free(config);
    if (!output_finish(&output))
        return EXIT_STATUS_TEMPORARY;
    return can_read ? EXIT_STATUS_OK : EXIT_STATUS_CONFIG;
}
