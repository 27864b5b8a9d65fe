/* reply: bytes to one whole reply, however they are cut. */
#include "unit.h"

#include <mxpull/base/text.h>
#include <mxpull/smtp/reply.h>

#include <stdio.h>

struct row {
    const char *name;
    const char *bytes;
    size_t size; /* 0: strlen */
    enum status status;
    int code; /* 0: not complete */
    const char *text;
    size_t left; /* bytes not taken */
};

static const struct row rows[] = {
    {"one line", "250 OK\r\n", 0, STATUS_OK, 250, "OK", 0},
    {"bare code", "250\r\n", 0, STATUS_OK, 250, "", 0},
    {"code and a space", "250 \r\n", 0, STATUS_OK, 250, "", 0},
    {"bare LF", "250 OK\n", 0, STATUS_OK, 250, "OK", 0},
    {"more lines", "250-a\r\n250-b\r\n250 c\r\n", 0, STATUS_OK, 250, "a\nb\nc", 0},
    {"last line bare", "501-a\r\n501\r\n", 0, STATUS_OK, 501, "a\n", 0},
    {"bytes behind it", "250 OK\r\n421 bye\r\n", 0, STATUS_OK, 250, "OK", 9},
    {"8-bit text", "250 gr\xfc\xdf\r\n", 0, STATUS_OK, 250, "gr\xfc\xdf", 0},
    {"CR within", "250 a\rb\r\n", 0, STATUS_OK, 250, "a\rb", 0},
    {"half", "250-a\r\n250 b", 0, STATUS_OK, 0, "", 0},
    {"nothing", "", 0, STATUS_OK, 0, "", 0},
    {"mixed codes", "250-a\r\n251 b\r\n", 0, STATUS_PROTOCOL, 0, "", 0},
    {"NUL", "250 a\0b\r\n", 9, STATUS_PROTOCOL, 0, "", 0},
    {"NUL for a code", "\0\0\0\r\n", 5, STATUS_PROTOCOL, 0, "", 0},
    {"no code", "hello\r\n", 0, STATUS_PROTOCOL, 0, "", 0},
    {"empty line", "\r\n", 0, STATUS_PROTOCOL, 0, "", 0},
    {"two digits", "25 OK\r\n", 0, STATUS_PROTOCOL, 0, "", 0},
    {"four digits", "2500 OK\r\n", 0, STATUS_PROTOCOL, 0, "", 0},
    {"first digit 1", "150 OK\r\n", 0, STATUS_PROTOCOL, 0, "", 0},
    {"first digit 6", "650 OK\r\n", 0, STATUS_PROTOCOL, 0, "", 0},
    {"tab behind the code", "250\tOK\r\n", 0, STATUS_PROTOCOL, 0, "", 0},
    {"HTTP", "HTTP/1.1 400 Bad Request\r\n", 0, STATUS_PROTOCOL, 0, "", 0},
    {"SSH", "SSH-2.0-OpenSSH_9.2\r\n", 0, STATUS_PROTOCOL, 0, "", 0},
};

static enum status feed(struct reply *reply, const char *bytes, size_t size, size_t step,
                        size_t *left, bool *complete)
{
    enum status status = STATUS_OK;
    struct error error;

    *complete = false;
    while (size > 0 && status == STATUS_OK && !*complete) {
        size_t part = size < step ? size : step;
        size_t used = 0;

        status = reply_feed(reply, bytes, part, &used, complete, &error);
        bytes += used;
        size -= used;
        if (status == STATUS_OK && !*complete)
            assert_int_equal(used, part);
    }
    *left = size;
    return status;
}

/* Each row as a whole, and byte by byte, and by twos and threes. */
static void test_feed(void **state)
{
    const struct row *row = *state;
    size_t size = row->size > 0 ? row->size : strlen(row->bytes);

    for (size_t step = size + 1; step > 0; step = step > 3 ? 3 : step - 1) {
        struct reply reply;
        bool complete;
        size_t left;

        reply_init(&reply);
        assert_int_equal(feed(&reply, row->bytes, size, step, &left, &complete), row->status);
        assert_int_equal(complete, row->code != 0);
        if (complete) {
            assert_int_equal(reply.code, row->code);
            assert_string_equal(reply.text.bytes, row->text);
            assert_int_equal(left, row->left);
        }
        reply_reset(&reply);
        assert_int_equal(reply.code, 0);
        assert_string_equal(reply.text.bytes, "");
        reply_done(&reply);
    }
}

/* Feeds line count times and then last. */
static enum status feed_many(const char *line, size_t count, const char *last)
{
    enum status status = STATUS_OK;
    struct reply reply;
    bool complete;
    size_t left;

    reply_init(&reply);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = feed(&reply, line, strlen(line), SIZE_MAX, &left, &complete);
    if (status == STATUS_OK)
        status = feed(&reply, last, strlen(last), SIZE_MAX, &left, &complete);
    reply_done(&reply);
    return status;
}

static void test_ceilings(void **state)
{
    static char line[REPLY_LINE_SIZE_MAX + 2];

    (void)state;
    assert_int_equal(feed_many("250-x\r\n", REPLY_LINES_MAX - 1, "250 x\r\n"), STATUS_OK);
    assert_int_equal(feed_many("250-x\r\n", REPLY_LINES_MAX, "250 x\r\n"), STATUS_LIMIT);
    assert_int_equal(feed_many("250-x\r\n", 100000, "250 x\r\n"), STATUS_LIMIT);
    memset(line, 'x', sizeof line - 1);
    memcpy(line, "250-", 4);
    line[REPLY_LINE_SIZE_MAX - 1] = '\n';
    line[REPLY_LINE_SIZE_MAX] = '\0';
    assert_int_equal(feed_many(line, 33, "250 x\r\n"), STATUS_LIMIT);
    line[REPLY_LINE_SIZE_MAX - 1] = 'x';
    assert_int_equal(feed_many("", 0, line), STATUS_OK);
    line[REPLY_LINE_SIZE_MAX] = 'x';
    assert_int_equal(feed_many("", 0, line), STATUS_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ceilings)};

    return unit_status(RUN_TABLE(rows, test_feed) + cmocka_run_group_tests(tests, NULL, NULL));
}
