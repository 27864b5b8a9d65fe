/* The order in which our own mail server is asked for our domains. Where a look has left some out, or one
 * has cost it its connection, the next one begins with those that have waited longest: what was asked
 * for is written down then, in its order, and what has cost a connection behind it. After a look without
 * trouble the order is the configuration's again. */
#include "recorder_internal.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>
#include <string.h>

struct ranked {
    struct node node;
    size_t place; /* in the order given */
    int64_t turn; /* 0: it has waited longest */
};

struct ranking {
    struct ranked *domains; /* sorted by name */
    size_t count;
    bool is_needed;
};

static int compare_names(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;

    return strcmp(a->node.name, b->node.name);
}

static int compare_turns(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;

    if (a->turn != b->turn)
        return a->turn < b->turn ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static void rank(void *context, const struct store_look *look)
{
    struct ranking *ranking = context;
    struct ranked key;

    if (!text_copy(key.node.name, sizeof key.node.name, look->domain))
        return;
    struct ranked *found =
        bsearch(&key, ranking->domains, ranking->count, sizeof key, compare_names);
    ranking->is_needed = true;
    if (found != NULL)
        found->turn = look->turn;
}

void recorder_order_look(void *memory, struct node *domains, size_t count)
{
    struct recorder *record = memory;
    struct ranking ranking = {.count = count};
    struct error error;

    if (record->options.store == NULL || record->is_forgetful || count == 0)
        return;
    ranking.domains = memory_new(count, sizeof *ranking.domains);
    for (size_t i = 0; i < count; i++)
        ranking.domains[i] = (struct ranked){.node = domains[i], .place = i};
    qsort(ranking.domains, count, sizeof *ranking.domains, compare_names);
    record->is_forgetful = !recorder_check(
        record, store_get_looks(record->options.store, rank, &ranking, &error), &error);
    record->has_looks = ranking.is_needed;
    qsort(ranking.domains, count, sizeof *ranking.domains, compare_turns);
    for (size_t i = 0; i < count; i++)
        domains[i] = ranking.domains[i].node;
    free(ranking.domains);
}

static bool has_trouble(const struct preflight *preflight)
{
    bool has_trouble = false;
    enum probe_fate fate;

    for (size_t i = 0; i < preflight_domain_count(preflight); i++) {
        (void)preflight_domain(preflight, i, &fate);
        has_trouble = has_trouble || fate == PROBE_LEFT_OUT || fate == PROBE_CUT;
    }
    return has_trouble;
}

void recorder_note_look(void *memory, const struct preflight *preflight)
{
    struct recorder *record = memory;
    size_t count = preflight_domain_count(preflight), asked = 0;
    bool is_troubled = has_trouble(preflight);
    int64_t turn = clock_wall_ms() * STORE_TURNS_A_MS;
    struct error error;

    if (record->options.store == NULL || !(is_troubled || record->has_looks))
        return;
    struct store_look *looks = memory_new(count, sizeof *looks);
    for (size_t i = 0; i < count; i++) {
        enum probe_fate fate;
        const struct node *node = preflight_domain(preflight, i, &fate);
        size_t place = fate == PROBE_CUT ? i + count : i;

        if (fate != PROBE_LEFT_OUT)
            looks[asked++] = (struct store_look){.domain = node->name,
                                                 .turn = is_troubled ? turn + (int64_t)place : 0};
    }
    (void)recorder_check(record, store_set_looks(record->options.store, looks, asked, &error),
                         &error);
    free(looks);
}
