#ifndef MXPULL_SRC_CLI_COMMAND_HISTORY_H
#define MXPULL_SRC_CLI_COMMAND_HISTORY_H

#include <mxpull/config/config.h>
#include <mxpull/plan/schedule.h>
#include <mxpull/store/store.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names of the command line as the store knows them. */
struct history_names {
    const char *names[STORE_NAMES_MAX + 1]; /* borrowed texts */
    size_t count;
};

/* Finds out what the names mean: each is kept as it is, and where it is another form of a domain of
 * the configuration (an IDN), that domain is added as it is written there. STATUS_SYNTAX for a name
 * that neither the configuration nor the store knows; other failures are the store's. */
enum status history_names_find(struct history_names *names, const char *const given[], size_t count,
                               const struct config *config, struct store *store,
                               struct error *error);

/* Reads a point in time: a duration ("2d", "36h") is so long before now_ms; "2026-11-20",
 * "2026-11-20 07:00", "2026-11-20 07:00:30", with a T instead of the blank too, are local time by
 * offset, and UTC with a Z behind the time. Of a local time that comes twice the first one is meant,
 * and one that is skipped is as long after the change as it claims to be. *since_ms is milliseconds of
 * the wall clock. False, with *since_ms untouched, for anything else. */
bool since_parse(const char *text, int64_t now_ms, schedule_offset *offset, int64_t *since_ms);

#endif
