/* What polls bring about: rows in the store, and alarms that are raised once at each change. Nobody
 * is asked: the polls' results are settled by hand, and the time of a silence is an argument. */
#include "directory.h"

#include <mxpull/base/log.h>
#include <mxpull/platform/clock.h>
#include <mxpull/record/recorder.h>

#include <support.h>

enum {
    LOG_SIZE = 16 * 1024,
    HOUR_MS = 3600 * 1000
};

static char logged[LOG_SIZE];
static char backup_name[] = "mx2", host[] = "mx2.example.net";
static char good_domain[] = "a.example", other_domain[] = "b.example";
static char *domain_texts[] = {good_domain, other_domain};
static struct node nodes[2];
static struct backup_config backup;
static struct config config;
static bool is_stopping;

static bool stop(void)
{
    return is_stopping;
}

static struct polling polling = {.config = &config, .stop = stop};

/* The alarms alone, one a line, without what differs from run to run. */
static void keep_log(void *context, const struct log_event *event)
{
    (void)context;
    for (size_t i = 0; i < event->field_count; i++) {
        const struct log_field *field = &event->fields[i];
        bool is_shown = strcmp(field->key, "event") == 0 || strcmp(field->key, "domain") == 0 ||
                        strcmp(field->key, "outcome") == 0;

        if (is_shown) {
            (void)strncat(logged, field->text, LOG_SIZE - strlen(logged) - 2);
            (void)strncat(logged, " ", 2);
        }
    }
    if (event->message != NULL)
        (void)strncat(logged, event->message, LOG_SIZE - strlen(logged) - 2);
    (void)strncat(logged, "\n", 2);
}

/* What was told since the last call. */
static void assert_told(const char *expected)
{
    assert_string_equal(logged, expected);
    logged[0] = '\0';
}

static int set_up(void **state)
{
    struct error error;

    logged[0] = '\0';
    is_stopping = false;
    for (size_t i = 0; i < COUNT_OF(nodes); i++)
        assert_int_equal(node_parse(&nodes[i], domain_texts[i], &error), STATUS_OK);
    backup = (struct backup_config){.name = backup_name,
                                    .host = host,
                                    .domains = nodes,
                                    .domain_texts = domain_texts,
                                    .domain_count = 1,
                                    .timing = {.interval_s = 4 * 3600}};
    config = (struct config){.backups = &backup, .backup_count = 1};
    log_open(LEVEL_DEBUG, keep_log, NULL);
    return make_directory(state);
}

static int tear_down(void **state)
{
    log_open(LEVEL_ERROR, NULL, NULL);
    return remove_directory(state);
}

static int64_t store_ahead_ms; /* the store's clock before that of the system */

static int64_t store_now(void)
{
    return clock_wall_ms() + store_ahead_ms;
}

static struct store *open_store(void)
{
    const struct store_options options = {
        .directory = directory, .keep_s = 3600, .now_ms = store_now};
    struct store *store;
    struct error error;

    assert_int_equal(store_open(&store, &options, &error), STATUS_OK);
    return store;
}

static int64_t utc(int64_t utc_s)
{
    (void)utc_s;
    return 0;
}

static struct recorder *make_recorder(struct store *store, bool watches)
{
    return recorder_new(&(struct recorder_options){
        .config = &config, .store = store, .offset = utc, .watches = watches});
}

static bool is_asked_now;

static bool is_asked(void *context, size_t place)
{
    (void)context;
    assert_int_equal(place, 0);
    return is_asked_now;
}

static int64_t check_silence(struct recorder *recorder, int64_t now_ms)
{
    return recorder_check_silence(recorder, now_ms, is_asked, NULL);
}

/* A poll that ends so. */
static void poll_brings(struct recorder *recorder, enum outcome outcome)
{
    static const struct selection all = {NULL, 0};
    struct poll *poll = poll_new(&polling, &backup, &all);

    poll_clear(poll, NULL);
    if (is_stopping)
        poll_stop(poll);
    poll_settle(poll, outcome, "text");
    recorder_poll(recorder, poll);
    poll_free(poll);
}

