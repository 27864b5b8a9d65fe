/* net: the options of a connection in libcurl's terms, where no server can show what comes of them. The
 * linker puts our function in the place of curl_easy_setopt. */
#include "unit.h"

#include <internal.h>

static long ssl_options;

CURLcode note_option(CURL *easy, CURLoption option, ...) __asm__("__wrap_curl_easy_setopt");

CURLcode note_option(CURL *easy, CURLoption option, ...)
{
    va_list arguments;

    (void)easy;
    va_start(arguments, option);
    if (option == CURLOPT_SSL_OPTIONS)
        ssl_options = va_arg(arguments, long);
    va_end(arguments);
    return CURLE_OK;
}

/* Trap: Windows asks whether a certificate was revoked, and refuses it where nobody answers, as most
 * authorities of one's own do not. wine asks nobody. */
static const struct revocation_row {
    const char *name;
    enum tls_revocation revocation;
    long options;
} revocation_rows[] = {
    {"strict", REVOCATION_STRICT, 0},
    {"best effort", REVOCATION_BEST_EFFORT, CURLSSLOPT_REVOKE_BEST_EFFORT},
    {"off", REVOCATION_OFF, CURLSSLOPT_NO_REVOKE},
};

static void revocation_is_checked_as_configured(void **state)
{
    const struct revocation_row *row = *state;
    const struct connection_options options = {.host = "mx2.example.net",
                                               .port = 25,
                                               .ehlo_name = "mail.example.com",
                                               .tls = TLS_REQUIRED,
                                               .tls_verify = true,
                                               .tls_revocation = row->revocation};
    struct error error;

    ssl_options = -1;
    CURL *easy = handle_new(&options, &error);
    assert_non_null(easy);
    assert_int_equal(ssl_options, row->options);
    curl_easy_cleanup(easy);
}

int main(void)
{
    return unit_status(RUN_TABLE(revocation_rows, revocation_is_checked_as_configured));
}
