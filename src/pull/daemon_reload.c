/* A configuration that takes the place of another: what runs by the older one comes to its end, and what
 * is known of a backup stays with its name. */
#include "daemon_internal.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

bool daemon_find_backup(const struct daemon *daemon, const struct generation *generation,
                        const struct poll *poll, size_t *place)
{
    const struct config *config = daemon->current->config;
    const struct backup_config *backup = poll_backup(poll);

    if (generation == daemon->current) {
        *place = (size_t)(backup - config->backups);
        return true;
    }
    for (*place = 0; *place < config->backup_count; (*place)++) {
        if (strcmp(config->backups[*place].name, backup->name) == 0)
            return true;
    }
    return false;
}

static bool recall(void *memory, const struct backup_config *backup, struct result *results,
                   size_t count)
{
    const struct daemon *daemon = memory;

    return recorder_recall(daemon->record, backup, results, count);
}

static struct polling polling_of(struct daemon *daemon)
{
    return (struct polling){.loop = daemon->options.loop,
                            .claims = daemon->options.claims,
                            .stop = daemon->options.stop,
                            .force = daemon->options.force,
                            .observer = daemon->options.observer,
                            .context = daemon->options.context,
                            .recall = recall,
                            .memory = daemon};
}

/* What is kept for each backup of the configuration. What was held before, by its name, still is. */
static void make_room(struct daemon *daemon, const struct config *before)
{
    const struct config *config = daemon->current->config;
    size_t *held = memory_new(config->backup_count, sizeof *held);

    for (size_t i = 0; before != NULL && i < before->backup_count; i++) {
        for (size_t j = 0; daemon->held[i] > 0 && j < config->backup_count; j++) {
            if (strcmp(before->backups[i].name, config->backups[j].name) == 0)
                held[j] = daemon->held[i];
        }
    }
    free(daemon->held);
    daemon->held = held;
    daemon->due = memory_resize(daemon->due, config->backup_count, sizeof(struct poll *));
}

void daemon_adopt(struct daemon *daemon, struct config *config)
{
    const struct polling polling = polling_of(daemon);
    struct generation *generation = generation_new(config, &polling, config->metrics_file != NULL);

    generation->older = daemon->current;
    daemon->current = generation;
    for (struct generation *older = generation->older; older != NULL; older = older->older)
        generation_keep(older, config);
    make_room(daemon, generation->older != NULL ? generation->older->config : NULL);
}

/* A backup that was gone for a while may be asked still: it must not be asked twice at once. */
static void take_running_over(struct daemon *daemon, struct instant now)
{
    for (const struct generation *generation = daemon->current->older; generation != NULL;
         generation = generation->older) {
        for (size_t i = 0; i < pool_count(generation->pool); i++) {
            size_t place;

            if (daemon_find_backup(daemon, generation, pool_get(generation->pool, i), &place) &&
                !plan_is_running(daemon->plan, place))
                plan_take_over(daemon->plan, place, now);
        }
    }
}

/* Where domains are not looked at any more, none of them is refused. */
static void free_held(struct daemon *daemon, struct instant now)
{
    const struct config *config = daemon->current->config;

    if (config->primary.preflight == PREFLIGHT_RECIPIENTS)
        return;
    for (size_t i = 0; i < config->backup_count; i++) {
        if (daemon->held[i] > 0)
            plan_recover(daemon->plan, i, now);
        daemon->held[i] = 0;
    }
}

void daemon_reload(struct daemon *daemon, struct instant now)
{
    daemon->wants_reload = daemon->options.take_reload() || daemon->wants_reload;
    if (daemon->due_count > 0 || !daemon->wants_reload)
        return;
    daemon->wants_reload = false;
    struct config *config = daemon->options.reload(daemon->options.context);
    if (config == NULL)
        return;
    primary_look_done(daemon);
    daemon_adopt(daemon, config);
    daemon_plan_reload(daemon, now);
    take_running_over(daemon, now);
    free_held(daemon, now);
    recorder_reload(daemon->record, config);
    outage_set_watch(&daemon->primary, config->primary.watch_s, now);
    if (daemon->options.ready != NULL)
        daemon->options.ready(daemon->options.context);
}
