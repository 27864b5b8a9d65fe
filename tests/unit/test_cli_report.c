/* cli: what is reported of a round: lines, the summary, the JSON object. */
#include "random.h"
#include "unit.h"

#include <cli/line.h>
#include <cli/report.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    TEXT_SIZE = 8 * 1024
};

/* Results as a round would make them; the union is the only way to give a constant to an owner of
 * text. */
static char *given(const char *text)
{
    union {
        const char *constant;
        char *text;
    } pun = {.constant = text};

    return pun.text;
}

static char mx2_name[] = "mx2", backup_name[] = "backup", host_name[] = "mx2.example.net";
static const struct backup_config mx2 = {
    .name = mx2_name, .host = host_name, .port = 25, .method = METHOD_ETRN};
static const struct backup_config other = {
    .name = backup_name, .host = host_name, .port = 366, .method = METHOD_ATRN};

static struct result answer(enum outcome outcome, int code, const char *text)
{
    return (struct result){.backup = &mx2,
                           .domain = "example.com",
                           .known = true,
                           .outcome = outcome,
                           .verb = VERB_ETRN,
                           .code = code,
                           .text = given(text),
                           .address = given("192.0.2.7"),
                           .pending = -1,
                           .messages = -1,
                           .bytes = -1,
                           .refused_for_now = -1,
                           .refused_for_good = -1,
                           .attempts = 1,
                           .ms = 18};
}

struct result_row {
    const char *name;
    enum outcome outcome;
    int code;
    const char *text;
    size_t columns; /* 0: any */
    bool color;
    const char *line; /* the first line */
};

static const struct result_row result_rows[] = {
    {"started", OUTCOME_STARTED, 250, "Queuing started", 0, false,
     "mx2  example.com  started         250 Queuing started"},
    {"a bare code", OUTCOME_STARTED, 250, "", 0, false, "mx2  example.com  started         250"},
    {"no code", OUTCOME_TIMEOUT, 0, "no answer in 5m", 0, false,
     "mx2  example.com  timeout         no answer in 5m"},
    {"no text", OUTCOME_TIMEOUT, 0, NULL, 0, false, "mx2  example.com  timeout"},
    {"the longest outcome", OUTCOME_AUTHENTICATION, 535, "no", 0, false,
     "mx2  example.com  authentication  535 no"},
    {"lines", OUTCOME_STARTED, 250, "one\ntwo", 0, false,
     "mx2  example.com  started         250 one\\ntwo"},
    {"escape", OUTCOME_STARTED, 250, "\x1b[2J", 0, false,
     "mx2  example.com  started         250 \\x1b[2J"},
    {"C1 control", OUTCOME_STARTED, 250,
     "\xc2\x9b"
     "2J",
     0, false, "mx2  example.com  started         250 \\xc2\\x9b2J"},
    {"backslash", OUTCOME_STARTED, 250, "a\\n", 0, false,
     "mx2  example.com  started         250 a\\\\n"},
    {"Latin-1", OUTCOME_STARTED, 250, "gr\xfc\xdf", 0, false,
     "mx2  example.com  started         250 gr\\xfc\\xdf"},
    {"UTF-8", OUTCOME_STARTED, 250, "gr\xc3\xbc\xc3\x9f", 0, false,
     "mx2  example.com  started         250 gr\xc3\xbc\xc3\x9f"},
    {"no room for UTF-8", OUTCOME_STARTED, 250, "gr\xc3\xbc\xc3\x9f", 41, false,
     "mx2  example.com  started         250"},
    {"room for UTF-8", OUTCOME_STARTED, 250, "gr\xc3\xbc\xc3\x9f", 42, false,
     "mx2  example.com  started         250 gr\xc3\xbc\xc3\x9f"},
    {"no room for the wide", OUTCOME_STARTED, 250, "\xe6\x97\xa5\xe6\x9c\xac", 41, false,
     "mx2  example.com  started         250"},
    {"no room for the outcome", OUTCOME_STARTED, 250, "x", 10, false, "mx2"},
    {"no room for the domain", OUTCOME_STARTED, 250, "x", 4, false, "mx2"},
    {"no room for the name", OUTCOME_STARTED, 250, "x", 1, false, "m"},
    {"no room behind the domain", OUTCOME_STARTED, 250, "x", 16, false, "mx2"},
    {"green", OUTCOME_EMPTY, 251, "OK", 0, true,
     "mx2  example.com  \x1b[32mempty\x1b[0m           251 OK"},
    {"yellow", OUTCOME_DEFERRED, 458, "no", 0, true,
     "mx2  example.com  \x1b[33mdeferred\x1b[0m        458 no"},
    {"red", OUTCOME_DENIED, 459, "no", 0, true,
     "mx2  example.com  \x1b[31mdenied\x1b[0m          459 no"},
    {"no room in colour", OUTCOME_DENIED, 459, "no", 20, true, "mx2"},
};

