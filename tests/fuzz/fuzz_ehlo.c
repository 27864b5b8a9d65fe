/* EHLO lines of any bytes: nothing is read beyond them, and the first one offers nothing. */
#include "fuzz.h"

#include <mxpull/smtp/ehlo.h>

#include <string.h>

const char *const fuzz_seeds[] = {"250-ETRN\r\n", "250 AUTH=LOGIN PLAIN\r\n", "250-STARTTLS",
                                  "250 atrn", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct ehlo ehlo = {0};
    char *line = malloc(
        size > 0 ? size : 1); /* of exactly this size, so that the sanitizer sees a byte too many */

    CHECK(line != NULL);
    memcpy(line, bytes, size);
    ehlo_line(&ehlo, line, size, true);
    CHECK(!ehlo.etrn && !ehlo.atrn && !ehlo.turn && !ehlo.auth && !ehlo.starttls);
    ehlo_line(&ehlo, line, size, false);
    free(line);
    return 0;
}
