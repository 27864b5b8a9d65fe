/* The lines by which mail servers tell that they have taken a message. What senders choose (addresses, message-ids, the
 * name in HELO) stands in them, too, and must not pass for a client's address:
 *
 *   Postfix    … postfix/smtpd[7]: 4F2A: client=mx2.example.net[192.0.2.7]
 *              … postfix/cleanup[8]: 4F2A: message-id=<1@example.org>
 *              … postfix/qmgr[9]: 4F2A: from=<a@example.org>, size=472, nrcpt=1 (queue active)
 *   Exim       2026-11-29 06:00:00 1vPabc-000001-2X <= a@example.org H=mx2.example.net (helo) [192.0.2.7]:4321 … S=472 id=1@example.org
 *   sendmail   … sm-mta[7]: 5AT6: from=<a@example.org>, size=472, …, msgid=<1@example.org>, …, relay=mx2.example.net [192.0.2.7]
 *   OpenSMTPD  … smtpd[7]: 1234abcd smtp connected address=192.0.2.7 host=mx2.example.net
 *              … smtpd[7]: 1234abcd smtp message msgid=5a6b size=472 nrcpt=1 proto=ESMTP
 */
#include <mxpull/arrival/mail_log.h>
#include <mxpull/base/text.h>

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

/* Goes behind the next place where the word stands. */
static bool seek(struct rest *rest, const char *word)
{
    for (struct rest at = *rest; at.at < at.end; at.at++) {
        struct rest behind = at;

        if (take(&behind, word)) {
            *rest = behind;
            return true;
        }
    }
    return false;
}

