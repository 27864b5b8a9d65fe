/* A configuration with the polls that go by it. */
#include "generation.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

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

static void drop_last(struct generation *generation, size_t backup)
{
    poll_free(generation->last[backup]);
    generation->last[backup] = NULL;
}

void generation_forget(struct generation *generation, const char *backup)
{
    for (; generation != NULL; generation = generation->older) {
        for (size_t i = 0; generation->last != NULL && i < generation->config->backup_count; i++) {
            if (generation->last[i] != NULL &&
                strcmp(generation->config->backups[i].name, backup) == 0)
                drop_last(generation, i);
        }
    }
}

static bool has_backup(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->backup_count; i++) {
        if (strcmp(config->backups[i].name, name) == 0)
            return true;
    }
    return false;
}

void generation_keep(struct generation *generation, const struct config *config)
{
    for (size_t i = 0; generation->last != NULL && i < generation->config->backup_count; i++) {
        if (generation->last[i] != NULL && !has_backup(config, generation->config->backups[i].name))
            drop_last(generation, i);
    }
}

bool generation_has_last(const struct generation *generation)
{
    for (size_t i = 0; generation->last != NULL && i < generation->config->backup_count; i++) {
        if (generation->last[i] != NULL)
            return true;
    }
    return false;
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
