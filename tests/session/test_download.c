/* Documents over HTTPS, from `openssl s_server -HTTP`, which sends a file as the whole answer, and from servers that are none. */
#define _DEFAULT_SOURCE

#include "unit.h"

#include "support.h"

#include <mxpull/base/memory.h>
#include <mxpull/net/download.h>
#include <mxpull/platform/clock.h>

#include <sys/stat.h>
#include <unistd.h>

#define CA CERTIFICATES "/ca.pem"

enum {
    SIZE_MAX_OF_TEST = 65536,
    LIMIT_MS = 60000
};

static char directory[SUPPORT_PATH_SIZE];

struct row {
    const char *name;
    const char *answer; /* of the server; NULL: the file is not there */
    const char *certificate, *ca;
    enum status status;
    int code;
    const char *type, *text; /* text: the document, or what stands in the error */
};

#define OK "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
#define GOOD "wrong", CA /* the certificate is for somebody-else.test, and so is the host */

static const struct row rows[] = {
    {"a document", OK "Content-Length: 5\r\n\r\nhello", GOOD, STATUS_OK, 200, "text/plain",
     "hello"},
    {"a document until the end", OK "\r\nhello", GOOD, STATUS_OK, 200, "text/plain", "hello"},
    {"no type", "HTTP/1.0 200 OK\r\n\r\n", GOOD, STATUS_OK, 200, NULL, ""},
    {"not found", "HTTP/1.0 404 Gone\r\nContent-Type: text/html\r\n\r\n", GOOD, STATUS_OK, 404,
     "text/html", ""},
    {"elsewhere",
     "HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", GOOD,
     STATUS_OK, 301, NULL, ""},
    {"cut off", OK "Content-Length: 50\r\n\r\nhello", GOOD, STATUS_UNREACHABLE, 0, NULL, ""},
    {"too long", OK "\r\n", GOOD, STATUS_LIMIT, 0, NULL, "more than 65536 bytes"},
    {"a header that is too long", "HTTP/1.1 200 OK\r\nEndless: ", GOOD, STATUS_PROTOCOL, 0, NULL,
     "a header without end"},
    {"HTTP of 1991", "hello", GOOD, STATUS_PROTOCOL, 0, NULL, ""},
    {"another name", OK "\r\nhello", "good", CA, STATUS_TLS, 0, NULL, "somebody-else.test"},
    {"an authority that is not trusted", OK "\r\nhello", "unknown", CA, STATUS_TLS, 0, NULL, ""},
    {"the authorities of the system", OK "\r\nhello", "wrong", NULL, STATUS_TLS, 0, NULL, ""},
    {"expired", OK "\r\nhello", "expired", CA, STATUS_TLS, 0, NULL, ""},
};

static bool is_done;
static struct row came; /* its texts are owned */

static void done(void *context, const struct download_result *result)
{
    (void)context;
    assert_false(is_done);
    is_done = true;
    came = (struct row){.status = result->error.status,
                        .code = result->code,
                        .type = memory_copy(result->type),
                        .text = result->code != 0 ? memory_copy_part(result->bytes, result->size)
                                                  : memory_copy(result->error.text)};
}

static void fetch_from(int port, const char *ca, int64_t timeout_ms)
{
    const char *addresses[] = {"127.0.0.1"};
    const struct download_options options = {.host = "somebody-else.test",
                                             .port = port,
                                             .path = "/.well-known/document",
                                             .addresses = addresses,
                                             .address_count = 1,
                                             .ca_file = ca,
                                             .timeout_ms = timeout_ms,
                                             .size_max = SIZE_MAX_OF_TEST};
    const int64_t end_ms = clock_monotonic_ms() + LIMIT_MS;
    struct error error;
    struct loop *loop = loop_new(&error);

    assert_non_null(loop);
    is_done = false;
    struct download *fetch = download_begin(loop, &options, done, NULL, &error);
    assert_non_null(fetch);
    while (!is_done && clock_monotonic_ms() < end_ms)
        loop_turn(loop, end_ms);
    download_free(fetch);
    loop_free(loop);
    assert_true(is_done);
}

