/* The parameters of MAIL and RCPT (RFC 5321 4.1.2). Only those of the extensions that the guard
 * lets the primary offer are passed: BINARYMIME needs BDAT (RFC 3030 3), and AUTH= is for a peer
 * that the primary has reason to trust (RFC 4954 5), which the provider is not. */
#include "guard_parameter.h"

#include <mxpull/base/text.h>

#include <stdint.h>

/* How a parameter's value may look. */
enum value {
    VALUE_NONE,
    VALUE_NUMBER,
    VALUE_BODY,
    VALUE_TEXT
};

static const struct parameter {
    const char *keyword;
    bool of_mail;
    enum value value;
} known[] = {
    {"SIZE", true, VALUE_NUMBER},   /* RFC 1870 */
    {"BODY", true, VALUE_BODY},     /* RFC 6152 */
    {"SMTPUTF8", true, VALUE_NONE}, /* RFC 6531 */
    {"RET", true, VALUE_TEXT},      /* RFC 3461, as the following */
    {"ENVID", true, VALUE_TEXT},    {"NOTIFY", false, VALUE_TEXT}, {"ORCPT", false, VALUE_TEXT},
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

/* esmtp-value without its equals sign; an = within is passed, for not every sender encodes it. */
static bool is_text(struct guard_part value, bool utf8)
{
    for (size_t i = 0; i < value.size; i++) {
        if ((unsigned char)value.text[i] >= 0x80) {
            size_t length = guard_path_utf8(value.text + i, value.size - i);

            if (!utf8 || length == 0)
                return false;
            i += length - 1;
        } else if (value.text[i] <= ' ' || value.text[i] > '~') {
            return false;
        }
    }
    return value.size > 0;
}

static bool is_number(struct guard_part value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (!text_is_digit(value.text[i]))
            return false;
    }
    return value.size > 0 && value.size <= 20; /* RFC 1870 5 */
}

static const char *value_fault(enum value form, struct guard_part value, bool utf8)
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
    case VALUE_TEXT: break;
    }
    return is_text(text, utf8) ? NULL : malformed;
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

const char *guard_parameter_judge(struct guard_part parameters, bool is_mail, bool utf8)
{
    struct guard_part keyword, value;

    while (next(&parameters, &keyword, &value)) {
        const struct parameter *parameter = find(keyword, is_mail);

        if (keyword.size == 0)
            return malformed;
        if (parameter == NULL)
            return "555 5.5.4 A parameter that is not accepted here";
        const char *fault = value_fault(parameter->value, value, utf8);
        if (fault != NULL)
            return fault;
    }
    return NULL;
}
