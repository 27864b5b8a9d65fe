/* Host names, addresses, proxies, fingerprints, mechanisms, paths, in forms that can stand in a URL or a command. */
#include "forms.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/plan/schedule.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/system_log.h>
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

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

enum status form_refuse(struct error *error, const char *text, const char *why)
{
    char shown[SHOWN_SIZE];

    return error_set(error, STATUS_SYNTAX, "\"%s\" %s",
                     text_printable_copy(shown, sizeof shown, text), why);
}

static enum status give(char **copy, const char *text)
{
    *copy = memory_copy(text);
    return STATUS_OK;
}

static enum status give_ascii(char **copy, const char *text, struct error *error)
{
    char ascii[DOMAIN_SIZE_MAX + 1];

    return domain_to_ascii(ascii, text, error) == STATUS_OK ? give(copy, ascii) : STATUS_SYNTAX;
}

/* The address of that IP version between opening and a ], to be freed; NULL when text is something else. */
static char *unwrap(const char *text, const char *opening, int version)
{
    size_t size = strlen(text), skipped = strlen(opening);

    if (!text_starts_with(text, opening) || text[size - 1] != ']')
        return NULL;
    char *address = memory_copy_part(text + skipped, size - 1 - skipped);
    if (host_ip_version(address) == version)
        return address;
    free(address);
    return NULL;
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
    bool valid = true;
    if ((*host = unwrap(part, "[", 6)) == NULL)
        valid = strchr(part, ':') == NULL && form_host(part, host, &ignored) == STATUS_OK;
    free(part);
    *port = (int)number;
    return valid;
}

enum status form_host(const char *text, char **host, struct error *error)
{
    char *other;
    int port;

    if ((other = unwrap(text, "[", 6)) != NULL) {
        *host = other;
        return STATUS_OK;
    }
    if (host_ip_version(text) != 0)
        return give(host, text);
    if (strchr(text, ':') != NULL && split_host_port(text, &other, &port)) {
        (void)error_set(error, STATUS_SYNTAX, "holds a port; set host = \"%s\" and port = %d",
                        other, port);
        free(other);
        return STATUS_SYNTAX;
    }
    if (text[strspn(text, DIGITS ".")] == '\0' || strchr(text, ':') != NULL || *text == '[')
        return form_refuse(error, text,
                           "is not an IP address; a host name, 192.0.2.1 or 2001:db8::1 are "
                           "allowed");
    return give_ascii(host, text, error);
}

enum status form_name(const char *text, char **name, struct error *error)
{
    if (*text == '[' || strchr(text, ':') != NULL || text[strspn(text, DIGITS ".")] == '\0')
        return form_refuse(error, text, "is no host name; a name as MX records have it is allowed");
    return give_ascii(name, text, error);
}

enum status form_ehlo_name(const char *text, char **name, struct error *error)
{
    char *v4 = unwrap(text, "[", 4), *v6 = unwrap(text, "[IPv6:", 6); /* RFC 5321 4.1.3 */
    bool literal = v4 != NULL || v6 != NULL;

    free(v4);
    free(v6);
    if (literal)
        return give(name, text);
    if (*text == '[' || host_ip_version(text) != 0)
        return form_refuse(error, text,
                           "is not an address literal; a host name, [192.0.2.1] or "
                           "[IPv6:2001:db8::1] are allowed");
    return give_ascii(name, text, error);
}

enum status form_ip_address(const char *text, char **address, struct error *error)
{
    char *v6 = unwrap(text, "[", 6);

    if (v6 == NULL && host_ip_version(text) == 0)
        return form_refuse(error, text, "is not an IP address; an address of this host is allowed");
    *address = v6 != NULL ? v6 : memory_copy(text);
    return STATUS_OK;
}

enum status form_network(const char *text, char **network, struct error *error)
{
    unsigned char bytes[HOST_IP_SIZE];
    int bits;

    if (host_network_parse(text, bytes, &bits) != 0)
        return give(network, text);
    return form_refuse(
        error, text,
        "is neither an IP address nor a network; 192.0.2.1, 192.0.2.0/24, 2001:db8::1 "
        "and 2001:db8::/32 are allowed");
}

enum status form_dns_server(const char *text, char **server, struct error *error)
{
    char *host = NULL;
    int port = 53;
    bool is_address = form_ip_address(text, &host, error) == STATUS_OK ||
                      (split_host_port(text, &host, &port) && host_ip_version(host) != 0);

    if (is_address)
        *server = memory_format(host_ip_version(host) == 6 ? "[%s]:%d" : "%s:%d", host, port);
    free(host);
    return is_address
               ? STATUS_OK
               : form_refuse(error, text,
                             "is not the address of a DNS server; 192.0.2.1, 192.0.2.1:53 and "
                             "[2001:db8::1]:53 are allowed");
}

/* Whether text is the base64 of 32 bytes: 43 characters, of which the last one carries 4 bits, and one =. */
static bool is_sha256_base64(const char *text, size_t size)
{
    return size == 44 && strspn(text, LETTERS DIGITS "+/") == 43 && text[43] == '=' &&
           strchr("AEIMQUYcgkosw048", text[42]) != NULL;
}

enum status form_fingerprint(const char *text, char **fingerprint, struct error *error)
{
    static const char prefix[] = "sha256//";
    const size_t prefix_size = sizeof prefix - 1;

    for (const char *part = text;; part++) {
        size_t size = strcspn(part, ";");

        if (strncmp(part, prefix, prefix_size) != 0 ||
            !is_sha256_base64(part + prefix_size, size - prefix_size))
            return form_refuse(error, text,
                               "is not a fingerprint; sha256// and the base64 of a key's SHA-256 "
                               "are allowed, several parted by ;");
        part += size;
        if (*part == '\0')
            return give(fingerprint, text);
    }
}

