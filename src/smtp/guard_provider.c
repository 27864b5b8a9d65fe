/* The provider's side of a reversed session: its commands, judged line by line, and the content of
 * its messages. What passes is passed at once: commands written anew, content as it came. */
#include "guard_command.h"
#include "guard_session.h"

#include <assert.h>
#include <string.h>

enum {
    REFUSED_MAX = 100,        /* commands refused here in a session */
    COMMANDS_MAX = 10 * 1000, /* commands since the last accepted message */
};

/* The command line without its CRLF, unless it may be a secret. */
static void report_refused(struct guard *guard, const struct guard_command *command,
                           const char *reply)
{
    struct buffer *line = &guard->line;

    if (command->verb == GUARD_RCPT)
        guard->counts.recipients_refused++;
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
    if (++guard->refused > REFUSED_MAX) {
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
    const char *reply = guard_command_judge(&command, &guard->domains);
    if (reply != NULL)
        refuse(guard, &command, reply, output);
    else
        pass(guard, &command, output);
    buffer_clear(&guard->line);
}

/* Takes bytes up to the end of a command. Returns how many. */
static size_t take_line(struct guard *guard, const char *bytes, size_t size,
                        struct guard_output *output)
{
    for (size_t at = 0; at < size; at++) {
        const char *fault;

        switch (guard_line_take(&guard->line, bytes[at], &fault)) {
        case GUARD_LINE_OPEN: break;
        case GUARD_LINE_WHOLE: take_command(guard, output); return at + 1;
        case GUARD_LINE_BROKEN:
            guard_break(guard, output, fault, fault + strlen("500 5.5.2 "));
            return at;
        }
    }
    return size;
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
    case GUARD_DATA_SMUGGLED:
        /* The message is refused for good; the primary, which never saw its end, forgets it. */
        guard->phase = GUARD_COMMANDS;
        guard_break(guard, output, "550 5.6.0 A lone dot between line ends that are not both CRLF",
                    "a message of the provider has a lone dot between line ends that are not CRLF");
        break;
    }
    return used;
}

void guard_take_provider(struct guard *guard, const char *bytes, size_t size,
                         struct guard_output *output)
{
    while (size > 0 && guard->state == GUARD_OPEN) {
        size_t used = size;

        switch (guard->phase) {
        case GUARD_COMMANDS: used = take_line(guard, bytes, size, output); break;
        case GUARD_GOING:
            guard_break(guard, output, "421 4.7.0 Closing the connection",
                        "the provider did not wait for the reply to DATA");
            break;
        case GUARD_CONTENT: used = take_content(guard, bytes, size, output); break;
        case GUARD_LEAVING: break;
        }
        bytes += used;
        size -= used;
    }
}
