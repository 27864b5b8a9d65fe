/* The provider's side of a reversed session: its commands, judged line by line, and the content of
 * its messages. What passes is passed at once: commands written anew, content as it came. Bytes that come
 * while there is no primary to pass commands to, or no room for more of them, are kept until there is. */
#include "guard_parts.h"

#include <mxpull/base/text.h>

#include <string.h>

enum {
    REFUSED_MAX = 100,         /* commands but RCPT refused here in a session */
    COMMANDS_MAX = 100 * 1000, /* commands since the last accepted message */
    RECIPIENTS_MAX =
        10 * COMMANDS_MAX,         /* the same for RCPT, which is put off from COMMANDS_MAX on */
    RECIPIENTS_WAITING_MAX = 1000, /* behind so many commands that wait, recipients are put off */
    SKIPPED_MAX = 1024 * 1024,     /* bytes of a faulty line */
    DRAINED_MAX = 1024 * 1024 * 1024, /* bytes of a refused message or chunk */
    FAULTY_SHOWN_MAX = 200
};

/* The command line without its CRLF, unless it may be a secret. */
static void report_refused(struct guard *guard, const struct guard_command *command,
                           const char *reply)
{
    struct buffer *line = &guard->line;

    if (command->verb == GUARD_RCPT && *reply == '5')
        guard->counts.recipients_refused++;
    if (command->verb == GUARD_MAIL)
        guard->counts.senders_refused++;
    line->size -= 2;
    line->bytes[line->size] = '\0';
    if (guard->options.refused != NULL)
        guard->options.refused(guard->options.context,
                               command->verb == GUARD_AUTH ? "AUTH"
                               : guard->is_behind_auth     ? "****"
                                                           : line->bytes,
                               reply);
}

/* Reads "<octets>" or "<octets> LAST" (RFC 3030 2). False for anything else, and for more than is read. */
static bool read_chunk(struct guard_part argument, int64_t *size, bool *is_last)
{
    size_t at = 0;

    *size = 0;
    while (at < argument.size && text_is_digit(argument.text[at]) && *size <= DRAINED_MAX)
        *size = *size * 10 + (argument.text[at++] - '0');
    *is_last = text_equal_part(" LAST", argument.text + at, argument.size - at);
    return at > 0 && *size <= DRAINED_MAX && (at == argument.size || *is_last);
}

/* BDAT was not offered. Its octets follow without waiting for a reply and are skipped, so that no part of a message is taken
 * for commands. */
static void refuse_chunk(struct guard *guard, const struct guard_command *command,
                         const char *reply, struct guard_output *output)
{
    bool is_last;

    if (guard->fault != NULL || !read_chunk(command->argument, &guard->drained, &is_last)) {
        guard_break(guard, output, reply, "the provider sent BDAT, which was not offered to it");
        return;
    }
    guard->counts.contents_refused += is_last && *reply == '5' ? 1 : 0;
    if (guard->drained == 0) {
        guard_reply_own(guard, output, reply);
    } else {
        guard->phase = GUARD_CHUNK;
        guard->chunk_reply = reply;
    }
}

static void refuse(struct guard *guard, const struct guard_command *command, const char *reply,
                   struct guard_output *output)
{
    report_refused(guard, command, reply);
    if (command->verb == GUARD_BDAT) {
        refuse_chunk(guard, command, reply, output);
    } else if (command->verb != GUARD_RCPT && ++guard->refused > REFUSED_MAX) {
        guard_break(guard, output, "421 4.7.0 Too many refused commands, closing the connection",
                    "the provider sent too many commands that had to be refused");
    } else {
        guard_reply_own(guard, output, reply);
    }
}

/* A hash of the MAIL and the RCPT line: the same when the message is offered again. */
static uint64_t offer_of(const struct guard *guard)
{
    return guard->mail * 31 + text_hash(guard->line.bytes, guard->line.size);
}

/* Whether the message has failed too often to be tried again. */
static bool is_put_off(struct guard *guard)
{
    struct guard_failures *failures = guard->options.failures;
    uint64_t offer = offer_of(guard);

    for (size_t i = 0; failures != NULL && i < failures->count; i++) {
        if (failures->messages[i].offer != offer || !failures->messages[i].is_put_off)
            continue;
        failures->steps += failures->messages[i].is_passed ? 0 : 1;
        failures->messages[i].is_passed = true;
        guard->counts.put_off++;
        return true;
    }
    return false;
}

static void pass(struct guard *guard, const struct guard_command *command,
                 struct guard_output *output)
{
    enum guard_verb verb = command->verb;
    struct guard_pending pending = {.verb = verb};

