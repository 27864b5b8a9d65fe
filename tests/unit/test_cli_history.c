/* cli: the past, in each form, and what is asked of it. */
#define _XOPEN_SOURCE 700 /* tzset */

#include "test_cli_past.h"
#include "zones.h"

#include <cli/history.h>
#include <cli/line.h>

#include <jansson.h>

#include <time.h>

enum {
    MANY = 3000
};

static int begin(void **state)
{
    int failed = make_directory(state);

    make_config();
    return failed;
}

/* ---- --since ---- */

struct since_row {
    const char *name;
    const char *text;
    schedule_offset *offset;
    int64_t since_s; /* -1: it is refused */
};

static const struct since_row since_rows[] = {
    {"days", "2d", utc, NOW / 1000 - 2 * 86400},
    {"hours", "36h", utc, NOW / 1000 - 36 * 3600},
    {"combined", "1h30m", berlin, NOW / 1000 - 5400},
    {"now", "0", utc, NOW / 1000},
    {"a date", "2026-11-20", utc, 1795132800},
    {"a date where it is not UTC", "2026-11-20", berlin, 1795129200},
    {"minutes", "2026-11-20 07:00", utc, 1795158000},
    {"minutes where it is not UTC", "2026-11-20 07:00", new_york, 1795176000},
    {"seconds", "2026-11-20 07:00:30", utc, 1795158030},
    {"with a T", "2026-11-20T07:00:30", berlin, 1795154430},
    {"UTC", "2026-11-20T07:00:00Z", berlin, 1795158000},
    {"UTC with a blank", "2026-11-20 07:00Z", new_york, 1795158000},
    {"summer", "2026-07-01 12:00", berlin, 1782900000},
    {"29 February", "2028-02-29", utc, 1835395200},
    {"the beginning", "1970-01-01", utc, 0},
    {"the last day", "2026-12-31T23:59:59Z", utc, 1798761599},
    {"the hour before the clocks go forward", "2026-03-29 01:59:59", berlin, 1774745999},
    {"the hour after it", "2026-03-29 03:00", berlin, 1774746000},
    {"an hour that is skipped", "2026-03-29 02:30", berlin, 1774747800},
    {"an hour that comes twice", "2026-10-25 02:30", berlin, 1792888200},
    {"the hour after that", "2026-10-25 03:00", berlin, 1792893600},
    {"nothing", "", utc, -1},
    {"a word", "yesterday", utc, -1},
    {"no unit", "36", utc, -1},
    {"29 February of another year", "2026-02-29", utc, -1},
    {"29 February of a century", "2100-02-29", utc, -1},
    {"31 November", "2026-11-31", utc, -1},
    {"day 0", "2026-11-00", utc, -1},
    {"month 13", "2026-13-01", utc, -1},
    {"month 0", "2026-00-01", utc, -1},
    {"hour 24", "2026-11-20 24:00", utc, -1},
    {"minute 60", "2026-11-20 07:60", utc, -1},
    {"second 60", "2026-11-20 07:00:60", utc, -1},
    {"half a time", "2026-11-20 07", utc, -1},
    {"no time", "2026-11-20T", utc, -1},
    {"one digit", "2026-11-20 7:00", utc, -1},
    {"a short year", "26-11-20", utc, -1},
    {"before 1970", "1969-12-31", utc, -1},
    {"a date with Z", "2026-11-20Z", utc, -1},
    {"more behind it", "2026-11-20 07:00 x", utc, -1},
    {"an offset", "2026-11-20T07:00:00+01:00", utc, -1},
    {"a sign", "-2d", utc, -1},
};

static void test_since(void **state)
{
    const struct since_row *row = *state;
    int64_t since_ms = 77;

    assert_int_equal(since_parse(row->text, NOW, row->offset, &since_ms), row->since_s >= 0);
    assert_int_equal(since_ms, row->since_s >= 0 ? row->since_s * 1000 : 77);
}

/* ---- names ---- */

struct name_row {
    const char *name;
    const char *given;
    const char *found; /* parted by blanks; NULL: it is refused */
};

