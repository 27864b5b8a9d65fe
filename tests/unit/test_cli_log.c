/* cli: the lines of the log, its levels, and the metrics file. */
#include "unit.h"

#include <cli/logging.h>
#include <cli/status.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

enum {
    TEXT_SIZE = 16 * 1024
};

/* 2026-11-23T16:00:00Z */
static const int64_t wall_ms = INT64_C(1795449600000);

static int64_t utc_offset(int64_t utc_s)
{
    (void)utc_s;
    return 0;
}

struct format_row {
    const char *name;
    enum log_target target;
    enum log_style style;
    struct log_event event;
    const char *line;
};

static const struct log_field fields[] = {{.key = "backup", .text = "mx2"},
                                          {.key = "code", .number = 250},
                                          {.key = "text", .text = "a \"b\"\n\x1b\xff"}};
#define FIELDS_TEXT "backup=mx2 code=250 text=\"a \\\"b\\\"\\n\\x1b\\xff\"\n"

static const struct log_field hidden_fields[] = {{.key = "text", .text = "a\u00ad b\u202e"},
                                                 {.key = "wire", .text = "\U000e0041"}};

static const struct format_row formats[] = {
    {"fields on stderr", LOG_STDERR, LOG_TEXT, {LEVEL_INFO, NULL, fields, 3}, FIELDS_TEXT},
    {"fields in a file",
     LOG_FILE,
     LOG_TEXT,
     {LEVEL_INFO, NULL, fields, 3},
     "2026-11-23T16:00:00Z info " FIELDS_TEXT},
    {"fields in syslog", LOG_SYSLOG, LOG_TEXT, {LEVEL_INFO, NULL, fields, 3}, FIELDS_TEXT},
    {"fields in JSON",
     LOG_FILE,
     LOG_JSON,
     {LEVEL_INFO, NULL, fields, 3},
     "{\"time\":\"2026-11-23T16:00:00Z\",\"level\":\"info\",\"backup\":\"mx2\",\"code\":250,"
     "\"text\":\"a \\\"b\\\"\\\\n\\\\x1b\\\\xff\"}\n"},
    {"error on stderr",
     LOG_STDERR,
     LOG_TEXT,
     {LEVEL_ERROR, "it broke", NULL, 0},
     "mxpull: error: it broke\n"},
    {"warning on stderr",
     LOG_STDERR,
     LOG_TEXT,
     {LEVEL_WARNING, "beware", NULL, 0},
     "mxpull: warning: beware\n"},
    {"info on stderr",
     LOG_STDERR,
     LOG_TEXT,
     {LEVEL_INFO, "so it is", NULL, 0},
     "mxpull: so it is\n"},
    {"warning in a file",
     LOG_FILE,
     LOG_TEXT,
     {LEVEL_WARNING, "a\nb", NULL, 0},
     "2026-11-23T16:00:00Z warning a\\nb\n"},
    {"warning in JSON",
     LOG_STDERR,
     LOG_JSON,
     {LEVEL_WARNING, "a\nb", NULL, 0},
     "{\"time\":\"2026-11-23T16:00:00Z\",\"level\":\"warning\",\"message\":\"a\\\\nb\"}\n"},
    {"hidden characters",
     LOG_STDERR,
     LOG_TEXT,
     {LEVEL_WARNING, NULL, hidden_fields, 2},
     "text=\"a\\xc2\\xad b\\xe2\\x80\\xae\" wire=\\xf3\\xa0\\x81\\x81\n"},
    {"hidden characters in JSON",
     LOG_STDERR,
     LOG_JSON,
     {LEVEL_WARNING, NULL, hidden_fields, 2},
     "{\"time\":\"2026-11-23T16:00:00Z\",\"level\":\"warning\",\"text\":\"a\\\\xc2\\\\xad "
     "b\\\\xe2\\\\x80\\\\xae\",\"wire\":\"\\\\xf3\\\\xa0\\\\x81\\\\x81\"}\n"},
    {"message and fields",
     LOG_STDERR,
     LOG_TEXT,
     {LEVEL_INFO, "done", fields, 1},
     "mxpull: done backup=mx2\n"},
};

static void test_format(void **state)
{
    const struct format_row *row = *state;
    struct buffer line;

    buffer_init(&line, TEXT_SIZE);
    logging_format(&line, &row->event, row->target, row->style, wall_ms);
    assert_string_equal(line.bytes, row->line);
    buffer_done(&line);
}

