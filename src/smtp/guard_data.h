#ifndef MXPULL_SMTP_GUARD_DATA_H
#define MXPULL_SMTP_GUARD_DATA_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum guard_data_end {
    GUARD_DATA_MORE, /* all bytes were taken */
    GUARD_DATA_END,  /* the final dot was among them and stands at the end of what was passed */
    GUARD_DATA_SMUGGLED, /* a lone dot between line ends that are not both CRLF; its last byte was not taken */
};

/* What the byte before a place ends. */
enum guard_before {
    BEFORE_OTHER,
    BEFORE_CR,
    BEFORE_LF,
    BEFORE_CRLF,
};

/* The content of one message while it comes in. A plain value. */
struct guard_data {
    enum guard_before before;
    unsigned held; /* bytes of "." or ".\r" that wait until it is clear what they are */
    int64_t size;  /* octets passed, without the final dot */
};

/* Ready for the first byte behind the 354. */
void guard_data_init(struct guard_data *data);

/* Takes bytes up to the final dot and appends to content what is to be passed, as it came. *used
 * says how many were taken. content must have room for size + 2 bytes. */
enum guard_data_end guard_data_feed(struct guard_data *data, const char *bytes, size_t size,
                                    size_t *used, struct buffer *content);

/* How much of the CRLF.CRLF that ends a content has come, for guard_data_drain. */
unsigned guard_data_match(const struct guard_data *data);

/* Takes bytes up to the end of a content, and passes nothing. match says how much of CRLF.CRLF stood
 * before them. Returns whether the end was among them; *used says how many were taken. */
bool guard_data_drain(unsigned *match, const char *bytes, size_t size, size_t *used);

#endif
