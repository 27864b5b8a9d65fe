/* The effective configuration as text that config_load reads again. */
#include "forms.h"
#include "values.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

enum {
    HELP_COLUMN = 32,
    LINE_SIZE_MAX = 128 * 1024 * 1024 /* more than all domains of the largest file */
};

static const char stars[] = "********";

/* In double quotes, where a byte that nobody would see can stand as \xNN. */
static void append_escaped(struct buffer *line, const char *text)
{
    (void)buffer_append_text(line, "\"");
    for (size_t size; *text != '\0'; text += size) {
        uint32_t point;
        size_t length = text_character(text, strlen(text), &point);
        bool is_shown = length > 0 && !text_is_hidden(point) && strchr("\"\\$", *text) == NULL;

        size = length > 0 ? length : 1;
        if (is_shown)
            (void)buffer_append(line, text, size);
        for (size_t i = 0; i < size && !is_shown; i++)
            (void)buffer_append_format(line, "\\x%02x", (unsigned char)text[i]);
    }
    (void)buffer_append_text(line, "\"");
}

/* A text in quotes: double ones, or single ones where something in it would mean something in
 * double ones. */
static void append_quoted(struct buffer *line, const char *text)
{
    if (!text_is_shown(text)) {
        append_escaped(line, text);
        return;
    }
    if (strpbrk(text, "\"\\$") == NULL) {
        (void)buffer_append_format(line, "\"%s\"", text);
        return;
    }
    (void)buffer_append_text(line, "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            (void)buffer_append_text(line, "\\");
        (void)buffer_append(line, text, 1);
    }
    (void)buffer_append_text(line, "'");
}

static void append_durations(struct buffer *line, const struct durations *list)
{
    char text[DURATION_TEXT_SIZE];

    (void)buffer_append_text(line, "{");
    for (size_t i = 0; i < list->count; i++)
        (void)buffer_append_format(line, "%s%s", i > 0 ? ", " : "",
                                   duration_format(text, list->seconds[i]));
    (void)buffer_append_text(line, "}");
}

static void append_nodes(struct buffer *line, const struct backup_config *backup)
{
    (void)buffer_append_text(line, "{");
    for (size_t i = 0; i < backup->domain_count; i++) {
        if (i > 0)
            (void)buffer_append_text(line, ", ");
        append_quoted(line, backup->domain_texts[i]);
    }
    (void)buffer_append_text(line, "}");
}

static void append_log(struct buffer *line, const struct config *config)
{
    char *text = config_log_text(config);

    if (config->log == LOG_FILE)
        append_quoted(line, text);
    else
        (void)buffer_append_text(line, text);
    free(text);
}

char *config_proxy_shown(const char *proxy)
{
    size_t size = 0;
    const char *password = proxy != NULL ? form_proxy_password(proxy, &size) : NULL;
    struct buffer shown;

    if (password == NULL)
        return memory_copy(proxy);
    buffer_init(&shown, LINE_SIZE_MAX);
    (void)buffer_append(&shown, proxy, (size_t)(password - proxy));
    (void)buffer_append_format(&shown, "%s%s", stars, password + size);
    char *text = memory_copy(shown.bytes);
    buffer_done(&shown);
    return text;
}

static void append_proxy(struct buffer *line, const char *proxy)
{
    char *shown = config_proxy_shown(proxy);

    append_quoted(line, shown);
    free(shown);
}

static void append_text(struct buffer *line, const struct option *option, const char *text)
{
    if (text == NULL)
        (void)buffer_append_text(line, "\"\"");
    else if (option->type == OPTION_SECRET)
        (void)buffer_append_format(line, "\"%s\"", stars);
    else if (option->type == OPTION_PROXY)
        append_proxy(line, text);
    else
        append_quoted(line, text);
}

static void append_value(struct buffer *line, const struct option *option, const void *section)
{
    const void *field = (const char *)section + option->offset;
    int choice;
    char duration[DURATION_TEXT_SIZE];

    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_PROXY: append_text(line, option, *(char *const *)field); break;
    case OPTION_ADDRESS: append_quoted(line, ((const struct address *)field)->text); break;
    case OPTION_LOG: append_log(line, section); break;
    case OPTION_NUMBER:
        (void)buffer_append_format(line, "%lld", (long long)*(const int64_t *)field);
        break;
    case OPTION_PORT: (void)buffer_append_format(line, "%d", *(const int *)field); break;
    case OPTION_FLAG:
        (void)buffer_append_text(line, *(const bool *)field ? "true" : "false");
        break;
    case OPTION_CHOICE:
        memcpy(&choice, field, sizeof choice);
        (void)buffer_append_text(line, option->choices[choice]);
        break;
    case OPTION_DURATION:
        (void)buffer_append_text(line, duration_format(duration, *(const int64_t *)field));
        break;
    case OPTION_DURATIONS: append_durations(line, field); break;
    case OPTION_NODES: append_nodes(line, section); break;
    }
}

/* Whether the option says nothing beside the other one: interval where there is a schedule, and a
 * schedule that is none. */
static bool is_idle(const struct option *option, const struct timing *timing)
{
    if (strcmp(option->name, "interval") == 0)
        return timing->schedule != NULL;
    return option->form == form_schedule && timing->schedule == NULL;
}

/* Prints the options of one section, with their help when wanted. */
static void print_section(FILE *stream, enum option_section kind, const void *section,
                          const struct timing *timing, bool help)
{
    const char *indent = kind == SECTION_GLOBAL ? "" : "    ";
    struct buffer line;

    buffer_init(&line, LINE_SIZE_MAX);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &options[i];

        if (option->section != kind)
            continue;
        if (help && option->group != NULL)
            (void)fprintf(stream, "%s%s# %s\n", kind == SECTION_GLOBAL ? "\n" : "", indent,
                          option->group);
        if (timing != NULL && is_idle(option, timing))
            continue;
        buffer_clear(&line);
        (void)buffer_append_format(&line, "%s%s = ", indent, option->name);
        append_value(&line, option, section);
        if (help && line.size < HELP_COLUMN)
            (void)buffer_append_format(&line, "%*s", (int)(HELP_COLUMN - line.size), "");
        if (help)
            (void)buffer_append_format(&line, "  # %s", option->help);
        (void)fprintf(stream, "%s\n", line.bytes);
    }
    buffer_done(&line);
}

void config_print(const struct config *config, FILE *stream)
{
    struct buffer shown, name;

    buffer_init(&shown, LINE_SIZE_MAX);
    text_printable(&shown, config->path, strlen(config->path));
    (void)fprintf(stream, "# The configuration in effect, read from %s\n", shown.bytes);
    buffer_done(&shown);
    print_section(stream, SECTION_GLOBAL, config, &config->timing, true);
    (void)fputs("\nprimary {\n", stream);
    print_section(stream, SECTION_PRIMARY, &config->primary, NULL, true);
    (void)fputs("}\n", stream);
    buffer_init(&name, LINE_SIZE_MAX);
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        buffer_clear(&name);
        append_quoted(&name, backup->name);
        (void)fprintf(stream, "\nbackup %s {\n", name.bytes);
        print_section(stream, SECTION_BACKUP, backup, &backup->timing, i == 0);
        (void)fputs("}\n", stream);
    }
    buffer_done(&name);
}
