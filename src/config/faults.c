/* The faults of a file: sorted by line, cut at a hundred, written in the form that the interface
 * promises. */
#include "loading.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/closest.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_SIZE_MAX = 4096,
    LINE_SIZE_MAX = 8192
};

bool faults_is_full(const struct faults *faults)
{
    return faults->count == FAULTS_MAX;
}

static int rank(const struct fault *fault)
{
    return fault->place.line > 0 ? fault->place.line : INT_MAX;
}

void faults_add(struct faults *faults, struct place place, const char *format, ...)
{
    struct fault fault = {.place = place};
    size_t at = faults->count;
    va_list arguments;

    if (faults_is_full(faults))
        return;
    va_start(arguments, format);
    text_format(fault.text, sizeof fault.text, format, arguments);
    va_end(arguments);
    for (; at > 0 && rank(&faults->list[at - 1]) > rank(&fault); at--)
        faults->list[at] = faults->list[at - 1];
    faults->list[at] = fault;
    faults->count++;
}

char *fault_show(char target[FAULT_SHOWN_SIZE], const char *text, size_t size)
{
    struct buffer shown;

    buffer_init(&shown, FAULT_SHOWN_SIZE - 1);
    text_printable(&shown, text, size);
    (void)text_copy(target, FAULT_SHOWN_SIZE, shown.bytes);
    buffer_done(&shown);
    return target;
}

/* "primary: ", "backup \"mx2\": " */
static void append_section(struct buffer *line, const struct section *section)
{
    char title[FAULT_SHOWN_SIZE];

    if (section == NULL || section->kind == SECTION_GLOBAL)
        return;
    (void)buffer_append_text(line, option_section_name(section->kind));
    if (section->title != NULL && *section->title != '\0')
        (void)buffer_append_format(line, " \"%s\"",
                                   fault_show(title, section->title, strlen(section->title)));
    (void)buffer_append_text(line, ": ");
}

void faults_report(const struct faults *faults, const char *file, config_fault *report,
                   void *context)
{
    struct buffer line;

    buffer_init(&line, LINE_SIZE_MAX);
    text_append_cut(&line, file, FILE_SIZE_MAX);
    const size_t file_size = line.size;
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->list[i];

        buffer_cut(&line, file_size);
        if (fault->place.line > 0)
            (void)buffer_append_format(&line, ":%d", fault->place.line);
        (void)buffer_append_text(&line, ": ");
        append_section(&line, fault->place.section);
        if (fault->place.option != NULL)
            (void)buffer_append_format(&line, "%s: ", fault->place.option);
        (void)buffer_append_text(&line, fault->text);
        report(context, line.bytes);
    }
    buffer_cut(&line, file_size);
    (void)buffer_append_format(&line, ": there may be more faults than these %d", FAULTS_MAX);
    if (faults_is_full(faults))
        report(context, line.bytes);
    buffer_done(&line);
}

/* The name that is meant, among the options of the section or among all others; NULL: none is near. */
static const char *closest(enum option_section section, bool others, const char *name)
{
    const char **names = memory_new(option_count, sizeof *names);
    size_t count = 0;

    for (size_t i = 0; i < option_count; i++) {
        if (option_is_of(&options[i], section) != others)
            names[count++] = options[i].name;
    }
    const char *nearest = closest_word(name, names, count);
    free(names);
    /* Two letters that begin a name say nothing. */
    return nearest != NULL && strlen(name) == 2 && strlen(nearest) > 3 ? NULL : nearest;
}

char *fault_suggest(char target[SUGGESTION_SIZE], enum option_section section, const char *name)
{
    const char *own = closest(section, false, name), *other = closest(section, true, name);

    *target = '\0';
    if (own != NULL && (other == NULL || strcmp(other, name) != 0))
        (void)snprintf(target, SUGGESTION_SIZE, "; did you mean %s?", own);
    else if (other != NULL && option_find(SECTION_GLOBAL, other) != NULL)
        (void)snprintf(target, SUGGESTION_SIZE, "; %s stands outside of all sections", other);
    else if (other != NULL)
        (void)snprintf(target, SUGGESTION_SIZE, "; %s belongs into a section %s { }", other,
                       option_find(SECTION_BACKUP, other) != NULL ? "backup" : "primary");
    return target;
}

char *fault_suggest_section(char target[SUGGESTION_SIZE], const char *name)
{
    static const char *const names[] = {"primary", "backup", "defaults"};
    const char *nearest = closest_word(name, names, COUNT_OF(names));

    if (nearest != NULL)
        (void)snprintf(target, SUGGESTION_SIZE, "; did you mean %s?", nearest);
    else
        (void)text_copy(target, SUGGESTION_SIZE,
                        "; sections are primary { }, defaults { } and backup \"NAME\" { }");
    return target;
}
