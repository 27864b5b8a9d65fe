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
    {"99999w", false, 0, "too long"},
    {"18446744073709551617s", false, 0, "too long"},
    {"99999999999999999999w99999999999999999999d", false, 0, "too long"},
    {"99999999999999999999x", false, 0, ""},
    {"99999999999999999999", false, 0, ""},
    {"3660d1s", false, 0, "too long"},
    {"1.5h", false, 0, ""},
};

static void test_duration(void **state)
{
    const struct duration_row *row = *state;
    char written[DURATION_TEXT_SIZE];
    int64_t seconds = -1;

    assert_int_equal(duration_parse(row->text, &seconds), row->good ? STATUS_OK
                                                          : strcmp(row->written, "too long") == 0
                                                              ? STATUS_LIMIT
                                                              : STATUS_SYNTAX);
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
    {"soft hyphen", "\xc2\xad", 2, "\\xc2\\xad"},
    {"combining grapheme joiner", "\xcd\x8f", 2, "\\xcd\\x8f"},
    {"Arabic number sign", "\xd8\x80", 2, "\\xd8\\x80"},
    {"Arabic letter mark", "\xd8\x9c", 2, "\\xd8\\x9c"},
    {"end of ayah", "\xdb\x9d", 2, "\\xdb\\x9d"},
    {"Syriac abbreviation mark", "\xdc\x8f", 2, "\\xdc\\x8f"},
    {"Arabic pound mark above", "\xe0\xa2\x90", 3, "\\xe0\\xa2\\x90"},
    {"Arabic disputed end of ayah", "\xe0\xa3\xa2", 3, "\\xe0\\xa3\\xa2"},
    {"Hangul filler", "\xe1\x85\xa0", 3, "\\xe1\\x85\\xa0"},
    {"Khmer inherent vowel", "\xe1\x9e\xb4", 3, "\\xe1\\x9e\\xb4"},
    {"Mongolian vowel separator", "\xe1\xa0\x8e", 3, "\\xe1\\xa0\\x8e"},
    {"zero width space", "\xe2\x80\x8b", 3, "\\xe2\\x80\\x8b"},
    {"zero width joiner", "\xe2\x80\x8d", 3, "\\xe2\\x80\\x8d"},
    {"left-to-right mark", "\xe2\x80\x8e", 3, "\\xe2\\x80\\x8e"},
    {"right-to-left mark", "\xe2\x80\x8f", 3, "\\xe2\\x80\\x8f"},
    {"line separator", "\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8"},
    {"paragraph separator", "\xe2\x80\xa9", 3, "\\xe2\\x80\\xa9"},
    {"left-to-right embedding", "\xe2\x80\xaa", 3, "\\xe2\\x80\\xaa"},
    {"word joiner", "\xe2\x81\xa0", 3, "\\xe2\\x81\\xa0"},
    {"invisible times", "\xe2\x81\xa2", 3, "\\xe2\\x81\\xa2"},
    {"right-to-left isolate", "\xe2\x81\xa7", 3, "\\xe2\\x81\\xa7"},
    {"pop directional isolate", "\xe2\x81\xa9", 3, "\\xe2\\x81\\xa9"},
    {"inhibit symmetric swapping", "\xe2\x81\xaa", 3, "\\xe2\\x81\\xaa"},
    {"blank of Braille", "\xe2\xa0\x80", 3, "\\xe2\\xa0\\x80"},
    {"wide Hangul filler", "\xe3\x85\xa4", 3, "\\xe3\\x85\\xa4"},
    {"noncharacter", "\xef\xb7\x90", 3, "\\xef\\xb7\\x90"},
    {"variation selector", "\xef\xb8\x8f", 3, "\\xef\\xb8\\x8f"},
    {"zero width no-break space", "\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf"},
    {"half-width Hangul filler", "\xef\xbe\xa0", 3, "\\xef\\xbe\\xa0"},
    {"interlinear annotation anchor", "\xef\xbf\xb9", 3, "\\xef\\xbf\\xb9"},
    {"end of the plane", "\xef\xbf\xbe", 3, "\\xef\\xbf\\xbe"},
    {"Kaithi number sign", "\xf0\x91\x82\xbd", 4, "\\xf0\\x91\\x82\\xbd"},
    {"Egyptian hieroglyph joiner", "\xf0\x93\x90\xb0", 4, "\\xf0\\x93\\x90\\xb0"},
    {"shorthand overlap", "\xf0\x9b\xb2\xa0", 4, "\\xf0\\x9b\\xb2\\xa0"},
    {"musical begin beam", "\xf0\x9d\x85\xb3", 4, "\\xf0\\x9d\\x85\\xb3"},
    {"end of the second plane", "\xf0\x9f\xbf\xbf", 4, "\\xf0\\x9f\\xbf\\xbf"},
    {"language tag", "\xf3\xa0\x80\x81", 4, "\\xf3\\xa0\\x80\\x81"},
    {"tag letter", "\xf3\xa0\x81\xa1", 4, "\\xf3\\xa0\\x81\\xa1"},
    {"selector supplement", "\xf3\xa0\x84\x80", 4, "\\xf3\\xa0\\x84\\x80"},
    {"private plane", "\xf4\x8f\xbf\xbd", 4, "\\xf4\\x8f\\xbf\\xbd"},
    {"no-break space", "\xc2\xa0", 2, "\xc2\xa0"},
    {"combining acute", "\xcc\x81", 2, "\xcc\x81"},
    {"Hebrew", "\xd7\x90", 2, "\xd7\x90"},
    {"hyphen", "\xe2\x80\x90", 3, "\xe2\x80\x90"},
    {"bullet", "\xe2\x80\xa2", 3, "\xe2\x80\xa2"},
    {"replacement character", "\xef\xbf\xbd", 3, "\xef\xbf\xbd"},
    {"emoji", "\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80"},
    {"rare ideograph", "\xf0\xaa\x9b\x96", 4, "\xf0\xaa\x9b\x96"},
};

