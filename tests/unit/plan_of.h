#ifndef MXPULL_TESTS_UNIT_PLAN_OF_H
#define MXPULL_TESTS_UNIT_PLAN_OF_H

#include <mxpull/base/memory.h>
#include <mxpull/config/config.h>
#include <mxpull/plan/plan.h>

#include <stdlib.h>

/* As plan_new, of a whole configuration. */
static inline struct plan *plan_of(const struct config *config, schedule_offset *offset,
                                   uint64_t seed, struct instant now)
{
    const struct timing **timings = memory_new(config->backup_count, sizeof(const struct timing *));

    for (size_t i = 0; i < config->backup_count; i++)
        timings[i] = &config->backups[i].timing;
    struct plan *plan = plan_new(&(struct plan_options){.timings = timings,
                                                        .count = config->backup_count,
                                                        .recovery = &config->primary.recovery,
                                                        .offset = offset,
                                                        .seed = seed},
                                 now);
    free(timings);
    return plan;
}

#endif
