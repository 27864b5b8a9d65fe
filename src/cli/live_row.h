#ifndef MXPULL_CLI_LIVE_ROW_H
#define MXPULL_CLI_LIVE_ROW_H

/* The rows of the live table as texts: what is waited for, how long so far, and until when. */

#include "live.h"

/* What a backup's session does. */
struct live_work {
    bool is_begun;
    enum session_state state;
    const char *domain; /* borrowed; NULL unless asking */
    uint64_t messages;  /* received so far */
    int64_t bytes;
    int64_t since_ms; /* when the first session of receiving began; 0: none has */
    int64_t moved_ms; /* when it came into its state */
    int64_t again_ms; /* SESSION_WAITING: when it is asked again; 0: not known */
};

/* Whether a session is under way. */
bool live_work_goes_on(const struct live_work *work);

/* Whether it waits for a retry. */
bool live_work_rests(const struct live_work *work);

/* Append a row of at most so many columns, without a line end. */
void live_row_of_work(struct buffer *text, const struct live_options *options, size_t columns,
                      const struct backup_config *backup, const struct live_work *work);
void live_row_of_primary(struct buffer *text, const struct live_options *options, size_t columns,
                         const struct preflight_wait *wait);

#endif