static void test_result(void **state)
{
    const struct result_row *row = *state;
    const struct result result = answer(row->outcome, row->code, row->text);
    const struct result *const results[] = {&result};
    const struct line_look look = {.columns = row->columns > 0 ? row->columns : LINE_UNBOUNDED,
                                   .color = row->color};
    struct buffer text;

    buffer_init(&text, TEXT_SIZE);
    report_append_answers(&text, &(struct answers){&result, result.text, 1, 1, false, NULL}, look,
                          report_widths(results, 1), NULL);
    size_t size = strcspn(text.bytes, "\n");
    text.bytes[size] = '\0';
    assert_string_equal(text.bytes, row->line);

    if (outcome_exit_status(row->outcome) == 0 && row->columns == 0)
        assert_int_equal(text.size, size + 1);
    buffer_done(&text);
}

/* Advice stands below what is no success. */
static const struct advised_row {
    const char *name;
    enum outcome outcome;
    int code;
    const char *lines;
} advised_rows[] = {
    {"a refusal", OUTCOME_DENIED, 459,
     "mx2  example.com  denied          459 no\n      ask the backup's administrator to allow your "
     "address to ask for this domain\n"},
    {"put off", OUTCOME_DEFERRED, 458,
     "mx2  example.com  deferred        458 no\n      pull again later; Exim says 458 for what it "
     "never allows, too: if it stays so, "
     "ask the backup's administrator to allow it\n"},
    {"no answer", OUTCOME_TIMEOUT, 0,
     "mx2  example.com  timeout         no\n      the backup did not answer in time; pull again "
     "later, or raise command_timeout\n"},
    {"a success", OUTCOME_STARTED, 250, "mx2  example.com  started         250 no\n"},
};

static void test_advised(void **state)
{
    const struct advised_row *row = *state;
    struct result result = answer(row->outcome, row->code, "no");
    struct buffer text;

    result.stage = STAGE_COMMAND;
    buffer_init(&text, TEXT_SIZE);
    const struct result *const results[] = {&result};
    report_append_answers(&text, &(struct answers){&result, result.text, 1, 1, false, NULL},
                          (struct line_look){.columns = LINE_UNBOUNDED}, report_widths(results, 1),
                          NULL);
    assert_string_equal(text.bytes, row->lines);
    buffer_done(&text);
}

/* What does not fit into the width goes on in the next line: neither why a server refused us, nor the
 * outcome behind long names, is ever cut off. */
static void test_fold(void **state)
{
    const struct result result = answer(OUTCOME_STARTED, 250, "one two three four five");
    const struct answers answers = {&result, result.text, 1, 1, false, NULL};
    struct buffer text;

    (void)state;
    buffer_init(&text, TEXT_SIZE);
    report_append_answers(&text, &answers, (struct line_look){.columns = 39},
                          (struct line_widths){0}, NULL);
    assert_string_equal(text.bytes,
                        "mx2  example.com  started         250\n      one two three four five\n");
    buffer_clear(&text);
    report_append_answers(&text, &answers, (struct line_look){.columns = 31},
                          (struct line_widths){0}, NULL);
    assert_string_equal(text.bytes, "mx2\n      example.com\n      started         250 one\n"
                                    "      two three four five\n");
    buffer_done(&text);
}

