/* The store's file damaged or taken away, before it is opened and while it is open. */
#include "test_store.h"

#include <errno.h>
#include <support_words.h>
#include <sys/stat.h>
#include <unistd.h>

static ino_t inode_of(const char *path)
{
    struct stat facts;

    if (stat(path, &facts) != 0)
        fail_msg("%s: %s", path, strerror(errno));
    return facts.st_ino;
}

/* ---- damage ---- */

/* Overwrites size bytes at offset with what is no database. */
static void overwrite(const char *name, long offset, size_t size)
{
    FILE *file = fopen(in_directory(name), "r+b");
    char garbage[4096];

    if (file == NULL)
        file = fopen(in_directory(name), "wb");

    for (size_t i = 0; i < sizeof garbage; i++)
        garbage[i] = (char)(i * 31 + 7);
    assert_non_null(file);
    assert_true(size <= sizeof garbage);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(garbage, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void spoil_header(void)
{
    overwrite("mxpull.db", 0, 100);
}

static void spoil_first_page(void)
{
    overwrite("mxpull.db", 100, 3996);
}

static void spoil_middle(void)
{
    int64_t page = ask_file("SELECT rootpage FROM sqlite_master WHERE name = 'answers'");

    overwrite("mxpull.db", (long)(page - 1) * 4096, 4096);
}

/* Keeps the first size bytes of the store, at most half of them. */
static void cut_store(size_t size)
{
    static char bytes[1024 * 1024];
    FILE *file = fopen(in_directory("mxpull.db"), "rb");

    assert_non_null(file);
    size_t half = fread(bytes, 1, sizeof bytes, file) / 2;
    assert_int_equal(fclose(file), 0);
    file = fopen(in_directory("mxpull.db"), "wb");
    assert_non_null(file);
    assert_true(fwrite(bytes, 1, size < half ? size : half, file) <= half);
    assert_int_equal(fclose(file), 0);
}

static void spoil_end(void)
{
    cut_store(SIZE_MAX);
}

static void spoil_all_but_a_bit(void)
{
    cut_store(50);
}

static void spoil_to_nothing(void)
{
    cut_store(0);
}

static void spoil_log(void)
{
    overwrite("mxpull.db-wal", 0, 4096);
}

static void spoil_index_of_log(void)
{
    overwrite("mxpull.db-shm", 0, 4096);
}

static void take_file(void)
{
    assert_int_equal(remove(in_directory("mxpull.db")), 0);
}

enum {
    POLLS_BEFORE = 300
};

static const struct damage_row {
    const char *name;
    void (*spoil)(void);
    unsigned notices;
    bool is_kept; /* nothing is lost */
    bool shows_at_once;
    /* Damaged while it is open: the answers that are there after three more, and the notices. What is in memory at that
     * moment may outlive a damage that is not seen, or take the first of the three with it. */
    struct {
        unsigned answers, notices;
    } meanwhile;
} damage_rows[] = {
    {"the header is garbage", spoil_header, 1, false, true, {2, 1}},
    {"the first page is garbage", spoil_first_page, 1, false, true, {POLLS_BEFORE + 3, 0}},
    {"a page in the middle is garbage", spoil_middle, 1, false, false, {3, 1}},
    {"truncated to the half", spoil_end, 1, false, true, {3, 1}},
    {"truncated to a bit of the header", spoil_all_but_a_bit, 1, false, true, {3, 1}},
    {"truncated to nothing", spoil_to_nothing, 0, false, true, {3, 1}},
    {"the log is garbage", spoil_log, 0, true, false, {POLLS_BEFORE + 3, 0}},
    {"the log's index is garbage", spoil_index_of_log, 0, true, false, {POLLS_BEFORE + 3, 0}},
    {"removed", take_file, 0, false, true, {3, 0}},
};

static void fill(struct store *store)
{
    assert_ok(store_begin(store, &problem));
    for (int i = 0; i < POLLS_BEFORE; i++)
        (void)add(store, "mx2", 1000 + i, "example.com", GRADE_GOOD);
    assert_ok(store_commit(store, &problem));
}

/* The name that the notice tells is there. */
static void assert_set_aside(unsigned notices)
{
    char *name, *end;

    assert_int_equal(test_notices, notices);
    if (notices == 0)
        return;
    name = strstr(test_notice, "it is now ");
    assert_non_null(name);
    name += strlen("it is now ");
    end = strchr(name, ',');
    assert_non_null(end);
    *end = '\0';
    assert_non_null(strstr(name, "mxpull.db.damaged-2"));
    assert_int_equal(access(name, F_OK), 0);
}

/* Who finds damage says so once; the next use sets the file aside and begins a new one. */
static void add_at_last(struct store *store, int64_t at_ms)
{
    struct store_change change;
    struct error error;

    if (try_add(store, "mx2", at_ms, "example.com", GRADE_BAD, &change, &error) == STATUS_OK)
        return;
    assert_int_equal(error.status, STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "mxpull.db: is damaged"));
    (void)add(store, "mx2", at_ms, "example.com", GRADE_BAD);
}

/* A store that is recorded into, whatever happened to its file. */
static void damaged_before(void **state)
{
    const struct damage_row *row = *state;
    struct store *store;

    assert_int_equal(make_directory(NULL), 0);
    store = open_store();
    fill(store);
    store_close(store);
    row->spoil();
    store = open_store();
    if (row->shows_at_once || row->is_kept)
        (void)add(store, "mx2", 9999, "example.com", GRADE_BAD);
    else
        add_at_last(store, 9999);
    (void)add(store, "mx2", 10000, "example.com", GRADE_BAD);
    assert_int_equal(count_answers(store), 2 + (row->is_kept ? POLLS_BEFORE : 0));
    assert_set_aside(row->notices);
    store_close(store);
    store = open_store();
    assert_int_equal(count_answers(store), 2 + (row->is_kept ? POLLS_BEFORE : 0));
    assert_int_equal(test_notices, row->notices);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

/* The same with the damage done while two have it open: both go on in the same new file. */
static void damaged_meanwhile(void **state)
{
    const struct damage_row *row = *state;
    struct store *store, *other;

    assert_int_equal(make_directory(NULL), 0);
    store = open_store();
    fill(store);
    store_close(store);
    store = open_store();
    other = open_store();
    row->spoil();
    add_at_last(store, 9999);
    add_at_last(other, 10000);
    (void)add(store, "mx2", 10001, "example.com", GRADE_BAD);
    assert_int_equal(count_answers(store), row->meanwhile.answers);
    assert_int_equal(count_answers(other), row->meanwhile.answers);
    assert_int_equal(test_notices, row->meanwhile.notices);
    store_close(store);
    store_close(other);
    assert_int_equal(remove_directory(NULL), 0);
}

/* Who only reads says so, and leaves everything where it is. */
static void damaged_for_a_reader(void **state)
{
    const struct damage_row *row = *state;
    const struct store_filter all = {.limit = 0};
    struct store *store;
    struct error error = {.status = STATUS_OK};
    size_t count = 0;
    enum status status;

    assert_int_equal(make_directory(NULL), 0);
    store = open_store();
    fill(store);
    store_close(store);
    row->spoil();
    store = NULL;
    status = try_open(&store, true, &error);
    assert_int_equal(status, row->shows_at_once ? STATUS_SYSTEM : STATUS_OK);
    if (status == STATUS_OK) {
        status = store_history(store, &all, count_row, &count, &error);
        assert_int_equal(status, row->is_kept ? STATUS_OK : STATUS_SYSTEM);
        if (!row->is_kept) {
            assert_non_null(strstr(error.text, "is damaged; the next pull"));
            assert_int_equal(store_history(store, &all, count_row, &count, &error), STATUS_SYSTEM);
        }
        store_close(store);
    }
    assert_int_equal(test_notices, 0);
    assert_int_equal(remove_directory(NULL), 0);
}

static void names_of_the_damaged_differ(void **state)
{
    struct store *store;

    (void)state;
    for (int i = 0; i < 4; i++) {
        store = open_store();
        fill(store);
        store_close(store);
        spoil_header();
    }
    store = open_store();
    assert_int_equal(test_notices, 4);
    store_close(store);
}

/* What is in the log may be all that can be saved of a damaged file. */
static void log_is_set_aside_too(void **state)
{
    struct store *store = open_store(), *other;
    char name[600];

    (void)state;
    fill(store);
    store_close(store);
    store = open_store();
    assert_ok(
        store_set_due(store, "mx2", 1, 1, &problem)); /* in the log, and no first page with it */
    spoil_header();
    other = open_store();
    assert_set_aside(1);
    (void)snprintf(name, sizeof name, "%s-wal", strstr(test_notice, "it is now ") + 10);
    assert_int_equal(access(name, F_OK), 0);
    (void)add(store, "mx2", 2, "a.test", GRADE_GOOD);
    (void)add(other, "mx2", 3, "a.test", GRADE_GOOD);
    assert_int_equal(count_answers(store), 2);
    store_close(store);
    store_close(other);
}

static void damage_ends_a_batch(void **state)
{
    struct store *store = open_store();
    struct store_change change;
    struct error error;

    (void)state;
    fill(store);
    store_close(store);
    spoil_middle();
    store = open_store();
    assert_ok(store_begin(store, &problem));
    assert_int_equal(try_add(store, "mx2", 1, "a.test", GRADE_GOOD, &change, &error),
                     STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "damaged"));
    assert_int_equal(store_commit(store, &error), STATUS_SYSTEM);
    (void)add(store, "mx2", 2, "a.test", GRADE_GOOD);
    assert_int_equal(count_answers(store), 1);
    assert_set_aside(1);
    store_close(store);
}

/* ---- held by another ---- */

/* One that has a file of the store open in the way that SQLite does, until it is given back. */
static sqlite3 *hold(const char *name)
{
    sqlite3 *holder = NULL;

    assert_int_equal(sqlite3_open(in_directory(name), &holder), SQLITE_OK);
    return holder;
}

static void assert_unchanged(const char *garbage)
{
    char bytes[100];
    FILE *file = fopen(in_directory("mxpull.db"), "rb");

    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, sizeof bytes, file), sizeof bytes);
    (void)fclose(file);
    assert_memory_equal(bytes, garbage, sizeof bytes);
    assert_int_equal(test_notices, 0);
}

