/* What the steps of loading share. Faults are sorted by line, cut at a hundred, and written in the form that
 * the interface promises. */
#include "loading.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct file *files_find(const struct files *files, int line)
{
    size_t low = 0, high = files->count;

    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;

        *(files->list[middle].first_line <= line ? &low : &high) = middle;
    }
    return &files->list[low];
}

void files_done(struct files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->list[i].path);
        free(files->list[i].shown);
        free(files->list[i].open);
    }
    free(files->list);
}

void sections_done(struct sections *sections)
{
    for (size_t i = 0; i < sections->count; i++) {
        free(sections->list[i]->title);
        free(sections->list[i]->settings);
        free(sections->list[i]->domain_lines);
        free(sections->list[i]);
    }
    free(sections->list);
}

struct section *sections_add(struct sections *sections, enum option_section kind, int line)
{
    struct section *section = memory_new(1, sizeof *section);

    sections->list = memory_more(sections->list, sections->count, sizeof(struct section *));
    sections->list[sections->count++] = section;
    section->kind = kind;
    section->line = line;
    if (sections->first[kind] == NULL)
        sections->first[kind] = section;
    return section;
}

struct setting *section_add(struct section *section, const struct setting *setting)
{
    section->settings = memory_more(section->settings, section->count, sizeof *setting);
    section->settings[section->count] = *setting;
    return &section->settings[section->count++];
}

struct setting *section_find(const struct section *section, const char *name)
{
    for (size_t i = 0; i < section->count; i++) {
        if (strcmp(section->settings[i].option->name, name) == 0)
            return &section->settings[i];
    }
    return NULL;
}

int section_line(const struct section *section, const char *name)
{
    const struct setting *setting = section_find(section, name);

    return setting != NULL ? setting->line : section->line;
}

bool section_has(const struct section *section, const char *name)
{
    const struct setting *setting = section_find(section, name);

    return setting != NULL && (setting->bad || setting->filled);
}

bool section_is_sound(const struct section *section, const char *name)
{
    const struct setting *setting = section_find(section, name);

    return setting == NULL || !setting->bad;
}

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

char *faults_line(char target[FAULT_LINE_SIZE], const struct faults *faults, int here, int line)
{
    const struct file *file = files_find(faults->files, line);
    const int own = line - file->first_line + 1;

    if (file == files_find(faults->files, here))
        (void)snprintf(target, FAULT_LINE_SIZE, "line %d", own);
    else
        (void)snprintf(target, FAULT_LINE_SIZE, "%.*s:%d", FAULT_LINE_SIZE - 20, file->shown, own);
    return target;
}

void faults_report(const struct faults *faults, config_fault *report, void *context)
{
    const char *first = faults->files->list[0].shown;

    for (size_t i = 0; i < faults->count; i++) {
        const struct place *place = &faults->list[i].place;
        const struct section *section = place->section;
        const struct file *file = files_find(faults->files, place->line);
        char title[FAULT_SHOWN_SIZE], line[32] = "", where[FAULT_SHOWN_SIZE + 32] = "";

        if (place->line > 0)
            (void)snprintf(line, sizeof line, ":%d", place->line - file->first_line + 1);
        if (section != NULL && section->title != NULL && *section->title != '\0')
            (void)snprintf(where, sizeof where, "backup \"%s\": ",
                           text_printable_copy(title, sizeof title, section->title));
        else if (section != NULL && section->kind != SECTION_GLOBAL)
            (void)snprintf(where, sizeof where, "%s: ", option_section_name(section->kind));
        char *text = memory_format("%s%s: %s%s%s%s", file->shown, line, where,
                                   place->option != NULL ? place->option : "",
                                   place->option != NULL ? ": " : "", faults->list[i].text);
        report(context, text);
        free(text);
    }
    if (!faults_is_full(faults))
        return;
    char *text = memory_format("%s: there may be more faults than these %d", first, FAULTS_MAX);
    report(context, text);
    free(text);
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
    const char *nearest = text_closest(name, names, count);
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
    const char *nearest = text_closest(name, names, COUNT_OF(names));

    if (nearest != NULL)
        (void)snprintf(target, SUGGESTION_SIZE, "; did you mean %s?", nearest);
    else
        (void)text_copy(target, SUGGESTION_SIZE,
                        "; sections are primary { }, defaults { } and backup \"NAME\" { }");
    return target;
}
