/* cli: what is said of arrivals and drills, for a person, a program, a monitor and Prometheus. */
#define _XOPEN_SOURCE 700 /* tzset */

#include "test_cli_past.h"

#include <cli/line.h>
#include <cli/status.h>

#include <jansson.h>

#include <time.h>

enum {
    TEXT_SIZE = 1024 * 1024
};

/* How the view is shown. */
enum form {
    FORM_TEXT,
    FORM_QUIET,
    FORM_JSON,
    FORM_NAGIOS,
    FORM_METRICS
};

static struct store *begin_store(void)
{
    assert_int_equal(make_directory(NULL), 0);
    make_config();
    test_config.backup_count = 1;
    test_backups[0].domain_count = 1;
    struct store *store = open_store();
    say_strip(store, "mx2", "example.com", "+", NOW - 3 * MINUTES);
    return store;
}

static void end_store(struct store *store)
{
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

static const char *show(struct store *store, enum form form)
{
    static char shown[TEXT_SIZE];
    const struct round_facts facts = {.started_wall_ms = NOW};
    struct status_view view;
    struct buffer text;

    assert_ok(status_view_read(&view, &test_config, NULL, store, NOW, utc_offset, &problem));
    buffer_init(&text, TEXT_SIZE);
    switch (form) {
    case FORM_TEXT:
    case FORM_QUIET:
        status_text_format(
            &(struct status_page){&text, &view, {.columns = 100}, form == FORM_QUIET});
        break;
    case FORM_JSON: status_json_format(&text, &view); break;
    case FORM_NAGIOS: (void)nagios_format(&text, &view); break;
    case FORM_METRICS: metrics_format(&text, &view, &facts); break;
    }
    (void)text_copy(shown, sizeof shown, text.bytes);
    buffer_done(&text);
    status_view_done(&view);
    return shown;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no %s\nin %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("%s\nin %s", part, text);
}

/* ---- arrivals ---- */

static const struct arrival_row {
    const char *name;
    struct store_arrival arrival;
    const char *text, *json, *metrics; /* NULL: nothing is said */
} arrival_rows[] = {
    {"with all that can be known",
     {.asked_ms = NOW - 4 * MINUTES,
      .state = "arrived",
      .evidence = "log",
      .messages = 12,
      .bytes = 340200,
      .connections = 1,
      .first_ms = NOW - 4 * MINUTES + 1000,
      .last_ms = NOW - 3 * MINUTES,
      .address = "192.0.2.7"},
     "\nmx2  mail 12 messages, 3m ago\n",
     "\"arrival\":{\"state\":\"arrived\",\"evidence\":\"log\",\"messages\":12,\"bytes\":340200,"
     "\"connections\":1,\"first\":\"2026-11-23T15:56:01Z\",\"last\":\"2026-11-23T15:57:00Z\","
     "\"asked\":\"2026-11-23T15:56:00Z\",\"address\":\"192.0.2.7\"},\"drill\":null}",
     "# HELP mxpull_arrival_timestamp_seconds When mail was last seen to arrive from the backup, "
     "in seconds since 1970.\n"
     "# TYPE mxpull_arrival_timestamp_seconds gauge\n"
     "mxpull_arrival_timestamp_seconds{backup=\"mx2\"} 1795449420\n"
     "# HELP mxpull_arrival_messages Messages of that arrival.\n"
     "# TYPE mxpull_arrival_messages gauge\n"
     "mxpull_arrival_messages{backup=\"mx2\"} 12\n"
     "# HELP mxpull_arrival_bytes Bytes of that arrival.\n"
     "# TYPE mxpull_arrival_bytes gauge\n"
     "mxpull_arrival_bytes{backup=\"mx2\"} 340200\n"},
    {"a single one",
     {.asked_ms = NOW - 3 * HOURS,
      .state = "coming",
      .messages = 1,
      .bytes = -1,
      .connections = -1},
     "\nmx2  mail 1 message, 3h ago\n",
     "\"arrival\":{\"state\":\"coming\",\"evidence\":null,\"messages\":1,\"bytes\":null,"
     "\"connections\":null,\"first\":null,\"last\":null,\"asked\":\"2026-11-23T13:00:00Z\","
     "\"address\":null},\"drill\":null}",
     "mxpull_arrival_messages{backup=\"mx2\"} 1\n"},
    {"not counted",
     {.asked_ms = NOW - 3 * HOURS,
      .state = "arrived",
      .evidence = "re-asked",
      .messages = -1,
      .bytes = -1,
      .connections = -1,
      .last_ms = NOW - 2 * HOURS},
     "\nmx2  mail 2h ago\n",
     "\"messages\":null,\"bytes\":null,",
     "mxpull_arrival_timestamp_seconds{backup=\"mx2\"} 1795442400\n"},
    {"by a clock far ahead",
     {.asked_ms = NOW + DAYS, .state = "arrived", .messages = 2, .last_ms = NOW + DAYS},
     "\nmx2  mail 2 messages\n",
     "\"last\":null,\"asked\":null,",
     "mxpull_arrival_messages{backup=\"mx2\"} 2\n"},
    {"nothing", {.asked_ms = NOW - HOURS, .state = "unseen"}, NULL, "\"arrival\":null", NULL},
    {"connections alone",
     {.asked_ms = NOW - HOURS,
      .state = "unknown",
      .evidence = "connections",
      .messages = -1,
      .bytes = -1,
      .connections = 3,
      .last_ms = NOW - HOURS},
     NULL,
     "\"arrival\":null",
     NULL},
};

static void arrival(void **state)
{
    const struct arrival_row *row = *state;
    struct store_arrival came = row->arrival;
    struct store *store = begin_store();
    char before[TEXT_SIZE / 4];

    came.backup = "mx2";
    (void)text_copy(before, sizeof before, show(store, FORM_TEXT));
    assert_ok(store_set_arrival(store, &came, &problem));
    const char *text = show(store, FORM_TEXT);
    if (row->text != NULL)
        assert_has(text, row->text);
    else
        assert_string_equal(text, before);
    assert_string_equal(show(store, FORM_QUIET), "");
    assert_has(show(store, FORM_JSON), row->json);
    assert_has(show(store, FORM_NAGIOS), "MXPULL OK - 1 backup, 1 domain, all ok|");
    const char *metrics = show(store, FORM_METRICS);
    if (row->metrics != NULL)
        assert_has(metrics, row->metrics);
    else
        assert_lacks(metrics, "mxpull_arrival");
    assert_lacks(metrics, "mxpull_drill");
    end_store(store);
}

/* Mail that a backup had announced and that was not seen to come is told of until more is known of it. */
static void announced_mail(void **state)
{
    static const struct {
        struct store_arrival arrival; /* of the poll that announced it; asked_ms 0: none */
        const char *answer;
        bool is_told;
    } rows[] = {
        {{.asked_ms = NOW - 14 * MINUTES, .state = "unseen"}, "pending", true},
        {{.asked_ms = NOW - 7 * DAYS - 1, .state = "unseen"}, "pending", false},
        {{.asked_ms = NOW + MINUTES, .state = "unseen"}, "pending", false},
        {{.asked_ms = NOW - 14 * MINUTES, .state = "unseen"}, "empty", false},
        {{.asked_ms = NOW - 14 * MINUTES, .state = "unseen"}, "started", false},
        {{.asked_ms = NOW - 14 * MINUTES, .state = "unseen", .evidence = "log"}, "pending", false},
        {{.asked_ms = NOW - 14 * MINUTES, .state = "unknown"}, "pending", false},
        {{.asked_ms = NOW - 14 * MINUTES, .state = "arrived", .messages = 1}, "pending", false},
        {{.asked_ms = 0}, "pending", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct store *store = begin_store();
        struct store_arrival came = rows[i].arrival;

        came.backup = "mx2";
        say(store, &(struct saying){.backup = "mx2",
                                    .domain = "example.com",
                                    .at_ms = NOW - MINUTES,
                                    .outcome = rows[i].answer});
        assert_ok(store_set_arrival(
            store,
            &(struct store_arrival){.asked_ms = NOW - DAYS, .backup = "mx2", .state = "arrived"},
            &problem));
        if (came.asked_ms != 0)
            assert_ok(store_set_arrival(store, &came, &problem));
        if (!rows[i].is_told) {
            assert_lacks(show(store, FORM_TEXT), "announced");
            assert_has(show(store, FORM_JSON), "\"unseen\":null,");
            assert_has(show(store, FORM_NAGIOS), "MXPULL OK - ");
        } else {
            assert_has(show(store, FORM_TEXT),
                       "\nmx2  mail announced 14m ago was not seen to come\n"
                       "      the backup's log tells whether it can reach");
            assert_int_equal(
                strncmp(show(store, FORM_QUIET), "mx2  mail announced 14m ago was", 31), 0);
            assert_has(show(store, FORM_JSON), "\"unseen\":\"2026-11-23T15:46:00Z\",");
            assert_has(show(store, FORM_NAGIOS),
                       "MXPULL WARNING - mx2: mail announced 14m ago was not seen to come|");
        }
        end_store(store);
    }
}

/* ---- drills ---- */

static const struct drill_row {
    const char *name;
    struct store_drill drill;
    const char *text; /* the lines of the backup */
    bool has_failed;
    const char *nagios, *json, *metrics;
} drill_rows[] = {
    {"ok",
     {.at_ms = NOW - 12 * DAYS,
      .outcome = "ok",
      .evidence = "log",
      .accepted_ms = 100,
      .arrived_ms = 1500,
      .code = 250,
      .text = "2.0.0 Ok"},
     "mx2  drill ok 12d ago\n",
     false,
     "MXPULL OK - 1 backup, 1 domain, all ok|",
     "\"drill\":{\"at\":\"2026-11-11T16:00:00Z\",\"domain\":\"example.com\",\"outcome\":\"ok\","
     "\"exit_status\":0,\"evidence\":\"log\",\"code\":250,\"text\":\"2.0.0 Ok\",\"accepted_ms\":"
     "100,\"arrived_ms\":1500}}]",
     "# HELP mxpull_drill_timestamp_seconds When the last drill of the backup began, in seconds "
     "since 1970.\n"
     "# TYPE mxpull_drill_timestamp_seconds gauge\n"
     "mxpull_drill_timestamp_seconds{backup=\"mx2\"} 1794412800\n"
     "# HELP mxpull_drill_success Whether its message was seen to arrive.\n"
     "# TYPE mxpull_drill_success gauge\n"
     "mxpull_drill_success{backup=\"mx2\"} 1\n"},
    {"not accepted",
     {.at_ms = NOW - HOURS,
      .outcome = "not accepted",
      .exit_status = 77,
      .accepted_ms = -1,
      .arrived_ms = -1,
      .code = 554,
      .text = "5.7.1 Relay access denied"},
     "mx2  drill failed 1h ago: the backup did not accept a message for example.com: 554 "
     "5.7.1 "
     "Relay\n      access denied\n"
     "      does the backup relay for this domain (relay_domains), and let this machine in? see "
     "its log\n",
     true,
     "MXPULL WARNING - mx2: drill failed 1h ago: the backup did not accept a message for "
     "example.com: 554 5.7.1 Relay access denied|",
     "\"outcome\":\"not accepted\",\"exit_status\":77,\"evidence\":null,\"code\":554,\"text\":"
     "\"5.7.1 Relay access denied\",\"accepted_ms\":null,\"arrived_ms\":null}",
     "mxpull_drill_success{backup=\"mx2\"} 0\n"},
    {"not accepted for now",
     {.at_ms = NOW - HOURS,
      .outcome = "not accepted",
      .exit_status = 75,
      .accepted_ms = -1,
      .arrived_ms = -1,
      .code = 451,
      .text = "4.7.1 greylisted"},
     "      the backup refused for now (greylisting, load, a full disk?); see its log, and drill "
     "again\n",
     true,
     "MXPULL WARNING - mx2: drill failed 1h ago: the backup did not accept a message for "
     "example.com: 451 4.7.1 greylisted|",
     "\"code\":451,",
     "mxpull_drill_success{backup=\"mx2\"} 0\n"},
    {"nobody there",
     {.at_ms = NOW - HOURS,
      .outcome = "not accepted",
      .exit_status = 75,
      .accepted_ms = -1,
      .arrived_ms = -1,
      .text = "no connection to 192.0.2.7:25"},
     "      senders reach nothing there that takes mail; is mail_port its port? see mxpull check\n",
     true,
     "MXPULL WARNING - mx2: drill failed 1h ago: the backup did not accept a message for "
     "example.com: no connection to 192.0.2.7:25|",
     "\"code\":null,",
     "mxpull_drill_success{backup=\"mx2\"} 0\n"},
    {"unseen",
     {.at_ms = NOW - 12 * DAYS,
      .outcome = "unseen",
      .exit_status = 75,
      .accepted_ms = 100,
      .arrived_ms = -1},
     "mx2  drill failed 12d ago: the backup was handed a message for example.com and was not seen "
     "to give\n      it back\n"
     "      look for the message in the backup's queue and log; does a firewall or NAT let it "
     "reach port\n      25 of your mail server?\n",
     true,
     "MXPULL WARNING - mx2: drill failed 12d ago: the backup was handed a message for example.com "
     "and was not seen to give it back|",
     "\"exit_status\":75,\"evidence\":null,\"code\":null,\"text\":null,\"accepted_ms\":100,",
     "mxpull_drill_success{backup=\"mx2\"} 0\n"},
    {"refused by us",
     {.at_ms = NOW - 12 * DAYS,
      .outcome = "refused by us",
      .evidence = "log",
      .exit_status = 77,
      .accepted_ms = 100,
      .arrived_ms = -1,
      .code = 550,
      .text = "no such user"},
     "mx2  drill failed 12d ago: your mail server refused a message for example.com from the "
     "backup: 550\n      no such user\n"
     "      let your mail server take mail for this domain from the backup, and skip such checks "
     "for it;\n      its log says why it did not\n",
     true,
     "MXPULL WARNING - mx2: drill failed 12d ago: your mail server refused a message for "
     "example.com from the backup: 550 no such user|",
     "\"outcome\":\"refused by us\",\"exit_status\":77,\"evidence\":\"log\",",
     "mxpull_drill_success{backup=\"mx2\"} 0\n"},
    {"unknown",
     {.at_ms = NOW - 12 * DAYS,
      .outcome = "unknown",
      .exit_status = 75,
      .accepted_ms = 100,
      .arrived_ms = -1},
     "mx2  drill unknown 12d ago: whether a message for example.com came back could not be seen\n",
     false,
     "MXPULL OK - 1 backup, 1 domain, all ok|",
     "\"outcome\":\"unknown\",\"exit_status\":75,",
     "mxpull_drill_timestamp_seconds{backup=\"mx2\"} 1794412800\n"},
    {"not finished",
     {.at_ms = NOW - 12 * DAYS,
      .outcome = "unknown",
      .exit_status = 75,
      .text = "not finished",
      .accepted_ms = -1,
      .arrived_ms = -1},
     "mx2  drill unknown 12d ago: whether a message for example.com came back could not be seen: "
     "not\n"
     "      finished\n",
     false,
     "MXPULL OK - 1 backup, 1 domain, all ok|",
     "\"code\":null,\"text\":\"not finished\",\"accepted_ms\":null,",
     "mxpull_drill_timestamp_seconds{backup=\"mx2\"} 1794412800\n"},
    {"an outcome of a later mxpull, by a clock far ahead",
     {.at_ms = NOW + DAYS, .outcome = "eaten by a grue", .exit_status = 76},
     "mx2  drill failed: eaten by a grue, example.com\n",
     true,
     "MXPULL WARNING - mx2: drill failed: eaten by a grue, example.com|",
     "\"at\":null,",
     "mxpull_drill_success{backup=\"mx2\"} 0\n"},
};

static void drill(void **state)
{
    const struct drill_row *row = *state;
    struct store_drill sent = row->drill;
    struct store *store = begin_store();

    sent.backup = "mx2";
    sent.domain = "example.com";
    sent.token = "TOKEN";
    assert_ok(store_set_drill(store, &sent, &problem));
    assert_has(show(store, FORM_TEXT), row->text);
    const char *quiet = show(store, FORM_QUIET);
    if (row->has_failed)
        assert_has(quiet, row->text);
    else
        assert_string_equal(quiet, "");
    assert_int_equal(strncmp(quiet, "mx2  drill failed", row->has_failed ? 17 : 0), 0);
    const char *nagios = show(store, FORM_NAGIOS);
    assert_int_equal(strncmp(nagios, row->nagios, strlen(row->nagios)), 0);
    assert_has(show(store, FORM_JSON), row->json);
    const char *metrics = show(store, FORM_METRICS);
    assert_has(metrics, row->metrics);
    assert_int_equal(strstr(metrics, "mxpull_drill_success") == NULL,
                     strcmp(row->drill.outcome, "unknown") == 0);
    end_store(store);
}

/* One line for both; the next drill is what counts. */
static void both_stand_in_one_line(void **state)
{
    struct store *store = begin_store();
    struct store_drill sent = {.at_ms = NOW - 12 * DAYS,
                               .backup = "mx2",
                               .domain = "example.com",
                               .outcome = "unseen",
                               .exit_status = 75,
                               .token = "TOKEN"};

    (void)state;
    assert_ok(store_set_drill(store, &sent, &problem));
    sent.at_ms = NOW - 2 * DAYS;
    sent.token = "OTHER";
    sent.outcome = "ok";
    sent.exit_status = 0;
    assert_ok(store_set_drill(store, &sent, &problem));
    assert_ok(store_set_arrival(
        store,
        &(struct store_arrival){
            .asked_ms = NOW - 3 * MINUTES, .backup = "mx2", .state = "arrived", .messages = 12},
        &problem));
    assert_has(show(store, FORM_TEXT), "\nmx2  mail 12 messages, 3m ago  drill ok 2d ago\n");
    assert_has(show(store, FORM_NAGIOS), "MXPULL OK - ");
    end_store(store);
}

/* The advice for the same fault of many is given once. */
static void advice_is_given_once(void **state)
{
    static const char advice[] = "look for the message in the backup's queue";
    struct store *store = begin_store();

    (void)state;
    test_config.backup_count = 2;
    say_strip(store, "provider", "example.net", "+", NOW - 3 * MINUTES);
    for (size_t i = 0; i < 2; i++)
        assert_ok(store_set_drill(store,
                                  &(struct store_drill){.at_ms = NOW - DAYS,
                                                        .backup = backup_names[i],
                                                        .domain = "example.com",
                                                        .outcome = "unseen",
                                                        .exit_status = 75,
                                                        .token = "TOKEN"},
                                  &problem));
    const char *text = show(store, FORM_TEXT), *first = strstr(text, advice);
    assert_non_null(first);
    assert_null(strstr(first + 1, advice));
    assert_has(text, "\nprovider  drill failed 1d ago: ");
    text = show(store, FORM_QUIET); /* in columns, too */
    assert_int_equal(strncmp(text, "mx2       drill failed", 22), 0);
    assert_has(text, "\nprovider  drill failed 1d ago: ");
    assert_has(show(store, FORM_NAGIOS), "give it back (and 1 more)|");
    end_store(store);
}

/* Nothing that a remote or a crafted file says reaches a terminal, or ends a line of Nagios or Prometheus. */
static void hostile_texts_do_no_harm(void **state)
{
    static const enum form forms[] = {FORM_TEXT, FORM_QUIET, FORM_JSON, FORM_NAGIOS, FORM_METRICS};
    struct store *store = begin_store();
    json_error_t error;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(hostile_texts); i++) {
        const char *text = hostile_texts[i];

        assert_ok(store_set_arrival(store,
                                    &(struct store_arrival){.asked_ms = NOW - DAYS + (int64_t)i,
                                                            .backup = "mx2",
                                                            .state = text,
                                                            .evidence = text,
                                                            .messages = 1,
                                                            .address = text},
                                    &problem));
        assert_ok(store_set_drill(store,
                                  &(struct store_drill){.at_ms = NOW - HOURS,
                                                        .backup = "mx2",
                                                        .domain = text,
                                                        .outcome = text,
                                                        .evidence = text,
                                                        .exit_status = 77,
                                                        .code = 550,
                                                        .text = text,
                                                        .token = text},
                                  &problem));
        for (size_t j = 0; j < COUNT_OF(forms); j++)
            assert_harmless(show(store, forms[j]));
        const char *nagios = show(store, FORM_NAGIOS);
        assert_ptr_equal(strchr(nagios, '\n'), nagios + strlen(nagios) - 1);
        assert_ptr_equal(strchr(nagios, '|'), strrchr(nagios, '|'));
        json_t *status = json_loads(show(store, FORM_JSON), JSON_REJECT_DUPLICATES, &error);
        assert_non_null(status);
        json_decref(status);
    }
    end_store(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_stand_in_one_line),
        cmocka_unit_test(announced_mail),
        cmocka_unit_test(advice_is_given_once),
        cmocka_unit_test(hostile_texts_do_no_harm),
    };
    int failed;

    support_set_variable("TZ", "UTC0");
    tzset();
    failed = RUN_TABLE(arrival_rows, arrival);
    failed += RUN_TABLE(drill_rows, drill);
    return unit_status(failed + cmocka_run_group_tests(tests, NULL, NULL));
}
