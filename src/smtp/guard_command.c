/* A command of the provider: its line, its verb, its argument (RFC 5321 4.1.1). Only the verbs that
 * deliver mail are passed, each written anew from the parts that were judged, in the form that the
 * RFC gives it, so that the primary cannot read anything else in a line than was judged here. */
#include "guard_command.h"
#include "guard_address.h"
#include "guard_parameter.h"

#include <mxpull/base/text.h>
#include <mxpull/smtp/guard.h>

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

/* The verbs that mean something here. */
static const char *const verbs[] = {
    [GUARD_EHLO] = "EHLO", [GUARD_HELO] = "HELO", [GUARD_MAIL] = "MAIL", [GUARD_RCPT] = "RCPT",
    [GUARD_DATA] = "DATA", [GUARD_RSET] = "RSET", [GUARD_NOOP] = "NOOP", [GUARD_VERB_QUIT] = "QUIT",
    [GUARD_AUTH] = "AUTH", [GUARD_BDAT] = "BDAT",
};
static const char from[] = "FROM:", to[] = "TO:";

struct guard_command guard_command_read(const char *line, size_t size, bool utf8)
{
    struct guard_command command = {.verb = GUARD_OTHER, .utf8 = utf8};
    const char *space = memchr(line, ' ', size);
    size_t verb_size = space != NULL ? (size_t)(space - line) : size;

    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (text_equal_part(verbs[i], line, verb_size))
            command.verb = (enum guard_verb)i;
    }
    while (size > verb_size && line[size - 1] == ' ')
        size--;
    if (size > verb_size)
        command.argument = (struct guard_part){line + verb_size + 1, size - verb_size - 1};
    else
        command.argument = (struct guard_part){line + verb_size, 0};
    return command;
}

bool guard_line_is_secret(const char *line, size_t size, bool *is_behind_auth)
{
    while (size > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        size--;
    }
    if (size >= strlen("AUTH") && text_equal_part("AUTH", line, strlen("AUTH")))
        *is_behind_auth = true;
    else if (guard_command_read(line, size, false).verb != GUARD_OTHER)
        *is_behind_auth = false;
    return *is_behind_auth;
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
    if (!guard_path_split(&command->mailbox, command->argument, from))
        return "501 5.5.4 Syntax: MAIL FROM:<address>";
    command->utf8 = guard_parameter_has_utf8(command->mailbox.parameters);
    const char *fault = guard_path_judge_reverse(command->mailbox.path, command->utf8);
    if (fault != NULL)
        return fault;
    return guard_parameter_judge(command->mailbox.parameters, true);
}

static const char *judge_rcpt(struct guard_command *command, const struct guard_domains *domains)
{
    if (!guard_path_split(&command->mailbox, command->argument, to))
        return "501 5.5.4 Syntax: RCPT TO:<address>";
    const char *fault = guard_address_judge(command->mailbox.path, command->utf8, domains);
    if (fault != NULL)
        return fault;
    return guard_parameter_judge(command->mailbox.parameters, false);
}

const char *guard_command_judge(struct guard_command *command, const struct guard_domains *domains)
{
    struct guard_part argument = command->argument;

    switch (command->verb) {
    case GUARD_EHLO:
    case GUARD_HELO:
        return argument.size > 0 && is_printable(argument, true)
                   ? NULL
                   : "501 5.5.4 Syntax: EHLO or HELO, and one name";
    case GUARD_MAIL: return judge_mail(command);
    case GUARD_RCPT: return judge_rcpt(command, domains);
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

enum status guard_command_write(const struct guard_command *command, struct buffer *target)
{
    const struct guard_mailbox *mailbox = &command->mailbox;
    bool is_mail = command->verb == GUARD_MAIL;
    enum status status = buffer_append_text(target, verbs[command->verb]);

    if (status == STATUS_OK && (is_mail || command->verb == GUARD_RCPT)) {
        status = buffer_append_format(target, " %s<%.*s>", is_mail ? from : to,
                                      (int)mailbox->path.size, mailbox->path.text);
        if (status == STATUS_OK)
            status = guard_parameter_write(mailbox->parameters, is_mail, target);
    } else if (status == STATUS_OK &&
               (command->verb == GUARD_EHLO || command->verb == GUARD_HELO)) {
        status = buffer_append_format(target, " %.*s", (int)command->argument.size,
                                      command->argument.text);
    }
    return status == STATUS_OK ? buffer_append_text(target, "\r\n") : status;
}
