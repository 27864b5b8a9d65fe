/* The parameters of MAIL and RCPT (RFC 5321 4.1.2). Only those of the extensions that the guard
 * lets the primary offer are passed: BINARYMIME needs BDAT (RFC 3030 3), and AUTH= is for a peer
 * that the primary has reason to trust (RFC 4954 5), which the provider is not. Those of delivery
 * status notifications are left out, for by NOTIFY=SUCCESS anybody's mail could make the primary
 * write to anybody; they are not refused, since that would lose the mail. */
#include "guard_parameter.h"

#include <mxpull/base/text.h>

#include <stdint.h>

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

bool guard_parameter_has_utf8(struct guard_part parameters)
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

const char *guard_parameter_judge(struct guard_part parameters, bool is_mail)
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

enum status guard_parameter_write(struct guard_part parameters, bool is_mail, struct buffer *target)
{
    struct guard_part keyword, value;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && next(&parameters, &keyword, &value)) {
        const struct parameter *parameter = find(keyword, is_mail);

        if (parameter != NULL && parameter->value != VALUE_LEFT_OUT)
            status = buffer_append_format(target, " %s%.*s", parameter->keyword, (int)value.size,
                                          value.text);
    }
    return status;
}
