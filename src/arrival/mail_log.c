/* The lines by which mail servers tell that they have taken or refused a message. What senders choose stands in them, too
 * (addresses, message-ids, the name in HELO, headers), and must not pass for a client's address: so a line is taken apart only by what
 * its server has written, from the end at which nothing else stands before it, and what is ambiguous is passed over.
 *
 *   Postfix    … postfix/smtpd[7]: 4F2A: client=mx2.example.net[192.0.2.7]
 *              … postfix/cleanup[8]: 4F2A: message-id=<1@example.org>
 *              … postfix/qmgr[9]: 4F2A: from=<a@example.org>, size=472, nrcpt=1 (queue active)
 *              … postfix/smtpd[7]: NOQUEUE: reject: RCPT from mx2.example.net[192.0.2.7]: 550 5.1.1 …; from=<a@example.org> …
 *              … postfix/cleanup[8]: 4F2A: reject: header Subject: … from …; from=<…> … helo=<mx2.example.net>: 5.7.1 …
 *   Exim       2026-11-29 06:00:00 1vPabc-000001-2X <= a@example.org H=mx2.example.net (helo) [192.0.2.7]:4321 … S=472 id=1@example.org
 *              2026-11-29 06:00:00 H=mx2.example.net [192.0.2.7] F=<a@example.org> rejected RCPT <b@example.com>: …
 *   sendmail   … sm-mta[7]: 5AT6: from=<a@example.org>, size=472, …, nrcpts=1, msgid=<1@example.org>, …, relay=mx2.example.net [192.0.2.7]
 *              … sm-mta[7]: 5AT6: Milter: data, reject=550 5.7.1 …
 *              … sm-mta[7]: 5AT6: to=<b@example.com>, …, stat=…       (without a mailer: it was not taken after all)
 *              … sm-mta[7]: 5AT7: <b@example.com>... User unknown
 *              … sm-mta[7]: 5AT7: from=<a@example.org>, size=0, …, nrcpts=0, proto=ESMTP, …, relay=mx2.example.net [192.0.2.7]
 *   OpenSMTPD  … smtpd[7]: 1234abcd smtp connected address=192.0.2.7 host=mx2.example.net
 *              … smtpd[7]: 1234abcd smtp message msgid=5a6b size=472 nrcpt=1 proto=ESMTP
 *              … smtpd[7]: 1234abcd smtp failed-command command="RCPT TO:<b@example.com>" result="550 …"
 */
#include "rest.h"

#include <mxpull/arrival/mail_log.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/host.h>

#include <stdio.h>
#include <string.h>

/* As much of it as there is room for. */
static void copy_text(char target[MAIL_LOG_TEXT_SIZE], struct rest part)
{
    if (part.end - part.at >= MAIL_LOG_TEXT_SIZE)
        part.end = part.at + MAIL_LOG_TEXT_SIZE - 1;
    (void)rest_copy(target, MAIL_LOG_TEXT_SIZE, part);
}

/* An IP address, and nothing else. */
static bool copy_address(char address[MAIL_LOG_ADDRESS_SIZE], struct rest part)
{
    (void)rest_take(&part, "IPv6:");
    if (rest_copy(address, MAIL_LOG_ADDRESS_SIZE, part) && host_ip_version(address) != 0)
        return true;
    address[0] = '\0';
    return false;
}

/* The one in "[192.0.2.7]", which the rest begins with. */
static bool take_address(struct rest *rest, char address[MAIL_LOG_ADDRESS_SIZE])
{
    return rest_take(rest, "[") && copy_address(address, rest_take_until(rest, "]")) &&
           rest_take(rest, "]");
}

/* The recipient in "<b@example.com>", which the part begins with. */
static void copy_recipient(char recipient[MAIL_LOG_ID_SIZE], struct rest part,
                           const char *backslash)
{
    struct rest inner = part;

    recipient[0] = '\0';
    if (rest_take_bracketed(&part, backslash))
        (void)rest_copy(recipient, MAIL_LOG_ID_SIZE, (struct rest){inner.at + 1, part.at - 1});
}

