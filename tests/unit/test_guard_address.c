/* guard: which recipients and senders are passed, in each form that an address can take. Relaying
 * by any of them would make the primary an open relay, for it trusts the host that we run on. */
#include "test_guard.h"

#include <stdio.h>

struct row {
    const char *name; /* of the test: the argument of the command, or what is in it */
    const char *argument;
    int code; /* 0: passed, else our reply's */
};

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X250 X50 X50 X50 X50 X50
#define LABEL50 X50 "."
#define UE "\xc3\xbc"

static const struct row recipients[] = {
    {"plain", "TO:<u@example.com>", 0},
    {"upper case", "TO:<U@EXAMPLE.COM>", 0},
    {"atext", "TO:<a.b+c-d_e=f/g|h{i}j~k#l$m&n'o*p?q^r`s@example.com>", 0},
    {"dots anywhere", "TO:<.a..b.@example.com>", 0},
    {"suffix, itself", "TO:<u@example.org>", 0},
    {"suffix, below", "TO:<u@mx.a.Example.ORG>", 0},
    {"A-label", "TO:<u@xn--mller-kva.example>", 0},
    {"A-label in upper case", "TO:<u@XN--MLLER-KVA.example>", 0},
    {"quoted", "TO:<\"u\"@example.com>", 0},
    {"quoted space and comma", "TO:<\"a, b.(c)\"@example.com>", 0},
    {"local part of 256", "TO:<xxxxxx" X250 "@example.com>", 0},

    {"below a domain", "TO:<u@mx.example.com>", 550},
    {"above a domain", "TO:<u@com>", 550},
    {"another domain", "TO:<u@evil.example>", 550},
    {"ends like a domain", "TO:<u@notexample.com>", 550},
    {"begins like a domain", "TO:<u@example.com.evil.example>", 550},
    {"ends like a suffix", "TO:<u@notexample.org>", 550},
    {"a queue is no domain", "TO:<u@example.net>", 550},
    {"a queue's name as it stands", "TO:<u@#example.net>", 550},
    {"a suffix as it stands", "TO:<u@@example.org>", 550},
    {"source route", "TO:<@evil.example:u@example.com>", 550},
    {"source route of two", "TO:<@a.example,@b.example:u@example.com>", 550},
    {"source route to evil", "TO:<@example.com:u@evil.example>", 550},
    {"route without an end", "TO:<@example.com>", 550},
    {"percent", "TO:<u%evil.example@example.com>", 550},
    {"bang", "TO:<evil.example!u@example.com>", 550},
    {"bang and percent", "TO:<a!b%c@example.com>", 550},
    {"DECnet", "TO:<evil::u@example.com>", 501},
    {"quoted at", "TO:<\"u@evil.example\"@example.com>", 550},
    {"quoted percent", "TO:<\"u%evil.example\"@example.com>", 550},
    {"quoted bang", "TO:<\"evil.example!u\"@example.com>", 550},
    {"quoted colon", "TO:<\"evil:u\"@example.com>", 550},
    {"quoted backslash", "TO:<\"u\\@evil.example\"@example.com>", 550},
    {"quoted backslash before a quote", "TO:<\"u\\\"@evil.example\"@example.com>", 550},
    {"quoted end of the path", "TO:<\"u@evil.example> \"@example.com>", 501},
    {"quoted begin of a path", "TO:<\"<u\"@example.com>", 501},
    {"quoted nothing", "TO:<\"\"@example.com>", 501},
    {"quote not closed", "TO:<\"u@example.com>", 501},
    {"quoted TAB", "TO:<\"a\tb\"@example.com>", 501},
    {"quoted and more", "TO:<\"u\"x@example.com>", 501},
    {"quoted, and no at", "TO:<\"u\"xexample.com>", 501},
    {"quote within", "TO:<u\"x\"@example.com>", 501},
    {"backslash", "TO:<u\\@evil.example@example.com>", 501},
    {"address literal", "TO:<u@[192.0.2.1]>", 550},
    {"address literal, v6", "TO:<u@[IPv6:2001:db8::1]>", 550},
    {"domain in brackets", "TO:<u@[example.com]>", 550},
    {"address without brackets", "TO:<u@192.0.2.1>", 550},
    {"no domain", "TO:<u>", 550},
    {"postmaster alone", "TO:<postmaster>", 550},
    {"Postmaster alone", "TO:<Postmaster>", 550},
    {"quoted postmaster alone", "TO:<\"postmaster\">", 550},
    {"nothing", "TO:<>", 501},
    {"no local part", "TO:<@>", 550},
    {"empty domain", "TO:<u@>", 550},
    {"two at", "TO:<u@evil.example@example.com>", 550},
    {"two at, the other way", "TO:<u@example.com@evil.example>", 550},
    {"at twice", "TO:<u@@example.com>", 550},
    {"final dot", "TO:<u@example.com.>", 550},
    {"first dot", "TO:<u@.example.com>", 550},
    {"two dots", "TO:<u@example..com>", 550},
    {"colon behind the domain", "TO:<u@example.com:25>", 550},
    {"percent behind the at", "TO:<u@evil.example%example.com>", 550},
    {"comment before", "TO:<(x)u@example.com>", 501},
    {"comment behind", "TO:<u@example.com(x)>", 550},
    {"semicolon", "TO:<u@example.com;>", 550},
    {"comma", "TO:<u@example.com,v@evil.example>", 550},
    {"space in the local part", "TO:<u v@example.com>", 501},
    {"space before the at", "TO:<u @example.com>", 501},
    {"space behind the at", "TO:<u@ example.com>", 501},
    {"space in front", "TO:< u@example.com>", 501},
    {"space at the end", "TO:<u@example.com >", 501},
    {"TAB in the path", "TO:<u\t@example.com>", 501},
    {"nested", "TO:<<u@example.com>>", 501},
    {"nested, two", "TO:<u@evil.example<u@example.com>>", 501},
    {"two paths", "TO:<u@example.com><u@evil.example>", 501},
    {"bytes behind the path", "TO:<u@example.com>u@evil.example", 501},
    {"no brackets", "TO:u@example.com", 501},
    {"no brackets, two", "TO:u@example.com <u@evil.example>", 501},
    {"a name before", "TO:x <u@example.com>", 501},
    {"not closed", "TO:<u@example.com", 501},
    {"not opened", "TO:u@example.com>", 501},
    {"space before the colon", "TO :<u@example.com>", 501},
    {"no word", "<u@example.com>", 501},
    {"MAIL's word", "FROM:<u@example.com>", 501},
    {"no argument", "", 501},
    {"local part of 257", "TO:<xxxxxxx" X250 "@example.com>", 501},
    {"label of 64", "TO:<u@" X50 "xxxxxxxxxxxxxx.example.org>", 550},
    {"domain of 254",
     "TO:<u@" LABEL50 LABEL50 LABEL50 LABEL50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example.org>",
     550},
    {"domain of 253",
     "TO:<u@" LABEL50 LABEL50 LABEL50 LABEL50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example.org>",
     0},
    {"path of 1,100", "TO:<u@" X250 X250 X250 X250 X50 X50 ".example.org>", 501},
    {"UTF-8 domain without SMTPUTF8", "TO:<u@m" UE "ller.example>", 553},
    {"UTF-8 local part without SMTPUTF8", "TO:<" UE "@example.com>", 553},

    {"a parameter of MAIL", "TO:<u@example.com> SIZE=1", 555},
    {"an unknown parameter", "TO:<u@example.com> RRVS=2014-04-03T23:01:00Z", 555},
    {"two spaces", "TO:<u@example.com>  NOTIFY=NEVER", 501},
    {"no keyword", "TO:<u@example.com> =x", 501},
};

