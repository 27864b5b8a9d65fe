/* The sections of a file. */
#include "loading.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

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
