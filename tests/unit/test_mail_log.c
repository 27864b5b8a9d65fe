/* The primary's log: what counts as a message that came, from whom, and what does not, whatever senders put into it. A row's
 * lines are read one after the other; expected are the messages in their order: "ADDRESS BYTES ID", or "ADDRESS ID! TEXT" of one that was
 * refused ("!!" of one that had been taken), joined by "|". What the servers of the tests have logged was logged by them so, but for names and
 * addresses. */
#include "unit.h"

#include <mxpull/arrival/mail_log.h>
#include <mxpull/base/compiler.h>

#define POSTFIX "Nov 29 06:59:08 mx1 postfix/"
#define FROM_TO "; from=<a@b> to=<c@d> proto=ESMTP helo=<e>"
#define RELAY ", proto=ESMTP, daemon=MTA, relay=[192.0.2.7]"
#define EXIM "2026-11-29 06:59:09 1xXYsP-0003Py-0B "
#define SENDMAIL "Nov 29 06:59:08 mx1 sm-mta[7]: 6AT6x9dK013329: "
#define SMTPD "Nov 29 06:59:08 mx1 smtpd[7]: 41cd "

static const struct row {
    const char *name;
    const char *lines[8];
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
     "192.0.2.7 ! 550 no"},
    {"Postfix: refused",
     {POSTFIX "smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 550 5.1.1 <c@d>: Recipient "
              "address rejected: gone away" FROM_TO,
      POSTFIX
      "smtpd[1]: NOQUEUE: reject: MAIL from unknown[192.0.2.7]: 552 5.3.4 Message size exceeds "
      "fixed limit; from=<a@b> proto=ESMTP helo=<e>",
      POSTFIX
      "smtpd[1]: NOQUEUE: milter-reject: RCPT from a.test[2001:db8::7]: 550 5.7.1 no" FROM_TO,
      POSTFIX
      "postscreen[1]: NOQUEUE: reject: RCPT from [192.0.2.7]:4321: 450 4.3.2 Service currently "
      "unavailable" FROM_TO,
      POSTFIX
      "smtpd[1]: NOQUEUE: reject: CONNECT from a[192.0.2.7]: 554 5.7.1 <a[192.0.2.7]>: Client host "
      "rejected: no; proto=SMTP"},
     "192.0.2.7 ! 550 5.1.1 <c@d>: Recipient address rejected: gone away|"
     "192.0.2.7 ! 552 5.3.4 Message size exceeds fixed limit|2001:db8::7 ! 550 5.7.1 no|"
     "192.0.2.7 ! 450 4.3.2 Service currently unavailable|"
     "192.0.2.7 ! 554 5.7.1 <a[192.0.2.7]>: Client host rejected: no"},
    {"Postfix: refused after DATA",
     {POSTFIX "smtpd[1]: 8A: client=unknown[192.0.2.7]", POSTFIX "cleanup[2]: 8A: message-id=<1@a>",
      POSTFIX
      "cleanup[2]: 8A: milter-reject: END-OF-MESSAGE from unknown[192.0.2.7]: 5.7.1 no spam, says "
      "the milter" FROM_TO,
      POSTFIX "smtpd[1]: 8B: client=unknown[192.0.2.8]",
      POSTFIX "cleanup[2]: 8B: reject: body viagra body from unknown[192.0.2.8]" FROM_TO
              ": 5.7.1 no spam body"},
     "192.0.2.7 <1@a>! 5.7.1 no spam, says the milter|192.0.2.8 ! 5.7.1 no spam body"},
    {"Postfix: the queue id of a refused message, used again for one of this machine",
     {POSTFIX "smtpd[1]: 8A: client=unknown[192.0.2.7]", POSTFIX "cleanup[2]: 8A: message-id=<1@a>",
      POSTFIX
      "cleanup[2]: 8A: milter-reject: END-OF-MESSAGE from unknown[192.0.2.7]: 5.7.1 no" FROM_TO,
      POSTFIX "cleanup[2]: 8A: message-id=<2@a>",
      POSTFIX "qmgr[1]: 8A: from=<root@a>, size=1, nrcpt=1 (queue active)"},
     "192.0.2.7 <1@a>! 5.7.1 no"},
    {"Postfix: two Message-IDs",
     {POSTFIX "smtpd[1]: 8A: client=a[192.0.2.7]", POSTFIX "cleanup[2]: 8A: message-id=<1@a>",
      POSTFIX "cleanup[2]: 8A: message-id=<2@a>",
      POSTFIX "qmgr[1]: 8A: from=<a@b>, size=7, nrcpt=1 (queue active)"},
     "192.0.2.7 7 "},
    {"Postfix: three Message-IDs",
     {POSTFIX "smtpd[1]: 8A: client=a[192.0.2.8]", POSTFIX "cleanup[2]: 8A: message-id=<1@a>",
      POSTFIX "cleanup[2]: 8A: message-id=<2@a>", POSTFIX "cleanup[2]: 8A: message-id=<3@a>",
      POSTFIX "qmgr[1]: 8A: from=<a@b>, size=8, nrcpt=1 (queue active)"},
     "192.0.2.8 8 "},
    {"Postfix: a queue id that this machine uses for its own",
     {POSTFIX "smtpd[1]: 8A: client=a[192.0.2.9]", POSTFIX "cleanup[2]: 8A: message-id=<1@a>",
      POSTFIX "pickup[1]: 8A: uid=0 from=<root>", POSTFIX "cleanup[1]: 8A: message-id=<2@a>",
      POSTFIX "qmgr[1]: 8A: from=<root@a>, size=9, nrcpt=1 (queue active)"},
     ""},
    {"Postfix: a header that is no client",
     {POSTFIX "smtpd[1]: 8A: client=unknown[192.0.2.7]",
      POSTFIX "cleanup[2]: 8A: reject: header Subject: viagra from y[192.0.2.9]" FROM_TO
              ": 5.7.1 forged from unknown[192.0.2.7]" FROM_TO ": 5.7.1 no spam",
      POSTFIX "cleanup[2]: 8B: reject: header Subject: viagra from y[192.0.2.9]" FROM_TO
              ": 5.7.1 forged from unknown[192.0.2.7]" FROM_TO ": 5.7.1 no spam"},
     "192.0.2.7 ! 5.7.1 no spam"},
    {"Postfix: words that are no client",
     {POSTFIX "smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 <a\">, "
              "relay=[192.0.2.9], "
              "reject=550 forged@d>: Relay access denied" FROM_TO,
      POSTFIX
      "smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 550 no; from=<a@b> to=<c@d> "
      "proto=ESMTP helo=<x from y[192.0.2.9]: 550 z; from=<>",
      POSTFIX "smtpd[1]: improper command pipelining after EHLO from unknown[192.0.2.7]: 8A: "
              "client=b[192.0.2.9]",
      POSTFIX
      "smtpd[1]: warning: non-SMTP command from unknown[192.0.2.7]: 8A: client=b[192.0.2.9]",
      POSTFIX "cleanup[1]: warning: regexp lookup error for \"8A: client=b[192.0.2.9]\"",
      POSTFIX "qmgr[1]: 8A: from=<a@b>, size=1, nrcpt=1 (queue active)"},
     "192.0.2.7 ! 554 5.7.1 <a\">, relay=[192.0.2.9], reject=550 forged@d>: Relay access denied|"
     "192.0.2.7 ! 550 no"},
    {"Postfix: warnings and what is put aside are no refusals",
     {POSTFIX "smtpd[1]: NOQUEUE: reject_warning: RCPT from a[192.0.2.7]: 550 no" FROM_TO,
      POSTFIX
      "smtpd[1]: NOQUEUE: milter-discard: RCPT from unknown[192.0.2.7]: milter triggers DISCARD "
      "action" FROM_TO,
      POSTFIX "smtpd[1]: 8A: client=a[192.0.2.7]",
      POSTFIX "cleanup[1]: 8A: warning: header Subject: x from a[192.0.2.7]" FROM_TO ": hm",
      POSTFIX "cleanup[1]: 8A: hold: header Subject: x from a[192.0.2.7]" FROM_TO ": hm"},
     ""},
    {"Postfix: a proxy before the queue",
     {POSTFIX "smtpd[1]: NOQUEUE: client=a[192.0.2.7]",
      POSTFIX "smtpd[1]: NOQUEUE: client=b[192.0.2.8]",
      POSTFIX "smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 550 no" FROM_TO},
     "192.0.2.7 ! 550 no"},
    {"Postfix: behind a proxy before the queue, and behind a filter that has its own queue id",
     {POSTFIX "smtpd[1]: 8A: client=unknown[127.0.0.1], orig_client=unknown[192.0.2.7]",
      POSTFIX "qmgr[1]: 8A: from=<a@b>, size=1, nrcpt=1 (queue active)",
      POSTFIX
      "smtpd[1]: 8B: client=localhost[127.0.0.1], orig_queue_id=8C, orig_client=unknown[192.0.2.7]",
      POSTFIX "qmgr[1]: 8B: from=<a@b>, size=1, nrcpt=1 (queue active)"},
     "192.0.2.7 1 |127.0.0.1 1 "},
    {"Postfix: no address",
     {POSTFIX "smtpd[1]: 8A: client=unknown[unknown]", POSTFIX "smtpd[1]: 8B: client=a[192.0.2.7x]",
      POSTFIX "qmgr[3]: 8A: from=<a@b>, size=1, nrcpt=1 (queue active)",
      POSTFIX "qmgr[3]: 8B: from=<a@b>, size=1, nrcpt=1 (queue active)",
      POSTFIX "smtpd[1]: NOQUEUE: reject: RCPT from unknown[unknown]: 550 no" FROM_TO},
     ""},
    {"Postfix by FreeBSD's syslogd -v, and by one that knows parts of a second",
     {"Nov 29 06:59:08 <mail.info> mx1 postfix/smtpd[1]: 8A: client=a[192.0.2.7]",
      "Nov 29 06:59:08.123 mx1 postfix/qmgr[1]: 8A: from=<>, size=7, nrcpt=1 (queue active)"},
     "192.0.2.7 7 "},
    {"RFC 5424",
     {"<22>1 2026-11-29T06:59:08.123456+00:00 mx1 postfix/smtpd 1 - - 8A: client=a[192.0.2.7]",
      "<22>1 2026-11-29T06:59:08Z mx1 postfix/qmgr 1 - [timeQuality tzKnown=\"1\"][x@1 a=\"\\] "
      "b\"] "
      "\xef\xbb\xbf"
      "8A: from=<>, size=7, nrcpt=1 (queue active)",
      "<22>1 2026-11-29T06:59:09Z mx1 exim 123 - -  1xXYsP-0003Py-0C <= a@b H=c [192.0.2.7] S=3",
      "<22>1 2026-11-29T06:59:09Z mx1 sm-mta 7 - - 6A: from=<a@b>, size=4, class=0, "
      "nrcpts=1" RELAY},
     "192.0.2.7 7 |192.0.2.7 3 |192.0.2.7 4 "},
    {"RFC 5424, and what is none",
     {"<22>1 2026-11-29T06:59:08Z mx1 postfix/smtpd 1 - 8A: client=a[192.0.2.7]",
      "<22>1 2026-11-29T06:59:08Z mx1 postfix/smtpd", "<22>1 2026-11-29T06:59:08Z", "<", "<22>1 ",
      "<22>1 2026-11-29T06:59:08Z mx1 dovecot 1 - - x exim[7]: 1xXYsP-0003Py-0B <= a@b H=c "
      "[192.0.2.9] S=2",
      "<22>1 2026-11-29T06:59:08Z mx1 postfix/qmgr 1 - - 8A: from=<>, size=7, nrcpt=1"},
     ""},
    {"Postfix by busybox's syslogd",
     {"Nov  9 06:59:08 mx1 mail.info postfix/smtpd[1]: 8A: client=a[192.0.2.7]",
      "Nov  9 06:59:08 mx1 mail.info postfix/qmgr[1]: 8A: from=<>, size=7, nrcpt=1 (queue active)"},
     "192.0.2.7 7 "},
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
     "192.0.2.9 ! rejected RCPT <\"x 1xXYsP-0003Py-0B <= a@b H=c [192.0.2.7]\"@d>: no"},
    {"Exim: refused",
     {"2026-11-29 10:48:38 H=(sender.test) [192.0.2.7] F=<a@b> rejected RCPT <c@d>: gone away",
      "2026-11-29 10:48:38 H=(sender.test) [192.0.2.7]:4321 I=[192.0.2.1]:25 F=<\"a b\".\"c "
      "H=[192.0.2.9] "
      "d\"@b> temporarily rejected RCPT <c@d>: greylisted",
      EXIM
      "H=a (b) [2001:db8::7] X=TLS1.3:A:256 CV=no DN=\"CN=x y\" F=<> rejected after DATA: no spam",
      "2026-11-29 10:48:38 H=[192.0.2.7] rejected MAIL <a@b>: bad sender",
      "2026-11-29 10:48:39 rejected MAIL FROM:<a@b> H=(sender.test) [192.0.2.7]:38333 "
      "I=[192.0.2.1]:24025: message "
      "too big: size=99999999 max=200000",
      EXIM
      "rejected from <a@b> H=(sender.test) [192.0.2.7]: message too big: read=284043 max=200000",
      "Nov 29 06:59:09 mx1 exim[123]: H=(x) [192.0.2.7] F=<a@b> rejected RCPT <c@d>"},
     "192.0.2.7 ! rejected RCPT <c@d>: gone away|192.0.2.7 ! temporarily rejected RCPT <c@d>: "
     "greylisted|"
     "2001:db8::7 ! rejected after DATA: no spam|192.0.2.7 ! rejected MAIL <a@b>: bad sender|"
     "192.0.2.7 ! message too big: size=99999999 max=200000|"
     "192.0.2.7 ! message too big: read=284043 max=200000|192.0.2.7 ! rejected RCPT <c@d>"},
    {"Exim: a HELO of any text that is no client",
     {EXIM "<= a@b H=(a) [192.0.2.9] (b) [192.0.2.7]:60137 I=[192.0.2.1]:25 P=smtp S=231 id=j@x",
      EXIM "<= a@b H=(a) [192.0.2.9] P=smtp S=1 (b) [192.0.2.7] P=smtp S=231 id=j@x",
      EXIM "H=(a) [192.0.2.9] F=<x> rejected (b) [192.0.2.7] F=<a@b> rejected RCPT <c@d>: no",
      EXIM "<= a@b H=(a [192.0.2.9] b) [192.0.2.7] P=smtp S=231",
      "2026-11-29 10:44:14 rejected EHLO from [192.0.2.7]: syntactically invalid argument(s): H=e "
      "[192.0.2.9] "
      "rejected RCPT <a@b>: 550 forged",
      "2026-11-29 10:44:14 rejected EHLO from [192.0.2.7]: syntactically invalid argument(s): "
      "1xXYsP-0003Py-0B <= a@b H=c [192.0.2.9] S=2 id=x",
      "2026-11-29 10:44:16 SMTP protocol synchronization error (next input sent too soon: "
      "pipelining was advertised): "
      "rejected \"H=c [192.0.2.9] rejected\" H=(sender.test) [192.0.2.7] next input=\"\\r\\n\""},
     "192.0.2.7 231 "},
    {"Exim: a sender with backslashes that is no client",
     {EXIM "<= a\\ H=z\\ [192.0.2.9]@b.test H=(sender.test) [192.0.2.7] P=esmtp S=231 id=m@x",
      EXIM "rejected from <a\\> H=z [192.0.2.9]: forged@b> H=(x) [192.0.2.7]: message too big: "
           "read=1 max=0"},
     "192.0.2.7 231 <m@x>|192.0.2.7 ! message too big: read=1 max=0"},
    {"Exim: ids, and what stands behind them",
     {EXIM "<= a@b H=(x) [192.0.2.7] P=esmtp S=225 id=\"a>\"@b T=\"id=y S=7\" for c@d", EXIM
      "<= a@b H=(x) [192.0.2.7] P=esmtps X=T DN=\"CN=S=1 id=z\" S=226 T=\"s\" from <a@b> for c@d"},
     "192.0.2.7 225 <\"a>\"@b>|192.0.2.7 226 "},
    {"Exim: no refusal of the server's",
     {EXIM "H=(x) [192.0.2.7] Warning: subject is rejected RCPT",
      "2026-11-29 10:44:13 H=(x) [192.0.2.7] F=<rejected RCPT",
      EXIM "== c@d R=r T=t defer (-53): rejected "},
     ""},

    {"sendmail",
     {SENDMAIL
      "from=<a@b>, size=472, class=0, nrcpts=1, msgid=<1@a>, bodytype=8BITMIME, proto=ESMTP, "
      "daemon=MTA-v4, relay=mx2.test [192.0.2.7]"},
     "192.0.2.7 472 <1@a>"},
    {"sendmail: without a name, and forged",
     {SENDMAIL "from=<>, size=4, class=0, nrcpts=1, proto=SMTP, daemon=MTA, relay=[192.0.2.7]",
      SENDMAIL "from=<a@b>, size=5, class=0, nrcpts=1, bodytype=8BITMIME, proto=ESMTP, daemon=MTA, "
               "tls_verify=NO, "
               "auth=NONE, relay=a.test [192.0.2.8] (may be forged)"},
     "192.0.2.7 4 |192.0.2.8 5 "},
    {"sendmail: a sender and an id that are no client",
     {SENDMAIL "from=<\"x>, size=1, relay=[192.0.2.9]\"@b>, size=472, class=0, nrcpts=1, "
               "msgid=<, relay=[192.0.2.9]>, proto=ESMTP, daemon=MTA, relay=mx2.test [192.0.2.7]"},
     "192.0.2.7 472 <, relay=[192.0.2.9]>"},
    {"sendmail: delivered, refused",
     {SENDMAIL "to=<a@b>, delay=00:00:00, relay=a.test. [192.0.2.7], stat=Sent",
      SENDMAIL "ruleset=check_rcpt, arg1=<a@b>, relay=[192.0.2.7], reject=550"},
     ""},
    {"sendmail: over IPv6",
     {SENDMAIL
      "from=<a@b>, size=4, class=0, nrcpts=1, msgid=<1@a>, proto=SMTP, daemon=MTA, relay=a.test "
      "[IPv6:2001:db8::7]"},
     "2001:db8::7 4 <1@a>"},
    {"sendmail: refused",
     {SENDMAIL "<c@d>... User unknown", SENDMAIL "from=<a@b>, size=0, class=0, nrcpts=0" RELAY,
      SENDMAIL "ruleset=check_rcpt, arg1=<c@d>, relay=[192.0.2.7], reject=550 5.7.1 <c@d>... "
               "Relaying denied",
      SENDMAIL "from=<a@b>, size=0, class=0, nrcpts=0, bodytype=8BITMIME" RELAY,
      SENDMAIL "Milter: from=<a@b>, reject=550 5.7.1 Command rejected",
      SENDMAIL "from=<a@b>, size=0, class=0, nrcpts=0" RELAY,
      SENDMAIL "ruleset=check_relay, arg1=[192.0.2.7], arg2=192.0.2.7, relay=[192.0.2.7], "
               "reject=554 5.7.1 no"},
     "192.0.2.7 ! <c@d>... User unknown|192.0.2.7 ! 550 5.7.1 <c@d>... Relaying denied|"
     "192.0.2.7 ! 550 5.7.1 Command rejected|192.0.2.7 ! 554 5.7.1 no"},
    {"sendmail: neither taken nor refused",
     {SENDMAIL "from=<a@b>, size=99999999, class=0, nrcpts=0" RELAY,
      SENDMAIL "lost input channel from [192.0.2.7] to MTA after mail"},
     ""},
    {"sendmail: refused after DATA",
     {SENDMAIL "from=<a@b>, size=57, class=0, nrcpts=1, msgid=<1@a>" RELAY,
      SENDMAIL "Milter: data, reject=550 5.7.1 no spam, says the milter",
      SENDMAIL "to=<c@d>, delay=00:00:00, pri=30057, stat=no spam, says the milter",
      SENDMAIL "to=<e@d>, delay=00:00:00, pri=30057, stat=no spam, says the milter",
      SENDMAIL "from=<a@b>, size=284043, class=0, nrcpts=1, msgid=<2@a>" RELAY,
      SENDMAIL
      "to=<c@d>, delay=00:00:00, pri=314043, stat=Message exceeds maximum fixed size (200000)"},
     "192.0.2.7 57 <1@a>|192.0.2.7 <1@a>!! 550 5.7.1 no spam, says the milter|192.0.2.7 284043 "
     "<2@a>|"
     "192.0.2.7 <2@a>!! Message exceeds maximum fixed size (200000)"},
    {"sendmail: one recipient refused, delivered, deferred, queued",
     {SENDMAIL "<gone@d>... User unknown",
      SENDMAIL "from=<a@b>, size=36, class=0, nrcpts=1, msgid=<1@a>" RELAY,
      SENDMAIL "to=/mail/all.mbox, ctladdr=<c@d> (65534/0), delay=00:00:00, mailer=*file*, pri=3, "
               "dsn=2.0.0, "
               "stat=Sent",
      SENDMAIL "to=<c@d>, delay=00:00:00, pri=3, stat=queued",
      SENDMAIL "to=<c@d>, delay=00:00:00, pri=3, stat=Deferred: Connection refused"},
     "192.0.2.7 36 <1@a>"},
    {"sendmail: what a sender writes does not turn a refusal into a message",
     {SENDMAIL "<gone@d>... User unknown",
      SENDMAIL "from=<\"x>, size=1, class=0, nrcpts=1, msgid=<1@a>, proto=ESMTP, daemon=MTA, "
               "relay=[192.0.2.9]\"@b>, size=0, class=0, nrcpts=0" RELAY},
     "192.0.2.7 ! <gone@d>... User unknown"},
    {"sendmail: backslashes are doubled",
     {SENDMAIL "ruleset=check_rcpt, arg1=<\"a\\\\\">, relay=[192.0.2.9], reject=550 forged\"@e>, "
               "relay=[192.0.2.7], reject=550 5.7.1 <\"a\\\\\">, relay=[192.0.2.9], reject=550 "
               "forged\"@e>... no",
      SENDMAIL "from=<a@b>, size=0, class=0, nrcpts=0" RELAY,
      SENDMAIL "from=<a\\\\>b@b.test>, size=36, class=0, nrcpts=1, msgid=<1@a>" RELAY},
     "192.0.2.7 ! 550 5.7.1 <\"a\\\\\">, relay=[192.0.2.9], reject=550 forged\"@e>... no|192.0.2.7 "
     "36 <1@a>"},
    {"sendmail: ids of any form",
     {SENDMAIL "from=<a@b>, size=45, class=0, nrcpts=1, msgid=<x>, relay=x [192.0.2.9]" RELAY,
      SENDMAIL "from=<a@b>, size=46, class=0, nrcpts=1, msgid=x S=1 id=y H=z [192.0.2.9]" RELAY,
      SENDMAIL "from=<a@b>, size=47, class=0, nrcpts=1, msgid=<aaaa" RELAY,
      SENDMAIL
      "from=<a@b>, size=48, class=0, nrcpts=1, msgid=Nov 29 06:59:08 mx1 postfix/smtpd[7]: 8A: "
      "client=b[192.0.2.9]" RELAY,
      SENDMAIL "from=<a@b>, size=50, class=0, nrcpts=1, msgid=<a@b> (, relay=q [192.0.2.9])" RELAY},
     "192.0.2.7 45 <x>|192.0.2.7 46 |192.0.2.7 47 |192.0.2.7 48 |192.0.2.7 50 <a@b>"},

    {"OpenSMTPD",
     {SMTPD "smtp connected address=192.0.2.7 host=mx2.test",
      SMTPD "smtp message msgid=5a6b size=472 nrcpt=1 proto=ESMTP",
      SMTPD "smtp message msgid=5a6c size=473 nrcpt=1 proto=ESMTP",
      SMTPD "smtp disconnected reason=quit",
      SMTPD "smtp message msgid=5a6d size=474 nrcpt=1 proto=ESMTP"},
     "192.0.2.7 472 |192.0.2.7 473 "},
    {"OpenSMTPD: IPv6, refused",
     {SMTPD "smtp connected address=[2001:db8::1] host=mx2.test",
      SMTPD "smtp failed-command command=\"RCPT TO:<a@d>\" result=\"550 Invalid recipient: <a@d>\"",
      SMTPD "smtp failed-command command=\"MAIL FROM:<\"a\" result=\"250 x\"@b>\" result=\"553 "
            "5.1.0 Sender "
            "address syntax error\"",
      SMTPD "smtp failed-command command=\"EHLO x\" result=\"501 5.5.4 Invalid command arguments\"",
      SMTPD "smtp bad-input result=\"500 5.5.1 Invalid command: Pipelining not supported\"",
      SMTPD "smtp failed-command command=\"DATA\" result=\"554 5.3.4 Message too big for system\"",
      SMTPD "smtp message msgid=5a6c size=473 nrcpt=1 proto=ESMTP"},
     "2001:db8::1 ! 550 Invalid recipient: <a@d>|2001:db8::1 ! 553 5.1.0 Sender address syntax "
     "error|"
     "2001:db8::1 ! 554 5.3.4 Message too big for system|2001:db8::1 473 "},

    {"other programs, and rubbish",
     {"Nov 29 06:59:08 mx1 dovecot[1]: 8A: client=a[192.0.2.7]", "", "]: ", "\xff\xfe]: from=<",
      "Nov 29 06:59:08 mx1 postfix/smtpd[1]: ", "2026-11-29 06:59:09 <= "},
     ""},
    {"another program's line with a line of a mail server in it",
     {"Nov 29 06:59:08 mx1 dovecot: imap-login: user=<postfix/smtpd[7]: 8A: client=b[192.0.2.9]>",
      "Nov 29 06:59:08 mx1 dovecot: user=<x exim[7]: 1xXYsP-0003Py-0B <= a@b H=c [192.0.2.9] S=2>",
      "Nov 29 06:59:08 mx1 dovecot[7]: 2026-11-29 06:59:09 1xXYsP-0003Py-0B <= a@b H=c [192.0.2.9] "
      "S=2",
      "postfix/smtpd[7]: 8A: client=b[192.0.2.9]",
      "x Nov 29 06:59:08 mx1 postfix/smtpd[7]: 8A: client=b[192.0.2.9]",
      "Nov 29 06:59:08 mx1 postfix/qmgr[7]: 8A: from=<>, size=2, nrcpt=1"},
     ""},
};

