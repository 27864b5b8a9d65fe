#ifndef MXPULL_SRC_CLI_SINCE_H
#define MXPULL_SRC_CLI_SINCE_H

#include <mxpull/plan/schedule.h>

#include <stdbool.h>
#include <stdint.h>

/* Reads a point in time: a duration ("2d", "36h") is so long before now_ms; "2026-11-20",
 * "2026-11-20 07:00", "2026-11-20 07:00:30", with a T instead of the blank too, are local time by
 * offset, and UTC with a Z behind the time. Of a local time that comes twice the first one is meant,
 * and one that is skipped is as long after the change as it claims to be. *since_ms is milliseconds of
 * the wall clock. False, with *since_ms untouched, for anything else. */
bool since_parse(const char *text, int64_t now_ms, schedule_offset *offset, int64_t *since_ms);

#endif
