#ifndef MXPULL_SRC_CLI_LIVE_H
#define MXPULL_SRC_CLI_LIVE_H

#include "line.h"
#include "output.h"
#include <mxpull/platform/terminal.h>
#include <mxpull/pull/round.h>

#include <stdbool.h>
#include <stddef.h>

/* The table that a person sees on a terminal while a round runs: answers go up the screen as they
 * come, and below them stands one row for our own mail server while it is looked at, and one for each
 * backup that is being worked on or waits for a retry: what is waited for, how long so far, and until
 * when. It is drawn when something happens, and once a second while something waits; is never larger than
 * the terminal, and leaves the cursor as it is, so that nothing needs to be put right however the program
 * ends. Without a table (NULL) nothing happens. */
struct live;

struct live_options {
    struct loop *loop;                   /* borrowed: its turns redraw the table */
    const struct backup_config *backups; /* all of the configuration; borrowed */
    size_t backup_count;
    size_t chosen_count; /* backups that are asked */
    struct line_widths widths;
    bool color;
    struct output *output; /* borrowed */
    /* Tells the terminal's size, asked at each drawing. */
    struct terminal_size (*measure)(void *context);
    /* Tells how far SESSION_CONNECTING has come. */
    enum stage (*stage)(void *context, const struct backup_config *backup);
    const char *primary; /* our own mail server's address; borrowed */
    void *context;
};

struct live *live_new(const struct live_options *options);
void live_free(struct live *live);

/* As in struct poll_observer. */
void live_moved(struct live *live, const struct backup_config *backup, enum session_state state,
                const char *domain);
void live_progressed(struct live *live, const struct backup_config *backup, uint64_t messages,
                     int64_t bytes);

/* The backup is asked again then, monotonic. */
void live_resting(struct live *live, const struct backup_config *backup, int64_t until_ms);

/* An answer of the backup has become known, if by no session: there was nothing to be asked with. */
void live_known(struct live *live, const struct backup_config *backup);

/* Whole lines of at most live_columns that shall stand above the rows from now on. */
void live_keep(struct live *live, const char *lines);
size_t live_columns(struct live *live);

/* What the primary is waited for, or NULL. */
void live_wait(struct live *live, const struct preflight_wait *wait);

/* Takes the rows off the screen, so that something else can be written there, or brings them back. */
void live_hide(struct live *live, bool is_hidden);

#endif