/* What is held cannot be renamed: nothing is lost or written over, it is said in plain words, and done as
 * soon as it can be. */
static void set_aside_when_it_is_let_go(void **state)
{
    const struct store_options options = {
        .directory = test_directory, .insist = true, .keep_s = 1000, .notice = take_notice};
    struct store *store = open_store();
    struct store_change change;
    struct error error;
    char garbage[100];

    (void)state;
    fill(store);
    store_close(store);
    spoil_header();
    FILE *file = fopen(in_directory("mxpull.db"), "rb");
    assert_non_null(file);
    assert_int_equal(fread(garbage, 1, sizeof garbage, file), sizeof garbage);
    (void)fclose(file);

    sqlite3 *holder = hold("mxpull.db");
    assert_int_equal(store_open(&store, &options, &error), STATUS_BUSY);
    assert_non_null(strstr(error.text, "mxpull.db: is damaged, and cannot be set aside while"));
    assert_unchanged(garbage);
    assert_int_equal(try_add(store, "mx2", 1, "a.test", GRADE_GOOD, &change, &error), STATUS_BUSY);
    assert_unchanged(garbage);
    (void)sqlite3_close(holder);
    (void)add(store, "mx2", 2, "a.test", GRADE_GOOD);
    assert_int_equal(count_answers(store), 1);
    assert_set_aside(1);
    store_close(store);
}