static const struct name_row name_rows[] = {
    {"a backup", "mx2", "mx2"},
    {"a backup in capitals", "MX2", "MX2"},
    {"a domain", "example.org", "example.org"},
    {"a domain in capitals", "EXAMPLE.org", "example.org"},
    {"an IDN",
     "b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example b\xc3\xbc"
     "cher.example"},
    {"a backup of the past", "mx9", "mx9"},
    {"a domain of the past", "old.example", "old.example"},
    {"a domain of a message", "mail.example", "mail.example"},
    {"unknown", "other.example", NULL},
    {"a part of a name", "mx", NULL},
    {"empty", "", NULL},
    {"no name at all", "\x1b[2J", NULL},
};

static void test_name(void **state)
{
    static char idn[] = "xn--bcher-kva.example";
    const struct name_row *row = *state;
    char *texts[] = {idn, domain_org};
    struct history_names names = {0};
    struct buffer found;
    struct error error;

    assert_int_equal(begin(NULL), 0);
    test_backups[0].domain_texts = texts;
    assert_int_equal(node_parse(&mx2_nodes[0], idn, &error), STATUS_OK);
    struct store *store = open_store();
    say_strip(store, "mx9", "old.example", "+", NOW);
    assert_ok(store_add_message(store,
                                &(struct store_message){.at_ms = NOW,
                                                        .backup = "mx9",
                                                        .evidence = "bridge",
                                                        .sender = "",
                                                        .recipients = "<a@mail.example>",
                                                        .text = ""},
                                &problem));
    enum status status = history_names_find(&names, &row->given, 1, &test_config, store, &error);
    if (row->found == NULL) {
        assert_int_equal(status, STATUS_SYNTAX);
        assert_non_null(strstr(error.text, "\" is neither a backup nor a domain, "));
        assert_harmless(error.text);
    } else {
        assert_int_equal(status, STATUS_OK);
        buffer_init(&found, 1000);
        for (size_t i = 0; i < names.count; i++)
            (void)buffer_append_format(&found, "%s%s", i > 0 ? " " : "", names.names[i]);
        assert_string_equal(found.bytes, row->found);
        buffer_done(&found);
    }
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

static void names_are_not_too_many(void **state)
{
    static char texts[STORE_NAMES_MAX + 1][16];
    const char *given[STORE_NAMES_MAX + 1];
    struct store *store = open_store();
    struct history_names names;
    struct error error;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(given); i++) {
        (void)snprintf(texts[i], sizeof texts[i], "mx%zu", i);
        given[i] = texts[i];
        say_strip(store, texts[i], "example.com", "+", NOW);
    }
    assert_ok(history_names_find(&names, given, STORE_NAMES_MAX, &test_config, store, &problem));
    assert_int_equal(names.count, STORE_NAMES_MAX);
    assert_int_equal(
        history_names_find(&names, given, COUNT_OF(given), &test_config, store, &error),
        STATUS_SYNTAX);
    store_close(store);
}

/* ---- forms ---- */

static char *write_form(struct store *store, enum history_form form, enum history_kind kind,
                        struct store_filter filter, size_t columns, bool color)
{
    const struct history_request request = {.kind = kind,
                                            .filter = filter,
                                            .form = form,
                                            .look = {.columns = columns, .color = color},
                                            .widths = {8, 11}};
    struct written written;
    size_t count = 0;

    begin_written(&written);
    assert_ok(history_form_write(&written.output, store, &request, &count, &problem));
    end_written(&written);
    return written.text;
}

static void assert_form(struct store *store, enum history_form form, enum history_kind kind,
                        const char *expected)
{
    char *text = write_form(store, form, kind, (struct store_filter){0}, LINE_UNBOUNDED, false);

    assert_string_equal(text, expected);
    free(text);
}

