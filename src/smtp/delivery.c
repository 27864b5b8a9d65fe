/* One message, handed in. What a reply means is decided by the command that it answers. */
#include <mxpull/smtp/delivery.h>

#include <mxpull/base/text.h>
#include <mxpull/smtp/reply.h>

#include <assert.h>
#include <string.h>

enum {
    BYTES_MAX = 64 * 1024
};

void delivery_init(struct delivery *delivery, const char *recipient, const char *message)
{
    *delivery = (struct delivery){.recipient = recipient, .message = message};
    buffer_init(&delivery->bytes, BYTES_MAX);
}

void delivery_done(struct delivery *delivery)
{
    buffer_done(&delivery->bytes);
}

/* Goes on to a command, which is to be sent. */
static void say(struct delivery *delivery, enum delivery_stage stage, const char *verb,
                const char *argument, const char *rest)
{
    delivery->stage = stage;
    buffer_clear(&delivery->bytes);
    (void)buffer_append_format(&delivery->bytes, "%s%s%s\r\n", verb, argument, rest);
}

/* RFC 5321 4.5.2: a dot at the begin of a line is doubled. */
static void say_content(struct delivery *delivery)
{
    delivery->stage = DELIVERY_CONTENT;
    buffer_clear(&delivery->bytes);
    for (const char *line = delivery->message; *line != '\0';) {
        const char *end = strstr(line, "\r\n");
        size_t size = end != NULL ? (size_t)(end - line) + 2 : strlen(line);

        (void)buffer_append_text(&delivery->bytes, *line == '.' ? "." : "");
        (void)buffer_append(&delivery->bytes, line, size);
        line += size;
    }
    (void)buffer_append_text(&delivery->bytes, ".\r\n");
}

static void end(struct delivery *delivery, enum delivery_fate fate, enum outcome outcome, int code,
                const char *text)
{
    delivery->fate = fate;
    delivery->outcome = outcome;
    delivery->code = code;
    (void)text_copy_cut(delivery->text, sizeof delivery->text, text);
}

void delivery_established(struct delivery *delivery)
{
    say(delivery, DELIVERY_MAIL, "MAIL FROM:<", "", ">");
}

static enum outcome outcome_of_code(int code)
{
    return code / 100 == 4   ? OUTCOME_DEFERRED
           : code == 530     ? OUTCOME_AUTHENTICATION
           : code / 100 == 5 ? OUTCOME_DENIED
                             : OUTCOME_PROTOCOL;
}

void delivery_reply(struct delivery *delivery, int code, const char *text)
{
    const int wanted = delivery->stage == DELIVERY_DATA ? 3 : 2;

    if (delivery->fate != DELIVERY_OPEN)
        return;
    if (code / 100 != wanted) {
        bool is_refusal = code / 100 >= 4 || delivery->stage != DELIVERY_CONTENT;

        end(delivery, is_refusal ? DELIVERY_REFUSED : DELIVERY_DOUBTFUL, outcome_of_code(code),
            code, text);
        return;
    }
    switch (delivery->stage) {
    case DELIVERY_CONNECT: break;
    case DELIVERY_MAIL: say(delivery, DELIVERY_RCPT, "RCPT TO:<", delivery->recipient, ">"); break;
    case DELIVERY_RCPT: say(delivery, DELIVERY_DATA, "DATA", "", ""); break;
    case DELIVERY_DATA: say_content(delivery); break;
    case DELIVERY_CONTENT: end(delivery, DELIVERY_ACCEPTED, OUTCOME_STARTED, code, text); break;
    }
}

void delivery_cut(struct delivery *delivery, enum outcome outcome, int code, const char *text)
{
    bool is_doubtful = delivery->stage == DELIVERY_CONTENT && code / 100 < 4;

    if (delivery->fate == DELIVERY_OPEN)
        end(delivery, is_doubtful ? DELIVERY_DOUBTFUL : DELIVERY_REFUSED, outcome, code, text);
}

const struct buffer *delivery_bytes(const struct delivery *delivery)
{
    return &delivery->bytes;
}

const char *delivery_stage_name(enum delivery_stage stage)
{
    static const char *const names[] = {[DELIVERY_CONNECT] = "",
                                        [DELIVERY_MAIL] = "MAIL",
                                        [DELIVERY_RCPT] = "RCPT",
                                        [DELIVERY_DATA] = "DATA",
                                        [DELIVERY_CONTENT] = "the message"};

    return names[stage];
}