static void test_changes(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, true);

    (void)state;
    poll_brings(recorder, OUTCOME_STARTED);
    assert_told("");
    poll_brings(recorder, OUTCOME_UNREACHABLE);
    assert_told("failure unreachable \n");
    poll_brings(recorder, OUTCOME_DENIED);
    poll_brings(recorder, OUTCOME_HELD);
    assert_told("");
    poll_brings(recorder, OUTCOME_EMPTY);
    assert_told("recovery empty \n");
    poll_brings(recorder, OUTCOME_EMPTY);
    poll_brings(recorder, OUTCOME_HELD);
    assert_told("");
    recorder_free(recorder);
    store_close(store);
}

/* What the next process is told by the store: cron runs one for each poll. */
static void test_changes_between_processes(void **state)
{
    static const struct {
        enum outcome outcome;
        const char *told;
    } rows[] = {
        {OUTCOME_TIMEOUT, "failure timeout \n"},
        {OUTCOME_TIMEOUT, ""},
        {OUTCOME_PENDING, "recovery pending \n"},
        {OUTCOME_STARTED, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct store *store = open_store();
        struct recorder *recorder = make_recorder(store, false);

        poll_brings(recorder, rows[i].outcome);
        assert_told(rows[i].told);
        recorder_free(recorder);
        store_close(store);
    }
}

/* That we were asked to end says nothing about the backup. */
static void test_stopped(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, true);

    (void)state;
    is_stopping = true;
    poll_brings(recorder, OUTCOME_INTERRUPTED);
    assert_told("");
    is_stopping = false;
    poll_brings(recorder, OUTCOME_INTERRUPTED);
    assert_told("failure interrupted \n");
    recorder_free(recorder);
    store_close(store);
}

/* A clock that was years ahead, and is put right: from then on the silence counts. */
static void test_silence_after_a_wrong_clock(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, true);
    int64_t right_ms = clock_wall_ms() - 4000 * 24 * (int64_t)HOUR_MS;

    (void)state;
    poll_brings(recorder, OUTCOME_STARTED);
    (void)check_silence(recorder, clock_wall_ms());
    store_ahead_ms = right_ms - clock_wall_ms();
    int64_t due_ms = check_silence(recorder, right_ms);
    assert_in_range(due_ms - right_ms, 12 * HOUR_MS, 12 * HOUR_MS + 60000);
    assert_int_equal(check_silence(recorder, due_ms), INT64_MAX);
    assert_told("silence a.example started \n");
    recorder_free(recorder);
    recorder = make_recorder(store, true); /* a start then */
    assert_int_equal(check_silence(recorder, due_ms), INT64_MAX);
    assert_told("");
    store_ahead_ms = 0;
    recorder_free(recorder);
    store_close(store);
}

/* A clock that is set while the daemon runs: 1970 was not the last good answer. */
static void test_silence_after_the_clock_is_set(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, true);
    int64_t now_ms = clock_wall_ms();

    (void)state;
    poll_brings(recorder, OUTCOME_STARTED);
    (void)check_silence(recorder, now_ms);
    store_ahead_ms = 1000 - clock_wall_ms();
    assert_int_equal(check_silence(recorder, 1000), 1000 + 12 * HOUR_MS);
    store_ahead_ms = 0;
    assert_int_equal(check_silence(recorder, now_ms), now_ms + 12 * HOUR_MS);
    assert_told("");
    recorder_free(recorder);
    store_close(store);
}

