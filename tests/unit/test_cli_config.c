/* cli: the effective configuration as JSON: every option is there, and no secret. */
#include "unit.h"

#include <cli/setup.h>
#include <mxpull/config/options.h>

#include <stdbool.h>
#include <stdio.h>

enum {
    TEXT_SIZE = 16 * 1024
};

static char address[] = "127.0.0.1:25", path[] = "/etc/mxpull.conf", name[] = "mx\xe4",
            host[] = "mx2.example.net";
static char secret[] = "hunter2", log_path[] = "/var/log/mxpull";
static char domain[] = "@m\xc3\xbcller.example";
static char *domains[] = {domain};
static char network[] = "2001:db8::/32", own_address[] = "192.0.2.7";
static char *networks[] = {network, own_address};
static int64_t seconds[] = {60, 300};

struct proxy_row {
    const char *name;
    char proxy[60];
    const char *shown;
};

static char hidden[] = "\u00ad\x1b\x7f\U000e0041ä";

static const struct proxy_row proxies[] = {
    {"no user", "socks5h://proxy:1080", "\"proxy\":\"socks5h://proxy:1080\""},
    {"user", "socks5h://joe@proxy:1080", "\"proxy\":\"socks5h://joe@proxy:1080\""},
    {"password", "socks5h://joe:hunter2@proxy:1080",
     "\"proxy\":\"socks5h://joe:********@proxy:1080\""},
    {"at sign in it", "http://joe:hunter2@x@proxy:1080",
     "\"proxy\":\"http://joe:********@proxy:1080\""},
    {"colons in it", "http://joe:hunter2:x@[::1]:1080",
     "\"proxy\":\"http://joe:********@[::1]:1080\""},
};

/* What config_json says of a configuration of one backup with this proxy. */
static void write_json(char text[TEXT_SIZE], const char *proxy)
{
    char copy[60];
    struct backup_config backup = {.name = name,
                                   .host = host,
                                   .port = 25,
                                   .domain_texts = domains,
                                   .domain_count = 1,
                                   .arrives_from = {networks, 2},
                                   .password = secret,
                                   .proxy = copy,
                                   .tls = TLS_REQUIRED,
                                   .force = true,
                                   .timing = {.retry = {seconds, 2}}};
    const struct config config = {
        .path = path,
        .log = LOG_FILE,
        .log_path = log_path,
        .log_format = LOG_JSON,
        .on_failure = hidden,
        .concurrency = 256,
        .primary = {.address = {.text = address}, .relay_address = {.text = address}},
        .backups = &backup,
        .backup_count = 1};
    FILE *stream = tmpfile();
    struct output output = {.stream = stream};

    assert_non_null(stream);
    (void)snprintf(copy, sizeof copy, "%s", proxy);
    json_write(&output, config_json(&config));
    assert_true(output_finish(&output));
    rewind(stream);
    text[fread(text, 1, TEXT_SIZE - 1, stream)] = '\0';
    (void)fclose(stream);
}

static void test_proxy(void **state)
{
    const struct proxy_row *row = *state;
    char text[TEXT_SIZE];

    write_json(text, row->proxy);
    assert_non_null(strstr(text, row->shown));
    assert_null(strstr(text, secret));
}

static void test_options(void **state)
{
    static const char *const parts[] = {
        "{\"path\":\"/etc/mxpull.conf\",",
        "\"log\":\"file:/var/log/mxpull\"",
        "\"log_format\":\"json\"",
        "\"concurrency\":256",
        "\"metrics_file\":null",
        "\"primary\":{",
        "\"address\":\"127.0.0.1:25\"",
        "\"backups\":[{\"name\":\"mx\\\\xe4\",",
        "\"host\":\"mx2.example.net\"",
        "\"port\":25",
        "\"password\":\"********\"",
        "\"user\":null",
        "\"tls\":\"required\"",
        "\"force\":true",
        "\"retry\":[60,300]",
        "\"on_failure\":\"\\u00AD\\u001B\\u007F\\uDB40\\uDC41ä\"",
        "\"arrives_from\":[\"2001:db8::/32\",\"192.0.2.7\"]",
        "\"domains\":[\"@m\xc3\xbcller.example\"]",
    };
    char text[TEXT_SIZE];

    (void)state;
    write_json(text, "socks5h://proxy:1080");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_non_null(strstr(text, parts[i]));
    for (size_t i = 0; i < option_count; i++) {
        char key[80];

        (void)snprintf(key, sizeof key, "\"%s\":", options[i].name);
        assert_non_null(strstr(text, key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_options)};
    int failed = 0;

    failed += RUN_TABLE(proxies, test_proxy);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    return unit_status(failed);
}