/* Replies of 64 KiB: they are cut, and the line is whole. */
static void test_long(void **state)
{
    enum {
        SAID = 64 * 1024
    };
    static const char bytes[] = {'x', '"', '\\', '\n', '\xff'};
    char *said = memory_new(SAID + 1, 1);
    const struct log_field all[] = {
        {.key = "backup", .text = said}, {.key = "text", .text = said}, {.key = "ms", .number = 7}};
    const struct log_event event = {LEVEL_INFO, NULL, all, 3};

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        struct buffer text, json;
        json_error_t error;

        memset(said, bytes[i], SAID);
        buffer_init(&text, SAID);
        buffer_init(&json, SAID);
        logging_format(&text, &event, LOG_FILE, LOG_TEXT, wall_ms);
        assert_non_null(strstr(text.bytes, "…"));
        assert_non_null(strstr(text.bytes, " ms=7\n"));
        logging_format(&json, &event, LOG_FILE, LOG_JSON, wall_ms);
        json_t *object = json_loads(json.bytes, 0, &error);
        assert_int_equal(json_integer_value(json_object_get(object, "ms")), 7);
        assert_non_null(strstr(json_string_value(json_object_get(object, "text")), "…"));
        json_decref(object);
        buffer_done(&json);
        buffer_done(&text);
    }
    free(said);
}

struct level_row {
    const char *name;
    struct logging_options options;
    enum level threshold;
};

static const struct level_row levels[] = {
    {"stderr", {.target = LOG_STDERR}, LEVEL_INFO},
    {"stderr at a terminal", {.target = LOG_STDERR, .is_at_terminal = true}, LEVEL_WARNING},
    {"stderr, quiet", {.target = LOG_STDERR, .quiet = true}, LEVEL_WARNING},
    {"stderr at a terminal, quiet",
     {.target = LOG_STDERR, .quiet = true, .is_at_terminal = true},
     LEVEL_WARNING},
    {"stderr, -v", {.target = LOG_STDERR, .verbose = 1}, LEVEL_DEBUG},
    {"stderr at a terminal, -vv",
     {.target = LOG_STDERR, .verbose = 2, .is_at_terminal = true},
     LEVEL_TRACE},
    {"stderr, -qv", {.target = LOG_STDERR, .quiet = true, .verbose = 1}, LEVEL_DEBUG},
    {"file", {.target = LOG_FILE}, LEVEL_INFO},
    {"file, quiet", {.target = LOG_FILE, .quiet = true}, LEVEL_INFO},
    {"file, at a terminal", {.target = LOG_FILE, .is_at_terminal = true}, LEVEL_INFO},
    {"file, -v", {.target = LOG_FILE, .verbose = 1}, LEVEL_DEBUG},
    {"syslog, -vvv", {.target = LOG_SYSLOG, .verbose = 3}, LEVEL_TRACE},
};

static void test_level(void **state)
{
    const struct level_row *row = *state;

    assert_int_equal(logging_threshold(&row->options), row->threshold);
}

/* ---- answers ---- */

static char mx2_name[] = "mx2", odd_name[] = "a\"b\\c\n\x1b";
static const struct backup_config mx2 = {.name = mx2_name}, odd = {.name = odd_name};
static char queuing[] = "Queuing started", no_route[] = "no route", command[] = "ETRN example.com";

struct answer_row {
    const char *name;
    struct result result;
    size_t count, backups;
    const char *line; /* with the level before it */
};