static void fill(struct store *store)
{
    say(store, &(struct saying){.backup = "mx2",
                                .domain = "example.com",
                                .at_ms = NOW - 2 * HOURS,
                                .grade = GRADE_GOOD,
                                .outcome = "started",
                                .code = 250,
                                .text = "Queuing started"});
    say(store, &(struct saying){.backup = "mx2",
                                .domain = "example.org",
                                .at_ms = NOW - HOURS,
                                .grade = GRADE_TEMPORARY,
                                .outcome = "interrupted",
                                .text = "no answer, \"in\" time",
                                .ms = 1840});
    say(store, &(struct saying){.backup = "provider",
                                .domain = "example.net",
                                .at_ms = NOW,
                                .grade = GRADE_GOOD,
                                .outcome = "received",
                                .code = 250,
                                .messages = 3,
                                .bytes = 12400,
                                .refused_for_good = 1,
                                .ms = 183000});
}

static void answers_are_lines(void **state)
{
    struct store *store = open_store();

    (void)state;
    fill(store);
    assert_form(
        store, HISTORY_TEXT, HISTORY_ANSWERS,
        "2026-11-23 14:00:00  mx2       example.com  started         schedule  18 ms    250 "
        "Queuing started\n"
        "2026-11-23 15:00:00  mx2       example.org  interrupted     schedule  1.8 s    no "
        "answer, \"in\" time\n"
        "2026-11-23 16:00:00  provider  example.net  received        schedule  3m       3 "
        "messages, 12.4 KB  250\n");
    store_close(store);
}

static void answers_are_coloured_and_whole(void **state)
{
    struct store *store = open_store();
    char *text;

    (void)state;
    fill(store);
    text = write_form(store, HISTORY_TEXT, HISTORY_ANSWERS, (struct store_filter){.limit = 3}, 80,
                      true);
    assert_non_null(strstr(text, "  \x1b[32mstarted\x1b[0m         schedule  18 ms"));
    assert_non_null(strstr(text, "  \x1b[33minterrupted\x1b[0m     schedule"));
    assert_non_null(strstr(text, "\n      "));
    free(text);
    store_close(store);
}

/* A long domain does not move what became of it off the terminal. */
static void long_names_leave_room(void **state)
{
    struct store *store = open_store();
    char *text;

    (void)state;
    say(store, &(struct saying){.backup = "mx2",
                                .domain = "a-name-longer-than-any-other.example.com",
                                .at_ms = NOW,
                                .grade = GRADE_BAD,
                                .outcome = "denied",
                                .code = 459,
                                .text = "not for you"});
    text = write_form(store, HISTORY_TEXT, HISTORY_ANSWERS, (struct store_filter){.limit = 1}, 80,
                      false);
    assert_string_equal(text,
                        "2026-11-23 16:00:00  mx2       a-name-longer…  denied          schedule  "
                        "18 ms\n      459 not for you\n");
    free(text);
    text = write_form(store, HISTORY_TEXT, HISTORY_ANSWERS, (struct store_filter){.limit = 1}, 73,
                      false);
    assert_string_equal(
        text,
        "2026-11-23 16:00:00  mx2       a-name-…  denied          schedule  18 ms\n      459 not "
        "for you\n");
    free(text);
    text = write_form(store, HISTORY_TEXT, HISTORY_ANSWERS, (struct store_filter){.limit = 1},
                      LINE_UNBOUNDED, false);
    assert_non_null(strstr(text, "  a-name-longer-than-any-other.example.com  denied"));
    free(text);
    store_close(store);
}

