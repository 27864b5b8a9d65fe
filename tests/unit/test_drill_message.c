/* The message of a drill: its header, its lines, and its date. */
#include "unit.h"

#include "drill_message.h"
#include <mxpull/base/compiler.h>

static const struct drill_message plain = {
    .ehlo_name = "mail.example.com",
    .recipient = "postmaster@example.com",
    .backup = "mx2",
    .domain = "example.com",
    .host = "mx2.example.net",
    .token = "00112233445566778899aabbccddeeff",
    .at_ms = INT64_C(1795948848123), /* 2026-11-29T10:40:48Z */
};

static void format(struct buffer *text, const struct drill_message *message)
{
    buffer_init(text, 8 * 1024);
    drill_message_format(text, message);
}

static void test_header(void **state)
{
    static const char *const fields[] = {
        "From: mxpull <mxpull@mail.example.com>\r\n",
        "To: <postmaster@example.com>\r\n",
        "Date: Sun, 29 Nov 2026 10:40:48 +0000\r\n",
        "Message-ID: <drill.00112233445566778899aabbccddeeff@mail.example.com>\r\n",
        "Subject: mxpull drill 00112233445566778899aabbccddeeff\r\n",
        "Auto-Submitted: auto-generated\r\n",
    };
    struct buffer text;

    (void)state;
    format(&text, &plain);
    const char *end = strstr(text.bytes, "\r\n\r\n");
    assert_non_null(end);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const char *field = strstr(text.bytes, fields[i]);

        assert_true(field != NULL && field < end);
        assert_true(field == text.bytes || field[-1] == '\n');
    }
    assert_non_null(strstr(end, "Nothing is to be done"));
    assert_non_null(strstr(end, "mx2 (mx2.example.net)"));
    buffer_done(&text);
}

/* Whatever the names are: ASCII, whole lines of CRLF, none over RFC 5322's 998, no second header; and nothing is cut off. */
static void test_lines(void **state)
{
    static char label[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    static char local[] = "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll";
    char domain[256], address[400];

    (void)state;
    (void)snprintf(domain, sizeof domain, "%s.%s.%s.%.61s", label, label, label, label);
    (void)snprintf(address, sizeof address, "%s@%s", local, domain);
    const struct drill_message messages[] = {
        plain,
        {.ehlo_name = "[IPv6:2001:db8::1]",
         .recipient = "a@b.test",
         .domain = "b.test",
         .backup = "evil\r\nBcc: <x@y.test>\r\n\r\n.\r\n\xc3\xbc\xff\x1b[2J",
         .host = "192.0.2.1",
         .token = plain.token,
         .at_ms = 0},
        {.ehlo_name = domain,
         .recipient = address,
         .backup = address,
         .domain = domain,
         .host = domain,
         .token = plain.token,
         .at_ms = plain.at_ms},
    };
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        struct buffer text;
        size_t line = 0;

        format(&text, &messages[i]);
        assert_true(text.size > 600);
        assert_string_equal(text.bytes + text.size - 12, "answer to.\r\n");
        assert_null(strstr(text.bytes, "\nBcc"));
        for (size_t at = 0; at < text.size; at++) {
            unsigned char c = (unsigned char)text.bytes[at];

            assert_true((c >= ' ' && c < 0x7f) || c == '\r' || c == '\n');
            assert_int_equal(c == '\n', at > 0 && text.bytes[at - 1] == '\r');
            line = c == '\n' ? 0 : line + 1;
            assert_true(line <= 998);
        }
        buffer_done(&text);
    }
}

static void test_date(void **state)
{
    static const struct {
        int64_t at_s;
        const char *date;
    } dates[] = {{0, "Thu, 01 Jan 1970 00:00:00 +0000"},
                 {951782400, "Tue, 29 Feb 2000 00:00:00 +0000"},
                 {1798761599, "Thu, 31 Dec 2026 23:59:59 +0000"},
                 {1798761600, "Fri, 01 Jan 2027 00:00:00 +0000"}};
    char date[40];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(dates); i++) {
        drill_message_date(date, sizeof date, dates[i].at_s * 1000);
        assert_string_equal(date, dates[i].date);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_header), cmocka_unit_test(test_lines),
                                       cmocka_unit_test(test_date)};

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}
