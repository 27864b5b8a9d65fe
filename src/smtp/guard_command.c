/* A command of the provider: its line, its verb, its argument (RFC 5321 4.1.1). Only the verbs that
 * deliver mail are passed, in the form that the RFC gives them, so that the primary cannot read
 * anything else in a line than was judged here. */
#include "guard_command.h"
#include "guard_address.h"
#include "guard_parameter.h"

#include <mxpull/base/text.h>

#include <string.h>

enum guard_line guard_line_take(struct buffer *line, char byte, const char **fault)
{
    bool has_cr = line->size > 0 && line->bytes[line->size - 1] == '\r';
    unsigned char code = (unsigned char)byte;

    if (has_cr != (byte == '\n')) {
        *fault = "500 5.5.2 A line ends with CR and LF, never with one of them alone";
        return GUARD_LINE_BROKEN;
    }
    if ((code < ' ' && strchr("\r\n\t", byte) == NULL) || code == 0 || code == 0x7f) {
        *fault = "500 5.5.2 A control character in a command";
        return GUARD_LINE_BROKEN;
    }
    if (buffer_append(line, &byte, 1) != STATUS_OK) {
        *fault = "500 5.5.2 A line of more than 4096 octets";
        return GUARD_LINE_BROKEN;
    }
    return byte == '\n' ? GUARD_LINE_WHOLE : GUARD_LINE_OPEN;
}

struct guard_command guard_command_read(const char *line, size_t size, bool utf8)
{
    static const struct {
        const char *name;
        enum guard_verb verb;
    } verbs[] = {
        {"EHLO", GUARD_EHLO}, {"HELO", GUARD_HELO}, {"MAIL", GUARD_MAIL}, {"RCPT", GUARD_RCPT},
        {"DATA", GUARD_DATA}, {"RSET", GUARD_RSET}, {"NOOP", GUARD_NOOP}, {"QUIT", GUARD_VERB_QUIT},
        {"AUTH", GUARD_AUTH}, {"BDAT", GUARD_BDAT},
    };
    struct guard_command command = {.verb = GUARD_OTHER, .utf8 = utf8};
    const char *space = memchr(line, ' ', size);
    size_t verb_size = space != NULL ? (size_t)(space - line) : size;

    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (text_equal_part(verbs[i].name, line, verb_size))
            command.verb = verbs[i].verb;
    }
    while (size > verb_size && line[size - 1] == ' ')
        size--;
    if (size > verb_size)
        command.argument = (struct guard_part){line + verb_size + 1, size - verb_size - 1};
    else
        command.argument = (struct guard_part){line + verb_size, 0};
    return command;
}

/* Printable ASCII, and no space if it is to be one word. */
static bool is_printable(struct guard_part part, bool one_word)
{
    for (size_t i = 0; i < part.size; i++) {
        if (part.text[i] < (one_word ? '!' : ' ') || part.text[i] > '~')
            return false;
    }
    return true;
}

static const char *judge_mail(struct guard_command *command)
{
    if (!guard_path_split(&command->mailbox, command->argument, "FROM:"))
        return "501 5.5.4 Syntax: MAIL FROM:<address>";
    command->utf8 = guard_parameter_has_utf8(command->mailbox.parameters);
    const char *fault = guard_path_judge_reverse(command->mailbox.path, command->utf8);
    if (fault != NULL)
        return fault;
    return guard_parameter_judge(command->mailbox.parameters, true, command->utf8);
}

static const char *judge_rcpt(struct guard_command *command, const struct node *nodes, size_t count)
{
    if (!guard_path_split(&command->mailbox, command->argument, "TO:"))
        return "501 5.5.4 Syntax: RCPT TO:<address>";
    const char *fault = guard_address_judge(command->mailbox.path, command->utf8, nodes, count);
    if (fault != NULL)
        return fault;
    return guard_parameter_judge(command->mailbox.parameters, false, command->utf8);
}

const char *guard_command_judge(struct guard_command *command, const struct node *nodes,
                                size_t count)
{
    struct guard_part argument = command->argument;

    switch (command->verb) {
    case GUARD_EHLO:
    case GUARD_HELO:
        return argument.size > 0 && is_printable(argument, true)
                   ? NULL
                   : "501 5.5.4 Syntax: EHLO or HELO, and one name";
    case GUARD_MAIL: return judge_mail(command);
    case GUARD_RCPT: return judge_rcpt(command, nodes, count);
    case GUARD_DATA:
    case GUARD_RSET:
    case GUARD_VERB_QUIT:
        return argument.size == 0 ? NULL : "501 5.5.4 This command has no argument";
    case GUARD_NOOP: return is_printable(argument, false) ? NULL : "501 5.5.4 Syntax: NOOP";
    case GUARD_AUTH:
    case GUARD_BDAT:
    case GUARD_OTHER:
    case GUARD_DOT: break;
    }
    return "502 5.5.1 This command is not accepted here";
}
