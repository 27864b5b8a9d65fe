#ifndef MXPULL_TESTS_UNIT_PLAN_OF_H
#define MXPULL_TESTS_UNIT_PLAN_OF_H

#include <mxpull/config/config.h>
#include <mxpull/plan/plan.h>

/* A plan of a whole configuration. */
static inline struct plan *plan_of(const struct config *config, schedule_offset *offset,
                                   uint64_t seed, struct instant now)
{
    struct plan *plan = plan_new(&(struct plan_options){.most = config->backup_count,
                                                        .recovery = &config->primary.recovery,
                                                        .offset = offset,
                                                        .seed = seed},
                                 now);

    for (size_t i = 0; i < config->backup_count; i++)
        plan_add(plan, &config->backups[i].timing, now);
    return plan;
}

static inline void recover_all(struct plan *plan, const struct config *config, struct instant now)
{
    for (size_t i = 0; i < config->backup_count; i++)
        plan_recover(plan, i, now);
}

static inline void all_now(struct plan *plan, const struct config *config)
{
    for (size_t i = 0; i < config->backup_count; i++)
        plan_now(plan, i);
}

#endif
