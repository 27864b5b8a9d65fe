/* The store's file: made, of other versions, not to be written, held by others, on a full disk. */
#define _GNU_SOURCE /* unshare */

#include "read_file.h"
#include "test_store.h"

#include <mxpull/platform/file.h>

#include <support_words.h>
#include <unistd.h>
#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#endif

static bool is_there(const char *name)
{
    return access(in_directory(name), F_OK) == 0;
}

static void make_empty(const char *name)
{
    FILE *file = fopen(in_directory(name), "wb");

    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

/* ---- made ---- */

static void made_for_us_alone(void **state)
{
    struct store_options options = {.directory = in_directory("state/mxpull")};
    struct store *store = NULL;
    unsigned mask = support_set_mask(0);

    (void)state;
    assert_ok(store_open(&store, &options, &problem));
    (void)add(store, "mx2", 1, "example.com", GRADE_GOOD);
    assert_true(support_is_private(in_directory("state/mxpull")));
    assert_true(support_is_private(in_directory("state/mxpull/mxpull.db")));
    assert_true(support_is_private(in_directory("state/mxpull/mxpull.db-wal")));
    assert_true(support_is_private(in_directory("state/mxpull/mxpull.db-shm")));
    store_close(store);
    store_close(NULL);
    (void)support_set_mask(mask);
    /* One file is left, and the lock. */
    assert_false(is_there("state/mxpull/mxpull.db-wal"));
}

static void any_path_will_do(void **state)
{
    static const char *const names[] = {ODD_NAME, "50%41", "sp ace", "\xc3\xbc", "a&b=c"};
    char before[512];

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(test_directory), 0);
    for (size_t i = 0; i < COUNT_OF(names) * 2; i++) {
        const char *name = names[i / 2];
        struct store_options options = {.directory = i % 2 == 0 ? in_directory(name) : name};
        struct store *store = NULL;
        char file[128];

        assert_ok(store_open(&store, &options, &problem));
        (void)add(store, "mx2", 1, "example.com", GRADE_GOOD);
        assert_int_equal(count_answers(store), 1 + i % 2);
        store_close(store);
        (void)snprintf(file, sizeof file, "%s/mxpull.db", name);
        assert_true(support_is_private(file));
    }
    assert_int_equal(chdir(before), 0);
}

static void try_to_open(void *error)
{
    struct store *store = NULL;

    (void)try_open(&store, false, error);
    store_close(store);
}

static void assert_refused(const struct error *error, enum support_refusal refusal)
{
    assert_int_equal(error->status, STATUS_SYSTEM);
    if (strstr(error->text, support_refusal_text(refusal)) == NULL)
        fail_msg("no \"%s\" in: %s", support_refusal_text(refusal), error->text);
    assert_int_equal(test_notices, 0);
}

static void directory_that_cannot_be(void **state)
{
    struct store_options options = {.directory = in_directory("file/below")};
    struct store *store = NULL;
    struct error error;

    (void)state;
    make_empty("file");
    assert_int_equal(store_open(&store, &options, &error), STATUS_SYSTEM);
    assert_null(store);
    assert_refused(&error, SUPPORT_NOT_A_DIRECTORY);
}

static void not_to_be_written(void **state)
{
    struct error error = {.status = STATUS_OK};

    (void)state;
    if (!support_while_read_only(test_directory, try_to_open, &error))
        skip();
    assert_refused(&error, SUPPORT_ACCESS_DENIED);
}

static void not_to_be_opened(void **state)
{
    struct error error = {.status = STATUS_OK};

    (void)state;
    store_close(open_store());
    support_while_unreadable(in_directory("mxpull.db"), try_to_open, &error);
    assert_refused(&error, SUPPORT_HELD);
    store_close(open_store());
}

static void directory_in_its_place(void **state)
{
    struct error error = {.status = STATUS_OK};

    (void)state;
    assert_ok(directory_make(in_directory("mxpull.db"), &problem));
    try_to_open(&error);
    assert_int_equal(error.status, STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "mxpull.db: unable to open database file: Is a directory"));
}

/* ---- read only ---- */

