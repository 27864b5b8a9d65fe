/* guard: the Message-ID of a message, which is noted and never changed. */
#include "test_guard.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X250 X50 X50 X50 X50 X50

struct row {
    const char *name;
    const char *content; /* without the final dot */
    const char *message_id;
};

static const struct row rows[] = {
    {"first", "Message-ID: <a@b.test>\r\nFrom: c\r\n\r\ntext\r\n", "<a@b.test>"},
    {"last, without a body", "From: c\r\nMessage-ID: <a@b.test>\r\n", "<a@b.test>"},
    {"any case, no blank", "Subject: x\r\nmESSAGE-id:<A@b.test>\r\n\r\n", "<A@b.test>"},
    {"blanks before the colon", "Message-ID \t: <a@b.test>\r\n\r\n", "<a@b.test>"},
    {"a comment before it", "Message-ID: (it) <a@b.test> (is)\r\n\r\n", "<a@b.test>"},
    {"folded", "Message-ID:\r\n\t<a@b.test>\r\nFrom: c\r\n\r\n", "<a@b.test>"},
    {"line ends of LF", "Subject: x\nMessage-ID: <a@b.test>\n\nx\r\n", "<a@b.test>"},
    {"the first of two", "Message-ID: <a@b.test>\r\nMessage-ID: <c@b.test>\r\n\r\n", "<a@b.test>"},
    {"another field that begins alike",
     "Message-ID-Old: <c@b.test>\r\nMessage-I: <d@b.test>\r\n\r\n", ""},
    {"a field that ends alike", "Resent-Message-ID: <c@b.test>\r\n\r\n", ""},
    {"in a folded line of another field", "Subject: x\r\n Message-ID: <c@b.test>\r\n\r\n", ""},
    {"in the body", "From: c\r\n\r\nMessage-ID: <c@b.test>\r\n", ""},
    {"in the body, line ends of LF", "From: c\n\nMessage-ID: <c@b.test>\r\n", ""},
    {"no header", "\r\nMessage-ID: <c@b.test>\r\n", ""},
    {"nothing", "", ""},
    {"a line that is no field", "Message-ID\r\nMessage-ID: <a@b.test>\r\n\r\n", "<a@b.test>"},
    {"empty", "Message-ID:\r\nFrom: <c@b.test>\r\n\r\n", ""},
    {"no angle brackets", "Message-ID: c@b.test\r\n\r\n", ""},
    {"a blank inside", "Message-ID: <a @b.test>\r\n\r\n", ""},
    {"a control character inside", "Message-ID: <a\x01@b.test>\r\n\r\n", ""},
    {"no end", "Message-ID: <a@b.test\r\n>\r\n\r\n", ""},
    {"the longest", "Message-ID: <" X250 X50 "\r\n\r\n", ""},
    {"one that fits", "Message-ID: <" X250 "@b.test>\r\n\r\n", "<" X250 "@b.test>"},
    {"behind long lines", "X: " X250 X250 "\r\n " X250 X250 "\r\nMessage-ID: <a@b.test>\r\n\r\n",
     "<a@b.test>"},
    {"a dot at the begin of a line", "Subject: x\r\n..Message-ID: <c@b.test>\r\n\r\n", ""},
};

static void begin_content(struct talk *talk)
{
    talk_say(talk, GUARD_PROVIDER, MAIL RCPT DATA);
    talk_say(talk, GUARD_PRIMARY, OK OK GO);
}

/* Each row whole, byte by byte, and cut at every place; the one before leaves nothing behind. */
static void test_message_id(void **state)
{
    const struct row *row = *state;
    const size_t size = strlen(row->content);
    struct talk talk;

    talk_open(&talk, false);
    for (size_t at = 0; at <= size; at++) {
        begin_content(&talk);
        buffer_clear(&talk.primary);
        talk_feed(&talk, GUARD_PROVIDER, row->content, at, at);
        talk_feed(&talk, GUARD_PROVIDER, row->content + at, size - at, at == 0 ? 1 : size);
        assert_int_equal(talk.primary.size, size);
        assert_memory_equal(talk.primary.bytes, row->content, size);
        talk_say(&talk, GUARD_PROVIDER, size > 0 ? ".\r\n" : "\r\n.\r\n");
        talk_say(&talk, GUARD_PRIMARY, OK);
        assert_string_equal(talk.message_id, row->message_id);
        assert_int_equal(talk.state, GUARD_OPEN);
    }
    talk_close(&talk);
}

/* However long a header is, it is looked at to a bound, and passes. */
static void test_endless_header(void **state)
{
    static const char line[] = "X-Long: " X250 "\r\n";
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    begin_content(&talk);
    buffer_clear(&talk.primary);
    for (size_t i = 0; i < 2000; i++)
        talk_say(&talk, GUARD_PROVIDER, line);
    talk_say(&talk, GUARD_PROVIDER, "Message-ID: <a@b.test>\r\n\r\n.\r\n");
    talk_say(&talk, GUARD_PRIMARY, OK);
    assert_string_equal(talk.message_id, "");
    assert_int_equal(talk.primary.size, 2000 * (sizeof line - 1) + 29);
    talk_close(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_endless_header)};

    return unit_status(RUN_TABLE(rows, test_message_id) +
                       cmocka_run_group_tests(tests, NULL, NULL));
}
