/* The options of one connection in libcurl's terms. */
#include "internal.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/file.h>

#include <stdio.h>
#include <string.h>

enum {
    URL_SIZE = 1024,
    LOGIN_SIZE = 200,
    SMTP_LINE_BUFFER = 4096,
    NAME_CACHE_S = 0, /* each connection asks anew */
    BEHIND_MS = 1000
};

static bool demands_tls(const struct connection_options *options)
{
    return options->tls == TLS_REQUIRED || options->tls == TLS_IMPLICIT;
}

/* smtp://host:port/ehlo-name: libcurl takes the EHLO name from the path. A stream to our own mail server
 * is libcurl's connection for HTTP, on which it says nothing; its SMTP would take the greeting. */
static bool format_url(char url[URL_SIZE], CURL *easy, const struct connection_options *options)
{
    const char *scheme = options->is_bare               ? "http"
                         : options->tls == TLS_IMPLICIT ? "smtps"
                                                        : "smtp";
    char place[CONNECTION_PLACE_SIZE] = "localhost";
    char *name = options->is_bare ? NULL : curl_easy_escape(easy, options->ehlo_name, 0);

    if (options->host != NULL)
        connection_place(place, options->host, options->port);
    int size = snprintf(url, URL_SIZE, "%s://%s/%s", scheme, place, name != NULL ? name : "");
    curl_free(name);
    return size > 0 && size < URL_SIZE;
}

/* Sets an option that libcurl may not know or not like; name: ours, NULL: we can do without. True, or
 * false with *error set. */
static bool check(CURLcode result, const char *name, struct error *error)
{
    if (result == CURLE_OK || name == NULL)
        return true;
    (void)error_set(error, STATUS_SYSTEM, "%s: libcurl says: %s", name, curl_easy_strerror(result));
    return false;
}

/* libcurl loads the system's certificates once for all connections only when it is given the file
 * alone (7.88: 1.4 ms instead of 26 ms for each host). Schannel has those of Windows itself while it is
 * given no file; what libcurl was built to call the system's file means nothing to it. */
bool handle_set_authorities(CURL *easy, const char *file, struct error *error)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    const char *library = version->ssl_version != NULL ? version->ssl_version : "";
    FILE *opened;

    if (file == NULL)
        file = text_starts_with(library, "Schannel") ? NULL : version->cainfo;
    else if (file_open(&opened, file, error) == STATUS_OK)
        (void)fclose(opened); /* libcurl would wait for a pipe */
    else
        return false;
    if (file == NULL)
        return true;
    (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    return check(curl_easy_setopt(easy, CURLOPT_CAINFO, file), "tls_ca_file", error);
}

/* libcurl would try GSSAPI or NTLM first, without a ticket, and nothing else then. */
static void format_mechanisms(char login[LOGIN_SIZE], unsigned mechanisms)
{
    size_t size = 0;

    for (unsigned i = 0; i < EHLO_MECHANISM_COUNT; i++) {
        if ((mechanisms & 1U << i) != 0)
            size += (size_t)snprintf(login + size, LOGIN_SIZE - size, "%sAUTH=%s",
                                     size > 0 ? ";" : "", ehlo_mechanism_name(1U << i));
    }
}

/* libcurl's deadlines are put behind ours (attempt.c), so that ours say what was waited for. */
static void set_timeouts(CURL *easy, int64_t connect_timeout_ms, int64_t reply_timeout_ms)
{
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_timeout_ms + BEHIND_MS));
    (void)curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                           (long)(reply_timeout_ms / 1000 + 2));
}