/* ---- messages that several lines tell of ---- */

static struct open_message *find(struct mail_log *log, const char *key)
{
    for (size_t i = 0; i < MAIL_LOG_OPEN_MAX; i++) {
        if (log->open[i].key[0] != '\0' && strcmp(log->open[i].key, key) == 0)
            return &log->open[i];
    }
    return NULL;
}

/* Anew, if there is one; else at a free place, or the oldest one's. */
static struct open_message *add(struct mail_log *log, const char *key)
{
    struct open_message *message = find(log, key), *oldest = &log->open[0];

    for (size_t i = 0; i < MAIL_LOG_OPEN_MAX && oldest->key[0] != '\0'; i++) {
        if (log->open[i].key[0] == '\0' || log->open[i].order < oldest->order)
            oldest = &log->open[i];
    }
    if (message == NULL)
        message = oldest;
    *message = (struct open_message){.bytes = -1, .order = ++log->order};
    (void)text_copy(message->key, sizeof message->key, key);
    return message;
}

static void fill(struct arrival *arrival, const struct open_message *message)
{
    arrival->bytes = message->bytes;
    (void)text_copy(arrival->address, sizeof arrival->address, message->address);
    (void)text_copy(arrival->message_id, sizeof arrival->message_id, message->message_id);
}

/* ---- Postfix ---- */

/* rest: behind "; from=<". Both addresses stand there as they were sent, and may hold what looks like their end: then the
 * sender is somebody. */
static void read_postfix_envelope(struct rest rest, struct arrival *arrival)
{
    struct rest other = rest, recipient;

    arrival->has_sender = rest_seek(&other, "; from=<", NULL) || !rest_take(&rest, ">");
    if (arrival->has_sender || !rest_take(&rest, " to=<") ||
        !rest_seek(&rest, "> proto=", &recipient))
        return;
    other = recipient;
    arrival->has_sender = rest_seek(&other, "> to=<", NULL) || rest_seek(&rest, "> proto=", NULL) ||
                          rest_seek(&rest, " to=<", NULL);
    (void)rest_copy(arrival->recipient, sizeof arrival->recipient, recipient);
}

/* rest: behind "reject: ". A header is the sender's, so the client must be known from elsewhere; the words come last. */
static bool read_postfix_refusal(struct open_message *message, struct rest rest,
                                 struct arrival *arrival)
{
    struct rest command = rest_take_until(&rest, " "), text;

    if (message != NULL)
        fill(arrival, message);
    arrival->is_refused = true;
    if (command.at < command.end && *command.at >= 'a') { /* header, body, … */
        if (message == NULL || !rest_seek_last(&rest, ">: ", NULL))
            return false;
        message->key[0] = '\0';
        copy_text(arrival->text, rest);
        return true;
    }
    if (message != NULL && rest_take(&command, "END-OF-MESSAGE"))
        message->key[0] = '\0';
    if (!rest_take(&rest, " from "))
        return false;
    (void)rest_take_until(&rest, "[");
    if (!take_address(&rest, arrival->address))
        return false;
    (void)rest_take_until(&rest, " "); /* ":" and perhaps a port before it */
    (void)rest_take(&rest, " ");
    if (rest_seek(&rest, "; from=<", &text))
        read_postfix_envelope(rest, arrival);
    else if (!rest_seek(&rest, "; proto=", &text))
        text = rest;
    copy_text(arrival->text, text);
    return true;
}

/* A queue id that is used again for another message begins with client=, or with message-id= where this machine wrote it.
 * NOQUEUE is none. */
