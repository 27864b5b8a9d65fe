/* A server that answers anything, and cuts anywhere: the delivery ends after at most four commands, each of them a line, and
 * counts as accepted by a 2yz to the content alone. Each byte of the input is one reply. */
#include "fuzz.h"

#include <mxpull/smtp/delivery.h>

#include <string.h>

enum {
    CODES = 400
};

const char *const fuzz_seeds[] = {"\x32\x32\x9a\x32", "\x32\x32\x9a", "\x32X", "\xff", "", NULL};

/* The content ends in the first lone dot that stands in it. */
static void check_bytes(const struct delivery *delivery)
{
    const struct buffer *bytes = delivery_bytes(delivery);
    const char *end =
        delivery->stage == DELIVERY_CONTENT ? strstr(bytes->bytes, "\r\n.\r\n") : NULL;

    CHECK(bytes->size >= 6 && strlen(bytes->bytes) == bytes->size);
    if (delivery->stage == DELIVERY_CONTENT)
        CHECK(end == bytes->bytes + bytes->size - 5);
    else
        CHECK(strchr(bytes->bytes, '\r') == bytes->bytes + bytes->size - 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct delivery delivery;
    size_t commands = 0, at = 0;
    int code = 0;

    delivery_init(&delivery, "postmaster@b.test", ".a\r\n\r\n.\r\n\r\n..\r\n");
    delivery_established(&delivery);
    while (delivery.fate == DELIVERY_OPEN) {
        CHECK(++commands <= 4);
        check_bytes(&delivery);
        code = at < size ? 200 + bytes[at++] * 7 % CODES : 0;
        if (code == 0 || bytes[at - 1] == 'X')
            delivery_cut(&delivery, OUTCOME_UNREACHABLE, 0, "cut");
        else
            delivery_reply(&delivery, code, "text");
    }
    CHECK((delivery.fate == DELIVERY_ACCEPTED) == (commands == 4 && delivery.code / 100 == 2));
    CHECK(delivery.fate != DELIVERY_DOUBTFUL || commands == 4);
    delivery_done(&delivery);
    return 0;
}
