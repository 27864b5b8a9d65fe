/* Host names, addresses, proxies, fingerprints and mechanisms. What passes here can stand in a URL
 * or a command as it is. */
#include "names.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/host.h>
#include <mxpull/smtp/node.h>

#include <stdlib.h>
#include <string.h>

/* SOCKET_PATH_MAX: what fits into struct sockaddr_un of all systems. */
enum {
    SHOWN_SIZE = 80,
    PORT_MAX = 65535,
    SOCKET_PATH_MAX = 103,
    MECHANISM_SIZE_MAX = 20
};

static enum status refuse(struct error *error, const char *text, const char *why)
{
    char shown[SHOWN_SIZE];

    return error_set(error, STATUS_SYNTAX, "\"%s\" %s",
                     text_printable_copy(shown, sizeof shown, text), why);
}

/* The IPv6 address between brackets, to be freed; NULL when text is something else. */
static char *parse_brackets(const char *text)
{
    size_t size = strlen(text);
    char *address;

    if (size < 2 || text[0] != '[' || text[size - 1] != ']')
        return NULL;
    address = memory_copy_part(text + 1, size - 2);
    if (host_ip_version(address) == 6)
        return address;
    free(address);
    return NULL;
}

static bool split_host_port(const char *text, char **host, int *port);

enum status name_parse_host(const char *text, char **host, struct error *error)
{
    static const char why[] =
        "is not an IP address; a host name, 192.0.2.1 or 2001:db8::1 are allowed";
    char ascii[DOMAIN_SIZE_MAX + 1];
    char *address = parse_brackets(text);
    int port;

    if (address != NULL) {
        *host = address;
        return STATUS_OK;
    }
    if (host_ip_version(text) != 0) {
        *host = memory_copy(text);
        return STATUS_OK;
    }
    if (strchr(text, ':') != NULL && split_host_port(text, host, &port)) {
        enum status status = error_set(
            error, STATUS_SYNTAX, "holds a port; set host = \"%s\" and port = %d", *host, port);
        free(*host);
        *host = NULL;
        return status;
    }
    if (text[strspn(text, "0123456789.")] == '\0' || strchr(text, ':') != NULL || *text == '[')
        return refuse(error, text, why);
    if (domain_to_ascii(ascii, text, error) != STATUS_OK)
        return STATUS_SYNTAX;
    *host = memory_copy(ascii);
    return STATUS_OK;
}

/* [192.0.2.1] or [IPv6:2001:db8::1], RFC 5321 4.1.3. */
static bool is_address_literal(const char *text)
{
    static const char tag[] = "IPv6:";
    size_t size = strlen(text);

    if (size < 2 || text[0] != '[' || text[size - 1] != ']')
        return false;
    bool v6 = text_starts_with(text + 1, tag);
    size_t skipped = v6 ? sizeof tag : 1;
    char *address = memory_copy_part(text + skipped, size - 1 - skipped);
    bool valid = host_ip_version(address) == (v6 ? 6 : 4);

    free(address);
    return valid;
}

enum status name_parse_ehlo(const char *text, char **name, struct error *error)
{
    char ascii[DOMAIN_SIZE_MAX + 1];

    if (is_address_literal(text)) {
        *name = memory_copy(text);
        return STATUS_OK;
    }
    if (*text == '[' || host_ip_version(text) != 0)
        return refuse(error, text,
                      "is not an address literal; a host name, [192.0.2.1] or [IPv6:2001:db8::1] "
                      "are allowed");
    if (domain_to_ascii(ascii, text, error) != STATUS_OK)
        return STATUS_SYNTAX;
    *name = memory_copy(ascii);
    return STATUS_OK;
}

enum status name_parse_ip(const char *text, char **address, struct error *error)
{
    if (host_ip_version(text) != 0)
        *address = memory_copy(text);
    else
        *address = parse_brackets(text);
    return *address != NULL
               ? STATUS_OK
               : refuse(error, text, "is not an IP address; an address of this host is allowed");
}

/* Whether text is the base64 of 32 bytes: 43 characters, of which the last one carries 4 bits, and
 * one =. */
static bool is_sha256_base64(const char *text, size_t size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    if (size != 44 || text[43] != '=')
        return false;
    for (size_t i = 0; i < 43; i++) {
        const char *digit = memchr(alphabet, text[i], sizeof alphabet - 1);

        if (digit == NULL || (i == 42 && (digit - alphabet) % 4 != 0))
            return false;
    }
    return true;
}

enum status name_parse_fingerprint(const char *text, char **fingerprint, struct error *error)
{
    static const char prefix[] = "sha256//";
    const size_t prefix_size = sizeof prefix - 1;

