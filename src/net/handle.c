/* The options of one connection in libcurl's terms. */
#include "internal.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/file.h>

#include <stdio.h>
#include <string.h>

enum {
    URL_SIZE = 1024,
    SMTP_LINE_BUFFER = 4096,
    NAME_CACHE_S = 0 /* each connection asks anew */
};

void handle_place(char place[PLACE_SIZE], const char *host, int port)
{
    bool is_ipv6 = strchr(host, ':') != NULL;

    (void)snprintf(place, PLACE_SIZE, "%s%s%s:%d", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
                   port);
}

/* Sets an option that libcurl may not know or not like; name: ours. True, or false with *error set. */
static bool set_text(CURL *easy, CURLoption option, const char *text, const char *name,
                     struct error *error)
{
    CURLcode result = curl_easy_setopt(easy, option, text);

    if (result != CURLE_OK)
        (void)error_set(error, STATUS_SYSTEM, "%s: libcurl says: %s", name,
                        curl_easy_strerror(result));
    return result == CURLE_OK;
}

/* smtp://host:port/ehlo-name: libcurl takes the EHLO name from the path. */
static bool set_url(CURL *easy, const struct connection_options *options, struct error *error)
{
    char url[URL_SIZE], place[PLACE_SIZE];
    char *name = curl_easy_escape(easy, options->ehlo_name, 0);

    handle_place(place, options->host, options->port);
    int length =
        snprintf(url, sizeof url, "%s://%s/%s", options->tls == TLS_IMPLICIT ? "smtps" : "smtp",
                 place, name != NULL ? name : "");
    curl_free(name);
    if (length < 0 || (size_t)length >= sizeof url ||
        curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK) {
        (void)error_set(error, STATUS_SYNTAX, "host or EHLO name too long");
        return false;
    }
    return true;
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
static bool set_certificates(CURL *easy, const struct connection_options *options,
                             struct error *error)
{
    const char *file = options->tls_ca_file;
    FILE *opened;

    if (file == NULL)
        file = system_certificates();
    else if (file_open(&opened, file, error) == STATUS_OK)
        (void)fclose(opened); /* libcurl would wait for a pipe */
    else
        return false;
    if (file == NULL)
        return true;
    (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    return set_text(easy, CURLOPT_CAINFO, file, "tls_ca_file", error);
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

static bool set_tls(CURL *easy, const struct connection_options *options, struct error *error)
{
    static const long use[] = {
        [TLS_OFF] = CURLUSESSL_NONE,
        [TLS_MAY] = CURLUSESSL_TRY,
        [TLS_REQUIRED] = CURLUSESSL_ALL,
        [TLS_IMPLICIT] = CURLUSESSL_ALL,
    };
    bool demanded = options->tls == TLS_REQUIRED || options->tls == TLS_IMPLICIT;
    bool verified = demanded && options->tls_verify;
    const char *pinned = demanded ? options->tls_fingerprint : NULL;
    CURLcode result = curl_easy_setopt(easy, CURLOPT_USE_SSL, use[options->tls]);

    if (result != CURLE_OK) {
        (void)error_set(error, STATUS_SYSTEM, "tls: libcurl says: %s", curl_easy_strerror(result));
        return false;
    }
    (void)curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L); /* when the certificate ends */
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verified ? 1L : 0L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verified ? 2L : 0L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_OPTIONS, revocation_option(options->tls_revocation));
    return (!verified || set_certificates(easy, options, error)) &&
           (pinned == NULL ||
            set_text(easy, CURLOPT_PINNEDPUBLICKEY, pinned, "tls_fingerprint", error));
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

static bool set_auth(CURL *easy, const struct connection_options *options, struct error *error)
{
    const char *auth = options->auth;
    bool is_bearer =
        auth != NULL && (text_equal(auth, "XOAUTH2") || text_equal(auth, "OAUTHBEARER"));
    char login[64] = "AUTH=";

    if (options->user == NULL)
        return true;
    if (options->tls != TLS_REQUIRED && options->tls != TLS_IMPLICIT && !options->auth_in_clear) {
        (void)error_set(error, STATUS_SYNTAX,
                        "credentials need TLS: set tls = required, or auth_in_clear = true");
        return false;
    }
    set_mechanisms(easy, EHLO_MECHANISMS_ALL);
    if (auth != NULL) {
        (void)snprintf(login, sizeof login, "AUTH=%s", auth);
        heard_make_readable(login, strlen(login));
    }
    return set_text(easy, CURLOPT_USERNAME, options->user, "user", error) &&
           set_text(easy, is_bearer ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD, options->password,
                    "password", error) &&
           (auth == NULL || set_text(easy, CURLOPT_LOGIN_OPTIONS, login, "auth", error));
}

static bool set_route(CURL *easy, const struct connection_options *options, struct error *error)
{
    static const long resolve[] = {
        [IP_ANY] = CURL_IPRESOLVE_WHATEVER,
        [IP_4] = CURL_IPRESOLVE_V4,
        [IP_6] = CURL_IPRESOLVE_V6,
    };
    const char *proxy = options->proxy;
    char source[80];

    (void)curl_easy_setopt(easy, CURLOPT_IPRESOLVE, resolve[options->ip]);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, proxy != NULL ? 1L : 0L);
    (void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS,
                           1L); /* the proxy's reply is none of the server's */
    if (!set_text(easy, CURLOPT_PROXY, proxy != NULL ? proxy : "", "proxy", error))
        return false;
    if (options->source_address == NULL)
        return true;
    (void)snprintf(source, sizeof source, "host!%s", options->source_address);
    return set_text(easy, CURLOPT_INTERFACE, source, "source_address", error);
}

/* libcurl's deadlines are put behind ours (attempt.c), so that ours say what was waited for. */
static void set_timeouts(CURL *easy, int64_t connect_timeout_ms, int64_t reply_timeout_ms)
{
    enum {
        BEHIND_MS = 1000
    };

    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_timeout_ms + BEHIND_MS));
    (void)curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                           (long)(reply_timeout_ms / 1000 + 2));
}

