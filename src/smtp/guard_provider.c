/* The provider's side of a reversed session: its commands, judged line by line, and the content of
 * its messages. What passes is passed at once: commands written anew, content as it came. */
#include "guard_command.h"
#include "guard_session.h"

#include <mxpull/base/text.h>

#include <assert.h>
#include <string.h>

enum {
    REFUSED_MAX = 100,             /* commands but RCPT refused here in a session */
    COMMANDS_MAX = 100 * 1000,     /* commands since the last accepted message */
    RECIPIENTS_WAITING_MAX = 1000, /* behind so many commands that wait, recipients are put off */
    SKIPPED_MAX = 1024 * 1024,     /* bytes of a faulty line */
    DRAINED_MAX = 1024 * 1024 * 1024, /* bytes of a refused message */
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

static void refuse(struct guard *guard, const struct guard_command *command, const char *reply,
                   struct guard_output *output)
{
    report_refused(guard, command, reply);
    if (command->verb == GUARD_BDAT) {
        guard_break(guard, output, reply, "the provider sent BDAT, which was not offered to it");
        return;
    }
    if (command->verb != GUARD_RCPT && ++guard->refused > REFUSED_MAX) {
        guard_break(guard, output, "421 4.7.0 Too many refused commands, closing the connection",
                    "the provider sent too many commands that had to be refused");
        return;
    }
    guard_queue_put(&guard->queue, GUARD_OTHER, reply, (struct guard_part){0});
    guard_answer(guard, output);
}

static void pass(struct guard *guard, const struct guard_command *command,
                 struct guard_output *output)
{
    const char *own = NULL;

    enum status status = guard_command_write(command, &output->primary);

    assert(status == STATUS_OK); /* guard_feed has seen to it that there is room */
    (void)status;
    switch (command->verb) {
    case GUARD_EHLO:
    case GUARD_HELO:
    case GUARD_RSET: guard->is_utf8 = false; break;
    case GUARD_MAIL: guard->is_utf8 = command->utf8; break;
    case GUARD_DATA: guard->phase = GUARD_GOING; break;
    case GUARD_VERB_QUIT:
        guard->phase = GUARD_LEAVING;
        own = "221 2.0.0 Bye";
        break;
    case GUARD_RCPT:
    case GUARD_NOOP:
    case GUARD_AUTH:
    case GUARD_BDAT:
    case GUARD_OTHER:
    case GUARD_DOT: break;
    }
    guard_queue_put(&guard->queue, command->verb, own, command->mailbox.path);
    if (command->verb == GUARD_MAIL)
        guard_queue_identify(&guard->queue, text_hash(guard->line.bytes, guard->line.size));
    guard_answer(guard, output);
}

/* The line is whole. */
static void take_command(struct guard *guard, struct guard_output *output)
{
    struct guard_command command =
        guard_command_read(guard->line.bytes, guard->line.size - 2, guard->is_utf8);

    (void)guard_line_is_secret(guard->line.bytes, guard->line.size - 2, &guard->is_behind_auth);

    if (guard->queue.count == GUARD_QUEUE_SIZE || ++guard->heard > COMMANDS_MAX) {
        guard_break(guard, output, "421 4.7.0 Too many commands, closing the connection",
                    "the provider sent too many commands");
        return;
    }
    const char *reply =
        guard->fault != NULL ? guard->fault : guard_command_judge(&command, &guard->domains);
    if (reply == NULL && command.verb == GUARD_RCPT && guard->queue.count >= RECIPIENTS_WAITING_MAX)
        reply =
            "452 4.5.3 Too many recipients at once"; /* RFC 5321 4.5.3.1.10: the rest comes later */
    if (reply != NULL)
        refuse(guard, &command, reply, output);
    else
        pass(guard, &command, output);
    buffer_clear(&guard->line);
    guard->fault = NULL;
    guard->skipped = 0;
}

/* A line in which something may not be is refused as a whole, at the LF that ends it: to close instead would
 * leave the provider with a message that it begins its queue with at the next poll. Returns the bytes taken. */
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
        switch (guard_line_take(&guard->line, bytes[at], &guard->fault)) {
        case GUARD_LINE_OPEN: break;
        case GUARD_LINE_WHOLE: take_command(guard, output); return at + 1;
        case GUARD_LINE_BROKEN: return at;
        }
    }
    return size;
}

/* The message is refused for good; the primary, which never saw its end, forgets it. */
static void smuggled(struct guard *guard)
{
    static const char verdict[] = "550 5.6.0 A lone dot between line ends that are not both CRLF";

    guard->counts.contents_refused++;
    guard_tell_message(guard, 550, verdict + strlen("550 "));
    guard_refuse_content(
        guard, verdict,
        "a message of the provider has a lone dot between line ends that are not CRLF");
}

/* The rest of a message that is refused. */
static size_t take_refused(struct guard *guard, const char *bytes, size_t size,
                           struct guard_output *output)
{
    size_t used = size;
    bool is_end = guard_data_drain(&guard->end_match, bytes, size, &used);

    guard->drained += (int64_t)used;
    if (!is_end && guard->drained <= DRAINED_MAX)
        return used;
    guard_say(output, guard->verdict);
    guard->phase = GUARD_ENDING;
    if (!is_end)
        guard->state = GUARD_BROKEN;
    return used;
}

/* The primary is gone: the next command is the last one. */
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
        guard_queue_put(&guard->queue, GUARD_DOT, NULL, (struct guard_part){0});
        break;
    case GUARD_DATA_SMUGGLED: smuggled(guard); break;
    }
    return used;
}

void guard_take_provider(struct guard *guard, const char *bytes, size_t size,
                         struct guard_output *output)
{
    while (size > 0 && (guard->state == GUARD_OPEN || guard->state == GUARD_DRAIN)) {
        size_t used = size;

        switch (guard->phase) {
        case GUARD_COMMANDS: used = take_line(guard, bytes, size, output); break;
        case GUARD_GOING:
            guard_break(guard, output, "421 4.7.0 Closing the connection",
                        "the provider did not wait for the reply to DATA");
            break;
        case GUARD_CONTENT: used = take_content(guard, bytes, size, output); break;
        case GUARD_LEAVING: break;
        case GUARD_REFUSING: used = take_refused(guard, bytes, size, output); break;
        case GUARD_ENDING: used = take_ending(guard, bytes, size, output); break;
        }
        bytes += used;
        size -= used;
    }
}