static const struct row utf8_recipients[] = {
    {"UTF-8 domain", "TO:<u@m" UE "ller.example>", 0},
    {"UTF-8 domain in upper case", "TO:<u@M\xc3\x9cLLER.example>", 550},
    {"UTF-8 domain, decomposed", "TO:<u@mu\xcc\x88ller.example>", 550},
    {"below a suffix", "TO:<u@" UE ".example.org>", 0},
    {"local part", "TO:<" UE "@example.com>", 0},
    {"quoted local part", "TO:<\"" UE " x\"@example.com>", 0},
    {"another domain", "TO:<u@m" UE "llerin.example>", 550},
    {"a letter that only looks the same", "TO:<u@ex\xd0\xb0mple.com>", 550},
    {"fullwidth at",
     "TO:<u\xef\xbc\xa0"
     "evil.example@example.com>",
     501},
    {"fullwidth percent",
     "TO:<u\xef\xbc\x85"
     "evil.example@example.com>",
     501},
    {"small at",
     "TO:<u\xef\xb9\xab"
     "evil.example@example.com>",
     501},
    {"double exclamation mark", "TO:<evil\xe2\x80\xbcu@example.com>", 501},
    {"fullwidth at behind the domain",
     "TO:<u@example.com\xef\xbc\xa0"
     "evil.example>",
     550},
    {"overlong", "TO:<u\xc0\x80@example.com>", 501},
    {"overlong at",
     "TO:<u\xc1\x80"
     "evil.example@example.com>",
     501},
    {"overlong at of three",
     "TO:<u\xe0\x81\x80"
     "evil.example@example.com>",
     501},
    {"surrogate", "TO:<\xed\xa0\x80@example.com>", 501},
    {"cut", "TO:<\xe2\x82@example.com>", 501},
    {"beyond Unicode", "TO:<\xf4\x90\x80\x80@example.com>", 501},
    {"a control of C1", "TO:<\xc2\x85@example.com>", 501},
    {"line separator", "TO:<\xe2\x80\xa8@example.com>", 501},
    {"malformed domain", "TO:<u@m\xfcller.example>", 550},
    {"percent", "TO:<" UE "%evil.example@example.com>", 550},
};