struct last_row {
    const char *name;
    const char *text;
    size_t columns;
    const char *lines; /* behind a cell "a", with an indent of 2 */
};

static const struct last_row last_rows[] = {
    {"fits", "one two", 10, "a  one two"},
    {"does not", "one two", 9, "a  one\n  two"},
    {"several lines", "one two three four", 9, "a  one\n  two\n  three\n  four"},
    {"filled to the last column", "one two three four", 12, "a  one two\n  three four"},
    {"blanks at the break", "one  two   three", 9, "a  one\n  two\n  three"},
    {"blanks at the end", "one  ", 6, "a  one"},
    {"a word for the next line", "two-three", 11, "a\n  two-three"},
    {"a word longer than a line", "abcdefghijklm", 10, "a  abcdefg\n  hijklm"},
    {"the same behind another", "x abcdefghijklm", 10, "a  x\n  abcdefgh\n  ijklm"},
    {"wide characters of one word", "\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac", 8,
     "a  \xe6\x97\xa5\xe6\x9c\xac\n  \xe6\x97\xa5\xe6\x9c\xac"},
    {"no room for an indent", "one two", 3, "a\none\ntwo"},
    {"too narrow", "\xe6\x97\xa5", 1, "a\n"},
    {"nothing", "", 10, "a"},
};

static void test_last(void **state)
{
    const struct last_row *row = *state;
    struct buffer text;
    struct line line = line_begin(&text, (struct line_look){row->columns, false});

    buffer_init(&text, TEXT_SIZE);
    line_cell(&line, STYLE_PLAIN, "a", 0);
    line_last(&line, STYLE_PLAIN, row->text, 2);
    assert_int_equal(text.bytes[text.size - 1], '\n');
    buffer_cut(&text, text.size - 1);
    assert_string_equal(text.bytes, row->lines);
    buffer_done(&text);
}

/* What a remote says never makes a line wider than it may be, nor of more lines, and nothing but
 * our own colours is on it. */
static void test_any_text(void **state)
{
    static const char pieces[][8] = {"a",
                                     "\x1b[",
                                     "\xff",
                                     "\xc3\xa4",
                                     "\xe6\x97\xa5",
                                     "\n",
                                     "\xe2\x80\xae",
                                     "\xf0\x9f\x98\x80",
                                     "\xf0\x9f",
                                     "\x7f\\\"\r"};
    uint64_t random = random_begin();

    (void)state;
    for (int round = 0; round < 2000; round++) {
        char said[200] = "";
        struct buffer text;

        for (int i = 0; i < 20; i++) {
            strncat(said, pieces[random_below(&random, COUNT_OF(pieces))],
                    sizeof said - strlen(said) - 1);
        }
        size_t columns = random_below(&random, 60);
        buffer_init(&text, TEXT_SIZE);
        struct line line = line_begin(&text, (struct line_look){columns, false});
        line_cell(&line, STYLE_PLAIN, "mx2", 5);
        line_cell(&line, STYLE_PLAIN, said, 0);
        line_cell(&line, STYLE_PLAIN, "end", 0);
        for (size_t i = 0; i < text.size; i++)
            assert_true((unsigned char)text.bytes[i] >= ' ' && text.bytes[i] != 0x7f);
        /* Escaping once more doubles the backslashes, so those are left out of the measure. */
        for (size_t i = 0; i < text.size; i++)
            text.bytes[i] = text.bytes[i] == '\\' ? '/' : text.bytes[i];
        assert_true(line_columns(text.bytes) <= columns);
        buffer_done(&text);
    }
}

static void test_columns(void **state)
{
    struct result first = answer(OUTCOME_STARTED, 250, "a"),
                  second = answer(OUTCOME_DENIED, 459, "b");
    const struct result *const results[] = {&first, &second};
    struct buffer text;

    (void)state;
    second.backup = &other;
    second.domain = "\xe6\x97\xa5\xe6\x9c\xac.jp"; /* 7 columns, 9 bytes */
    const struct line_look look = {.columns = LINE_UNBOUNDED};
    buffer_init(&text, TEXT_SIZE);
    report_append_answers(&text, &(struct answers){&first, first.text, 1, 1, false, NULL}, look,
                          report_widths(results, 2), NULL);
    report_append_answers(&text, &(struct answers){&second, second.text, 1, 1, false, NULL}, look,
                          report_widths(results, 2), NULL);
    assert_non_null(strstr(text.bytes, "mx2     example.com  started         250 a\n"));
    assert_non_null(
        strstr(text.bytes, "backup  \xe6\x97\xa5\xe6\x9c\xac.jp      denied          459 b\n"));
    buffer_done(&text);
}