static void answers_are_json(void **state)
{
    struct store *store = open_store();

    (void)state;
    assert_form(store, HISTORY_JSON, HISTORY_ANSWERS, "{\"answers\":[]}\n");
    fill(store);
    assert_form(
        store, HISTORY_JSON, HISTORY_ANSWERS,
        "{\"answers\":[{\"at\":\"2026-11-23T14:00:00Z\",\"backup\":\"mx2\",\"domain\":"
        "\"example.com\",\"cause\":\"schedule\",\"verb\":\"ETRN\",\"outcome\":\"started\",\"code\":"
        "250,\"text\":\"Queuing started\",\"address\":\"192.0.2.1\",\"tls\":\"TLSv1.3\","
        "\"authenticated\":true,\"pending\":null,\"messages\":null,\"bytes\":null,\"attempts\":1,"
        "\"ms\":18,\"refused_for_now\":null,\"refused_for_good\":null},"
        "{\"at\":\"2026-11-23T15:00:00Z\",\"backup\":\"mx2\",\"domain\":\"example.org\",\"cause\":"
        "\"schedule\",\"verb\":\"ETRN\",\"outcome\":\"interrupted\",\"code\":null,\"text\":\"no "
        "answer, \\\"in\\\" time\",\"address\":\"192.0.2.1\",\"tls\":\"TLSv1.3\",\"authenticated\":"
        "true,\"pending\":null,\"messages\":null,\"bytes\":null,\"attempts\":1,\"ms\":1840,"
        "\"refused_for_now\":null,\"refused_for_good\":null},"
        "{\"at\":\"2026-11-23T16:00:00Z\",\"backup\":\"provider\",\"domain\":\"example.net\","
        "\"cause\":"
        "\"schedule\",\"verb\":\"ETRN\",\"outcome\":\"received\",\"code\":250,\"text\":null,"
        "\"address\":\"192.0.2.1\",\"tls\":\"TLSv1.3\",\"authenticated\":true,\"pending\":null,"
        "\"messages\":3,\"bytes\":12400,\"attempts\":1,\"ms\":183000,"
        "\"refused_for_now\":0,\"refused_for_good\":1}]}\n");
    store_close(store);
}

static void answers_are_csv(void **state)
{
    struct store *store = open_store();

    (void)state;
    fill(store);
    assert_form(store, HISTORY_CSV, HISTORY_ANSWERS,
                "at,backup,domain,cause,verb,outcome,code,text,address,tls,authenticated,pending,"
                "messages,bytes,attempts,ms,refused_for_now,refused_for_good\n"
                "2026-11-23T14:00:00Z,mx2,example.com,schedule,ETRN,started,250,Queuing started,"
                "192.0.2.1,TLSv1.3,true,,,,1,18,,\n"
                "2026-11-23T15:00:00Z,mx2,example.org,schedule,ETRN,interrupted,,\"no answer, "
                "\"\"in\"\" time\",192.0.2.1,TLSv1.3,true,,,,1,1840,,\n"
                "2026-11-23T16:00:00Z,provider,example.net,schedule,ETRN,received,250,,192.0.2.1,"
                "TLSv1.3,true,"
                ",3,12400,1,183000,0,1\n");
    store_close(store);
}

static void add_message(struct store *store, const char *sender, const char *recipients,
                        const char *text)
{
    assert_ok(store_add_message(store,
                                &(struct store_message){.at_ms = NOW,
                                                        .backup = "provider",
                                                        .evidence = "bridge",
                                                        .sender = sender,
                                                        .recipients = recipients,
                                                        .bytes = 12400,
                                                        .code = 250,
                                                        .text = text},
                                &problem));
}

static void messages_have_all_forms(void **state)
{
    struct store *store = open_store();

    (void)state;
    assert_form(store, HISTORY_JSON, HISTORY_MESSAGES, "{\"messages\":[]}\n");
    assert_form(store, HISTORY_TEXT, HISTORY_MESSAGES, "");
    add_message(store, "a@example.net", "b@example.com,c@example.com", "queued");
    add_message(store, "", "b@example.com", NULL);
    assert_form(store, HISTORY_TEXT, HISTORY_MESSAGES,
                "2026-11-23 16:00:00  provider  12.4 KB   a@example.net -> "
                "b@example.com,c@example.com  250 queued\n"
                "2026-11-23 16:00:00  provider  12.4 KB   <> -> b@example.com  250\n");
    assert_form(
        store, HISTORY_JSON, HISTORY_MESSAGES,
        "{\"messages\":[{\"at\":\"2026-11-23T16:00:00Z\",\"backup\":\"provider\",\"sender\":"
        "\"a@example.net\",\"recipients\":\"b@example.com,c@example.com\",\"bytes\":12400,"
        "\"code\":250,\"text\":\"queued\",\"client\":null,\"message_id\":null,\"evidence\":"
        "\"bridge\"},{\"at\":\"2026-11-23T16:00:00Z\",\"backup\":"
        "\"provider\",\"sender\":\"\",\"recipients\":\"b@example.com\",\"bytes\":12400,"
        "\"code\":250,\"text\":null,\"client\":null,\"message_id\":null,\"evidence\":"
        "\"bridge\"}]}\n");
    assert_form(store, HISTORY_CSV, HISTORY_MESSAGES,
                "at,backup,sender,recipients,bytes,code,text,client,message_id,evidence\n"
                "2026-11-23T16:00:00Z,provider,a@example.net,\"b@example.com,c@example.com\",12400,"
                "250,queued,,,bridge\n"
                "2026-11-23T16:00:00Z,provider,,b@example.com,12400,250,,,,bridge\n");
    store_close(store);
}