static void read_only_makes_nothing(void **state)
{
    struct store_options options = {.directory = in_directory("none"), .read_only = true};
    struct store *store = NULL;
    struct error error;

    (void)state;
    assert_int_equal(store_open(&store, &options, &error), STATUS_SYSTEM);
    assert_false(is_there("none"));
    assert_int_equal(try_open(&store, true, &error), STATUS_SYSTEM);
    assert_null(store);
    assert_false(is_there("mxpull.db"));
    make_empty("mxpull.db");
    assert_int_equal(try_open(&store, true, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "nothing is recorded yet"));
}

static void read_only_changes_nothing(void **state)
{
    struct store *writer = open_store(), *reader;
    struct store_change change;
    struct error error;

    (void)state;
    (void)add(writer, "mx2", 1, "example.com", GRADE_GOOD);
    reader = open_read_only();
    assert_int_equal(count_answers(reader), 1);
    assert_int_equal(try_add(reader, "mx2", 2, "example.com", GRADE_GOOD, &change, &error),
                     STATUS_SYSTEM);
    assert_ok(store_begin(reader, &problem));
    assert_int_equal(count_answers(reader), 1);
    (void)add(writer, "mx2", 2, "example.com", GRADE_GOOD);
    assert_int_equal(count_answers(reader), 1); /* as it was at the begin */
    assert_int_equal(try_add(reader, "mx2", 2, "example.com", GRADE_GOOD, &change, &error),
                     STATUS_SYSTEM);
    assert_ok(store_commit(reader, &problem));
    assert_int_equal(count_answers(reader), 2);
    store_close(writer);
    assert_int_equal(count_answers(reader), 2);
    store_close(reader);
}

/* ---- versions ---- */

