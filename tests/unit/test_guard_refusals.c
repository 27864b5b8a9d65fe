/* What our own server does not take is counted: for a while and for good, a message once, for the domains that it is for. */
#include "test_guard.h"

struct row {
    const char *name;
    const char *provider, *primary; /* what they say, the primary after the provider */
    const char *told;               /* "4" or "5", the marks, the words, one line each */
    uint64_t for_now, for_good;
};

#define ORG "RCPT TO:<a@example.org>\r\n"
#define NOW "451 4.7.1 later\r\n"
#define NEVER "550 5.1.1 no\r\n"

static const struct row rows[] = {
    {"all is taken", MAIL RCPT DATA, OK OK GO, "", 0, 0},
    {"RCPT for now", MAIL RCPT, OK NOW, "4 x--- 451 4.7.1 later\n", 1, 0},
    {"RCPT for good", MAIL RCPT, OK NEVER, "5 x--- 550 5.1.1 no\n", 0, 1},
    {"MAIL speaks for all", MAIL, NOW, "4 xxxx 451 4.7.1 later\n", 1, 0},
    {"what follows a refused MAIL is its consequence", MAIL RCPT DATA,
     "452 full\r\n503 no\r\n503 no\r\n", "4 xxxx 452 full\n", 1, 0},
    {"what follows refused recipients is their consequence", MAIL RCPT DATA,
     OK NEVER "554 no valid recipients\r\n", "5 x--- 550 5.1.1 no\n", 0, 1},
    {"each message counts, and each domain", MAIL RCPT "RSET\r\n" MAIL RCPT ORG,
     OK NOW OK OK NOW NOW,
     "4 x--- 451 4.7.1 later\n4 x--- 451 4.7.1 later\n4 -x-- 451 4.7.1 later\n", 2, 0},
    {"a second recipient of the same domain is the same message", MAIL RCPT RCPT, OK NOW NOW,
     "4 x--- 451 4.7.1 later\n4 ---- 451 4.7.1 later\n", 1, 0},
    {"both ways in one message", MAIL RCPT ORG, OK NOW NEVER,
     "4 x--- 451 4.7.1 later\n5 -x-- 550 5.1.1 no\n", 1, 1},
    {"DATA", MAIL RCPT DATA, OK OK NOW, "4 x--- 451 4.7.1 later\n", 1, 0},
    {"refused MAILs one after the other", MAIL MAIL, NOW NOW,
     "4 xxxx 451 4.7.1 later\n4 xxxx 451 4.7.1 later\n", 2, 0},
    {"MAIL in an open transaction", MAIL RCPT MAIL, OK OK "503 nested\r\n", "", 0, 0},
    {"syntax, RSET and NOOP are no mail", "EHLO x\r\nNOOP\r\nRSET\r\n", "502 no\r\n" NOW NOW, "", 0,
     0},
    {"the primary closes at RCPT", MAIL RCPT, OK "421 bye\r\n",
     "4 x--- 451 4.3.0 The mail server has failed, try again later: your mail server "
     "closes the connection: 421 bye\n",
     1, 0},
    {"the primary closes at MAIL", MAIL RCPT DATA, "421 bye\r\n",
     "4 xxxx 451 4.3.0 The mail server has failed, try again later: your mail server "
     "closes the connection: 421 bye\n",
     1, 0},
    {"the primary closes in content", MAIL RCPT DATA, OK OK GO "421 bye\r\n",
     "4 x--- 451 4.3.0 The mail server has failed, try again later: your mail server "
     "closes the connection: 421 bye\n",
     1, 0},
    {"refused by the guard", MAIL "RCPT TO:<a@elsewhere.example>\r\n", OK, "", 0, 0},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct talk talk;

    talk_open(&talk, false);
    talk_say(&talk, GUARD_PROVIDER, row->provider);
    talk_say(&talk, GUARD_PRIMARY, row->primary);
    assert_string_equal(talk.not_taken.bytes, row->told);
    assert_int_equal(guard_counts(talk.guard).refused_for_now, row->for_now);
    assert_int_equal(guard_counts(talk.guard).refused_for_good, row->for_good);
    talk_close(&talk);
}

