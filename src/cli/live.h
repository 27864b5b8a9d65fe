#ifndef MXPULL_SRC_CLI_LIVE_H
#define MXPULL_SRC_CLI_LIVE_H

#include "gather.h"
#include "line.h"
#include "output.h"
#include <mxpull/platform/terminal.h>
#include <mxpull/pull/round.h>

/* What a person sees on a terminal while a round runs. Answers go up the screen as they come. Below them
 * stands one row for our own mail server while it is looked at, and one for each backup that is being worked on
 * or waits for a retry: what is waited for, how long so far, and until when. The table is drawn when something
 * happens, and once a second while something waits. It is never larger than the terminal, and leaves the cursor as
 * it is, so that nothing needs to be put right however the program ends. */
struct live;

/* All borrowed. */
struct live_options {
    const struct config *config;
    struct loop *loop;     /* its turns redraw the table */
    struct output *output; /* NULL: no table is shown */
    struct gather *gather; /* takes the answers */
    const struct round *round;
    size_t chosen_count; /* backups that are asked */
    struct line_widths widths;
    bool color;
    struct terminal_size (*measure)(FILE *stream); /* terminal_size; asked at each drawing */
    /* round_stage: how far SESSION_CONNECTING has come. */
    enum stage (*stage)(const struct round *round, const struct backup_config *backup);
};

/* options are borrowed; all but config may be filled in before something happens. */
struct live *live_new(const struct live_options *options);
void live_free(struct live *live);

/* The round's observer (struct poll_observer, round_options.resting); live is a struct live. */
void live_answered(void *live, const struct result *result);
void live_moved(void *live, const struct backup_config *backup, enum session_state state,
                const char *domain);
void live_progressed(void *live, const struct backup_config *backup, uint64_t messages,
                     int64_t bytes);
void live_resting(void *live, const struct backup_config *backup, int64_t until_ms);
void live_turned(void *live);

/* Whole lines of at most live_columns that stand above the rows from now on. */
void live_keep(struct live *live, const char *lines);
size_t live_columns(const struct live *live);

/* What the primary is waited for, or NULL. */
void live_wait(struct live *live, const struct preflight_wait *wait);

/* Takes the rows off the screen, so that something else can be written there, or brings them back. */
void live_hide(void *live, bool is_hidden);

#endif
