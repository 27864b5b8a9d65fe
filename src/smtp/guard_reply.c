/* What the provider sees of the primary's replies. An EHLO reply (RFC 5321 4.1.1.1) loses each
 * extension that does not work across the guard, or that the guard does not know: STARTTLS would
 * end at the wrong host, BDAT carries content without a final dot, AUTH, XCLIENT and XFORWARD are
 * for peers that the primary trusts, and so are the success reports of DSN (RFC 3461). LIMITS (RFC 9422) and DELIVERBY are left out because nothing
 * is lost without them. */
#include "guard_reply.h"

#include <mxpull/base/text.h>

#include <assert.h>
#include <string.h>

static bool has_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return true;
    }
    return false;
}

/* Whether a line of an EHLO reply, which is not the first one, may be shown. */
static bool is_harmless(const char *text, size_t size)
{
    static const char *const keywords[] = {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8",
                                           "ENHANCEDSTATUSCODES"};
    const char *space = memchr(text, ' ', size);
    size_t word = space != NULL ? (size_t)(space - text) : size;

    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (text_equal_part(keywords[i], text, word))
            return !has_control(text, size);
    }
    return false;
}

static void append(struct buffer *target, const char *bytes, size_t size)
{
    enum status status = buffer_append(target, bytes, size);

    assert(status == STATUS_OK);
    (void)status;
}

/* Control characters could end the line for a careless reader. */
static void append_line(struct buffer *target, int code, const char *text, size_t size)
{
    enum status status = buffer_append_format(target, "%03d-", code);

    assert(status == STATUS_OK);
    (void)status;
    size_t begin = target->size;
    append(target, text, size);
    for (size_t i = begin; i < target->size; i++) {
        if (has_control(target->bytes + i, 1) && target->bytes[i] != '\t')
            target->bytes[i] = '?';
    }
    append(target, "\r\n", 2);
}

void guard_reply_append(struct buffer *target, int code, const char *text, bool is_ehlo)
{
    size_t last = target->size; /* where the last line begins that was appended */

    for (bool first = true;; first = false) {
        size_t size = strcspn(text, "\n");

        if (first || !is_ehlo || is_harmless(text, size)) {
            last = target->size;
            append_line(target, code, text, size);
        }
        if (text[size] == '\0')
            break;
        text += size + 1;
    }
    target->bytes[last + 3] = ' ';
}