/* No domain is ours: nobody is let in. */
static const struct row no_recipients[] = {
    {"any domain", "TO:<u@evil.example>", 550},
    {"a domain", "TO:<u@example.com>", 550},
    {"postmaster", "TO:<postmaster>", 550},
};

static const struct row senders[] = {
    {"plain", "FROM:<u@evil.example>", 0},
    {"empty", "FROM:<>", 0},
    {"no domain", "FROM:<root>", 0},
    {"address literal", "FROM:<u@[192.0.2.1]>", 0},
    {"source route", "FROM:<@a.example,@b.example:u@c.example>", 0},
    {"percent, bang and SRS", "FROM:<SRS0=a=b=c.example!x%y=z@d.example>", 0},
    {"quoted", "FROM:<\"a b@c \\\" d\"@e.example>", 0},
    {"UTF-8", "FROM:<" UE "@" UE ".example> SMTPUTF8", 0},
    {"no brackets", "FROM:u@b.example", 501},
    {"space in the path", "FROM:<u @b.example>", 501},
    {"quoted end of the path", "FROM:<\"a> AUTH=<\"@b.example>", 501},
    {"quoted end of the path behind a backslash", "FROM:<\"a\\> AUTH=<\"@b.example>", 501},
    {"nested", "FROM:<<u@b.example>>", 501},
    {"comment", "FROM:<u(x)@b.example>", 501},
    {"backslash", "FROM:<u\\x@b.example>", 501},
    {"quoted TAB", "FROM:<\"a\tb\"@c.example>", 501},
    {"quoted TAB behind a backslash", "FROM:<\"a\\\tb\"@c.example>", 501},
    {"UTF-8 without SMTPUTF8", "FROM:<" UE "@b.example>", 553},
    {"malformed UTF-8", "FROM:<\xff@b.example> SMTPUTF8", 501},
    {"BINARYMIME", "FROM:<u@b.example> BODY=BINARYMIME", 504},
    {"binarymime behind another", "FROM:<u@b.example> BODY=7BIT body=binarymime", 504},
    {"AUTH", "FROM:<u@b.example> AUTH=<>", 555},
    {"auth", "FROM:<u@b.example> SIZE=1 auth=u@b.example", 555},
    {"AUTH without a value", "FROM:<u@b.example> AUTH", 555},
    {"XVERP", "FROM:<u@b.example> XVERP", 555},
    {"REQUIRETLS", "FROM:<u@b.example> REQUIRETLS", 555},
    {"a parameter of RCPT", "FROM:<u@b.example> NOTIFY=NEVER", 555},
    {"an unknown body", "FROM:<u@b.example> BODY=9BIT", 501},
    {"BODY without a value", "FROM:<u@b.example> BODY", 501},
    {"SIZE without a number", "FROM:<u@b.example> SIZE=many", 501},
    {"SIZE empty", "FROM:<u@b.example> SIZE=", 501},
    {"SIZE of 21 digits", "FROM:<u@b.example> SIZE=123456789012345678901", 501},
    {"SMTPUTF8 with a value", "FROM:<u@b.example> SMTPUTF8=yes", 501},
    {"two spaces", "FROM:<u@b.example>  SIZE=1", 501},
    {"no space", "FROM:<u@b.example>SIZE=1", 501},
    {"nothing", "", 501},
};

