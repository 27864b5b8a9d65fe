/* A configuration with the polls that go by it. */
#include "generation.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>

struct generation *generation_new(struct config *config, const struct polling *polling,
                                  bool keep_last)
{
    struct generation *generation = memory_new(1, sizeof *generation);

    generation->config = config;
    generation->polling = *polling;
    generation->polling.config = config;
    generation->pool = pool_new(&generation->polling, config->backup_count);
    if (keep_last)
        generation->last = memory_new(config->backup_count, sizeof(struct poll *));
    return generation;
}

void generation_free(struct generation *generation)
{
    if (generation == NULL)
        return;
    for (size_t i = 0; generation->last != NULL && i < generation->config->backup_count; i++)
        poll_free(generation->last[i]);
    free(generation->last);
    pool_free(generation->pool);
    config_free(generation->config);
    free(generation);
}

void generation_retire(struct generation *generation, struct poll *poll)
{
    if (generation->last != NULL) {
        struct poll **last = &generation->last[poll_backup(poll) - generation->config->backups];

        poll_free(*last);
        *last = poll;
    } else {
        poll_free(poll);
    }
}
