/* base: text, durations, buffers, the log line. */
#include "unit.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/duration.h>
#include <mxpull/base/log.h>
#include <mxpull/base/text.h>

struct duration_row {
    const char *text;
    bool good;
    int64_t seconds;
    const char *written;
};

static const struct duration_row durations[] = {
    {"0", true, 0, "0s"},
    {"0s", true, 0, "0s"},
    {"30s", true, 30, "30s"},
    {"90s", true, 90, "1m30s"},
    {"4h", true, 14400, "4h"},
    {"1h30m", true, 5400, "1h30m"},
    {"1w2d", true, 777600, "9d"},
    {"400d", true, 34560000, "400d"},
    {"3660d", true, 316224000, "3660d"},
    {"", false, 0, ""},
    {"4", false, 0, ""},
    {"4 h", false, 0, ""},
    {"h", false, 0, ""},
    {"-4h", false, 0, ""},
    {"30m1h", false, 0, ""},
    {"1h1h", false, 0, ""},
    {"4hours", false, 0, ""},
    {"99999w", false, 0, ""},
    {"18446744073709551617s", false, 0, ""},
    {"3660d1s", false, 0, ""},
    {"1.5h", false, 0, ""},
};

static void test_duration(void **state)
{
    const struct duration_row *row = *state;
    char written[DURATION_TEXT_SIZE];
    int64_t seconds = -1;

    assert_int_equal(duration_parse(row->text, &seconds), row->good);
    assert_int_equal(seconds, row->good ? row->seconds : -1);
    if (row->good)
        assert_string_equal(duration_format(written, seconds), row->written);
}

struct printable_row {
    const char *name;
    const char *text;
    size_t size;
    const char *shown;
};

static const struct printable_row printables[] = {
    {"plain", "250 OK", 6, "250 OK"},
    {"line end", "a\r\nb\tc", 6, "a\\r\\nb\\tc"},
    {"escape sequence", "\x1b[2J", 4, "\\x1b[2J"},
    {"NUL", "a\0b", 3, "a\\x00b"},
    {"DEL", "\x7f", 1, "\\x7f"},
    {"backslash", "a\\n", 3, "a\\\\n"},
    {"UTF-8", "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f"},
    {"Latin-1", "gr\xfc", 3, "gr\\xfc"},
    {"C1 control in UTF-8", "\xc2\x9b", 2, "\\xc2\\x9b"},
    {"right-to-left override", "\xe2\x80\xae", 3, "\\xe2\\x80\\xae"},
    {"overlong slash", "\xc0\xaf", 2, "\\xc0\\xaf"},
    {"surrogate", "\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},
    {"cut sequence", "\xe2\x82", 2, "\\xe2\\x82"},
    {"beyond Unicode", "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"},
};

static void test_printable(void **state)
{
    const struct printable_row *row = *state;
    struct buffer shown;

    buffer_init(&shown, 1000);
    text_printable(&shown, row->text, row->size);
    assert_string_equal(shown.bytes, row->shown);
    buffer_done(&shown);
}

static void test_printable_stops_at_whole_escape(void **state)
{
    char shown[7];

    (void)state;
    assert_string_equal(text_printable_copy(shown, sizeof shown, "abc\x01z"), "abc");
    assert_string_equal(text_printable_copy(shown, sizeof shown, "ab\x01z"), "ab\\x01");
    assert_string_equal(text_printable_copy(shown, 4, "abcdef"), "abc");
    assert_string_equal(text_printable_copy(shown, 4, "abc"), "abc");
}

static void test_number(void **state)
{
    int64_t value = -1;

    (void)state;
    assert_true(text_to_number("65535", 1, 65535, &value));
    assert_int_equal(value, 65535);
    assert_false(text_to_number("65536", 1, 65535, &value));
    assert_false(text_to_number("", 0, 10, &value));
    assert_false(text_to_number("1x", 0, 10, &value));
    assert_false(text_to_number("+1", 0, 10, &value));
    assert_false(text_to_number("99999999999999999999999", 0, INT64_MAX, &value));
    assert_int_equal(value, 65535);
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(text_equal("Example.COM", "example.com"));
    assert_false(text_equal("example.com", "example.co"));
    assert_false(text_equal("example.co", "example.com"));
    assert_true(text_starts_with("AUTH PLAIN", "auth "));
    assert_false(text_starts_with("AUT", "auth"));
    assert_true(text_equal_part("ETRN", "etrn x", 4));
    assert_false(text_equal_part("ETRN", "etrnx", 5));
}

static void test_buffer_keeps_its_limit(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 10);
    assert_string_equal(buffer.bytes, "");
    assert_int_equal(buffer_append(&buffer, "0123456789", 10), STATUS_OK);
    assert_int_equal(buffer_append(&buffer, "x", 1), STATUS_LIMIT);
    assert_int_equal(buffer_append_format(&buffer, "%d", 1), STATUS_LIMIT);
    assert_string_equal(buffer.bytes, "0123456789");
    buffer_consume(&buffer, 4);
    assert_string_equal(buffer.bytes, "456789");
    assert_int_equal(buffer_append_format(&buffer, "%s", "abcd"), STATUS_OK);
    assert_string_equal(buffer.bytes, "456789abcd");
    buffer_consume(&buffer, 99);
    assert_int_equal(buffer.size, 0);
    buffer_done(&buffer);
}

static void keep(void *context, const struct log_event *event)
{
    log_format(context, event);
}

static void test_log_line(void **state)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = "mx2"},
        {.key = "code", .number = 250},
        {.key = "text", .text = "a \"b\" \x1b[2J\n"},
        {.key = "empty", .text = ""},
    };
    struct buffer line;

    (void)state;
    buffer_init(&line, 1000);
    log_open(LEVEL_INFO, keep, &line);
    log_fields(LEVEL_DEBUG, fields, COUNT_OF(fields));
    assert_string_equal(line.bytes, "");
    log_fields(LEVEL_INFO, fields, COUNT_OF(fields));
    assert_string_equal(line.bytes,
                        "backup=mx2 code=250 text=\"a \\\"b\\\" \\x1b[2J\\n\" empty=\"\"");
    buffer_clear(&line);
    log_message(LEVEL_ERROR, "%s", "one\ntwo");
    assert_string_equal(line.bytes, "one\\ntwo");
    log_open(LEVEL_ERROR, NULL, NULL);
    assert_false(log_wants(LEVEL_ERROR));
    buffer_done(&line);
}

static void test_error_prefix(void **state)
{
    struct error error;

    (void)state;
    assert_int_equal(error_set(&error, STATUS_TLS, "%s", "expired"), STATUS_TLS);
    assert_int_equal(error_prefix(&error, "mx%d", 2), STATUS_TLS);
    assert_string_equal(error.text, "mx2: expired");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printable_stops_at_whole_escape),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_buffer_keeps_its_limit),
        cmocka_unit_test(test_log_line),
        cmocka_unit_test(test_error_prefix),
    };

    return RUN_TABLE(durations, test_duration) + RUN_TABLE(printables, test_printable) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