static void free_what_came(void)
{
    free((char *)(uintptr_t)came.type);
    free((char *)(uintptr_t)came.text);
}

/* What the server sends: the answer, and 200,000 bytes more where it is to be too long. */
static void write_answer(const struct row *row)
{
    FILE *file = fopen(".well-known/document", "wb");

    assert_non_null(file);
    assert_true(fputs(row->answer, file) >= 0);
    bool is_long = row->status == STATUS_LIMIT || strstr(row->answer, "Endless") != NULL;
    for (int i = 0; is_long && i < 200000; i++)
        (void)fputc('x', file);
    assert_int_equal(fclose(file), 0);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    char *certificate = memory_format("%s/%s.crt", CERTIFICATES, row->certificate);
    char *key = memory_format("%s/%s.key", CERTIFICATES, row->certificate);
    const char *arguments[] = {"s_server",  "-accept", "127.0.0.1:0", "-HTTP", "-cert",
                               certificate, "-key",    key,           NULL};
    FILE *input, *output;
    char line[200];
    int port = 0;

    write_answer(row);
    struct support_program *server = support_start(OPENSSL, arguments, &input, &output);
    while (port == 0 && fgets(line, sizeof line, output) != NULL) {
        if (strncmp(line, "ACCEPT 127.0.0.1:", 17) == 0)
            port = (int)strtol(line + 17, NULL, 10);
    }
    assert_int_not_equal(port, 0);
    fetch_from(port, row->ca, LIMIT_MS);
    support_kill(server);
    (void)fclose(input);
    (void)fclose(output);
    free(certificate);
    free(key);
    if (came.status != row->status)
        fail_msg("status %d: %s", (int)came.status, came.text);
    assert_int_equal(came.code, row->code);
    if (row->type != NULL)
        assert_string_equal(came.type, row->type);
    else
        assert_null(came.type);
    if (row->code != 0)
        assert_string_equal(came.text, row->text);
    else
        assert_non_null(strstr(came.text, row->text));
    free_what_came();
}

/* Nobody there; somebody who is silent, for a bounded time. */
static void test_nobody(void **state)
{
    int port;
    intptr_t listener = support_listen(&port, 1);

    (void)state;
    fetch_from(port, CA, 300);
    assert_int_equal(came.status, STATUS_TIMEOUT);
    free_what_came();
    support_close(listener);
    fetch_from(port, CA, LIMIT_MS);
    assert_int_equal(came.status, STATUS_UNREACHABLE);
    free_what_came();
}

/* It may be broken off, and an authority that is not there is told at once. */
static void test_broken_off(void **state)
{
    const char *addresses[] = {"127.0.0.1"};
    struct download_options options = {.host = "a.test",
                                       .path = "/",
                                       .addresses = addresses,
                                       .address_count = 1,
                                       .ca_file = CA,
                                       .timeout_ms = LIMIT_MS,
                                       .size_max = 1};
    struct error error;
    struct loop *loop = loop_new(&error);
    int port;
    intptr_t listener = support_listen(&port, 1);

    (void)state;
    options.port = port;
    struct download *fetch = download_begin(loop, &options, done, NULL, &error);
    loop_turn(loop, clock_monotonic_ms() + 10);
    download_free(fetch);
    options.ca_file = "/nowhere/ca.pem";
    assert_null(download_begin(loop, &options, done, NULL, &error));
    assert_non_null(strstr(error.text, "/nowhere/ca.pem"));
    download_free(NULL);
    loop_free(loop);
    support_close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_broken_off),
    };

    support_make_directory(directory);
    if (chdir(directory) != 0)
        return 1;
    if (mkdir(".well-known", 0700) != 0)
        return 1;
    int failed = RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL);
    if (chdir("/") != 0 || !support_remove_directory(directory))
        return 1;
    return unit_status(failed);
}
