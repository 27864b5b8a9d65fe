/* What libcurl tells of its work: the wire as -vv shows it, where AUTH is starred out before anyone
 * sees it, and what is known of TLS and the certificate. */
#include "internal.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/socket.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

static void show_line(const struct connection *connection, char direction, const char *line,
                      size_t size)
{
    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
        size--;
    if (size > 0)
        connection->events->wire(connection->context, direction, line, size);
}

void wire_show(const struct connection *connection, char direction, const char *bytes, size_t size)
{
    if (!connection->show_wire)
        return;
    while (size > 0) {
        const char *line_end = memchr(bytes, '\n', size);
        size_t line_size = line_end != NULL ? (size_t)(line_end - bytes) + 1 : size;

        show_line(connection, direction, bytes, line_size);
        bytes += line_size;
        size -= line_size;
    }
}

/* A command of ours while connecting. The lines behind AUTH and behind each challenge (334) hold secrets. Before the greeting
 * it is for the proxy, and its lines behind the first one may hold the proxy's password. */
static void show_command(const struct attempt *attempt, const char *line, size_t size)
{
    const struct connection *connection = attempt->connection;
    const char *line_end = memchr(line, '\n', size);
    static const char stars[] = " ****";

    if (attempt->heard.replies == 0) {
        show_line(connection, '>', line, line_end != NULL ? (size_t)(line_end - line) : size);
    } else if (attempt->heard.code == 334) {
        show_line(connection, '>', stars + 1, 4);
    } else if (size > 5 && text_equal_part("AUTH ", line, 5)) {
        char shown[80];
        (void)snprintf(shown, sizeof shown - sizeof stars, "%.*s", (int)size, line);
        (void)text_copy(shown + 5 + strcspn(shown + 5, " \r"), sizeof stars, stars);
        show_line(connection, '>', shown, strlen(shown));
    } else {
        show_line(connection, '>', line, size);
    }
}

/* libcurl names the TLS version in its words and nowhere else that is the same for all TLS
 * libraries: "SSL connection using TLSv1.3 / …" (OpenSSL, GnuTLS). Of Schannel it says nothing, so
 * the session itself is asked. */
static void note_tls(struct attempt *attempt, const char *text, size_t size)
{
    static const char announcement[] = "SSL connection using ";
    size_t begin = sizeof announcement - 1;
    bool is_proxys = attempt->connection->is_https_proxy && !attempt->connection->is_implicit &&
                     attempt->heard.replies == 0;

    if (is_proxys || size <= begin || memcmp(text, announcement, begin) != 0)
        return;
    (void)snprintf(attempt->tls_version, VERSION_SIZE, "%.*s", (int)(size - begin), text + begin);
    attempt->tls_version[strcspn(attempt->tls_version, " \n")] = '\0';
}

void wire_note_session(struct attempt *attempt)
{
    const struct heard *heard = &attempt->heard;
    struct curl_tlssessioninfo *session = NULL;
    const char *version = "TLS";

    if (attempt->tls_version[0] != '\0')
        return;
    /* The 220 itself still came in clear. Without STARTTLS a session is that with an https proxy. */
    if (!attempt->connection->is_implicit && (!heard->starttls || heard->code == 220))
        return;
    if (curl_easy_getinfo(attempt->easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK ||
        session == NULL || session->internals == NULL)
        return;
    if (session->backend == CURLSSLBACKEND_SCHANNEL)
        version = socket_tls_version(session->internals);
    (void)text_copy(attempt->tls_version, VERSION_SIZE, version);
}

int wire_debug(CURL *easy, curl_infotype type, char *bytes, size_t size, void *context)
{
    struct attempt *attempt = context;

    (void)easy;
    if (type == CURLINFO_TEXT)
        note_tls(attempt, bytes, size);
    if (attempt->phase == PHASE_OPEN)
        return 0;
    if (type == CURLINFO_HEADER_OUT)
        heard_command(&attempt->heard, bytes, size);
    if (!attempt->connection->show_wire)
        return 0;
    if (type == CURLINFO_TEXT)
        show_line(attempt->connection, '*', bytes, size);
    else if (type == CURLINFO_HEADER_OUT)
        show_command(attempt, bytes, size);
    else if (type == CURLINFO_HEADER_IN)
        show_line(attempt->connection, '<', bytes, size);
    return 0;
}

/* "Dec 24 16:00:00 2026 GMT" by OpenSSL, "2026-12-24 16:00:00 GMT" by Schannel and GnuTLS, which
 * libcurl writes and can read only without the hyphens. It is GMT always (RFC 5280 4.1.2.5). */
static time_t date_of(const char *text)
{
    char compact[64];
    size_t size = 0;

    for (; *text != '\0' && size < sizeof compact - 1; text++) {
        if (*text != '-')
            compact[size++] = *text;
    }
    compact[size] = '\0';
    return curl_getdate(compact, NULL);
}

/* What is told under that label, in any case; NULL: nothing. */
static const char *find_fact(const struct curl_slist *facts, const char *label)
{
    while (facts != NULL && !text_starts_with(facts->data, label))
        facts = facts->next;
    return facts != NULL ? facts->data + strlen(label) : NULL;
}

void wire_note_certificate(CURL *easy, struct connection_facts *facts)
{
    struct curl_certinfo *chain = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL ||
        chain->num_of_certs < 1)
        return;
    /* The first certificate of the chain is the server's own. */
    const char *expires = find_fact(chain->certinfo[0], "Expire date:"); /* or Date */
    const char *names = find_fact(chain->certinfo[0], "X509v3 Subject Alternative Name:");
    if (names == NULL)
        names = find_fact(chain->certinfo[0], "Subject:");
    time_t expires_s = expires != NULL ? date_of(expires) : 0;
    facts->certificate_expires_ms = expires_s > 0 ? (int64_t)expires_s * 1000 : 0;
    if (names != NULL)
        (void)text_copy_cut(facts->certificate_names, CONNECTION_NAMES_SIZE, names);
}