static void test_printable(void **state)
{
    const struct printable_row *row = *state;
    struct buffer shown;

    buffer_init(&shown, 1000);
    text_printable(&shown, row->text, row->size);
    assert_string_equal(shown.bytes, row->shown);
    if (memchr(row->text, '\0', row->size) == NULL)
        assert_int_equal(text_is_shown(row->text),
                         strchr(row->shown, '\\') == NULL || strstr(row->shown, "\\\\") != NULL);
    buffer_done(&shown);
}

struct cut_row {
    const char *name;
    size_t limit;
    const char *text;
    const char *printable;
    const char *as_it_is; /* cut by text_append_cut */
};

static const struct cut_row cuts[] = {
    {"fits", 6, "abcdef", "abcdef", "abcdef"},
    {"one too long", 6, "abcdefg", "abc…", "abc…"},
    {"escape that fits", 6, "ab\x01", "ab\\x01", "ab\x01"},
    {"escape with more behind it", 6, "ab\x01z", "ab…", "ab\x01z"},
    {"escape that does not fit", 6, "abc\x01z", "abc…", "abc\x01z"},
    {"character", 6, "ab\xc3\xa4\xc3\xa4z", "ab…", "ab…"},
    {"before a character", 5, "a\xc3\xa4\xc3\xa4z", "a…", "a…"},
    {"no room but for the mark", 3, "abcd", "…", "…"},
    {"no room at all", 2, "abc", "", ""},
    {"long", 20, "0123456789012345678901234567890", "01234567890123456…", "01234567890123456…"},
};

static void test_cut(void **state)
{
    const struct cut_row *row = *state;
    struct buffer shown;
    char copy[40];

    buffer_init(&shown, row->limit);
    text_printable(&shown, row->text, strlen(row->text));
    assert_string_equal(shown.bytes, row->printable);
    assert_string_equal(text_printable_copy(copy, row->limit + 1, row->text), row->printable);
    buffer_clear(&shown);
    text_append_cut(&shown, row->text, 1000);
    assert_string_equal(shown.bytes, row->as_it_is);
    buffer_done(&shown);
    buffer_init(&shown, 1000);
    text_append_cut(&shown, row->text, row->limit);
    assert_string_equal(shown.bytes, row->as_it_is);
    assert_string_equal(text_copy_cut(copy, row->limit + 1, row->text), row->as_it_is);
    buffer_done(&shown);
}

/* What stands before it is not touched, even where the mark has no room. */
static void test_cut_leaves_what_was_there(void **state)
{
    struct buffer shown;

    (void)state;
    for (size_t limit = 6; limit <= 10; limit++) {
        buffer_init(&shown, limit);
        (void)buffer_append_text(&shown, "before");
        text_printable(&shown, "behind", 6);
        assert_memory_equal(shown.bytes, "before", 6);
        assert_string_equal(shown.bytes + 6, limit < 9 ? "" : limit == 9 ? "…" : "b…");
        buffer_done(&shown);
    }
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
    buffer_clear(&line);

    char said[4000];
    memset(said, 'x', sizeof said - 1);
    said[sizeof said - 1] = '\0';
    line.limit = sizeof said;
    log_message(LEVEL_ERROR, "%s", said);
    assert_int_equal(line.size, 1999);
    assert_string_equal(line.bytes + line.size - strlen("x…"), "x…");
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

    char said[2 * ERROR_TEXT_SIZE];
    memset(said, 'x', sizeof said - 1);
    said[sizeof said - 1] = '\0';
    (void)error_set(&error, STATUS_TLS, "%s", said);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    assert_non_null(strstr(error.text, "x…"));
    (void)error_prefix(&error, "mx%d", 2);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    assert_non_null(strstr(error.text, "x…"));
    assert_true(text_starts_with(error.text, "mx2: xxx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_leaves_what_was_there),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_buffer_keeps_its_limit),
        cmocka_unit_test(test_log_line),
        cmocka_unit_test(test_error_prefix),
    };

    return unit_status(RUN_TABLE(durations, test_duration) + RUN_TABLE(printables, test_printable) +
                       RUN_TABLE(cuts, test_cut) + cmocka_run_group_tests(tests, NULL, NULL));
}
