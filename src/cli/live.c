/* The live table. A drawing moves the cursor up to the first row that stands on the screen, writes
 * what is to be kept (answers), then the rows anew, and ends below them. All of a drawing is one
 * write, and every line is one column short of the terminal's width, so that none ever wraps. A timer
 * redraws the rows once a second while something waits. */
#include "report.h"
#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>
#include <string.h>

enum {
    DRAWING_SIZE_MAX = 1024 * 1024,
    STATUS_SIZE = 160,
    INDENT = 6, /* of the further lines of a row */
    REDRAW_MS = 1000,
    PROGRESS_MS = 100 /* least time between two drawings for progress alone */
};

struct work {
    bool is_begun;
    enum session_state state;
    const char *domain; /* borrowed; NULL unless asking */
    uint64_t messages;  /* received so far */
    int64_t bytes;
    int64_t since_ms; /* when the first session of receiving began; 0: none has */
    int64_t moved_ms; /* when it came into its state */
    int64_t again_ms; /* SESSION_WAITING: when it is asked again; 0: not known */
    bool is_awaited;  /* SESSION_DONE: its mail is waited for */
};

struct live {
    const struct live_options *options;
    struct work *work;          /* one for each backup of the configuration */
    bool has_wait;              /* a look at the primary is under way */
    struct preflight_wait wait; /* what for */
    struct timer redraw;        /* set while something waits */
    struct buffer shown, rows;  /* the lines on the screen, and those to be drawn */
    struct buffer drawing;
    bool is_hidden;
    int64_t drawn_ms; /* because of a message */
};

/* ---- rows ---- */

static bool goes_on(const struct work *work)
{
    return work->is_begun && work->state != SESSION_WAITING &&
           (work->state != SESSION_DONE || work->is_awaited);
}

static bool rests(const struct work *work)
{
    return work->state == SESSION_WAITING && work->again_ms != 0;
}

/* ", 12s", ", 4m30s", or "" for less than a second. */
static struct word elapsed_word(int64_t since_ms)
{
    char duration[DURATION_TEXT_SIZE];
    int64_t seconds = (clock_monotonic_ms() - since_ms) / 1000;

    return word_format("%s%s", seconds > 0 ? ", " : "",
                       seconds > 0 ? duration_format(duration, seconds) : "");
}

static struct word left_word(int64_t until_ms)
{
    char duration[DURATION_TEXT_SIZE];
    int64_t left_ms = until_ms - clock_monotonic_ms();

    return word_format("%s", duration_format(duration, left_ms > 0 ? (left_ms + 999) / 1000 : 0));
}

static const char *state_text(const struct live *live, const struct backup_config *backup,
                              enum session_state state)
{
    static const char *const asking[] = {
        [METHOD_ETRN] = "ETRN sent", [METHOD_ATRN] = "ATRN sent", [METHOD_TURN] = "TURN sent"};
    enum stage stage;

    switch (state) {
    case SESSION_WAITING: return "waiting";
    case SESSION_PRIMARY: return "waiting for your mail server";
    case SESSION_CONNECTING:
        stage = live->options->stage(live->options->round, backup);
        return stage <= STAGE_CONNECT    ? "connecting"
               : stage == STAGE_GREETING ? "connected, no greeting"
                                         : "logging in";
    case SESSION_ASKING: return asking[backup->method];
    case SESSION_RECEIVING: return "receiving";
    case SESSION_QUITTING: return "closing";
    case SESSION_DONE: break;
    }
    return "done";
}

/* ", 12s left" behind what was seen so far. */
static struct word awaited_word(const struct live *live, const struct backup_config *backup)
{
    int64_t left_ms = 0;
    const struct arrival_account *account =
        live->options->arrival(live->options->round, backup, &left_ms);
    struct word seen = account != NULL ? arrival_seen(account) : (struct word){.text = ""};

    return word_format("%s, waits for %s", seen.text[0] != '\0' ? seen.text : "no mail yet",
                       left_word(clock_monotonic_ms() + left_ms).text);
}

static struct line begin_row(struct live *live)
{
    return line_begin(&live->rows, (struct line_look){live_columns(live), live->options->color});
}

/* `mx2  example.com  ETRN sent, 40s`, `mx2  example.com  receiving, 3s  3 messages, 1.2 MB, 400 KB/s`,
 * `mx2  mx2.example.net  again in 4m` */