static void drills_have_all_forms(void **state)
{
    const struct store_drill drills[] = {{.at_ms = NOW - DAYS,
                                          .backup = "mx2",
                                          .domain = "example.com",
                                          .outcome = "ok",
                                          .evidence = "log",
                                          .text = "2.0.0 Ok",
                                          .token = "t1",
                                          .accepted_ms = 100,
                                          .arrived_ms = 1400,
                                          .code = 250},
                                         {.at_ms = NOW,
                                          .backup = "provider",
                                          .domain = "example.net",
                                          .outcome = "not accepted",
                                          .text = "=no\x1b",
                                          .token = "t2",
                                          .exit_status = 77,
                                          .accepted_ms = -1,
                                          .arrived_ms = -1,
                                          .code = 554}};
    static const char last[] =
        "2026-11-23 16:00:00  provider  example.net  not accepted    554 =no\\x1b\n";
    const char *const names[] = {"EXAMPLE.NET"};
    struct store *store = open_store();

    (void)state;
    assert_form(store, HISTORY_JSON, HISTORY_DRILLS, "{\"drills\":[]}\n");
    for (size_t i = 0; i < COUNT_OF(drills); i++)
        assert_ok(store_set_drill(store, &drills[i], &problem));
    assert_form(store, HISTORY_TEXT, HISTORY_DRILLS,
                "2026-11-22 16:00:00  mx2       example.com  ok              arrived in 1.4 s (log)"
                "  250 2.0.0 Ok\n"
                "2026-11-23 16:00:00  provider  example.net  not accepted    554 =no\\x1b\n");
    assert_form(store, HISTORY_JSON, HISTORY_DRILLS,
                "{\"drills\":[{\"at\":\"2026-11-22T16:00:00Z\",\"backup\":\"mx2\",\"domain\":"
                "\"example.com\",\"outcome\":\"ok\",\"exit_status\":0,\"evidence\":\"log\","
                "\"code\":250,\"text\":\"2.0.0 Ok\",\"accepted_ms\":100,\"arrived_ms\":1400,"
                "\"token\":\"t1\"},{\"at\":\"2026-11-23T16:00:00Z\",\"backup\":\"provider\","
                "\"domain\":\"example.net\",\"outcome\":\"not accepted\",\"exit_status\":77,"
                "\"evidence\":null,\"code\":554,\"text\":\"=no\\\\x1b\",\"accepted_ms\":null,"
                "\"arrived_ms\":null,\"token\":\"t2\"}]}\n");
    assert_form(store, HISTORY_CSV, HISTORY_DRILLS,
                "at,backup,domain,outcome,exit_status,evidence,code,text,accepted_ms,arrived_ms,"
                "token\n"
                "2026-11-22T16:00:00Z,mx2,example.com,ok,0,log,250,2.0.0 Ok,100,1400,t1\n"
                "2026-11-23T16:00:00Z,provider,example.net,not accepted,77,,554,'=no\\x1b,,,t2\n");
    const struct store_filter filters[] = {
        {.names = names, .name_count = 1}, {.limit = 1}, {.since_ms = NOW}};
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        char *text =
            write_form(store, HISTORY_TEXT, HISTORY_DRILLS, filters[i], LINE_UNBOUNDED, false);

        assert_string_equal(text, last);
        free(text);
    }
    store_close(store);
}