static const struct answer_row answers[] = {
    {"started",
     {.backup = &mx2,
      .domain = "example.com",
      .verb = VERB_ETRN,
      .code = 250,
      .outcome = OUTCOME_STARTED,
      .ms = 18,
      .text = queuing},
     1,
     1,
     "info backup=mx2 domain=example.com verb=ETRN code=250 outcome=started ms=18 text=\"Queuing "
     "started\""},
    {"unreachable",
     {.backup = &mx2,
      .domain = "@example.com",
      .verb = VERB_CONNECT,
      .outcome = OUTCOME_UNREACHABLE,
      .ms = 3,
      .text = no_route},
     1,
     1,
     "warning backup=mx2 domain=@example.com verb=CONNECT outcome=unreachable ms=3 text=\"no "
     "route\""},
    {"denied without a text",
     {.backup = &mx2,
      .domain = "example.com",
      .verb = VERB_ETRN,
      .code = 459,
      .outcome = OUTCOME_DENIED},
     1,
     1,
     "warning backup=mx2 domain=example.com verb=ETRN code=459 outcome=denied ms=0 text=\"\""},
    {"ATRN",
     {.backup = &mx2,
      .domain = "example.com",
      .verb = VERB_ATRN,
      .code = 453,
      .outcome = OUTCOME_EMPTY,
      .text = no_route},
     1,
     1,
     "info backup=mx2 domain=example.com verb=ATRN code=453 outcome=empty ms=0 text=\"no route\""},
    {"40 domains that could not be asked",
     {.backup = &mx2,
      .domain = "example.com",
      .verb = VERB_CONNECT,
      .outcome = OUTCOME_UNREACHABLE,
      .ms = 3,
      .text = no_route},
     40,
     1,
     "warning backup=mx2 domains=40 verb=CONNECT outcome=unreachable ms=3 text=\"no route\""},
    {"held",
     {.backup = &mx2, .domain = "example.com", .outcome = OUTCOME_HELD, .text = no_route},
     120,
     60,
     "warning backups=60 domains=120 outcome=held text=\"no route\""},
    {"one held",
     {.backup = &mx2, .domain = "example.com", .outcome = OUTCOME_HELD, .text = no_route},
     1,
     1,
     "warning backup=mx2 domain=example.com verb=CONNECT outcome=held ms=0 text=\"no route\""},
    {"dry run",
     {.backup = &mx2, .domain = "example.com", .dry = true, .command = command, .ms = 5},
     1,
     1,
     "info backup=mx2 domain=example.com command=\"ETRN example.com\" ms=5"},
};

/* A sink that keeps one line. */
static void keep(void *context, const struct log_event *event)
{
    struct buffer *line = context;

    (void)buffer_append_format(line, "%s ", level_name(event->level));
    struct buffer text;
    buffer_init(&text, TEXT_SIZE);
    log_format(&text, event);
    (void)buffer_append(line, text.bytes, text.size);
    buffer_done(&text);
}

static void test_answer(void **state)
{
    const struct answer_row *row = *state;
    const struct answers answers_given = {
        &row->result, row->result.text, row->count, row->backups, false, NULL};
    struct buffer line;

    buffer_init(&line, TEXT_SIZE);
    log_open(LEVEL_INFO, keep, &line);
    logging_answer(&answers_given);
    log_open(LEVEL_ERROR, NULL, NULL);
    assert_string_equal(line.bytes, row->line);
    buffer_done(&line);
}

static void test_wire(void **state)
{
    static char name[] = "mx2";
    const struct backup_config wire_backup = {.name = name};
    struct buffer line;

    (void)state;
    buffer_init(&line, TEXT_SIZE);
    log_open(LEVEL_DEBUG, keep, &line);
    logging_wire(NULL, &wire_backup, '>', "QUIT", 4);
    assert_string_equal(line.bytes, "");
    log_open(LEVEL_TRACE, keep, &line);
    logging_wire(NULL, &wire_backup, '<', "250 a\0b\x1b", 8);
    assert_string_equal(line.bytes, "trace backup=mx2 wire=\"< 250 a?b\\x1b\"");
    log_open(LEVEL_ERROR, NULL, NULL);
    buffer_done(&line);
}

/* ---- a log in a file ---- */

static void read_file(const char *path, char text[TEXT_SIZE])
{
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    text[fread(text, 1, TEXT_SIZE - 1, file)] = '\0';
    (void)fclose(file);
}

static void test_file(void **state)
{
    char path[] = "test_cli_log.log", text[TEXT_SIZE];
    struct logging logging;
    struct error error;

    (void)state;
    (void)remove(path);
    for (int i = 0; i < 2; i++) { /* it is appended to */
        const struct logging_options options = {.target = LOG_FILE, .path = path, .quiet = true};

        assert_int_equal(logging_open(&logging, &options, &error), STATUS_OK);
        log_message(LEVEL_INFO, "line %d", i);
        log_message(LEVEL_DEBUG, "not wanted");
        logging_close(&logging);
        log_message(LEVEL_ERROR, "after the end");
    }
    read_file(path, text);
    assert_non_null(strstr(text, "Z info line 0\n2"));
    assert_non_null(strstr(text, "Z info line 1\n"));
    assert_int_equal(strlen(text), 2 * strlen("2026-11-23T16:00:00Z info line 0\n"));
    (void)remove(path);

    const struct logging_options nowhere = {.target = LOG_FILE,
                                            .path = "/nonexistent/directory/log"};
    assert_int_equal(logging_open(&logging, &nowhere, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "/nonexistent/directory/log"));
}

