/* cli: the live table, on a terminal that is played here: what it is told must fit it, and leave
 * nothing behind but the answers. */
#include "random.h"
#include "unit.h"

#include <cli/report.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>

enum {
    BACKUPS_MAX = 100,
    DOMAINS = 2,
    COLUMNS_MAX = 200,
    ROWS_MAX = 60,
    CELL_SIZE = 5,
    EVENTS_MAX = 9
};

static struct loop *loop;

/* ---- a terminal ---- */

/* It knows no more than a live table may use; all else fails the test. */
struct terminal {
    size_t columns, rows;
    size_t x, y;
    char cells[ROWS_MAX][COLUMNS_MAX][CELL_SIZE];
    struct buffer kept; /* the lines that have gone up out of the screen */
};

static void terminal_init(struct terminal *terminal, size_t columns, size_t rows)
{
    memset(terminal, 0, sizeof *terminal);
    terminal->columns = columns;
    terminal->rows = rows;
    buffer_init(&terminal->kept, 1024 * 1024);
}

static void keep_line(struct terminal *terminal, size_t y)
{
    for (size_t x = 0; x < terminal->columns; x++)
        (void)buffer_append_text(&terminal->kept, terminal->cells[y][x]);
    (void)buffer_append_text(&terminal->kept, "\n");
}

static void line_feed(struct terminal *terminal)
{
    terminal->x = 0;
    if (terminal->y + 1 < terminal->rows) {
        terminal->y++;
        return;
    }
    keep_line(terminal, 0);
    memmove(terminal->cells[0], terminal->cells[1],
            sizeof terminal->cells[0] * (terminal->rows - 1));
    memset(terminal->cells[terminal->rows - 1], 0, sizeof terminal->cells[0]);
}

static void erase(struct terminal *terminal, bool below)
{
    memset(terminal->cells[terminal->y][terminal->x], 0,
           (COLUMNS_MAX - terminal->x) * sizeof terminal->cells[0][0]);
    for (size_t y = terminal->y + 1; below && y < terminal->rows; y++)
        memset(terminal->cells[y], 0, sizeof terminal->cells[y]);
}

/* What follows ESC [; returns where it ends. */
static const char *control(struct terminal *terminal, const char *bytes)
{
    char *end;
    unsigned long number = strtoul(bytes, &end, 10);

    switch (*end) {
    case 'A':
        assert_true(number > 0 && number <= terminal->y);
        terminal->y -= number;
        break;
    case 'K': erase(terminal, false); break;
    case 'J': erase(terminal, true); break;
    case 'm': break;
    default: fail_msg("unknown control sequence ending in %c", *end);
    }
    return end + 1;
}

static const char *character(struct terminal *terminal, const char *bytes)
{
    char cell[CELL_SIZE] = {*bytes};
    size_t size = 1;

    for (; (bytes[size] & 0xc0) == 0x80; size++)
        cell[size] = bytes[size];
    size_t width = size > 1 ? line_columns(cell) : 1;
    assert_true((unsigned char)*bytes >= ' ');
    assert_true(terminal->x + width <= terminal->columns); /* it would wrap */
    memcpy(terminal->cells[terminal->y][terminal->x], cell, sizeof cell);
    if (width == 2)
        terminal->cells[terminal->y][terminal->x + 1][0] = '\0';
    terminal->x += width;
    return bytes + size;
}

static void terminal_feed(struct terminal *terminal, const char *bytes)
{
    while (*bytes != '\0') {
        if (*bytes == '\n') {
            line_feed(terminal);
            bytes++;
        } else if (*bytes == '\r') {
            terminal->x = 0;
            bytes++;
        } else if (bytes[0] == '\x1b' && bytes[1] == '[') {
            bytes = control(terminal, bytes + 2);
        } else {
            bytes = character(terminal, bytes);
        }
    }
}

/* All lines above the cursor, those that went up included. */
static const char *terminal_text(struct terminal *terminal)
{
    for (size_t y = 0; y < terminal->y; y++)
        keep_line(terminal, y);
    for (size_t y = terminal->y; y < terminal->rows; y++)
        assert_string_equal(terminal->cells[y][0], "");
    return terminal->kept.bytes;
}

/* ---- a round ---- */

struct live_row {
    const char *name;
    size_t columns, rows;
    size_t backups;
    bool color;
};

