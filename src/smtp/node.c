/* Node names (RFC 1985 5.3) and domains as they may stand in a command. What passes here holds no
 * character that could end the command, so nothing that is configured can smuggle another one in.
 */
#include <mxpull/base/text.h>
#include <mxpull/smtp/node.h>

#include <idn2.h>
#include <string.h>

enum {
    SHOWN_SIZE = 100
};

static const char a_label[] = "xn--"; /* how one begins (RFC 5890 2.3.2.1) */

static enum status refuse(struct error *error, const char *text, const char *why)
{
    char shown[SHOWN_SIZE];

    return error_set(error, STATUS_SYNTAX, "\"%s\" %s",
                     text_printable_copy(shown, sizeof shown, text), why);
}

/* Control characters, space and DEL: never in a name, whatever its form. */
static bool has_forbidden_byte(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at <= ' ' || *at == 0x7f)
            return true;
    }
    return false;
}

/* What is wrong with one label (RFC 1035 2.3.1, RFC 1123 2.1), or NULL. */
static const char *label_fault(const char *label, size_t size)
{
    if (size == 0)
        return "has an empty label (two dots, or a dot at an end); write it like example.com";
    if (size > DOMAIN_LABEL_SIZE_MAX)
        return "has a label of more than 63 characters";
    if (label[0] == '-' || label[size - 1] == '-')
        return "has a label that begins or ends with a hyphen";
    for (size_t i = 0; i < size; i++) {
        if (!text_is_letter(label[i]) && !text_is_digit(label[i]) && label[i] != '-' &&
            label[i] != '_')
            return "has a character that is not a letter, digit or hyphen";
    }
    return NULL;
}

bool domain_label_to_ascii(char target[DOMAIN_LABEL_SIZE_MAX + 1], const char *text, size_t size)
{
    char label[4 * DOMAIN_LABEL_SIZE_MAX + 1];
    uint8_t *made = NULL;

    if (size >= sizeof label || memchr(text, '\0', size) != NULL)
        return false;
    for (size_t i = 0; i < size; i++)
        label[i] = text_lower(text[i]);
    label[size] = '\0';
    bool is_plain = text_is_ascii(label, size), is_a_label = text_starts_with(label, a_label);
    if (is_plain && (label_fault(label, size) != NULL || !is_a_label))
        return label_fault(label, size) == NULL &&
               text_copy(target, DOMAIN_LABEL_SIZE_MAX + 1, label);
    /* RFC 5891 4.2: an A-label and its U-label, without any mapping */
    bool is_valid = idn2_register_u8(is_plain ? NULL : (const uint8_t *)label,
                                     is_plain ? (const uint8_t *)label : NULL, &made, 0) == IDN2_OK;
    is_valid = is_valid &&
               text_copy(target, DOMAIN_LABEL_SIZE_MAX + 1, is_plain ? label : (const char *)made);
    idn2_free(made);
    return is_valid;
}

/* What is wrong with an ASCII domain, or NULL. */
static const char *domain_fault(const char *domain)
{
    const char *last = domain;

    if (strlen(domain) > DOMAIN_SIZE_MAX)
        return "is longer than 253 characters";
    for (const char *label = domain;; label++) {
        size_t size = strcspn(label, ".");
        const char *fault = label_fault(label, size);

        if (fault != NULL)
            return fault;
        last = label;
        label += size;
        if (*label == '\0')
            break;
    }
    if (strspn(last, "0123456789") == strlen(last))
        return "is not a domain: its last label is a number; an IP address cannot be asked for";
    return NULL;
}

/* What the whole text shows at a glance, before it is taken apart; or NULL. */
static const char *text_fault(const char *text)
{
    if (*text == '\0')
        return "is empty; write a domain like example.com";
    if (has_forbidden_byte(text))
        return "has a space or a control character in it";
    if (strchr(text, '@') != NULL)
        return "is a mail address; write the domain alone";
    if (*text == '[')
        return "is an address; write the domain";
    return NULL;
}

enum status domain_to_ascii(char target[DOMAIN_SIZE_MAX + 1], const char *text, struct error *error)
{
    const char *fault = text_fault(text);
    char *converted = NULL;
    const char *ascii = text;

    if (fault == NULL && !text_is_ascii(text, strlen(text))) {
        int result = idn2_to_ascii_8z(text, &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

        if (result != IDN2_OK) {
            char shown[SHOWN_SIZE];
            return error_set(error, STATUS_SYNTAX,
                             "\"%s\" is not an internationalized domain name: %s",
                             text_printable_copy(shown, sizeof shown, text), idn2_strerror(result));
        }
        ascii = converted;
    }
    if (fault == NULL)
        fault = domain_fault(ascii);
    if (fault == NULL) {
        for (size_t i = 0; i <= strlen(ascii); i++)
            target[i] = text_lower(ascii[i]);
    }
    idn2_free(converted);
    return fault == NULL ? STATUS_OK : refuse(error, text, fault);
}

/* What is wrong with a queue's name, or NULL: only the server knows what it means, so any printable
 * ASCII will do. */
static const char *queue_fault(const char *name)
{
    if (*name == '\0')
        return "names no queue; write \"#\" and the queue's name";
    if (strlen(name) > QUEUE_SIZE_MAX)
        return "is longer than 253 characters";
    if (has_forbidden_byte(name) || !text_is_ascii(name, strlen(name)))
        return "has a space, a control character or a non-ASCII character in it";
    return NULL;
}

enum status node_parse(struct node *node, const char *text, struct error *error)
{
    struct node parsed = {.form = NODE_DOMAIN};

    if (*text == '#') {
        const char *fault = queue_fault(text + 1);

        if (fault != NULL)
            return refuse(error, text, fault);
        parsed.form = NODE_QUEUE;
        (void)text_copy(parsed.name, sizeof parsed.name, text);
    } else {
        size_t option = *text == '@' ? 1 : 0;

        if (option > 0)
            parsed = (struct node){.form = NODE_SUFFIX, .name = "@"};
        char domain[DOMAIN_SIZE_MAX + 1];
        enum status status = domain_to_ascii(domain, text + option, error);
        if (status != STATUS_OK)
            return status;
        (void)text_copy(parsed.name + option, sizeof parsed.name - option, domain);
    }
    *node = parsed;
    return STATUS_OK;
}

const char *node_bare_name(const struct node *node)
{
    return node->name + (node->form != NODE_DOMAIN ? 1 : 0);
}

bool node_equal(const struct node *a, const struct node *b)
{
    return strcmp(a->name, b->name) == 0;
}

bool node_domain(struct node *domain, const struct node *node)
{
    struct node inner = *node;
    struct error error;

    if (node->form != NODE_DOMAIN &&
        (node_parse(&inner, node->name + 1, &error) != STATUS_OK || inner.form != NODE_DOMAIN))
        return false;
    if (node->form == NODE_QUEUE && strchr(inner.name, '.') == NULL)
        return false;
    *domain = inner;
    return true;
}

bool node_has_domain(const struct node *node, const char *domain)
{
    struct node inner;

    if (!node_domain(&inner, node))
        return false;
    const size_t size = strlen(domain), inner_size = strlen(inner.name);
    if (size > inner_size && (node->form != NODE_SUFFIX || domain[size - inner_size - 1] != '.'))
        return false;
    return size >= inner_size && text_equal(domain + size - inner_size, inner.name);
}
