/* Types: the text of a value made a number, a duration, a choice, a checked text, and put into its field. */
#include "forms.h"
#include "loading.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/system_log.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHOWN_SIZE = 80,
    CHOICES_SIZE = 120,
    LIST_MAX = 100 /* but of nodes */
};

static const char stars[] = "********";

static const char *const logs[] = {[LOG_STDERR] = "stderr",
                                   [LOG_SYSLOG] = "syslog",
                                   [LOG_EVENTLOG] = "eventlog",
                                   [LOG_FILE] = "file:"};

bool value_is_list(const struct option *option)
{
    return option->type >= OPTION_DURATIONS;
}

void *value_own(struct config *config, void *memory, size_t size)
{
    config->owned = memory_more(config->owned, config->owned_count, sizeof *config->owned);
    config->owned[config->owned_count++] = (struct owned){memory, size};
    return memory;
}

char *value_own_text(struct config *config, char *text)
{
    return text != NULL ? value_own(config, text, strlen(text)) : NULL;
}

static enum status parse_number(const struct option *option, const char *text, int64_t *number,
                                struct error *error)
{
    char shown[SHOWN_SIZE];

    if (text_to_number(text, option->min, option->max, number))
        return STATUS_OK;
    bool digits = *text != '\0' && text[strspn(text, "0123456789")] == '\0';
    return error_set(error, STATUS_SYNTAX, "\"%s\" is %s; %lld to %lld are allowed",
                     text_printable_copy(shown, sizeof shown, text),
                     digits ? "out of range" : "not a whole number", (long long)option->min,
                     (long long)option->max);
}

static enum status parse_duration(const struct option *option, const char *text, int64_t *seconds,
                                  struct error *error)
{
    char shown[SHOWN_SIZE], min[DURATION_TEXT_SIZE], max[DURATION_TEXT_SIZE];
    int64_t parsed = 0;
    const enum status status = duration_parse(text, &parsed);

    (void)text_printable_copy(shown, sizeof shown, text);
    (void)duration_format(min, option->min);
    (void)duration_format(max, option->max);
    if (status == STATUS_SYNTAX)
        return error_set(
            error, STATUS_SYNTAX,
            "\"%s\" is not a duration; a number and a unit (s m h d w) are allowed, as "
            "in 90s, 4h or 1h30m, from %s to %s",
            shown, min, max);
    if (status != STATUS_OK || parsed < option->min || parsed > option->max)
        return error_set(error, STATUS_SYNTAX, "\"%s\" is %s; %s to %s are allowed", shown,
                         status != STATUS_OK ? "too long" : "out of range", min, max);
    *seconds = parsed;
    return STATUS_OK;
}

static enum status refuse_long_list(struct error *error)
{
    return error_set(error, STATUS_SYNTAX, "is too long a list; up to %d are allowed", LIST_MAX);
}

static enum status add_duration(struct config *config, const struct option *option,
                                struct durations *list, const char *text, struct error *error)
{
    int64_t seconds = 0;
    enum status status = parse_duration(option, text, &seconds, error);

    if (status != STATUS_OK)
        return status;
    if (list->count == LIST_MAX)
        return refuse_long_list(error);
    if (list->count == 0)
        list->seconds = value_own(config, memory_new(LIST_MAX, sizeof *list->seconds),
                                  LIST_MAX * sizeof *list->seconds);
    list->seconds[list->count++] = seconds;
    return STATUS_OK;
}

static enum status add_text(struct config *config, const struct option *option, struct texts *texts,
                            const char *text, struct error *error)
{
    char *copy;

    if (texts->count == LIST_MAX)
        return refuse_long_list(error);
    if (option->form(text, &copy, error) != STATUS_OK)
        return STATUS_SYNTAX;
    if (texts->count == 0)
        texts->list = value_own(config, memory_new(LIST_MAX, sizeof *texts->list),
                                LIST_MAX * sizeof *texts->list);
    texts->list[texts->count++] = value_own_text(config, copy);
    return STATUS_OK;
}

static enum status add_node(struct config *config, struct backup_config *backup, const char *text,
                            struct error *error)
{
    struct node node;

    if (node_parse(&node, text, error) != STATUS_OK) {
        const struct error reason = *error;

        return error_set(error, STATUS_SYNTAX,
                         "%s; \"example.com\", \"@example.com\", \"#queue\" are allowed",
                         reason.text);
    }
    backup->domains = memory_more(backup->domains, backup->domain_count, sizeof node);
    backup->domain_texts = memory_more(backup->domain_texts, backup->domain_count, sizeof(char *));
    backup->domains[backup->domain_count] = node;
    backup->domain_texts[backup->domain_count++] = value_own_text(config, memory_copy(text));
    return STATUS_OK;
}

static enum status parse_flag(const char *text, int64_t *flag, struct error *error)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (text_equal(text, words[i])) {
            *flag = (int64_t)(i % 2);
            return STATUS_OK;
        }
    }
    return form_refuse(error, text,
                       "is neither yes nor no; true, false, yes, no, on, off are allowed");
}

static enum status parse_choice(const struct option *option, const char *text, int64_t *choice,
                                struct error *error)
{
    char why[CHOICES_SIZE] = "is not known; ";

    for (int i = 0; option->choices[i] != NULL; i++) {
        const size_t used = strlen(why);

        if (text_equal(text, option->choices[i])) {
            *choice = i;
            return STATUS_OK;
        }
        (void)snprintf(why + used, sizeof why - used, "%s%s", option->choices[i],
                       option->choices[i + 1] != NULL ? ", " : " are allowed");
    }
    return form_refuse(error, text, why);
}