/* Of a message that the log has told of, neither sender nor recipients nor an answer are known. */
static void messages_of_the_log_have_all_forms(void **state)
{
    const struct store_message messages[] = {
        {.bytes = 12400, .client = "192.0.2.7", .message_id = "<1@example.net>"},
        {.bytes = -1, .client = "2001:db8::7"},
        {.bytes = 0, .message_id = "<2@example.net>"},
        {.bytes = 10},
    };
    struct store *store = open_store();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        struct store_message message = messages[i];

        message.at_ms = NOW;
        message.backup = "provider";
        message.evidence = "log";
        assert_ok(store_add_message(store, &message, &problem));
    }
    assert_ok(store_add_message(store,
                                &(struct store_message){.at_ms = NOW,
                                                        .backup = "provider",
                                                        .evidence = "bridge",
                                                        .sender = "a@example.net",
                                                        .recipients = "b@example.com",
                                                        .bytes = 10,
                                                        .code = 250,
                                                        .text = "queued",
                                                        .client = "192.0.2.9",
                                                        .message_id = "<3@example.net>"},
                                &problem));
    assert_form(store, HISTORY_TEXT, HISTORY_MESSAGES,
                "2026-11-23 16:00:00  provider  12.4 KB   <1@example.net> from 192.0.2.7 (log)\n"
                "2026-11-23 16:00:00  provider  -         from 2001:db8::7 (log)\n"
                "2026-11-23 16:00:00  provider  0 B       <2@example.net> (log)\n"
                "2026-11-23 16:00:00  provider  10 B      (log)\n"
                "2026-11-23 16:00:00  provider  10 B      a@example.net -> b@example.com  "
                "<3@example.net> from 192.0.2.9  250 queued\n");
    assert_form(store, HISTORY_CSV, HISTORY_MESSAGES,
                "at,backup,sender,recipients,bytes,code,text,client,message_id,evidence\n"
                "2026-11-23T16:00:00Z,provider,,,12400,,,192.0.2.7,<1@example.net>,log\n"
                "2026-11-23T16:00:00Z,provider,,,,,,2001:db8::7,,log\n"
                "2026-11-23T16:00:00Z,provider,,,0,,,,<2@example.net>,log\n"
                "2026-11-23T16:00:00Z,provider,,,10,,,,,log\n"
                "2026-11-23T16:00:00Z,provider,a@example.net,b@example.com,10,250,queued,"
                "192.0.2.9,<3@example.net>,bridge\n");
    char *json = write_form(store, HISTORY_JSON, HISTORY_MESSAGES,
                            (struct store_filter){.limit = 1}, 80, false);
    assert_string_equal(json, "{\"messages\":[{\"at\":\"2026-11-23T16:00:00Z\",\"backup\":"
                              "\"provider\",\"sender\":\"a@example.net\",\"recipients\":"
                              "\"b@example.com\",\"bytes\":10,\"code\":250,\"text\":\"queued\","
                              "\"client\":\"192.0.2.9\",\"message_id\":\"<3@example.net>\","
                              "\"evidence\":\"bridge\"}]}\n");
    free(json);
    store_close(store);
}

/* ---- what remotes say ---- */

/* Reads one record of RFC 4180 at *text; *fields counts them. False where it is malformed. */
static bool skip_record(const char **text, size_t *fields)
{
    const char *at = *text;

    for (*fields = 1;; at++, ++*fields) {
        if (*at == '"') {
            for (at++; *at != '\0' && (*at != '"' || at[1] == '"'); at++)
                at += *at == '"';
            if (*at++ != '"')
                return false;
        } else {
            at += strcspn(at, ",\"\n");
        }
        if (*at != ',')
            break;
    }
    *text = at + 1;
    return *at == '\n';
}

static void assert_csv(const char *text, size_t columns, size_t records)
{
    for (size_t i = 0; i < records; i++) {
        size_t fields;

        assert_true(skip_record(&text, &fields));
        assert_int_equal(fields, columns);
    }
    assert_string_equal(text, "");
}

/* Every cell begins with what a spreadsheet takes for text, whether cells end at commas or at
 * semicolons. */
