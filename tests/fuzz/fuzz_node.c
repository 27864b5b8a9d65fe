/* Whatever passes as a node can stand in a command: printable ASCII without spaces, within the
 * size, and the same when read again, also a label as it stands. */
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
                                  "xn--xample-hy68a.example",
                                  "stra\xc3\x9f"
                                  "e.example",
                                  "m\xc3\xbcller",
                                  "u\xcc\x88",
                                  NULL};

/* A label as it stands, which may not be a whole node for hyphens in it ("ab--c"), is not another one for the
 * configuration. */
static void check_label(const char *text, size_t size)
{
    char label[DOMAIN_LABEL_SIZE_MAX + 1], again[DOMAIN_LABEL_SIZE_MAX + 1];
    struct node node;
    struct error error;

    if (!domain_label_to_ascii(label, text, size))
        return;
    CHECK(size > 0 && strpbrk(text, ".@ %!:\\\"\r\n\t") == NULL && strlen(text) == size);
    CHECK(domain_label_to_ascii(again, label, strlen(label)) && strcmp(label, again) == 0);
    CHECK(node_parse(&node, text, &error) != STATUS_OK || strcmp(node.name, label) == 0);
}

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
    check_label(text, size);
    free(text);
    return 0;
}
