/* The effective configuration as JSON: one walk over the option table, so that an option that is
 * added to the table is here too. */
#include "config_json.h"
#include "json_text.h"
#include <mxpull/base/buffer.h>
#include <mxpull/config/options.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char starred[] = "********";

enum {
    TEXT_SIZE_MAX = 64 * 1024
};

static json_t *secret_value(const char *secret)
{
    return secret != NULL ? json_string(starred) : json_null();
}

static json_t *proxy_value(const char *proxy)
{
    char *shown = config_proxy_shown(proxy);
    json_t *value = json_text_own(shown);

    free(shown);
    return value;
}

static json_t *log_value(const struct config *config)
{
    struct buffer text;

    switch (config->log) {
    case LOG_STDERR: return json_string("stderr");
    case LOG_SYSLOG: return json_string("syslog");
    case LOG_EVENTLOG: return json_string("eventlog");
    case LOG_FILE: break;
    }
    buffer_init(&text, TEXT_SIZE_MAX);
    (void)buffer_append_format(&text, "file:%s", config->log_path);
    json_t *value = json_text_own(text.bytes);
    buffer_done(&text);
    return value;
}

static json_t *selection_value(const struct option *option, const void *field)
{
    unsigned choice;

    memcpy(&choice, field, sizeof choice);
    return json_string(option->choices[choice]);
}

static json_t *durations_value(const struct durations *durations)
{
    json_t *array = json_array();

    for (size_t i = 0; i < durations->count; i++)
        (void)json_array_append_new(array, json_integer(durations->seconds[i]));
    return array;
}

static json_t *domains_value(const struct backup_config *backup)
{
    json_t *array = json_array();

    for (size_t i = 0; i < backup->domain_count; i++)
        (void)json_array_append_new(array, json_text_own(backup->domain_texts[i]));
    return array;
}

/* The value of an option in its section's struct. */
static json_t *value_of(const struct option *option, const void *section)
{
    const void *field = (const char *)section + option->offset;

    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_FILE:
    case OPTION_HOST:
    case OPTION_EHLO_NAME:
    case OPTION_IP_ADDRESS:
    case OPTION_FINGERPRINT:
    case OPTION_MECHANISM:
    case OPTION_SCHEDULE: return json_text_own(*(char *const *)field);
    case OPTION_SECRET: return secret_value(*(char *const *)field);
    case OPTION_PROXY: return proxy_value(*(char *const *)field);
    case OPTION_ADDRESS: return json_text_own(((const struct address *)field)->text);
    case OPTION_LOG: return log_value(section);
    case OPTION_NUMBER:
    case OPTION_DURATION: return json_integer(*(const int64_t *)field);
    case OPTION_PORT: return json_integer(*(const int *)field);
    case OPTION_FLAG: return json_boolean(*(const bool *)field);
    case OPTION_CHOICE: return selection_value(option, field);
    case OPTION_DURATIONS: return durations_value(field);
    case OPTION_NODES: return domains_value(section);
    }
    return json_null();
}

static void set_section(json_t *object, enum option_section section, const void *values)
{
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].section == section)
            (void)json_object_set_new(object, options[i].name, value_of(&options[i], values));
    }
}

static json_t *backups_value(const struct config *config)
{
    json_t *array = json_array();

    for (size_t i = 0; i < config->backup_count; i++) {
        json_t *backup = json_object();

        (void)json_object_set_new(backup, "name", json_text_own(config->backups[i].name));
        set_section(backup, SECTION_BACKUP, &config->backups[i]);
        (void)json_array_append_new(array, backup);
    }
    return array;
}

void config_json_write(struct output *output, const struct config *config)
{
    json_t *object = json_object(), *primary = json_object();

    (void)json_object_set_new(object, "path", json_text_own(config->path));
    set_section(object, SECTION_GLOBAL, config);
    set_section(primary, SECTION_PRIMARY, &config->primary);
    (void)json_object_set_new(object, "primary", primary);
    (void)json_object_set_new(object, "backups", backups_value(config));
    json_text_write(output, object);
}