static void test_silence(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, true);
    int64_t now_ms = clock_wall_ms();

    (void)state;
    assert_int_equal(check_silence(recorder, now_ms), INT64_MAX);
    poll_brings(recorder, OUTCOME_STARTED);
    int64_t due_ms = check_silence(recorder, now_ms);
    assert_in_range(due_ms - now_ms, 12 * HOUR_MS, 12 * HOUR_MS + 60000);
    poll_brings(recorder, OUTCOME_HELD); /* no good answer */
    assert_int_equal(check_silence(recorder, due_ms - 1), due_ms);
    is_asked_now = true; /* it may be over in a moment */
    assert_int_equal(check_silence(recorder, due_ms), INT64_MAX);
    is_asked_now = false;
    assert_told("");
    assert_int_equal(check_silence(recorder, due_ms), INT64_MAX);
    assert_told("silence a.example held \n");
    assert_int_equal(check_silence(recorder, due_ms + 100 * (int64_t)HOUR_MS), INT64_MAX);
    poll_brings(recorder, OUTCOME_HELD);
    assert_int_equal(check_silence(recorder, due_ms + 100 * (int64_t)HOUR_MS), INT64_MAX);
    assert_told("");

    recorder_free(recorder); /* a restart does not raise it again */
    recorder = make_recorder(store, true);
    assert_int_equal(check_silence(recorder, due_ms + 200 * (int64_t)HOUR_MS), INT64_MAX);
    assert_told("");
    poll_brings(recorder, OUTCOME_STARTED);
    assert_told("answer a.example started \n");
    assert_true(check_silence(recorder, now_ms) < INT64_MAX);
    recorder_free(recorder);
    store_close(store);
}

/* Silent from the first: counted from the first poll. And by `silence` where that is set. */
static void test_never_a_good_answer(void **state)
{
    struct store *store = open_store();
    int64_t now_ms = clock_wall_ms();

    (void)state;
    config.silence_s = 3600;
    struct recorder *recorder = make_recorder(store, true);
    poll_brings(recorder, OUTCOME_DENIED);
    assert_told("failure denied \n");
    int64_t due_ms = check_silence(recorder, now_ms);
    assert_in_range(due_ms - now_ms, HOUR_MS, HOUR_MS + 60000);
    (void)check_silence(recorder, due_ms);
    assert_told("silence a.example denied \n");
    recorder_free(recorder);
    store_close(store);
}

/* A pull, which looks at what it has polled alone, raises it as a daemon does. */
static void test_silence_by_pulls(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, false);
    int64_t later_ms = clock_wall_ms() + 13 * (int64_t)HOUR_MS;

    (void)state;
    poll_brings(recorder, OUTCOME_STARTED);
    recorder_free(recorder);
    recorder = make_recorder(store, false);
    (void)check_silence(recorder, later_ms);
    assert_told("");
    poll_brings(recorder, OUTCOME_TIMEOUT);
    (void)check_silence(recorder, later_ms);
    assert_told("failure timeout \nsilence a.example timeout \n");
    recorder_free(recorder);
    store_close(store);
}

/* A store in a directory that is none yet: a file stands there. It is tried at each use. */
static struct store *open_failing_store(void)
{
    const struct store_options options = {
        .directory = in_directory("file"), .keep_s = 3600, .insist = true};
    struct store *store = NULL;
    struct error error;
    FILE *file = fopen(options.directory, "w");

    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(store_open(&store, &options, &error), STATUS_SYSTEM);
    assert_non_null(store);
    return store;
}

/* On a full disk, say: what a daemon has seen itself is enough. */
static void test_store_that_fails(void **state)
{
    struct store *store = open_failing_store();
    struct recorder *recorder = make_recorder(store, true);
    int64_t now_ms = clock_wall_ms();

    (void)state;
    logged[0] = '\0';
    poll_brings(recorder, OUTCOME_DENIED);
    assert_told("failure denied \n");
    poll_brings(recorder, OUTCOME_DENIED);
    poll_brings(recorder, OUTCOME_HELD);
    assert_told("");
    int64_t due_ms = check_silence(recorder, now_ms);
    assert_in_range(due_ms - now_ms, 12 * HOUR_MS, 12 * HOUR_MS + 60000);
    assert_int_equal(check_silence(recorder, due_ms), INT64_MAX);
    assert_told("silence a.example held \n");
    poll_brings(recorder, OUTCOME_DENIED);
    assert_int_equal(check_silence(recorder, due_ms + 100 * (int64_t)HOUR_MS), INT64_MAX);
    assert_told("");
    poll_brings(recorder, OUTCOME_EMPTY);
    assert_told("recovery empty \nanswer a.example empty \n");
    poll_brings(recorder, OUTCOME_EMPTY);
    assert_told("");
    assert_in_range(check_silence(recorder, now_ms) - now_ms, 12 * HOUR_MS, 12 * HOUR_MS + 60000);
    recorder_free(recorder);
    store_close(store);
}

