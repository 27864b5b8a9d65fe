/* One SMTP reply out of the bytes that come in (RFC 5321 4.2): three digits, then a hyphen where
 * more lines follow, else a space or nothing, then text. All lines carry the same code. Knows
 * nothing of what a code means. */
#include <mxpull/base/text.h>
#include <mxpull/smtp/reply.h>

#include <string.h>

void reply_init(struct reply *reply)
{
    *reply = (struct reply){0};
    buffer_init(&reply->line, REPLY_LINE_SIZE_MAX);
    buffer_init(&reply->text, REPLY_SIZE_MAX);
}

void reply_done(struct reply *reply)
{
    buffer_done(&reply->line);
    buffer_done(&reply->text);
}

void reply_reset(struct reply *reply)
{
    reply->code = 0;
    reply->lines = 0;
    reply->complete = false;
    buffer_clear(&reply->line);
    buffer_clear(&reply->text);
}

/* The code that a line begins with, or 0. */
static int line_code(const char *line, size_t size)
{
    if (size < 3 || line[0] < '2' || line[0] > '5' || !text_is_digit(line[1]) ||
        !text_is_digit(line[2]))
        return 0;
    if (size > 3 && line[3] != ' ' && line[3] != '-')
        return 0;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* Takes the complete line that reply->line holds, without its line end. */
static enum status take_line(struct reply *reply, struct error *error)
{
    const char *line = reply->line.bytes;
    size_t size = reply->line.size;
    int code = line_code(line, size);

    if (memchr(line, '\0', size) != NULL)
        return error_set(error, STATUS_PROTOCOL, "a NUL in a reply");
    if (code == 0)
        return error_set(error, STATUS_PROTOCOL, "not an SMTP reply: \"%.60s\"", line);
    if (reply->lines > 0 && code != reply->code)
        return error_set(error, STATUS_PROTOCOL, "a reply of two codes, %03d and %03d", reply->code,
                         code);
    if (reply->lines == REPLY_LINES_MAX)
        return error_set(error, STATUS_LIMIT, "a reply of more than %d lines", REPLY_LINES_MAX);

    size_t begin = size > 3 ? 4 : 3;
    if ((reply->lines > 0 && buffer_append(&reply->text, "\n", 1) != STATUS_OK) ||
        buffer_append(&reply->text, line + begin, size - begin) != STATUS_OK)
        return error_set(error, STATUS_LIMIT, "a reply of more than %d octets", REPLY_SIZE_MAX);
    reply->code = code;
    reply->lines++;
    reply->complete = size == 3 || line[3] == ' ';
    buffer_clear(&reply->line);
    return STATUS_OK;
}

enum status reply_feed(struct reply *reply, const char *bytes, size_t size, size_t *used,
                       bool *complete, struct error *error)
{
    size_t taken = 0;

    while (taken < size && !reply->complete) {
        const char *from = bytes + taken;
        const char *line_end = memchr(from, '\n', size - taken);
        size_t part = line_end != NULL ? (size_t)(line_end - from) : size - taken;

        if (buffer_append(&reply->line, from, part) != STATUS_OK)
            return error_set(error, STATUS_LIMIT, "a reply line of more than %d octets",
                             REPLY_LINE_SIZE_MAX);
        taken += part;
        if (line_end == NULL)
            break;
        taken++;
        if (reply->line.size > 0 && reply->line.bytes[reply->line.size - 1] == '\r')
            reply->line.bytes[--reply->line.size] = '\0';
        enum status status = take_line(reply, error);
        if (status != STATUS_OK)
            return status;
    }
    *used = taken;
    *complete = reply->complete;
    return STATUS_OK;
}

void hearing_begin(struct hearing *hearing, bool expects)
{
    reply_reset(&hearing->reply);
    hearing->begun++;
    hearing->expects = expects;
    hearing->is_unasked = false;
}

enum hearing_end hearing_take(struct hearing *hearing, const char **bytes, size_t *size,
                              struct error *error)
{
    bool is_unasked = hearing->is_unasked || !hearing->expects;
    bool complete = false;
    size_t used = 0;
    enum status status = reply_feed(&hearing->reply, *bytes, *size, &used, &complete, error);

    *bytes += used;
    *size -= used;
    hearing->is_unasked = is_unasked && status == STATUS_OK && !complete;
    if (status == STATUS_OK && !complete)
        return HEARING_PART;
    hearing->expects = false;
    if (is_unasked && status == STATUS_OK && hearing->reply.code == 421)
        return HEARING_CLOSING;
    if (is_unasked)
        (void)error_set(error, STATUS_PROTOCOL, "an answer to no command of ours");
    return is_unasked || status != STATUS_OK ? HEARING_RUBBISH : HEARING_REPLY;
}