/* Each line is there as soon as it was said, whoever reads it meanwhile, and whatever becomes of us. Trap: there
 * are systems whose C library has no line buffers, and keeps back what goes to standard error if that is a file. */
static void test_at_once(void **state)
{
    char path[] = "test_cli_log_at_once.log", text[TEXT_SIZE];
    const struct logging_options in_file = {.target = LOG_FILE, .path = path};
    const struct logging_options on_stderr = {.target = LOG_STDERR};
    struct logging logging;
    struct error error;

    (void)state;
    (void)remove(path);
    assert_int_equal(logging_open(&logging, &in_file, &error), STATUS_OK);
    log_message(LEVEL_INFO, "said");
    read_file(path, text);
    assert_non_null(strstr(text, "said\n"));
    logging_close(&logging);

    FILE *file = fopen(path, "w");
    int before = dup(fileno(stderr));
    assert_non_null(file);
    assert_true(before >= 0 && dup2(fileno(file), fileno(stderr)) >= 0);
    assert_int_equal(logging_open(&logging, &on_stderr, &error), STATUS_OK);
    log_message(LEVEL_INFO, "said");
    read_file(path, text);
    logging_close(&logging);
    assert_true(dup2(before, fileno(stderr)) >= 0);
    assert_string_equal(text, "mxpull: said\n");
    (void)close(before);
    (void)fclose(file);
    (void)remove(path);
}

/* ---- metrics ---- */

static struct backup_config metrics_backups[2];
static char odd_queue[] = "#q", domain_com[] = "example.com", domain_net[] = "example.net",
            domain_unknown[] = "unknown.example";
static char *mx2_domains[] = {domain_com, domain_net, domain_unknown}, *odd_domains[] = {odd_queue};

static struct config metrics_config(void)
{
    metrics_backups[0] = mx2;
    metrics_backups[0].domain_texts = mx2_domains;
    metrics_backups[0].domain_count = COUNT_OF(mx2_domains);
    metrics_backups[1] = odd;
    metrics_backups[1].domain_texts = odd_domains;
    metrics_backups[1].domain_count = 1;
    return (struct config){.backups = metrics_backups, .backup_count = 2};
}

