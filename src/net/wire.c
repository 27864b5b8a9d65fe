/* The wire as -vv shows it, and what libcurl tells in passing of TLS and of what it sends. What AUTH says is starred out here,
 * before anyone sees it. */
#include "internal.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/tls.h>

#include <string.h>

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

/* A command of ours while connecting. After AUTH, and after each challenge (334), it holds a
 * secret; before the greeting it is for the proxy, and its lines behind the first one may hold the
 * proxy's password. */
static void show_command(const struct connection *connection, const char *line, size_t size)
{
    const char *line_end = memchr(line, '\n', size);

    if (connection->heard.replies == 0) {
        show_line(connection, '>', line, line_end != NULL ? (size_t)(line_end - line) : size);
    } else if (connection->heard.code == 334) {
        show_line(connection, '>', "****", 4);
    } else if (size > 5 && text_equal_part("AUTH ", line, 5)) {
        struct buffer shown;
        size_t mechanism = 5;

        while (mechanism < size && line[mechanism] != ' ' && line[mechanism] != '\r')
            mechanism++;
        buffer_init(&shown, size + 5);
        (void)buffer_append(&shown, line, mechanism);
        (void)buffer_append_text(&shown, " ****");
        show_line(connection, '>', shown.bytes, shown.size);
        buffer_done(&shown);
    } else {
        show_line(connection, '>', line, size);
    }
}

/* libcurl names the TLS version in its words and nowhere else that is the same for all TLS
 * libraries: "SSL connection using TLSv1.3 / …" (OpenSSL, GnuTLS). Of Schannel it says nothing, so
 * the session itself is asked. */
static void note_tls(struct connection *connection, const char *text, size_t size)
{
    static const char announcement[] = "SSL connection using ";
    size_t begin = sizeof announcement - 1;
    bool is_proxys =
        connection->https_proxy && !connection->implicit && connection->heard.replies == 0;

    if (is_proxys || size <= begin || memcmp(text, announcement, begin) != 0)
        return;
    size_t length = 0;
    while (begin + length < size && length < VERSION_SIZE - 1 && text[begin + length] != ' ' &&
           text[begin + length] != '\n')
        length++;
    memcpy(connection->tls_version, text + begin, length);
    connection->tls_version[length] = '\0';
}

void wire_note_session(struct connection *connection)
{
    const struct heard *heard = &connection->heard;
    struct curl_tlssessioninfo *session = NULL;
    const char *version = "TLS";

    /* The 220 itself still came in clear. Without STARTTLS a session is that with an https proxy. */
    if (!connection->implicit && (!heard->starttls || heard->code == 220))
        return;
    if (curl_easy_getinfo(connection->easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK ||
        session == NULL || session->internals == NULL)
        return;
    if (session->backend == CURLSSLBACKEND_SCHANNEL)
        version = tls_session_version(session->internals);
    (void)text_copy(connection->tls_version, sizeof connection->tls_version, version);
}

int wire_debug(CURL *easy, curl_infotype type, char *bytes, size_t size, void *context)
{
    struct connection *connection = context;

    (void)easy;
    if (type == CURLINFO_TEXT)
        note_tls(connection, bytes, size);
    if (type == CURLINFO_HEADER_OUT && connection->phase != PHASE_OPEN)
        heard_command(&connection->heard, bytes, size);
    if (!connection->show_wire || connection->phase == PHASE_OPEN)
        return 0;
    if (type == CURLINFO_TEXT)
        show_line(connection, '*', bytes, size);
    else if (type == CURLINFO_HEADER_OUT)
        show_command(connection, bytes, size);
    else if (type == CURLINFO_HEADER_IN)
        show_line(connection, '<', bytes, size);
    return 0;
}
