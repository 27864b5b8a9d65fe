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
#include <mxpull/arrival/mail_log.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/host.h>

#include <stdio.h>
#include <string.h>

/* What is left of a line. */
struct rest {
    const char *at, *end;
};

/* Takes a word off the front if it stands there. */
static bool take(struct rest *rest, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(rest->end - rest->at) < size || memcmp(rest->at, word, size) != 0)
        return false;
    rest->at += size;
    return true;
}

/* Takes off what stands before the first of the stops, or all, and returns it. */
static struct rest take_until(struct rest *rest, const char *stops)
{
    struct rest taken = *rest;

    while (rest->at < rest->end && (*rest->at == '\0' || strchr(stops, *rest->at) == NULL))
        rest->at++;
    taken.end = rest->at;
    return taken;
}

/* Takes off what stands before the next place of the word, and the word; *before, unless it is NULL, is that part. */
static bool seek(struct rest *rest, const char *word, struct rest *before)
{
    for (struct rest at = *rest; at.at < at.end; at.at++) {
        struct rest behind = at;

        if (take(&behind, word)) {
            if (before != NULL)
                *before = (struct rest){rest->at, at.at};
            *rest = behind;
            return true;
        }
    }
    return false;
}

/* The same for the last place of the word. */
static bool seek_last(struct rest *rest, const char *word, struct rest *before)
{
    struct rest all = *rest;
    bool is_found = false;

    while (seek(rest, word, before))
        is_found = true;
    if (is_found && before != NULL)
        before->at = all.at;
    return is_found;
}

static bool ends_with(struct rest part, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(part.end - part.at) < size)
        return false;
    part.at = part.end - size;
    return take(&part, word);
}

/* Takes off an address, an id or the like: up to the first stop that is neither quoted nor behind a backslash. backslash:
 * what the log has for one. Takes all where there is no such stop. */
static struct rest take_quoted(struct rest *rest, char stop, const char *backslash)
{
    struct rest taken = *rest;
    bool is_quoted = false;

    while (rest->at < rest->end && (is_quoted || *rest->at != stop)) {
        bool is_escape = take(rest, backslash);

        if (is_escape && (take(rest, backslash) || rest->at == rest->end))
            continue;
        if (!is_escape && *rest->at == '"')
            is_quoted = !is_quoted;
        rest->at++;
    }
    taken.end = rest->at;
    return taken;
}

/* One in angle brackets. */
static bool take_bracketed(struct rest *rest, const char *backslash)
{
    if (!take(rest, "<"))
        return false;
    (void)take_quoted(rest, '>', backslash);
    return take(rest, ">");
}

/* False, with target "", where it does not fit. */
static bool copy(char *target, size_t target_size, struct rest part)
{
    size_t size = (size_t)(part.end - part.at);

    target[0] = '\0';
    if (size >= target_size || memchr(part.at, '\0', size) != NULL)
        return false;
    memcpy(target, part.at, size);
    target[size] = '\0';
    return true;
}

/* As much of it as there is room for. */
static void copy_text(char target[MAIL_LOG_TEXT_SIZE], struct rest part)
{
    if (part.end - part.at >= MAIL_LOG_TEXT_SIZE)
        part.end = part.at + MAIL_LOG_TEXT_SIZE - 1;
    (void)copy(target, MAIL_LOG_TEXT_SIZE, part);
}

/* An IP address, and nothing else. */
static bool copy_address(char address[MAIL_LOG_ADDRESS_SIZE], struct rest part)
{
    (void)take(&part, "IPv6:");
    if (copy(address, MAIL_LOG_ADDRESS_SIZE, part) && host_ip_version(address) != 0)
        return true;
    address[0] = '\0';
    return false;
}

/* The one in "[192.0.2.7]", which the rest begins with. */
static bool take_address(struct rest *rest, char address[MAIL_LOG_ADDRESS_SIZE])
{
    return take(rest, "[") && copy_address(address, take_until(rest, "]")) && take(rest, "]");
}