static const struct row verbs[] = {
    {"EHLO", "EHLO mx.example", 0},
    {"EHLO with a literal", "EHLO [IPv6:2001:db8::1]", 0},
    {"EHLO without a name", "EHLO", 501},
    {"EHLO with a space", "EHLO ", 501},
    {"EHLO with two names", "EHLO a b", 501},
    {"EHLO beyond ASCII", "EHLO m" UE, 501},
    {"HELO without a name", "HELO", 501},
    {"DATA with an argument", "DATA x", 501},
    {"RSET with an argument", "RSET x", 501},
    {"QUIT with an argument", "QUIT x", 501},
    {"NOOP with TAB", "NOOP\t", 502},
    {"NOOP beyond ASCII", "NOOP " UE, 501},
    {"VRFY", "VRFY u@example.com", 502},
    {"EXPN", "EXPN list", 502},
    {"ETRN", "ETRN example.com", 502},
    {"ATRN", "ATRN example.com", 502},
    {"TURN", "TURN", 502},
    {"HELP", "HELP", 502},
    {"XCLIENT", "XCLIENT ADDR=127.0.0.1", 502},
    {"XFORWARD", "XFORWARD ADDR=127.0.0.1", 502},
    {"SEND", "SEND FROM:<a@b.example>", 502},
    {"STARTTLS", "STARTTLS", 502},
    {"nothing", "", 502},
    {"a space in front", " RCPT TO:<u@evil.example>", 502},
    {"a TAB behind the verb", "RCPT\tTO:<u@evil.example>", 502},
    {"a verb cut short", "RCP TO:<u@evil.example>", 502},
    {"a verb with more", "RCPTX TO:<u@evil.example>", 502},
    {"no space", "RCPTTO:<u@evil.example>", 502},
    {"two spaces", "RCPT  TO:<u@example.com>", 501},
};

/* What the primary sees is written anew, without what it is not to know. */
static const struct {
    const char *line, *written;
} anew[] = {
    {"rcpt to:<u@example.com>", RCPT},
    {"RCPT TO: <u@example.com>", RCPT},
    {"RCPT TO:<u@example.com>  ", RCPT},
    {"rCpT tO:  <U@eXample.COM>", "RCPT TO:<U@eXample.COM>\r\n"},
    {"RCPT TO:<u@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;u+2Bx@evil.example", RCPT},
    {"RCPT TO:<u@example.com> notify=never", RCPT},
    {"RCPT TO:<u@example.com> orcpt=rfc822;prvs=u@b.example", RCPT},
    {"RCPT TO:<u@example.com> NOTIFY", RCPT},
    {"RCPT TO:<u@example.com> NOTIFY=", RCPT},
    {"RCPT TO:<u@example.com> ORCPT=utf-8;\xff\tx", RCPT},
    {"mail from:<a@b.example>", MAIL},
    {"MAIL FROM:   <a@b.example> ", MAIL},
    {"MAIL FROM:<a@b.example> RET=HDRS ENVID=QQ+2B314", MAIL},
    {"MAIL FROM:<a@b.example> SIZE=12345 RET=FULL BODY=8BITMIME envid=x",
     "MAIL FROM:<a@b.example> SIZE=12345 BODY=8BITMIME\r\n"},
    {"MAIL FROM:<a@b.example> ret=full body=7bit smtputf8 size=0",
     "MAIL FROM:<a@b.example> BODY=7bit SMTPUTF8 SIZE=0\r\n"},
    {"NOOP RCPT TO:<u@evil.example>", "NOOP\r\n"},
    {"ehlo mx.example  ", "EHLO mx.example\r\n"},
};

