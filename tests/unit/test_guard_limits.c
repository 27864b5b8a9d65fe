/* guard: the EHLO filter, what the session waits for, and what a hostile side cannot exceed. */
#include "test_guard.h"

#include <stdio.h>
#include <stdlib.h>

struct row {
    const char *name;
    const char *reply;
    const char *shown;
};

static const struct row ehlo_rows[] = {
    {"one line", "250 x\r\n", "250 x\r\n"},
    {"all that is known",
     "250-x\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
     "250 ENHANCEDSTATUSCODES\r\n",
     "250-x\r\n250-PIPELINING\r\n250-SIZE "
     "10240000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"},
    {"all that must go",
     "250-x\r\n250-STARTTLS\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-AUTH "
     "PLAIN\r\n250-AUTH=PLAIN\r\n250-XCLIENT NAME\r\n"
     "250-XFORWARD NAME\r\n250-ETRN\r\n250-ATRN\r\n250-TURN\r\n250-VRFY\r\n250 EXPN\r\n",
     "250 x\r\n"},
    {"what is not needed",
     "250-x\r\n250-HELP\r\n250-LIMITS RCPTMAX=10\r\n250-DELIVERBY "
     "60\r\n250-DSN\r\n250-REQUIRETLS\r\n250 "
     "X-NEW\r\n",
     "250 x\r\n"},
    {"the last line goes", "250-x\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n",
     "250-x\r\n250 SMTPUTF8\r\n"},
    {"the first line stays", "250-STARTTLS\r\n250-STARTTLS\r\n250 SIZE\r\n",
     "250-STARTTLS\r\n250 SIZE\r\n"},
    {"in lower case", "250-x\r\n250-starttls\r\n250-Pipelining\r\n250 chunking\r\n",
     "250-x\r\n250 Pipelining\r\n"},
    {"like a known one",
     "250-x\r\n250-SIZES\r\n250-SIZ\r\n250-SMTPUTF8=1\r\n250-\r\n250 SMTPUTF8 STARTTLS\r\n",
     "250-x\r\n250 SMTPUTF8 STARTTLS\r\n"},
    {"spaces before the keyword", "250-x\r\n250- STARTTLS\r\n250  SMTPUTF8\r\n", "250 x\r\n"},
    {"a CR in a line", "250-x\r\n250-SMTPUTF8\rSTARTTLS\r\n250 SIZE 1\rSTARTTLS\r\n", "250 x\r\n"},
    {"LF alone and bare codes", "250-x\n250-SMTPUTF8\n250-STARTTLS\n250\n",
     "250-x\r\n250 SMTPUTF8\r\n"},
    {"a refusal is shown whole", "550-STARTTLS\r\n550 AUTH\r\n", "550-STARTTLS\r\n550 AUTH\r\n"},
};

static void test_ehlo(void **state)
{
    const struct row *row = *state;

    for (size_t step = 1; step <= 1000; step += 999) {
        struct talk talk;

        talk_open(&talk, false);
        talk_say(&talk, GUARD_PROVIDER, "EHLO x\r\n");
        talk_feed(&talk, GUARD_PRIMARY, row->reply, strlen(row->reply), step);
        talk_expect(&talk, row->shown, "EHLO x\r\n", GUARD_OPEN);
        talk_close(&talk);
    }
}

/* Only EHLO's reply is filtered. */
static void test_helo(void **state)
{
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    talk_say(&talk, GUARD_PROVIDER, "HELO x\r\nNOOP\r\n");
    talk_say(&talk, GUARD_PRIMARY, "250-x\r\n250 STARTTLS\r\n250-x\r\n250 CHUNKING\r\n");
    assert_string_equal(talk.provider.bytes, "250-x\r\n250 STARTTLS\r\n250-x\r\n250 CHUNKING\r\n");
    talk_close(&talk);
}

static void test_greeting_of_more_lines(void **state)
{
    struct guard_options options = {0};
    struct guard_output output;

    (void)state;
    guard_output_init(&output);
    struct guard *guard = guard_new(&options, "x ESMTP\nno\rspam\n", &output);
    assert_string_equal(output.provider.bytes, "220-x ESMTP\r\n220-no?spam\r\n220 \r\n");
    guard_free(guard);
    guard_free(NULL);
    guard_output_done(&output);
}