static bool read_postfix(struct mail_log *log, struct rest rest, struct arrival *arrival)
{
    char key[MAIL_LOG_KEY_SIZE];
    struct open_message *message;

    if (!rest_copy(key, sizeof key, rest_take_until(&rest, ": ")) || key[0] == '\0' ||
        !rest_take(&rest, ": "))
        return false;
    if (rest_take(&rest, "client=")) {
        if (strcmp(key, "NOQUEUE") == 0)
            return false;
        message = add(log, key);
        (void)rest_take_until(&rest, "[ ,");
        bool is_known = take_address(&rest, message->address);
        if (rest_take(&rest, ", orig_client=")) { /* a proxy before the queue has handed it in */
            (void)rest_take_until(&rest, "[ ,");
            is_known = take_address(&rest, message->address);
        }
        if (!is_known)
            message->key[0] = '\0';
        return false;
    }
    message = find(log, key);
    if (rest_take(&rest, "reject: ") || rest_take(&rest, "milter-reject: "))
        return read_postfix_refusal(message, rest, arrival);
    if (message == NULL)
        return false;
    if (rest_take(
            &rest,
            "message-id=")) { /* one line for each such header: which one counts is not told */
        if (message->has_id)
            message->message_id[0] = '\0';
        else
            (void)rest_copy(message->message_id, sizeof message->message_id, rest);
        message->has_id = true;
    } else if (rest_take(&rest, "uid=")) {
        message->key[0] = '\0';
    } else if (rest_take(&rest, "from=<") && rest_seek_last(&rest, ">, size=", NULL)) {
        fill(arrival, message);
        arrival->bytes = rest_take_number(&rest);
        message->key[0] = '\0';
        return true;
    }
    return false;
}

/* ---- Exim ---- */

/* ":25", if it is there. */
static void take_port(struct rest *rest)
{
    struct rest at = *rest;

    if (!rest_take(&at, ":") || at.at == at.end || !text_is_digit(*at.at))
        return;
    while (at.at < at.end && text_is_digit(*at.at))
        at.at++;
    *rest = at;
}

/* "H=mx2.example.net (helo) [192.0.2.7]:4321 I=[192.0.2.1]:25", of which the first and the last parts may be missing. With
 * helo_accept_junk_hosts the name in HELO is any text, and may hold what looks like its end. */
static bool take_exim_client(struct rest *rest, char address[MAIL_LOG_ADDRESS_SIZE])
{
    if (!rest_take(rest, "H="))
        return false;
    (void)rest_take_until(rest, " ([");
    (void)rest_take(rest, " ");
    if (rest_take(rest, "(")) {
        struct rest other;

        if (!rest_seek(rest, ") [", NULL))
            return false;
        rest->at--;
        other = *rest;
        if (rest_seek(&other, ") [", NULL))
            return false;
    }
    if (!take_address(rest, address))
        return false;
    take_port(rest);
    if (rest_take(rest, " I=[")) {
        (void)rest_take_until(rest, "]");
        (void)rest_take(rest, "]");
        take_port(rest);
    }
    return true;
}

/* rest: behind "<= ". */
static bool read_exim_message(struct rest rest, struct arrival *arrival)
{
    (void)rest_take_quoted(&rest, ' ', "\\");
    if (!rest_take(&rest, " ") || !take_exim_client(&rest, arrival->address))
        return false;
    while (rest_take(&rest, " ")) {
        struct rest word = rest_take_quoted(&rest, ' ', "\\");
        char id[MAIL_LOG_ID_SIZE - 2];

        if (rest_take(&word, "S=")) {
            arrival->bytes = rest_take_number(&word);
        } else if (rest_take(&word, "id=")) {
            if (rest_copy(id, sizeof id, word))
                (void)snprintf(arrival->message_id, sizeof arrival->message_id, "<%s>", id);
            break;
        }
    }
    return true;
}