static void add_work(struct live *live, size_t index)
{
    const struct backup_config *backup = &live->options->config->backups[index];
    const struct work *work = &live->work[index];
    int64_t receiving_ms = clock_monotonic_ms() - work->since_ms;
    struct line line = begin_row(live);
    struct word state = work->is_awaited ? awaited_word(live, backup)
                        : rests(work) ? word_format("again in %s", left_word(work->again_ms).text)
                                      : word_format("%s%s", state_text(live, backup, work->state),
                                                    elapsed_word(work->moved_ms).text);

    line_names(&line, backup->name, work->domain != NULL ? work->domain : backup->host,
               live->options->widths, line_columns(state.text));
    line_cell(&line, STYLE_DIM, state.text, 0);
    if (work->messages > 0)
        line_cell(&line, STYLE_PLAIN,
                  word_format(
                      "%s, %s/s", word_mail((int64_t)work->messages, work->bytes).text,
                      word_volume(work->bytes * 1000 / (receiving_ms > 0 ? receiving_ms : 1)).text)
                      .text,
                  0);
    (void)buffer_append_text(&live->rows, "\n");
}

static size_t count_lines(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

/* `your mail server 127.0.0.1:25  connected, no greeting yet, 12s, gives up in 4m48s`; more than one
 * row where the terminal is narrow, but at most room. */
static void add_primary(struct live *live, size_t room)
{
    const struct preflight_wait *wait = &live->wait;
    struct line line = begin_row(live);
    struct buffer state;
    size_t size = 0;

    buffer_init(&state, STATUS_SIZE);
    preflight_wait_format(&state, wait);
    (void)buffer_append_format(&state, "%s, gives up in %s", elapsed_word(wait->since_ms).text,
                               left_word(wait->until_ms).text);
    line_cell(&line, STYLE_PLAIN, "your mail server", 0);
    line_cell(&line, STYLE_PLAIN, live->options->config->primary.address.text, 0);
    line_last(&line, STYLE_DIM, state.bytes, INDENT);
    buffer_done(&state);
    for (size_t i = 0; i < room && live->rows.bytes[size] != '\0'; i++)
        size += strcspn(live->rows.bytes + size, "\n") + 1;
    buffer_cut(&live->rows, size);
}

struct counts {
    size_t working, resting, done;
};

static struct counts count_work(const struct live *live)
{
    struct counts counts = {0};

    for (size_t i = 0; i < live->options->config->backup_count; i++) {
        counts.working += goes_on(&live->work[i]);
        counts.resting += rests(&live->work[i]);
        counts.done += live->work[i].is_begun && live->work[i].state == SESSION_DONE &&
                       !live->work[i].is_awaited;
    }
    return counts;
}

/* Half of the terminal at most: the rest is for the answers. One line is left for the cursor. The last
 * row is `12 of 100 backups done, 8 working, 80 waiting`. */
static void build_rows(struct live *live)
{
    const struct counts counts = count_work(live);
    size_t room = live->options->measure(live->options->output->stream).rows / 2,
           left = counts.working + counts.resting;
    size_t chosen = live->options->chosen_count, begun = counts.working + counts.done;
    bool has_counts = room > 0 && (chosen > 1 || (left == 0 && !live->has_wait));

    if (counts.done >= chosen)
        return;
    room -= has_counts;
    if (live->has_wait)
        add_primary(live, room);
    room -= count_lines(live->rows.bytes);
    for (size_t i = 0; left > 0 && room > 0; i++) {
        if (!goes_on(&live->work[i]) && !rests(&live->work[i]))
            continue;
        add_work(live, i);
        left--;
        room--;
    }
    if (has_counts) {
        struct line line = begin_row(live);

        line_cell(&line, STYLE_DIM,
                  word_format("%zu of %zu backups done, %zu working, %zu waiting", counts.done,
                              chosen, counts.working, chosen > begun ? chosen - begun : 0)
                      .text,
                  0);
        (void)buffer_append_text(&live->rows, "\n");
    }
}

/* ---- drawing ---- */

static void draw_lines(struct live *live, const char *lines)
{
    for (size_t size; *lines != '\0'; lines += size + 1) {
        size = strcspn(lines, "\n");
        (void)buffer_append(&live->drawing, lines, size);
        (void)buffer_append_text(&live->drawing, "\x1b[K\n");
    }
}

/* Draws the rows if they have changed, and above them kept: whole lines that stay, or "". The drawing
 * begins with a CR, for a terminal's echo may have moved the cursor. */
static void draw(struct live *live, const char *kept)
{
    struct buffer before = live->shown;
    size_t height = count_lines(before.bytes);

    if (live->options->output == NULL)
        return;
    buffer_clear(&live->rows);
    if (!live->is_hidden)
        build_rows(live);
    if (*kept == '\0' && strcmp(live->rows.bytes, before.bytes) == 0)
        return;
    buffer_clear(&live->drawing);
    (void)buffer_append_text(&live->drawing, "\r");
    if (height > 0)
        (void)buffer_append_format(&live->drawing, "\x1b[%zuA", height);
    draw_lines(live, kept);
    draw_lines(live, live->rows.bytes);
    (void)buffer_append_text(&live->drawing, "\x1b[J");
    output_write(live->options->output, live->drawing.bytes, live->drawing.size);
    live->shown = live->rows;
    live->rows = before;
}

/* Draws, and again a second later while something waits. */
static void redraw(void *context)
{
    struct live *live = context;

    if (live->options->output == NULL)
        return;
    draw(live, "");
    const struct counts counts = count_work(live);
    bool waits = live->has_wait || counts.working + counts.resting > 0;
    timer_set(live->options->loop, &live->redraw,
              waits ? clock_monotonic_ms() + REDRAW_MS : INT64_MAX);
}

/* ---- what is told ---- */

struct live *live_new(const struct live_options *options)
{
    struct live *live = memory_new(1, sizeof *live);

    live->options = options;
    live->work = memory_new(options->config->backup_count, sizeof *live->work);
    live->redraw = (struct timer){.due = redraw, .context = live};
    buffer_init(&live->drawing, DRAWING_SIZE_MAX);
    buffer_init(&live->shown, DRAWING_SIZE_MAX);
    buffer_init(&live->rows, DRAWING_SIZE_MAX);
    return live;
}

void live_free(struct live *live)
{
    if (live == NULL)
        return;
    if (live->options->output != NULL)
        timer_set(live->options->loop, &live->redraw, INT64_MAX);
    buffer_done(&live->drawing);
    buffer_done(&live->shown);
    buffer_done(&live->rows);
    free(live->work);
    free(live);
}

static struct work *work_of(const struct live *live, const struct backup_config *backup)
{
    return &live->work[backup - live->options->config->backups];
}

/* A backup may have an answer without a session. */
void live_answered(void *context, const struct result *result)
{
    const struct live *live = context;
    struct work *work = work_of(live, result->backup);

    if (!work->is_begun)
        *work = (struct work){.is_begun = true, .state = SESSION_DONE};
    gather_add(live->options->gather, result);
}

void live_moved(void *context, const struct backup_config *backup, enum session_state state,
                const char *domain)
{
    struct work *work = work_of(context, backup);

    work->is_begun = true;
    work->state = state;
    work->domain = domain;
    work->moved_ms = clock_monotonic_ms();
    work->again_ms = 0;
    if (state == SESSION_RECEIVING && work->since_ms == 0)
        work->since_ms = work->moved_ms;
    redraw(context);
}

void live_progressed(void *context, const struct backup_config *backup, uint64_t messages,
                     int64_t bytes)
{
    struct live *live = context;
    int64_t now_ms = clock_monotonic_ms();

    work_of(live, backup)->messages += messages;
    work_of(live, backup)->bytes += bytes;
    if (now_ms - live->drawn_ms < PROGRESS_MS)
        return;
    live->drawn_ms = now_ms;
    draw(live, "");
}

void live_resting(void *context, const struct backup_config *backup, int64_t until_ms)
{
    struct work *work = work_of(context, backup);

    work->is_begun = true;
    work->state = SESSION_WAITING;
    work->again_ms = until_ms;
    redraw(context);
}

void live_awaiting(void *context, const struct backup_config *backup)
{
    struct work *work = work_of(context, backup);

    work->is_begun = work->is_awaited = true;
    work->state = SESSION_DONE;
    work->domain = NULL;
    redraw(context);
}

void live_arrived(void *context, const struct backup_config *backup,
                  const struct arrival_account *account)
{
    struct live *live = context;

    work_of(live, backup)->is_awaited = false;
    report_arrived(live->options->report, round_facts(live->options->round), backup, account);
    redraw(live);
}

void live_turned(void *context)
{
    struct live *live = context;

    gather_flush(live->options->gather);
    live_wait(live, round_waits(live->options->round));
}

size_t live_columns(const struct live *live)
{
    size_t columns = live->options->measure(live->options->output->stream).columns;

    return columns > 0 ? columns - 1 : 0;
}

void live_keep(struct live *live, const char *lines)
{
    draw(live, lines);
}

void live_wait(struct live *live, const struct preflight_wait *wait)
{
    bool has_changed =
        (wait != NULL) != live->has_wait || (wait != NULL && wait->stage != live->wait.stage);

    live->has_wait = wait != NULL;
    if (wait != NULL)
        live->wait = *wait;
    if (has_changed)
        redraw(live);
}

void live_hide(void *context, bool is_hidden)
{
    struct live *live = context;

    live->is_hidden = is_hidden;
    draw(live, "");
}
