/* Documents over HTTPS: all that libcurl could do beyond it is forbidden. */
#include "internal.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/net/fetch.h>

#include <stdlib.h>
#include <string.h>

enum {
    PORT_HTTPS = 443,
    ADDRESSES_SIZE_MAX = 4096 /* some are enough */
};

struct fetch {
    struct transfer transfer;
    struct loop *loop; /* borrowed */
    CURL *easy;
    struct curl_slist *resolve; /* the host's addresses for libcurl */
    struct buffer body;
    char words[CURL_ERROR_SIZE];
    void (*done)(void *context, const struct fetch_result *result);
    void *context;
};

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct fetch *fetch = context;

    return buffer_append(&fetch->body, bytes, size * count) == STATUS_OK ? size * count : 0;
}

static void finish(void *context, CURLcode code)
{
    struct fetch *fetch = context;
    struct fetch_result result = {.error = {.status = STATUS_OK}};
    long http = 0;
    char *type = NULL;

    if (code == CURLE_OK) {
        (void)curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &http);
        (void)curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_TYPE, &type);
        result.code = (int)http;
        result.type = type;
        result.bytes = fetch->body.bytes;
        result.size = fetch->body.size;
    } else if (code == CURLE_WRITE_ERROR) {
        (void)error_set(&result.error, STATUS_LIMIT, "more than %zu bytes", fetch->body.limit);
    } else {
        (void)error_set(&result.error, failure_status(code), "%s",
                        fetch->words[0] != '\0' ? fetch->words : curl_easy_strerror(code));
    }
    fetch->done(fetch->context, &result);
}

/* "host:443:192.0.2.1,[2001:db8::1]" */
static void set_addresses(struct fetch *fetch, const struct fetch_options *options, int port)
{
    struct buffer entry;

    buffer_init(&entry, ADDRESSES_SIZE_MAX);
    (void)buffer_append_format(&entry, "%s:%d:", options->host, port);
    for (size_t i = 0; i < options->address_count; i++) {
        const char *address = options->addresses[i];
        const bool is_ipv6 = strchr(address, ':') != NULL;

        (void)buffer_append_format(&entry, "%s%s%s%s", i > 0 ? "," : "", is_ipv6 ? "[" : "",
                                   address, is_ipv6 ? "]" : "");
    }
    fetch->resolve = curl_slist_append(NULL, entry.bytes);
    (void)curl_easy_setopt(fetch->easy, CURLOPT_RESOLVE, fetch->resolve);
    buffer_done(&entry);
}

static bool set_up(struct fetch *fetch, const struct fetch_options *options, struct error *error)
{
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_NOPROGRESS, 1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_FRESH_CONNECT, 1},
        {CURLOPT_FORBID_REUSE, 1},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSL_OPTIONS, CURLSSLOPT_REVOKE_BEST_EFFORT},
        {CURLOPT_TIMEOUT_MS, (long)options->timeout_ms},
    };
    const int port = options->port > 0 ? options->port : PORT_HTTPS;
    char *url = memory_format("https://%s:%d%s", options->host, port, options->path);

    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        (void)curl_easy_setopt(fetch->easy, numbers[i].option, numbers[i].value);
    bool is_set = curl_easy_setopt(fetch->easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
                  curl_easy_setopt(fetch->easy, CURLOPT_URL, url) == CURLE_OK;
    free(url);
    if (!is_set) {
        (void)error_set(error, STATUS_SYSTEM, "libcurl cannot speak HTTPS");
        return false;
    }
    (void)curl_easy_setopt(fetch->easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(fetch->easy, CURLOPT_PRIVATE, &fetch->transfer);
    (void)curl_easy_setopt(fetch->easy, CURLOPT_ERRORBUFFER, fetch->words);
    (void)curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
    set_addresses(fetch, options, port);
    return handle_set_authorities(fetch->easy, options->ca_file, error);
}

struct fetch *fetch_begin(struct loop *loop, const struct fetch_options *options,
                          void (*done)(void *context, const struct fetch_result *result),
                          void *context, struct error *error)
{
    struct fetch *fetch = memory_new(1, sizeof *fetch);

    *fetch = (struct fetch){.loop = loop, .done = done, .context = context};
    fetch->transfer = (struct transfer){finish, fetch};
    buffer_init(&fetch->body, options->size_max);
    fetch->easy = curl_easy_init();
    if (fetch->easy == NULL) {
        (void)error_set(error, STATUS_SYSTEM, "libcurl cannot make a handle");
    } else if (set_up(fetch, options, error)) {
        (void)curl_multi_add_handle(loop->multi, fetch->easy);
        return fetch;
    }
    fetch_free(fetch);
    return NULL;
}

void fetch_free(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    if (fetch->easy != NULL) {
        (void)curl_multi_remove_handle(fetch->loop->multi, fetch->easy);
        curl_easy_cleanup(fetch->easy);
    }
    curl_slist_free_all(fetch->resolve);
    buffer_done(&fetch->body);
    free(fetch);
}