/* rest: the words "rejected …", or the fields before them. */
static bool read_exim_refusal(struct rest rest, struct arrival *arrival)
{
    arrival->is_refused = true;
    if (rest_take(&rest, "rejected MAIL FROM:") ||
        rest_take(&rest, "rejected from ")) { /* it is too big */
        struct rest sender = rest;

        if (!rest_take_bracketed(&rest, "\\") || !rest_take(&rest, " ") ||
            !take_exim_client(&rest, arrival->address) || !rest_take(&rest, ": "))
            return false;
        arrival->has_sender = !rest_take(&sender, "<> ");
        copy_text(arrival->text, rest);
        return true;
    }
    if (!take_exim_client(&rest, arrival->address))
        return false;
    while (rest_take(&rest, " ")) {
        struct rest word = rest, sender = rest;

        if (rest_take(&word, "rejected ") || rest_take(&word, "temporarily rejected ")) {
            copy_text(arrival->text, rest);
            if (rest_take(&word, "RCPT "))
                copy_recipient(arrival->recipient, word, "\\");
            return true;
        }
        if (rest_take(&sender, "F="))
            arrival->has_sender = !rest_take(&sender, "<> ");
        (void)rest_take_quoted(&rest, ' ', "\\"); /* F=<a@example.org>, X=TLS1.3:… */
        if (word.at == rest.at || memchr(word.at, '=', (size_t)(rest.at - word.at)) == NULL)
            return false;
    }
    return false;
}

/* ---- sendmail ---- */

/* What the log has for a backslash. */
static const char sendmail_backslash[] = "\\\\";

/* rest: behind "from=". From the right, where nothing is the sender's: relay=, the last of all, and before it proto=; what
 * then ends in nrcpts=0 is a message that was not taken, and has no msgid=. */
static bool read_sendmail_sender(struct mail_log *log, const char *key, struct rest rest,
                                 struct arrival *arrival)
{
    struct open_message *message = find(log, key);
    struct rest fields, relay = rest, cut;

    if (!rest_seek_last(&relay, ", relay=", &fields))
        return false;
    (void)rest_take_until(&relay, "[");
    if (!take_address(&relay, arrival->address))
        return false;
    relay = fields;
    if (!rest_seek_last(&relay, ", proto=", &fields))
        return false;
    relay = fields;
    cut = fields;
    if (rest_seek_last(&relay, ", bodytype=", &cut))
        fields = cut;
    if (rest_ends_with(fields, ", nrcpts=0")) {
        arrival->is_refused = message != NULL && message->text[0] != '\0';
        if (arrival->is_refused) {
            (void)text_copy(arrival->text, sizeof arrival->text, message->text);
            (void)text_copy(arrival->recipient, sizeof arrival->recipient, message->recipient);
            arrival->has_sender = !rest_take(&rest, "<>, ");
            message->key[0] = '\0';
        }
        return arrival->is_refused;
    }
    if (rest_take_bracketed(&fields, sendmail_backslash) && rest_take(&fields, ", size="))
        arrival->bytes = rest_take_number(&fields);
    if (rest_seek(&fields, ", msgid=", NULL)) {
        cut = fields;
        if (rest_take_bracketed(&fields, sendmail_backslash))
            (void)rest_copy(arrival->message_id, sizeof arrival->message_id,
                            (struct rest){cut.at, fields.at});
    }
    message = add(log, key);
    message->bytes = arrival->bytes;
    (void)text_copy(message->address, sizeof message->address, arrival->address);
    (void)text_copy(message->message_id, sizeof message->message_id, arrival->message_id);
    return true;
}

/* rest: behind "to=", of the first recipient that is told. A message that was taken has a mailer by now, unless it waits in the
 * queue. */
static bool read_sendmail_recipient(struct open_message *message, struct rest rest,
                                    struct arrival *arrival)
{
    struct rest mailer = rest;

    if (message == NULL || message->address[0] == '\0')
        return false;
    message->key[0] = '\0';
    if (rest_seek(&mailer, ", mailer=", NULL) || !rest_seek_last(&rest, ", stat=", NULL) ||
        rest_take(&rest, "queued") || rest_take(&rest, "Deferred"))
        return false;
    fill(arrival, message);
    arrival->is_refused = arrival->was_taken = true;
    if (message->text[0] != '\0')
        (void)text_copy(arrival->text, sizeof arrival->text, message->text);
    else
        copy_text(arrival->text, rest);
    return true;
}