static bool set_numbers(CURL *easy, const struct connection_options *options, struct error *error)
{
    static const long use_tls[] = {[TLS_OFF] = CURLUSESSL_NONE,
                                   [TLS_MAY] = CURLUSESSL_TRY,
                                   [TLS_REQUIRED] = CURLUSESSL_ALL,
                                   [TLS_IMPLICIT] = CURLUSESSL_ALL};
    static const long resolve[] = {
        [IP_ANY] = CURL_IPRESOLVE_WHATEVER, [IP_4] = CURL_IPRESOLVE_V4, [IP_6] = CURL_IPRESOLVE_V6};
    static const long revocation[] = {[REVOCATION_BEST_EFFORT] = CURLSSLOPT_REVOKE_BEST_EFFORT,
                                      [REVOCATION_STRICT] = 0,
                                      [REVOCATION_OFF] = CURLSSLOPT_NO_REVOKE};
    bool is_verified = demands_tls(options) && options->tls_verify;
    const struct {
        CURLoption option;
        long value;
        const char *name;
    } numbers[] = {
        {CURLOPT_CONNECT_ONLY, 1, NULL},
        {CURLOPT_NOSIGNAL, 1, NULL},
        {CURLOPT_NOPROGRESS, 1, NULL},
        {CURLOPT_BUFFERSIZE, SMTP_LINE_BUFFER, NULL},
        {CURLOPT_TCP_NODELAY, 1, NULL},
        {CURLOPT_DNS_CACHE_TIMEOUT, NAME_CACHE_S, NULL},
        {CURLOPT_QUICK_EXIT, 1, NULL}, /* never wait for a name that is still being looked up */
        {CURLOPT_USE_SSL, use_tls[options->tls], "tls"},
        {CURLOPT_CERTINFO, 1, NULL}, /* when the certificate ends */
        {CURLOPT_SSL_VERIFYPEER, is_verified ? 1 : 0, NULL},
        {CURLOPT_SSL_VERIFYHOST, is_verified ? 2 : 0, NULL},
        {CURLOPT_SSL_OPTIONS, revocation[options->tls_revocation], NULL},
        {CURLOPT_IPRESOLVE, resolve[options->ip], NULL},
        {CURLOPT_HTTPPROXYTUNNEL, options->proxy != NULL ? 1 : 0, NULL},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1, NULL}, /* the proxy's reply is none of the server's */
    };

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (!check(curl_easy_setopt(easy, numbers[i].option, numbers[i].value), numbers[i].name,
                   error))
            return false;
    }
    set_timeouts(easy, options->connect_timeout_ms, options->reply_timeout_ms);
    return true;
}

static bool set_texts(CURL *easy, const struct connection_options *options, struct error *error)
{
    const char *user = options->user, *auth = options->auth;
    bool is_bearer =
        auth != NULL && (text_equal(auth, "XOAUTH2") || text_equal(auth, "OAUTHBEARER"));
    char url[URL_SIZE], login[LOGIN_SIZE], source[80];

    if (!format_url(url, easy, options)) {
        (void)error_set(error, STATUS_SYNTAX, "host or EHLO name too long");
        return false;
    }
    if (user != NULL && !demands_tls(options) && !options->auth_in_clear) {
        (void)error_set(error, STATUS_SYNTAX,
                        "credentials need TLS: set tls = required, or auth_in_clear = true");
        return false;
    }
    if (demands_tls(options) && options->tls_verify &&
        !handle_set_authorities(easy, options->tls_ca_file, error))
        return false;
    format_mechanisms(login, EHLO_MECHANISMS_ALL);
    if (auth != NULL) {
        (void)snprintf(login, sizeof login, "AUTH=%s", auth);
        heard_make_readable(login, strlen(login));
    }
    (void)snprintf(source, sizeof source, "host!%s",
                   options->source_address != NULL ? options->source_address : "");

    const struct {
        CURLoption option;
        const char *text; /* NULL: not set */
        const char *name;
    } texts[] = {
        {CURLOPT_PROTOCOLS_STR, options->is_bare ? "http" : "smtp,smtps", "smtp"},
        {CURLOPT_URL, url, "host"},
        {CURLOPT_UNIX_SOCKET_PATH, options->path, "path"},
        {CURLOPT_PINNEDPUBLICKEY, demands_tls(options) ? options->tls_fingerprint : NULL,
         "tls_fingerprint"},
        {CURLOPT_USERNAME, user, "user"},
        {is_bearer ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD,
         user != NULL ? options->password : NULL, "password"},
        {CURLOPT_LOGIN_OPTIONS, user != NULL ? login : NULL, "auth"},
        {CURLOPT_PROXY, options->proxy != NULL ? options->proxy : "", "proxy"},
        {CURLOPT_INTERFACE, options->source_address != NULL ? source : NULL, "source_address"},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (texts[i].text != NULL &&
            !check(curl_easy_setopt(easy, texts[i].option, texts[i].text), texts[i].name, error))
            return false;
    }
    return true;
}

CURL *handle_new(const struct connection_options *options, struct error *error)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL) {
        (void)error_set(error, STATUS_SYSTEM, "libcurl cannot make a handle");
        return NULL;
    }
    if (set_numbers(easy, options, error) && set_texts(easy, options, error))
        return easy;
    curl_easy_cleanup(easy);
    return NULL;
}

CURL *handle_copy(CURL *easy, int64_t connect_timeout_ms, int64_t reply_timeout_ms,
                  unsigned mechanisms)
{
    CURL *copy = curl_easy_duphandle(easy);
    char login[LOGIN_SIZE];

    if (copy == NULL)
        return NULL;
    set_timeouts(copy, connect_timeout_ms, reply_timeout_ms);
    format_mechanisms(login, mechanisms);
    if (mechanisms != 0)
        (void)curl_easy_setopt(copy, CURLOPT_LOGIN_OPTIONS, login);
    return copy;
}
