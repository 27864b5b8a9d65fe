/* Lines of any bytes in the primary's log: what is read out of them has an end, and nothing is read beyond them. */
#include "fuzz.h"

#include <mxpull/arrival/mail_log.h>

#include <string.h>

const char *const fuzz_seeds[] = {
    "Nov 29 06:59:08 a postfix/smtpd[1]: 8A: client=a[192.0.2.7]\n"
    "Nov 29 06:59:08 a postfix/cleanup[2]: 8A: message-id=<1@a>\n"
    "Nov 29 06:59:08 a postfix/qmgr[3]: 8A: from=<\"a\"@b>, size=350, nrcpt=1 (queue active)",
    "2026-11-29 06:59:09 +0000 [1] 1xXYsP-0003Py-0B <= \"a\\\"\"@b H=c ([d]) [192.0.2.7]:1 P=e S=2 "
    "id=f",
    "Nov 29 06:59:08 a sm-mta[7]: 6A: from=<a@b>, size=4, msgid=<1@a>, relay=a [192.0.2.7]",
    "Nov 29 06:59:08 a smtpd[7]: 41cd smtp connected address=[::1] host=a\n"
    "Nov 29 06:59:08 a smtpd[7]: 41cd smtp message msgid=5a6b size=472 nrcpt=1",
    NULL};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct mail_log *log = calloc(1, sizeof *log);

    CHECK(log != NULL);
    while (size > 0) {
        const uint8_t *end = memchr(bytes, '\n', size);
        size_t length = end != NULL ? (size_t)(end - bytes) : size;
        char *line = malloc(length > 0 ? length : 1); /* of exactly this size */
        struct arrival arrival;

        CHECK(line != NULL);
        memcpy(line, bytes, length);
        if (mail_log_read(log, line, length, &arrival)) {
            CHECK(arrival.address[0] != '\0' && arrival.bytes >= -1);
            CHECK(memchr(arrival.address, '\0', sizeof arrival.address) != NULL);
            CHECK(memchr(arrival.message_id, '\0', sizeof arrival.message_id) != NULL);
        }
        free(line);
        length += end != NULL;
        bytes += length;
        size -= length;
    }
    free(log);
    return 0;
}
