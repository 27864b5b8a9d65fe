#ifndef MXPULL_TESTS_UNIT_PLAN_OF_H
#define MXPULL_TESTS_UNIT_PLAN_OF_H

#include <mxpull/base/memory.h>
#include <mxpull/config/config.h>
#include <mxpull/plan/plan.h>

#include <stdlib.h>

/* As plan_new and plan_reload, of a whole configuration. */
static inline struct plan_settings plan_settings_of(const struct config *config)
{
    struct planned *backups = memory_new(config->backup_count, sizeof *backups);

    for (size_t i = 0; i < config->backup_count; i++)
        backups[i] = (struct planned){config->backups[i].name, &config->backups[i].timing};
    return (struct plan_settings){backups, config->backup_count, &config->primary.recovery};
}

static inline struct plan *plan_of(const struct config *config, schedule_offset *offset,
                                   uint64_t seed, struct instant now)
{
    struct plan_settings settings = plan_settings_of(config);
    struct plan *plan = plan_new(&settings, offset, seed, now);

    free(settings.backups);
    return plan;
}

static inline void plan_change(struct plan *plan, const struct config *config, struct instant now)
{
    struct plan_settings settings = plan_settings_of(config);

    plan_reload(plan, &settings, now);
    free(settings.backups);
}

#endif
