/* guard: the end of a message's content, which CRLF "." CRLF is alone, and every sequence that
 * servers have been seen to take for it instead. */
#include "test_guard.h"

#include <stdio.h>

struct row {
    const char *name;
    const char *content;
    const char *passed; /* NULL: all of it; else it is smuggling, and this is what passes */
};

static const struct row rows[] = {
    {"LF . LF", "a\n.\nb", "a\n"},
    {"LF . CRLF", "a\n.\r\nb", "a\n"},
    {"LF . CR", "a\n.\rb", "a\n"},
    {"LF . CR CRLF", "a\n.\r\r\n", "a\n"},
    {"CR . CR", "a\r.\rb", "a\r"},
    {"CR . CRLF", "a\r.\r\nb", "a\r"},
    {"CR . LF", "a\r.\nb", "a\r"},
    {"CRLF . LF", "a\r\n.\nb", "a\r\n"},
    {"CRLF . CR", "a\r\n.\rb", "a\r\n"},
    {"CRLF . CR CRLF", "a\r\n.\r\r\n", "a\r\n"},
    {"CRLF . CR .", "a\r\n.\r.\r\n", "a\r\n"},
    {"LF LF . LF", "a\n\n.\nb", "a\n\n"},
    {"LF CR . LF", "a\n\r.\nb", "a\n\r"},
    {"CR CR . CR", "a\r\r.\rb", "a\r\r"},
    {"CRLF LF . CRLF", "a\r\n\n.\r\n", "a\r\n\n"},
    {"CRLF CR . CRLF", "a\r\n\r.\r\n", "a\r\n\r"},
    {"first . LF", ".\nb", ""},
    {"first . CR", ".\rb", ""},
    {"first LF . CRLF", "\n.\r\n", "\n"},
    {"first CR . CRLF", "\r.\r\n", "\r"},
    {"LF . CRLF behind long text",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n..\r\n.b\r\nc\n.\r\n",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n..\r\n.b\r\nc\n"},
    {"CRLF . CRLF", "a\r\n.\r\n", NULL},
    {"first . CRLF", ".\r\n", NULL},
    {"CRLF . CRLF first", "\r\n.\r\n", NULL},
    {"CR CRLF . CRLF", "a\r\r\n.\r\n", NULL},
    {"LF CRLF . CRLF", "a\n\r\n.\r\n", NULL},
    {"LF . . LF", "a\n..\n\r\n.\r\n", NULL},
    {"LF . space", "a\n. \n\r\n.\r\n", NULL},
    {"CRLF . . CRLF", "\r\n..\r\n.\r\n", NULL},
    {"dots and other bytes", "\r\n.x\r\n\x01\x02\xff\r\n.\r\n", NULL},
};

static void open_content(struct talk *talk)
{
    talk_open(talk, false);
    talk->has_other = true;
    talk_say(talk, GUARD_PROVIDER, MAIL RCPT DATA);
    talk_say(talk, GUARD_PRIMARY, OK OK GO);
    assert_int_equal(guard_waits_for(talk->guard), GUARD_WAIT_DATA);
    buffer_clear(&talk->provider);
    buffer_clear(&talk->primary);
}

/* Nothing of the message is passed from the dot on. At its end, which may have come already, it is refused. */
static void expect_smuggled(struct talk *talk, const char *passed, size_t size)
{
    assert_int_equal(talk->state, GUARD_LOST);
    talk_say(talk, GUARD_PROVIDER, "\r\n.\r\n");
    talk_say(talk, GUARD_PROVIDER, "\r\n.\r\n");
    assert_int_equal(talk->state, GUARD_LOST);
    assert_string_equal(talk->provider.bytes, SMUGGLED);
    assert_int_equal(talk->primary.size, size);
    assert_memory_equal(talk->primary.bytes, passed, size);
}

/* Each row whole, byte by byte, and cut at every place. */
static void test_end(void **state)
{
    const struct row *row = *state;
    size_t size = strlen(row->content);

    for (size_t at = 0; at <= size; at++) {
        struct talk talk;

        open_content(&talk);
        talk_feed(&talk, GUARD_PROVIDER, row->content, at, at);
        talk_feed(&talk, GUARD_PROVIDER, row->content + at, size - at, at == 0 ? 1 : size);
        if (row->passed != NULL)
            expect_smuggled(&talk, row->passed, strlen(row->passed));
        else
            talk_expect(&talk, "", row->content, GUARD_OPEN);
        assert_int_equal(guard_waits_for(talk.guard) == GUARD_WAIT_ACCEPTED, row->passed == NULL);
        talk_close(&talk);
    }
}

static bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

/* What ought to become of content, found the slow way. Returns the bytes that pass. */
static size_t judge(const char *content, bool *ends, bool *is_smuggled)
{
    char text[32];
    size_t size = (size_t)snprintf(text, sizeof text, "\r\n%s", content);

    *ends = *is_smuggled = false;
    for (size_t i = 2; i < size; i++) {
        if (text[i] != '.' || !is_line_end(text[i - 1]))
            continue;
        bool behind_crlf = text[i - 2] == '\r' && text[i - 1] == '\n';

        if (i + 1 == size || (behind_crlf && text[i + 1] == '\r' && i + 2 == size))
            return i - 2; /* not clear yet */
        if (!is_line_end(text[i + 1]))
            continue;
        *ends = behind_crlf && text[i + 1] == '\r' && text[i + 2] == '\n';
        *is_smuggled = !*ends;
        return *ends ? i + 1 : i - 2;
    }
    return size - 2;
}

/* Every text of up to seven characters out of CR, LF, dot and a letter, whole and byte by byte. */
static void test_all_texts(void **state)
{
    enum {
        SIZE = 7
    };

    (void)state;
    for (unsigned number = 0; number < 1U << (2 * SIZE); number++) {
        char content[SIZE + 1] = "";
        bool ends, is_smuggled;

        for (size_t i = 0; i < SIZE; i++)
            content[i] = "\r\n.a"[number >> (2 * i) & 3U];
        size_t passed = judge(content, &ends, &is_smuggled);
        for (size_t step = 1; step <= SIZE; step += SIZE - 1) {
            struct talk talk;

            open_content(&talk);
            for (size_t i = 0; i < SIZE && talk.state == GUARD_OPEN; i += step) {
                if (guard_waits_for(talk.guard) != GUARD_WAIT_DATA)
                    break;
                talk_feed(&talk, GUARD_PROVIDER, content + i, step, step);
            }
            if (!ends || step == 1) {
                assert_int_equal(talk.primary.size, passed);
                assert_memory_equal(talk.primary.bytes, content, passed);
            }
            assert_int_equal(guard_waits_for(talk.guard) == GUARD_WAIT_ACCEPTED, ends);
            if (is_smuggled)
                expect_smuggled(&talk, content, passed);
            talk_close(&talk);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_texts)};

    return unit_status(RUN_TABLE(rows, test_end) + cmocka_run_group_tests(tests, NULL, NULL));
}