    guard_command_write(command, &output->primary);
    if (verb == GUARD_EHLO || verb == GUARD_HELO) {
        buffer_clear(&guard->hello);
        guard_command_write(command, &guard->hello);
    }
    if (verb == GUARD_EHLO || verb == GUARD_HELO || verb == GUARD_RSET || verb == GUARD_MAIL) {
        guard->is_utf8 = verb == GUARD_MAIL && command->utf8;
        guard->is_stale = false;
    }
    if (verb == GUARD_DATA)
        guard->phase = GUARD_GOING;
    if (verb == GUARD_VERB_QUIT) {
        guard->phase = GUARD_LEAVING;
        pending.answer = "221 2.0.0 Bye";
    }
    if (verb == GUARD_MAIL)
        guard->mail = text_hash(guard->line.bytes, guard->line.size);
    pending.identity = verb == GUARD_MAIL ? guard->mail : offer_of(guard);
    guard_queue_put(&guard->queue, pending, command->mailbox.path);
    guard_answer(guard, output);
}

/* The reply of our own to a command, or NULL where it is to be passed. */
static const char *judge(struct guard *guard, struct guard_command *command)
{
    bool is_of_transaction =
        command->verb == GUARD_RCPT || command->verb == GUARD_DATA || command->verb == GUARD_BDAT;

    if (guard->fault != NULL)
        return guard->fault;
    if (guard->is_stale && command->verb == GUARD_BDAT)
        return GUARD_NOT_NOW;
    const char *reply = guard_command_judge(command, &guard->domains);
    if (reply != NULL)
        return reply;
    if (command->verb == GUARD_RCPT && !guard->is_stale && is_put_off(guard))
        guard->is_stale = true;
    if (guard->is_stale && is_of_transaction)
        return GUARD_NOT_NOW;
    /* RFC 5321 4.5.3.1.10: the rest comes later. */
    if (command->verb == GUARD_RCPT &&
        (guard->queue.count >= RECIPIENTS_WAITING_MAX || guard->heard > COMMANDS_MAX))
        return "452 4.5.3 Too many recipients at once";
    return NULL;
}

/* The line is whole. */
static void take_command(struct guard *guard, struct guard_output *output)
{
    struct guard_command command =
        guard_command_read(guard->line.bytes, guard->line.size - 2, guard->is_utf8);
    unsigned most = command.verb == GUARD_RCPT ? RECIPIENTS_MAX : COMMANDS_MAX;

    (void)guard_line_is_secret(guard->line.bytes, guard->line.size - 2, &guard->is_behind_auth);
    if (++guard->heard > most) {
        guard_break(guard, output, "421 4.7.0 Too many commands, closing the connection",
                    "the provider sent too many commands");
        return;
    }
    const char *reply = judge(guard, &command);
    if (reply == NULL)
        pass(guard, &command, output);
    else if (strcmp(reply, GUARD_NOT_NOW) == 0 && command.verb != GUARD_BDAT)
        guard_reply_own(guard, output, reply); /* no fault of the provider */
    else
        refuse(guard, &command, reply, output);
    buffer_clear(&guard->line);
    guard->fault = NULL;
    guard->skipped = 0;
}

/* Refuses a faulty line as a whole, at the LF that ends it. Closing the connection instead would leave the message at the
 * head of the provider's queue for the next poll. Returns the bytes taken. */
static size_t skip_line(struct guard *guard, const char *bytes, size_t size,
                        struct guard_output *output)
{
    const char *line_end = memchr(bytes, '\n', size);
    size_t used = line_end != NULL ? (size_t)(line_end - bytes) + 1 : size;
    struct buffer *line = &guard->line;

    guard->skipped += used;
    if (guard->skipped > SKIPPED_MAX) {
        guard_break(guard, output, guard->fault, "the provider sent a line without end");
    } else if (line_end != NULL) {
        if (line->size > FAULTY_SHOWN_MAX)
            line->size = FAULTY_SHOWN_MAX;
        (void)buffer_append_text(line, "\r\n");
        take_command(guard, output);
    }
    return used;
}

/* Takes bytes up to the end of a command. Returns how many. */
static size_t take_line(struct guard *guard, const char *bytes, size_t size,
                        struct guard_output *output)
{
    if (guard->fault != NULL)
        return skip_line(guard, bytes, size, output);
    for (size_t at = 0; at < size; at++) {
        guard->fault = guard_line_take(&guard->line, bytes[at]);
        if (guard->fault != NULL)
            return at;
        if (bytes[at] == '\n') {
            take_command(guard, output);
            return at + 1;
        }
    }
    return size;
}

/* The message is refused for good; the primary, which never saw its end, forgets it. */
static void smuggled(struct guard *guard)
{
    static const char text[] = "5.6.0 A lone dot between line ends that are not both CRLF";

    guard->counts.contents_refused++;
    guard_tell_message(guard, 550, text);
    guard_refuse_content(
        guard, 550, text,
        "a message of the provider has a lone dot between line ends that are not CRLF");
}