static int64_t take_number(struct rest *rest)
{
    char digits[20];
    int64_t number = -1;

    if (copy(digits, sizeof digits, take_until(rest, ", ")))
        (void)text_to_number(digits, 0, INT64_MAX, &number);
    return number;
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

/* Anew, if there is one. */
static struct open_message *add(struct mail_log *log, const char *key)
{
    struct open_message *message = find(log, key);

    if (message == NULL) {
        message = &log->open[log->next];
        log->next = (log->next + 1) % MAIL_LOG_OPEN_MAX;
    }
    *message = (struct open_message){.bytes = -1};
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

/* rest: behind "reject: ". A header is the sender's, so the client must be known from elsewhere; the words come last. */
static bool read_postfix_refusal(const struct open_message *message, struct rest rest,
                                 struct arrival *arrival)
{
    struct rest command = take_until(&rest, " "), text;

    if (message != NULL)
        fill(arrival, message);
    arrival->is_refused = true;
    if (command.at < command.end && *command.at >= 'a') { /* header, body, … */
        if (!seek_last(&rest, ">: ", NULL))
            return false;
        copy_text(arrival->text, rest);
        return message != NULL;
    }
    if (!take(&rest, " from "))
        return false;
    (void)take_until(&rest, "[");
    if (!take_address(&rest, arrival->address))
        return false;
    (void)take_until(&rest, " "); /* ":" and perhaps a port before it */
    (void)take(&rest, " ");
    if (!seek(&rest, "; from=<", &text) && !seek(&rest, "; proto=", &text))
        text = rest;
    copy_text(arrival->text, text);
    return true;
}

/* A queue id that is used again for another message begins with client=. NOQUEUE is none. */
static bool read_postfix(struct mail_log *log, struct rest rest, struct arrival *arrival)
{
    char key[MAIL_LOG_KEY_SIZE];
    struct open_message *message;

    if (!copy(key, sizeof key, take_until(&rest, ": ")) || key[0] == '\0' || !take(&rest, ": "))
        return false;
    if (take(&rest, "client=")) {
        if (strcmp(key, "NOQUEUE") == 0)
            return false;
        message = add(log, key);
        (void)take_until(&rest, "[ ,");
        bool is_known = take_address(&rest, message->address);
        if (take(&rest, ", orig_client=")) { /* a proxy before the queue has handed it in */
            (void)take_until(&rest, "[ ,");
            is_known = take_address(&rest, message->address);
        }
        if (!is_known)
            message->key[0] = '\0';
        return false;
    }
    message = find(log, key);
    if (take(&rest, "reject: ") || take(&rest, "milter-reject: "))
        return read_postfix_refusal(message, rest, arrival);
    if (message == NULL)
        return false;
    if (take(&rest, "message-id=")) {
        (void)copy(message->message_id, sizeof message->message_id, rest);
    } else if (take(&rest, "from=<") && seek_last(&rest, ">, size=", NULL)) {
        fill(arrival, message);
        arrival->bytes = take_number(&rest);
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

    if (!take(&at, ":") || at.at == at.end || !text_is_digit(*at.at))
        return;
    while (at.at < at.end && text_is_digit(*at.at))
        at.at++;
    *rest = at;
}

/* "H=mx2.example.net (helo) [192.0.2.7]:4321 I=[192.0.2.1]:25", of which the first and the last parts may be missing. With
 * helo_accept_junk_hosts the name in HELO is any text, and may hold what looks like its end. */
static bool take_exim_client(struct rest *rest, char address[MAIL_LOG_ADDRESS_SIZE])
{
    if (!take(rest, "H="))
        return false;
    (void)take_until(rest, " ([");
    (void)take(rest, " ");
    if (take(rest, "(")) {
        struct rest other;

        if (!seek(rest, ") [", NULL))
            return false;
        rest->at--;
        other = *rest;
        if (seek(&other, ") [", NULL))
            return false;
    }
    if (!take_address(rest, address))
        return false;
    take_port(rest);
    if (take(rest, " I=[")) {
        (void)take_until(rest, "]");
        (void)take(rest, "]");
        take_port(rest);
    }
    return true;
}

/* rest: behind "<= ". */
static bool read_exim_message(struct rest rest, struct arrival *arrival)
{
    (void)take_quoted(&rest, ' ', "\\");
    if (!take(&rest, " ") || !take_exim_client(&rest, arrival->address))
        return false;
    while (take(&rest, " ")) {
        struct rest word = take_quoted(&rest, ' ', "\\");
        char id[MAIL_LOG_ID_SIZE - 2];

        if (take(&word, "S=")) {
            arrival->bytes = take_number(&word);
        } else if (take(&word, "id=")) {
            if (copy(id, sizeof id, word))
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
    if (take(&rest, "rejected MAIL FROM:") || take(&rest, "rejected from ")) { /* it is too big */
        if (!take_bracketed(&rest, "\\") || !take(&rest, " ") ||
            !take_exim_client(&rest, arrival->address) || !take(&rest, ": "))
            return false;
        copy_text(arrival->text, rest);
        return true;
    }
    if (!take_exim_client(&rest, arrival->address))
        return false;
    while (take(&rest, " ")) {
        struct rest word = rest;

        if (take(&word, "rejected ") || take(&word, "temporarily rejected ")) {
            copy_text(arrival->text, rest);
            return true;
        }
        (void)take_quoted(&rest, ' ', "\\"); /* F=<a@example.org>, X=TLS1.3:… */
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

    if (!seek_last(&relay, ", relay=", &fields))
        return false;
    (void)take_until(&relay, "[");
    if (!take_address(&relay, arrival->address))
        return false;
    relay = fields;
    if (!seek_last(&relay, ", proto=", &fields))
        return false;
    relay = fields;
    cut = fields;
    if (seek_last(&relay, ", bodytype=", &cut))
        fields = cut;
    if (ends_with(fields, ", nrcpts=0")) {
        arrival->is_refused = message != NULL && message->text[0] != '\0';
        if (arrival->is_refused)
            (void)text_copy(arrival->text, sizeof arrival->text, message->text);
        return arrival->is_refused;
    }
    if (take_bracketed(&fields, sendmail_backslash) && take(&fields, ", size="))
        arrival->bytes = take_number(&fields);
    if (seek(&fields, ", msgid=", NULL)) {
        cut = fields;
        if (take_bracketed(&fields, sendmail_backslash))
            (void)copy(arrival->message_id, sizeof arrival->message_id,
                       (struct rest){cut.at, fields.at});
    }
    message = add(log, key);
    message->bytes = arrival->bytes;
    (void)text_copy(message->address, sizeof message->address, arrival->address);
    (void)text_copy(message->message_id, sizeof message->message_id, arrival->message_id);
    return true;
}

/* rest: behind "to=". A message that was taken has a mailer by now, unless it waits in the queue. */
static bool read_sendmail_recipient(struct open_message *message, struct rest rest,
                                    struct arrival *arrival)
{
    struct rest mailer = rest;

    if (message == NULL || message->address[0] == '\0' || seek(&mailer, ", mailer=", NULL) ||
        !seek_last(&rest, ", stat=", NULL) || take(&rest, "queued") || take(&rest, "Deferred"))
        return false;
    fill(arrival, message);
    arrival->is_refused = arrival->was_taken = true;
    if (message->text[0] != '\0')
        (void)text_copy(arrival->text, sizeof arrival->text, message->text);
    else
        copy_text(arrival->text, rest);
    message->key[0] = '\0';
    return true;
}

/* Keeps the server's words for the line that tells whose message it was. A connection that is refused has no such line. */
static bool read_sendmail_refusal(struct mail_log *log, const char *key, struct rest rest,
                                  struct arrival *arrival)
{
    struct open_message *message;
    struct rest words = rest;

    if (take(&words, "ruleset=check_relay, ") && seek(&words, ", relay=", NULL)) {
        (void)take_until(&words, "[,");
        arrival->is_refused =
            take_address(&words, arrival->address) && seek(&words, ", reject=", NULL);
        copy_text(arrival->text, words);
        return arrival->is_refused;
    }
    words = rest;
    if (take(&words, "ruleset=") || take(&words, "Milter: ")) {
        if (seek(&words, ", arg1=", NULL))
            (void)take_bracketed(&words, sendmail_backslash);
        if (!seek(&words, ", reject=", NULL))
            return false;
    } else if (!take(&words, "<") && !take(&words, "message size (")) {
        return false;
    } else {
        words = rest;
    }
    message = find(log, key);
    if (message == NULL)
        message = add(log, key);
    copy_text(message->text, words);
    return false;
}

static bool read_sendmail(struct mail_log *log, struct rest rest, struct arrival *arrival)
{
    char key[MAIL_LOG_KEY_SIZE];

    if (!copy(key, sizeof key, take_until(&rest, ": ")) || key[0] == '\0' || !take(&rest, ": "))
        return false;
    if (take(&rest, "from="))
        return read_sendmail_sender(log, key, rest, arrival);
    if (take(&rest, "to="))
        return read_sendmail_recipient(find(log, key), rest, arrival);
    return read_sendmail_refusal(log, key, rest, arrival);
}

/* ---- OpenSMTPD ---- */

/* rest: behind `failed-command command="`. */
static bool read_opensmtpd_refusal(struct rest rest, struct arrival *arrival)
{
    struct rest text;

    arrival->is_refused = true;
    if (!take(&rest, "MAIL") && !take(&rest, "RCPT") && !take(&rest, "DATA"))
        return false;
    if (!seek_last(&rest, "\" result=\"", NULL) || !seek_last(&rest, "\"", &text))
        return false;
    copy_text(arrival->text, text);
    return true;
}

static bool read_opensmtpd(struct mail_log *log, struct rest rest, struct arrival *arrival)
{
    char key[MAIL_LOG_KEY_SIZE];
    struct open_message *session;

    if (!copy(key, sizeof key, take_until(&rest, " ")) || key[0] == '\0' || !take(&rest, " smtp "))
        return false;
    if (take(&rest, "connected address=")) {
        session = add(log, key);
        (void)take(&rest, "[");
        if (!copy_address(session->address, take_until(&rest, "] ")))
            session->key[0] = '\0';
        return false;
    }
    session = find(log, key);
    if (session == NULL)
        return false;
    fill(arrival, session);
    if (take(&rest, "disconnected"))
        session->key[0] = '\0';
    if (take(&rest, "failed-command command=\""))
        return read_opensmtpd_refusal(rest, arrival);
    if (!take(&rest, "message ") || !seek(&rest, " size=", NULL))
        return false;
    arrival->bytes = take_number(&rest);
    return true;
}

/* ---- which of them ---- */

/* Whether it begins as the pattern, in which 9 stands for any digit, _ for a digit or a blank, and A for any letter. */
static bool take_pattern(struct rest *rest, const char *pattern)
{
    struct rest at = *rest;

    for (; *pattern != '\0'; pattern++, at.at++) {
        if (at.at == at.end)
            return false;
        bool fits = *pattern == '9'   ? text_is_digit(*at.at)
                    : *pattern == '_' ? text_is_digit(*at.at) || *at.at == ' '
                    : *pattern == 'A' ? text_is_letter(*at.at)
                                      : *at.at == *pattern;
        if (!fits)
            return false;
    }
    *rest = at;
    return true;
}

static void skip_word(struct rest *rest)
{
    (void)take_until(rest, " ");
    (void)take(rest, " ");
}

/* Exim's own line: date and time unless syslog has them, zone and process where they are wanted, and the message's id if
 * there is one. What senders choose stands behind it alone. */
static bool read_exim(struct rest rest, struct arrival *arrival)
{
    struct rest id, behind;

    if (take_pattern(&rest, "9999-99-99 99:99:99"))
        skip_word(&rest);
    if (rest.at < rest.end && (*rest.at == '+' || *rest.at == '-'))
        skip_word(&rest);
    if (take(&rest, "["))
        skip_word(&rest);
    behind = rest;
    id = take_until(&behind, " ");
    if (id.end - id.at < 16 || id.at[6] != '-')
        return read_exim_refusal(rest, arrival);
    if (!take(&behind, " "))
        return false;
    return take(&behind, "<= ") ? read_exim_message(behind, arrival)
                                : read_exim_refusal(behind, arrival);
}

/* "Nov 29 06:59:08 host postfix/smtpd[7]: ", or the time of RFC 3339; busybox has "mail.info " before the program. *is_whole:
 * name is all of the program's name, and not the last part of it. */
static bool take_syslog_head(struct rest *rest, char *name, size_t name_size, bool *is_whole)
{
    struct rest program;

    if (!take_pattern(rest, "AAA _9 99:99:99 ")) {
        if (!take_pattern(rest, "9999-99-99T99:99:99"))
            return false;
        skip_word(rest);
    }
    skip_word(rest);
    if (take(rest, "mail."))
        skip_word(rest);
    program = take_until(rest, "[ ");
    if (!take(rest, "["))
        return false;
    (void)take_until(rest, "] ");
    *is_whole = !seek_last(&program, "/", NULL);
    return take(rest, "]: ") && copy(name, name_size, program);
}

bool mail_log_read(struct mail_log *log, const char *line, size_t size, struct arrival *arrival)
{
    struct rest rest = {line, line + size}, head = rest;
    bool is_whole;
    char name[32];

    *arrival = (struct arrival){.bytes = -1};
    if (take_pattern(&head, "9999-99-99 ")) /* syslog has a T there, or the month's name */
        return read_exim(rest, arrival);
    if (!take_syslog_head(&rest, name, sizeof name, &is_whole))
        return false;
    if (!is_whole)
        return (strcmp(name, "smtpd") == 0 || strcmp(name, "postscreen") == 0 ||
                strcmp(name, "cleanup") == 0 || strcmp(name, "qmgr") == 0) &&
               read_postfix(log, rest, arrival);
    if (strcmp(name, "smtpd") == 0)
        return read_opensmtpd(log, rest, arrival);
    if (text_starts_with(name, "exim"))
        return read_exim(rest, arrival);
    if (text_starts_with(name, "sendmail") || text_starts_with(name, "sm-"))
        return read_sendmail(log, rest, arrival);
    return false;
}