    for (const char *part = text;; part++) {
        size_t size = strcspn(part, ";");

        if (size < prefix_size || memcmp(part, prefix, prefix_size) != 0 ||
            !is_sha256_base64(part + prefix_size, size - prefix_size))
            return refuse(error, text,
                          "is not a fingerprint; sha256// and the base64 of a key's SHA-256 are "
                          "allowed, several parted by ;");
        part += size;
        if (*part == '\0')
            break;
    }
    *fingerprint = memory_copy(text);
    return STATUS_OK;
}

enum status name_parse_mechanism(const char *text, char **mechanism, struct error *error)
{
    size_t size = strlen(text);
    char *name;

    for (size_t i = 0; i < size; i++) {
        if (!text_is_letter(text[i]) && !text_is_digit(text[i]) && text[i] != '-' && text[i] != '_')
            size = 0;
    }
    if (size == 0 || size > MECHANISM_SIZE_MAX)
        return refuse(error, text,
                      "is not a mechanism; one name such as CRAM-MD5, PLAIN, LOGIN, XOAUTH2, "
                      "EXTERNAL is allowed");
    name = memory_copy(text);
    for (char *c = name; *c != '\0'; c++) {
        if (text_is_letter(*c))
            *c = (char)(*c & ~0x20); /* ASCII's capital */
    }
    *mechanism = name;
    return STATUS_OK;
}

/* Splits host:port or [v6]:port. The host is made ASCII and is the caller's to free. */
static bool split_host_port(const char *text, char **host, int *port)
{
    const char *colon = strrchr(text, ':');
    struct error ignored;
    int64_t number;

    if (colon == NULL || !text_to_number(colon + 1, 1, PORT_MAX, &number))
        return false;
    char *part = memory_copy_part(text, (size_t)(colon - text));
    bool valid = host_ip_version(part) != 6 && name_parse_host(part, host, &ignored) == STATUS_OK;
    free(part);
    if (valid)
        *port = (int)number;
    return valid;
}

/* Where the host of a proxy begins, behind a user and password if there are any; NULL: no known
 * scheme. */
static const char *proxy_host(const char *text)
{
    static const char *const schemes[] = {"socks4",  "socks4a", "socks5",
                                          "socks5h", "http",    "https"};
    const char *colon = strstr(text, "://");
    const char *at = strrchr(text, '@');

    for (size_t i = 0; colon != NULL && i < COUNT_OF(schemes); i++) {
        if (text_equal_part(schemes[i], text, (size_t)(colon - text)))
            return at != NULL ? at + 1 : colon + 3;
    }
    return NULL;
}

enum status name_parse_proxy(const char *text, char **proxy, struct error *error)
{
    const char *host_text = proxy_host(text);
    char *host = NULL;
    int port;

    if (host_text == NULL)
        return error_set(error, STATUS_SYNTAX,
                         "has no scheme that is known; socks4://, socks4a://, socks5://, "
                         "socks5h://, http:// and https:// are allowed");
    if (strpbrk(text, " \"<>\\^`{|}") != NULL)
        return error_set(error, STATUS_SYNTAX,
                         "holds a character that a URL cannot; %%20 and its like are allowed");
    if (!split_host_port(host_text, &host, &port))
        return error_set(
            error, STATUS_SYNTAX,
            "has no good host and port; scheme://[user:password@]host:port is allowed");
    free(host);
    *proxy = memory_copy(text);
    return STATUS_OK;
}

const char *name_proxy_password(const char *proxy, size_t *size)
{
    const char *user = strstr(proxy, "://");
    const char *at = strrchr(proxy, '@');
    const char *colon = user != NULL ? strchr(user + 3, ':') : NULL;

    if (colon == NULL || at == NULL || colon > at)
        return NULL;
    *size = (size_t)(at - colon - 1);
    return colon + 1;
}

enum status name_parse_address(const char *text, struct address *address, struct error *error)
{
    static const char unix_prefix[] = "unix:";
    struct address parsed = {0};

    if (strncmp(text, unix_prefix, sizeof unix_prefix - 1) == 0) {
        const char *path = text + sizeof unix_prefix - 1;

        if (*path != '/' || strlen(path) > SOCKET_PATH_MAX)
            return refuse(error, text,
                          "is not a socket; unix: and an absolute path of up to 103 characters "
                          "are allowed");
        parsed.path = memory_copy(path);
    } else if (!split_host_port(text, &parsed.host, &parsed.port)) {
        return refuse(error, text,
                      "is not an address; host:port, [v6]:port and unix:PATH are allowed, the port "
                      "from 1 to 65535");
    }
    parsed.text = memory_copy(text);
    *address = parsed;
    return STATUS_OK;
}