/* The log, held alone, stays with its file. */
static void set_aside_whole_or_not_at_all(void **state)
{
    struct store *store = open_store();
    struct error error;

    (void)state;
    fill(store);
    store_close(store);
    spoil_header();
    overwrite("mxpull.db-wal", 0, 100);
    sqlite3 *holder = hold("mxpull.db-wal");
    store = NULL;
    assert_int_equal(try_open(&store, false, &error), STATUS_BUSY);
    assert_null(store);
    assert_int_equal(access(in_directory("mxpull.db"), F_OK), 0);
    assert_int_equal(test_notices, 0);
    (void)sqlite3_close(holder);
    store = open_store();
    assert_set_aside(1);
    assert_int_equal(count_answers(store), 0);
    store_close(store);
}

/* ---- taken away ---- */

static void removed_under_us(void **state)
{
    struct store *store = open_store(), *other = open_store();
    ino_t index;

    (void)state;
    fill(store);
    (void)add(other, "mx2", 1, "example.com", GRADE_GOOD);
    index = inode_of(in_directory("mxpull.db-shm"));
    assert_int_equal(remove(in_directory("mxpull.db")), 0); /* its log and index stay */
    (void)add(store, "mx2", 2, "example.com", GRADE_GOOD);
    /* The index is memory that is shared with all who have it open: it must be another one. */
    assert_int_not_equal(inode_of(in_directory("mxpull.db-shm")), index);
    assert_int_equal(count_answers(other), 1);
    (void)add(other, "mx2", 3, "example.com", GRADE_GOOD);
    assert_int_equal(count_answers(store), 2);
    store_close(other);
    assert_int_equal(count_answers(store), 2);
    store_close(store);
    assert_int_equal(test_notices, 0);
    assert_int_equal(ask_file("SELECT count(*) FROM answers"), 2);
}

