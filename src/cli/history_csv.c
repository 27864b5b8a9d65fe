/* The past as CSV (RFC 4180), with lines that end in LF as the tools of Unix want them. */
#include "history.h"
#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <string.h>

enum {
    FIELD_SIZE_MAX = 64 * 1024
};

static void begin(struct buffer *text, bool messages)
{
    (void)buffer_append_text(
        text, messages ? "at,backup,sender,recipients,bytes,code,text\n"
                       : "at,backup,domain,cause,verb,outcome,code,text,address,tls,authenticated,"
                         "pending,messages,bytes,attempts,ms,refused_for_now,refused_for_good\n");
}

static bool is_space(uint32_t point)
{
    return point == ' ' || point == 0xa0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200a) || point == 0x202f || point == 0x205f ||
           point == 0x3000;
}

/* The signs that a formula begins with; their small and full-width forms count as their likes. */
static bool is_formula_sign(uint32_t point)
{
    static const uint32_t signs[] = {'=',    '+',    '-',    '@',    0xfe62, 0xfe63,
                                     0xfe66, 0xfe6b, 0xff0b, 0xff0d, 0xff1d, 0xff20};

    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (signs[i] == point)
            return true;
    }
    return false;
}

/* Whether a spreadsheet could take what text, which is printable, begins with for a formula. */
static bool begins_formula(const char *text)
{
    uint32_t point = 0;

    for (size_t length = 0; *text != '\0'; text += length) {
        length = text_character(text, strlen(text), &point);
        if (length == 0 || (!is_space(point) && point != '"'))
            break;
    }
    return is_formula_sign(point);
}

/* A program that parts at semicolons sees a cell begin behind each, and takes no quotes for such that
 * stand in the middle of one. */
static void append_tamed(struct buffer *tamed, const char *text)
{
    for (size_t size; *text != '\0'; text += size) {
        if (begins_formula(text))
            (void)buffer_append_text(tamed, "'");
        size = strcspn(text, ";");
        size += strspn(text + size, ";");
        (void)buffer_append(tamed, text, size);
    }
}

static void append_field(struct buffer *text, const char *field)
{
    bool is_quoted = strpbrk(field, ",;\"\r\n") != NULL || *field == ' ' ||
                     (*field != '\0' && field[strlen(field) - 1] == ' ');

    if (!is_quoted) {
        (void)buffer_append_text(text, field);
        return;
    }
    (void)buffer_append_text(text, "\"");
    for (; *field != '\0'; field++)
        (void)buffer_append(text, *field == '"' ? "\"\"" : field, *field == '"' ? 2 : 1);
    (void)buffer_append_text(text, "\"");
}

/* What others wrote, the administrator among them: escaped as in the log. */
static void append_text(struct buffer *text, const char *field)
{
    struct buffer shown, tamed;

    if (field == NULL)
        return;
    buffer_init(&shown, FIELD_SIZE_MAX);
    buffer_init(&tamed, 2 * FIELD_SIZE_MAX);
    text_printable(&shown, field, strlen(field));
    append_tamed(&tamed, shown.bytes);
    append_field(text, tamed.bytes);
    buffer_done(&tamed);
    buffer_done(&shown);
}

static void add_text(struct buffer *text, const char *field)
{
    append_text(text, field);
    (void)buffer_append_text(text, ",");
}

static void add_number_if(struct buffer *text, bool is_known, int64_t number)
{
    if (is_known)
        (void)buffer_append_format(text, "%lld", (long long)number);
    (void)buffer_append_text(text, ",");
}

static void add_stamp(struct buffer *text, int64_t at_ms)
{
    char stamp[CLOCK_TEXT_SIZE];

    add_text(text, clock_utc_text(stamp, at_ms));
}

static void write_answer(struct buffer *text, const struct history_style *style,
                         const struct store_row *row)
{
    const struct store_answer *answer = &row->answer;

    (void)style;
    add_stamp(text, answer->at_ms);
    add_text(text, row->backup);
    add_text(text, answer->domain);
    add_text(text, row->cause);
    add_text(text, answer->verb);
    add_text(text, answer->outcome);
    add_number_if(text, answer->code > 0, answer->code);
    add_text(text, answer->text);
    add_text(text, answer->address);
    add_text(text, answer->tls);
    add_text(text, answer->authenticated ? "true" : "false");
    add_number_if(text, answer->pending >= 0, answer->pending);
    add_number_if(text, answer->messages >= 0, answer->messages);
    add_number_if(text, answer->bytes >= 0, answer->bytes);
    add_number_if(text, true, answer->attempts);
    add_number_if(text, true, answer->ms);
    add_number_if(text, answer->refused_for_now >= 0, answer->refused_for_now);
    if (answer->refused_for_good >= 0)
        (void)buffer_append_format(text, "%lld", (long long)answer->refused_for_good);
    (void)buffer_append_text(text, "\n");
}

static void write_message(struct buffer *text, const struct history_style *style,
                          const struct store_message *message)
{
    (void)style;
    add_stamp(text, message->at_ms);
    add_text(text, message->backup);
    add_text(text, message->sender);
    add_text(text, message->recipients);
    add_number_if(text, true, message->bytes);
    add_number_if(text, message->code > 0, message->code);
    append_text(text, message->text);
    (void)buffer_append_text(text, "\n");
}

const struct history_form history_csv = {
    .begin = begin, .answer = write_answer, .message = write_message, .between = "", .end = ""};