static void assert_no_formulas(const char *csv)
{
    static const char *const formulas[] = {"=",      "+",      "-",      "@",
                                           "\uff1d", "\uff0b", "\uff0d", "\uff20"};

    while (*csv != '\0') {
        csv += strcspn(csv, ",;\n");
        csv += strspn(csv, ",;\n \"");
        for (size_t i = 0; i < COUNT_OF(formulas); i++)
            assert_int_not_equal(strncmp(csv, formulas[i], strlen(formulas[i])), 0);
    }
}

static void hostile_texts_do_no_harm(void **state)
{
    struct store *store = open_store();
    json_error_t error;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(hostile_texts); i++) {
        say(store, &(struct saying){.backup = hostile_texts[i],
                                    .domain = i % 2 == 0 ? "@example.com" : hostile_texts[i],
                                    .at_ms = NOW,
                                    .grade = GRADE_BAD,
                                    .outcome = "denied",
                                    .code = 459,
                                    .text = hostile_texts[i]});
        add_message(store, hostile_texts[i], hostile_texts[i], hostile_texts[i]);
        assert_ok(store_add_message(store,
                                    &(struct store_message){.at_ms = NOW,
                                                            .backup = hostile_texts[i],
                                                            .evidence = "log",
                                                            .client = hostile_texts[i],
                                                            .message_id = hostile_texts[i]},
                                    &problem));
    }
    for (int messages = 0; messages <= 1; messages++) {
        const struct store_filter all = {.limit = 0};
        size_t rows = COUNT_OF(hostile_texts) * (messages ? 2 : 1);
        char *text = write_form(store, HISTORY_TEXT, (enum history_kind)messages, all, 80, false);
        char *json = write_form(store, HISTORY_JSON, (enum history_kind)messages, all, 80, false);
        char *csv = write_form(store, HISTORY_CSV, (enum history_kind)messages, all, 80, false);
        json_t *object = json_loads(json, JSON_REJECT_DUPLICATES, &error);

        assert_harmless(text);
        assert_harmless(json);
        assert_harmless(csv);
        assert_csv(csv, messages ? 10 : 18, rows + 1);
        assert_no_formulas(csv);
        assert_int_equal(
            json_array_size(json_object_get(object, messages ? "messages" : "answers")), rows);
        json_decref(object);
        free(text);
        free(json);
        free(csv);
    }
    store_close(store);
}

/* A reply as long as they come is cut where it is shown, and seen to be. */
static void long_texts_are_cut(void **state)
{
    static const enum history_form forms[] = {HISTORY_TEXT, HISTORY_JSON, HISTORY_CSV};
    struct store *store = open_store();
    char *said = memory_new(18001, 1);

    (void)state;
    memset(said, 'x', 18000);
    say(store, &(struct saying){.backup = "mx2",
                                .domain = "example.com",
                                .at_ms = NOW,
                                .grade = GRADE_BAD,
                                .outcome = "denied",
                                .code = 459,
                                .text = said});
    add_message(store, said, said, said);
    for (int messages = 0; messages <= 1; messages++) {
        for (size_t i = 0; i < COUNT_OF(forms); i++) {
            const struct store_filter all = {.limit = 0};
            char *text = write_form(store, forms[i], (enum history_kind)messages, all,
                                    LINE_UNBOUNDED, false);

            assert_non_null(strstr(text, "xxxx"));
            if (!messages || i == 0)
                assert_non_null(strstr(text, "x…"));
            free(text);
        }
    }
    free(said);
    store_close(store);
}

/* ---- --failed --outcome ---- */

struct failed_row {
    const char *outcome;
    enum grade grade;
    bool is_found;
};

static const struct failed_row failed_rows[] = {
    {"started", GRADE_GOOD, false},     {"pending", GRADE_GOOD, false},
    {"held", GRADE_HELD, false},        {"deferred", GRADE_TEMPORARY, true},
    {"interrupted", GRADE_HELD, false}, {"interrupted", GRADE_TEMPORARY, true},
    {"denied", GRADE_BAD, true},
};