static void test_metrics(void **state)
{
    const struct result started = {.backup = &mx2,
                                   .domain = "example.com",
                                   .known = true,
                                   .at_ms = wall_ms + 900,
                                   .code = 250,
                                   .pending = -1,
                                   .refused_for_now = -1,
                                   .refused_for_good = -1};
    const struct result pending = {.backup = &odd,
                                   .domain = "#q",
                                   .known = true,
                                   .code = 253,
                                   .pending = 3,
                                   .refused_for_now = 2,
                                   .refused_for_good = -1,
                                   .outcome = OUTCOME_PENDING};
    const struct result failed = {.backup = &mx2,
                                  .domain = "example.net",
                                  .known = true,
                                  .at_ms = wall_ms + 900,
                                  .pending = -1,
                                  .refused_for_now = -1,
                                  .refused_for_good = -1,
                                  .outcome = OUTCOME_TIMEOUT};
    const struct result unknown = {.backup = &mx2, .domain = "unknown.example", .pending = -1};
    const struct result *const results[] = {&started, &pending, &failed, &unknown};
    const struct round_facts facts = {.started_wall_ms = wall_ms,
                                      .elapsed_ms = 1042,
                                      .results = results,
                                      .count = COUNT_OF(results)};
    const struct config config = metrics_config();
    struct status_view view;
    struct buffer text;
    struct error error;

    (void)state;
    buffer_init(&text, TEXT_SIZE);
    assert_int_equal(status_view_read(&view, &config, NULL, NULL, wall_ms, utc_offset, &error),
                     STATUS_OK);
    metrics_add_results(&view, &facts);
    view.primary = OUTAGE_DOWN;
    view.life.since_ms = 1500;
    view.has_outage = true;
    view.outage = (struct store_outage){.began_ms = wall_ms - 2500};
    view.backups[1].has_certificate = true;
    view.backups[1].state.certificate_expires_ms = wall_ms + 86400000;
    metrics_format(&text, &view, &facts);
    status_view_done(&view);
    assert_string_equal(
        text.bytes,
        "# HELP mxpull_last_round_timestamp_seconds When the last round ended, in seconds since "
        "1970.\n"
        "# TYPE mxpull_last_round_timestamp_seconds gauge\n"
        "mxpull_last_round_timestamp_seconds 1795449601.042\n"
        "# HELP mxpull_round_seconds How long the last round took.\n"
        "# TYPE mxpull_round_seconds gauge\n"
        "mxpull_round_seconds 1.042\n"
        "# HELP mxpull_primary_up Whether your mail server takes mail.\n"
        "# TYPE mxpull_primary_up gauge\n"
        "mxpull_primary_up 0\n"
        "# HELP mxpull_primary_since_timestamp_seconds Since when it is so, in seconds since "
        "1970.\n"
        "# TYPE mxpull_primary_since_timestamp_seconds gauge\n"
        "mxpull_primary_since_timestamp_seconds 1.500\n"
        "# HELP mxpull_last_outage_seconds How long the last outage of your mail server lasted, or "
        "lasts so far.\n"
        "# TYPE mxpull_last_outage_seconds gauge\n"
        "mxpull_last_outage_seconds 2.500\n"
        "# HELP mxpull_poll_success Whether the last answer of a backup for a domain was a good "
        "one.\n"
        "# TYPE mxpull_poll_success gauge\n"
        "mxpull_poll_success{backup=\"mx2\",domain=\"example.com\"} 1\n"
        "mxpull_poll_success{backup=\"mx2\",domain=\"example.net\"} 0\n"
        "mxpull_poll_success{backup=\"a\\\"b\\\\c\\\\n\\\\x1b\",domain=\"#q\"} 1\n"
        "# HELP mxpull_outcome The outcome of the last answer, as a label.\n"
        "# TYPE mxpull_outcome gauge\n"
        "mxpull_outcome{backup=\"mx2\",domain=\"example.com\",outcome=\"started\"} 1\n"
        "mxpull_outcome{backup=\"mx2\",domain=\"example.net\",outcome=\"timeout\"} 1\n"
        "mxpull_outcome{backup=\"a\\\"b\\\\c\\\\n\\\\x1b\",domain=\"#q\",outcome=\"pending\"} 1\n"
        "# HELP mxpull_answer_code The SMTP reply code of the last answer.\n"
        "# TYPE mxpull_answer_code gauge\n"
        "mxpull_answer_code{backup=\"mx2\",domain=\"example.com\"} 250\n"
        "mxpull_answer_code{backup=\"a\\\"b\\\\c\\\\n\\\\x1b\",domain=\"#q\"} 253\n"
        "# HELP mxpull_last_success_timestamp_seconds When the last good answer came, in seconds "
        "since 1970.\n"
        "# TYPE mxpull_last_success_timestamp_seconds gauge\n"
        "mxpull_last_success_timestamp_seconds{backup=\"mx2\",domain=\"example.com\"} 1795449600\n"
        "# HELP mxpull_pending_messages Messages that the backup said it holds.\n"
        "# TYPE mxpull_pending_messages gauge\n"
        "mxpull_pending_messages{backup=\"a\\\"b\\\\c\\\\n\\\\x1b\",domain=\"#q\"} 3\n"
        "# HELP mxpull_refused_for_now_messages Messages of the last ATRN or TURN that your "
        "mail server did not take for a while.\n"
        "# TYPE mxpull_refused_for_now_messages gauge\n"
        "mxpull_refused_for_now_messages{backup=\"a\\\"b\\\\c\\\\n\\\\x1b\",domain=\"#q\"} 2\n"
        "# HELP mxpull_certificate_expiry_timestamp_seconds When the verified certificate of the "
        "backup ends, in seconds since 1970.\n"
        "# TYPE mxpull_certificate_expiry_timestamp_seconds gauge\n"
        "mxpull_certificate_expiry_timestamp_seconds{backup=\"a\\\"b\\\\c\\\\n\\\\x1b\"} "
        "1795536000\n");
    buffer_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wire), cmocka_unit_test(test_long),
                                       cmocka_unit_test(test_file), cmocka_unit_test(test_at_once),
                                       cmocka_unit_test(test_metrics)};
    int failed = 0;

    failed += RUN_TABLE(formats, test_format);
    failed += RUN_TABLE(levels, test_level);
    failed += RUN_TABLE(answers, test_answer);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    return unit_status(failed);
}
