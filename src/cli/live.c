/* The live table. A drawing moves the cursor up to the first row that stands on the screen, writes
 * what is to be kept (answers), then the rows anew, and ends below them; where nothing is to be
 * kept, only the rows that differ are written. All of a drawing is one write, and every line is one
 * column short of the terminal's width, so that none ever wraps. What the rows say is in live_row.c;
 * a timer redraws them once a second while something waits. */
#include "live_row.h"

#include "line.h"
#include <mxpull/base/memory.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>
#include <string.h>

enum {
    DRAWING_SIZE_MAX = 1024 * 1024,
    STATUS_SIZE = 100,
    REDRAW_MS = 1000
};

/* The rows as they stand on the screen, or shall. */
struct rows {
    char **texts; /* owned */
    size_t count;
    size_t capacity;
};

struct live {
    struct live_options options;
    struct live_work *work; /* one for each backup of the configuration */
    size_t first;           /* before it no backup is worked on */
    size_t working, waiting, done;
    size_t resting;             /* of those that wait: for a retry */
    bool has_wait;              /* the primary is being looked at: */
    struct preflight_wait wait; /* what for */
    struct timer redraw;        /* set while something waits */
    struct rows shown;
    struct buffer drawing;
    bool is_hidden;
    int64_t drawn_ms;     /* because of a message */
    size_t columns, rows; /* of the terminal */
};

static void redraw(void *context);

struct live *live_new(const struct live_options *options)
{
    struct live *live = memory_new(1, sizeof *live);

    live->options = *options;
    live->work = memory_new(options->backup_count, sizeof *live->work);
    live->first = options->backup_count;
    live->redraw = (struct timer){.due = redraw, .context = live};
    buffer_init(&live->drawing, DRAWING_SIZE_MAX);
    return live;
}

static void rows_clear(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->texts[i]);
    rows->count = 0;
}

static void rows_done(struct rows *rows)
{
    rows_clear(rows);
    free(rows->texts);
}

static void rows_add(struct rows *rows, const char *text)
{
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity > 0 ? rows->capacity * 2 : 32;
        rows->texts = memory_resize(rows->texts, rows->capacity, sizeof *rows->texts);
    }
    rows->texts[rows->count++] = memory_copy(text);
}

void live_free(struct live *live)
{
    if (live == NULL)
        return;
    timer_set(live->options.loop, &live->redraw, INT64_MAX);
    rows_done(&live->shown);
    buffer_done(&live->drawing);
    free(live->work);
    free(live);
}

/* The counter that a backup in this state stands in. */
static size_t *counter_of(struct live *live, const struct live_work *work)
{
    if (live_work_goes_on(work))
        return &live->working;
    return work->state == SESSION_DONE ? &live->done : &live->waiting;
}

static void add_work_row(struct live *live, struct rows *rows, size_t index)
{
    struct buffer text;

    buffer_init(&text, DRAWING_SIZE_MAX);
    live_row_of_work(&text, &live->options, live->columns, &live->options.backups[index],
                     &live->work[index]);
    rows_add(rows, text.bytes);
    buffer_done(&text);
}

/* More than one row where the terminal is narrow, but at most room. */
static void add_primary_rows(struct live *live, struct rows *rows, size_t room)
{
    struct buffer text;

    buffer_init(&text, DRAWING_SIZE_MAX);
    live_row_of_primary(&text, &live->options, live->columns, &live->wait);
    for (char *row = text.bytes; row != NULL && rows->count < room;) {
        char *end = strchr(row, '\n');

        if (end != NULL)
            *end++ = '\0';
        rows_add(rows, row);
        row = end;
    }
    buffer_done(&text);
}

/* `12 of 100 backups done, 8 working, 80 waiting` */
static void add_count_row(struct live *live, struct rows *rows)
{
    char status[STATUS_SIZE];
    size_t chosen = live->options.chosen_count;
    size_t begun = live->working + live->done;
    struct buffer text;
    struct line line;

    (void)snprintf(status, sizeof status, "%zu of %zu backups done, %zu working, %zu waiting",
                   live->done, chosen, live->working, chosen > begun ? chosen - begun : 0);
    buffer_init(&text, DRAWING_SIZE_MAX);
    line_init(&line, &text, live->columns, live->options.color);
    line_cell(&line, STYLE_DIM, status, 0);
    rows_add(rows, text.bytes);
    buffer_done(&text);
}

/* A row of its own. */
static bool is_shown(const struct live_work *work)
{
    return live_work_goes_on(work) || live_work_rests(work);
}

/* Half of the terminal at most: the rest is for the answers. One line is left for the cursor. */
static void build_rows(struct live *live, struct rows *rows)
{
    size_t room = live->rows / 2;
    size_t left = live->working + live->resting;
    bool has_counts =
        room > 0 && (live->options.chosen_count > 1 || (left == 0 && !live->has_wait));

    while (live->first < live->options.backup_count && !is_shown(&live->work[live->first]))
        live->first++;
    if (live->done >= live->options.chosen_count)
        return;
    room -= has_counts;
    if (live->has_wait)
        add_primary_rows(live, rows, room);
    for (size_t i = live->first; left > 0 && rows->count < room; i++) {
        if (is_shown(&live->work[i])) {
            add_work_row(live, rows, i);
            left--;
        }
    }
    if (has_counts)
        add_count_row(live, rows);
}

