/* The order in which our own mail server is asked for our domains: where a look has left some out, or one
 * has cost it its connection, the next one is to come further. The store knows only those. */
#include "record_internal.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>
#include <string.h>

struct ranked {
    struct node node;
    size_t place; /* in the order given */
    int64_t left_out_ms, cut_ms;
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

static int compare_stamps(int64_t a_ms, int64_t b_ms)
{
    return (a_ms > b_ms) - (a_ms < b_ms);
}

static int compare_ranks(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    int order = (a->left_out_ms == 0) - (b->left_out_ms == 0);

    if (order == 0)
        order = compare_stamps(a->left_out_ms, b->left_out_ms);
    if (order == 0)
        order = compare_stamps(a->cut_ms, b->cut_ms);
    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

static void rank(void *context, const struct store_look *look)
{
    struct ranking *ranking = context;
    struct ranked key;

    if (strlen(look->domain) >= sizeof key.node.name)
        return;
    (void)strcpy(key.node.name, look->domain);
    struct ranked *found =
        bsearch(&key, ranking->domains, ranking->count, sizeof key, compare_names);
    ranking->is_needed = true;
    if (found != NULL) {
        found->left_out_ms = look->left_out_ms;
        found->cut_ms = look->cut_ms;
    }
}

void record_order_look(void *memory, struct node *domains, size_t count)
{
    struct record *record = memory;
    struct ranking ranking = {.count = count};
    struct error error;

    if (record->options.store == NULL || count == 0)
        return;
    ranking.domains = memory_new(count, sizeof *ranking.domains);
    for (size_t i = 0; i < count; i++)
        ranking.domains[i] = (struct ranked){.node = domains[i], .place = i};
    qsort(ranking.domains, count, sizeof *ranking.domains, compare_names);
    (void)record_check(record, store_get_looks(record->options.store, rank, &ranking, &error),
                       &error);
    record->has_looks = ranking.is_needed;
    qsort(ranking.domains, count, sizeof *ranking.domains, compare_ranks);
    for (size_t i = 0; i < count; i++)
        domains[i] = ranking.domains[i].node;
    free(ranking.domains);
}

void record_note_look(void *memory, const struct preflight *preflight)
{
    struct record *record = memory;
    size_t count = preflight_domain_count(preflight);
    int64_t now_ms = clock_wall_ms();
    bool has_trouble = false;
    struct error error;

    if (record->options.store == NULL || count == 0)
        return;
    struct store_look *looks = memory_new(count, sizeof *looks);
    for (size_t i = 0; i < count; i++) {
        enum probe_fate fate;

        looks[i].domain = preflight_domain(preflight, i, &fate)->name;
        looks[i].left_out_ms = fate == PROBE_LEFT_OUT ? now_ms : 0;
        looks[i].cut_ms = fate == PROBE_CUT ? now_ms : 0;
        has_trouble = has_trouble || fate == PROBE_LEFT_OUT || fate == PROBE_CUT;
    }
    if (has_trouble || record->has_looks)
        (void)record_check(record, store_set_looks(record->options.store, looks, count, &error),
                           &error);
    free(looks);
}
