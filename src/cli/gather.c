/* What is the same for all is told once. */
#include "gather.h"
#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    NAMED_MAX = 5,
    NAMES_SIZE_MAX = 4096
};

struct entry {
    const struct result *result;
    char *text;   /* owned */
    size_t place; /* in the order in which they came */
};

struct gather {
    gather_tell *tell;
    void *context;
    struct entry *entries;
    size_t count, capacity;
};

struct gather *gather_new(gather_tell *tell, void *context)
{
    struct gather *gather = memory_new(1, sizeof *gather);

    gather->tell = tell;
    gather->context = context;
    return gather;
}

void gather_free(struct gather *gather)
{
    if (gather == NULL)
        return;
    for (size_t i = 0; i < gather->count; i++)
        free(gather->entries[i].text);
    free(gather->entries);
    free(gather);
}

static const char *text_of(const struct result *result)
{
    return result->text != NULL ? result->text : "";
}

/* What was said, without the name of the domain in postmaster@NAME where our own mail server has said it:
 * it says the same to each. A provider's domains are held together, by the word for one of them. */
static char *common_text(const struct result *result)
{
    enum {
        TEXT_SIZE_MAX = 64 * 1024
    };
    const char *rest = text_of(result);
    const char *name = result->node != NULL ? result->node->name : result->domain;
    const char *found;
    struct buffer text;

    if (result->outcome != OUTCOME_HELD || result->backup->method != METHOD_ETRN || name == NULL ||
        *name == '\0')
        return memory_copy(rest);
    buffer_init(&text, TEXT_SIZE_MAX);
    for (; (found = strstr(rest, name)) != NULL; rest = found + strlen(name)) {
        bool is_address = found > rest && found[-1] == '@';

        (void)buffer_append(&text, rest, (size_t)(found - rest));
        (void)buffer_append_text(&text, is_address ? "…" : name);
    }
    (void)buffer_append_text(&text, rest);
    char *copy = memory_copy(text.bytes);
    buffer_done(&text);
    return copy;
}

/* Whether other domains may have the same answer, word for word: none of them was asked for. */
static bool is_common(const struct result *result)
{
    return !result->dry && result->verb == VERB_CONNECT;
}

void gather_add(struct gather *gather, const struct result *result)
{
    if (!is_common(result)) {
        gather_flush(gather);
        gather->tell(
            gather->context,
            &(struct answers){.first = result, .text = text_of(result), .count = 1, .backups = 1});
        return;
    }
    if (gather->count == gather->capacity) {
        gather->capacity = gather->capacity > 0 ? 2 * gather->capacity : 16;
        gather->entries = memory_resize(gather->entries, gather->capacity, sizeof *gather->entries);
    }
    gather->entries[gather->count] = (struct entry){result, common_text(result), gather->count};
    gather->count++;
}

/* 0: they are told as one. What holds our own mail server's words is of all backups. */
static int compare_answers(const struct entry *left, const struct entry *right)
{
    const struct result *a = left->result, *b = right->result;

    if (a->outcome != b->outcome)
        return a->outcome < b->outcome ? -1 : 1;
    if (a->outcome != OUTCOME_HELD && a->backup != b->backup)
        return a->backup < b->backup ? -1 : 1;
    if (a->code != b->code)
        return a->code < b->code ? -1 : 1;
    return strcmp(left->text, right->text);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_answers(a, b);

    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

static bool is_named(const char *const *named, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(named[i], name) == 0)
            return true;
    }
    return false;
}

/* The first few names of a group, and how many more there are; to be freed. */
static char *name_group(const struct entry *entries, const struct answers *group)
{
    const char *named[NAMED_MAX];
    size_t count = 0, more = 0;
    struct buffer names;

    buffer_init(&names, NAMES_SIZE_MAX);
    for (size_t i = 0; i < group->count; i++) {
        const char *name = entries[i].result->domain;

        if (name == NULL || is_named(named, count, name))
            continue;
        if (count == NAMED_MAX) {
            more++;
            continue;
        }
        (void)buffer_append_format(&names, "%s%s", count > 0 ? ", " : "", name);
        named[count++] = name;
    }
    if (more > 0 && group->backups == 1)
        (void)buffer_append_format(&names, " and %zu more", more);
    else if (more > 0)
        (void)buffer_append_text(&names, " and others");
    char *text = memory_copy(names.bytes);
    buffer_done(&names);
    return text;
}

/* The results of a backup stand together, as they came. */
static struct answers count_group(const struct entry *entries, size_t count)
{
    struct answers group = {
        .first = entries[0].result, .text = entries[0].text, .count = 1, .backups = 1};

    size_t whole = entries[0].result->backup->domain_count;

    while (group.count < count && compare_answers(&entries[group.count], &entries[0]) == 0) {
        const struct backup_config *backup = entries[group.count].result->backup;

        if (backup != entries[group.count - 1].result->backup) {
            group.backups++;
            whole += backup->domain_count;
        }
        group.count++;
    }
    group.is_part = group.count < whole;
    if (group.count == 1)
        group.text = text_of(group.first);
    return group;
}

void gather_flush(struct gather *gather)
{
    size_t count = gather->count;

    if (count == 0)
        return;
    struct answers *groups = memory_new(count, sizeof *groups); /* by the place of their first */
    gather->count = 0;
    qsort(gather->entries, count, sizeof *gather->entries, compare_entries);
    char **names = memory_new(count, sizeof *names);
    for (size_t i = 0; i < count;) {
        size_t place = gather->entries[i].place;
        struct answers *group = &groups[place];

        *group = count_group(&gather->entries[i], count - i);
        if (group->is_part && group->count > 1)
            group->names = names[place] = name_group(&gather->entries[i], group);
        i += group->count;
    }
    for (size_t i = 0; i < count; i++) {
        if (groups[i].count > 0)
            gather->tell(gather->context, &groups[i]);
    }
    for (size_t i = 0; i < count; i++) {
        free(gather->entries[i].text);
        free(names[i]);
    }
    free(names);
    free(groups);
}
