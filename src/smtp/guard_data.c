/* Looks for the end of a message's content (RFC 5321 4.1.1.4): CRLF "." CRLF, where the CRLF of the
 * DATA command counts as the first. Servers disagree about a dot on a line of its own when CR or LF
 * alone stands at either side of it: one takes it for text, the next one for the end, and commands
 * hidden behind it come to life (SMTP smuggling). No honest sender writes it, so it is refused.
 *
 *                "." behind CR or LF              CR, if the dot is behind a CRLF
 *      TEXT ------------------------> DOT (".") -----------------------------------> DOT CR (".\r")
 *        ^                            |   |                                          |          |
 *        +---- any other byte --------+   +-- LF, or CR else --> SMUGGLED <-- other -+      LF: END
 *
 * Everything that matters stands around a dot, so memchr looks for dots alone. */
#include "guard_parts.h"

#include <assert.h>
#include <string.h>

void guard_append(struct buffer *target, const char *bytes, size_t size)
{
    enum status status = buffer_append(target, bytes, size);

    assert(status == STATUS_OK); /* guard_feed has seen to it that there is room */
    (void)status;
}

static void pass(struct guard_data *data, struct buffer *content, const char *bytes, size_t size)
{
    if (content != NULL)
        guard_append(content, bytes, size);
    guard_header_feed(&data->header, bytes, size);
    data->size += (int64_t)size;
}

/* What stands before the byte at position at. */
static enum guard_before before(const struct guard_data *data, const char *bytes, size_t at)
{
    if (at == 0)
        return data->before;
    if (bytes[at - 1] == '\r')
        return BEFORE_CR;
    if (bytes[at - 1] != '\n')
        return BEFORE_OTHER;
    if (at == 1)
        return data->before == BEFORE_CR ? BEFORE_CRLF : BEFORE_LF;
    return bytes[at - 2] == '\r' ? BEFORE_CRLF : BEFORE_LF;
}

/* Passes text up to a dot that stands behind CR or LF, and holds that. Returns the bytes taken. */
static size_t take_text(struct guard_data *data, const char *bytes, size_t size,
                        struct buffer *content)
{
    size_t at = 0;

    while (at < size) {
        const char *dot = memchr(bytes + at, '.', size - at);

        if (dot == NULL)
            break;
        at = (size_t)(dot - bytes);
        enum guard_before found = before(data, bytes, at);
        if (found != BEFORE_OTHER) {
            pass(data, content, bytes, at);
            data->before = found;
            data->held = 1;
            return at + 1;
        }
        while (at < size && bytes[at] == '.')
            at++;
    }
    pass(data, content, bytes, size);
    data->before = before(data, bytes, size);
    return size;
}

enum guard_data_end guard_data_feed(struct guard_data *data, const char *bytes, size_t size,
                                    size_t *used, struct buffer *content)
{
    size_t at = 0;

    while (at < size) {
        char c = bytes[at];

        if (data->held == 0) {
            at += take_text(data, bytes + at, size - at, content);
        } else if (data->held == 2) {
            if (c != '\n') {
                *used = at;
                return GUARD_DATA_SMUGGLED;
            }
            pass(data, content, ".\r\n", 3);
            data->size -= 3;
            *used = at + 1;
            return GUARD_DATA_END;
        } else if (c == '\r' && data->before == BEFORE_CRLF) {
            data->held = 2;
            at++;
        } else if (c == '\r' || c == '\n') {
            *used = at;
            return GUARD_DATA_SMUGGLED;
        } else {
            pass(data, content, ".", 1);
            data->before = BEFORE_OTHER;
            data->held = 0;
        }
    }
    *used = size;
    return GUARD_DATA_MORE;
}

bool guard_data_drain(struct guard_data *data, const char *bytes, size_t size, size_t *used)
{
    enum guard_data_end end = GUARD_DATA_SMUGGLED;
    size_t at = 0;

    while (end == GUARD_DATA_SMUGGLED) {
        end = guard_data_feed(data, bytes + at, size - at, used, NULL);
        at += *used;
        if (end == GUARD_DATA_SMUGGLED) { /* the dot is text, then */
            data->before = data->held == 2 ? BEFORE_CR : BEFORE_OTHER;
            data->held = 0;
        }
    }
    *used = at;
    return end == GUARD_DATA_END;
}