static void test_lines(void **state)
{
    const struct row *row = *state;
    static struct mail_log log;
    char came[1200] = "";
    size_t used = 0;

    memset(&log, 0, sizeof log);
    for (size_t i = 0; i < COUNT_OF(row->lines) && row->lines[i] != NULL; i++) {
        struct arrival arrival;

        if (!mail_log_read(&log, row->lines[i], strlen(row->lines[i]), &arrival))
            continue;
        used += (size_t)snprintf(came + used, sizeof came - used, "%s%s ", used > 0 ? "|" : "",
                                 arrival.address);
        if (arrival.is_refused)
            used += (size_t)snprintf(came + used, sizeof came - used, "%s%s %s", arrival.message_id,
                                     arrival.was_taken ? "!!" : "!", arrival.text);
        else
            used += (size_t)snprintf(came + used, sizeof came - used, "%lld %s",
                                     (long long)arrival.bytes, arrival.message_id);
    }
    assert_string_equal(came, row->expected);
}

/* Whose mail was refused: "RECIPIENT", and "!" behind it where somebody has sent it. */
static void test_envelope(void **state)
{
#define REJECT POSTFIX "smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 550 no; from="
    static const struct {
        const char *lines[2], *expected;
    } envelopes[] = {
        {{REJECT "<> to=<c@d> proto=ESMTP helo=<x>"}, "c@d"},
        {{REJECT "<a@b> to=<c@d> proto=ESMTP helo=<x>"}, "!"},
        {{REJECT "<> to=<c@d> proto=x@b> to=<e@f> proto=ESMTP helo=<x>"}, "c@d!"},
        {{REJECT "<\"; from=<> to=<c@d> proto=x\"@b> to=<e@f> proto=ESMTP helo=<x>"}, "!"},
        {{POSTFIX "smtpd[1]: NOQUEUE: reject: CONNECT from a[192.0.2.7]: 554 no; proto=SMTP"}, ""},
        {{"2026-11-29 10:48:38 H=a [192.0.2.7] F=<> rejected RCPT <c@d>: no"}, "c@d"},
        {{"2026-11-29 10:48:38 H=a [192.0.2.7] F=<a@b> temporarily rejected RCPT <c@d>: no"},
         "c@d!"},
        {{"2026-11-29 10:48:38 H=a [192.0.2.7] F=<> rejected after DATA: no <c@d>"}, ""},
        {{"Nov 29 06:59:08 mx1 sm-mta[7]: 6A: <c@d>... User unknown",
          "Nov 29 06:59:08 mx1 sm-mta[7]: 6A: from=<>, size=0, class=0, nrcpts=0, proto=ESMTP, "
          "daemon=MTA, relay=x [192.0.2.7]"},
         "c@d"},
        {{"Nov 29 06:59:08 mx1 sm-mta[7]: 6A: ruleset=check_rcpt, arg1=<c@d>, relay=x [192.0.2.7], "
          "reject=550 5.7.1 <c@d>... no",
          "Nov 29 06:59:08 mx1 sm-mta[7]: 6A: from=<a@b>, size=0, class=0, nrcpts=0, proto=ESMTP, "
          "daemon=MTA, relay=x [192.0.2.7]"},
         "c@d!"},
        {{"Nov 29 06:59:08 mx1 smtpd[7]: 1a smtp connected address=192.0.2.7 host=x",
          "Nov 29 06:59:08 mx1 smtpd[7]: 1a smtp failed-command command=\"RCPT TO:<c@d>\" "
          "result=\"550 no\""},
         "c@d"},
    };
    static struct mail_log log;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(envelopes); i++) {
        struct arrival arrival = {.bytes = -1};
        char envelope[300];

        for (size_t j = 0; j < 2 && envelopes[i].lines[j] != NULL; j++)
            (void)mail_log_read(&log, envelopes[i].lines[j], strlen(envelopes[i].lines[j]),
                                &arrival);
        assert_true(arrival.is_refused);
        (void)snprintf(envelope, sizeof envelope, "%s%s", arrival.recipient,
                       arrival.has_sender ? "!" : "");
        assert_string_equal(envelope, envelopes[i].expected);
    }
}