enum status form_mechanism(const char *text, char **mechanism, struct error *error)
{
    size_t size = strlen(text);

    if (size == 0 || size > MECHANISM_SIZE_MAX || strspn(text, LETTERS DIGITS "-_") < size)
        return form_refuse(error, text,
                           "is not a mechanism; one name such as CRAM-MD5, PLAIN, LOGIN, XOAUTH2, "
                           "EXTERNAL is allowed");
    *mechanism = memory_copy(text);
    for (char *c = *mechanism; *c != '\0'; c++) {
        if (text_is_letter(*c))
            *c = (char)(*c & ~0x20); /* ASCII's capital */
    }
    return STATUS_OK;
}

enum status form_schedule(const char *text, char **schedule, struct error *error)
{
    struct cron cron;

    return schedule_parse_cron(&cron, text, error) == STATUS_OK ? give(schedule, text)
                                                                : STATUS_SYNTAX;
}

enum status form_mailbox(const char *text, char **mailbox, struct error *error)
{
    enum {
        LOCAL_PART_SIZE_MAX = 64 /* RFC 5321 4.5.3.1.1 */
    };
    char ascii[DOMAIN_SIZE_MAX + 1];
    const size_t size = strspn(text, LETTERS DIGITS "!#$%&'*+-/=?^_`{|}~.");
    struct error ignored;

    if (size == 0 || size > LOCAL_PART_SIZE_MAX || text[0] == '.' || text[size - 1] == '.' ||
        strstr(text, "..") != NULL || (text[size] != '\0' && text[size] != '@'))
        return form_refuse(error, text,
                           "is no mail address; user@example.com, or user alone, is allowed");
    if (text[size] == '\0')
        return give(mailbox, text);
    if (domain_to_ascii(ascii, text + size + 1, &ignored) != STATUS_OK)
        return form_refuse(error, text, "has no domain behind the @; user@example.com is allowed");
    *mailbox = memory_format("%.*s@%s", (int)size, text, ascii);
    return STATUS_OK;
}

/* A daemon, a command at a prompt and cron stand in different directories: each would find another file at a relative
 * path. */
enum status form_path(const char *text, char **path, struct error *error)
{
    if (host_path_is_absolute(text))
        return give(path, text);
    return form_refuse(error, text,
                       "is not an absolute path; one from the root on is allowed, as in /PATH, or "
                       "on Windows C:/PATH or //SERVER/PATH");
}

enum status form_pattern(const char *text, char **pattern, struct error *error)
{
    if (*text != '\0')
        return give(pattern, text);
    return form_refuse(error, text, "names no file; a path such as conf.d/*.conf is allowed");
}

enum status form_file(const char *text, char **path, struct error *error)
{
    struct error reason;
    FILE *file = NULL;

    if (form_path(text, path, error) != STATUS_OK)
        return STATUS_SYNTAX;
    if (file_open(&file, text, &reason) == STATUS_OK) {
        (void)fclose(file);
        return STATUS_OK;
    }
    free(*path);
    *path = NULL;
    return error_set(error, STATUS_SYNTAX, "%.150s; a file that can be read is allowed",
                     reason.text);
}

/* A word in small letters, or a path or command with what it is before it. */
enum status form_mail_log(const char *text, char **setting, struct error *error)
{
    static const char *const words[] = {"auto", "off", "journal"};
    static const char file[] = "file:", command[] = "command:";
    size_t count = system_log_is_syslog() ? 3 : 2; /* Windows has no journal */
    char *path = NULL;

    if (strncmp(text, file, sizeof file - 1) == 0) {
        if (form_path(text + sizeof file - 1, &path, error) != STATUS_OK)
            return STATUS_SYNTAX;
        free(path);
        return give(setting, text);
    }
    if (strncmp(text, command, sizeof command - 1) == 0 && text[sizeof command - 1] != '\0')
        return give(setting, text);
    for (size_t i = 0; i < count; i++) {
        if (text_equal(text, words[i]))
            return give(setting, words[i]);
    }
    return form_refuse(error, text,
                       count == 3 ? "is not a log; auto, off, journal, \"file:PATH\" and "
                                    "\"command:COMMAND\" are allowed"
                                  : "is not a log of this system; auto, off, \"file:PATH\" and "
                                    "\"command:COMMAND\" are allowed");
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

enum status form_proxy(const char *text, char **proxy, struct error *error)
{
    const char *host_text = proxy_host(text);
    char *host;
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
    return give(proxy, text);
}

const char *form_proxy_password(const char *proxy, size_t *size)
{
    const char *user = strstr(proxy, "://");
    const char *at = strrchr(proxy, '@');
    const char *colon = user != NULL ? strchr(user + 3, ':') : NULL;

    if (colon == NULL || at == NULL || colon > at)
        return NULL;
    *size = (size_t)(at - colon - 1);
    return colon + 1;
}

enum status form_address(const char *text, char **host, int *port, char **path, struct error *error)
{
    static const char socket[] = "unix:";

    *host = *path = NULL;
    if (strncmp(text, socket, sizeof socket - 1) == 0) {
        text += sizeof socket - 1;
        if (*text == '/' && strlen(text) <= SOCKET_PATH_MAX)
            return give(path, text);
        return form_refuse(error, text - (sizeof socket - 1),
                           "is not a socket; unix: and an absolute path of up to 103 characters "
                           "are allowed");
    }
    if (split_host_port(text, host, port))
        return STATUS_OK;
    return form_refuse(error, text,
                       "is not an address; host:port, [v6]:port and unix:PATH are allowed, the "
                       "port from 1 to 65535");
}
