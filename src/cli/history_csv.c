/* The past as CSV (RFC 4180), with lines that end in LF as the tools of Unix want them. */
#include <mxpull/base/text.h>
#include <mxpull/cli/history.h>
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
                         "pending,messages,bytes,attempts,ms\n");
}

static void append_field(struct buffer *text, const char *field)
{
    bool is_quoted = strpbrk(field, ",\"\r\n") != NULL || *field == ' ' ||
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

/* What the administrator or mxpull itself wrote. */
static void add_own(struct buffer *text, const char *field)
{
    append_field(text, field);
    (void)buffer_append_text(text, ",");
}

static void append_remote(struct buffer *text, const char *field)
{
    struct buffer shown;

    if (field == NULL)
        return;
    buffer_init(&shown, FIELD_SIZE_MAX);
    if (*field != '\0' && strchr("=+-@", *field) != NULL)
        (void)buffer_append_text(&shown, "'");
    text_printable(&shown, field, strlen(field));
    append_field(text, shown.bytes);
    buffer_done(&shown);
}

static void add_remote(struct buffer *text, const char *field)
{
    append_remote(text, field);
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

    add_own(text, clock_utc_text(stamp, at_ms));
}

static void write_answer(struct buffer *text, const struct history_style *style,
                         const struct store_row *row)
{
    const struct store_answer *answer = &row->answer;

    (void)style;
    add_stamp(text, answer->at_ms);
    add_own(text, row->backup);
    add_own(text, answer->domain);
    add_own(text, row->cause);
    add_own(text, answer->verb);
    add_own(text, answer->outcome);
    add_number_if(text, answer->code > 0, answer->code);
    add_remote(text, answer->text);
    add_remote(text, answer->address);
    add_remote(text, answer->tls);
    add_own(text, answer->authenticated ? "true" : "false");
    add_number_if(text, answer->pending >= 0, answer->pending);
    add_number_if(text, answer->messages >= 0, answer->messages);
    add_number_if(text, answer->bytes >= 0, answer->bytes);
    add_number_if(text, true, answer->attempts);
    (void)buffer_append_format(text, "%lld\n", (long long)answer->ms);
}

static void write_message(struct buffer *text, const struct history_style *style,
                          const struct store_message *message)
{
    (void)style;
    add_stamp(text, message->at_ms);
    add_own(text, message->backup);
    add_remote(text, message->sender);
    add_remote(text, message->recipients);
    add_number_if(text, true, message->bytes);
    add_number_if(text, message->code > 0, message->code);
    append_remote(text, message->text);
    (void)buffer_append_text(text, "\n");
}

const struct history_form history_csv = {
    .begin = begin, .answer = write_answer, .message = write_message, .between = "", .end = ""};