/* No callbacks. */
static void test_bare_options(void **state)
{
    static const char commands[] = "VRFY x\r\n" MAIL RCPT DATA;
    struct node node;
    struct guard_options options = {.nodes = &node, .node_count = 1};
    struct guard_output output;
    struct error error;

    (void)state;
    assert_int_equal(node_parse(&node, "example.com", &error), STATUS_OK);
    guard_output_init(&output);
    struct guard *guard = guard_new(&options, "x", &output);
    (void)guard_feed(guard, GUARD_PROVIDER, commands, sizeof commands - 1, &output);
    buffer_clear(&output.provider);
    (void)guard_feed(guard, GUARD_PRIMARY, OK OK GO, sizeof OK OK GO - 1, &output);
    (void)guard_feed(guard, GUARD_PROVIDER, BODY DOT, sizeof BODY DOT - 1, &output);
    assert_int_equal(guard_feed(guard, GUARD_PRIMARY, OK, sizeof OK - 1, &output), GUARD_OPEN);
    assert_int_equal(guard_counts(guard).messages, 1);
    guard_free(guard);
    guard_output_done(&output);
}

static void test_waits(void **state)
{
    static const struct {
        const char *text;
        enum guard_side side;
        enum guard_wait wait;
    } steps[] = {
        {"NO", GUARD_PROVIDER, GUARD_WAIT_COMMAND},
        {"OP\r\n", GUARD_PROVIDER, GUARD_WAIT_REPLY},
        {"250-\r\n", GUARD_PRIMARY, GUARD_WAIT_REPLY},
        {OK, GUARD_PRIMARY, GUARD_WAIT_COMMAND},
        {"HELP\r\n", GUARD_PROVIDER, GUARD_WAIT_COMMAND},
        {MAIL RCPT DATA, GUARD_PROVIDER, GUARD_WAIT_REPLY},
        {OK OK, GUARD_PRIMARY, GUARD_WAIT_DATA_GO},
        {GO, GUARD_PRIMARY, GUARD_WAIT_DATA},
        {BODY ".\r", GUARD_PROVIDER, GUARD_WAIT_DATA},
        {"\n" MAIL, GUARD_PROVIDER, GUARD_WAIT_ACCEPTED},
        {OK, GUARD_PRIMARY, GUARD_WAIT_REPLY},
        {OK, GUARD_PRIMARY, GUARD_WAIT_COMMAND},
    };
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    assert_int_equal(guard_waits_for(talk.guard), GUARD_WAIT_COMMAND);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        talk_say(&talk, steps[i].side, steps[i].text);
        assert_int_equal(talk.state, GUARD_OPEN);
        assert_int_equal(guard_waits_for(talk.guard), steps[i].wait);
    }
    talk_close(&talk);
}

static void test_counts(void **state)
{
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    for (int i = 0; i < 3; i++) {
        talk_say(&talk, GUARD_PROVIDER, MAIL FOREIGN RCPT DATA);
        talk_say(&talk, GUARD_PRIMARY, OK OK GO);
        talk_say(&talk, GUARD_PROVIDER, BODY DOT);
        assert_int_equal(guard_counts(talk.guard).messages, i);
        talk_say(&talk, GUARD_PRIMARY, i < 2 ? OK : "451 later\r\n");
    }
    assert_int_equal(guard_counts(talk.guard).messages, 2);
    assert_int_equal(guard_counts(talk.guard).bytes, 2 * (sizeof BODY - 1));
    assert_int_equal(guard_counts(talk.guard).recipients_refused, 3);
    talk_close(&talk);
}

/* A line is as long as it may be, or longer. */
static void test_long_line(void **state)
{
    static char line[1024 * 1024 + 8192];
    struct talk talk;

    (void)state;
    memset(line, 'x', sizeof line);
    for (size_t i = 0; i < 5; i++)
        line[i] = "EHLO "[i];
    for (size_t size = 4095; size <= 4097; size++) {
        talk_open(&talk, false);
        talk_feed(&talk, GUARD_PROVIDER, line, size - 2, GUARD_FEED_MAX);
        talk_say(&talk, GUARD_PROVIDER, "\r\n");
        assert_int_equal(talk.state, GUARD_OPEN);
        assert_int_equal(talk.primary.size, size <= 4096 ? size : 0);
        assert_string_equal(talk.provider.bytes,
                            size <= 4096 ? "" : "500 5.5.2 A line of more than 4096 octets\r\n");
        talk_close(&talk);
    }
    talk_open(&talk, false);
    talk_feed(&talk, GUARD_PROVIDER, line, sizeof line, GUARD_FEED_MAX);
    talk_expect(&talk, "500 5.5.2 A line of more than 4096 octets\r\n", "", GUARD_BROKEN);
    talk_close(&talk);
}

static void repeat(struct talk *talk, enum guard_side side, const char *text, size_t times)
{
    for (size_t i = 0; i < times && talk->state == GUARD_OPEN; i++)
        talk_say(talk, side, text);
}

