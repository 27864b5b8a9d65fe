/* The file as it was written. */
#include "raw.h"

#include <mxpull/base/compiler.h>
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
        if (section->assignments[i].inherited)
            continue;
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

/* Options of which a backup that sets one takes none from the defaults. */
static bool has_instead(const struct raw_section *section, const char *name)
{
    static const char *const groups[][3] = {{"password", "password_file", "password_command"},
                                            {"interval", "schedule", "schedule"}};
    bool has = raw_find(section, name) != NULL;

    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        bool is_one = false, has_one = false;

        for (size_t j = 0; j < COUNT_OF(groups[i]); j++) {
            is_one = is_one || strcmp(name, groups[i][j]) == 0;
            has_one = has_one || raw_find(section, groups[i][j]) != NULL;
        }
        has = has || (is_one && has_one);
    }
    return has;
}

static void inherit(struct raw_section *section, const struct raw_section *defaults)
{
    const size_t own = section->count;

    for (size_t i = 0; i < defaults->count; i++) {
        struct raw_assignment assignment = defaults->assignments[i];

        assignment.inherited = true;
        struct raw_section itself = {.assignments = section->assignments, .count = own};

        if (!has_instead(&itself, assignment.option->name))
            (void)raw_add_assignment(section, &assignment);
    }
}

void raw_inherit(struct raw *raw)
{
    for (size_t i = 1; i < raw->count && raw->defaults != NULL; i++) {
        if (raw->sections[i]->kind == SECTION_BACKUP)
            inherit(raw->sections[i], raw->defaults);
    }
}

bool raw_is_inherited(const struct raw_section *section, const char *name)
{
    const struct raw_assignment *assignment = raw_find(section, name);

    return assignment != NULL && assignment->inherited;
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