/* Keeps the server's words for the line that tells whose message it was. A connection that is refused has no such line. */
static bool read_sendmail_refusal(struct mail_log *log, const char *key, struct rest rest,
                                  struct arrival *arrival)
{
    char recipient[MAIL_LOG_ID_SIZE] = "";
    struct open_message *message;
    struct rest words = rest;

    if (rest_take(&words, "ruleset=check_relay, ") && rest_seek(&words, ", relay=", NULL)) {
        (void)rest_take_until(&words, "[,");
        arrival->is_refused =
            take_address(&words, arrival->address) && rest_seek(&words, ", reject=", NULL);
        copy_text(arrival->text, words);
        return arrival->is_refused;
    }
    words = rest;
    if (rest_take(&words, "ruleset=check_rcpt, arg1="))
        copy_recipient(recipient, words, sendmail_backslash);
    words = rest;
    if (rest_take(&words, "ruleset=") || rest_take(&words, "Milter: ")) {
        if (rest_seek(&words, ", arg1=", NULL))
            (void)rest_take_bracketed(&words, sendmail_backslash);
        if (!rest_seek(&words, ", reject=", NULL))
            return false;
    } else if (!rest_take(&words, "<") && !rest_take(&words, "message size (")) {
        return false;
    } else {
        words = rest;
        copy_recipient(recipient, words, sendmail_backslash);
    }
    message = find(log, key);
    if (message == NULL)
        message = add(log, key);
    copy_text(message->text, words);
    (void)text_copy(message->recipient, sizeof message->recipient, recipient);
    return false;
}

static bool read_sendmail(struct mail_log *log, struct rest rest, struct arrival *arrival)
{
    char key[MAIL_LOG_KEY_SIZE];

    if (!rest_copy(key, sizeof key, rest_take_until(&rest, ": ")) || key[0] == '\0' ||
        !rest_take(&rest, ": "))
        return false;
    if (rest_take(&rest, "from="))
        return read_sendmail_sender(log, key, rest, arrival);
    if (rest_take(&rest, "to="))
        return read_sendmail_recipient(find(log, key), rest, arrival);
    return read_sendmail_refusal(log, key, rest, arrival);
}

/* ---- OpenSMTPD ---- */

/* rest: behind `failed-command command="`. */
static bool read_opensmtpd_refusal(struct rest rest, struct arrival *arrival)
{
    struct rest command = rest, text;

    arrival->is_refused = true;
    if (!rest_take(&rest, "MAIL") && !rest_take(&rest, "RCPT") && !rest_take(&rest, "DATA"))
        return false;
    if (rest_take(&command, "RCPT TO:"))
        copy_recipient(arrival->recipient, command, "\\");
    if (!rest_seek_last(&rest, "\" result=\"", NULL) || !rest_seek_last(&rest, "\"", &text))
        return false;
    copy_text(arrival->text, text);
    return true;
}

static bool read_opensmtpd(struct mail_log *log, struct rest rest, struct arrival *arrival)
{
    char key[MAIL_LOG_KEY_SIZE];
    struct open_message *session;

    if (!rest_copy(key, sizeof key, rest_take_until(&rest, " ")) || key[0] == '\0' ||
        !rest_take(&rest, " smtp "))
        return false;
    if (rest_take(&rest, "connected address=")) {
        session = add(log, key);
        (void)rest_take(&rest, "[");
        if (!copy_address(session->address, rest_take_until(&rest, "] ")))
            session->key[0] = '\0';
        return false;
    }
    session = find(log, key);
    if (session == NULL)
        return false;
    fill(arrival, session);
    if (rest_take(&rest, "disconnected"))
        session->key[0] = '\0';
    if (rest_take(&rest, "failed-command command=\""))
        return read_opensmtpd_refusal(rest, arrival);
    if (!rest_take(&rest, "message ") || !rest_seek(&rest, " size=", NULL))
        return false;
    arrival->bytes = rest_take_number(&rest);
    return true;
}

/* ---- which of them ---- */

/* Exim's own line: date and time unless syslog has them, zone and process where they are wanted, and the message's id if
 * there is one. What senders choose stands behind it alone. */
