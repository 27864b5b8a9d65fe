/* The options of one connection in libcurl's terms. */
#include "internal.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/file.h>
#include <mxpull/smtp/reply.h>

#include <stdio.h>
#include <string.h>

enum {
    URL_SIZE = 1024,
    SMTP_LINE_BUFFER = 4096,
    NAME_CACHE_S = 0 /* each connection asks anew */
};

/* 7.88 to 8.16 know EHLO's keywords (RFC 5321 4.1.1.1: in any case) and mechanisms in upper case alone, and no
 * "AUTH=" of old servers. libcurl reads the line after us, from where it stands. */
static void make_readable(char *line, size_t size)
{
    static const char old[] = "AUTH=";

    for (size_t i = 0; i < size; i++) {
        if (line[i] >= 'a' && line[i] <= 'z')
            line[i] = (char)(line[i] - 'a' + 'A');
    }
    if (size > 4 + sizeof old && memcmp(line + 4, old, sizeof old - 1) == 0)
        line[4 + sizeof old - 2] = ' ';
}

static size_t header(char *line, size_t size, size_t count, void *context)
{
    struct connection *connection = context;

    if (!heard_line(&connection->heard, line, size * count))
        return 0;
    if (!connection->heard.open)
        connection_progressed(connection);
    if (connection->heard.stage == STAGE_EHLO && connection->heard.code == 250)
        make_readable(line, size * count);
    if (connection->tls_version[0] == '\0')
        wire_note_session(connection);
    return size * count;
}

/* smtp://host:port/ehlo-name: libcurl takes the EHLO name from the path. */
static enum status set_url(CURL *easy, const struct connection_options *options,
                           struct error *error)
{
    char url[URL_SIZE];
    char *name = curl_easy_escape(easy, options->ehlo_name, 0);
    bool is_ipv6 = strchr(options->host, ':') != NULL;
    int length =
        snprintf(url, sizeof url, "%s://%s%s%s:%d/%s",
                 options->tls == TLS_IMPLICIT ? "smtps" : "smtp", is_ipv6 ? "[" : "", options->host,
                 is_ipv6 ? "]" : "", options->port, name != NULL ? name : "");

    curl_free(name);
    if (length < 0 || (size_t)length >= sizeof url ||
        curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK)
        return error_set(error, STATUS_SYNTAX, "host or EHLO name too long");
    return STATUS_OK;
}

static enum status demand(CURLcode result, const char *what, struct error *error)
{
    if (result == CURLE_OK)
        return STATUS_OK;
    return error_set(error, STATUS_SYSTEM, "%s: libcurl says: %s", what,
                     curl_easy_strerror(result));
}

/* Schannel has the certificates of Windows itself while it is given no file. What libcurl was built
 * to call the system's file means nothing to it. */
static const char *system_certificates(void)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    bool is_schannel =
        version->ssl_version != NULL && text_starts_with(version->ssl_version, "Schannel");

    return is_schannel ? NULL : version->cainfo;
}

/* libcurl loads the system's certificates once for all connections only when it is given the file
 * alone (7.88: 1.4 ms instead of 26 ms for each host). */
static enum status set_certificates(CURL *easy, const struct connection_options *options,
                                    struct error *error)
{
    const char *file = options->tls_ca_file;
    FILE *opened;

    if (file == NULL)
        file = system_certificates();
    else if (file_open(&opened, file, error) == STATUS_OK)
        (void)fclose(opened); /* libcurl would wait for a pipe */
    else
        return STATUS_SYSTEM;
    if (file == NULL)
        return STATUS_OK;
    (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    return demand(curl_easy_setopt(easy, CURLOPT_CAINFO, file), "tls_ca_file", error);
}

static long revocation_option(enum tls_revocation revocation)
{
    switch (revocation) {
    case REVOCATION_BEST_EFFORT: return CURLSSLOPT_REVOKE_BEST_EFFORT;
    case REVOCATION_STRICT: return 0;
    case REVOCATION_OFF: return CURLSSLOPT_NO_REVOKE;
    }
    return 0;
}

static enum status set_tls(CURL *easy, const struct connection_options *options,
                           struct error *error)
{
    static const long use[] = {
        [TLS_OFF] = CURLUSESSL_NONE,
        [TLS_MAY] = CURLUSESSL_TRY,
        [TLS_REQUIRED] = CURLUSESSL_ALL,
        [TLS_IMPLICIT] = CURLUSESSL_ALL,
    };
    bool demanded = options->tls == TLS_REQUIRED || options->tls == TLS_IMPLICIT;
    bool verified = demanded && options->tls_verify;
    enum status status =
        demand(curl_easy_setopt(easy, CURLOPT_USE_SSL, use[options->tls]), "tls", error);

    (void)curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L); /* when the certificate ends */
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verified ? 1L : 0L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verified ? 2L : 0L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_OPTIONS, revocation_option(options->tls_revocation));
    if (status == STATUS_OK && verified)
        status = set_certificates(easy, options, error);
    if (status == STATUS_OK && demanded && options->tls_fingerprint != NULL)
        status = demand(curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, options->tls_fingerprint),
                        "tls_fingerprint", error);
    return status;
}

static bool is_bearer(const char *mechanism)
{
    return mechanism != NULL &&
           (text_equal(mechanism, "XOAUTH2") || text_equal(mechanism, "OAUTHBEARER"));
}

/* libcurl would try GSSAPI or NTLM first, without a ticket, and nothing else then. */
static void set_mechanisms(CURL *easy, unsigned mechanisms)
{
    char login[200] = "";
    size_t size = 0;

    for (unsigned i = 0; i < EHLO_MECHANISM_COUNT; i++) {
        if ((mechanisms & 1U << i) != 0)
            size += (size_t)snprintf(login + size, sizeof login - size, "%sAUTH=%s",
                                     size > 0 ? ";" : "", ehlo_mechanism_name(1U << i));
    }
    (void)curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, login);
}

