/* What those are told who report on the daemon. */
#include "daemon_internal.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>

size_t daemon_count_under_way(const struct daemon *daemon)
{
    size_t count = daemon->due_count;

    for (const struct generation *generation = daemon->current; generation != NULL;
         generation = generation->older)
        count += pool_count(generation->pool);
    return count;
}

/* The last results of all backups, those of an older configuration too where there are none yet by the
 * one in force. */
static size_t collect_results(const struct generation *newest, const struct result **results)
{
    size_t count = 0;

    for (const struct generation *generation = newest; generation != NULL;
         generation = generation->older) {
        for (size_t i = 0; generation->last != NULL && i < generation->config->backup_count; i++) {
            const struct poll *poll = generation->last[i];

            for (size_t j = 0; poll != NULL && j < poll_result_count(poll); j++) {
                if (results != NULL)
                    results[count] = poll_result(poll, j);
                count++;
            }
        }
    }
    return count;
}

static bool is_to_be_told(const struct daemon *daemon, struct instant now)
{
    enum {
        AT_LEAST_MS = 60 * 1000
    };

    return daemon->is_urgent ||
           (daemon->has_news && (daemon_count_under_way(daemon) == 0 ||
                                 now.monotonic_ms - daemon->told_ms >= AT_LEAST_MS));
}

void daemon_tell(struct daemon *daemon, struct instant now)
{
    struct instant since = daemon->busy ? daemon->busy_since : now;

    if (!is_to_be_told(daemon, now))
        return;
    daemon->busy = daemon_count_under_way(daemon) > 0;
    daemon->busy_since = now;
    daemon->has_news = daemon->is_urgent = false;
    daemon->told_ms = now.monotonic_ms;
    if (daemon->options.told == NULL)
        return;
    size_t count = collect_results(daemon->current, NULL);
    const struct result **results = memory_new(count, sizeof(const struct result *));
    (void)collect_results(daemon->current, results);
    daemon->options.told(daemon->options.context,
                         &(struct daemon_view){
                             .config = daemon->current->config,
                             .primary = &daemon->primary,
                             .primary_text = daemon->primary_text,
                             .results = results,
                             .result_count = count,
                             .began_ms = since.wall_ms,
                             .elapsed_ms = now.monotonic_ms - since.monotonic_ms,
                         });
    free(results);
}
