/* Gathers equal answers, so that they are reported once. */
#include "report.h"
#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    NAMED_MAX = 5,
    NAMES_SIZE_MAX = 4096,
    TEXT_SIZE_MAX = 64 * 1024
};

struct group {
    struct answers answers;
    const struct result *last;
    char *text;                   /* owned: the text common to all */
    size_t whole;                 /* the domains that its backups have */
    const char *named[NAMED_MAX]; /* the first names; borrowed */
    size_t named_count, more;
};

struct gather {
    gather_tell *tell;
    void *context;
    struct group *groups; /* in the order in which their first ones came */
    size_t count;
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
        free(gather->groups[i].text);
    free(gather->groups);
    free(gather);
}

static const char *text_of(const struct result *result)
{
    return result->text != NULL ? result->text : "";
}

/* The text of the answer. Where our own mail server refused postmaster@NAME, an ellipsis replaces
 * NAME: the server says the same of each domain. Not for ATRN and TURN, whose domains are held
 * together because of one. */
static char *common_text(const struct result *result)
{
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

/* Finds or makes the group of a result, the latest groups first: the results of a backup stand
 * together. A group of held answers spans all backups. Owns text from now on. */
static struct group *find_group(struct gather *gather, const struct result *result, char *text)
{
    for (size_t i = gather->count; i > 0; i--) {
        struct group *group = &gather->groups[i - 1];
        const struct result *first = group->answers.first;

        if (first->outcome == result->outcome && first->code == result->code &&
            (first->outcome == OUTCOME_HELD || first->backup == result->backup) &&
            strcmp(group->text, text) == 0) {
            free(text);
            return group;
        }
    }
    gather->groups = memory_more(gather->groups, gather->count, sizeof *gather->groups);
    gather->groups[gather->count] = (struct group){.answers.first = result, .text = text};
    return &gather->groups[gather->count++];
}

void gather_add(void *context, const struct result *result)
{
    struct gather *gather = context;

    /* Only answers to no question (the connection failed, or nothing was asked) can be equal word for
     * word. */
    if (result->dry || result->verb != VERB_CONNECT) {
        gather_flush(gather);
        gather->tell(
            gather->context,
            &(struct answers){.first = result, .text = text_of(result), .count = 1, .backups = 1});
        return;
    }
    struct group *group = find_group(gather, result, common_text(result));
    if (group->last == NULL || group->last->backup != result->backup) {
        group->answers.backups++;
        group->whole += result->backup->domain_count;
    }
    group->answers.count++;
    group->last = result;
    for (size_t i = 0; i < group->named_count && result->domain != NULL; i++) {
        if (strcmp(group->named[i], result->domain) == 0)
            return;
    }
    if (result->domain != NULL && group->named_count < NAMED_MAX)
        group->named[group->named_count++] = result->domain;
    else
        group->more += result->domain != NULL;
}

void gather_flush(void *context)
{
    struct gather *gather = context;
    size_t count = gather->count;
    struct group *groups = gather->groups;
    struct buffer names;

    gather->groups = NULL;
    gather->count = 0;
    buffer_init(&names, NAMES_SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        struct group *group = &groups[i];
        struct answers *answers = &group->answers;

        buffer_clear(&names);
        answers->is_part = answers->count < group->whole;
        answers->text = answers->count > 1 ? group->text : text_of(answers->first);
        if (answers->is_part && answers->count > 1) {
            for (size_t j = 0; j < group->named_count; j++)
                (void)buffer_append_format(&names, "%s%s", j > 0 ? ", " : "", group->named[j]);
            if (group->more > 0 && answers->backups == 1)
                (void)buffer_append_format(&names, " and %zu more", group->more);
            else if (group->more > 0)
                (void)buffer_append_text(&names, " and others");
            answers->names = names.bytes;
        }
        gather->tell(gather->context, answers);
        free(group->text);
    }
    free(groups);
    buffer_done(&names);
}

bool result_is_good(const struct result *result)
{
    return result->dry || result_grade(result) == GRADE_GOOD;
}