static void test_pipelining_is_bounded(void **state)
{
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    repeat(&talk, GUARD_PROVIDER, "NOOP\r\n", 4000);
    assert_int_equal(talk.state, GUARD_OPEN);
    repeat(&talk, GUARD_PRIMARY, OK, 4000);
    assert_int_equal(talk.state, GUARD_OPEN);
    assert_int_equal(guard_waits_for(talk.guard), GUARD_WAIT_COMMAND);
    buffer_clear(&talk.provider);
    buffer_clear(&talk.primary);
    repeat(&talk, GUARD_PROVIDER, "NOOP\r\n", 4000);
    assert_true(guard_holds_provider(talk.guard)); /* what comes all the same waits */
    repeat(&talk, GUARD_PROVIDER, "NOOP\r\n", 3000);
    assert_int_equal(talk.primary.size, 4000 * 6);
    repeat(&talk, GUARD_PRIMARY, OK, 1);
    assert_int_equal(talk.primary.size, 4001 * 6);
    repeat(&talk, GUARD_PRIMARY, OK, 2999);
    assert_true(guard_holds_provider(talk.guard));
    repeat(&talk, GUARD_PRIMARY, OK, 4000);
    assert_false(guard_holds_provider(talk.guard));
    assert_int_equal(talk.state, GUARD_OPEN);
    assert_int_equal(talk.primary.size, 7000 * 6);
    assert_int_equal(talk.provider.size, 7000 * (sizeof OK - 1));
    talk_close(&talk);
}

/* A caller that does not hold the provider back loses the session, never a part of a message. */
static void test_not_held_back(void **state)
{
    static char content[GUARD_FEED_MAX];
    struct talk talk;

    (void)state;
    memset(content, 'x', sizeof content);
    talk_open(&talk, false);
    talk.has_other = true;
    talk_feed(&talk, GUARD_PRIMARY, NULL, 0, 0);
    talk_feed(&talk, GUARD_PROVIDER, content, sizeof content, sizeof content);
    assert_int_equal(talk.state, GUARD_LOST);
    talk_feed(&talk, GUARD_PROVIDER, content, 1, 1);
    talk_expect(&talk, "", "", GUARD_BROKEN);
    talk_close(&talk);
}

/* A message for more recipients than there may be commands is put off in part, and ends no session. */
static void test_very_many_recipients(void **state)
{
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    talk_say(&talk, GUARD_PROVIDER, MAIL);
    talk_say(&talk, GUARD_PRIMARY, OK);
    for (int i = 0; i < 100 * 1000 - 1; i++) {
        talk_say(&talk, GUARD_PROVIDER, RCPT);
        talk_say(&talk, GUARD_PRIMARY, OK);
    }
    buffer_clear(&talk.provider);
    talk_say(&talk, GUARD_PROVIDER, RCPT);
    assert_string_equal(talk.provider.bytes, "452 4.5.3 Too many recipients at once\r\n");
    talk_close(&talk);
}

/* The memory for the paths of commands that wait is bounded; what is not kept is not named. */
static void test_many_long_recipients(void **state)
{
    static const char named[] = "<a@b.example> to 600 [",
                      cut[] = " \xe2\x80\xa6] 0: 250 2.0.0 OK (x---)\n";
    char rcpt[300], local[201] = "";
    struct talk talk;

    (void)state;
    memset(local, 'x', sizeof local - 1);
    (void)snprintf(rcpt, sizeof rcpt, "RCPT TO:<%s@example.com>\r\n", local);
    talk_open(&talk, false);
    talk_say(&talk, GUARD_PROVIDER, MAIL);
    repeat(&talk, GUARD_PROVIDER, rcpt, 600);
    talk_say(&talk, GUARD_PROVIDER, DATA);
    repeat(&talk, GUARD_PRIMARY, OK, 601);
    talk_say(&talk, GUARD_PRIMARY, GO);
    talk_say(&talk, GUARD_PROVIDER, DOT);
    talk_say(&talk, GUARD_PRIMARY, OK);
    assert_int_equal(talk.state, GUARD_OPEN);
    assert_memory_equal(talk.messages.bytes, named, sizeof named - 1);
    assert_string_equal(talk.messages.bytes + talk.messages.size - (sizeof cut - 1), cut);
    assert_true(talk.messages.size < 4200);
    talk_close(&talk);
}

