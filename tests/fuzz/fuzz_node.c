/* Whatever passes as a node can stand in a command: printable ASCII without spaces, within the
 * size, and the same when read again. */
#include "fuzz.h"

#include <mxpull/smtp/node.h>

#include <string.h>

const char *const fuzz_seeds[] = {"example.com",
                                  "@example.com",
                                  "#queue",
                                  "b\xc3\xbc"
                                  "cher.example",
                                  "xn--bcher-kva.example",
                                  "a.b.c.d.example",
                                  NULL};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    struct node node, again;
    struct error error;

    CHECK(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (node_parse(&node, text, &error) == STATUS_OK) {
        CHECK(strlen(node.name) > 0 && strlen(node.name) <= NODE_SIZE_MAX);
        for (const char *at = node.name; *at != '\0'; at++)
            CHECK(*at > ' ' && *at < 0x7f);
        CHECK(node_parse(&again, node.name, &error) == STATUS_OK && node_equal(&node, &again));
    }
    free(text);
    return 0;
}