static void run_sql(const char *sql)
{
    sqlite3 *database = NULL;
    char *message = NULL;

    assert_int_equal(sqlite3_open(in_directory("mxpull.db"), &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    (void)sqlite3_close(database);
}

static void make_version(const char *number)
{
    struct buffer sql;
    char path[1000];

    buffer_init(&sql, 64 * 1024);
    (void)snprintf(path, sizeof path, "%s%s.sql", STORE_VERSIONS, number);
    assert_ok(read_file(path, &sql, &problem));
    run_sql(sql.bytes);
    buffer_done(&sql);
}

/* All that makes up the schema, as one number. */
static int64_t sum_of_schema(void)
{
    return ask_file("WITH RECURSIVE"
                    " texts(id, sql) AS (SELECT row_number() OVER (ORDER BY name), sql"
                    "   FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'sqlite_sequence'),"
                    " letters(id, at, sum) AS (SELECT 1, 1, 7 UNION ALL"
                    "   SELECT iif(at > length(sql), id + 1, id), iif(at > length(sql), 1, at + 1),"
                    "     (sum * 31 + coalesce(unicode(substr(sql, at, 1)), 0)) % 1000000007"
                    "   FROM letters JOIN texts USING (id))"
                    " SELECT sum FROM letters ORDER BY id DESC, at DESC LIMIT 1");
}

static void version_1_is_brought_up_to_date(void **state)
{
    struct store_backup backup = {.streak = 0};
    struct store_domain domain;
    struct store *store = NULL;
    struct error error;
    int64_t sum;
    bool found = false;

    (void)state;
    store_close(open_store());
    sum = sum_of_schema();
    assert_int_equal(unlink(in_directory("mxpull.db")), 0);
    make_version("1");
    assert_int_equal(try_open(&store, true, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "older mxpull"));
    assert_int_equal(ask_file("PRAGMA user_version"), 1);
    store = open_store();
    assert_int_equal(test_notices, 0);
    assert_int_equal(ask_file("PRAGMA user_version"), 6);
    assert_int_equal(ask_file("PRAGMA auto_vacuum"), 2); /* it can shrink */
    assert_int_equal(sum_of_schema(), sum);
    assert_int_equal(count_answers(store), 2);
    assert_int_equal(
        ask_file("SELECT count(*) FROM answers WHERE cause = 'retry' AND at_ms = 2050"), 1);
    assert_int_equal(ask_file("SELECT count(*) FROM outages WHERE ended_ms = 900"), 1);
    assert_int_equal(ask_file("SELECT asked_ms FROM domains"), 2050);
    assert_ok(store_get_backup(store, "mx2", &backup, &found, &problem));
    assert_int_equal(backup.due_ms, 3010);
    assert_int_equal(backup.failing_since_ms, 2000);
    assert_int_equal(backup.certificate_expires_ms, 0);
    assert_true(add(store, "mx2", 4000, "example.com", GRADE_GOOD).recovered);
    assert_ok(store_get_domain(store, "mx2", "example.com", &domain, &found, &problem));
    assert_true(domain.silent);
    assert_int_equal(domain.strip_count, 3);
    assert_int_equal(domain.first_ms, 1050);
    store_close(store);
}

/* What version 1 did not have is kept. */
static void version_4_is_brought_up_to_date(void **state)
{
    struct store *store;
    int64_t sum;

    (void)state;
    store_close(open_store());
    sum = sum_of_schema();
    assert_int_equal(unlink(in_directory("mxpull.db")), 0);
    make_version("1");
    make_version("4");
    store = open_store();
    assert_int_equal(test_notices, 0);
    assert_int_equal(ask_file("PRAGMA user_version"), 6);
    assert_int_equal(sum_of_schema(), sum);
    assert_int_equal(count_answers(store), 3);
    assert_int_equal(ask_file("SELECT refused_for_now FROM answers WHERE cause = 'recovery' AND "
                              "at_ms = 5050 AND refused_for_good IS NULL"),
                     3);
    assert_int_equal(ask_file("SELECT asked_ms FROM domains WHERE advice = 'look'"), 5040);
    assert_int_equal(ask_file("SELECT started_ms FROM domains"), 77);
    assert_int_equal(ask_file("SELECT turn FROM looks WHERE domain = 'example.com'"), 4);
    assert_int_equal(ask_file("SELECT missing FROM log"), 6);
    assert_int_equal(ask_file("SELECT bytes FROM messages"), 250);
    assert_int_equal(ask_file("SELECT due_ms FROM backups"), 3010);
    store_close(store);
}

/* The root page of its answers: another one after they were written anew. */
#define ANSWERS_ROOT "SELECT rootpage FROM sqlite_master WHERE name = 'answers_odd'"

/* A million answers stay where they are. */
static void version_5_is_brought_up_to_date(void **state)
{
    struct store *store;
    int64_t sum, root;

    (void)state;
    store_close(open_store());
    sum = sum_of_schema();
    assert_int_equal(unlink(in_directory("mxpull.db")), 0);
    make_version("5");
    root = ask_file(ANSWERS_ROOT);
    store = open_store();
    assert_int_equal(test_notices, 0);
    assert_int_equal(ask_file("PRAGMA user_version"), 6);
    assert_int_equal(ask_file("PRAGMA auto_vacuum"), 2);
    assert_int_equal(sum_of_schema(), sum);
    assert_int_equal(ask_file(ANSWERS_ROOT), root);
    assert_int_equal(count_answers(store), 1);
    assert_int_equal(ask_file("SELECT count(*) FROM messages WHERE at_ms = 2045 AND bytes = 250"
                              " AND sender = 'a@b' AND recipients = 'c@d' AND code = 250"
                              " AND text = 'ok' AND evidence = 'bridge' AND client IS NULL"
                              " AND message_id IS NULL"),
                     1);
    assert_int_equal(ask_file("SELECT due_ms FROM backups"), 3010);
    assert_int_equal(ask_file("SELECT asked_ms FROM domains WHERE first_ms = 2050"), 0);
    assert_int_equal(ask_file("SELECT ended_ms FROM outages WHERE began_ms = 2060"), 0);
    assert_int_equal(ask_file("SELECT alive_ms FROM life"), 2070);
    store_close(store);
}

/* What stays where it is must be what version 5 made, too. */
static void version_5_of_others_is_set_aside(void **state)
{
    static const char *const changes[] = {
        "ALTER TABLE answers ADD c AS (abs(at_ms))",
        "CREATE TRIGGER t AFTER INSERT ON answers BEGIN DELETE FROM backups; END",
        "DROP TABLE domains",
        "CREATE TABLE drills (a)",
        "CREATE INDEX messages_id ON answers (abs(at_ms))",
        "DROP TABLE messages; CREATE VIEW messages AS SELECT * FROM answers",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        assert_int_equal(make_directory(NULL), 0);
        make_version("5");
        run_sql(changes[i]);
        struct store *store = open_store();
        assert_int_equal(test_notices, 1);
        assert_non_null(strstr(test_notice, "not made by mxpull"));
        assert_int_equal(count_answers(store), 0);
        store_close(store);
        assert_int_equal(remove_directory(NULL), 0);
    }
}

static void newer_version_is_refused(void **state)
{
    struct store *store = NULL;
    struct error error;

    (void)state;
    store_close(open_store());
    run_sql("PRAGMA user_version = 1000");
    assert_int_equal(try_open(&store, false, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "newer mxpull"));
    assert_int_equal(try_open(&store, true, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "newer mxpull"));
    assert_int_equal(test_notices, 0);
    assert_int_equal(ask_file("PRAGMA user_version"), 1000);
}

/* ---- held by others ---- */

static void held_for_too_long(void **state)
{
    struct store *store = open_store(), *other = open_store();
    struct store_change change;
    struct error error;

    (void)state;
    assert_ok(store_begin(store, &problem));
    assert_int_equal(try_add(other, "mx2", 1, "a.test", GRADE_GOOD, &change, &error), STATUS_BUSY);
    assert_non_null(strstr(error.text, "another process"));
    assert_int_equal(count_answers(other), 0); /* reading goes on meanwhile */
    assert_ok(store_commit(store, &problem));
    (void)add(other, "mx2", 1, "a.test", GRADE_GOOD);
    store_close(store);
    store_close(other);
}

/* ---- a full disk ---- */

#ifdef __linux__
/* A small file system of our own, seen by this process alone. */
static bool mount_small(void)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", test_directory, "tmpfs", 0, "size=2m,mode=700") == 0;
}

static void fill_disk(void)
{
    int file = open(in_directory("filler"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    char bytes[4096];

    assert_true(file >= 0);
    memset(bytes, 'x', sizeof bytes);
    while (write(file, bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(close(file), 0);
}

/* Records until it fails for the disk. Returns how many were recorded. */
static size_t add_until_full(struct store *store)
{
    struct store_change change;
    struct error error = {.status = STATUS_OK};
    size_t count = 0;

    while (try_add(store, "mx2", 1, "example.com", GRADE_GOOD, &change, &error) == STATUS_OK) {
        count++;
        assert_in_range(count, 0, 100000);
    }
    assert_int_equal(error.status, STATUS_SYSTEM);
    if (strstr(error.text, "disk is full") == NULL)
        fail_msg("%s", error.text);
    return count;
}
#endif

static void full_disk(void **state)
{
#ifdef __linux__
    struct store *store, *other = NULL;
    struct store_change change;
    struct error error;
    size_t count;

    (void)state;
    if (!mount_small()) {
        print_message("skipped: no file system can be mounted\n");
        skip();
    }
    store = open_store();
    for (count = 0; count < 10; count++)
        (void)add(store, "mx2", 1, "example.com", GRADE_GOOD);
    for (int round = 0; round < 3; round++) {
        fill_disk();
        count += add_until_full(store);
        for (int i = 0; i < 5; i++)
            assert_int_equal(try_add(store, "mx2", 1, "a.test", GRADE_GOOD, &change, &error),
                             STATUS_SYSTEM);
        assert_ok(store_begin(store, &problem));
        assert_int_equal(try_add(store, "mx2", 1, "a.test", GRADE_GOOD, &change, &error) ==
                                 STATUS_OK &&
                             store_commit(store, &error) == STATUS_OK,
                         false);
        (void)store_commit(store, &error);
        assert_int_equal(count_answers(store), count);
        assert_int_equal(unlink(in_directory("filler")), 0);
        (void)add(store, "mx2", 1, "example.com", GRADE_GOOD);
        assert_int_equal(count_answers(store), ++count);
    }
    store_close(store);
    /* Opened on a full disk. */
    fill_disk();
    if (try_open(&other, false, &error) == STATUS_OK)
        count += add_until_full(other);
    else
        assert_int_equal(error.status, STATUS_SYSTEM);
    assert_int_equal(unlink(in_directory("filler")), 0);
    store_close(other);
    store = open_store();
    assert_int_equal(count_answers(store), count);
    assert_int_equal(test_notices, 0);
    store_close(store);
    assert_int_equal(umount2(test_directory, MNT_DETACH), 0);
#else
    (void)state;
    print_message("skipped: not on this system\n");
    skip();
#endif
}

/* ---- how large it is ---- */

static int64_t size_of(const char *name)
{
    FILE *file = fopen(in_directory(name), "rb");
    int64_t size = 0;

    if (file == NULL)
        return 0;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    (void)fclose(file);
    return size;
}

/* While somebody looks at an older state the log can only grow; then it becomes small again. */
static void log_is_cut_again(void **state)
{
    struct store *store = open_store(), *reader = open_read_only();
    struct store_life life;

    (void)state;
    assert_ok(store_begin_reading(reader, &problem));
    assert_ok(store_get_life(reader, &life, &problem));
    for (int round = 0; round < 300; round++) {
        assert_ok(store_begin(store, &problem));
        for (int i = 0; i < 50; i++)
            (void)add(store, "mx2", 1000 + round * 50 + i, "example.com", GRADE_GOOD);
        assert_ok(store_commit(store, &problem));
    }
    assert_in_range(size_of("mxpull.db-wal"), 4 * 1024 * 1024, 64 * 1024 * 1024);
    assert_ok(store_commit(reader, &problem));
    for (int i = 0; i < 3; i++)
        (void)add(store, "mx2", 100000 + i, "example.com", GRADE_GOOD);
    assert_in_range(size_of("mxpull.db-wal"), 1, 1024 * 1024);
    store_close(reader);
    store_close(store);
    assert_int_equal(size_of("mxpull.db-wal"), 0);
}

/* Old rows go, and so does the room that they took. */
static void file_shrinks(void **state)
{
    struct store *store = open_store(); /* keeps 1,000 s */
    bool more = true;

    (void)state;
    assert_ok(store_begin(store, &problem));
    for (int i = 0; i < 20000; i++)
        (void)add(store, "mx2", 1000 + i, "example.com", GRADE_GOOD);
    for (int i = 0; i < 10; i++)
        (void)add(store, "mx2", 1010000 + i * 100000, "example.com", GRADE_GOOD);
    assert_ok(store_commit(store, &problem));
    store_close(store);
    int64_t before = size_of("mxpull.db");
    store = open_store();
    for (int calls = 0; more; calls++) {
        assert_in_range(calls, 0, 100);
        assert_ok(store_prune(store, 2000000, &more, &problem));
    }
    store_close(store);
    if (size_of("mxpull.db") > before / 4)
        fail_msg("%lld bytes of %lld are left", (long long)size_of("mxpull.db"), (long long)before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
        IN_DIRECTORY(made_for_us_alone),
        IN_DIRECTORY(any_path_will_do),
        IN_DIRECTORY(directory_that_cannot_be),
        IN_DIRECTORY(not_to_be_written),
        IN_DIRECTORY(not_to_be_opened),
        IN_DIRECTORY(read_only_makes_nothing),
        IN_DIRECTORY(read_only_changes_nothing),
        IN_DIRECTORY(version_1_is_brought_up_to_date),
        IN_DIRECTORY(version_4_is_brought_up_to_date),
        IN_DIRECTORY(version_5_is_brought_up_to_date),
        cmocka_unit_test(version_5_of_others_is_set_aside),
        IN_DIRECTORY(log_is_cut_again),
        IN_DIRECTORY(file_shrinks),
        IN_DIRECTORY(newer_version_is_refused),
        IN_DIRECTORY(directory_in_its_place),
        IN_DIRECTORY(held_for_too_long),
        IN_DIRECTORY(full_disk),
    };

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}
