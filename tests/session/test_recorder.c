/* Rounds, the recorder and the store together: what stands in the history after a pull, and what was
 * told, whatever the backups, our own mail server and other processes did meanwhile. */
#include "../unit/unit.h"
#include "harness.h"

#include <mxpull/base/log.h>

#include <stdio.h>
#include <support.h>

enum {
    TEXT_SIZE = 8 * 1024
};

static char directory[SUPPORT_PATH_SIZE];
static struct store *store;
static char rows[TEXT_SIZE], told[TEXT_SIZE];

static struct store *open_store(void)
{
    struct store *opened;
    struct error error;

    assert_int_equal(store_open(&opened,
                                &(struct store_options){.directory = directory, .keep_s = 3600},
                                &error),
                     STATUS_OK);
    return opened;
}

/* The alarms, one a line: "failure mx deferred". */
static void keep_alarm(void *context, const struct log_event *event)
{
    bool is_alarm = false;

    (void)context;
    for (size_t i = 0; i < event->field_count; i++) {
        const struct log_field *field = &event->fields[i];
        size_t used = strlen(told);

        is_alarm = is_alarm || strcmp(field->key, "event") == 0;
        if (is_alarm && (strcmp(field->key, "event") == 0 || strcmp(field->key, "backup") == 0 ||
                         strcmp(field->key, "outcome") == 0))
            (void)snprintf(told + used, sizeof told - used, "%s ", field->text);
    }
    if (is_alarm)
        (void)snprintf(told + strlen(told), sizeof told - strlen(told), "\n");
}

static int set_up(void **state)
{
    (void)state;
    told[0] = '\0';
    support_make_directory(directory);
    store = open_store();
    log_open(LEVEL_DEBUG, keep_alarm, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, NULL, NULL);
    store_close(store);
    assert_true(support_remove_directory(directory));
    return 0;
}

static bool add_row(void *context, const struct store_row *row)
{
    size_t used = strlen(rows);

    (void)context;
    used +=
        (size_t)snprintf(rows + used, sizeof rows - used, "%s %s %s %s %d", row->cause, row->backup,
                         row->answer.domain, row->answer.outcome, row->answer.code);
    if (row->answer.messages >= 0)
        used += (size_t)snprintf(rows + used, sizeof rows - used, " %d message%s",
                                 (int)row->answer.messages, row->answer.messages == 1 ? "" : "s");
    (void)snprintf(rows + used, sizeof rows - used, "\n");
    return true;
}

/* The history, oldest first: "pull mx a.example started 250". */
static const char *history(void)
{
    const struct store_filter all = {.limit = 0};
    struct error error;

    rows[0] = '\0';
    assert_int_equal(store_history(store, &all, add_row, NULL, &error), STATUS_OK);
    return rows;
}

static void check_pull(struct sim *sim, const char *config, bool retry, int exit_status)
{
    struct outcome_text outcome = pull_into(store, sim, config, retry);

    assert_int_equal(outcome.exit_status, exit_status);
    outcome_done(&outcome);
}

/* ---- only what was asked ---- */

#define DOMAINS "domains = {a.example, b.example, c.example} }"

static void test_retry_writes_what_it_asks(void **state)
{
    struct sim *sim = sim_start("server mx 127.0.0.1:0\nreply ETRN a.example \"250 OK\"\n"
                                "reply ETRN c.example \"459 no\"\n"
                                "on-connection 1 reply ETRN b.example \"458 later\"\n"
                                "on-connection 2 reply ETRN b.example \"458 still\"\n"
                                "reply ETRN b.example \"251 none\"\n");

    (void)state;
    check_pull(sim, "retry = {1s, 1s, 1s}\nbackup mx { $mx " DOMAINS, true, 77);
    assert_string_equal(history(), "pull mx a.example started 250\npull mx b.example deferred 458\n"
                                   "pull mx c.example denied 459\nretry mx b.example deferred 458\n"
                                   "retry mx b.example empty 251\n");
    assert_int_equal(sim_count(sim, "< ETRN"), 5);
    sim_stop(sim);
}

/* A backup that was answered well is not written again for another's sake. */
static void test_retry_of_another_backup(void **state)
{
    struct sim *sim = sim_start("server good 127.0.0.1:0\nreply ETRN \"250 OK\"\n"
                                "server bad 127.0.0.1:0\nreply ETRN \"458 later\"\n");

    (void)state;
    check_pull(sim,
               "retry = {1s}\nbackup good { $good domains = a.example }\n"
               "backup bad { $bad domains = a.example }",
               true, 75);
    (void)history();
    assert_non_null(strstr(rows, "pull good a.example started 250\n"));
    assert_non_null(strstr(rows, "pull bad a.example deferred 458\n"));
    assert_non_null(strstr(rows, "\nretry bad a.example deferred 458\n"));
    assert_int_equal(strlen(rows), strlen("pull good a.example started 250\n"
                                          "pull bad a.example deferred 458\n"
                                          "retry bad a.example deferred 458\n"));
    assert_string_equal(told, "failure bad deferred \n");
    sim_stop(sim);
}

