/* Whatever passes as a node can stand in a command: printable ASCII without spaces, within the
 * size, and the same when read again, also as U-labels. */
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

static void check_unicode(const struct node *node)
{
    char *unicode = node->form == NODE_DOMAIN ? domain_to_unicode(node->name) : NULL;
    struct node again;
    struct error error;

    if (unicode == NULL)
        return;
    /* as a whole it may be refused, for hyphens in an ASCII label ("ab--c") */
    CHECK(node_parse(&again, unicode, &error) != STATUS_OK || node_equal(node, &again));
    free(unicode);
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
        check_unicode(&node);
    }
    if (domain_is_label(text, size)) /* letters, digits, hyphens, underscores, or a valid U-label */
        CHECK(size > 0 && strpbrk(text, ".@ %!:\\\"\r\n\t") == NULL && strlen(text) == size);
    free(text);
    return 0;
}