static enum status set_auth(CURL *easy, const struct connection_options *options,
                            struct error *error)
{
    enum status status;

    if (options->user == NULL)
        return STATUS_OK;
    if (options->tls != TLS_REQUIRED && options->tls != TLS_IMPLICIT && !options->auth_in_clear)
        return error_set(error, STATUS_SYNTAX,
                         "credentials need TLS: set tls = required, or auth_in_clear = true");
    status = demand(curl_easy_setopt(easy, CURLOPT_USERNAME, options->user), "user", error);
    if (status == STATUS_OK && options->password != NULL)
        status =
            demand(curl_easy_setopt(
                       easy, is_bearer(options->auth) ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD,
                       options->password),
                   "password", error);
    if (status == STATUS_OK && options->auth != NULL) {
        char login[64] = "AUTH=";

        (void)snprintf(login, sizeof login, "AUTH=%s", options->auth);
        make_readable(login, strlen(login));
        status = demand(curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, login), "auth", error);
    } else if (status == STATUS_OK) {
        set_mechanisms(easy, EHLO_MECHANISMS_ALL);
    }
    return status;
}

static enum status set_route(CURL *easy, const struct connection_options *options,
                             struct error *error)
{
    static const long resolve[] = {
        [IP_ANY] = CURL_IPRESOLVE_WHATEVER,
        [IP_4] = CURL_IPRESOLVE_V4,
        [IP_6] = CURL_IPRESOLVE_V6,
    };
    enum status status;
    char source[80];

    (void)curl_easy_setopt(easy, CURLOPT_IPRESOLVE, resolve[options->ip]);
    status =
        demand(curl_easy_setopt(easy, CURLOPT_PROXY, options->proxy != NULL ? options->proxy : ""),
               "proxy", error);
    if (status == STATUS_OK && options->proxy != NULL)
        (void)curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS,
                           1L); /* the proxy's reply is none of the server's */
    if (status == STATUS_OK && options->source_address != NULL) {
        (void)snprintf(source, sizeof source, "host!%s", options->source_address);
        status = demand(curl_easy_setopt(easy, CURLOPT_INTERFACE, source), "source_address", error);
    }
    return status;
}

/* Its own deadlines are put behind ours (connection.c), so that ours say what was waited for. */
static void set_timeouts(CURL *easy, int64_t connect_timeout_ms, int64_t reply_timeout_ms)
{
    enum {
        BEHIND_MS = 1000
    };

    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_timeout_ms + BEHIND_MS));
    (void)curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                           (long)(reply_timeout_ms / 1000 + 2));
}

static void set_owner(CURL *easy, struct connection *connection)
{
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, connection);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, connection->words);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, connection);
}

/* libcurl takes the data of a function that it was not given for a file. */
static void set_listener(CURL *easy, struct connection *connection)
{
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, connection);
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, wire_debug);
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, connection);
    (void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
}

/* What holds for every connection. */
static CURL *new_easy(struct connection *connection, struct error *error)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL) {
        (void)error_set(error, STATUS_SYSTEM, "libcurl cannot make a handle");
        return NULL;
    }
    set_owner(easy, connection);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, address_open);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)SMTP_LINE_BUFFER);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)NAME_CACHE_S);
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT,
                           1L); /* never wait for a name that is still being looked up */
    return easy;
}

/* The stream to our own mail server is libcurl's connection for HTTP, on which it says nothing; its
 * SMTP would take the greeting. */
CURL *setup_bare(struct connection *connection, const struct connection_place *place,
                 struct error *error)
{
    enum {
        BEHIND_MS = 1000
    };
    char url[URL_SIZE] = "http://localhost/";
    CURL *easy = new_easy(connection, error);

    if (easy == NULL)
        return NULL;
    if (place->host != NULL) {
        bool is_ipv6 = strchr(place->host, ':') != NULL;

        (void)snprintf(url, sizeof url, "http://%s%s%s:%d/", is_ipv6 ? "[" : "", place->host,
                       is_ipv6 ? "]" : "", place->port);
    }
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                           (long)(place->connect_timeout_ms + BEHIND_MS));
    if (demand(curl_easy_setopt(easy, CURLOPT_URL, url), "primary", error) != STATUS_OK ||
        demand(curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, place->path), "primary", error) !=
            STATUS_OK) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    return easy;
}

CURL *setup_easy(struct connection *connection, const struct connection_options *options,
                 struct error *error)
{
    CURL *easy = new_easy(connection, error);

    if (easy == NULL)
        return NULL;
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set_listener(easy, connection);
    set_timeouts(easy, options->connect_timeout_ms, options->reply_timeout_ms);
    if (set_url(easy, options, error) != STATUS_OK || set_tls(easy, options, error) != STATUS_OK ||
        set_auth(easy, options, error) != STATUS_OK ||
        set_route(easy, options, error) != STATUS_OK) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    return easy;
}

CURL *setup_again(struct connection *attempt, const struct connection *leader)
{
    CURL *easy = curl_easy_duphandle(leader->easy);

    if (easy == NULL)
        return NULL;
    set_owner(easy, attempt);
    set_listener(easy, attempt);
    set_timeouts(easy, attempt->connect_timeout_ms, attempt->reply_timeout_ms);
    if (leader->any_mechanism)
        set_mechanisms(easy, EHLO_MECHANISMS_ALL & ~leader->tried);
    return easy;
}
