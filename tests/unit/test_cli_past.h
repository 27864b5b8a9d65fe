#ifndef MXPULL_TESTS_TEST_CLI_PAST_H
#define MXPULL_TESTS_TEST_CLI_PAST_H

/* What the tests of status and history share: a configuration, a fixed now, and a store in which
 * things have happened. */
#include "test_store.h"

#include <cli/output.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/config/config.h>

#include <stdio.h>

/* 2026-11-23T16:00:00Z */
#define NOW INT64_C(1795449600000)
#define SECONDS INT64_C(1000)
#define MINUTES (60 * SECONDS)
#define HOURS (60 * MINUTES)
#define DAYS (24 * HOURS)

static inline int64_t utc_offset(int64_t utc_s)
{
    (void)utc_s;
    return 0;
}

static char backup_names[][16] = {"mx2", "provider"};
static char backup_hosts[][24] = {"mx2.example.net", "odmr.example.net"};
static char domain_com[] = "example.com", domain_org[] = "example.org";
static char domain_net[] = "example.net";
static char *mx2_domains[] = {domain_com, domain_org}, *provider_domains[] = {domain_net};
static char primary_address[] = "127.0.0.1:25", config_path[] = "/etc/mxpull.conf";

/* mx2 is asked for example.com and example.org, provider for example.net. */
static struct backup_config test_backups[2];
static struct node mx2_nodes[2], provider_nodes[1];
static struct config test_config;

static inline void make_config(void)
{
    struct error error;

    test_now_ms = NOW;
    for (size_t i = 0; i < COUNT_OF(mx2_nodes); i++)
        assert_int_equal(node_parse(&mx2_nodes[i], mx2_domains[i], &error), STATUS_OK);
    assert_int_equal(node_parse(&provider_nodes[0], domain_net, &error), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(test_backups); i++)
        test_backups[i] = (struct backup_config){
            .name = backup_names[i],
            .host = backup_hosts[i],
            .tls = i == 0 ? TLS_MAY : TLS_REQUIRED,
            .tls_verify = true,
            .timing = {.interval_s = 4 * 3600, .jitter_s = 300},
        };
    test_backups[0].method = METHOD_ETRN;
    test_backups[0].domains = mx2_nodes;
    test_backups[0].domain_texts = mx2_domains;
    test_backups[0].domain_count = 2;
    test_backups[1].method = METHOD_ATRN;
    test_backups[1].domains = provider_nodes;
    test_backups[1].domain_texts = provider_domains;
    test_backups[1].domain_count = 1;
    test_config = (struct config){
        .path = config_path,
        .state_dir = test_directory,
        .history_s = 400 * 24 * 3600,
        .primary = {.address = {.text = primary_address}, .watch_s = 30},
        .backups = test_backups,
        .backup_count = 2,
    };
}

/* One answer, with everything that matters here. */
struct saying {
    const char *backup, *domain;
    int64_t at_ms;
    enum grade grade;
    const char *outcome;
    int code;
    const char *text, *advice;
    int64_t messages, bytes; /* both 0: not told, and no refusals either */
    int64_t refused_for_now, refused_for_good;
    int64_t certificate_expires_ms;
    int64_t ms;
};

static inline void say(struct store *store, const struct saying *said)
{
    bool is_told = said->messages > 0 || said->bytes > 0;
    struct store_change change;
    struct store_answer answer = answer_of(said->at_ms, said->domain, said->grade);

    answer.outcome = said->outcome;
    answer.code = said->code;
    answer.text = said->text;
    answer.advice = said->advice;
    answer.messages = is_told ? said->messages : -1;
    answer.bytes = is_told ? said->bytes : -1;
    answer.refused_for_now = is_told ? said->refused_for_now : -1;
    answer.refused_for_good = is_told ? said->refused_for_good : -1;
    answer.ms = said->ms > 0 ? said->ms : 18;
    const struct store_poll poll = {.backup = said->backup,
                                    .cause = "schedule",
                                    .began_ms = said->at_ms,
                                    .ended_ms = said->at_ms,
                                    .certificate_expires_ms = said->certificate_expires_ms,
                                    .answers = &answer,
                                    .count = 1};
    assert_ok(store_add_poll(store, &poll, &change, &problem));
}

/* Answers of which only the grades matter, as a strip has them ('+', 'o', '~', '!'), four hours
 * apart, the last one at last_ms. */
static inline void say_strip(struct store *store, const char *backup, const char *domain,
                             const char *strip, int64_t last_ms)
{
    static const struct {
        char letter;
        enum grade grade;
        const char *outcome;
        int code;
        const char *text, *advice;
    } kinds[] = {
        {'+', GRADE_GOOD, "started", 250, "Queuing started", NULL},
        {'o', GRADE_HELD, "held", 0, "our own mail server: Connection refused", "start it"},
        {'~', GRADE_TEMPORARY, "deferred", 458, "try later", "pull again later"},
        {'!', GRADE_BAD, "denied", 459, "not for you", "ask to be allowed"}};
    int64_t at_ms = last_ms - ((int64_t)strlen(strip) - 1) * 4 * HOURS;

    for (; *strip != '\0'; strip++, at_ms += 4 * HOURS) {
        size_t kind = 0;

        while (kinds[kind].letter != *strip)
            kind++;
        say(store, &(struct saying){.backup = backup,
                                    .domain = domain,
                                    .at_ms = at_ms,
                                    .grade = kinds[kind].grade,
                                    .outcome = kinds[kind].outcome,
                                    .code = kinds[kind].code,
                                    .text = kinds[kind].text,
                                    .advice = kinds[kind].advice});
    }
}

/* What was written to an output, as text; freed by the caller. */
struct written {
    struct output output;
    char *text;
    size_t size;
};

static inline void begin_written(struct written *written)
{
    written->text = NULL;
    FILE *stream = tmpfile();

    assert_non_null(stream);
    written->output = (struct output){.stream = stream};
}

static inline void end_written(struct written *written)
{
    FILE *stream = written->output.stream;
    long size = ftell(stream);

    assert_int_equal(written->output.failure, 0);
    assert_true(size >= 0);
    written->size = (size_t)size;
    written->text = memory_new(written->size + 1, 1);
    rewind(stream);
    assert_int_equal(fread(written->text, 1, written->size, stream), written->size);
    assert_int_equal(fclose(stream), 0);
}

/* Nothing in it can move a cursor, ring a bell, hide, or be no text at all. */
static inline void assert_harmless(const char *text)
{
    uint32_t point = 0;

    for (size_t length; *text != '\0'; text += length) {
        length = text_character(text, strlen(text), &point);
        if (length == 0 || (text_is_hidden(point) && point != '\n'))
            fail_msg("U+%04X in: %s", (unsigned)point, text);
    }
}

/* What remotes may say. */
static const char *const hostile_texts[] = {
    "\x1b[2J\x1b]0;owned\x07",
    "250 ok|domains=0 ok=99",
    "one\ntwo\r\nthree",
    "\"quoted\", and 'quoted'",
    "\xff\xfe\xc3\x28 \xe2\x82",
    "\xc2\x9b[2J",
    "=HYPERLINK(\"http://example.net\")",
    "@SUM(1)",
    "+1",
    "-1",
    "\uff1d1+1",
    " \u3000\uff201",
    "a;=1+1",
    "b;;\"\uff0b1\" ; @x",
    "so\u00adft \u200b \u202egnp.exe \u2066x\u2069 \ufeff \U000e0041\U000e007f",
    "\\",
    " ",
    "",
};

#endif