/* What was told while the store failed is not told again by anybody. */
static void test_store_that_works_again(void **state)
{
    struct store *store = open_failing_store();
    struct recorder *recorder = make_recorder(store, true);
    int64_t later_ms = clock_wall_ms() + 13 * (int64_t)HOUR_MS;

    (void)state;
    logged[0] = '\0';
    poll_brings(recorder, OUTCOME_DENIED);
    (void)check_silence(recorder, later_ms);
    assert_told("failure denied \nsilence a.example denied \n");
    assert_int_equal(remove(in_directory("file")), 0);
    poll_brings(recorder, OUTCOME_DENIED);
    assert_told("the answers can be written down again\n");
    (void)check_silence(recorder, later_ms + 100 * (int64_t)HOUR_MS);
    assert_told("");
    recorder_free(recorder);
    recorder = make_recorder(store, true); /* the next run */
    (void)check_silence(recorder, later_ms + 200 * (int64_t)HOUR_MS);
    assert_told("");
    poll_brings(recorder, OUTCOME_STARTED);
    assert_told("recovery started \nanswer a.example started \n");
    recorder_free(recorder);
    store_close(store);
}

/* What another process holds, we cannot write; reading goes on. */
static struct store *hold(struct store *store)
{
    struct store *other = open_store();
    struct error error;

    assert_int_equal(store_begin(other, &error), STATUS_OK);
    store_set_patience(store, 0);
    return other;
}

static void let_go(struct store *other)
{
    struct error error;

    assert_int_equal(store_commit(other, &error), STATUS_OK);
    store_close(other);
    logged[0] = '\0'; /* that nothing could be written down */
}

static bool is_stored_silent(struct store *store)
{
    struct store_domain domain;
    struct error error;
    bool found;

    assert_int_equal(store_get_domain(store, "mx2", "a.example", &domain, &found, &error),
                     STATUS_OK);
    assert_true(found);
    return domain.silent;
}

/* For a while: what the store knew before is not forgotten. */
static bool count_row(void *context, const struct store_row *row)
{
    (void)row;
    ++*(size_t *)context;
    return true;
}

static size_t count_rows(struct store *store)
{
    const struct store_filter all = {.limit = 0};
    struct error error;
    size_t count = 0;

    assert_int_equal(store_history(store, &all, count_row, &count, &error), STATUS_OK);
    return count;
}

/* A pull: rows and alarms wait until the store is free; what waits for too long is lost, and told. */
static void test_pull_while_the_store_is_held(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, false);
    struct store *holder = hold(store);

    (void)state;
    poll_brings(recorder, OUTCOME_DENIED);
    poll_brings(recorder, OUTCOME_DENIED);
    assert_told("");
    assert_int_equal(count_rows(store), 0);
    let_go(holder);
    recorder_finish(recorder, 0);
    assert_told("failure denied \n");
    assert_int_equal(count_rows(store), 2);

    holder = hold(store);
    poll_brings(recorder, OUTCOME_STARTED);
    let_go(holder);
    poll_brings(recorder, OUTCOME_DENIED); /* what waits comes first */
    assert_told("recovery started \nfailure denied \n");
    assert_int_equal(count_rows(store), 4);

    holder = hold(store);
    poll_brings(recorder, OUTCOME_DENIED);
    recorder_finish(recorder, 0);
    assert_non_null(strstr(logged, "another process holds it; the answers of 1 poll are not"));
    let_go(holder);
    recorder_free(recorder);
    store_close(store);
}