/* What the retry settles is what its poll brings: the rest was good before. */
static void test_retry_that_helps(void **state)
{
    struct sim *sim = sim_start("server mx 127.0.0.1:0\nreply ETRN a.example \"250 OK\"\n"
                                "reply ETRN c.example \"250 OK\"\n"
                                "on-connection 1 reply ETRN b.example \"458 later\"\n"
                                "reply ETRN b.example \"252 yes\"\n");

    (void)state;
    check_pull(sim, "retry = {1s}\nbackup mx { $mx " DOMAINS, true, 0);
    assert_string_equal(told, "failure mx deferred \nrecovery mx pending \n");
    sim_stop(sim);
}

/* A retry that is held has asked nobody: nothing of the answer before is written again. */
static void test_retry_that_is_held(void **state)
{
    struct sim *sim = sim_start("server mx 127.0.0.1:0\nreply ETRN a.example \"250 OK\"\n"
                                "reply ETRN b.example \"253 OK, 5 pending messages for node b\"\n"
                                "on-connection 1 reply ETRN c.example \"458 later\"\n"
                                "sink primary 127.0.0.1:0\n"
                                "on-connection 2 reply RCPT \"450 not now\"\n");

    (void)state;
    check_pull(sim,
               "retry = {1s}\nprimary { address = \"%primary\" preflight = recipients }\n"
               "backup mx { $mx " DOMAINS,
               true, 75);
    assert_string_equal(history(), "pull mx a.example started 250\npull mx b.example pending 253\n"
                                   "pull mx c.example deferred 458\nretry mx c.example held 0\n");
    assert_string_equal(told, "failure mx deferred \n");
    sim_stop(sim);
}

/* What an ATRN has brought counts for the poll that has brought it, and for the round once. */
static void test_messages_count_once(void **state)
{
    struct sim *sim;

    (void)state;
    support_empty_directory("recorder.waiting");
    support_empty_directory("recorder.arrived");
    for (int i = 1; i <= 2; i++) {
        char path[64];

        (void)snprintf(path, sizeof path, "recorder.waiting/%d.eml", i);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_not_equal(fputs("To: postmaster@e.example\n\ntext\n", file), EOF);
        assert_int_equal(fclose(file), 0);
    }
    sim = sim_start("server mx 127.0.0.1:0\nauth PLAIN me secret\nodmr recorder.waiting\n"
                    "sink primary 127.0.0.1:0\nkeep recorder.arrived lf\n"
                    "on-connection 1 reply RCPT#2+ \"451 later\"\n"
                    "on-connection 2 reply RCPT \"451 later\"\n");
    check_pull(sim,
               "retry = {1s}\nprimary { address = \"%primary\" preflight = off }\nbackup mx { $mx "
               "method = atrn user = me password = secret tls = off auth_in_clear = true domains = "
               "e.example }",
               true, 0);
    assert_string_equal(history(), "pull mx e.example refused 0 1 message\n"
                                   "retry mx e.example received 453 1 message\n");
    sim_stop(sim);
}

/* ---- an answer that counts ---- */

#define PRIMARY "primary { address = \"%primary\" preflight = recipients }\n"

/* A held domain says nothing about the backup, whatever its place. */
static void test_recovery_is_an_answer(void **state)
{
    static const char *const held[] = {"a.example", "b.example", "c.example"};
    char script[400];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(held); i++) {
        (void)snprintf(script, sizeof script,
                       "server mx 127.0.0.1:0\non-connection 1 reply ETRN \"451 later\"\n"
                       "reply ETRN \"250 OK\"\nsink primary 127.0.0.1:0\n"
                       "reply RCPT postmaster@%s \"550 no such\"\n",
                       held[i]);
        struct sim *sim = sim_start(script);

        told[0] = '\0';
        check_pull(sim, PRIMARY "backup mx { $mx " DOMAINS, false, 75);
        assert_string_equal(told, "failure mx deferred \n");
        told[0] = '\0';
        check_pull(sim, PRIMARY "backup mx { $mx " DOMAINS, false, 75);
        assert_string_equal(told, "recovery mx started \n");
        sim_stop(sim);
    }
}

/* ---- a store that another process holds ---- */

static struct store *holder;

static void let_go(void)
{
    struct error error;

    assert_int_equal(store_commit(holder, &error), STATUS_OK);
}

/* However long it is held within our patience. */
static void test_held_store(void **state)
{
    static const int64_t held_ms[] = {300, 1000};
    struct error error;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(held_ms); i++) {
        struct sim *sim = sim_start("server mx 127.0.0.1:0\nreply ETRN \"250 OK\"\n"
                                    "server my 127.0.0.1:0\nreply ETRN \"459 no\"\n");

        holder = open_store();
        assert_int_equal(store_begin(holder, &error), STATUS_OK);
        support_call_later(held_ms[i], let_go);
        check_pull(sim,
                   "backup mx { $mx domains = a.example }\nbackup my { $my domains = b.example }",
                   false, 77);
        assert_non_null(strstr(history(), "pull mx a.example started 250\n"));
        assert_non_null(strstr(history(), "pull my b.example denied 459\n"));
        assert_string_equal(told, i == 0 ? "failure my denied \n" : "");
        told[0] = '\0';
        store_close(holder);
        sim_stop(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_retry_writes_what_it_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_retry_of_another_backup, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_retry_that_helps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_retry_that_is_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_messages_count_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_recovery_is_an_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_held_store, set_up, tear_down),
    };

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}
