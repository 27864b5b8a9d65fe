/* A reply is the same however its bytes are cut, and never larger than its ceilings. */
#include "fuzz.h"

#include <mxpull/smtp/reply.h>

#include <string.h>

const char *const fuzz_seeds[] = {"250 OK\r\n",      "250-a\r\n250-b\r\n250 c\r\n",
                                  "421\r\n",         "501-x\n501 y\n",
                                  "220 \x1b[2J\r\n", NULL};

struct outcome {
    enum status status;
    bool complete;
    size_t taken;
};

static struct outcome feed(struct reply *reply, const char *bytes, size_t size, size_t step)
{
    struct outcome outcome = {.status = STATUS_OK};
    struct error error;

    while (outcome.taken < size && outcome.status == STATUS_OK && !outcome.complete) {
        size_t left = size - outcome.taken, used = 0;

        outcome.status = reply_feed(reply, bytes + outcome.taken, left < step ? left : step, &used,
                                    &outcome.complete, &error);
        outcome.taken += used;
    }
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reply whole, cut;

    reply_init(&whole);
    reply_init(&cut);
    struct outcome once = feed(&whole, (const char *)bytes, size, size);
    struct outcome byte_by_byte = feed(&cut, (const char *)bytes, size, 1);
    CHECK(once.status == byte_by_byte.status && once.complete == byte_by_byte.complete);
    if (once.complete) {
        CHECK(whole.code >= 200 && whole.code <= 599);
        CHECK(whole.code == cut.code && once.taken == byte_by_byte.taken);
        CHECK(strcmp(whole.text.bytes, cut.text.bytes) == 0);
        CHECK(whole.lines <= REPLY_LINES_MAX && whole.text.size <= REPLY_SIZE_MAX);
    }
    reply_done(&whole);
    reply_done(&cut);
    return 0;
}
