/* A command of the provider: its line, its verb, its argument (RFC 5321 4.1.1). Only the verbs that
 * deliver mail are passed, each written anew from the parts that were judged, in the form that the
 * RFC gives it, so that the primary cannot read anything else in a line than was judged here.
 *
 * Of the parameters of MAIL and RCPT (RFC 5321 4.1.2) those are passed whose extensions the guard
 * lets the primary offer: BINARYMIME needs BDAT (RFC 3030 3), and AUTH= is for a peer
 * that the primary has reason to trust (RFC 4954 5), which the provider is not. Those of delivery
 * status notifications are left out, for by NOTIFY=SUCCESS anybody's mail could make the primary
 * write to anybody; they are not refused, since that would lose the mail. */
#include "guard_parts.h"

#include <mxpull/base/text.h>

#include <string.h>

const char *guard_line_take(struct buffer *line, char byte)
{
    bool has_cr = line->size > 0 && line->bytes[line->size - 1] == '\r';
    unsigned char code = (unsigned char)byte;

    if (has_cr != (byte == '\n'))
        return "500 5.5.2 A line ends with CR and LF, never with one of them alone";
    if ((code < ' ' && strchr("\r\n\t", byte) == NULL) || code == 0 || code == 0x7f)
        return "500 5.5.2 A control character in a command";
    if (buffer_append(line, &byte, 1) != STATUS_OK)
        return "500 5.5.2 A line of more than 4096 octets";
    return NULL;
}

/* The verbs that mean something here. */
static const char *const verbs[] = {
    [GUARD_EHLO] = "EHLO", [GUARD_HELO] = "HELO", [GUARD_MAIL] = "MAIL", [GUARD_RCPT] = "RCPT",
    [GUARD_DATA] = "DATA", [GUARD_RSET] = "RSET", [GUARD_NOOP] = "NOOP", [GUARD_VERB_QUIT] = "QUIT",
    [GUARD_AUTH] = "AUTH", [GUARD_BDAT] = "BDAT",
};

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

static void append_text(struct buffer *target, const char *text)
{
    guard_append(target, text, strlen(text));
}

/* ---- parameters ---- */

/* How a parameter's value may look. */
enum value {
    VALUE_NONE,
    VALUE_NUMBER,
    VALUE_BODY,
    VALUE_LEFT_OUT
};

static const struct parameter {
    const char *keyword;
    bool of_mail;
    enum value value;
} known[] = {
    {"SIZE", true, VALUE_NUMBER},   /* RFC 1870 */
    {"BODY", true, VALUE_BODY},     /* RFC 6152 */
    {"SMTPUTF8", true, VALUE_NONE}, /* RFC 6531 */
    {"RET", true, VALUE_LEFT_OUT},  /* RFC 3461, as the following */
    {"ENVID", true, VALUE_LEFT_OUT},  {"NOTIFY", false, VALUE_LEFT_OUT},
    {"ORCPT", false, VALUE_LEFT_OUT},
};

static const char malformed[] = "501 5.5.4 Malformed parameters";

/* Takes the next parameter off the front of *left, with the space before it. False at the end. */
static bool next(struct guard_part *left, struct guard_part *keyword, struct guard_part *value)
{
    size_t end, equals;

    if (left->size == 0)
        return false;
    for (end = 1; end < left->size && left->text[end] != ' '; end++)
        continue;
    for (equals = 1; equals < end && left->text[equals] != '='; equals++)
        continue;
    *keyword = (struct guard_part){left->text + 1, equals - 1};
    *value = (struct guard_part){left->text + equals, end - equals};
    left->text += end;
    left->size -= end;
    return true;
}

/* Whether SMTPUTF8 is among the parameters of a MAIL command (RFC 6531 3.4). */
static bool has_utf8(struct guard_part parameters)
{
    struct guard_part keyword, value;

    while (next(&parameters, &keyword, &value)) {
        if (text_equal_part("SMTPUTF8", keyword.text, keyword.size))
            return true;
    }
    return false;
}

static bool is_number(struct guard_part value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (!text_is_digit(value.text[i]))
            return false;
    }
    return value.size > 0 && value.size <= 20; /* RFC 1870 5 */
}

