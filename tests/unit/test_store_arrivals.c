/* What arrived after polls, what the primary's log told, and drills: replaced, recorded once, found again, pruned. */
#include "test_store.h"

/* ---- arrivals ---- */

static void set_arrival(struct store *store, int64_t asked_ms, const char *backup,
                        const char *state, int64_t messages)
{
    const struct store_arrival arrival = {.asked_ms = asked_ms,
                                          .backup = backup,
                                          .state = state,
                                          .evidence = "log",
                                          .messages = messages,
                                          .bytes = messages * 100,
                                          .connections = 2,
                                          .first_ms = asked_ms + 10,
                                          .last_ms = asked_ms + 20,
                                          .address = "192.0.2.7"};

    assert_ok(store_set_arrival(store, &arrival, &problem));
}

static void arrival_is_whole_and_replaced(void **state)
{
    struct store *store = open_store();
    struct store_last_arrival last = {.messages = 7};
    bool found = true;

    (void)state;
    assert_ok(store_last_arrival(store, "mx2", &last, &found, &problem));
    assert_false(found);
    assert_int_equal(last.messages, 7);
    set_arrival(store, 1000, "mx2", "coming", 3);
    set_arrival(store, 1000, "MX2", "arrived", 12);
    set_arrival(store, 1000, "mx3", "arrived", 1);
    assert_int_equal(ask_file("SELECT count(*) FROM arrivals"), 2);
    assert_ok(store_last_arrival(store, "mx2", &last, &found, &problem));
    assert_true(found);
    assert_int_equal(last.asked_ms, 1000);
    assert_int_equal(last.messages, 12);
    assert_int_equal(last.bytes, 1200);
    assert_int_equal(last.connections, 2);
    assert_int_equal(last.first_ms, 1010);
    assert_int_equal(last.last_ms, 1020);
    assert_string_equal(last.state, "arrived");
    assert_string_equal(last.evidence, "log");
    assert_string_equal(last.address, "192.0.2.7");
    store_close(store);
}

/* What came after it brought nothing, or nothing certain. */
static const struct bringing_row {
    const char *name;
    const char *state;
    int64_t messages;
    bool has_brought;
} bringing_rows[] = {
    {"nothing was there", "empty", 0, false},
    {"nothing was seen", "unseen", 0, false},
    {"connections alone", "unknown", -1, false},
    {"a connection still stood", "coming", -1, false},
    {"counted", "arrived", 4, true},
    {"counted, and more to come", "coming", 4, true},
    {"arrived, not counted", "arrived", -1, true},
    {"arrived without a message", "arrived", 0, false},
};