static const struct live_row table[] = {
    {"80x24, 1 backup", 80, 24, 1, false},       {"80x24, 5 backups", 80, 24, 5, false},
    {"80x24, 100 backups", 80, 24, 100, false},  {"40x10, 1 backup", 40, 10, 1, false},
    {"40x10, 5 backups", 40, 10, 5, true},       {"40x10, 100 backups", 40, 10, 100, true},
    {"200x60, 100 backups", 200, 60, 100, true}, {"10x3, 5 backups", 10, 3, 5, false},
    {"3x2, 5 backups", 3, 2, 5, false},          {"1x1, 5 backups", 1, 1, 5, false},
};

struct scene {
    const struct live_row *row;
    struct backup_config backups[BACKUPS_MAX];
    struct config config;
    struct live_options options;
    struct gather *gather;
    char names[BACKUPS_MAX][32];
    unsigned events[BACKUPS_MAX]; /* how many each backup has had */
    struct live *live;
    struct output output;
    struct terminal terminal;
    long fed; /* bytes of the output that the terminal has had */
    struct buffer expected;
    uint64_t random;
    struct line_widths widths;
};

static unsigned draw(struct scene *scene, unsigned limit)
{
    return (unsigned)random_below(&scene->random, limit);
}

static const struct live_row *shown;

static struct terminal_size measure(FILE *stream)
{
    (void)stream;
    return (struct terminal_size){.columns = shown->columns, .rows = shown->rows};
}

/* What is gathered is told by keep_result. */
static void pass_by(void *context, const struct answers *answers)
{
    (void)context;
    (void)answers;
}

/* Lets the terminal read what was written since. */
static void look(struct scene *scene)
{
    FILE *stream = scene->output.stream;
    char bytes[64 * 1024];

    (void)fseek(stream, scene->fed, SEEK_SET);
    size_t size = fread(bytes, 1, sizeof bytes - 1, stream);
    bytes[size] = '\0';
    scene->fed += (long)size;
    (void)fseek(stream, 0, SEEK_END);
    terminal_feed(&scene->terminal, bytes);
}

/* Tells it, as a report does, and expects it to be kept. */
static void keep_result(struct scene *scene, const struct result *result)
{
    const struct answers answers = {result, result->text, 1, 1, false, NULL};
    struct line_look look = {.columns = scene->row->columns - 1};
    struct buffer text;

    report_append_answers(&scene->expected, &answers, look, scene->widths, NULL);
    look.color = scene->row->color;
    buffer_init(&text, 64 * 1024);
    report_append_answers(&text, &answers, look, scene->widths, NULL);
    live_answered(scene->live, result);
    live_keep(scene->live, text.bytes);
    buffer_done(&text);
}

static void answer(struct scene *scene, size_t index, unsigned domain)
{
    static const char *const domains[DOMAINS] = {"example.com", "\xe4\xbe\x8b\xe3\x81\x88.example"};
    static char said[] = "no \x1b[2J\n\xff\xe6\x97\xa5\xe6\x9c\xac and more than any line holds, "
                         "or nearly so, as it goes on and on";
    const struct result result = {.backup = &scene->backups[index],
                                  .domain = domains[domain],
                                  .known = true,
                                  .outcome = draw(scene, 2) ? OUTCOME_STARTED : OUTCOME_DENIED,
                                  .code = 459,
                                  .text = said};

    keep_result(scene, &result);
}

/* The next thing that happens to a backup. */
static void step(struct scene *scene, size_t index)
{
    static const char *const domains[DOMAINS] = {"example.com", "\xe4\xbe\x8b\xe3\x81\x88.example"};
    const struct backup_config *backup = &scene->backups[index];

    switch (scene->events[index]++) {
    case 0: live_moved(scene->live, backup, SESSION_CONNECTING, NULL); break;
    case 1: live_moved(scene->live, backup, SESSION_ASKING, domains[0]); break;
    case 2: answer(scene, index, 0); break;
    case 3: live_moved(scene->live, backup, SESSION_WAITING, NULL); break;
    case 4: live_moved(scene->live, backup, SESSION_CONNECTING, NULL); break;
    case 5: live_moved(scene->live, backup, SESSION_ASKING, domains[1]); break;
    case 6: answer(scene, index, 1); break;
    case 7: live_moved(scene->live, backup, SESSION_QUITTING, NULL); break;
    default: live_moved(scene->live, backup, SESSION_DONE, NULL); break;
    }
}

/* Something else writes on the terminal. */
static void disturb(struct scene *scene)
{
    const char *line = scene->row->columns > 4 ? "log\n" : "\n";

    live_hide(scene->live, true);
    output_write(&scene->output, line, strlen(line));
    (void)buffer_append_text(&scene->expected, line);
    live_hide(scene->live, false);
}