static bool hear(struct mail_log *log, bool is_begin, int number)
{
    struct arrival arrival;
    char line[200];

    (void)snprintf(line, sizeof line, POSTFIX "%s: %X: %s", is_begin ? "smtpd[1]" : "qmgr[1]",
                   number, is_begin ? "client=a[192.0.2.7]" : "from=<a@b>, size=1, nrcpt=1");
    return mail_log_read(log, line, strlen(line), &arrival);
}

/* Messages that never end leave room for others, the newest of them. */
static void test_bounded(void **state)
{
    static struct mail_log log;
    int came = 0;

    (void)state;
    memset(&log, 0, sizeof log);
    for (int i = 0; i < 1000; i++)
        assert_false(hear(&log, true, 0x1000 + i));
    for (int i = 0; i < 1000; i++) {
        bool is_told = hear(&log, false, 0x1000 + i);

        assert_int_equal(is_told, i >= 1000 - MAIL_LOG_OPEN_MAX);
        came += is_told;
    }
    assert_int_equal(came, MAIL_LOG_OPEN_MAX);
}

/* A large one on a slow line, while thousands of others come, and some never end. */
static void test_slow_message(void **state)
{
    static struct mail_log log;

    (void)state;
    memset(&log, 0, sizeof log);
    assert_false(hear(&log, true, 0x1000));
    for (int i = 1; i < 10000; i++) {
        assert_false(hear(&log, true, 0x1000 + i));
        if (i % 100 != 0)
            assert_true(hear(&log, false, 0x1000 + i));
    }
    assert_true(hear(&log, false, 0x1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_envelope),
                                       cmocka_unit_test(test_bounded),
                                       cmocka_unit_test(test_slow_message)};
    int failed = RUN_TABLE(rows, test_lines);

    return unit_status(failed + cmocka_run_group_tests(tests, NULL, NULL));
}
