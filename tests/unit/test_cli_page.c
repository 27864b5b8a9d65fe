/* cli: the report's page, of a store and a clock that are fixed. */
#define _XOPEN_SOURCE 700 /* tzset */

#include "test_cli_past.h"

#include <cli/page.h>
#include <mxpull/base/text.h>

#include <time.h>

enum {
    PAGE_SIZE = 8 * 1024 * 1024,
    YEAR_SIZE_MAX = 1000 * 1000,
    YEAR_BACKUPS = 20
};

static char page[PAGE_SIZE + 1];
static schedule_offset *test_offset = utc_offset;

static int begin(void **state)
{
    int failed = make_directory(state);

    make_config();
    return failed;
}

/* The page of what happened since so long ago. */
static const char *draw(struct store *store, int64_t ago_ms)
{
    struct status_view view;
    struct timeline timeline;
    struct buffer text;
    struct html html = {.target = &text};

    assert_ok(status_view_read(&view, &test_config, NULL, store, NOW, utc_offset, &problem));
    assert_ok(timeline_read(&timeline, &view, store, NOW - ago_ms, test_offset, &problem));
    buffer_init(&text, PAGE_SIZE);
    page_write(&html, &view, &timeline, test_offset);
    assert_false(html.is_full);
    (void)text_copy(page, sizeof page, text.bytes);
    buffer_done(&text);
    timeline_done(&timeline);
    status_view_done(&view);
    return page;
}

static void assert_has(const char *part)
{
    if (strstr(page, part) == NULL)
        fail_msg("no \"%s\" in the page", part);
}

static void assert_has_not(const char *part)
{
    if (strstr(page, part) != NULL)
        fail_msg("\"%s\" is in the page", part);
}

