/* What is the same for all is told once. */
#include <mxpull/base/memory.h>
#include <mxpull/cli/gather.h>

#include <stdlib.h>
#include <string.h>

struct entry {
    const struct result *result;
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
    free(gather->entries);
    free(gather);
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
        gather->tell(gather->context, &(struct answers){result, 1, 1});
        return;
    }
    if (gather->count == gather->capacity) {
        gather->capacity = gather->capacity > 0 ? 2 * gather->capacity : 16;
        gather->entries = memory_resize(gather->entries, gather->capacity, sizeof *gather->entries);
    }
    gather->entries[gather->count] = (struct entry){result, gather->count};
    gather->count++;
}

static const char *text_of(const struct result *result)
{
    return result->text != NULL ? result->text : "";
}

/* 0: they are told as one. What holds our own mail server's words is of all backups. */
static int compare_answers(const struct result *a, const struct result *b)
{
    if (a->outcome != b->outcome)
        return a->outcome < b->outcome ? -1 : 1;
    if (a->outcome != OUTCOME_HELD && a->backup != b->backup)
        return a->backup < b->backup ? -1 : 1;
    if (a->code != b->code)
        return a->code < b->code ? -1 : 1;
    return strcmp(text_of(a), text_of(b));
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_answers(a->result, b->result);

    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

/* The results of a backup stand together, as they came. */
static struct answers count_group(const struct entry *entries, size_t count)
{
    struct answers group = {.first = entries[0].result, .count = 1, .backups = 1};

    while (group.count < count && compare_answers(entries[group.count].result, group.first) == 0) {
        group.backups +=
            entries[group.count].result->backup != entries[group.count - 1].result->backup;
        group.count++;
    }
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
    for (size_t i = 0; i < count;) {
        struct answers *group = &groups[gather->entries[i].place];

        *group = count_group(&gather->entries[i], count - i);
        i += group->count;
    }
    for (size_t i = 0; i < count; i++) {
        if (groups[i].count > 0)
            gather->tell(gather->context, &groups[i]);
    }
    free(groups);
}