static void all_removed_under_us(void **state)
{
    struct store *store = open_store();

    (void)state;
    fill(store);
    assert_int_equal(remove_directory(NULL), 0);
    (void)add(store, "mx2", 2, "example.com", GRADE_GOOD);
    assert_int_equal(count_answers(store), 1);
    store_close(store);
    assert_int_equal(ask_file("SELECT count(*) FROM answers"), 1);
}

static void replaced_under_us(void **state)
{
    struct store *store;

    (void)state;
    store = open_store();
    (void)add(store, "mx2", 1, "example.com", GRADE_GOOD);
    store_close(store);
    assert_int_equal(rename(in_directory("mxpull.db"), in_directory("kept")), 0);
    store = open_store();
    fill(store);
    assert_int_equal(rename(in_directory("kept"), in_directory("mxpull.db")), 0);
    assert_int_equal(remove(in_directory("mxpull.db-wal")), 0);
    assert_int_equal(remove(in_directory("mxpull.db-shm")), 0);
    assert_int_equal(count_answers(store), 1);
    (void)add(store, "mx2", 2, "example.com", GRADE_GOOD);
    assert_int_equal(count_answers(store), 2);
    store_close(store);
    assert_int_equal(test_notices, 0);
}

static void reader_follows(void **state)
{
    struct store *store = open_store(), *reader = open_read_only();
    const struct store_filter all = {.limit = 0};
    struct error error;
    size_t count = 0;

    (void)state;
    assert_int_equal(remove_directory(NULL), 0);
    assert_int_equal(store_history(reader, &all, count_row, &count, &error), STATUS_SYSTEM);
    (void)add(store, "mx2", 1, "example.com", GRADE_GOOD);
    assert_int_equal(count_answers(reader), 1);
    store_close(store);
    store_close(reader);
}

/* ---- found by who only reads ---- */

static bool take_any(void *context, const struct store_row *row)
{
    (void)context;
    (void)row;
    return true;
}