/* ---- whole reports ---- */

/* Writes a report of these results and gives what stood on the stream. */
static void run_report(char text[TEXT_SIZE], const struct report *wanted,
                       const struct round_facts *facts)
{
    struct report report = *wanted;
    FILE *stream = tmpfile();
    struct output output = {.stream = stream};

    assert_non_null(stream);
    report.output = &output;
    report.widths = report_widths(facts->results, facts->count);
    report_begin(&report);
    for (size_t i = 0; i < facts->count; i++)
        gather_add(report.gather, facts->results[i]);
    gather_flush(report.gather);
    report_finish(&report, facts);
    report_done(&report);
    assert_true(output_finish(&output));
    rewind(stream);
    text[fread(text, 1, TEXT_SIZE - 1, stream)] = '\0';
    (void)fclose(stream);
}

struct report_row {
    const char *name;
    bool json;
    bool quiet;
    bool has_failure;
    const char *text;
};

#define JSON_KEYS_FRONT                                                                            \
    "\"backup\":\"mx2\",\"host\":\"mx2.example.net\",\"address\":\"192.0.2.7\",\"port\":25,"       \
    "\"method\":\"etrn\","
#define JSON_STARTED                                                                               \
    "{" JSON_KEYS_FRONT "\"domain\":\"example.com\",\"outcome\":\"started\",\"code\":250,"         \
    "\"text\":\"Queuing started\","                                                                \
    "\"pending\":null,\"messages\":null,\"bytes\":null,\"tls\":\"TLSv1.3\",\"authenticated\":"     \
    "false,\"attempts\":1,\"ms\":18,\"refused_for_now\":null,\"refused_for_good\":null,"           \
    "\"arrival\":null}"
#define JSON_PENDING                                                                               \
    "{" JSON_KEYS_FRONT "\"domain\":\"example.com\",\"outcome\":\"pending\",\"code\":253,"         \
    "\"text\":\"OK\",\"pending\":3,"                                                               \
    "\"messages\":0,\"bytes\":7,\"tls\":null,\"authenticated\":true,\"attempts\":1,\"ms\":18,"     \
    "\"refused_for_now\":null,\"refused_for_good\":null,\"arrival\":null}"
#define JSON_FAILED                                                                                \
    "{\"backup\":\"backup\",\"host\":\"mx2.example.net\",\"address\":null,\"port\":366,"           \
    "\"method\":\"atrn\",\"domain\":\"b.example\","                                                \
    "\"outcome\":\"unreachable\",\"code\":null,\"text\":\"\\\\x1b\\\\xff\\\"\\\\n\xc3\xa4\","      \
    "\"pending\":null,\"messages\":null,"                                                          \
    "\"bytes\":null,\"tls\":null,\"authenticated\":false,\"attempts\":1,\"ms\":18,\"refused_for_"  \
    "now\":null,\"refused_for_good\":null,\"arrival\":null}"
#define JSON_FRONT(status)                                                                         \
    "{\"started\":\"2026-11-23T16:00:00Z\",\"seconds\":0.42,\"exit_status\":" status               \
    ",\"results\":["

