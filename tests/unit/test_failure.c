/* net: why a connection could not be established, in plain words. */
#include "unit.h"

#include <internal.h>

static const struct failure_row {
    const char *name;
    CURLcode result;
    enum status status;
    const char *words; /* libcurl's */
    const char *text;
} rows[] = {
    {"a certificate of another address, by Schannel", CURLE_PEER_FAILED_VERIFICATION, STATUS_TLS,
     "", "the certificate is not for this host"},
    {"the same without a list of names", CURLE_PEER_FAILED_VERIFICATION, STATUS_TLS,
     "schannel: CertFindExtension() returned no extension.",
     "the certificate is not for this host"},
    {"a certificate of another name", CURLE_PEER_FAILED_VERIFICATION, STATUS_TLS,
     "SSL: no alternative certificate subject name matches target host name 'mx2'",
     "SSL: no alternative certificate subject name matches target host name 'mx2'"},
    {"an expired one", CURLE_PEER_FAILED_VERIFICATION, STATUS_TLS, "certificate has expired",
     "certificate has expired"},
    {"no words", CURLE_SSL_CONNECT_ERROR, STATUS_TLS, "", "SSL connect error"},
    {"STARTTLS not offered", CURLE_USE_SSL_FAILED, STATUS_TLS, "", "STARTTLS is not offered"},
};

static void failure_is_explained(void **state)
{
    const struct failure_row *row = *state;
    const struct heard heard = {.open = true};
    struct error error;

    assert_int_equal(failure_explain(row->result, row->words, 0, &heard, &error), 0);
    assert_int_equal(error.status, row->status);
    assert_string_equal(error.text, row->text);
}

int main(void)
{
    return RUN_TABLE(rows, failure_is_explained);
}