static void measure(struct live *live)
{
    live->options.measure(live->options.context, &live->columns, &live->rows);
    if (live->columns > 0)
        live->columns--;
}

static void draw_line(struct live *live, const char *text)
{
    (void)buffer_append_format(&live->drawing, "%s\x1b[K\n", text);
}

/* Writes the rows behind what is kept; the cursor stands where the first shall be. */
static void draw_rows(struct live *live, const struct rows *rows, bool only_changes)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (only_changes && strcmp(rows->texts[i], live->shown.texts[i]) == 0)
            (void)buffer_append_text(&live->drawing, "\n");
        else
            draw_line(live, rows->texts[i]);
    }
    if (!only_changes)
        (void)buffer_append_text(&live->drawing, "\x1b[J");
}

static bool rows_equal(const struct rows *a, const struct rows *b)
{
    for (size_t i = 0; a->count == b->count && i < a->count; i++) {
        if (strcmp(a->texts[i], b->texts[i]) != 0)
            return false;
    }
    return a->count == b->count;
}

/* To the first column of the first row; a terminal that shows what is typed may have moved the
 * cursor aside. */
static void cursor_up(struct live *live)
{
    (void)buffer_append_text(&live->drawing, "\r");
    if (live->shown.count > 0)
        (void)buffer_append_format(&live->drawing, "\x1b[%zuA", live->shown.count);
}

/* Lines that stay; each is cut already. */
static void draw_kept(struct live *live, const char *kept)
{
    while (*kept != '\0') {
        size_t size = strcspn(kept, "\n");

        (void)buffer_append(&live->drawing, kept, size);
        draw_line(live, "");
        kept += size + 1;
    }
}

/* Draws what has changed. kept is whole lines that shall stand above the rows from now on, or "".
 */
static void draw(struct live *live, const char *kept)
{
    struct rows rows = {0};

    if (!live->is_hidden)
        build_rows(live, &rows);
    if (*kept != '\0' || !rows_equal(&rows, &live->shown)) {
        bool only_changes = *kept == '\0' && rows.count == live->shown.count;

        buffer_clear(&live->drawing);
        cursor_up(live);
        draw_kept(live, kept);
        draw_rows(live, &rows, only_changes);
        output_write(live->options.output, live->drawing.bytes, live->drawing.size);
    }
    rows_done(&live->shown);
    live->shown = rows;
}

static void schedule(struct live *live)
{
    if (!live->has_wait && live->working + live->resting == 0)
        timer_set(live->options.loop, &live->redraw, INT64_MAX);
    else if (!timer_is_set(&live->redraw))
        timer_set(live->options.loop, &live->redraw, clock_monotonic_ms() + REDRAW_MS);
}

static void redraw(void *context)
{
    struct live *live = context;

    measure(live);
    draw(live, "");
    schedule(live);
}

/* Moves a backup from one counter to another. */
static void set_work(struct live *live, size_t index, const struct live_work *now)
{
    struct live_work *work = &live->work[index];

    if (work->is_begun)
        --*counter_of(live, work);
    live->resting -= live_work_rests(work);
    *work = *now;
    live->resting += live_work_rests(work);
    ++*counter_of(live, work);
    if (is_shown(work) && index < live->first)
        live->first = index;
    schedule(live);
}

void live_moved(struct live *live, const struct backup_config *backup, enum session_state state,
                const char *domain)
{
    size_t index = (size_t)(backup - live->options.backups);

    struct live_work now = live->work[index];

    now.is_begun = true;
    now.state = state;
    now.domain = domain;
    now.moved_ms = clock_monotonic_ms();
    now.again_ms = 0;
    if (state == SESSION_RECEIVING && now.since_ms == 0)
        now.since_ms = clock_monotonic_ms();
    set_work(live, index, &now);
    measure(live);
    draw(live, "");
}

/* A message can come every half millisecond; nobody reads faster than the pause between two
 * drawings. */
void live_progressed(struct live *live, const struct backup_config *backup, uint64_t messages,
                     int64_t bytes)
{
    enum {
        PAUSE_MS = 100
    };
    struct live_work *work = &live->work[backup - live->options.backups];
    int64_t now_ms = clock_monotonic_ms();

    work->messages += messages;
    work->bytes += bytes;
    if (now_ms - live->drawn_ms < PAUSE_MS)
        return;
    live->drawn_ms = now_ms;
    measure(live);
    draw(live, "");
}

void live_resting(struct live *live, const struct backup_config *backup, int64_t until_ms)
{
    size_t index = (size_t)(backup - live->options.backups);
    struct live_work now = live->work[index];

    now.is_begun = true;
    now.state = SESSION_WAITING;
    now.again_ms = until_ms;
    set_work(live, index, &now);
    measure(live);
    draw(live, "");
}

void live_known(struct live *live, const struct backup_config *backup)
{
    size_t index = (size_t)(backup - live->options.backups);

    if (!live->work[index].is_begun)
        set_work(live, index, &(struct live_work){.is_begun = true, .state = SESSION_DONE});
}

size_t live_columns(struct live *live)
{
    measure(live);
    return live->columns;
}

void live_keep(struct live *live, const char *lines)
{
    measure(live);
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

void live_hide(struct live *live)
{
    live->is_hidden = true;
    draw(live, "");
}

void live_show(struct live *live)
{
    live->is_hidden = false;
    measure(live);
    draw(live, "");
}