static void test_failed(void **state)
{
    const struct failed_row *row = *state;

    assert_int_equal(begin(NULL), 0);
    struct store *store = open_store();
    say(store, &(struct saying){.backup = "mx2",
                                .domain = "example.com",
                                .at_ms = NOW,
                                .grade = row->grade,
                                .outcome = row->outcome});
    char *text = write_form(store, HISTORY_JSON, HISTORY_ANSWERS,
                            (struct store_filter){.failed = true, .outcome = row->outcome},
                            LINE_UNBOUNDED, false);
    assert_int_equal(strcmp(text, "{\"answers\":[]}\n") != 0, row->is_found);
    free(text);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

/* That it is known without a look at the store is seen by one that cannot be looked at. */
static void contradiction_is_not_looked_for(void **state)
{
    const struct history_request request = {.filter = {.failed = true, .outcome = "started"},
                                            .form = HISTORY_CSV,
                                            .look = {.columns = LINE_UNBOUNDED}};
    struct written written;
    size_t count = 77;

    (void)state;
    begin_written(&written);
    assert_ok(history_form_write(&written.output, NULL, &request, &count, &problem));
    end_written(&written);
    assert_int_equal(count, 0);
    assert_csv(written.text, 18, 1);
    free(written.text);
}

/* ---- many rows ---- */

static void fill_many(struct store *store)
{
    assert_ok(store_begin(store, &problem));
    for (int64_t i = 0; i < MANY; i++)
        add(store, "mx2", NOW - (MANY - i) * SECONDS, "example.com", GRADE_GOOD);
    assert_ok(store_commit(store, &problem));
}

static void pages_leave_no_seams(void **state)
{
    const struct store_filter all = {.limit = 0}, some = {.limit = 50};
    struct store *store = open_store();
    json_error_t error;
    char *text;

    (void)state;
    fill_many(store);
    text = write_form(store, HISTORY_JSON, HISTORY_ANSWERS, all, 80, false);
    json_t *object = json_loads(text, 0, &error);
    assert_int_equal(json_array_size(json_object_get(object, "answers")), MANY);
    json_decref(object);
    assert_int_equal(strlen(text), strcspn(text, "\n") + 1);
    free(text);
    text = write_form(store, HISTORY_CSV, HISTORY_ANSWERS, all, 80, false);
    assert_csv(text, 18, MANY + 1);
    free(text);
    text = write_form(store, HISTORY_CSV, HISTORY_ANSWERS, some, 80, false);
    assert_csv(text, 18, 51);
    free(text);
    store_close(store);
}

static void full_disk_ends_it(void **state)
{
    const struct history_request request = {.form = HISTORY_CSV, .look = {.columns = 80}};
    struct store *store = open_store();
    FILE *stream = fopen("/dev/full", "w");
    size_t count = 0;

    (void)state;
    if (stream == NULL)
        skip();
    fill_many(store);
    struct output output = {.stream = stream};
    assert_ok(history_form_write(&output, store, &request, &count, &problem));
    assert_int_not_equal(output.failure, 0);
    assert_true(count > 0 && count < MANY);
    (void)fclose(stream);
    store_close(store);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, remove_directory)

static const struct CMUnitTest fixed_tests[] = {
    TEST(names_are_not_too_many),
    TEST(answers_are_lines),
    TEST(answers_are_coloured_and_whole),
    TEST(long_names_leave_room),
    TEST(answers_are_json),
    TEST(answers_are_csv),
    TEST(messages_have_all_forms),
    TEST(messages_of_the_log_have_all_forms),
    TEST(drills_have_all_forms),
    TEST(hostile_texts_do_no_harm),
    TEST(long_texts_are_cut),
    TEST(contradiction_is_not_looked_for),
    TEST(pages_leave_no_seams),
    TEST(full_disk_ends_it),
};

int main(void)
{
    int failed;

    support_set_variable("TZ", "UTC0");
    tzset();
    failed = RUN_TABLE(since_rows, test_since);
    failed += RUN_TABLE(name_rows, test_name);
    failed += RUN_TABLE(failed_rows, test_failed);
    return unit_status(failed + cmocka_run_group_tests(fixed_tests, NULL, NULL));
}