static const struct report_row reports[] = {
    {"lines", false, false, false,
     "mx2  example.com  started         250 Queuing started\n"
     "mx2  example.com  pending         253 OK\n"
     "2 asked, 2 ok, 0 failed in 0.4 s\n"},
    {"lines, quiet", false, true, false, ""},
    {"lines, quiet, wrong", false, true, true,
     "backup  b.example    unreachable     \\x1b\\xff\"\\n\xc3\xa4\n"
     "      check the line, host and port, and any firewall in between\n"},
    {"JSON", true, false, false,
     JSON_FRONT("0") JSON_STARTED
     "," JSON_PENDING "],\"summary\":{\"asked\":2,\"ok\":2,\"failed\":0,\"held\":0}}\n"},
    {"JSON, quiet", true, true, false, ""},
    {"JSON, wrong", true, false, true,
     JSON_FRONT("75") JSON_STARTED
     "," JSON_PENDING "," JSON_FAILED
     "],\"summary\":{\"asked\":3,\"ok\":2,\"failed\":1,\"held\":0}}\n"},
};

static void test_report(void **state)
{
    const struct report_row *row = *state;
    struct result started = answer(OUTCOME_STARTED, 250, "Queuing started");
    struct result pending = answer(OUTCOME_PENDING, 253, "OK");
    struct result failed = answer(OUTCOME_UNREACHABLE, 0, "\x1b\xff\"\n\xc3\xa4");
    const struct result *const results[] = {&started, &pending, &failed};
    char text[TEXT_SIZE];

    started.tls = given("TLSv1.3");
    pending.pending = 3;
    pending.messages = 0;
    pending.bytes = 7;
    pending.authenticated = true;
    failed.backup = &other;
    failed.stage = STAGE_CONNECT;
    failed.domain = "b.example";
    failed.address = given("");
    const struct round_facts facts = {.started_wall_ms = INT64_C(1795449600000),
                                      .elapsed_ms = 420,
                                      .exit_status = row->has_failure ? 75 : 0,
                                      .results = results,
                                      .count = row->has_failure ? 3 : 2};
    run_report(text,
               &(struct report){
                   .json = row->json, .quiet = row->quiet, .look = {.columns = LINE_UNBOUNDED}},
               &facts);
    assert_string_equal(text, row->text);
}

static void test_dry_run(void **state)
{
    struct result ready = answer(OUTCOME_STARTED, 0, "");
    const struct result *const results[] = {&ready};
    const struct round_facts facts = {
        .dry_run = true, .results = results, .count = 1, .elapsed_ms = 61000};
    char text[TEXT_SIZE];

    (void)state;
    ready.dry = true;
    ready.command = given("ETRN example.com");
    run_report(text, &(struct report){.look = {.columns = LINE_UNBOUNDED}}, &facts);
    assert_string_equal(text, "mx2  would send  ETRN example.com\n"
                              "dry run, nothing was asked: 1 ready, 0 failed in 1m1s\n");
    run_report(text, &(struct report){.json = true}, &facts);
    assert_non_null(strstr(
        text, ",\"outcome\":null,\"command\":\"ETRN example.com\",\"code\":null,\"text\":null,"));
}

/* Names are the administrator's own: exact where they are UTF-8, never ill-formed. */
static void test_json_names(void **state)
{
    char name[] = "DOM\\mx\xe4";
    const struct backup_config odd = {.name = name, .host = host_name, .port = 25};
    struct result result = answer(OUTCOME_STARTED, 250, "");
    const struct result *const results[] = {&result};
    const struct round_facts facts = {.results = results, .count = 1};
    char text[TEXT_SIZE];

    (void)state;
    result.backup = &odd;
    result.domain = "#a\\b";
    run_report(text, &(struct report){.json = true}, &facts);
    assert_non_null(strstr(text, "\"backup\":\"DOM\\\\\\\\mx\\\\xe4\""));
    assert_non_null(
        strstr(text, "\"domain\":\"#a\\\\b\",\"outcome\":\"started\",\"code\":250,\"text\":\"\","));
}

