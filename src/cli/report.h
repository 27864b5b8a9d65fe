#ifndef MXPULL_SRC_CLI_REPORT_H
#define MXPULL_SRC_CLI_REPORT_H

#include "line.h"
#include "output.h"
#include "words.h"
#include <mxpull/platform/terminal.h>
#include <mxpull/pull/round.h>

/* The output of `mxpull pull`. report.c uses live.c, and both, as the daemon, use gather.c and arrival_form.c. */

/* ---- gather.c ---- */

/* Equal answers that are reported as one: our own mail server kept backups from being asked, or a
 * backup could not be asked for any of its domains. */
struct answers {
    const struct result *first;
    /* Common to all; several held answers have an ellipsis in place of the domain: "… refuses
     * postmaster@…: 450 later". */
    const char *text;
    size_t count;      /* how many it stands for; 1: for itself */
    size_t backups;    /* of how many backups they are */
    bool is_part;      /* these have other domains as well */
    const char *names; /* with is_part the domains, "a.example, b.example and 28 more"; else NULL */
};

struct gather;

/* answers are borrowed for the call. */
typedef void gather_tell(void *context, const struct answers *answers);

struct gather *gather_new(gather_tell *tell, void *context);

/* NULL is allowed. */
void gather_free(struct gather *gather);

/* Takes a result that has become known. Tells it at once when it cannot be equal to others; else it
 * stays borrowed until gather_flush. Both functions may observe polls: gather is a struct gather. */
void gather_add(void *gather, const struct result *result);

/* Tells the answers gathered. Called after each turn of the loop, and before results are freed. */
void gather_flush(void *gather);

/* Whether nothing is wrong with it: the outcome exits with 0, or a dry run got as far as it should.
 */
bool result_is_good(const struct result *result);

/* ---- arrival_form.c ---- */

/* What became of a backup's mail. All borrowed. */
struct arrival_view {
    const struct backup_config *backup;
    const struct arrival_account *account;
    const struct arrival_means *means;
    const char *answered; /* the address that answered for the backup; "": not known */
};

/* Appends `mx2  arrived  12 messages, 340.2 KB from 192.0.2.7 in 3.2 s (log)`, and below it what can be done, if anything
 * and it was not said before. */
void arrival_append(struct buffer *text, const struct arrival_view *view, struct line_look look,
                    struct line_widths widths, struct said *advice);

/* `3 messages, 12.4 KB`, `1 connection`, "": nothing was seen so far. */
struct word arrival_seen(const struct arrival_account *account);

/* ---- live.c ---- */

/* The live table on a terminal while a round runs. Answers scroll up as they come. Below them stand
 * rows for our own mail server and for each backup under way or waiting for a retry: what is awaited,
 * since when, and until when. Drawn at each event, and once a second while something waits. The table
 * never exceeds the terminal and leaves the cursor visible, so a killed program leaves the terminal
 * usable. */
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
    /* round_arrival; and what is told what became of a backup's mail: report_arrived. */
    const struct arrival_account *(*arrival)(const struct round *round,
                                             const struct backup_config *backup, int64_t *left_ms);
    struct report *report;
};

/* options are borrowed; the caller may fill in all but config later, before the round runs. */
struct live *live_new(const struct live_options *options);
void live_free(struct live *live);

/* The round's observer (struct poll_observer, round_options.resting and what follows); live is a struct live. */
void live_answered(void *live, const struct result *result);
void live_moved(void *live, const struct backup_config *backup, enum session_state state,
                const char *domain);
void live_progressed(void *live, const struct backup_config *backup, uint64_t messages,
                     int64_t bytes);
void live_resting(void *live, const struct backup_config *backup, int64_t until_ms);
void live_awaiting(void *live, const struct backup_config *backup);
void live_arrived(void *live, const struct backup_config *backup,
                  const struct arrival_account *account);
void live_turned(void *live);

/* Puts whole lines of at most live_columns above the rows. */
void live_keep(struct live *live, const char *lines);
size_t live_columns(const struct live *live);

/* Shows the look at the primary; NULL: none. */
void live_wait(struct live *live, const struct preflight_wait *wait);

/* Takes the rows off the screen, so that something else can be written there, or brings them back. */
void live_hide(void *live, bool is_hidden);

/* ---- report.c ---- */

/* A line for each answer as it comes, then the summary; or one JSON object at the end. Logs the
 * answers, too. */
struct report {
    bool json;
    bool quiet;        /* only failures, at the end (json: the object if there is one) */
    const char *shard; /* borrowed; NULL: the round is of all backups */
    struct line_look look;
    struct line_widths widths;
    struct output *output; /* borrowed, as live */
    struct live *live;     /* the table that stands below the lines; NULL: none */
    struct gather *gather; /* takes the results */

    struct said advice; /* private, as what follows: the advice given */
    bool is_ending;     /* answers are told again */
};

/* The caller sets the fields before gather first. */
void report_begin(struct report *report);
void report_done(struct report *report); /* all zero: nothing has begun */

/* What became of a backup's mail is known: a line, a log entry. */
void report_arrived(struct report *report, const struct round_facts *facts,
                    const struct backup_config *backup, const struct arrival_account *account);

/* The round is over. */
void report_finish(struct report *report, const struct round_facts *facts);

/* The columns that these results need. */
struct line_widths report_widths(const struct result *const results[], size_t count);

/* Appends answers as one line, `mx2  example.com  started  250 Queuing started` or `mx2  40 domains
 * unreachable  ...`, or as a sentence for held backups; below a failure the advice, if there is any
 * and it was not given before (advice NULL: always). */
void report_append_answers(struct buffer *text, const struct answers *answers,
                           struct line_look look, struct line_widths widths, struct said *advice);

/* Appends `4 asked, 3 ok, 1 failed (deferred 1), 2 held in 0.4 s` and a line end. */
void report_append_summary(struct buffer *text, const struct round_facts *facts,
                           struct line_look look);

#endif
