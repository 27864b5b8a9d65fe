#ifndef MXPULL_SRC_CLI_HISTORY_H
#define MXPULL_SRC_CLI_HISTORY_H

#include "line.h"
#include "output.h"
#include <mxpull/config/config.h>
#include <mxpull/plan/schedule.h>
#include <mxpull/store/store.h>

/* ---- command_history.c: what is asked for ---- */

/* Names of the command line as the store knows them. */
struct history_names {
    const char *names[STORE_NAMES_MAX + 1]; /* borrowed texts */
    size_t count;
};

/* Takes the given names, and adds the configured form of a domain that is given in another form (an
 * IDN). STATUS_SYNTAX for a name that neither the configuration nor the store knows; other failures
 * are the store's. */
enum status history_names_find(struct history_names *names, const char *const given[], size_t count,
                               const struct config *config, struct store *store,
                               struct error *error);

/* Reads a point in time: a duration ("2d", "36h") is so long before now_ms; "2026-11-20",
 * "2026-11-20 07:00", "2026-11-20 07:00:30", with a T instead of the blank too, are local time by
 * offset, and UTC with a Z behind the time. Of a local time that comes twice the first one is meant,
 * and one that is skipped is as long after the change as it claims to be. *since_ms is milliseconds of
 * the wall clock. False, with *since_ms untouched, for anything else. */
bool since_parse(const char *text, int64_t now_ms, schedule_offset *offset, int64_t *since_ms);

/* STATUS_SYNTAX, and what --since may be instead of this text. */
enum status since_refuse(const char *text, struct error *error);

/* ---- history_form.c: what is written, a page at a time ---- */

/* HISTORY_TEXT: a line for each row, in local time. HISTORY_JSON: {"answers":[…]}, {"messages":[…]} or {"drills":[…]}
 * on one line. HISTORY_CSV: RFC 4180 with a header line, but with LF as the tools of Unix want it;
 * texts are escaped as in the log, with a ' before those that a spreadsheet would read as a formula. */
enum history_form {
    HISTORY_TEXT,
    HISTORY_JSON,
    HISTORY_CSV
};

enum history_kind {
    HISTORY_ANSWERS,
    HISTORY_MESSAGES,
    HISTORY_DRILLS
};

struct history_request {
    enum history_kind kind;
    struct store_filter filter;
    enum history_form form;
    struct line_look look;
    struct line_widths widths;
};

/* Writes the rows that the filter chooses; *count is their number. Ends early when output fails. A
 * failure is the store's; the output may then lack its end. */
enum status history_form_write(struct output *output, struct store *store,
                               const struct history_request *request, size_t *count,
                               struct error *error);

/* Appends one row, by its kind a struct store_row, store_message or store_drill. */
void history_form_append(struct buffer *text, const struct history_request *request,
                         const void *row);

#endif