/* All that status and history ask. */
static enum status read_all(struct error *error)
{
    const struct store_filter all = {.limit = 0};
    struct store *store = NULL;
    struct store_domain domain;
    struct store_backup backup;
    struct store_life life;
    struct store_outage outage;
    bool found;
    enum status status = try_open(&store, true, error);

    if (status == STATUS_OK)
        status = store_get_life(store, &life, error);
    if (status == STATUS_OK)
        status = store_last_outage(store, &outage, &found, error);
    if (status == STATUS_OK)
        status = store_get_backup(store, "mx2", &backup, &found, error);
    if (status == STATUS_OK)
        status = store_get_domain(store, "mx2", "example.com", &domain, &found, error);
    if (status == STATUS_OK)
        status = store_history(store, &all, take_any, NULL, error);
    store_close(store);
    return status;
}

/* Garbage on each page in turn: what a reader finds damaged the next writer sets aside, whether it reads
 * that page or not. */
static void what_a_reader_finds_is_set_aside(void **state)
{
    unsigned found = 0;
    long pages = 2;

    (void)state;
    for (long page = 1; page < pages; page++) {
        struct store *store = open_store();
        struct error error;

        fill(store);
        store_close(store);
        pages = (long)ask_file("PRAGMA page_count");
        overwrite("mxpull.db", page * 4096, 4096);
        test_notices = 0;
        test_notice[0] = '\0';
        if (read_all(&error) != STATUS_OK) {
            found++;
            if (strstr(error.text, "is damaged; the next pull, or the daemon, sets it aside") ==
                NULL)
                fail_msg("page %ld: %s", page, error.text);
            store = open_store();
            (void)add(store, "mx9", 1, "other.test", GRADE_GOOD);
            store_close(store);
            if (test_notices != 1)
                fail_msg("page %ld: it was not set aside: %s", page, test_notice);
            assert_ok(read_all(&problem));
        }
        assert_int_equal(support_remove_directory(test_directory), true);
        support_make_directory(test_directory);
    }
    assert_in_range(found, 3, 1000);
}

/* A daemon has it open all the time. */
static void a_note_is_seen_by_who_has_it_open(void **state)
{
    struct store *store = open_store();
    struct error error;

    (void)state;
    fill(store);
    store_close(store);
    spoil_middle();
    store = open_store();
    assert_int_equal(read_all(&error), STATUS_SYSTEM);
    assert_ok(store_set_due(store, "mx2", 1, 1, &problem));
    assert_set_aside(1);
    store_close(store);
}

/* A note that is wrong costs one look. */
static void wrong_note_is_removed(void **state)
{
    struct store *store = open_store();

    (void)state;
    fill(store);
    overwrite("mxpull.db.suspect", 0, 1);
    (void)add(store, "mx2", 9999, "example.com", GRADE_GOOD);
    assert_int_equal(count_answers(store), POLLS_BEFORE + 1);
    assert_int_equal(test_notices, 0);
    assert_int_not_equal(access(in_directory("mxpull.db.suspect"), F_OK), 0);
    store_close(store);
}

/* ---- made by others ---- */

