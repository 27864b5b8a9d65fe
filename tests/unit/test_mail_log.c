/* The primary's log: what counts as a message that came, from whom, and what does not, whatever senders put into it. A row's
 * lines are read one after the other; expected are the messages in their order: "ADDRESS BYTES ID", joined by "|". */
#include "unit.h"

#include <mxpull/arrival/mail_log.h>

#define POSTFIX "Nov 29 06:59:08 mx1 postfix/"
#define EXIM "2026-11-29 06:59:09 1xXYsP-0003Py-0B "
#define SENDMAIL "Nov 29 06:59:08 mx1 sm-mta[7]: 6AT6x9dK013329: "
#define SMTPD "Nov 29 06:59:08 mx1 smtpd[7]: 41cd "

static const struct row {
    const char *name;
    const char *lines[6];
    const char *expected;
} rows[] = {
    {"Postfix",
     {POSTFIX "smtpd[1]: 83659B82066: client=unknown[192.0.2.7]",
      POSTFIX "cleanup[2]: 83659B82066: message-id=<1@mx2.test>",
      POSTFIX "qmgr[3]: 83659B82066: from=<sender@sender.test>, size=350, nrcpt=1 (queue active)"},
     "192.0.2.7 350 <1@mx2.test>"},
    {"Postfix: a second try of the queue is no second message",
     {POSTFIX "smtpd[1]: 8A: client=a.test[192.0.2.7]",
      POSTFIX "qmgr[3]: 8A: from=<a@b>, size=1, nrcpt=1 (queue active)",
      POSTFIX "qmgr[3]: 8A: from=<a@b>, size=1, nrcpt=1 (queue active)"},
     "192.0.2.7 1 "},
    {"Postfix: two at the same time",
     {POSTFIX "smtpd[1]: 8A: client=a.test[192.0.2.7]",
      POSTFIX "smtpd[4]: 8B: client=b.test[2001:db8::1], sasl_method=PLAIN",
      POSTFIX "cleanup[2]: 8A: message-id=<1@a>", POSTFIX "cleanup[2]: 8B: message-id=<2@b>",
      POSTFIX "qmgr[3]: 8B: from=<>, size=20, nrcpt=1 (queue active)",
      POSTFIX "qmgr[3]: 8A: from=<a@b>, size=10, nrcpt=1 (queue active)"},
     "2001:db8::1 20 <2@b>|192.0.2.7 10 <1@a>"},
    {"Postfix: RFC 3339 times, another instance, submission",
     {"2026-11-29T06:59:08.123456+00:00 mx1 postfix-in/submission/smtpd[1]: 4bQ3: "
      "client=a[192.0.2.7]",
      "2026-11-29T06:59:08.223456+00:00 mx1 postfix-in/qmgr[3]: 4bQ3: from=<a@b>, size=9, nrcpt=1"},
     "192.0.2.7 9 "},
    {"Postfix: refused, or of this machine",
     {POSTFIX "smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 550 no; from=<a@b> to=<c@d>",
      POSTFIX "pickup[1]: 8A: uid=0 from=<root>", POSTFIX "cleanup[1]: 8A: message-id=<1@a>",
      POSTFIX "qmgr[1]: 8A: from=<root@a>, size=1, nrcpt=1 (queue active)"},
     ""},
    {"Postfix: a sender that is no client",
     {POSTFIX "smtpd[1]: 8A: client=a[192.0.2.7]",
      POSTFIX "qmgr[3]: 8A: from=<\"x>, size=7, client=b[192.0.2.9]\"@y>, size=350, nrcpt=1"},
     "192.0.2.7 350 "},
    {"Postfix: an id that is too long is left out",
     {POSTFIX "smtpd[1]: 8A: client=a[192.0.2.7]",
      POSTFIX
      "cleanup[2]: 8A: message-id=<"
      "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
      "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
      "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890@"
      "a>",
      POSTFIX "qmgr[3]: 8A: from=<a@b>, size=350, nrcpt=1 (queue active)"},
     "192.0.2.7 350 "},
    {"Postfix: the queue id's second message",
     {POSTFIX "smtpd[1]: 8A: client=a[192.0.2.7]", POSTFIX "cleanup[2]: 8A: message-id=<1@a>",
      POSTFIX "smtpd[1]: 8A: client=b[192.0.2.8]",
      POSTFIX "qmgr[3]: 8A: from=<a@b>, size=350, nrcpt=1 (queue active)"},
     "192.0.2.8 350 "},

    {"Exim",
     {EXIM "<= sender@sender.test H=(sender.test) [192.0.2.7] P=esmtp S=281 id=1@a.test"},
     "192.0.2.7 281 <1@a.test>"},
    {"Exim: name, port, TLS",
     {EXIM
      "<= a@b H=mx2.test (helo.test) [192.0.2.7]:4321 I=[192.0.2.1]:25 P=esmtps X=TLS1.3 S=5 id=x"},
     "192.0.2.7 5 <x>"},
    {"Exim: HELO with an address",
     {EXIM "<= <> H=([192.0.2.9]) [192.0.2.7] P=esmtp S=281"},
     "192.0.2.7 281 "},
    {"Exim: a sender that is no client",
     {EXIM "<= \"x H=a [192.0.2.9] S=1 \\\" \"@y H=b [192.0.2.7] P=esmtp S=281"},
     "192.0.2.7 281 "},
    {"Exim: milliseconds, zone, process, the long ids of 4.97",
     {"2026-11-29 06:59:09.123 +0000 [123] 1vPabc-00000003XyZ-2AbC <= a@b H=c [192.0.2.7] S=2"},
     "192.0.2.7 2 "},
    {"Exim: by syslog",
     {"Nov 29 06:59:09 mx1 exim[123]: 2026-11-29 06:59:09 1xXYsP-0003Py-0B <= a@b H=c [192.0.2.7] "
      "S=2",
      "Nov 29 06:59:09 mx1 exim[123]: 1xXYsP-0003Py-0C <= a@b H=c [192.0.2.7] S=3"},
     "192.0.2.7 2 |192.0.2.7 3 "},
    {"Exim: of this machine, delivered, refused",
     {EXIM "<= root@a U=root P=local S=281", EXIM "=> b@c R=r T=t H=d [192.0.2.7]",
      "2026-11-29 06:59:09 H=a [192.0.2.9] rejected RCPT <\"x 1xXYsP-0003Py-0B <= a@b H=c "
      "[192.0.2.7]\"@d>: no"},
     ""},

    {"sendmail",
     {SENDMAIL
      "from=<a@b>, size=472, class=0, nrcpts=1, msgid=<1@a>, bodytype=8BITMIME, proto=ESMTP, "
      "daemon=MTA-v4, relay=mx2.test [192.0.2.7]"},
     "192.0.2.7 472 <1@a>"},
    {"sendmail: without a name, and forged",
     {SENDMAIL "from=<>, size=4, class=0, nrcpts=1, proto=SMTP, daemon=MTA, relay=[192.0.2.7]",
      SENDMAIL "from=<a@b>, size=5, nrcpts=1, relay=a.test [192.0.2.8] (may be forged)"},
     "192.0.2.7 4 |192.0.2.8 5 "},
    {"sendmail: a sender and an id that are no client",
     {SENDMAIL "from=<\"x>, size=1, relay=[192.0.2.9]\"@b>, size=472, class=0, nrcpts=1, "
               "msgid=<, relay=[192.0.2.9]>, proto=ESMTP, daemon=MTA, relay=mx2.test [192.0.2.7]"},
     "192.0.2.7 472 <, relay=[192.0.2.9]>"},
    {"sendmail: delivered, refused",
     {SENDMAIL "to=<a@b>, delay=00:00:00, relay=a.test. [192.0.2.7], stat=Sent",
      SENDMAIL "ruleset=check_rcpt, arg1=<a@b>, relay=[192.0.2.7], reject=550"},
     ""},

    {"OpenSMTPD",
     {SMTPD "smtp connected address=192.0.2.7 host=mx2.test",
      SMTPD "smtp message msgid=5a6b size=472 nrcpt=1 proto=ESMTP",
      SMTPD "smtp message msgid=5a6c size=473 nrcpt=1 proto=ESMTP",
      SMTPD "smtp disconnected reason=quit",
      SMTPD "smtp message msgid=5a6d size=474 nrcpt=1 proto=ESMTP"},
     "192.0.2.7 472 |192.0.2.7 473 "},
    {"OpenSMTPD: IPv6, a command that failed",
     {SMTPD "smtp connected address=[2001:db8::1] host=mx2.test",
      SMTPD "smtp failed-command command=\"RCPT TO:<a size=3>\" result=\"550\"",
      SMTPD "smtp message msgid=5a6c size=473 nrcpt=1 proto=ESMTP"},
     "2001:db8::1 473 "},

    {"other programs, and rubbish",
     {"Nov 29 06:59:08 mx1 dovecot[1]: 8A: client=a[192.0.2.7]", "", "]: ", "\xff\xfe]: from=<",
      "Nov 29 06:59:08 mx1 postfix/smtpd[1]: ", "2026-11-29 06:59:09 <= "},
     ""},
};

