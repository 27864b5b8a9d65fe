/* When the server's certificate ends, as libcurl tells it. */
#include "internal.h"

#include <mxpull/base/text.h>

#include <string.h>

int64_t certificate_expires_ms(CURL *easy)
{
    static const char label[] = "Expire date:";
    struct curl_certinfo *chain = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL ||
        chain->num_of_certs < 1)
        return 0;
    /* The first certificate of the chain is the server's own. */
    for (const struct curl_slist *fact = chain->certinfo[0]; fact != NULL; fact = fact->next) {
        if (!text_starts_with(fact->data, label))
            continue;
        time_t expires_s = curl_getdate(fact->data + strlen(label), NULL);

        return expires_s > 0 ? (int64_t)expires_s * 1000 : 0;
    }
    return 0;
}
