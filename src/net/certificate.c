/* When the server's certificate ends, as libcurl tells it. */
#include "internal.h"

#include <mxpull/base/text.h>

#include <string.h>
#include <time.h>

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

int64_t certificate_expires_ms(CURL *easy)
{
    static const char label[] = "Expire date:"; /* or Date */
    struct curl_certinfo *chain = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL ||
        chain->num_of_certs < 1)
        return 0;
    /* The first certificate of the chain is the server's own. */
    for (const struct curl_slist *fact = chain->certinfo[0]; fact != NULL; fact = fact->next) {
        if (strlen(fact->data) <= strlen(label) ||
            !text_equal_part(label, fact->data, strlen(label)))
            continue;
        time_t expires_s = date_of(fact->data + strlen(label));

        return expires_s > 0 ? (int64_t)expires_s * 1000 : 0;
    }
    return 0;
}
