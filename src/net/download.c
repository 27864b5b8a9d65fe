/* Documents over HTTPS: all that libcurl could do beyond it is forbidden. */
#include "internal.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/net/download.h>

#include <stdlib.h>
#include <string.h>

enum {
    PORT_HTTPS = 443,
    ADDRESSES_SIZE_MAX = 4096, /* some are enough */
    TOO_LARGE = 100 /* CURLE_TOO_LARGE of libcurl 8.6; before, such a header is out of memory */
};

struct download {
    struct transfer transfer;
    struct loop *loop; /* borrowed */
    CURL *easy;
    struct curl_slist *resolve; /* the host's addresses for libcurl */
    struct buffer body;
    char words[CURL_ERROR_SIZE];
    void (*done)(void *context, const struct download_result *result);
    void *context;
};

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct download *download = context;

    return buffer_append(&download->body, bytes, size * count) == STATUS_OK ? size * count : 0;
}

static void finish(void *context, CURLcode code)
{
    struct download *download = context;
    struct download_result result = {.error = {.status = STATUS_OK}};
    long http = 0;
    char *type = NULL;

    if (code == CURLE_OK) {
        (void)curl_easy_getinfo(download->easy, CURLINFO_RESPONSE_CODE, &http);
        (void)curl_easy_getinfo(download->easy, CURLINFO_CONTENT_TYPE, &type);
        result.code = (int)http;
        result.type = type;
        result.bytes = download->body.bytes;
        result.size = download->body.size;
    } else if (code == CURLE_WRITE_ERROR) {
        (void)error_set(&result.error, STATUS_LIMIT, "more than %zu bytes", download->body.limit);
    } else if (code == CURLE_OUT_OF_MEMORY || (int)code == TOO_LARGE) {
        (void)error_set(&result.error, STATUS_PROTOCOL, "a header without end");
    } else {
        (void)error_set(&result.error, failure_status(code), "%s",
                        download->words[0] != '\0' ? download->words : curl_easy_strerror(code));
    }
    download->done(download->context, &result);
}

/* "host:443:192.0.2.1,[2001:db8::1]" */
static void set_addresses(struct download *download, const struct download_options *options,
                          int port)
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
    download->resolve = curl_slist_append(NULL, entry.bytes);
    (void)curl_easy_setopt(download->easy, CURLOPT_RESOLVE, download->resolve);
    buffer_done(&entry);
}

static bool set_up(struct download *download, const struct download_options *options,
                   struct error *error)
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
        (void)curl_easy_setopt(download->easy, numbers[i].option, numbers[i].value);
    bool is_set = curl_easy_setopt(download->easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
                  curl_easy_setopt(download->easy, CURLOPT_URL, url) == CURLE_OK;
    free(url);
    if (!is_set) {
        (void)error_set(error, STATUS_SYSTEM, "libcurl cannot speak HTTPS");
        return false;
    }
    (void)curl_easy_setopt(download->easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(download->easy, CURLOPT_PRIVATE, &download->transfer);
    (void)curl_easy_setopt(download->easy, CURLOPT_ERRORBUFFER, download->words);
    (void)curl_easy_setopt(download->easy, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(download->easy, CURLOPT_WRITEDATA, download);
    set_addresses(download, options, port);
    return handle_set_authorities(download->easy, options->ca_file, error);
}

struct download *download_begin(struct loop *loop, const struct download_options *options,
                                void (*done)(void *context, const struct download_result *result),
                                void *context, struct error *error)
{
    struct download *download = memory_new(1, sizeof *download);

    *download = (struct download){.loop = loop, .done = done, .context = context};
    download->transfer = (struct transfer){finish, download};
    buffer_init(&download->body, options->size_max);
    download->easy = curl_easy_init();
    if (download->easy == NULL) {
        (void)error_set(error, STATUS_SYSTEM, "libcurl cannot make a handle");
    } else if (set_up(download, options, error)) {
        (void)curl_multi_add_handle(loop->multi, download->easy);
        return download;
    }
    download_free(download);
    return NULL;
}

void download_free(struct download *download)
{
    if (download == NULL)
        return;
    if (download->easy != NULL) {
        (void)curl_multi_remove_handle(download->loop->multi, download->easy);
        curl_easy_cleanup(download->easy);
    }
    curl_slist_free_all(download->resolve);
    buffer_done(&download->body);
    free(download);
}
