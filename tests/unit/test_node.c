/* node: what may be named in ETRN. */
#include "unit.h"

#include <mxpull/smtp/node.h>

#define LABEL_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define DOMAIN_253                                                                                 \
    LABEL_63 "." LABEL_63 "." LABEL_63                                                             \
             ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"

struct row {
    const char *name;
    const char *text;
    enum node_form form;
    const char *wire; /* NULL: refused */
};

static const struct row rows[] = {
    {"domain", "example.com", NODE_DOMAIN, "example.com"},
    {"upper case", "Example.COM", NODE_DOMAIN, "example.com"},
    {"suffix", "@example.com", NODE_SUFFIX, "@example.com"},
    {"queue", "#Queue1", NODE_QUEUE, "#Queue1"},
    {"queue with a domain", "#example.com", NODE_QUEUE, "#example.com"},
    {"single label", "intranet", NODE_DOMAIN, "intranet"},
    {"underscore", "_mail.example.com", NODE_DOMAIN, "_mail.example.com"},
    {"digits", "163.com", NODE_DOMAIN, "163.com"},
    {"IDN",
     "b\xc3\xbc"
     "cher.example",
     NODE_DOMAIN, "xn--bcher-kva.example"},
    {"IDN upper case",
     "B\xc3\x9c"
     "CHER.example",
     NODE_DOMAIN, "xn--bcher-kva.example"},
    {"IDN sharp s stays (non-transitional)", "fa\xc3\x9f.de", NODE_DOMAIN, "xn--fa-hia.de"},
    {"IDN suffix",
     "@b\xc3\xbc"
     "cher.example",
     NODE_SUFFIX, "@xn--bcher-kva.example"},
    {"IDN ideographic full stop",
     "b\xc3\xbc"
     "cher\xe3\x80\x82"
     "example",
     NODE_DOMAIN, "xn--bcher-kva.example"},
    {"label of 63", LABEL_63 ".example", NODE_DOMAIN, LABEL_63 ".example"},
    {"253 characters", DOMAIN_253, NODE_DOMAIN, DOMAIN_253},
    {"254 characters", "x" DOMAIN_253, NODE_DOMAIN, NULL},
    {"label of 64", "x" LABEL_63 ".example", NODE_DOMAIN, NULL},
    {"empty", "", NODE_DOMAIN, NULL},
    {"empty suffix", "@", NODE_SUFFIX, NULL},
    {"empty queue", "#", NODE_QUEUE, NULL},
    {"CR LF", "example.com\r\nETRN other.example", NODE_DOMAIN, NULL},
    {"LF", "example.com\n", NODE_DOMAIN, NULL},
    {"space", "example.com other", NODE_DOMAIN, NULL},
    {"leading space", " example.com", NODE_DOMAIN, NULL},
    {"tab", "example\t.com", NODE_DOMAIN, NULL},
    {"DEL", "example\x7f.com", NODE_DOMAIN, NULL},
    {"CR LF in a queue", "#q\r\nRSET", NODE_QUEUE, NULL},
    {"space in a queue", "#q 1", NODE_QUEUE, NULL},
    {"8-bit in a queue", "#q\xc3\xbc", NODE_QUEUE, NULL},
    {"two dots", "a..b", NODE_DOMAIN, NULL},
    {"final dot", "example.com.", NODE_DOMAIN, NULL},
    {"leading dot", ".example.com", NODE_DOMAIN, NULL},
    {"leading hyphen", "-example.com", NODE_DOMAIN, NULL},
    {"trailing hyphen", "example-.com", NODE_DOMAIN, NULL},
    {"mail address", "postmaster@example.com", NODE_DOMAIN, NULL},
    {"two at signs", "@@example.com", NODE_SUFFIX, NULL},
    {"IPv4 address", "192.0.2.1", NODE_DOMAIN, NULL},
    {"address literal", "[192.0.2.1]", NODE_DOMAIN, NULL},
    {"comma", "a.example,b.example", NODE_DOMAIN, NULL},
    {"slash", "example.com/", NODE_DOMAIN, NULL},
    {"not UTF-8",
     "b\xfc"
     "cher.example",
     NODE_DOMAIN, NULL},
    {"IDN that maps to a space",
     "a\xe3\x80\x80"
     "b.example",
     NODE_DOMAIN, NULL},
    {"IDN line separator", "a\xe2\x80\xa8.example", NODE_DOMAIN, NULL},
    {"IDN full-width at sign",
     "\xef\xbc\xa0"
     "example.com",
     NODE_DOMAIN, NULL},
};

static void test_parse(void **state)
{
    const struct row *row = *state;
    struct node node = {.name = "untouched"};
    struct error error = {0};

    enum status status = node_parse(&node, row->text, &error);
    if (row->wire == NULL) {
        assert_int_equal(status, STATUS_SYNTAX);
        assert_string_equal(node.name, "untouched");
        assert_true(strlen(error.text) > 10);
        assert_null(strpbrk(error.text, "\r\n"));
    } else {
        assert_int_equal(status, STATUS_OK);
        assert_string_equal(node.name, row->wire);
        assert_int_equal(node.form, row->form);
    }
}

int main(void)
{
    return unit_status(RUN_TABLE(rows, test_parse));
}