/* The final dot: the domains are those of the recipients that were taken. */
static void test_dot(void **state)
{
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    talk_say(&talk, GUARD_PROVIDER, MAIL RCPT ORG DATA);
    talk_say(&talk, GUARD_PRIMARY, OK OK NOW GO);
    talk_say(&talk, GUARD_PROVIDER, BODY DOT);
    talk_say(&talk, GUARD_PRIMARY, "452 full\r\n");
    assert_string_equal(talk.not_taken.bytes, "4 -x-- 451 4.7.1 later\n4 x--- 452 full\n");
    assert_int_equal(guard_counts(talk.guard).refused_for_now, 1);
    talk_close(&talk);
}

/* ---- what has failed is put off in later sessions ---- */

#define OTHER "RCPT TO:<v@example.com>\r\n"

static const struct again_row {
    const char *name;
    const char *first[4]; /* the provider and the primary in turn, in the first two sessions */
    const char *offer;    /* in the third one, where the primary says 250 to all */
    const char *provider; /* is told then */
    uint64_t put_off;
} again_rows[] = {
    {"at the final dot",
     {MAIL RCPT DATA, OK OK GO, BODY DOT, NOW},
     MAIL RCPT DATA,
     OK LATER LATER,
     1},
    {"at DATA", {MAIL RCPT DATA, OK OK NOW}, MAIL RCPT DATA, OK LATER LATER, 1},
    {"in content", {MAIL RCPT DATA, OK OK GO "421 bye\r\n"}, MAIL RCPT, OK LATER, 1},
    {"lost at the final dot",
     {MAIL RCPT DATA, OK OK GO, BODY DOT, "421 bye\r\n"},
     MAIL RCPT,
     OK LATER,
     1},
    {"the other recipients with it",
     {MAIL RCPT DATA, OK OK NOW},
     MAIL RCPT OTHER,
     OK LATER LATER,
     1},
    {"offered twice, counted once",
     {MAIL RCPT DATA, OK OK NOW},
     MAIL RCPT "RSET\r\n" MAIL RCPT,
     OK LATER OK OK LATER,
     1},
    {"the message behind it is tried",
     {MAIL RCPT DATA, OK OK NOW},
     MAIL RCPT "RSET\r\n" MAIL OTHER,
     OK LATER OK OK OK,
     1},
    {"another message of the sender is tried",
     {MAIL RCPT DATA, OK OK NOW},
     "MAIL FROM:<a@b.example> SIZE=7\r\n" RCPT,
     OK OK,
     0},
    {"what lost a recipient only is tried", {MAIL OTHER RCPT, OK OK NOW}, MAIL RCPT, OK OK, 0},
    {"the first recipient that was taken counts",
     {MAIL OTHER RCPT DATA, OK NEVER OK NOW},
     MAIL RCPT,
     OK LATER,
     1},
    {"what was refused for good is tried", {MAIL RCPT DATA, OK OK NEVER}, MAIL RCPT, OK OK, 0},
};

static void test_again(void **state)
{
    const struct again_row *row = *state;
    struct guard_failures failures = {0};
    struct talk talk;

    for (int session = 1; session <= GUARD_TRIES_MAX; session++) {
        talk_open_with(&talk, false, &failures);
        for (size_t i = 0; i < COUNT_OF(row->first) && row->first[i] != NULL; i++)
            talk_say(&talk, i % 2 == 0 ? GUARD_PROVIDER : GUARD_PRIMARY, row->first[i]);
        assert_int_equal(guard_counts(talk.guard).put_off, 0);
        talk_close(&talk);
    }
    failures.steps = 0;
    talk_open_with(&talk, false, &failures);
    for (const char *at = row->offer; *at != '\0'; at = strchr(at, '\n') + 1) {
        size_t waiting = talk.primary.size;

        talk_feed(&talk, GUARD_PROVIDER, at, strcspn(at, "\n") + 1, GUARD_FEED_MAX);
        if (talk.primary.size > waiting)
            talk_say(&talk, GUARD_PRIMARY, OK);
    }
    assert_string_equal(talk.provider.bytes, row->provider);
    assert_int_equal(failures.steps, row->put_off);
    assert_int_equal(guard_counts(talk.guard).put_off > 0, row->put_off > 0);
    talk_close(&talk);
}