static void test_summary(void **state)
{
    struct result ok = answer(OUTCOME_STARTED, 250, ""), late = answer(OUTCOME_TIMEOUT, 0, "");
    struct result no = answer(OUTCOME_DENIED, 459, ""), unknown = answer(OUTCOME_STARTED, 0, "");
    const struct result *const results[] = {&ok, &late, &ok, &no, &late, &unknown};
    const struct round_facts facts = {
        .results = results, .count = COUNT_OF(results), .elapsed_ms = 59949};
    struct buffer text;

    (void)state;
    unknown.known = false;
    buffer_init(&text, TEXT_SIZE);
    report_append_summary(&text, &facts, (struct line_look){.columns = LINE_UNBOUNDED});
    assert_string_equal(text.bytes, "5 asked, 2 ok, 3 failed (timeout 2, denied 1) in 59.9 s\n");
    buffer_clear(&text);
    report_append_summary(&text, &facts, (struct line_look){.columns = 40});
    assert_string_equal(text.bytes, "5 asked, 2 ok, 3 failed (timeout 2,\n  denied 1) in 59.9 s\n");

    no.outcome = OUTCOME_HELD;
    buffer_clear(&text);
    report_append_summary(&text, &facts, (struct line_look){.columns = LINE_UNBOUNDED});
    assert_string_equal(text.bytes, "4 asked, 2 ok, 2 failed (timeout 2), 1 held in 59.9 s\n");
    buffer_done(&text);
}

/* ---- what is the same for all ---- */

enum {
    MANY = 60
};

struct crowd {
    char names[MANY][16];
    struct backup_config backups[MANY];
    struct result results[2 * MANY];
    const struct result *list[2 * MANY];
    struct round_facts facts;
};

/* 60 backups, each with a.example and b.example. */
static struct crowd *make_crowd(enum outcome outcome, const char *text)
{
    struct crowd *crowd = memory_new(1, sizeof *crowd);

    for (size_t i = 0; i < 2 * (size_t)MANY; i++) {
        struct backup_config *backup = &crowd->backups[i / 2];

        (void)snprintf(crowd->names[i / 2], sizeof crowd->names[0], "mx%zu", i / 2);
        *backup = (struct backup_config){
            .name = crowd->names[i / 2], .host = host_name, .port = 25, .domain_count = 2};
        crowd->results[i] = answer(outcome, 0, text);
        crowd->results[i].backup = backup;
        crowd->results[i].verb = VERB_CONNECT;
        crowd->results[i].domain = i % 2 == 0 ? "a.example" : "b.example";
        crowd->list[i] = &crowd->results[i];
    }
    crowd->facts = (struct round_facts){
        .results = crowd->list, .count = COUNT_OF(crowd->list), .exit_status = 75};
    return crowd;
}

#define DOWN "your mail server 127.0.0.1:25 does not answer: connection refused"

static void test_held(void **state)
{
    const struct report lines = {.look = {.columns = LINE_UNBOUNDED}};
    const struct report quiet = {.quiet = true, .look = {.columns = LINE_UNBOUNDED}};
    const struct report narrow = {.look = {.columns = 70}};
    struct crowd *crowd = make_crowd(OUTCOME_HELD, DOWN);
    char text[TEXT_SIZE];

    (void)state;
    run_report(text, &lines, &crowd->facts);
    assert_string_equal(text, DOWN "; nothing was asked of 60 backups (120 domains)\n"
                                   "0 asked, 0 ok, 0 failed, 120 held in 0.0 s\n");
    run_report(text, &quiet, &crowd->facts);
    assert_string_equal(text, DOWN "; nothing was asked of 60 backups (120 domains)\n");
    run_report(text, &narrow, &crowd->facts);
    assert_string_equal(text, DOWN ";\n      nothing was asked of 60 backups (120 domains)\n"
                                   "0 asked, 0 ok, 0 failed, 120 held in 0.0 s\n");

    /* One word for each domain that it refuses, of all backups. */
    for (size_t i = 0; i < COUNT_OF(crowd->results); i++)
        crowd->results[i].text = given(i % 2 == 0 ? "no a" : "no b");
    run_report(text, &quiet, &crowd->facts);
    assert_string_equal(text, "no a; not asked for: 60 domains of 60 backups (a.example)\n"
                              "no b; not asked for: 60 domains of 60 backups (b.example)\n");
    /* The same word for each of them. */
    for (size_t i = 0; i < COUNT_OF(crowd->results); i++)
        crowd->results[i].text = given(
            i % 2 == 0
                ? "your mail server refuses postmaster@a.example: 450 <postmaster@a.example> later"
                : "your mail server refuses postmaster@b.example: 450 <postmaster@b.example> "
                  "later");
    run_report(text, &quiet, &crowd->facts);
    assert_string_equal(
        text,
        "your mail server refuses postmaster@…: 450 <postmaster@…> later; nothing was asked of 60 "
        "backups (120 domains)\n");
    free(crowd);
}