/* Goes behind an address or an id in angle brackets; a quoted local part may hold anything. */
static bool skip_bracketed(struct rest *rest)
{
    bool is_quoted = false;

    if (!take(rest, "<"))
        return false;
    for (; rest->at < rest->end; rest->at++) {
        if (*rest->at == '\\' && rest->at + 1 < rest->end)
            rest->at++;
        else if (*rest->at == '"')
            is_quoted = !is_quoted;
        else if (*rest->at == '>' && !is_quoted) {
            rest->at++;
            return true;
        }
    }
    return false;
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

/* The IP address in "[192.0.2.7]", which the rest begins with. */
static bool take_address(struct rest *rest, struct arrival *arrival)
{
    return take(rest, "[") &&
           copy(arrival->address, sizeof arrival->address, take_until(rest, "]")) &&
           arrival->address[0] != '\0' && take(rest, "]");
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

static struct open_message *add(struct mail_log *log, const char *key)
{
    struct open_message *message = find(log, key);

    if (message == NULL) {
        message = &log->open[log->next];
        log->next = (log->next + 1) % MAIL_LOG_OPEN_MAX;
    }
    *message = (struct open_message){.arrival.bytes = -1};
    (void)text_copy(message->key, sizeof message->key, key);
    return message;
}

/* ---- the servers ---- */

/* A queue id that is used again for another message begins with client=. */
static bool read_postfix(struct mail_log *log, struct rest rest, struct arrival *arrival)
{
    char key[MAIL_LOG_KEY_SIZE];
    struct open_message *message;

    if (!copy(key, sizeof key, take_until(&rest, ": ")) || key[0] == '\0' || !take(&rest, ": "))
        return false;
    if (take(&rest, "client=")) {
        message = add(log, key);
        (void)take_until(&rest, "[ ,");
        if (!take_address(&rest, &message->arrival))
            message->key[0] = '\0';
        return false;
    }
    message = find(log, key);
    if (message == NULL)
        return false;
    if (take(&rest, "message-id=")) {
        (void)copy(message->arrival.message_id, sizeof message->arrival.message_id, rest);
    } else if (take(&rest, "from=") && skip_bracketed(&rest) && take(&rest, ", size=")) {
        *arrival = message->arrival;
        arrival->bytes = take_number(&rest);
        message->key[0] = '\0';
        return true;
    }
    return false;
}

/* rest: behind "<= ". */
static bool read_exim(struct rest rest, struct arrival *arrival)
{
    char id[MAIL_LOG_ID_SIZE - 2];
    struct rest fields;

    *arrival = (struct arrival){.bytes = -1};
    if (take(&rest, "\"")) { /* a quoted local part */
        while (rest.at < rest.end && *rest.at != '"')
            rest.at += *rest.at == '\\' && rest.at + 1 < rest.end ? 2 : 1;
    }
    (void)take_until(&rest, " ");
    if (!take(&rest, " H="))
        return false;
    (void)take_until(&rest, " ([");
    (void)take(&rest, " ");
    if (take(&rest, "(")) {
        (void)take_until(&rest, ")");
        (void)take(&rest, ") ");
    }
    if (!take_address(&rest, arrival))
        return false;
    fields = rest;
    if (seek(&fields, " S="))
        arrival->bytes = take_number(&fields);
    if (seek(&fields, " id=") && copy(id, sizeof id, take_until(&fields, " ")))
        (void)snprintf(arrival->message_id, sizeof arrival->message_id, "<%s>", id);
    return true;
}

/* The relay is the last field; what stands before it may hold anything. */
static bool read_sendmail(struct rest rest, struct arrival *arrival)
{
    struct rest relay;

    *arrival = (struct arrival){.bytes = -1};
    (void)take_until(&rest, ": ");
    if (!take(&rest, ": from=") || !skip_bracketed(&rest) || !take(&rest, ", size="))
        return false;
    arrival->bytes = take_number(&rest);
    relay = rest;
    if (!seek(&relay, ", relay="))
        return false;
    while (seek(&relay, ", relay="))
        ;
    (void)take_until(&relay, "[");
    if (!take_address(&relay, arrival))
        return false;
    if (seek(&rest, ", msgid=")) {
        struct rest id = rest;

        if (skip_bracketed(&rest))
            (void)copy(arrival->message_id, sizeof arrival->message_id,
                       (struct rest){id.at, rest.at});
    }
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
        if (!copy(session->arrival.address, sizeof session->arrival.address,
                  take_until(&rest, "] ")) ||
            session->arrival.address[0] == '\0')
            session->key[0] = '\0';
        return false;
    }
    session = find(log, key);
    if (session == NULL)
        return false;
    if (take(&rest, "disconnected"))
        session->key[0] = '\0';
    if (!take(&rest, "message ") || !seek(&rest, " size="))
        return false;
    *arrival = session->arrival;
    arrival->bytes = take_number(&rest);
    return true;
}

/* ---- which of them ---- */

/* Whether it begins as the pattern, in which 9 stands for any digit. */
static bool take_pattern(struct rest *rest, const char *pattern)
{
    struct rest at = *rest;

    for (; *pattern != '\0'; pattern++, at.at++) {
        if (at.at == at.end || (*pattern == '9' ? !text_is_digit(*at.at) : *at.at != *pattern))
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

/* Exim's own beginning of a line: date and time unless syslog has them, zone and process where they are wanted, and
 * the message's id. What senders choose stands behind it alone. */
static bool take_exim_head(struct rest *rest)
{
    struct rest id;

    if (take_pattern(rest, "9999-99-99 99:99:99"))
        skip_word(rest);
    if (rest->at < rest->end && (*rest->at == '+' || *rest->at == '-'))
        skip_word(rest);
    if (take(rest, "["))
        skip_word(rest);
    id = take_until(rest, " ");
    return id.end - id.at >= 16 && id.at[6] == '-' && take(rest, " <= ");
}

bool mail_log_read(struct mail_log *log, const char *line, size_t size, struct arrival *arrival)
{
    struct rest rest = {line, line + size}, tag = rest, program;
    char name[32];

    if (take_pattern(&tag, "9999-99-99 ")) /* syslog has a T there, or the month's name */
        return take_exim_head(&rest) && read_exim(rest, arrival);
    if (!seek(&rest, "]: "))
        return false;
    /* "postfix/smtpd[7]: " is the last word of syslog's head. */
    tag.end = rest.at - 3;
    for (program = tag; seek(&tag, " ");)
        program = tag;
    bool is_postfix = memchr(program.at, '/', (size_t)(program.end - program.at)) != NULL;
    while (seek(&program, "/"))
        ;
    if (!copy(name, sizeof name, take_until(&program, "[")))
        return false;
    if (is_postfix)
        return (strcmp(name, "smtpd") == 0 || strcmp(name, "cleanup") == 0 ||
                strcmp(name, "qmgr") == 0) &&
               read_postfix(log, rest, arrival);
    if (strcmp(name, "smtpd") == 0)
        return read_opensmtpd(log, rest, arrival);
    if (text_starts_with(name, "exim"))
        return take_exim_head(&rest) && read_exim(rest, arrival);
    if (text_starts_with(name, "sendmail") || text_starts_with(name, "sm-"))
        return read_sendmail(rest, arrival);
    return false;
}