/* A provider that goes on behind a message may have others with the same envelope. */
static void test_same_session(void **state)
{
    struct guard_failures failures = {0};
    struct talk talk;

    (void)state;
    talk_open_with(&talk, false, &failures);
    for (int i = 0; i < 3; i++) {
        talk_say(&talk, GUARD_PROVIDER, MAIL RCPT DATA);
        talk_say(&talk, GUARD_PRIMARY, OK OK NOW);
        talk_say(&talk, GUARD_PROVIDER, "RSET\r\n");
        talk_say(&talk, GUARD_PRIMARY, OK);
    }
    assert_string_equal(talk.provider.bytes, OK OK NOW OK OK OK NOW OK OK OK NOW OK);
    assert_int_equal(failures.count, 1);
    assert_int_equal(failures.steps, 1);
    talk_close(&talk);
}

/* RFC 5321 4.5.3.1.10: the 101st recipient comes in a transaction of its own. */
static void test_too_many_recipients(void **state)
{
    struct talk talk;

    (void)state;
    talk_open(&talk, false);
    talk_say(&talk, GUARD_PROVIDER, MAIL);
    talk_say(&talk, GUARD_PRIMARY, OK);
    for (int i = 0; i < 100; i++) {
        talk_say(&talk, GUARD_PROVIDER, RCPT);
        talk_say(&talk, GUARD_PRIMARY, OK);
    }
    talk_say(&talk, GUARD_PROVIDER, RCPT);
    talk_say(&talk, GUARD_PRIMARY, "452 4.5.3 too many recipients\r\n");
    assert_string_equal(talk.not_taken.bytes, "");
    talk_close(&talk);
}

/* What ends before there is a message. */
static const struct early_row {
    const char *name, *provider, *primary;
    uint64_t senders;
    int hello;
} early_rows[] = {
    {"EHLO is refused", "EHLO x\r\n", "554 no\r\n", 0, 554},
    {"HELO is taken instead", "EHLO x\r\nHELO x\r\n", "502 no\r\n250 ok\r\n", 0, 0},
    {"HELO is refused as well", "EHLO x\r\nHELO x\r\n", "502 no\r\n451 later\r\n", 0, 451},
    {"MAIL without a path", "MAIL FROM:<a b@x.example>\r\n", "", 1, 0},
    {"MAIL with a parameter that is not known", "MAIL FROM:<a@x.example> FOO=1\r\n", "", 1, 0},
    {"a control character in MAIL",
     "MAIL FROM:<a\x01"
     "@x.example>\r\n",
     "", 1, 0},
};

static void test_early(void **state)
{
    const struct early_row *row = *state;
    struct talk talk;

    talk_open(&talk, false);
    talk_say(&talk, GUARD_PROVIDER, row->provider);
    talk_say(&talk, GUARD_PRIMARY, row->primary);
    assert_int_equal(guard_counts(talk.guard).senders_refused, row->senders);
    assert_int_equal(guard_counts(talk.guard).hello_code, row->hello);
    talk_close(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dot),
                                       cmocka_unit_test(test_same_session),
                                       cmocka_unit_test(test_too_many_recipients)};
    int failed = RUN_TABLE(rows, test_row) + RUN_TABLE(early_rows, test_early) +
                 RUN_TABLE(again_rows, test_again);

    failed += cmocka_run_group_tests(tests, NULL, NULL);
    return unit_status(failed);
}