static bool read_exim(struct rest rest, struct arrival *arrival)
{
    struct rest id, behind;

    if (rest_take_pattern(&rest, "9999-99-99 99:99:99"))
        rest_skip_word(&rest);
    if (rest.at < rest.end && (*rest.at == '+' || *rest.at == '-'))
        rest_skip_word(&rest);
    if (rest_take(&rest, "["))
        rest_skip_word(&rest);
    behind = rest;
    id = rest_take_until(&behind, " ");
    if (id.end - id.at < 16 || id.at[6] != '-')
        return read_exim_refusal(rest, arrival);
    if (!rest_take(&behind, " "))
        return false;
    return rest_take(&behind, "<= ") ? read_exim_message(behind, arrival)
                                     : read_exim_refusal(behind, arrival);
}

/* Behind the program's name: "[7]: ", or by RFC 5424 6 " 7 - - ", with structured data in place of the last dash. */
static bool take_process(struct rest *rest, bool is_rfc_5424)
{
    if (!is_rfc_5424) {
        bool is_there = rest_take(rest, "[");

        (void)rest_take_until(rest, "] ");
        return is_there && rest_take(rest, "]: ");
    }
    for (int i = 0; i < 3; i++)
        rest_skip_word(rest);
    bool is_there = rest_take(rest, "-");
    while (rest_take(rest, "[")) {
        (void)rest_take_quoted(rest, ']', "\\");
        is_there = rest_take(rest, "]");
    }
    is_there = rest_take(rest, " ") && is_there;
    (void)rest_take(rest, " "); /* rsyslog's */
    (void)rest_take(rest, "\xef\xbb\xbf");
    return is_there;
}

/* "Nov 29 06:59:08 host postfix/smtpd[7]: ", or the time of RFC 3339; by RFC 5424 "<22>1 " before it; FreeBSD has "<mail.info> "
 * before the host, and busybox "mail.info " behind it. *is_whole: name is all of the program's name, and not the last part of it.
 */
static bool take_syslog_head(struct rest *rest, char *name, size_t name_size, bool *is_whole)
{
    bool is_rfc_5424 = rest_take(rest, "<");
    struct rest program;

    if (is_rfc_5424)
        rest_skip_word(rest);
    if (!rest_take_pattern(rest, "AAA _9 99:99:99") &&
        !rest_take_pattern(rest, "9999-99-99T99:99:99"))
        return false;
    rest_skip_word(rest); /* parts of a second, and the zone */
    if (rest_take(rest, "<"))
        rest_skip_word(rest);
    rest_skip_word(rest);
    if (rest_take(rest, "mail."))
        rest_skip_word(rest);
    program = rest_take_until(rest, "[ ");
    *is_whole = !rest_seek_last(&program, "/", NULL);
    return take_process(rest, is_rfc_5424) && rest_copy(name, name_size, program);
}

bool mail_log_read(struct mail_log *log, const char *line, size_t size, struct arrival *arrival)
{
    struct rest rest = {line, line + size}, head = rest;
    bool is_whole;
    char name[32];

    *arrival = (struct arrival){.bytes = -1};
    if (rest_take_pattern(&head, "9999-99-99 ")) /* syslog has a T there, or the month's name */
        return read_exim(rest, arrival);
    if (!take_syslog_head(&rest, name, sizeof name, &is_whole))
        return false;
    if (!is_whole)
        return (strcmp(name, "smtpd") == 0 || strcmp(name, "postscreen") == 0 ||
                strcmp(name, "cleanup") == 0 || strcmp(name, "qmgr") == 0 ||
                strcmp(name, "pickup") == 0) &&
               read_postfix(log, rest, arrival);
    if (strcmp(name, "smtpd") == 0)
        return read_opensmtpd(log, rest, arrival);
    if (text_starts_with(name, "exim"))
        return read_exim(rest, arrival);
    if (text_starts_with(name, "sendmail") || text_starts_with(name, "sm-"))
        return read_sendmail(log, rest, arrival);
    return false;
}
