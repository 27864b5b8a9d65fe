/* The faults of a file: collected, sorted by line, cut at a hundred, written in the form that the
 * interface promises. */
#include "faults.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_SIZE_MAX = 500,
    FILE_SIZE_MAX = 4096,
    LINE_SIZE_MAX = 8192
};

void faults_init(struct faults *faults)
{
    *faults = (struct faults){.limit = FAULTS_MAX};
}

void faults_done(struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        free(faults->list[i].text);
    free(faults->list);
    faults_init(faults);
}

void faults_new_phase(struct faults *faults)
{
    faults->limit = faults->count + FAULTS_MAX;
}

bool faults_is_full(const struct faults *faults)
{
    return faults->count >= faults->limit;
}

void faults_add(struct faults *faults, struct place place, const char *format, ...)
{
    char text[TEXT_SIZE_MAX];
    va_list arguments;

    if (faults_is_full(faults))
        return;
    va_start(arguments, format);
    text_format(text, sizeof text, format, arguments);
    va_end(arguments);
    if (faults->list == NULL)
        faults->list = memory_new((size_t)2 * FAULTS_MAX, sizeof *faults->list);
    faults->list[faults->count] = (struct fault){
        .line = place.line,
        .order = faults->count,
        .section = place.section,
        .option = place.option,
        .text = memory_copy(text),
    };
    faults->count++;
}

static int compare(const void *left, const void *right)
{
    const struct fault *a = left, *b = right;

    if (a->line != b->line && (a->line == 0 || b->line == 0))
        return a->line == 0 ? 1 : -1; /* what is said of the file as a whole comes last */
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
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
static void append_section(struct buffer *line, const struct raw_section *section)
{
    char title[FAULT_SHOWN_SIZE];

    if (section == NULL || section->kind == SECTION_GLOBAL)
        return;
    (void)buffer_append_text(line, option_section_name(section->kind));
    if (section->kind == SECTION_BACKUP && section->title.text != NULL &&
        *section->title.text != '\0')
        (void)buffer_append_format(
            line, " \"%s\"", fault_show(title, section->title.text, strlen(section->title.text)));
    (void)buffer_append_text(line, ": ");
}

void faults_report(struct faults *faults, const char *file, config_fault *report, void *context)
{
    struct buffer line;

    if (faults->count == 0)
        return;
    qsort(faults->list, faults->count, sizeof *faults->list, compare);
    buffer_init(&line, LINE_SIZE_MAX);
    for (size_t i = 0; i < faults->count && i < FAULTS_MAX; i++) {
        const struct fault *fault = &faults->list[i];

        buffer_clear(&line);
        text_append_cut(&line, file, FILE_SIZE_MAX);
        if (fault->line > 0)
            (void)buffer_append_format(&line, ":%d", fault->line);
        (void)buffer_append_text(&line, ": ");
        append_section(&line, fault->section);
        if (fault->option != NULL)
            (void)buffer_append_format(&line, "%s: ", fault->option);
        (void)buffer_append_text(&line, fault->text);
        report(context, line.bytes);
    }
    if (faults->count >= FAULTS_MAX) {
        buffer_clear(&line);
        text_append_cut(&line, file, FILE_SIZE_MAX);
        (void)buffer_append_format(&line, ": there may be more faults than these %d", FAULTS_MAX);
        report(context, line.bytes);
    }
    buffer_done(&line);
}