static void test_written_anew(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(anew); i++) {
        struct talk talk;

        talk_open(&talk, false);
        talk_say(&talk, GUARD_PROVIDER, anew[i].line);
        talk_say(&talk, GUARD_PROVIDER, "\r\n");
        talk_expect(&talk, "", anew[i].written, GUARD_OPEN);
        talk_close(&talk);
    }
}

/* Sends verb and argument: it reaches the primary as it is, or the provider has our reply. */
static void check(const struct row *row, const char *verb, const char *mail, bool none)
{
    char line[GUARD_FEED_MAX], expected[8];
    struct talk talk;

    talk_open(&talk, none);
    talk_say(&talk, GUARD_PROVIDER, mail);
    if (*mail != '\0')
        talk_say(&talk, GUARD_PRIMARY, OK);
    buffer_clear(&talk.primary);
    buffer_clear(&talk.provider);
    (void)snprintf(line, sizeof line, "%s%s%s\r\n", verb,
                   *verb != '\0' && *row->argument != '\0' ? " " : "", row->argument);
    talk_say(&talk, GUARD_PROVIDER, line);
    assert_int_equal(talk.state, GUARD_OPEN);
    assert_string_equal(talk.primary.bytes, row->code == 0 ? line : "");
    (void)snprintf(expected, sizeof expected, "%d ", row->code);
    if (row->code == 0)
        assert_string_equal(talk.provider.bytes, "");
    else
        assert_memory_equal(talk.provider.bytes, expected, 4);
    assert_int_equal(talk.refused.size > 0, row->code != 0);
    bool is_rcpt = strncmp(line, "RCPT", 4) == 0 && (line[4] == ' ' || line[4] == '\r');
    assert_int_equal(guard_counts(talk.guard).recipients_refused, row->code != 0 && is_rcpt);
    talk_close(&talk);
}

static void test_recipient(void **state)
{
    check(*state, "RCPT", MAIL, false);
}

static void test_utf8_recipient(void **state)
{
    check(*state, "RCPT", "MAIL FROM:<a@b.example> SMTPUTF8\r\n", false);
}

static void test_no_recipient(void **state)
{
    check(*state, "RCPT", MAIL, true);
}

static void test_sender(void **state)
{
    check(*state, "MAIL", "", false);
}

static void test_verb(void **state)
{
    check(*state, "", "", false);
}

/* SMTPUTF8 holds for one transaction. */
static void test_utf8_ends(void **state)
{
    static const char *const ends[] = {"RSET\r\n", "EHLO x\r\n", "HELO x\r\n", MAIL, DATA};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct talk talk;

        talk_open(&talk, false);
        talk_say(&talk, GUARD_PROVIDER, "MAIL FROM:<a@b.example> SMTPUTF8\r\n");
        talk_say(&talk, GUARD_PROVIDER, ends[i]);
        talk_say(&talk, GUARD_PRIMARY, strcmp(ends[i], DATA) == 0 ? OK GO : OK OK);
        if (guard_waits_for(talk.guard) == GUARD_WAIT_DATA)
            talk_say(&talk, GUARD_PROVIDER, DOT);
        talk_say(&talk, GUARD_PROVIDER, "RCPT TO:<" UE "@example.com>\r\n");
        assert_string_equal(talk.refused.bytes, "RCPT TO:<" UE "@example.com>: 553\n");
        talk_close(&talk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_utf8_ends),
                                       cmocka_unit_test(test_written_anew)};

    return unit_status(
        RUN_TABLE(recipients, test_recipient) + RUN_TABLE(utf8_recipients, test_utf8_recipient) +
        RUN_TABLE(no_recipients, test_no_recipient) + RUN_TABLE(senders, test_sender) +
        RUN_TABLE(verbs, test_verb) + cmocka_run_group_tests(tests, NULL, NULL));
}