/* Where these are not all of a backup's domains, it is told which they are, up to five. */
static void test_part_is_named(void **state)
{
    const struct report quiet = {.quiet = true, .look = {.columns = LINE_UNBOUNDED}};
    static const char *const names[] = {"a.example", "b.example", "c.example", "d.example",
                                        "e.example", "f.example", "g.example"};
    struct crowd *crowd = make_crowd(OUTCOME_DEFERRED, "not asked");
    char text[TEXT_SIZE];

    (void)state;
    crowd->backups[0].domain_count = 9;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        crowd->results[i].backup = &crowd->backups[0];
        crowd->results[i].domain = names[i];
    }
    crowd->facts.count = COUNT_OF(names);
    run_report(text, &quiet, &crowd->facts);
    assert_non_null(strstr(text, "mx0  7 domains  deferred        not asked: a.example, b.example, "
                                 "c.example, d.example, e.example and 2 more\n"));
    crowd->facts.count = 2;
    run_report(text, &quiet, &crowd->facts);
    assert_non_null(strstr(text, "2 domains  deferred        not asked: a.example, b.example\n"));
    crowd->backups[0].domain_count = COUNT_OF(names);
    crowd->facts.count = COUNT_OF(names);
    run_report(text, &quiet, &crowd->facts);
    assert_non_null(strstr(text, "mx0  7 domains  deferred        not asked\n"));
    free(crowd);
}

/* A backup that could not be asked at all is told once; another one is another failure; what can be
 * done is the same. */
static void test_common_failure(void **state)
{
    const struct report quiet = {.quiet = true, .look = {.columns = LINE_UNBOUNDED}};
    struct crowd *crowd = make_crowd(OUTCOME_UNREACHABLE, "no route");
    char text[TEXT_SIZE];

    (void)state;
    crowd->facts.count = 5;
    for (size_t i = 0; i < 5; i++)
        crowd->results[i].stage = STAGE_CONNECT;
    crowd->results[4].backup = &crowd->backups[0];
    run_report(text, &quiet, &crowd->facts);
    assert_string_equal(text, "mx0  3 domains  unreachable     no route\n"
                              "      check the line, host and port, and any firewall in between\n"
                              "mx1  2 domains  unreachable     no route\n");
    /* What was answered for a domain is told for it. */
    for (size_t i = 0; i < 5; i++)
        crowd->results[i].verb = VERB_ETRN;
    crowd->facts.count = 2;
    run_report(text, &quiet, &crowd->facts);
    assert_string_equal(text, "mx0  a.example  unreachable     no route\n"
                              "      check the line, host and port, and any firewall in between\n"
                              "mx0  b.example  unreachable     no route\n");
    free(crowd);
}

/* A full disk or a closed pipe: told once, and nothing more is written. */
static void test_output_fails(void **state)
{
    FILE *stream = fopen("/dev/full", "w");
    struct output output = {.stream = stream};

    (void)state;
    if (stream == NULL)
        skip();
    output_write(&output, "x", 1);
    assert_int_not_equal(output.failure, 0);
    output_write(&output, "y", 1);
    assert_false(output_finish(&output));
    (void)fclose(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold),          cmocka_unit_test(test_any_text),
        cmocka_unit_test(test_columns),       cmocka_unit_test(test_dry_run),
        cmocka_unit_test(test_json_names),    cmocka_unit_test(test_summary),
        cmocka_unit_test(test_output_fails),  cmocka_unit_test(test_held),
        cmocka_unit_test(test_part_is_named), cmocka_unit_test(test_common_failure),
    };
    int failed = 0;

    failed += RUN_TABLE(result_rows, test_result);
    failed += RUN_TABLE(advised_rows, test_advised);
    failed += RUN_TABLE(last_rows, test_last);
    failed += RUN_TABLE(reports, test_report);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    return unit_status(failed);
}