/* The rest of a message that is refused. */
static size_t take_refused(struct guard *guard, const char *bytes, size_t size,
                           struct guard_output *output)
{
    size_t used = size;
    bool is_end = guard_data_drain(&guard->data, bytes, size, &used);

    guard->drained += (int64_t)used;
    if (!is_end && guard->drained <= DRAINED_MAX)
        return used;
    guard_append(&output->provider, guard->answer.bytes, guard->answer.size);
    guard->phase = guard->state == GUARD_DRAIN ? GUARD_ENDING : GUARD_COMMANDS;
    if (!is_end)
        guard_break(guard, output, NULL, NULL);
    return used;
}

static size_t take_chunk(struct guard *guard, size_t size, struct guard_output *output)
{
    size_t used = (int64_t)size < guard->drained ? size : (size_t)guard->drained;

    guard->drained -= (int64_t)used;
    if (guard->drained == 0) {
        guard->phase = GUARD_COMMANDS;
        guard_reply_own(guard, output, guard->chunk_reply);
    }
    return used;
}

/* There is no primary any more: the next command is the last one. */
static size_t take_ending(struct guard *guard, const char *bytes, size_t size,
                          struct guard_output *output)
{
    const char *line_end = memchr(bytes, '\n', size);
    size_t used = line_end != NULL ? (size_t)(line_end - bytes) + 1 : size;
    size_t room = guard->line.limit - guard->line.size;

    (void)buffer_append(&guard->line, bytes, used < room ? used : room);
    if (line_end == NULL && used <= room)
        return used;
    bool is_quit = text_equal_part("QUIT", guard->line.bytes, strcspn(guard->line.bytes, "\r\n "));
    guard_say(output, is_quit ? "221 2.0.0 Bye" : GUARD_PRIMARY_LOST);
    guard->state = GUARD_BROKEN;
    return used;
}

static size_t take_content(struct guard *guard, const char *bytes, size_t size,
                           struct guard_output *output)
{
    size_t used = size;

    switch (guard_data_feed(&guard->data, bytes, size, &used, &output->primary)) {
    case GUARD_DATA_MORE: break;
    case GUARD_DATA_END:
        guard->phase = GUARD_COMMANDS;
        guard->is_utf8 = false;
        guard->has_dot = true;
        guard_queue_put(&guard->queue, (struct guard_pending){.verb = GUARD_DOT},
                        (struct guard_part){0});
        break;
    case GUARD_DATA_SMUGGLED: smuggled(guard); break;
    }
    return used;
}

/* Commands need a primary, and room in the queue. */
bool guard_holds_provider(const struct guard *guard)
{
    return guard->phase == GUARD_COMMANDS && (guard->state != GUARD_OPEN || guard->is_introducing ||
                                              guard->queue.count == GUARD_QUEUE_SIZE);
}

/* Takes bytes as far as they can be judged now. Returns how many. */
static size_t take(struct guard *guard, const char *bytes, size_t size, struct guard_output *output)
{
    size_t at = 0;

    while (at < size && guard->state != GUARD_QUIT && guard->state != GUARD_BROKEN &&
           !guard_holds_provider(guard)) {
        const char *rest = bytes + at;
        size_t left = size - at;

        switch (guard->phase) {
        case GUARD_COMMANDS: at += take_line(guard, rest, left, output); break;
        case GUARD_GOING:
            guard_break(guard, output, "421 4.7.0 Closing the connection",
                        "the provider did not wait for the reply to DATA");
            break;
        case GUARD_CONTENT: at += take_content(guard, rest, left, output); break;
        case GUARD_LEAVING: return size;
        case GUARD_CHUNK: at += take_chunk(guard, left, output); break;
        case GUARD_REFUSING: at += take_refused(guard, rest, left, output); break;
        case GUARD_ENDING: at += take_ending(guard, rest, left, output); break;
        }
    }
    return at;
}

void guard_take_waiting(struct guard *guard, struct guard_output *output)
{
    size_t used = take(guard, guard->left.bytes, guard->left.size, output);

    buffer_consume(&guard->left, used);
}

void guard_take_provider(struct guard *guard, const char *bytes, size_t size,
                         struct guard_output *output)
{
    size_t used = guard->left.size == 0 ? take(guard, bytes, size, output) : 0;

    if (guard->state == GUARD_QUIT || guard->state == GUARD_BROKEN)
        return;
    if (buffer_append(&guard->left, bytes + used, size - used) != STATUS_OK)
        guard_break(guard, output, NULL, "fed although the provider was to be held back");
}
