/* The file as it was written. */
#include "raw.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

void raw_init(struct raw *raw)
{
    *raw = (struct raw){0};
    (void)raw_add_section(raw, SECTION_GLOBAL, 0);
}

static void free_section(struct raw_section *section)
{
    for (size_t i = 0; i < section->count; i++) {
        for (size_t j = 0; j < section->assignments[i].count; j++)
            memory_free_secret(section->assignments[i].values[j].text);
        free(section->assignments[i].values);
    }
    free(section->assignments);
    free(section->title.text);
    free(section);
}

void raw_done(struct raw *raw)
{
    for (size_t i = 0; i < raw->count; i++)
        free_section(raw->sections[i]);
    free(raw->sections);
    *raw = (struct raw){0};
}

/* The capacity of a list that is full at this one. */
static size_t grown(size_t capacity)
{
    return capacity > 0 ? capacity * 2 : 8;
}

struct raw_section *raw_add_section(struct raw *raw, enum option_section kind, int line)
{
    struct raw_section *section = memory_new(1, sizeof *section);

    if (raw->count == raw->capacity) {
        raw->capacity = grown(raw->capacity);
        raw->sections = memory_resize(raw->sections, raw->capacity, sizeof(struct raw_section *));
    }
    section->kind = kind;
    section->line = line;
    raw->sections[raw->count++] = section;
    return section;
}

struct raw_assignment *raw_add_assignment(struct raw_section *section,
                                          const struct raw_assignment *assignment)
{
    if (section->count == section->capacity) {
        section->capacity = grown(section->capacity);
        section->assignments =
            memory_resize(section->assignments, section->capacity, sizeof *section->assignments);
    }
    section->assignments[section->count] = *assignment;
    return &section->assignments[section->count++];
}

const struct raw_assignment *raw_find(const struct raw_section *section, const char *name)
{
    for (size_t i = 0; i < section->count; i++) {
        if (strcmp(section->assignments[i].option->name, name) == 0)
            return &section->assignments[i];
    }
    return NULL;
}

int raw_line(const struct raw_section *section, const char *name)
{
    const struct raw_assignment *assignment = raw_find(section, name);

    return assignment != NULL ? assignment->line : section->line;
}

bool raw_is_set(const struct raw_section *section, const char *name)
{
    const struct raw_assignment *assignment = raw_find(section, name);

    return assignment != NULL &&
           (assignment->bad || (assignment->count > 0 && *assignment->values[0].text != '\0'));
}

bool raw_is_sound(const struct raw_section *section, const char *name)
{
    const struct raw_assignment *assignment = raw_find(section, name);

    return assignment == NULL || !assignment->bad;
}

bool raw_is_reference(const struct raw_value *value)
{
    const char *start = value->start;
    size_t size = value->size;

    if (size >= 2 && *start == '"') {
        start++;
        size -= 2;
    }
    return size >= 3 && memcmp(start, "${", 2) == 0 && memchr(start, ':', size) == NULL &&
           memchr(start, '}', size) == start + size - 1;
}
