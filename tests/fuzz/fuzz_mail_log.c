/* Lines of any bytes in the primary's log: what is read out of them has an end, and nothing is read beyond them. And whatever a sender
 * puts where servers log what senders choose, no message and no refusal is told of another client than the one that was connected. */
#include "fuzz.h"

#include <mxpull/arrival/mail_log.h>

#include <stdio.h>
#include <string.h>

#define POSTFIX "Nov 29 06:59:08 a postfix/"
#define EXIM "2026-11-29 06:59:09 1xXYsP-0003Py-0B "
#define SENDMAIL "Nov 29 06:59:08 a sm-mta[7]: 6A: "
#define SMTPD "Nov 29 06:59:08 a smtpd[7]: 41cd smtp "
#define CLIENT "192.0.2.7"

const char *const fuzz_seeds[] = {
    POSTFIX "smtpd[1]: 8A: client=a[192.0.2.9]\n" POSTFIX
            "cleanup[2]: 8A: message-id=<1@a>\n" POSTFIX
            "qmgr[3]: 8A: from=<\"a\"@b>, size=350, nrcpt=1 (queue active)",
    POSTFIX
    "smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.9]: 550 5.1.1 no; from=<a@b> to=<c@d>\n" POSTFIX
    "cleanup[1]: 8A: milter-reject: END-OF-MESSAGE from a[192.0.2.9]: 5.7.1 no; "
    "from=<a@b>\n" POSTFIX
    "cleanup[1]: 8A: reject: header x from a[192.0.2.9]; from=<a@b> helo=<e>: 5.7.1 no",
    "2026-11-29 06:59:09 +0000 [1] 1xXYsP-0003Py-0B <= \"a\\\"\"@b H=c ([d]) [192.0.2.9]:1 "
    "I=[::1]:25 P=e S=2 "
    "id=f",
    "2026-11-29 06:59:09 H=c (d) [192.0.2.9] F=<a@b> temporarily rejected RCPT <c@d>: no\n" EXIM
    "rejected from <a@b> H=(c) [192.0.2.9]: message too big",
    "a) [192.0.2.9] P=e S=1 (b",
    SENDMAIL "from=<a@b>, size=4, nrcpts=1, msgid=<1@a>, bodytype=8BITMIME, proto=ESMTP, relay=a "
             "[192.0.2.9]\n" SENDMAIL "Milter: data, reject=550 5.7.1 no\n" SENDMAIL
             "to=<c@d>, pri=3, stat=no",
    SENDMAIL
    "ruleset=check_rcpt, arg1=<\"a\\\\\">, relay=[192.0.2.9]\"@b>, reject=550 5.7.1 no\n" SENDMAIL
    "from=<a@b>, size=0, nrcpts=0, proto=ESMTP, relay=a [IPv6:2001:db8::9]",
    SMTPD "connected address=[2001:db8::9] host=a\n" SMTPD
          "message msgid=5a6b size=472 nrcpt=1\n" SMTPD
          "failed-command command=\"RCPT TO:<a@b>\" result=\"550 no\"",
    NULL};

/* Lines of a session of CLIENT's; the sender's words stand for the %. */
static const char *const told[] = {
    POSTFIX "smtpd[1]: 8A: client=a[" CLIENT "]",
    POSTFIX "cleanup[2]: 8A: message-id=%",
    POSTFIX "cleanup[2]: 8A: reject: header % from a[" CLIENT "]; from=<a@b> helo=<e>: 5.7.1 no",
    POSTFIX "smtpd[1]: NOQUEUE: reject: RCPT from a[" CLIENT
            "]: 550 %; from=<%> to=<%> proto=ESMTP helo=<%>",
    POSTFIX "smtpd[1]: warning: non-SMTP command from a[" CLIENT "]: %",
    POSTFIX "qmgr[3]: 8A: from=<%>, size=350, nrcpt=1 (queue active)",
    EXIM "<= a@b H=(%) [" CLIENT "]:25 P=esmtp S=2 id=f",
    EXIM "<= a@b H=a [" CLIENT "] P=esmtps X=T DN=\"%\" S=2 id=% T=\"%\"",
    EXIM "H=(%) [" CLIENT "] F=<a@b> rejected RCPT <%>: no",
    "2026-11-29 06:59:09 rejected EHLO from [" CLIENT "]: syntactically invalid argument(s): %",
    SENDMAIL "ruleset=check_rcpt, arg1=%, relay=[" CLIENT "], reject=550 5.7.1 %... no",
    SENDMAIL "<%>... User unknown",
    SENDMAIL "from=%, size=0, nrcpts=0, proto=ESMTP, relay=a [" CLIENT "]",
    SENDMAIL "from=%, size=4, nrcpts=1, msgid=%, proto=ESMTP, relay=a [" CLIENT "]",
    SENDMAIL "to=%, pri=3, stat=%",
    SMTPD "connected address=" CLIENT " host=a",
    SMTPD "failed-command command=\"RCPT TO:%\" result=\"550 %\"",
    "Nov 29 06:59:08 a dovecot: imap-login: user=<%>",
    "Nov 29 06:59:08 a dovecot[1]: %",
};

static bool read_exactly(struct mail_log *log, const char *bytes, size_t size,
                         struct arrival *arrival)
{
    char *line = malloc(size > 0 ? size : 1); /* of exactly this size */

    CHECK(line != NULL);
    memcpy(line, bytes, size);
    bool is_told = mail_log_read(log, line, size, arrival);
    free(line);
    if (is_told) {
        CHECK(arrival->address[0] != '\0' && arrival->bytes >= -1);
        CHECK(memchr(arrival->address, '\0', sizeof arrival->address) != NULL);
        CHECK(memchr(arrival->message_id, '\0', sizeof arrival->message_id) != NULL);
        CHECK(memchr(arrival->text, '\0', sizeof arrival->text) != NULL);
        CHECK(memchr(arrival->recipient, '\0', sizeof arrival->recipient) != NULL);
        CHECK(arrival->is_refused || (!arrival->was_taken && arrival->text[0] == '\0'));
        CHECK(arrival->is_refused || (!arrival->has_sender && arrival->recipient[0] == '\0'));
    }
    return is_told;
}

static void try_to_forge(struct mail_log *log, const uint8_t *bytes, size_t size)
{
    static char line[8 * 1024];
    struct arrival arrival;

    if (size > 1000)
        return;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        size_t used = 0;

        for (const char *c = told[i]; *c != '\0'; c++) {
            if (*c != '%') {
                line[used++] = *c;
                continue;
            }
            memcpy(line + used, bytes, size);
            used += size;
        }
        for (char *end; (end = memchr(line, '\n', used)) != NULL;)
            *end = ' ';
        if (!read_exactly(log, line, used, &arrival))
            continue;
        CHECK(strcmp(arrival.address, CLIENT) == 0);
        /* Somebody, never <>: no address begins with the end of one. */
        if (size > 0 && bytes[0] != '>' && strstr(told[i], " from=<%> to=<%>") != NULL)
            CHECK(arrival.has_sender);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct mail_log *log = calloc(1, sizeof *log);

    CHECK(log != NULL);
    try_to_forge(log, bytes, size);
    memset(log, 0, sizeof *log);
    while (size > 0) {
        const uint8_t *end = memchr(bytes, '\n', size);
        size_t length = end != NULL ? (size_t)(end - bytes) : size;
        struct arrival arrival;

        (void)read_exactly(log, (const char *)bytes, length, &arrival);
        length += end != NULL;
        bytes += length;
        size -= length;
    }
    free(log);
    return 0;
}