/* The same, when only one is accepted, whose path was not kept. */
static void test_a_path_that_was_not_kept(void **state)
{
    char rcpt[1100], local[241] = "";
    struct talk talk;

    (void)state;
    memset(local, 'x', sizeof local - 1);
    (void)snprintf(rcpt, sizeof rcpt, "RCPT TO:<%s@example.com>\r\n", local);
    talk_open(&talk, false);
    talk_say(&talk, GUARD_PROVIDER, MAIL);
    repeat(&talk, GUARD_PROVIDER, rcpt, 300);
    talk_say(&talk, GUARD_PROVIDER, DATA);
    talk_say(&talk, GUARD_PRIMARY, OK);
    repeat(&talk, GUARD_PRIMARY, "550 no\r\n", 299);
    talk_say(&talk, GUARD_PRIMARY, OK GO);
    talk_say(&talk, GUARD_PROVIDER, DOT);
    talk_say(&talk, GUARD_PRIMARY, OK);
    assert_string_equal(talk.messages.bytes,
                        "<a@b.example> to 1 [\xe2\x80\xa6] 0: 250 2.0.0 OK (----)\n");
    talk_close(&talk);
}

/* A message with many recipients at once: those that are too many come in a transaction of their own. */
static void test_recipients_at_once(void **state)
{
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    talk_say(&talk, GUARD_PROVIDER, MAIL);
    repeat(&talk, GUARD_PROVIDER, RCPT, 1200);
    talk_say(&talk, GUARD_PROVIDER, DATA);
    repeat(&talk, GUARD_PRIMARY, OK, 1000);
    talk_say(&talk, GUARD_PRIMARY, GO);
    assert_int_equal(guard_waits_for(talk.guard), GUARD_WAIT_DATA);
    assert_string_equal(talk.provider.bytes + talk.provider.size - 2 * 39 - (sizeof GO - 1) + 39,
                        "452 4.5.3 Too many recipients at once\r\n" GO);
    talk_say(&talk, GUARD_PROVIDER, BODY DOT);
    talk_say(&talk, GUARD_PRIMARY, OK);
    assert_int_equal(guard_counts(talk.guard).messages, 1);
    assert_int_equal(guard_counts(talk.guard).recipients_refused, 0);
    talk_close(&talk);
}

/* Recipients may be refused as many as there are: a message for a list is not to end its session. */
static size_t count_lines(const struct buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->size; i++)
        count += text->bytes[i] == '\n' ? 1 : 0;
    return count;
}

/* What is answered at once is more than what was said. */
static void test_a_feed_of_refused_recipients(void **state)
{
    static const char *const lines[] = {"RCPT\r\n", "RCPT TO:<a@b>\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        size_t size = strlen(lines[i]), count = GUARD_FEED_MAX / size;
        char *bytes = malloc(GUARD_FEED_MAX);
        struct talk talk;

        assert_non_null(bytes);
        for (size_t j = 0; j < count; j++)
            memcpy(bytes + j * size, lines[i], size);
        talk_open(&talk, false);
        talk_feed(&talk, GUARD_PROVIDER, bytes, count * size, GUARD_FEED_MAX);
        assert_int_equal(talk.state, GUARD_OPEN);
        talk_feed(&talk, GUARD_PROVIDER, bytes, count * size, GUARD_FEED_MAX);
        assert_int_equal(count_lines(&talk.provider), 2 * count);
        talk_close(&talk);
        talk_open(&talk, false); /* all of them wait for the reply to MAIL */
        talk_say(&talk, GUARD_PROVIDER, MAIL);
        talk_feed(&talk, GUARD_PROVIDER, bytes, 999 * size, GUARD_FEED_MAX);
        talk_say(&talk, GUARD_PRIMARY, OK);
        assert_int_equal(talk.state, GUARD_OPEN);
        assert_int_equal(count_lines(&talk.provider), 1000);
        talk_close(&talk);
        free(bytes);
    }
}

static void test_refusals_are_bounded(void **state)
{
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    repeat(&talk, GUARD_PROVIDER, FOREIGN, 3000);
    repeat(&talk, GUARD_PROVIDER, "HELP\r\n", 100);
    assert_int_equal(talk.state, GUARD_OPEN);
    assert_int_equal(guard_counts(talk.guard).recipients_refused, 3000);
    buffer_clear(&talk.provider);
    talk_say(&talk, GUARD_PROVIDER, "HELP\r\n");
    talk_expect(&talk, "421 4.7.0 Too many refused commands, closing the connection\r\n", "",
                GUARD_BROKEN);
    talk_close(&talk);
}