/* What waits is lost by its kind: messages, arrivals and drills are no polls. */
static void test_records_that_are_lost(void **state)
{
    const struct store_drill drill = {
        .backup = backup_name, .domain = good_domain, .outcome = "ok", .token = "t"};
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, false);
    struct store *holder = hold(store);

    (void)state;
    recorder_drill(recorder, &drill);
    recorder_finish(recorder, 0);
    assert_non_null(strstr(logged, "another process holds it; 1 record is not written down\n"));
    recorder_drill(recorder, &drill);
    recorder_arrival(recorder, &(struct store_arrival){.backup = backup_name, .state = "empty"});
    poll_brings(recorder, OUTCOME_DENIED);
    recorder_finish(recorder, 0);
    assert_non_null(strstr(logged, "; the answers of 1 poll and 2 other records are not written "));
    recorder_finish(recorder, 0);
    let_go(holder);
    recorder_free(recorder);
    store_close(store);
}

static void test_store_that_is_held(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, true);

    (void)state;
    poll_brings(recorder, OUTCOME_DENIED);
    (void)check_silence(recorder, clock_wall_ms() + 13 * (int64_t)HOUR_MS);
    assert_told("failure denied \nsilence a.example denied \n");
    struct store *holder = hold(store);
    poll_brings(recorder, OUTCOME_DENIED);
    assert_non_null(strstr(logged, "goes on and writes down what is answered when it is free"));
    let_go(holder);
    poll_brings(recorder, OUTCOME_STARTED);
    assert_told("the answers can be written down again\nrecovery started \n"
                "answer a.example started \n");
    assert_false(is_stored_silent(store));
    assert_int_equal(count_rows(store), 3);
    recorder_free(recorder);
    store_close(store);
}

/* The first poll after a restart cannot be written: the failure before it was another's. */
static void test_recovery_that_is_not_written(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, true);

    (void)state;
    poll_brings(recorder, OUTCOME_DENIED);
    assert_told("failure denied \n");
    recorder_free(recorder);
    for (int i = 0; i < 2; i++) {
        recorder = make_recorder(store, true);
        if (i == 1) {
            poll_brings(recorder, OUTCOME_DENIED);
            assert_told("failure denied \n");
        }
        struct store *holder = hold(store);
        poll_brings(recorder, OUTCOME_EMPTY);
        assert_non_null(strstr(logged, "recovery empty \n"));
        let_go(holder);
        poll_brings(recorder, OUTCOME_EMPTY);
        assert_told("the answers can be written down again\n");
        recorder_free(recorder);
    }
    store_close(store);
}

/* It was told and written; its end cannot be written, and is told once all the same. */
static void test_end_of_silence_that_is_not_written(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, true);

    (void)state;
    poll_brings(recorder, OUTCOME_DENIED);
    (void)check_silence(recorder, clock_wall_ms() + 13 * (int64_t)HOUR_MS);
    assert_told("failure denied \nsilence a.example denied \n");
    assert_true(is_stored_silent(store));
    struct store *holder = hold(store);
    poll_brings(recorder, OUTCOME_STARTED);
    assert_non_null(strstr(logged, "recovery started \nanswer a.example started \n"));
    let_go(holder);
    poll_brings(recorder, OUTCOME_STARTED);
    assert_told("the answers can be written down again\n");
    assert_false(is_stored_silent(store));
    recorder_free(recorder);
    store_close(store);
}

/* A silence that we could not write, and which another process has ended since. */
static void test_silence_that_another_has_ended(void **state)
{
    struct store *store = open_store();
    struct recorder *recorder, *pull;
    int64_t now_ms = clock_wall_ms();

    (void)state;
    config.silence_s = 1;
    recorder = make_recorder(store, true);
    poll_brings(recorder, OUTCOME_DENIED);
    struct store *holder = hold(store);
    (void)check_silence(recorder, now_ms + 1500);
    assert_non_null(strstr(logged, "silence a.example denied \n"));
    let_go(holder);
    support_sleep_ms(1600);
    pull = make_recorder(store, false);
    poll_brings(pull, OUTCOME_STARTED);
    recorder_free(pull);
    assert_told("recovery started \n"); /* for it, there was no silence */
    poll_brings(recorder, OUTCOME_DENIED);
    assert_told("the answers can be written down again\nfailure denied \n"
                "answer a.example \n");
    assert_false(is_stored_silent(store));
    recorder_free(recorder);
    store_close(store);
}