static const struct foreign_row {
    const char *name, *sql;
} foreign_rows[] = {
    {"a trigger", "CREATE TRIGGER t AFTER INSERT ON answers BEGIN DELETE FROM backups; END"},
    {"a view", "CREATE VIEW v AS SELECT 1"},
    {"a view in the place of a table",
     "DROP TABLE life; CREATE VIEW life AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x "
     "FROM c) SELECT x AS alive_ms, x AS has_ended, x AS is_up, x AS looked_ms, x AS since_ms, x "
     "AS text FROM c WHERE x = 2"},
    {"an index on an expression", "CREATE INDEX i ON answers (abs(at_ms))"},
    {"a computed column", "ALTER TABLE answers ADD COLUMN c AS (abs(at_ms))"},
    {"a check", "ALTER TABLE answers ADD COLUMN c INTEGER CHECK (c IS NULL OR abs(c) > 1)"},
    {"a table more", "CREATE TABLE more (a)"},
    {"a table less", "DROP TABLE outages"},
    {"an index less", "DROP INDEX answers_at"},
    {"another program's file", "PRAGMA user_version = 0"},
    {"an older version that it is not", "PRAGMA user_version = 2"},
    {"the older version before, which it is not", "PRAGMA user_version = 5"},
    {"a check of messages", "ALTER TABLE messages ADD c INTEGER CHECK (c IS NULL OR abs(c) > 1)"},
    {"a table of arrivals less", "DROP TABLE arrivals"},
    {"a trigger of drills",
     "CREATE TRIGGER t AFTER INSERT ON drills BEGIN DELETE FROM backups; END"},
    {"another index of arrivals",
     "DROP INDEX arrivals_mail; CREATE INDEX arrivals_mail ON arrivals (abs(asked_ms))"},
};

static void foreign(void **state)
{
    const struct foreign_row *row = *state;
    struct store *store = NULL;
    struct error error;

    assert_int_equal(make_directory(NULL), 0);
    store = open_store();
    fill(store);
    store_close(store);
    sqlite3 *database = hold("mxpull.db");
    assert_int_equal(sqlite3_exec(database, row->sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(database);
    assert_int_equal(try_open(&store, true, &error), STATUS_SYSTEM);
    if (strstr(error.text, "its tables are not those that mxpull makes; the next pull") == NULL &&
        (strstr(row->name, "older version") == NULL || strstr(error.text, "older mxpull") == NULL))
        fail_msg("%s", error.text);
    store = open_store();
    assert_set_aside(1);
    (void)add(store, "mx2", 1, "example.com", GRADE_GOOD);
    assert_int_equal(count_answers(store), 1);
    store_close(store);
    assert_ok(read_all(&problem));
    assert_int_equal(remove_directory(NULL), 0);
}

/* The administrator's sqlite3 may have left figures for its own use. */
static void analyzed_is_ours(void **state)
{
    struct store *store = open_store();

    (void)state;
    fill(store);
    store_close(store);
    sqlite3 *database = hold("mxpull.db");
    assert_int_equal(sqlite3_exec(database, "ANALYZE", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(database);
    store = open_store();
    assert_int_equal(count_answers(store), POLLS_BEFORE);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
        IN_DIRECTORY(names_of_the_damaged_differ),
        IN_DIRECTORY(damage_ends_a_batch),
        IN_DIRECTORY(what_a_reader_finds_is_set_aside),
        IN_DIRECTORY(wrong_note_is_removed),
        IN_DIRECTORY(analyzed_is_ours),
    };
    /* A file that is open elsewhere can be taken away, or another be put in its place. */
    const struct CMUnitTest open_tests[] = {
        IN_DIRECTORY(log_is_set_aside_too), IN_DIRECTORY(removed_under_us),
        IN_DIRECTORY(all_removed_under_us), IN_DIRECTORY(replaced_under_us),
        IN_DIRECTORY(reader_follows),       IN_DIRECTORY(a_note_is_seen_by_who_has_it_open),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    const struct CMUnitTest held_tests[] = {
        IN_DIRECTORY(set_aside_when_it_is_let_go),
        IN_DIRECTORY(set_aside_whole_or_not_at_all),
    };

    if (FILES_GO_WHILE_OPEN) {
        failed += cmocka_run_group_tests(open_tests, NULL, NULL);
        failed += RUN_TABLE(damage_rows, damaged_meanwhile);
    } else {
        failed += cmocka_run_group_tests(held_tests, NULL, NULL);
    }
    failed += RUN_TABLE(damage_rows, damaged_before);
    failed += RUN_TABLE(damage_rows, damaged_for_a_reader);
    failed += RUN_TABLE(foreign_rows, foreign);
    return unit_status(failed);
}
