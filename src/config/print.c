/* The effective configuration as text that config_load reads again. */
#include "forms.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/config/options.h>

#include <stdlib.h>
#include <string.h>

enum {
    HELP_COLUMN = 32,
    LINE_SIZE_MAX = 128 * 1024 * 1024 /* more than all domains of the largest file */
};

/* In double quotes, or in single ones where something in it would mean something in double ones. A byte that
 * nobody would see stands as \xNN, which double quotes alone allow. */
static void append_quoted(struct buffer *line, const char *text)
{
    static const char special[] = "\"\\$";
    const bool is_shown = text_is_shown(text);
    const char *quote = is_shown && strpbrk(text, special) != NULL ? "'" : "\"";

    (void)buffer_append_text(line, quote);
    for (size_t size; *text != '\0'; text += size) {
        uint32_t point;
        const size_t length = text_character(text, strlen(text), &point);
        const bool hidden = length == 0 || text_is_hidden(point) || strchr(special, *text) != NULL;

        size = length > 0 ? length : 1;
        for (size_t i = 0; i < size && !is_shown && hidden; i++)
            (void)buffer_append_format(line, "\\x%02x", (unsigned char)text[i]);
        if (*quote == '\'' && (*text == '\'' || *text == '\\'))
            (void)buffer_append_text(line, "\\");
        if (is_shown || !hidden)
            (void)buffer_append(line, text, size);
    }
    (void)buffer_append_text(line, quote);
}

static void append_list(struct buffer *line, const struct option *option, const void *section)
{
    const struct durations *durations = option->type == OPTION_DURATIONS
                                            ? (const void *)((const char *)section + option->offset)
                                            : NULL;
    const struct texts texts = option_texts(option, section);
    const size_t count = durations != NULL ? durations->count : texts.count;
    char text[DURATION_TEXT_SIZE];

    (void)buffer_append_text(line, "{");
    for (size_t i = 0; i < count; i++) {
        (void)buffer_append_text(line, i > 0 ? ", " : "");
        if (durations != NULL)
            (void)buffer_append_text(line, duration_format(text, durations->seconds[i]));
        else
            append_quoted(line, texts.list[i]);
    }
    (void)buffer_append_text(line, "}");
}

static void append_value(struct buffer *line, const struct option *option, const void *section)
{
    const bool is_word =
        option->type >= OPTION_NUMBER ||
        (option->type == OPTION_LOG && ((const struct config *)section)->log != LOG_FILE);
    char *text = option_text(option, section);

    if (option->type >= OPTION_DURATIONS)
        append_list(line, option, section);
    else if (is_word)
        (void)buffer_append_text(line, text);
    else
        append_quoted(line, text != NULL ? text : "");
    free(text);
}

/* Whether the option says nothing beside the other one: interval where there is a schedule, and a schedule
 * that is none. */
static bool is_idle(const struct option *option, const struct timing *timing)
{
    if (timing == NULL)
        return false;
    return strcmp(option->name, timing->schedule != NULL ? "interval" : "schedule") == 0;
}

/* Prints the options of one section, with their help when wanted. timing is NULL where it has none. */
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
        /* What the included files say is printed with the rest. */
        if (is_idle(option, timing) || (option->form == form_pattern))
            continue;
        buffer_clear(&line);
        (void)buffer_append_format(&line, "%s%s = ", indent, option->name);
        append_value(&line, option, section);
        if (help)
            (void)fprintf(stream, "%-*s  # %s\n", HELP_COLUMN, line.bytes, option->help);
        else
            (void)fprintf(stream, "%s\n", line.bytes);
    }
    buffer_done(&line);
}

void config_print(const struct config *config, FILE *stream)
{
    struct buffer text;

    buffer_init(&text, LINE_SIZE_MAX);
    for (size_t i = 0; i < config->files.count; i++)
        (void)fprintf(stream,
                      i == 0 ? "# The configuration in effect, read from %s\n" : "# and %s\n",
                      config->files.list[i]);
    print_section(stream, SECTION_GLOBAL, config, &config->timing, true);
    (void)fputs("\nprimary {\n", stream);
    print_section(stream, SECTION_PRIMARY, &config->primary, NULL, true);
    (void)fputs("}\n", stream);
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        buffer_clear(&text);
        append_quoted(&text, backup->name);
        (void)fprintf(stream, "\nbackup %s {\n", text.bytes);
        print_section(stream, SECTION_BACKUP, backup, &backup->timing, i == 0);
        (void)fputs("}\n", stream);
    }
    buffer_done(&text);
}
