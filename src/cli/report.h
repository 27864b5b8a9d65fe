#ifndef MXPULL_SRC_CLI_REPORT_H
#define MXPULL_SRC_CLI_REPORT_H

#include "line.h"
#include "output.h"
#include "words.h"
#include <mxpull/platform/terminal.h>
#include <mxpull/pull/round.h>

/* What `mxpull pull` says. report.c stands on live.c, and both, as the daemon, on gather.c. */

/* ---- gather.c ---- */

/* Answers that are told as one, for nothing but the names tells them apart: that our own mail server
 * kept backups from being asked, or that a backup could not be asked for any of its domains. */
struct answers {
    const struct result *first;
    const char
        *text;    /* of all; where they are several that were held, an ellipsis is in place of their
                         own names: "… refuses postmaster@…: 450 later" */
    size_t count; /* how many it stands for; 1: for itself */
    size_t backups;    /* of how many backups they are */
    bool is_part;      /* these have other domains as well */
    const char *names; /* which they are then: "a.example, b.example and 28 more"; else NULL */
};

struct gather;

/* answers are borrowed for the call. */
typedef void gather_tell(void *context, const struct answers *answers);

struct gather *gather_new(gather_tell *tell, void *context);

/* NULL is allowed. */
void gather_free(struct gather *gather);

/* gather is a struct gather: these may observe polls. Takes a result that has become known. One that is like no other is told at once; the others stay
 * borrowed until gather_flush. */
void gather_add(void *gather, const struct result *result);

/* Tells what was taken: to be called after each turn of the loop, and before results are freed. */
void gather_flush(void *gather);

/* Whether nothing is wrong with it: the outcome exits with 0, or a dry run got as far as it should.
 */
bool result_is_good(const struct result *result);

/* ---- live.c ---- */

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

/* ---- report.c ---- */

/* A line for each answer as it comes, then the summary; or one JSON object at the end; and the answers in the log,
 * where it wants them. */
struct report {
    bool json;
    bool
        quiet; /* nothing unless something is wrong; then what is wrong (json: the object), at the end */
    struct line_look look;
    struct line_widths widths;
    struct output *output; /* borrowed, as live */
    struct live *live;     /* the table that stands below the lines; NULL: none */
    struct gather *gather; /* takes the results, and is to be flushed after each turn of the loop */

    struct said advice; /* private, as what follows: that was given */
    bool is_ending;     /* answers are told again */
};

/* Of what stands before gather all is set before. */
void report_begin(struct report *report);
void report_done(struct report *report); /* all zero: nothing has begun */

/* The round is over. */
void report_finish(struct report *report, const struct round_facts *facts);

/* The columns that these results need. */
struct line_widths report_widths(const struct result *const results[], size_t count);

/* Appends known answers as one line, `mx2  example.com  started  250 Queuing started` or
 * `mx2  40 domains  unreachable  ...`, and if they are no success a second line that says what can be
 * done about it, where something can. Of backups that were held it is a sentence. advice is what was given
 * already; NULL: it is given each time. */
void report_append_answers(struct buffer *text, const struct answers *answers,
                           struct line_look look, struct line_widths widths, struct said *advice);

/* Appends `4 asked, 3 ok, 1 failed (deferred 1), 2 held in 0.4 s` and a line end. */
void report_append_summary(struct buffer *text, const struct round_facts *facts,
                           struct line_look look);

#endif
