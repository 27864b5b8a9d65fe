/* What stands in a row of the live table. */
#include "live_row.h"

#include "line.h"
#include "volume.h"
#include <mxpull/base/duration.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>

enum {
    STATUS_SIZE = 100,
    INDENT = 6 /* of what a row goes on with */
};

bool live_work_goes_on(const struct live_work *work)
{
    switch (work->state) {
    case SESSION_PRIMARY:
    case SESSION_CONNECTING:
    case SESSION_ASKING:
    case SESSION_RECEIVING:
    case SESSION_QUITTING: return work->is_begun;
    case SESSION_WAITING:
    case SESSION_DONE: break;
    }
    return false;
}

bool live_work_rests(const struct live_work *work)
{
    return work->state == SESSION_WAITING && work->again_ms != 0;
}

/* "12s", "4m30s", or "" for less than a second. */
static const char *elapsed_text(char target[DURATION_TEXT_SIZE], int64_t ms)
{
    target[0] = '\0';
    return ms < 1000 ? target : duration_format(target, ms / 1000);
}

static const char *verb_text(const struct backup_config *backup)
{
    switch (backup->method) {
    case METHOD_ETRN: return "ETRN sent";
    case METHOD_ATRN: return "ATRN sent";
    case METHOD_TURN: return "TURN sent";
    }
    return "";
}

static const char *stage_text(const struct live_options *options,
                              const struct backup_config *backup)
{
    enum stage stage =
        options->stage != NULL ? options->stage(options->context, backup) : STAGE_CONNECT;

    if (stage <= STAGE_CONNECT)
        return "connecting";
    return stage == STAGE_GREETING ? "connected, no greeting" : "logging in";
}

static const char *state_text(const struct live_options *options,
                              const struct backup_config *backup, enum session_state state)
{
    switch (state) {
    case SESSION_WAITING: return "waiting";
    case SESSION_PRIMARY: return "waiting for your mail server";
    case SESSION_CONNECTING: return stage_text(options, backup);
    case SESSION_ASKING: return verb_text(backup);
    case SESSION_RECEIVING: return "receiving";
    case SESSION_QUITTING: return "closing";
    case SESSION_DONE: return "done";
    }
    return "";
}

/* "ETRN sent, 40s", "again in 4m" */
static void format_state(char text[STATUS_SIZE], const struct live_options *options,
                         const struct backup_config *backup, const struct live_work *work)
{
    char duration[DURATION_TEXT_SIZE];
    int64_t now_ms = clock_monotonic_ms();

    if (live_work_rests(work)) {
        int64_t left_ms = work->again_ms > now_ms ? work->again_ms - now_ms : 0;

        (void)snprintf(text, STATUS_SIZE, "again in %s",
                       duration_format(duration, (left_ms + 999) / 1000));
    } else {
        (void)elapsed_text(duration, now_ms - work->moved_ms);
        (void)snprintf(text, STATUS_SIZE, "%s%s%s", state_text(options, backup, work->state),
                       duration[0] != '\0' ? ", " : "", duration);
    }
}

/* `3 messages, 1.2 MB, 400 KB/s` */
static void add_progress(struct line *line, const struct live_work *work)
{
    char volume[VOLUME_TEXT_SIZE], rate[VOLUME_TEXT_SIZE], text[STATUS_SIZE];
    int64_t ms = clock_monotonic_ms() - work->since_ms;

    (void)snprintf(text, sizeof text, "%llu message%s, %s, %s/s",
                   (unsigned long long)work->messages, work->messages == 1 ? "" : "s",
                   volume_format(volume, work->bytes),
                   volume_format(rate, work->bytes * 1000 / (ms > 0 ? ms : 1)));
    line_cell(line, STYLE_PLAIN, text, 0);
}

/* `mx2  example.com  ETRN sent, 40s` */
void live_row_of_work(struct buffer *text, const struct live_options *options, size_t columns,
                      const struct backup_config *backup, const struct live_work *work)
{
    const struct line_widths widths = {options->widths.backup, options->widths.domain};
    char state[STATUS_SIZE];
    struct line line;

    format_state(state, options, backup, work);
    line_init(&line, text, columns, options->color);
    line_names(&line, backup->name, work->domain != NULL ? work->domain : backup->host, widths,
               line_columns(state));
    line_cell(&line, STYLE_DIM, state, 0);
    if (work->messages > 0)
        add_progress(&line, work);
}

/* `your mail server 127.0.0.1:25  connected, no greeting yet, 12s, gives up in 4m48s` */
void live_row_of_primary(struct buffer *text, const struct live_options *options, size_t columns,
                         const struct preflight_wait *wait)
{
    char duration[DURATION_TEXT_SIZE];
    int64_t now_ms = clock_monotonic_ms();
    int64_t left_ms = wait->until_ms > now_ms ? wait->until_ms - now_ms : 0;
    struct buffer state;
    struct line line;

    buffer_init(&state, STATUS_SIZE);
    preflight_wait_format(&state, wait);
    if (*elapsed_text(duration, now_ms - wait->since_ms) != '\0')
        (void)buffer_append_format(&state, ", %s", duration);
    (void)buffer_append_format(&state, ", gives up in %s",
                               duration_format(duration, (left_ms + 999) / 1000));
    line_init(&line, text, columns, options->color);
    line_cell(&line, STYLE_PLAIN, "your mail server", 0);
    line_cell(&line, STYLE_PLAIN, options->primary, 0);
    line_last(&line, STYLE_DIM, state.bytes, INDENT);
    buffer_done(&state);
}