static size_t count_of(const char *part)
{
    size_t count = 0;

    for (const char *at = page; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void empty_store_says_so(void **state)
{
    struct store *store = open_store();

    (void)state;
    draw(store, 30 * DAYS);
    assert_has("Nothing has been asked yet: <code>mxpull pull</code> asks now");
    assert_has("2 backups, 3 domains: 0 ok, 3 unknown.");
    assert_has("<b>provider</b>");
    assert_has("0 answers");
    draw(NULL, 30 * DAYS);
    assert_has("Nothing has been asked yet");
    store_close(store);
}

static void good_store_has_nothing_wrong(void **state)
{
    struct store *store = open_store();

    (void)state;
    say_strip(store, "mx2", "example.com", "++++", NOW - 3 * MINUTES);
    say_strip(store, "mx2", "example.org", "+", NOW - 3 * MINUTES);
    say_strip(store, "provider", "example.net", "+", NOW - 3 * MINUTES);
    draw(store, 30 * DAYS);
    assert_has(">All is well</h2>\n<p>2 backups, 3 domains: 3 ok.</p>");
    assert_has_not("class=\"wrong\"");
    assert_has("2026-10-24 16:00 to <b>2026-11-23 16:00</b> (UTC)");
    assert_has("5 answers, all good");
    assert_has("<title>2026-11-23 03:57 started</title>");
    assert_has("<td class=\"time\" data-key=\"1795449420000\">2026-11-23 15:57</td>");
    store_close(store);
}

/* What is wrong has the monitor's words, and domains that differ in nothing else are one item. */
static void problems_are_told(void **state)
{
    const struct store_drill drill = {.at_ms = NOW - 5 * DAYS,
                                      .backup = "mx2",
                                      .domain = "example.com",
                                      .outcome = "not accepted",
                                      .text = "no relaying",
                                      .token = "t",
                                      .exit_status = 77,
                                      .accepted_ms = -1,
                                      .arrived_ms = -1,
                                      .code = 554};
    struct store *store = open_store();

    (void)state;
    say_strip(store, "mx2", "example.com", "+!", NOW - 3 * MINUTES);
    say_strip(store, "mx2", "example.org", "+!", NOW - 3 * MINUTES);
    say_strip(store, "provider", "example.net", "o~", NOW - 3 * MINUTES);
    assert_ok(store_set_drill(store, &drill, &problem));
    assert_ok(store_outage_begin(store, NOW - 2 * DAYS, "no route", &problem));
    assert_ok(store_outage_end(store, NOW - 2 * DAYS + HOURS, &problem));
    draw(store, 10 * DAYS);
    assert_has(">What is wrong</h2>");
    assert_has("<b>Critical</b> <span class=\"what\"><b>mx2</b> example.com, example.org: denied, "
               "459 not for you</span> <span class=\"do\">ask to be allowed</span></li>");
    assert_has("<b>Warning</b> <span class=\"what\"><b>provider</b> example.net: deferred, 458 try "
               "later</span> <span class=\"do\">pull again later</span>");
    assert_has("<b>mx2</b>: drill failed 5d ago: the backup did not accept a message for "
               "example.com: 554 no relaying</span>");
    assert_int_equal(count_of("<li class=\"bad\">"), 1);
    assert_int_equal(count_of("<li class=\"late\">"), 2);
    assert_has("<title>2026-11-23 15:00 to 2026-11-23 16:00 2 answers, all refused; denied: "
               "example.com, 459 not for you</title>");
    assert_has("<title>2026-11-23 15:57 deferred: example.net, 458 try later</title>");
    assert_has("<title>2026-11-23 11:57 held: example.net, our own mail server: Connection "
               "refused</title>");
    assert_has("<use href=\"#f\"");
    assert_has("drill 2026-11-18 16:00 example.com: not accepted, 554 no relaying</title>");
    assert_has("<title>your mail server was down, 2026-11-21 16:00 to 2026-11-21 17:00, 1h: no "
               "route</title>");
    assert_int_equal(count_of("<rect class=\"o\" x="), 2 + 1); /* two backups, and the legend */
    store_close(store);
}

static void mail_is_counted_once(void **state)
{
    struct store_arrival arrival = {.asked_ms = NOW - DAYS,
                                    .backup = "MX2",
                                    .state = "arrived",
                                    .evidence = "log",
                                    .messages = 12,
                                    .bytes = 340200,
                                    .connections = 1,
                                    .first_ms = NOW - DAYS + 1,
                                    .last_ms = NOW - DAYS + 2};
    const struct store_message message = {.at_ms = NOW - DAYS + 1,
                                          .backup = "mx2",
                                          .evidence = "log",
                                          .bytes = 100,
                                          .code = 250,
                                          .client = "192.0.2.7"};
    struct store_message refused = message;
    struct store *store = open_store();

    (void)state;
    refused.code = 554;
    assert_ok(store_set_arrival(store, &arrival, &problem));
    assert_ok(store_add_message(store, &message, &problem));
    assert_ok(store_add_message(store, &refused, &problem));
    draw(store, 10 * DAYS);
    assert_has("<title>2026-11-22 12 messages, 340.2 KB</title>");
    arrival.backup = "provider";
    arrival.messages = arrival.bytes = -1;
    assert_ok(store_set_arrival(store, &arrival, &problem));
    say(store, &(struct saying){.backup = "mx2",
                                .domain = "example.com",
                                .at_ms = NOW - 3 * DAYS,
                                .outcome = "received",
                                .messages = 3,
                                .bytes = 2000});
    draw(store, 10 * DAYS);
    assert_has("<title>2026-11-22 1 connection with mail</title>");
    assert_has("<title>2026-11-20 3 messages, 2.0 KB</title>");
    store_close(store);
}

/* Nothing that others say is markup, or moves the text about. */
static void hostile_texts_are_harmless(void **state)
{
    static const char hostile[] =
        "<script>x</script> \"q\" 'q' ]]> &amp; \xe2\x80\xaegnp \x1b[31m\xff\xc3 --> <!--\r\n\x7f";
    static const char shown[] = "&lt;script&gt;x&lt;/script&gt; &quot;q&quot; &#39;q&#39; ]]&gt; "
                                "&amp;amp; \\xe2\\x80\\xaegnp "
                                "\\x1b[31m\\xff\\xc3 --&gt; &lt;!--\\r\\n\\x7f";
    struct store *store = open_store();

    (void)state;
    say(store, &(struct saying){.backup = "mx2",
                                .domain = "example.com",
                                .at_ms = NOW - 2 * MINUTES,
                                .grade = GRADE_BAD,
                                .outcome = "denied",
                                .code = 550,
                                .text = hostile,
                                .advice = "<b>"});
    assert_ok(store_outage_begin(store, NOW - HOURS, hostile, &problem));
    test_backups[1].name = memory_copy("<i>\"'\xe2\x80\xae");
    draw(store, 2 * DAYS);
    free(test_backups[1].name);
    assert_true(count_of(shown) >= 4); /* the list, the mark, the outage, the table */
    assert_int_equal(count_of("<script>"), 1);
    assert_has("<span class=\"do\">&lt;b&gt;</span>");
    assert_has("aria-label=\"&lt;i&gt;&quot;&#39;\\xe2\\x80\\xae\"");
    assert_has_not("\xe2\x80\xae");
    assert_has_not("\x1b");
    store_close(store);
}

/* ---- many and much ---- */

static struct backup_config many[TIMELINE_BACKUPS_MAX + 2];
static char many_names[TIMELINE_BACKUPS_MAX + 2][24];

static void make_many(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(many_names[i], sizeof many_names[i], "b%zu", i);
        many[i] = test_backups[1];
        many[i].name = many_names[i];
    }
    test_config.backups = many;
    test_config.backup_count = count;
}

static void run_sql(const char *sql)
{
    sqlite3 *database = NULL;

    assert_int_equal(sqlite3_open(in_directory("mxpull.db"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* 43,800 answers, of which every 29th is not good, and mail on four days of ten. */
static void a_year_is_small(void **state)
{
    struct store *store = open_store();

    (void)state;
    say_strip(store, "b0", "example.net", "+", NOW - MINUTES);
    store_close(store);
    run_sql(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 43799)"
        " INSERT INTO answers (at_ms, backup, cause, domain, verb, outcome, grade, code, text,"
        " authenticated, attempts, ms) SELECT 1795449600000 - (i / 20) * 14400000 - 60000,"
        " 'b' || (i % 20), 'schedule', 'example.net', 'ETRN',"
        " CASE i % 29 WHEN 0 THEN 'deferred' WHEN 58 THEN 'denied' ELSE 'started' END,"
        " CASE i % 29 WHEN 0 THEN 'temporary' WHEN 58 THEN 'bad' ELSE 'good' END,"
        " 250, 'Queuing started', 0, 1, 180 FROM n;"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2919)"
        " INSERT INTO messages (at_ms, backup, evidence, bytes, code)"
        " SELECT 1795449600000 - (i / 20) * 216000000, 'b' || (i % 20), 'log', 12345, 250 FROM n");
    make_many(YEAR_BACKUPS);
    store = open_store();
    draw(store, 365 * DAYS);
    if (strlen(page) > YEAR_SIZE_MAX)
        fail_msg("%zu bytes", strlen(page));
    assert_true(strlen(page) > 200000);
    assert_int_equal(count_of("<figure>"), YEAR_BACKUPS);
    assert_has("<title>2025-11-24");
    char *first = memory_copy(page);
    assert_string_equal(draw(store, 365 * DAYS), first);
    free(first);
    store_close(store);
}

/* Of too many the last one has a problem, and is drawn. */
static void too_many_are_not_drawn(void **state)
{
    const size_t count = TIMELINE_BACKUPS_MAX + 2;
    struct store *store = open_store();

    (void)state;
    say_strip(store, "b0", "example.net", "+", NOW - MINUTES);
    store_close(store);
    run_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
            " INSERT INTO domains (backup, domain, first_ms, at_ms, good_ms, outcome, strip)"
            " SELECT 'b' || i, domain, first_ms, at_ms, good_ms, outcome, strip FROM n, domains");
    store = open_store();
    make_many(count);
    draw(store, 10 * DAYS);
    assert_int_equal(count_of("<figure>"), TIMELINE_BACKUPS_MAX);
    assert_has("<figcaption><b>b501</b>");
    assert_has("500 of 502 backups are drawn, those with a problem first");
    assert_int_equal(count_of("<tr><td>"), count);
    store_close(store);
}

/* All spans, and times that no clock should show: no mark outside, no crash. */
static void any_time_can_be_drawn(void **state)
{
    static const int64_t agos[] = {MINUTES,   59 * MINUTES, DAYS, 33 * DAYS,
                                   70 * DAYS, 500 * DAYS,   NOW};
    struct store *store = open_store();

    (void)state;
    say_strip(store, "mx2", "example.com", "+!o~+", NOW);
    assert_ok(store_outage_begin(store, NOW + 9 * DAYS, "ahead", &problem));
    assert_ok(store_outage_end(store, NOW - 9 * DAYS, &problem));
    assert_ok(store_outage_begin(store, 1, "long ago", &problem));
    for (size_t i = 0; i < COUNT_OF(agos); i++) {
        draw(store, agos[i]);
        assert_has("</html>");
        assert_has_not(" x=\"-");
        assert_has_not("width=\"-");
        assert_has_not("nan");
    }
    assert_int_equal(count_of("<figure>"), 2);
    store_close(store);
}

static int64_t ahead_offset(int64_t utc_s)
{
    return utc_s < (NOW - 12 * HOURS) / 1000 ? 5400 : 1800;
}

/* The axis of less than three days tells of round local hours, here in UTC; the clock of the third zone is set back by an
 * hour on the way. A last label that would not fit is left out. */
static void hours_are_round(void **state)
{
    static const struct {
        int64_t ago_ms;
        schedule_offset *offset;
        const char *labels;
    } rows[] = {
        {20 * MINUTES, utc_offset, "11-23 15:45 11-23 15:50 11-23 15:55 "},
        {7 * HOURS + MINUTES, utc_offset,
         "11-23 09:00 11-23 10:00 11-23 11:00 11-23 12:00 11-23 13:00 11-23 14:00 11-23 15:00 "},
        {DAYS, ahead_offset,
         "11-22 16:30 11-22 19:30 11-22 22:30 11-23 01:30 11-23 05:30 11-23 08:30 11-23 11:30 "},
        {2 * DAYS, utc_offset,
         "11-21 18:00 11-22 00:00 11-22 06:00 11-22 12:00 11-22 18:00 11-23 00:00 11-23 06:00 "
         "11-23 12:00 "},
        {3 * DAYS - 1, utc_offset, "11-21 00:00 11-21 12:00 11-22 00:00 11-22 12:00 11-23 00:00 "},
        {3 * DAYS, utc_offset, "11-21 11-22 11-23 "},
        {5 * SECONDS, utc_offset, ""},
    };

    (void)state;
    test_config.backup_count = 1;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer labels;

        test_offset = rows[i].offset;
        draw(NULL, rows[i].ago_ms);
        buffer_init(&labels, PAGE_SIZE);
        for (const char *at = page; (at = strstr(at, "\" y=\"99\">")) != NULL;) {
            at += strlen("\" y=\"99\">");
            (void)buffer_append_format(&labels, "%.*s ", (int)strcspn(at, "<"), at);
        }
        assert_string_equal(labels.bytes, rows[i].labels);
        buffer_done(&labels);
    }
    test_offset = utc_offset;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(empty_store_says_so, begin, remove_directory),
        cmocka_unit_test_setup_teardown(good_store_has_nothing_wrong, begin, remove_directory),
        cmocka_unit_test_setup_teardown(problems_are_told, begin, remove_directory),
        cmocka_unit_test_setup_teardown(mail_is_counted_once, begin, remove_directory),
        cmocka_unit_test_setup_teardown(hostile_texts_are_harmless, begin, remove_directory),
        cmocka_unit_test_setup_teardown(a_year_is_small, begin, remove_directory),
        cmocka_unit_test_setup_teardown(too_many_are_not_drawn, begin, remove_directory),
        cmocka_unit_test_setup_teardown(any_time_can_be_drawn, begin, remove_directory),
        cmocka_unit_test_setup_teardown(hours_are_round, begin, remove_directory),
    };

    support_set_variable("TZ", "UTC0");
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