static enum stage stages[BACKUPS_MAX];

static const struct backup_config *first_backup;

static enum stage tell_stage(const struct round *round, const struct backup_config *backup)
{
    (void)round;
    return stages[backup - first_backup];
}

static void scene_init(struct scene *scene, const struct live_row *row)
{
    static char host[] = "mx.example.net", primary[] = "127.0.0.1:25";

    scene->row = shown = row;
    first_backup = scene->backups;
    scene->random = random_begin();
    scene->widths = (struct line_widths){.backup = 6, .domain = 12};
    buffer_init(&scene->expected, 1024 * 1024);
    terminal_init(&scene->terminal, row->columns, row->rows);
    scene->output.stream = tmpfile();
    assert_non_null(scene->output.stream);
    for (size_t i = 0; i < row->backups; i++) {
        (void)snprintf(scene->names[i], sizeof scene->names[i], "mx%zu%s", i,
                       i % 7 == 3 ? "\xc3\xa4\x07" : "");
        scene->backups[i] = (struct backup_config){.name = scene->names[i], .host = host};
    }
    scene->config = (struct config){.backups = scene->backups, .backup_count = row->backups};
    scene->config.primary.address.text = primary;
    scene->gather = gather_new(pass_by, NULL);
    scene->options.config = &scene->config;
    scene->live = live_new(&scene->options);
    scene->options = (struct live_options){.config = &scene->config,
                                           .loop = loop,
                                           .gather = scene->gather,
                                           .chosen_count = row->backups,
                                           .widths = scene->widths,
                                           .color = row->color,
                                           .output = &scene->output,
                                           .measure = measure,
                                           .stage = tell_stage};
}

static void test_live(void **state)
{
    struct scene *scene = memory_new(1, sizeof *scene);
    size_t left;

    scene_init(scene, *state);
    left = scene->row->backups * EVENTS_MAX;
    while (left > 0) {
        size_t index = draw(scene, (unsigned)scene->row->backups);

        if (scene->events[index] == EVENTS_MAX)
            continue;
        step(scene, index);
        left--;
        if (draw(scene, 50) == 0)
            disturb(scene);
        look(scene);
    }
    live_hide(scene->live, true);
    look(scene);
    assert_string_equal(terminal_text(&scene->terminal), scene->expected.bytes);
    live_free(scene->live);
    gather_free(scene->gather);
    buffer_done(&scene->expected);
    buffer_done(&scene->terminal.kept);
    (void)fclose(scene->output.stream);
    free(scene);
}

/* ---- single drawings ---- */

static void expect_screen(struct scene *scene, const char *const lines[], size_t count)
{
    look(scene);
    assert_int_equal(scene->terminal.y, count);
    for (size_t y = 0; y < count; y++) {
        char text[COLUMNS_MAX * CELL_SIZE] = "";

        for (size_t x = 0; x < scene->terminal.columns; x++)
            strcat(text, scene->terminal.cells[y][x]);
        assert_string_equal(text, lines[y]);
    }
}

static void test_rows(void **state)
{
    static const struct live_row row = {"", 60, 8, 5, false};
    static const char *const first[] = {"mx0     mx.example.net  connecting",
                                        "0 of 5 backups done, 1 working, 4 waiting"};
    static const char *const full[] = {
        "mx0     example.com   ETRN sent", "mx1     mx.example.net  connecting",
        "mx2     mx.example.net  connecting", "0 of 5 backups done, 5 working, 0 waiting"};
    static const char *const fewer[] = {"mx1     mx.example.net  connecting",
                                        "mx2     mx.example.net  connecting",
                                        "mx3\xc3\xa4\\x07  mx.example.net  connecting",
                                        "1 of 5 backups done, 4 working, 0 waiting"};
    struct scene *scene = memory_new(1, sizeof *scene);

    (void)state;
    scene_init(scene, &row);
    step(scene, 0);
    expect_screen(scene, first, COUNT_OF(first));
    for (size_t i = 1; i < row.backups; i++)
        step(scene, i);
    step(scene, 0);
    expect_screen(scene, full, COUNT_OF(full));
    live_moved(scene->live, &scene->backups[0], SESSION_DONE, NULL);
    expect_screen(scene, fewer, COUNT_OF(fewer));

    /* Nothing has changed: nothing is written. */
    long before = ftell(scene->output.stream);
    live_moved(scene->live, &scene->backups[4], SESSION_CONNECTING, NULL);
    assert_int_equal(ftell(scene->output.stream), before);

    for (size_t i = 1; i < row.backups; i++)
        live_moved(scene->live, &scene->backups[i], SESSION_DONE, NULL);
    expect_screen(scene, NULL, 0);
    live_free(scene->live);
    gather_free(scene->gather);
    buffer_done(&scene->terminal.kept);
    (void)fclose(scene->output.stream);
    free(scene);
}

