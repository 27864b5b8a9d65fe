#ifndef MXPULL_TESTS_TEST_LOG_TAIL_H
#define MXPULL_TESTS_TEST_LOG_TAIL_H

/* A log that is followed, and what was heard of it. */

#include "directory.h"
#include "unit.h"

#include <mxpull/arrival/log_tail.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/signals.h>

#include <support_words.h>

enum {
    PATIENCE_MS = 180 * 1000,
    QUIET_MS = 1500 /* longer than a look takes to come */
};

struct fixture {
    struct loop *loop;
    struct log_tail *tail;
    char path[600];
    char heard[4000]; /* the message-ids, as "1 2 3" */
    char lost[400];
    int found;
};

static inline void on_heard(void *context, const struct arrival *arrival, int64_t at_ms)
{
    struct fixture *f = context;
    size_t size = strlen(f->heard);

    assert_true(llabs((long long)(at_ms - clock_wall_ms())) < PATIENCE_MS);
    (void)snprintf(f->heard + size, sizeof f->heard - size, "%s%s", size > 0 ? " " : "",
                   arrival->message_id);
}

static inline void on_found(void *context)
{
    struct fixture *f = context;

    f->found++;
}

static inline void on_lost(void *context, const char *why)
{
    struct fixture *f = context;

    assert_string_equal(f->lost, ""); /* once */
    (void)snprintf(f->lost, sizeof f->lost, "%s", why);
}

static inline void wake(void *context)
{
    loop_wake(context);
}

static inline void follow(struct fixture *f, const char *setting)
{
    struct log_tail_options options = {.loop = f->loop,
                                       .setting = setting,
                                       .heard = on_heard,
                                       .found = on_found,
                                       .lost = on_lost,
                                       .context = f};
    struct error error = {.text = ""};

    f->tail = log_tail_open(&options, &error);
    assert_string_equal(error.text, "");
    assert_non_null(f->tail);
}

static inline void follow_file(struct fixture *f)
{
    char *setting = memory_format("file:%s", f->path);

    follow(f, setting);
    assert_string_equal(log_tail_source(f->tail), f->path);
    free(setting);
}

static inline void begin(struct fixture *f)
{
    struct error error;

    memset(f, 0, sizeof *f);
    f->loop = loop_new(&error);
    assert_non_null(f->loop);
    signals_start(SIGNALS_RUN, wake, f->loop);
    (void)snprintf(f->path, sizeof f->path, "%s", in_directory("mail.log"));
    (void)remove(f->path);
}

static inline void end(struct fixture *f)
{
    log_tail_close(f->tail);
    signals_end();
    loop_free(f->loop);
}

static inline void add_bytes(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "ab");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline void add(const char *path, const char *text)
{
    add_bytes(path, text, strlen(text));
}

/* A whole line of Exim's: heard as <id>. */
static inline void add_message(const char *path, int id)
{
    char line[200];

    (void)snprintf(line, sizeof line,
                   "2026-11-29 06:59:09 1xXYsP-0003Py-0B <= a@b H=c [192.0.2.7] S=2 id=%d\n", id);
    add(path, line);
}

/* Until that was heard, or three minutes have passed. */
static inline void expect(struct fixture *f, const char *heard)
{
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;

    while (strcmp(f->heard, heard) != 0 && clock_monotonic_ms() < until_ms && *f->lost == '\0')
        loop_turn(f->loop, until_ms);
    assert_string_equal(f->lost, "");
    assert_string_equal(f->heard, heard);
}

static inline void expect_lost(struct fixture *f, const char *why)
{
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;

    while (*f->lost == '\0' && clock_monotonic_ms() < until_ms)
        loop_turn(f->loop, until_ms);
    if (strstr(f->lost, why) == NULL)
        assert_string_equal(f->lost, why);
}

static inline void run_for(struct fixture *f, int64_t ms)
{
    int64_t until_ms = clock_monotonic_ms() + ms;

    while (clock_monotonic_ms() < until_ms)
        loop_turn(f->loop, until_ms);
}

#endif