static void bringing(void **state)
{
    const struct bringing_row *row = *state;
    struct store_last_arrival last;
    bool found;

    assert_int_equal(make_directory(NULL), 0);
    struct store *store = open_store();
    set_arrival(store, 1000, "mx2", "arrived", 12);
    set_arrival(store, 2000, "mx2", row->state, row->messages);
    assert_ok(store_last_arrival(store, "mx2", &last, &found, &problem));
    assert_true(found);
    assert_int_equal(last.asked_ms, row->has_brought ? 2000 : 1000);
    assert_int_equal(last.messages, row->has_brought ? row->messages : 12);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

/* A clock that was far ahead for a while hides nothing that came later. */
static void clock_ahead_hides_nothing(void **state)
{
    struct store *store = open_store();
    struct store_last_arrival arrival;
    struct store_last_drill drill;
    bool found;

    (void)state;
    set_arrival(store, test_now_ms + 3600000, "mx2", "arrived", 1);
    assert_ok(store_last_arrival(store, "mx2", &arrival, &found, &problem));
    assert_int_equal(arrival.last_ms, 0);
    set_arrival(store, 2000, "mx2", "arrived", 2);
    assert_ok(store_last_arrival(store, "mx2", &arrival, &found, &problem));
    assert_int_equal(arrival.messages, 2);
    for (int i = 0; i < 2; i++) {
        const struct store_drill sent = {.at_ms = i == 0 ? test_now_ms + 3600000 : 3000,
                                         .backup = "mx2",
                                         .domain = "example.com",
                                         .outcome = i == 0 ? "unseen" : "ok",
                                         .token = i == 0 ? "t" : "u"};

        assert_ok(store_set_drill(store, &sent, &problem));
        assert_ok(store_last_drill(store, "mx2", NULL, &drill, &found, &problem));
        assert_string_equal(drill.outcome, sent.outcome);
        assert_int_equal(drill.at_ms, i == 0 ? 0 : 3000);
    }
    store_close(store);
}

/* ---- drills ---- */

static void drill_is_whole(void **state)
{
    const struct store_drill sent = {.at_ms = 3000,
                                     .backup = "mx2",
                                     .domain = "example.com",
                                     .outcome = "refused by us",
                                     .evidence = "log",
                                     .text = "5.7.1 no",
                                     .token = "TOKEN",
                                     .exit_status = 77,
                                     .accepted_ms = 100,
                                     .arrived_ms = -1,
                                     .code = 550};
    struct store *store = open_store();
    struct store_last_drill last = {.code = 9};
    bool found = true;

    (void)state;
    assert_ok(store_last_drill(store, "mx2", NULL, &last, &found, &problem));
    assert_false(found);
    assert_int_equal(last.code, 9);
    assert_ok(store_set_drill(store, &sent, &problem));
    assert_ok(store_last_drill(store, "MX2", NULL, &last, &found, &problem));
    assert_true(found);
    assert_int_equal(last.at_ms, 3000);
    assert_int_equal(last.accepted_ms, 100);
    assert_int_equal(last.arrived_ms, -1);
    assert_int_equal(last.exit_status, 77);
    assert_int_equal(last.code, 550);
    assert_string_equal(last.domain, "example.com");
    assert_string_equal(last.outcome, "refused by us");
    assert_string_equal(last.evidence, "log");
    assert_string_equal(last.text, "5.7.1 no");
    assert_int_equal(ask_file("SELECT count(*) FROM drills WHERE token = 'TOKEN'"), 1);
    struct store_drill other = sent;
    other.backup = "mx3";
    assert_ok(store_set_drill(store, &other, &problem));
    other = sent;
    other.outcome = "ok";
    other.exit_status = 0;
    assert_ok(store_set_drill(store, &other, &problem));
    assert_ok(store_last_drill(store, "mx2", NULL, &last, &found, &problem));
    assert_string_equal(last.outcome, "ok");
    assert_int_equal(ask_file("SELECT count(*) FROM drills WHERE backup = 'mx2'"), 1);
    assert_int_equal(ask_file("SELECT count(*) FROM drills"), 2);
    store_close(store);
}

/* ---- messages of the log ---- */

static const struct store_message heard = {.at_ms = 5000,
                                           .backup = "mx2",
                                           .evidence = "log",
                                           .bytes = 700,
                                           .client = "192.0.2.7",
                                           .message_id = "<1@x.test>"};

enum {
    HOUR_MS = STORE_MESSAGE_AGAIN_MS
};

static const struct again_row {
    const char *name;
    struct store_message again;
    bool is_new;
} again_rows[] = {
#define AGAIN(at, of, from, by, id)                                                                \
    {                                                                                              \
        .at_ms = at, .backup = of, .evidence = by, .bytes = 700, .client = from, .message_id = id  \
    }
    {"at once", AGAIN(5000, "mx2", "192.0.2.7", "log", "<1@x.test>"), false},
    {"a little later", AGAIN(5007, "MX2", "192.0.2.7", "log", "<1@x.test>"), false},
    {"a little earlier", AGAIN(4990, "mx2", "192.0.2.7", "log", "<1@x.test>"), false},
    {"an hour later", AGAIN(5000 + HOUR_MS, "mx2", "192.0.2.7", "log", "<1@x.test>"), false},
    {"more than an hour later", AGAIN(5001 + HOUR_MS, "mx2", "192.0.2.7", "log", "<1@x.test>"),
     true},
    {"of another backup", AGAIN(5000, "mx3", "192.0.2.7", "log", "<1@x.test>"), true},
    {"from elsewhere", AGAIN(5000, "mx2", "192.0.2.8", "log", "<1@x.test>"), true},
    {"from where is not known", AGAIN(5000, "mx2", NULL, "log", "<1@x.test>"), true},
    {"another Message-ID", AGAIN(5000, "mx2", "192.0.2.7", "log", "<1@X.test>"), true},
    {"by the bridge", AGAIN(5000, "mx2", "192.0.2.7", "bridge", "<1@x.test>"), true},
};

static void again(void **state)
{
    const struct again_row *row = *state;

    assert_int_equal(make_directory(NULL), 0);
    struct store *store = open_store();
    assert_ok(store_add_message(store, &heard, &problem));
    assert_ok(store_add_message(store, &row->again, &problem));
    assert_int_equal(ask_file("SELECT count(*) FROM messages"), row->is_new ? 2 : 1);
    assert_ok(store_add_message(store, &row->again, &problem));
    if (strcmp(row->again.evidence, "log") == 0)
        assert_int_equal(ask_file("SELECT count(*) FROM messages"), row->is_new ? 2 : 1);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

/* Two processes follow the log, each with its own store open. */
static void two_processes_record_it_once(void **state)
{
    struct store *first = open_store(), *second = open_store();

    (void)state;
    assert_ok(store_begin(first, &problem));
    assert_ok(store_add_message(first, &heard, &problem));
    assert_ok(store_commit(first, &problem));
    assert_ok(store_begin(second, &problem));
    assert_ok(store_add_message(second, &heard, &problem));
    assert_ok(store_commit(second, &problem));
    assert_int_equal(ask_file("SELECT count(*) FROM messages"), 1);
    store_close(first);
    store_close(second);
}

/* A message without a Message-ID cannot be told from another: each is recorded, and found without one. */
static bool has_no_id(void *context, const struct store_message *message)
{
    ++*(size_t *)context;
    assert_null(message->message_id);
    assert_null(message->sender);
    assert_null(message->recipients);
    assert_null(message->text);
    assert_int_equal(message->bytes, -1);
    assert_string_equal(message->evidence, "log");
    return true;
}

static void without_an_id_each_counts(void **state)
{
    static const char *const ids[] = {NULL, "", "<>"};
    const struct store_filter all = {.limit = 0};
    struct store *store = open_store();
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(ids); i++) {
        struct store_message message = heard;

        message.message_id = ids[i / 2];
        message.bytes = -1;
        assert_ok(store_add_message(store, &message, &problem));
    }
    assert_ok(store_messages(store, &all, has_no_id, &count, &problem));
    assert_int_equal(count, 2 * COUNT_OF(ids));
    store_close(store);
}

/* Ten thousand in an hour: a look at all of the hour for each would take a minute. */
static void many_in_an_hour(void **state)
{
    struct store *store = open_store();

    (void)state;
    assert_ok(store_begin(store, &problem));
    for (int i = 0; i < 20000; i++) {
        struct store_message message = heard;
        char id[32];

        (void)snprintf(id, sizeof id, "<%d@x.test>", i / 2);
        message.message_id = id;
        assert_ok(store_add_message(store, &message, &problem));
    }
    assert_ok(store_commit(store, &problem));
    assert_int_equal(ask_file("SELECT count(*) FROM messages"), 10000);
    store_close(store);
}

/* ---- what goes ---- */

/* A year and a half with an arrival every four hours; the last one with mail and the last drill stay for good. */
static void a_year_is_kept(void **state)
{
    enum {
        DAYS = 550,
        ARRIVALS_A_DAY = 6
    };
    const int64_t day_ms = INT64_C(24) * HOUR_MS, first_ms = INT64_C(1700000000000);
    const int64_t now_ms = first_ms + DAYS * day_ms;
    const struct store_options options = {.directory = test_directory,
                                          .keep_s = 365 * day_ms / 1000};
    struct store *store;
    struct store_last_arrival arrival;
    struct store_last_drill drill;
    bool more = true, found;

    (void)state;
    assert_ok(store_open(&store, &options, &problem));
    assert_ok(store_begin(store, &problem));
    for (int i = 0; i < DAYS * ARRIVALS_A_DAY; i++) {
        int64_t at_ms = first_ms + i * (day_ms / ARRIVALS_A_DAY);

        set_arrival(store, at_ms, "mx2", "arrived", 1);
        set_arrival(store, at_ms, "mx3", i == 5 ? "arrived" : "unseen", i == 5 ? 3 : 0);
        if (i % ARRIVALS_A_DAY == 0)
            (void)add(store, "mx2", at_ms, "example.com", GRADE_GOOD);
    }
    for (int i = 0; i < 4; i++)
        assert_ok(store_set_drill(store,
                                  &(struct store_drill){.at_ms = first_ms + i,
                                                        .backup = i < 2 ? "mx2" : "mx3",
                                                        .domain = "example.com",
                                                        .outcome = i % 2 == 0 ? "ok" : "unseen",
                                                        .token = i % 2 == 0 ? "t" : "u"},
                                  &problem));
    assert_ok(store_commit(store, &problem));
    for (int calls = 0; more; calls++) {
        assert_in_range(calls, 0, 10);
        assert_ok(store_prune(store, now_ms, &more, &problem));
    }
    assert_int_equal(ask_file("SELECT count(*) FROM arrivals WHERE backup = 'mx2'"),
                     365 * ARRIVALS_A_DAY);
    assert_int_equal(ask_file("SELECT count(*) FROM arrivals WHERE backup = 'mx3'"),
                     365 * ARRIVALS_A_DAY + 1);
    assert_ok(store_last_arrival(store, "mx3", &arrival, &found, &problem));
    assert_true(found);
    assert_int_equal(arrival.messages, 3);
    assert_int_equal(ask_file("SELECT count(*) FROM drills"), 2);
    assert_ok(store_last_drill(store, "mx2", NULL, &drill, &found, &problem));
    assert_string_equal(drill.outcome, "unseen");
    assert_ok(store_last_drill(store, "mx3", NULL, &drill, &found, &problem));
    assert_string_equal(drill.outcome, "unseen");
    store_close(store);
}

/* ---- what is drawn ---- */

static char past[4096];

static void note_past(void *context, const void *record)
{
    enum store_kind kind = *(enum store_kind *)context;
    const struct store_mail *mail = record;
    const struct store_arrival *arrival = record;
    const struct store_drill *drill = record;
    const struct store_outage *outage = record;
    char line[256];

    switch (kind) {
    case STORE_MAIL:
        (void)snprintf(line, sizeof line, "%lld %s %lld %lld\n", (long long)mail->at_ms,
                       mail->backup, (long long)mail->messages, (long long)mail->bytes);
        break;
    case STORE_ARRIVALS:
        (void)snprintf(line, sizeof line, "%lld %s %s %lld\n", (long long)arrival->asked_ms,
                       arrival->backup, arrival->state, (long long)arrival->messages);
        break;
    case STORE_DRILLS:
        (void)snprintf(line, sizeof line, "%lld %s %s %s %lld\n", (long long)drill->at_ms,
                       drill->backup, drill->domain, drill->outcome, (long long)drill->arrived_ms);
        break;
    case STORE_OUTAGES:
        (void)snprintf(line, sizeof line, "%lld %s\n", (long long)outage->ended_ms, outage->why);
        break;
    }
    (void)snprintf(past + strlen(past), sizeof past - strlen(past), "%s", line);
}

static const char *read_past(struct store *store, enum store_kind kind, int64_t since_ms)
{
    past[0] = '\0';
    assert_ok(store_past(store, kind, since_ms, note_past, &kind, &problem));
    return past;
}

/* Each kind in the order of time, from a time on; mail that was refused is none. */
static void past_is_told(void **state)
{
    struct store *store = open_store();
    struct store_message message = {
        .at_ms = 1000, .backup = "mx2", .evidence = "bridge", .bytes = 70, .code = 250};
    const struct store_drill drill = {.at_ms = 7000,
                                      .backup = "mx2",
                                      .domain = "example.com",
                                      .outcome = "ok",
                                      .token = "t",
                                      .accepted_ms = 1,
                                      .arrived_ms = -1};

    (void)state;
    assert_string_equal(read_past(store, STORE_MAIL, 0), "");
    for (int i = 0; i < 4; i++) {
        assert_ok(store_add_message(store, &message, &problem));
        message.at_ms += 1000;
        message.bytes = i == 0 ? -1 : 70;
        message.code = i == 2 ? 554 : 0;
    }
    message.at_ms = 400000;
    message.code = 0;
    assert_ok(store_add_message(store, &message, &problem));
    assert_string_equal(read_past(store, STORE_MAIL, 0), "1000 mx2 3 140\n400000 mx2 1 70\n");
    assert_string_equal(read_past(store, STORE_MAIL, 3000), "3000 mx2 1 70\n400000 mx2 1 70\n");
    set_arrival(store, 5000, "mx2", "arrived", 4);
    set_arrival(store, 3000, "mx3", "coming", 2);
    set_arrival(store, 2000, "mx3", "arrived", 1);
    assert_string_equal(read_past(store, STORE_ARRIVALS, 3000),
                        "3000 mx3 coming 2\n5000 mx2 arrived 4\n");
    assert_ok(store_set_drill(store, &drill, &problem));
    assert_string_equal(read_past(store, STORE_DRILLS, 7000), "7000 mx2 example.com ok -1\n");
    assert_string_equal(read_past(store, STORE_DRILLS, 7001), "");
    for (int i = 1; i <= 3; i++) {
        assert_ok(store_outage_begin(store, i * 1000, i == 2 ? "two" : "other", &problem));
        if (i < 3)
            assert_ok(store_outage_end(store, i * 1000 + 500, &problem));
    }
    assert_string_equal(read_past(store, STORE_OUTAGES, 2200), "2500 two\n0 other\n");
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
        IN_DIRECTORY(arrival_is_whole_and_replaced),
        IN_DIRECTORY(clock_ahead_hides_nothing),
        IN_DIRECTORY(drill_is_whole),
        IN_DIRECTORY(two_processes_record_it_once),
        IN_DIRECTORY(without_an_id_each_counts),
        IN_DIRECTORY(many_in_an_hour),
        IN_DIRECTORY(a_year_is_kept),
        IN_DIRECTORY(past_is_told),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    failed += RUN_TABLE(bringing_rows, bringing);
    failed += RUN_TABLE(again_rows, again);
    return unit_status(failed);
}