/* What holds for every connection. */
static CURL *new_easy(int64_t connect_timeout_ms, int64_t reply_timeout_ms, struct error *error)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL) {
        (void)error_set(error, STATUS_SYSTEM, "libcurl cannot make a handle");
        return NULL;
    }
    (void)curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)SMTP_LINE_BUFFER);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)NAME_CACHE_S);
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT,
                           1L); /* never wait for a name that is still being looked up */
    set_timeouts(easy, connect_timeout_ms, reply_timeout_ms);
    return easy;
}

CURL *handle_new(const struct connection_options *options, struct error *error)
{
    CURL *easy = new_easy(options->connect_timeout_ms, options->reply_timeout_ms, error);

    if (easy == NULL)
        return NULL;
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    if (set_url(easy, options, error) && set_tls(easy, options, error) &&
        set_auth(easy, options, error) && set_route(easy, options, error))
        return easy;
    curl_easy_cleanup(easy);
    return NULL;
}

/* The stream to our own mail server is libcurl's connection for HTTP, on which it says nothing; its
 * SMTP would take the greeting. */
CURL *handle_new_bare(const struct connection_place *place, struct error *error)
{
    char url[PLACE_SIZE + 8] = "http://localhost/", target[PLACE_SIZE];
    CURL *easy = new_easy(place->connect_timeout_ms, place->connect_timeout_ms, error);

    if (easy == NULL)
        return NULL;
    if (place->host != NULL) {
        handle_place(target, place->host, place->port);
        (void)snprintf(url, sizeof url, "http://%s/", target);
    }
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (set_text(easy, CURLOPT_URL, url, "primary", error) &&
        set_text(easy, CURLOPT_UNIX_SOCKET_PATH, place->path, "primary", error))
        return easy;
    curl_easy_cleanup(easy);
    return NULL;
}

CURL *handle_copy(CURL *easy, int64_t connect_timeout_ms, int64_t reply_timeout_ms,
                  unsigned mechanisms)
{
    CURL *copy = curl_easy_duphandle(easy);

    if (copy == NULL)
        return NULL;
    set_timeouts(copy, connect_timeout_ms, reply_timeout_ms);
    if (mechanisms != 0)
        set_mechanisms(copy, mechanisms);
    return copy;
}