/* The target and, for a file, its path. */
static enum status set_log(struct config *config, const char *text, struct error *error)
{
    const bool syslog = system_log_is_syslog();
    const enum log_target other = syslog ? LOG_EVENTLOG : LOG_SYSLOG;
    const size_t file_size = strlen(logs[LOG_FILE]);
    char *path;

    if (strncmp(text, logs[LOG_FILE], file_size) == 0 && text[file_size] != '\0') {
        if (form_path(text + file_size, &path, error) != STATUS_OK)
            return STATUS_SYNTAX;
        config->log = LOG_FILE;
        config->log_path = value_own_text(config, path);
        return STATUS_OK;
    }
    for (enum log_target i = LOG_STDERR; i < LOG_FILE; i++) {
        if (text_equal(text, logs[i]) && i != other) {
            config->log = i;
            config->log_path = NULL;
            return STATUS_OK;
        }
    }
    return form_refuse(
        error, text,
        syslog ? "is not a log of this system; stderr, syslog, \"file:PATH\" are allowed"
               : "is not a log of this system; stderr, eventlog, \"file:PATH\" are allowed");
}

/* An empty text is NULL: not set. */
static enum status set_text(struct config *config, const struct option *option, const char *text,
                            char **field, struct error *error)
{
    char *copy = NULL;

    if (*text != '\0' && option->form == NULL)
        copy = memory_copy(text);
    else if (*text != '\0' && option->form(text, &copy, error) != STATUS_OK)
        return STATUS_SYNTAX;
    *field = value_own_text(config, copy);
    return STATUS_OK;
}

static enum status set_address(struct config *config, const char *text, struct address *address,
                               struct error *error)
{
    struct address parsed = {0};

    if (*text != '\0') {
        if (form_address(text, &parsed.host, &parsed.port, &parsed.path, error) != STATUS_OK)
            return STATUS_SYNTAX;
        parsed.text = value_own_text(config, memory_copy(text));
        (void)value_own_text(config, parsed.host);
        (void)value_own_text(config, parsed.path);
    }
    *address = parsed;
    return STATUS_OK;
}

enum status value_set(struct config *config, const struct option *option, void *fields,
                      const char *text, struct error *error)
{
    void *field = (char *)fields + option->offset;
    enum status status = STATUS_OK;
    int64_t number = 0;

    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_PROXY: return set_text(config, option, text, field, error);
    case OPTION_ADDRESS: return set_address(config, text, field, error);
    case OPTION_LOG: return set_log(config, text, error);
    case OPTION_DURATIONS: return add_duration(config, option, field, text, error);
    case OPTION_TEXTS: return add_text(config, option, field, text, error);
    case OPTION_NODES: return add_node(config, fields, text, error);
    case OPTION_NUMBER: status = parse_number(option, text, &number, error); break;
    case OPTION_FLAG: status = parse_flag(text, &number, error); break;
    case OPTION_CHOICE: status = parse_choice(option, text, &number, error); break;
    case OPTION_DURATION: status = parse_duration(option, text, &number, error); break;
    }
    if (status == STATUS_OK)
        memory_write_number(field, option->size, number);
    return status;
}

static char *proxy_shown(const char *proxy)
{
    size_t size = 0;
    const char *password = proxy != NULL ? form_proxy_password(proxy, &size) : NULL;

    if (password == NULL)
        return memory_copy(proxy);
    return memory_format("%.*s%s%s", (int)(password - proxy), proxy, stars, password + size);
}

char *option_text(const struct option *option, const void *section)
{
    const struct config *config = section;
    const void *field = (const char *)section + option->offset;
    const char *text = option->type <= OPTION_PROXY ? *(const char *const *)field : NULL;
    const int64_t number = option->type >= OPTION_NUMBER && option->type <= OPTION_DURATION
                               ? memory_read_number(field, option->size)
                               : 0;
    char duration[DURATION_TEXT_SIZE];

    switch (option->type) {
    case OPTION_TEXT: return memory_copy(text);
    case OPTION_SECRET: return memory_copy(text != NULL ? stars : NULL);
    case OPTION_PROXY: return proxy_shown(text);
    case OPTION_ADDRESS: return memory_copy(((const struct address *)field)->text);
    case OPTION_LOG:
        return memory_format("%s%s", logs[config->log],
                             config->log_path != NULL ? config->log_path : "");
    case OPTION_NUMBER: return memory_format("%lld", (long long)number);
    case OPTION_FLAG: return memory_copy(number != 0 ? "true" : "false");
    case OPTION_CHOICE: return memory_copy(option->choices[number]);
    case OPTION_DURATION: return memory_copy(duration_format(duration, number));
    case OPTION_DURATIONS:
    case OPTION_TEXTS:
    case OPTION_NODES: break;
    }
    return NULL;
}

struct texts option_texts(const struct option *option, const void *section)
{
    const struct backup_config *backup = section;

    if (option->type == OPTION_TEXTS)
        return *(const struct texts *)(const void *)((const char *)section + option->offset);
    if (option->type == OPTION_NODES)
        return (struct texts){backup->domain_texts, backup->domain_count};
    return (struct texts){0};
}

void value_set_initial(struct config *config, const struct option *option, void *fields)
{
    const char *text = option->initial;
    struct error error;
    size_t size;

    if (*text != '{' && *text != '\0')
        (void)value_set(config, option, fields, text, &error);
    for (text += *text == '{'; option->type == OPTION_DURATIONS && *text != '\0';
         text += size + strspn(text + size, ", }")) {
        char part[DURATION_TEXT_SIZE] = {0};

        size = strcspn(text, ",}");
        assert(size < sizeof part);
        memcpy(part, text, size);
        (void)value_set(config, option, fields, part, &error);
    }
}