/* What is waited for, how long so far, and when that ends: the rows change as time goes by. */
static void test_waits(void **state)
{
    static const struct live_row row = {"", 90, 12, 3, false};
    static const char *const look[] = {
        "your mail server  127.0.0.1:25  connected, no greeting yet, 12s, gives up in 4m48s",
        "0 of 3 backups done, 0 working, 3 waiting"};
    static const char *const sessions[] = {
        "mx0     mx.example.net  connected, no greeting", "mx1     mx.example.net  logging in",
        "mx2     mx.example.net  again in 4m", "0 of 3 backups done, 2 working, 1 waiting"};
    struct scene *scene = memory_new(1, sizeof *scene);
    int64_t now_ms = clock_monotonic_ms();
    struct preflight_wait wait = {
        .stage = PREFLIGHT_AT_GREETING, .since_ms = now_ms - 12400, .until_ms = now_ms + 288000};

    (void)state;
    scene_init(scene, &row);
    live_wait(scene->live, NULL);
    live_wait(scene->live, &wait);
    expect_screen(scene, look, COUNT_OF(look));

    /* Once a second. */
    long before = ftell(scene->output.stream);
    wait.until_ms += 60000;
    live_wait(scene->live, &wait);
    loop_turn(loop, 0);
    assert_int_equal(ftell(scene->output.stream), before);
    loop_turn(loop, clock_monotonic_ms() + 10000);
    assert_in_range(clock_monotonic_ms() - now_ms, 1000, 9000);
    assert_int_not_equal(ftell(scene->output.stream), before);

    live_wait(scene->live, NULL);
    for (size_t i = 0; i < 2; i++)
        live_moved(scene->live, &scene->backups[i], SESSION_CONNECTING, NULL);
    live_resting(scene->live, &scene->backups[2], clock_monotonic_ms() + 240000);
    stages[0] = STAGE_GREETING;
    stages[1] = STAGE_EHLO;
    live_wait(scene->live, &wait);
    live_wait(scene->live, NULL);
    expect_screen(scene, sessions, COUNT_OF(sessions));

    for (size_t i = 0; i < 3; i++)
        live_moved(scene->live, &scene->backups[i], SESSION_DONE, NULL);
    expect_screen(scene, NULL, 0);
    before = ftell(scene->output.stream);
    loop_turn(loop, clock_monotonic_ms() + 1100);
    assert_int_equal(ftell(scene->output.stream), before);
    live_free(scene->live);
    gather_free(scene->gather);
    buffer_done(&scene->terminal.kept);
    (void)fclose(scene->output.stream);
    free(scene);
}

static const struct arrival_account *
tell_arrival(const struct round *round, const struct backup_config *backup, int64_t *left_ms)
{
    static const struct arrival_account accounts[] = {
        {.messages = 3, .bytes = 12400}, {.messages = -1, .connections = 1}, {.messages = -1}};

    (void)round;
    *left_ms = 3600000;
    return &accounts[backup - first_backup];
}

/* Mail that is waited for. */
static void test_mail(void **state)
{
    static const struct live_row row = {"", 90, 12, 3, false};
    static const char *const rows[] = {"mx0     mx.example.net  3 messages, 12.4 KB, waits for 1h",
                                       "mx1     mx.example.net  1 connection, waits for 1h",
                                       "mx2     mx.example.net  no mail yet, waits for 1h",
                                       "0 of 3 backups done, 3 working, 0 waiting"};
    struct scene *scene = memory_new(1, sizeof *scene);

    (void)state;
    scene_init(scene, &row);
    scene->options.arrival = tell_arrival;
    for (size_t i = 0; i < 3; i++) {
        live_moved(scene->live, &scene->backups[i], SESSION_DONE, NULL);
        live_awaiting(scene->live, &scene->backups[i]);
    }
    expect_screen(scene, rows, COUNT_OF(rows));
    live_free(scene->live);
    gather_free(scene->gather);
    buffer_done(&scene->terminal.kept);
    (void)fclose(scene->output.stream);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_waits),
                                       cmocka_unit_test(test_mail)};
    int failed = 0;
    struct error error;

    loop = loop_new(&error);
    if (loop == NULL)
        return 1;
    failed += RUN_TABLE(table, test_live);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    loop_free(loop);
    return unit_status(failed);
}