/* Commands that bring no message forward have an end; those that do have none. */
static void test_commands_are_bounded(void **state)
{
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    for (int i = 0; i < 20; i++) {
        for (int j = 0; j < 996; j++) {
            talk_say(&talk, GUARD_PROVIDER, "RSET\r\n");
            talk_say(&talk, GUARD_PRIMARY, OK);
        }
        talk_say(&talk, GUARD_PROVIDER, MAIL RCPT DATA);
        talk_say(&talk, GUARD_PRIMARY, OK OK GO);
        talk_say(&talk, GUARD_PROVIDER, DOT);
        talk_say(&talk, GUARD_PRIMARY, OK);
        assert_int_equal(talk.state, GUARD_OPEN);
    }
    for (int i = 0; i < 100000; i++) {
        talk_say(&talk, GUARD_PROVIDER, MAIL);
        talk_say(&talk, GUARD_PRIMARY, "451 later\r\n");
    }
    assert_int_equal(talk.state, GUARD_OPEN);
    talk_say(&talk, GUARD_PROVIDER, QUIT);
    assert_int_equal(talk.state, GUARD_BROKEN);
    talk_close(&talk);
}

/* A reply that is all but as large as one may be, its end, and a feed full of bare codes behind it:
 * nothing can bring about more for the provider. */
static void test_large_replies(void **state)
{
    static char line[1000], codes[GUARD_FEED_MAX];
    struct talk talk;

    (void)state;
    memset(line, 'x', sizeof line);
    for (size_t i = 0; i < 4; i++)
        line[i] = "250-"[i];
    line[sizeof line - 1] = '\n';
    talk_open(&talk, false);
    for (size_t i = 0; i < 50; i++)
        talk_say(&talk, GUARD_PROVIDER, "NOOP\r\nVRFY\r\nNOOP\r\n");
    repeat(&talk, GUARD_PROVIDER, "NOOP\r\n", 840);
    for (size_t i = 0; i < 65; i++)
        talk_feed(&talk, GUARD_PRIMARY, line, sizeof line, sizeof line);
    assert_int_equal(talk.provider.size, 0);
    for (size_t i = 0; i < sizeof codes; i++)
        codes[i] = "250\n"[i % 4];
    talk_feed(&talk, GUARD_PRIMARY, codes, (size_t)940 * 4, GUARD_FEED_MAX);
    assert_int_equal(talk.state, GUARD_OPEN);
    assert_int_equal(guard_waits_for(talk.guard), GUARD_WAIT_COMMAND);
    assert_int_equal(talk.provider.size,
                     65 * (sizeof line + 1) + (size_t)940 * 6 + 50 * (sizeof NOT_HERE - 1));
    talk_close(&talk);
}

/* A caller that does not send what it was given loses the session, never a part of a message. */
static void test_output_not_emptied(void **state)
{
    static char content[GUARD_FEED_MAX + 1];
    struct guard_output output;
    struct talk talk;

    (void)state;
    memset(content, 'x', sizeof content);
    talk_open(&talk, false);
    talk_say(&talk, GUARD_PROVIDER, MAIL RCPT DATA);
    talk_say(&talk, GUARD_PRIMARY, OK OK GO);
    guard_output_init(&output);
    assert_int_equal(guard_feed(talk.guard, GUARD_PROVIDER, content, GUARD_FEED_MAX, &output),
                     GUARD_OPEN);
    assert_int_equal(guard_feed(talk.guard, GUARD_PROVIDER, content, GUARD_FEED_MAX, &output),
                     GUARD_BROKEN);
    assert_int_equal(output.primary.size, GUARD_FEED_MAX);
    assert_int_equal(guard_feed(talk.guard, GUARD_PROVIDER, DOT, 3, &output), GUARD_BROKEN);
    assert_int_equal(output.primary.size, GUARD_FEED_MAX);
    guard_output_done(&output);
    talk_close(&talk);

    talk_open(&talk, false);
    assert_int_equal(guard_feed(talk.guard, GUARD_PROVIDER, content, sizeof content, &talk.output),
                     GUARD_BROKEN);
    talk_close(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_helo),
        cmocka_unit_test(test_greeting_of_more_lines),
        cmocka_unit_test(test_bare_options),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_pipelining_is_bounded),
        cmocka_unit_test(test_not_held_back),
        cmocka_unit_test(test_very_many_recipients),
        cmocka_unit_test(test_many_long_recipients),
        cmocka_unit_test(test_a_path_that_was_not_kept),
        cmocka_unit_test(test_recipients_at_once),
        cmocka_unit_test(test_a_feed_of_refused_recipients),
        cmocka_unit_test(test_refusals_are_bounded),
        cmocka_unit_test(test_commands_are_bounded),
        cmocka_unit_test(test_large_replies),
        cmocka_unit_test(test_output_not_emptied),
    };

    return unit_status(RUN_TABLE(ehlo_rows, test_ehlo) + cmocka_run_group_tests(tests, NULL, NULL));
}
