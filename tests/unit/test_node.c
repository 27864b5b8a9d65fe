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
    const char *wire;
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
};

/* Those that are refused, and the words behind the quoted text, or the first of them. */
static const struct refusal_row {
    const char *name;
    const char *text;
    const char *why;
} refusal_rows[] = {
    {"254 characters", "x" DOMAIN_253, "is longer than 253 characters"},
    {"label of 64", "x" LABEL_63 ".example", "has a label of more than 63 characters"},
    {"empty", "", "is empty; write a domain like example.com"},
    {"empty suffix", "@", "is empty; write a domain like example.com"},
    {"empty queue", "#", "names no queue; write \"#\" and the queue's name"},
    {"CR LF", "example.com\r\nETRN other.example", "has a space or a control character in it"},
    {"LF", "example.com\n", "has a space or a control character in it"},
    {"space", "example.com other", "has a space or a control character in it"},
    {"leading space", " example.com", "has a space or a control character in it"},
    {"tab", "example\t.com", "has a space or a control character in it"},
    {"DEL", "example\x7f.com", "has a space or a control character in it"},
    {"CR LF in a queue", "#q\r\nRSET",
     "has a space, a control character or a non-ASCII character in it"},
    {"space in a queue", "#q 1", "has a space, a control character or a non-ASCII character in it"},
    {"8-bit in a queue", "#q\xc3\xbc",
     "has a space, a control character or a non-ASCII character in it"},
    {"two dots", "a..b",
     "has an empty label (two dots, or a dot at an end); write it like example.com"},
    {"final dot", "example.com.",
     "has an empty label (two dots, or a dot at an end); write it like example.com"},
    {"leading dot", ".example.com",
     "has an empty label (two dots, or a dot at an end); write it like example.com"},
    {"leading hyphen", "-example.com", "has a label that begins or ends with a hyphen"},
    {"trailing hyphen", "example-.com", "has a label that begins or ends with a hyphen"},
    {"mail address", "postmaster@example.com", "is a mail address; write the domain alone"},
    {"two at signs", "@@example.com", "is a mail address; write the domain alone"},
    {"IPv4 address", "192.0.2.1",
     "is not a domain: its last label is a number; an IP address cannot be asked for"},
    {"address literal", "[192.0.2.1]", "is an address; write the domain"},
    {"comma", "a.example,b.example", "has a character that is not a letter, digit or hyphen"},
    {"slash", "example.com/", "has a character that is not a letter, digit or hyphen"},
    {"not UTF-8",
     "b\xfc"
     "cher.example",
     "is not an internationalized domain name: "},
    {"IDN that maps to a space",
     "a\xe3\x80\x80"
     "b.example",
     "has a character that is not a letter, digit or hyphen"},
    {"IDN line separator", "a\xe2\x80\xa8.example", "is not an internationalized domain name: "},
    {"IDN full-width at sign",
     "\xef\xbc\xa0"
     "example.com",
     "has a character that is not a letter, digit or hyphen"},
};

static void test_parse(void **state)
{
    const struct row *row = *state;
    struct node node;
    struct error error = {0};

    assert_int_equal(node_parse(&node, row->text, &error), STATUS_OK);
    assert_string_equal(node.name, row->wire);
    assert_int_equal(node.form, row->form);
}

static void test_refusal(void **state)
{
    const struct refusal_row *row = *state;
    struct node node = {.name = "untouched"};
    struct error error = {0};

    assert_int_equal(node_parse(&node, row->text, &error), STATUS_SYNTAX);
    assert_string_equal(node.name, "untouched");
    assert_null(strpbrk(error.text, "\r\n"));
    const char *why = strstr(error.text + 1, "\" ");
    assert_non_null(why);
    if (strncmp(why + 2, row->why, strlen(row->why)) != 0)
        assert_string_equal(why + 2, row->why);
}

struct domain_row {
    const char *text;
    const char *domain; /* NULL: it is about none */
};

static const struct domain_row domain_rows[] = {
    {"example.com", "example.com"},
    {"@Example.com", "example.com"},
    {"#Example.com", "example.com"},
    {"#queue1", NULL},
    {"#a..b", NULL},
    {"##example.com", NULL},
    {"#@example.com", NULL},
};

static void test_domain(void **state)
{
    const struct domain_row *row = *state;
    struct node node, domain = {.name = "untouched"};
    struct error error;

    assert_int_equal(node_parse(&node, row->text, &error), STATUS_OK);
    assert_int_equal(node_domain(&domain, &node), row->domain != NULL);
    assert_string_equal(domain.name, row->domain != NULL ? row->domain : "untouched");
    assert_int_equal(domain.form, NODE_DOMAIN);
}

int main(void)
{
    int failed = RUN_TABLE(rows, test_parse);

    failed += RUN_TABLE(refusal_rows, test_refusal);
    failed += RUN_TABLE(domain_rows, test_domain);
    return unit_status(failed);
}
