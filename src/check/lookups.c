/* The questions of a check and their answers, kept to its end: a provider's 5,000 domains have the same hosts. */
#include "lookups.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/net/timer.h>

#include <stdlib.h>
#include <string.h>

enum {
    AT_ONCE = 100, /* what the socket buffers of all systems hold */
    BUCKETS = 4096
};

struct asker {
    struct asker *next;
    void (*answered)(void *context, const struct dns_answer *answer);
    void *context;
};

/*  queued --> asked --> known */
struct lookup {
    struct lookups *lookups;
    struct lookup *next;        /* in its bucket */
    struct lookup *next_queued; /* in the queue */
    char *name;
    enum dns_type type;
    bool is_known;
    struct dns_answer answer; /* what follows holds it; owned */
    struct dns_record *records;
    char *alias, *text;
    struct asker *askers, **last_asker; /* owned; not answered yet */
    struct timer tell; /* an answer that is known already is told in the next turn */
};

struct lookups {
    struct loop *loop;         /* borrowed */
    struct resolver *resolver; /* borrowed */
    struct lookup *buckets[BUCKETS];
    struct lookup *queue, **last;
    size_t asked; /* without an answer so far */
};

static void keep_answer(struct lookup *lookup, const struct dns_answer *answer)
{
    lookup->records = memory_new(answer->count + 1, sizeof *lookup->records);
    for (size_t i = 0; i < answer->count; i++)
        lookup->records[i] = (struct dns_record){memory_copy(answer->records[i].text),
                                                 answer->records[i].preference};
    lookup->alias = memory_copy(answer->alias);
    lookup->text = memory_copy(answer->text);
    lookup->answer = (struct dns_answer){answer->fate, lookup->records, answer->count,
                                         lookup->alias, lookup->text};
    lookup->is_known = true;
}

static void tell(void *context)
{
    struct lookup *lookup = context;

    while (lookup->askers != NULL) {
        struct asker asker = *lookup->askers;

        free(lookup->askers);
        lookup->askers = asker.next;
        if (asker.next == NULL)
            lookup->last_asker = &lookup->askers;
        asker.answered(asker.context, &lookup->answer);
    }
}

static void ask_next(struct lookups *lookups);

static void take_answer(void *context, const struct dns_answer *answer)
{
    struct lookup *lookup = context;

    keep_answer(lookup, answer);
    lookup->lookups->asked--;
    ask_next(lookup->lookups);
    tell(lookup);
}

static void ask_next(struct lookups *lookups)
{
    while (lookups->queue != NULL && lookups->asked < AT_ONCE) {
        struct lookup *lookup = lookups->queue;

        lookups->queue = lookup->next_queued;
        if (lookups->queue == NULL)
            lookups->last = &lookups->queue;
        lookups->asked++;
        (void)resolver_ask(lookups->resolver, lookup->name, lookup->type, take_answer, lookup);
    }
}

struct lookups *lookups_new(struct loop *loop, struct resolver *resolver)
{
    struct lookups *lookups = memory_new(1, sizeof *lookups);

    lookups->loop = loop;
    lookups->resolver = resolver;
    lookups->last = &lookups->queue;
    return lookups;
}

static struct lookup *find(struct lookups *lookups, const char *name, enum dns_type type)
{
    struct lookup **link = &lookups->buckets[(text_hash(name, strlen(name)) + type) % BUCKETS];

    for (; *link != NULL; link = &(*link)->next) {
        if ((*link)->type == type && strcmp((*link)->name, name) == 0)
            return *link;
    }
    struct lookup *lookup = memory_new(1, sizeof *lookup);
    *lookup = (struct lookup){.lookups = lookups, .name = memory_copy(name), .type = type};
    lookup->last_asker = &lookup->askers;
    lookup->tell = (struct timer){.due = tell, .context = lookup};
    *lookups->last = lookup;
    lookups->last = &lookup->next_queued;
    return *link = lookup;
}

void lookups_ask(struct lookups *lookups, const char *name, enum dns_type type,
                 void (*answered)(void *context, const struct dns_answer *answer), void *context)
{
    struct lookup *lookup = find(lookups, name, type);
    struct asker *asker = memory_new(1, sizeof *asker);

    *asker = (struct asker){.answered = answered, .context = context};
    *lookup->last_asker = asker;
    lookup->last_asker = &asker->next;
    if (lookup->is_known)
        timer_set(lookups->loop, &lookup->tell, 0);
    else
        ask_next(lookups);
}

static void free_lookup(struct lookup *lookup)
{
    timer_set(lookup->lookups->loop, &lookup->tell, INT64_MAX);
    for (struct asker *asker = lookup->askers, *next; asker != NULL; asker = next) {
        next = asker->next;
        free(asker);
    }
    for (size_t i = 0; i < lookup->answer.count; i++)
        free(lookup->records[i].text);
    free(lookup->records);
    free(lookup->alias);
    free(lookup->text);
    free(lookup->name);
    free(lookup);
}

void lookups_free(struct lookups *lookups)
{
    if (lookups == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct lookup *lookup = lookups->buckets[i], *next; lookup != NULL; lookup = next) {
            next = lookup->next;
            free_lookup(lookup);
        }
    }
    free(lookups);
}