/* A memory that ends with us serves as well, but for the next run. */
static void test_store_in_memory(void **state)
{
    const struct store_options options = {.keep_s = 3600};
    struct store *store = NULL;
    struct error error;

    (void)state;
    assert_int_equal(store_open(&store, &options, &error), STATUS_OK);
    struct recorder *recorder = make_recorder(store, true);
    poll_brings(recorder, OUTCOME_DENIED);
    assert_told("failure denied \n");
    poll_brings(recorder, OUTCOME_DENIED);
    assert_told("");
    poll_brings(recorder, OUTCOME_STARTED);
    assert_told("recovery started \n");
    assert_true(recorder_check_silence(recorder, clock_wall_ms(), NULL, NULL) < INT64_MAX);
    recorder_free(recorder);
    store_close(store);
}

/* Copies go into the store, as one with the poll before them. */
static void test_arrivals_and_drills(void **state)
{
    char text[] = "mx2", token[] = "TOKEN";
    struct store *store = open_store();
    struct recorder *recorder = make_recorder(store, true);
    struct store_last_arrival arrival;
    struct store_last_drill drill;
    struct error error;
    bool found;

    (void)state;
    recorder_heard(recorder, &(struct store_message){.at_ms = clock_wall_ms(),
                                                     .backup = text,
                                                     .evidence = "log",
                                                     .message_id = "<1@x.test>"});
    recorder_arrival(recorder, &(struct store_arrival){.asked_ms = clock_wall_ms(),
                                                       .backup = text,
                                                       .state = "arrived",
                                                       .messages = 4,
                                                       .bytes = -1});
    recorder_drill(recorder, &(struct store_drill){.at_ms = clock_wall_ms(),
                                                   .backup = text,
                                                   .domain = good_domain,
                                                   .outcome = "ok",
                                                   .token = token});
    text[0] = token[0] = '?';
    recorder_flush(recorder);
    assert_true(recorder_is_written(recorder));
    assert_int_equal(store_last_arrival(store, "mx2", &arrival, &found, &error), STATUS_OK);
    assert_true(found);
    assert_int_equal(arrival.messages, 4);
    assert_int_equal(arrival.bytes, -1);
    assert_string_equal(arrival.evidence, "");
    assert_int_equal(store_last_drill(store, "mx2", NULL, &drill, &found, &error), STATUS_OK);
    assert_true(found);
    assert_string_equal(drill.domain, "a.example");
    assert_told("");
    recorder_free(recorder);
    store_close(store);
}

static void test_without_a_store(void **state)
{
    struct recorder *recorder = make_recorder(NULL, true);

    (void)state;
    poll_brings(recorder, OUTCOME_UNREACHABLE);
    assert_int_equal(check_silence(recorder, INT64_MAX - 1), INT64_MAX);
    recorder_prune(recorder, 0);
    recorder_heard(recorder, &(struct store_message){.backup = backup_name});
    recorder_arrival(recorder, &(struct store_arrival){.backup = backup_name});
    recorder_drill(recorder, &(struct store_drill){.backup = backup_name});
    struct error error;
    assert_int_equal(
        recorder_drill_begins(recorder, &(struct store_drill){.backup = backup_name}, &error),
        STATUS_SYSTEM);
    assert_told("");
    recorder_free(recorder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changes_between_processes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silence_after_a_wrong_clock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silence_after_the_clock_is_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_never_a_good_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silence_by_pulls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_store_that_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_store_that_works_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_records_that_are_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_store_that_is_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pull_while_the_store_is_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_recovery_that_is_not_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end_of_silence_that_is_not_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silence_that_another_has_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_store_in_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_arrivals_and_drills, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_store, set_up, tear_down),
    };

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}