static void test_lines(void **state)
{
    const struct row *row = *state;
    static struct mail_log log;
    char came[600] = "";
    size_t used = 0;

    memset(&log, 0, sizeof log);
    for (size_t i = 0; i < 6 && row->lines[i] != NULL; i++) {
        struct arrival arrival;

        if (mail_log_read(&log, row->lines[i], strlen(row->lines[i]), &arrival))
            used += (size_t)snprintf(came + used, sizeof came - used, "%s%s %lld %s",
                                     used > 0 ? "|" : "", arrival.address, (long long)arrival.bytes,
                                     arrival.message_id);
    }
    assert_string_equal(came, row->expected);
}

/* Messages that never end leave room for others, the newest of them. */
static void test_bounded(void **state)
{
    static struct mail_log log;
    struct arrival arrival;
    char line[200];
    int came = 0;

    (void)state;
    memset(&log, 0, sizeof log);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(line, sizeof line, POSTFIX "smtpd[1]: %X: client=a[192.0.2.7]", 0x1000 + i);
        assert_false(mail_log_read(&log, line, strlen(line), &arrival));
    }
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(line, sizeof line, POSTFIX "qmgr[1]: %X: from=<a@b>, size=1, nrcpt=1",
                       0x1000 + i);
        came += mail_log_read(&log, line, strlen(line), &arrival);
    }
    assert_int_equal(came, MAIL_LOG_OPEN_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounded)};
    int failed = RUN_TABLE(rows, test_lines);

    return unit_status(failed + cmocka_run_group_tests(tests, NULL, NULL));
}
