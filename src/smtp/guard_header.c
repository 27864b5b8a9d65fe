/* Notes the Message-ID while the header of a content passes. Only the header is looked at, byte by byte, and at most
 * HEADER_SIZE_MAX of it.
 *
 *   LINE --letter--> NAME --"message-id" and ":"--> VALUE --"<"--> ID --">"--> END
 *    ^  ^             |other                          |               `--not of an identifier--> END
 *    |  `--line end-- REST <--------------------------+ line end, and a line that is none of its own
 *    `--empty line--> END
 */
#include "guard_parts.h"

#include <mxpull/base/text.h>

enum {
    HEADER_SIZE_MAX = 256 * 1024
};

static const char name[] = "message-id";

/* The first byte of a line: a blank goes on with the field of the line before (RFC 5322 2.2.3). */
static enum guard_header_at line_begins(struct guard_header *header, char c)
{
    if (c == '\n')
        return GUARD_HEADER_END;
    if (c == '\r')
        return GUARD_HEADER_LINE;
    if (c == ' ' || c == '\t')
        return header->has_name ? GUARD_HEADER_VALUE : GUARD_HEADER_REST;
    header->has_name = false;
    header->size = 0;
    if (text_lower(c) != name[0])
        return GUARD_HEADER_REST;
    header->size = 1;
    return GUARD_HEADER_NAME;
}

static enum guard_header_at take_name(struct guard_header *header, char c)
{
    if (name[header->size] != '\0' && text_lower(c) == name[header->size]) {
        header->size++;
        return GUARD_HEADER_NAME;
    }
    header->has_name = name[header->size] == '\0' && c == ':';
    if (header->has_name)
        return GUARD_HEADER_VALUE;
    if (name[header->size] == '\0' && (c == ' ' || c == '\t')) /* RFC 5322 4.5 */
        return GUARD_HEADER_NAME;
    return c == '\n' ? GUARD_HEADER_LINE : GUARD_HEADER_REST;
}

/* The first byte is set at the end, so that a part of an identifier counts as none. */
static enum guard_header_at take_id(struct guard_header *header, char c)
{
    if ((unsigned char)c <= ' ' || c == 0x7f || header->size + 1 == sizeof header->message_id)
        return GUARD_HEADER_END;
    header->message_id[header->size++] = c;
    if (c != '>')
        return GUARD_HEADER_ID;
    header->message_id[header->size] = '\0';
    header->message_id[0] = '<';
    return GUARD_HEADER_END;
}

static enum guard_header_at take(struct guard_header *header, char c)
{
    switch (header->at) {
    case GUARD_HEADER_LINE: return line_begins(header, c);
    case GUARD_HEADER_NAME: return take_name(header, c);
    case GUARD_HEADER_VALUE:
        header->size = 1;
        return c == '<' ? GUARD_HEADER_ID : c == '\n' ? GUARD_HEADER_LINE : GUARD_HEADER_VALUE;
    case GUARD_HEADER_ID: return take_id(header, c);
    case GUARD_HEADER_REST: return c == '\n' ? GUARD_HEADER_LINE : GUARD_HEADER_REST;
    case GUARD_HEADER_END: break;
    }
    return GUARD_HEADER_END;
}

void guard_header_feed(struct guard_header *header, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size && header->at != GUARD_HEADER_END; i++) {
        header->at = take(header, bytes[i]);
        if (++header->taken == HEADER_SIZE_MAX)
            header->at = GUARD_HEADER_END;
    }
}