static const char *value_fault(enum value form, struct guard_part value)
{
    bool has_equals = value.size > 0;
    size_t begin = has_equals ? 1 : 0;
    struct guard_part text = {value.text + begin, value.size - begin};

    switch (form) {
    case VALUE_NONE: return has_equals ? malformed : NULL;
    case VALUE_NUMBER: return is_number(text) ? NULL : malformed;
    case VALUE_BODY:
        if (text_equal_part("BINARYMIME", text.text, text.size))
            return "504 5.5.4 BINARYMIME is not accepted here";
        return text_equal_part("7BIT", text.text, text.size) ||
                       text_equal_part("8BITMIME", text.text, text.size)
                   ? NULL
                   : malformed;
    case VALUE_LEFT_OUT: break;
    }
    return NULL;
}

static const struct parameter *find(struct guard_part keyword, bool is_mail)
{
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (known[i].of_mail == is_mail &&
            text_equal_part(known[i].keyword, keyword.text, keyword.size))
            return &known[i];
    }
    return NULL;
}

/* The reply to parameters that may not be passed (501, 504 or 555), or NULL. */
static const char *judge_parameters(struct guard_part parameters, bool is_mail)
{
    struct guard_part keyword, value;

    while (next(&parameters, &keyword, &value)) {
        const struct parameter *parameter = find(keyword, is_mail);

        if (keyword.size == 0)
            return malformed;
        if (parameter == NULL)
            return "555 5.5.4 A parameter that is not accepted here";
        const char *fault = value_fault(parameter->value, value);
        if (fault != NULL)
            return fault;
    }
    return NULL;
}

/* Appends those of them, once judged well, that the primary is to see, each with a space before it. */
static void write_parameters(struct guard_part parameters, bool is_mail, struct buffer *target)
{
    struct guard_part keyword, value;

    while (next(&parameters, &keyword, &value)) {
        const struct parameter *parameter = find(keyword, is_mail);

        if (parameter == NULL || parameter->value == VALUE_LEFT_OUT)
            continue;
        append_text(target, " ");
        append_text(target, parameter->keyword);
        guard_append(target, value.text, value.size);
    }
}

/* ---- what may be passed ---- */

/* Printable ASCII, and no space if it is to be one word. */
static bool is_printable(struct guard_part part, bool one_word)
{
    for (size_t i = 0; i < part.size; i++) {
        if (part.text[i] < (one_word ? '!' : ' ') || part.text[i] > '~')
            return false;
    }
    return true;
}

static const char *judge_mailbox(struct guard_command *command, const struct guard_domains *domains)
{
    struct guard_mailbox *mailbox = &command->mailbox;
    bool is_mail = command->verb == GUARD_MAIL;

    if (!guard_path_split(mailbox, command->argument, is_mail ? "FROM:" : "TO:"))
        return is_mail ? "501 5.5.4 Syntax: MAIL FROM:<address>"
                       : "501 5.5.4 Syntax: RCPT TO:<address>";
    if (is_mail)
        command->utf8 = has_utf8(mailbox->parameters);
    const char *fault = is_mail ? guard_path_judge_reverse(mailbox->path, command->utf8)
                                : guard_address_judge(mailbox->path, command->utf8, domains);
    return fault != NULL ? fault : judge_parameters(mailbox->parameters, is_mail);
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
    case GUARD_MAIL:
    case GUARD_RCPT: return judge_mailbox(command, domains);
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

void guard_command_write(const struct guard_command *command, struct buffer *target)
{
    const struct guard_mailbox *mailbox = &command->mailbox;
    bool is_mail = command->verb == GUARD_MAIL;

    append_text(target, verbs[command->verb]);
    if (is_mail || command->verb == GUARD_RCPT) {
        append_text(target, is_mail ? " FROM:<" : " TO:<");
        guard_append(target, mailbox->path.text, mailbox->path.size);
        append_text(target, ">");
        write_parameters(mailbox->parameters, is_mail, target);
    } else if (command->verb == GUARD_EHLO || command->verb == GUARD_HELO) {
        append_text(target, " ");
        guard_append(target, command->argument.text, command->argument.size);
    }
    append_text(target, "\r\n");
}
