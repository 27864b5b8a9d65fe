/* cli: what is said of what the store knows, for a person, a program and a monitor. */
#define _XOPEN_SOURCE 700 /* tzset */

#include "test_cli_past.h"

#include <cli/line.h>
#include <cli/setup.h>
#include <cli/status.h>
#include <mxpull/base/text.h>

#include <jansson.h>

#include <time.h>

enum {
    TEXT_SIZE = 1024 * 1024,
    COLUMNS_MAX = 200
};

static int begin(void **state)
{
    int failed = make_directory(state);

    make_config();
    return failed;
}

static const struct selection *test_choice; /* NULL: all */

static struct status_view read_view(struct store *store)
{
    struct status_view view;

    assert_ok(status_view_read(&view, &test_config, test_choice, store, NOW, utc_offset, &problem));
    return view;
}

static void set_life(struct store *store, int64_t alive_ms, int64_t looked_ms, bool is_up)
{
    const struct store_primary primary = {
        .is_up = is_up,
        .looked_ms = looked_ms,
        .since_ms = looked_ms - 76 * HOURS,
        .text = is_up ? NULL : "your mail server 127.0.0.1:25 does not answer: connection refused"};

    assert_ok(store_set_alive(store, alive_ms, false, &problem));
    if (looked_ms > 0)
        assert_ok(store_set_primary(store, &primary, &problem));
}

/* ---- judging ---- */

struct health_row {
    const char *name;
    const char *strip; /* of example.com */
    int64_t ago_ms;    /* of its last poll */
    enum health health;
    bool is_silent;
    const char *counted; /* as what */
};

static const struct health_row health_rows[] = {
    {"good", "+", 3 * MINUTES, HEALTH_OK, false, "ok"},
    {"good again", "!~+", 3 * MINUTES, HEALTH_OK, false, "ok"},
    {"never asked", "", 0, HEALTH_UNKNOWN, false, "unknown"},
    {"temporary", "+~", 3 * MINUTES, HEALTH_WARNING, false, "failing"},
    {"bad", "+!", 3 * MINUTES, HEALTH_CRITICAL, false, "failing"},
    {"held", "+o", 3 * MINUTES, HEALTH_WARNING, false, "held"},
    {"held, failing before", "+!o", 3 * MINUTES, HEALTH_CRITICAL, false, "failing"},
    {"held, and nothing else ever", "oo", 3 * MINUTES, HEALTH_WARNING, false, "held"},
    {"good, just not silent", "+", 12 * HOURS + 5 * MINUTES - 1, HEALTH_OK, false, "ok"},
    {"good, silent", "+", 12 * HOURS + 5 * MINUTES, HEALTH_CRITICAL, true, "silent"},
    {"failing, not silent", "+~~~", 3 * MINUTES, HEALTH_WARNING, false, "failing"},
    {"failing, silent", "+~~~", 10 * MINUTES, HEALTH_CRITICAL, true, "silent"},
    {"never good, silent", "~~~~", 10 * MINUTES, HEALTH_CRITICAL, true, "silent"},
    {"held, silent", "+ooo", 10 * MINUTES, HEALTH_CRITICAL, true, "silent"},
    {"held for more than a strip", "~oooooooooooooooooooooooooooooo", 3 * MINUTES, HEALTH_CRITICAL,
     true, "silent"},
};

static void assert_counted(const struct status_view *view, const char *counted)
{
    for (size_t i = 0; i < COUNT_KINDS; i++)
        assert_int_equal(view->counts[i], strcmp(status_count_names[i], counted) == 0);
}

static void test_health(void **state)
{
    const struct health_row *row = *state;

    assert_int_equal(begin(NULL), 0);
    test_config.backup_count = 1;
    test_backups[0].domain_count = 1;
    struct store *store = open_store();
    say_strip(store, "mx2", "example.com", row->strip, NOW - row->ago_ms);
    struct status_view view = read_view(store);

    assert_int_equal(view.domain_count, 1);
    assert_int_equal(view.domains[0].health, row->health);
    assert_int_equal(view.health, row->health);
    assert_int_equal(view.domains[0].is_silent, row->is_silent);
    assert_counted(&view, row->counted);
    status_view_done(&view);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

struct certificate_row {
    const char *name;
    int64_t left_ms; /* 0: not known */
    enum tls tls;
    bool is_verified;
    bool has_certificate;
    int64_t days;
    enum health health;
    const char *line; /* in the text; NULL: none */
};

static const struct certificate_row certificate_rows[] = {
    {"not known", 0, TLS_MAY, true, false, 0, HEALTH_OK, NULL},
    {"long", 61 * DAYS + HOURS, TLS_REQUIRED, true, true, 61, HEALTH_OK,
     "\nmx2       certificate ends in 61 days\n"},
    {"just long enough", 14 * DAYS, TLS_REQUIRED, true, true, 14, HEALTH_OK,
     "certificate ends in 14 days\n"},
    {"soon", 14 * DAYS - 1, TLS_REQUIRED, true, true, 13, HEALTH_WARNING,
     "certificate ends in 13 days\n"},
    {"tomorrow", DAYS, TLS_REQUIRED, true, true, 1, HEALTH_WARNING, "certificate ends in 1 day\n"},
    {"today", HOURS, TLS_REQUIRED, true, true, 0, HEALTH_WARNING,
     "certificate ends within a day\n"},
    {"just ended", -1, TLS_REQUIRED, true, true, -1, HEALTH_WARNING,
     "certificate ended 1 day ago\n"},
    {"ended", -3 * DAYS, TLS_REQUIRED, true, true, -3, HEALTH_WARNING,
     "certificate ended 3 days ago\n"},
    {"implicit TLS", HOURS, TLS_IMPLICIT, true, true, 0, HEALTH_WARNING,
     "certificate ends within a day\n"},
    {"never looked at", HOURS, TLS_MAY, true, false, 0, HEALTH_OK, NULL},
    {"ended, and never looked at", -DAYS, TLS_MAY, true, false, 0, HEALTH_OK, NULL},
    {"not verified", HOURS, TLS_REQUIRED, false, false, 0, HEALTH_OK, NULL},
    {"not verified, implicit TLS", HOURS, TLS_IMPLICIT, false, false, 0, HEALTH_OK, NULL},
    {"no longer asked for", DAYS, TLS_OFF, true, false, 0, HEALTH_OK, NULL},
};

static void format(struct buffer *text, const struct status_view *view, size_t columns, bool color,
                   bool only_wrong)
{
    buffer_init(text, TEXT_SIZE);
    status_text_format(&(struct status_page){text, view, {columns, color}, only_wrong});
}

static void test_certificate(void **state)
{
    const struct certificate_row *row = *state;
    struct buffer text;

    assert_int_equal(begin(NULL), 0);
    test_backups[0].tls = row->tls;
    test_backups[0].tls_verify = row->is_verified;
    struct store *store = open_store();
    say(store,
        &(struct saying){.backup = "mx2",
                         .domain = "example.com",
                         .at_ms = NOW - MINUTES,
                         .outcome = "started",
                         .certificate_expires_ms = row->left_ms != 0 ? NOW + row->left_ms : 0});
    struct status_view view = read_view(store);

    assert_int_equal(view.backups[0].has_certificate, row->has_certificate);
    assert_int_equal(view.backups[0].certificate_days, row->days);
    assert_int_equal(view.backups[0].health, row->health);
    format(&text, &view, LINE_UNBOUNDED, false, false);
    if (row->line != NULL)
        assert_non_null(strstr(text.bytes, row->line));
    else
        assert_null(strstr(text.bytes, "certificate"));
    buffer_done(&text);
    format(&text, &view, LINE_UNBOUNDED, false, true);
    assert_int_equal(strstr(text.bytes, "certificate") != NULL, row->health != HEALTH_OK);
    buffer_done(&text);
    status_view_done(&view);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

struct daemon_row {
    const char *name;
    int64_t ago_ms; /* its last sign of life; INT64_MIN: none ever */
    int64_t watch_s;
    enum daemon_state daemon;
    enum health health;
    const char *line;
    bool has_ended;        /* in order */
    const char *monitored; /* the monitor's words; NULL: it has none */
};

static const struct daemon_row daemon_rows[] = {
    {"never", INT64_MIN, 30, DAEMON_NEVER, HEALTH_OK,
     "daemon   never ran; polls by hand or cron alone\n", false, NULL},
    {"now", 0, 30, DAEMON_ALIVE, HEALTH_OK, "daemon   alive 0s ago\n", false, NULL},
    {"some seconds ago", 12 * SECONDS, 30, DAEMON_ALIVE, HEALTH_OK, "daemon   alive 12s ago\n",
     false, NULL},
    {"just alive", 5 * MINUTES, 30, DAEMON_ALIVE, HEALTH_OK, "daemon   alive 5m ago\n", false,
     NULL},
    {"just gone", 5 * MINUTES + 1, 30, DAEMON_GONE, HEALTH_WARNING,
     "daemon   not running: last sign of life 2026-11-23 15:54 (5m ago)\n", false,
     "WARNING - the daemon is not running, last sign of life 5m ago ("},
    {"a slow watch", 29 * MINUTES, 600, DAEMON_ALIVE, HEALTH_OK, "daemon   alive 29m ago\n", false,
     NULL},
    {"a clock that was set back", -4 * MINUTES, 30, DAEMON_ALIVE, HEALTH_OK,
     "daemon   alive 0s ago\n", false, NULL},
    {"a stamp of a strange clock", -2 * DAYS, 30, DAEMON_GONE, HEALTH_WARNING,
     "daemon   not running: last sign of life at a time that is not known\n", false,
     "WARNING - the daemon is not running ("},
    {"gone for long", 7 * DAYS, 30, DAEMON_GONE, HEALTH_OK,
     "daemon   not running: last sign of life 2026-11-16 16:00 (7d ago)\n", false, NULL},
    {"ended in order", 12 * SECONDS, 30, DAEMON_GONE, HEALTH_WARNING,
     "daemon   not running: ended 2026-11-23 15:59 (12s ago)\n", true,
     "WARNING - the daemon is not running, last sign of life 12s ago ("},
};

static void test_daemon(void **state)
{
    const struct daemon_row *row = *state;
    struct buffer text;

    assert_int_equal(begin(NULL), 0);
    test_config.primary.watch_s = row->watch_s;
    struct store *store = open_store();
    if (row->ago_ms != INT64_MIN)
        set_life(store, NOW - row->ago_ms, NOW, true);
    if (row->has_ended)
        assert_ok(store_set_alive(store, NOW - row->ago_ms, true, &problem));
    say_strip(store, "mx2", "example.com", "+", NOW - MINUTES);
    assert_ok(
        store_set_due(store, "mx2", NOW + 4 * HOURS, NOW + 4 * HOURS - 90 * SECONDS, &problem));
    struct status_view view = read_view(store);

    assert_int_equal(view.daemon, row->daemon);
    assert_int_equal(view.daemon_health, row->health);
    /* Without a daemon nobody keeps to the plan. */
    assert_int_equal(view.backups[0].next_ms,
                     row->daemon == DAEMON_ALIVE ? NOW + 4 * HOURS - 90 * SECONDS : 0);
    assert_int_equal(view.backups[1].next_ms, 0);
    format(&text, &view, LINE_UNBOUNDED, false, false);
    assert_non_null(strstr(text.bytes, row->line));
    assert_int_equal(strstr(text.bytes, "1m ago  next in 3h58m  +") != NULL,
                     row->daemon == DAEMON_ALIVE);
    buffer_done(&text);
    format(&text, &view, LINE_UNBOUNDED, false, true);
    assert_int_equal(strstr(text.bytes, "daemon") != NULL, row->health != HEALTH_OK);
    buffer_clear(&text);
    (void)nagios_format(&text, &view);
    assert_non_null(strstr(text.bytes, row->monitored != NULL ? row->monitored : "UNKNOWN - mx2"));
    buffer_done(&text);
    status_view_done(&view);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

struct primary_row {
    const char *name;
    int64_t looked_ago_ms; /* INT64_MIN: never */
    bool is_up;
    int64_t outage_ago_ms, outage_ms; /* 0: there was none; it lasts */
    enum outage_state primary;
    const char *line;
};

static const struct primary_row primary_rows[] = {
    {"never looked at", INT64_MIN, false, 0, 0, OUTAGE_UNKNOWN,
     "primary  127.0.0.1:25  unknown, never looked at\n"},
    {"up", 12 * SECONDS, true, 0, 0, OUTAGE_UP,
     "primary  127.0.0.1:25  up for 3d4h, looked at 12s ago\n"},
    {"up after an outage", 12 * SECONDS, true, 81 * HOURS, 49 * MINUTES, OUTAGE_UP,
     "primary  127.0.0.1:25  up for 3d4h, looked at 12s ago; last outage 2026-11-20 07:00, 49m: no "
     "banner\n"},
    {"an outage without an end", 12 * SECONDS, true, 81 * HOURS, 0, OUTAGE_UP,
     "; last outage 2026-11-20 07:00, its end was not seen: no banner\n"},
    {"down", 12 * SECONDS, false, 76 * HOURS, 0, OUTAGE_DOWN,
     "primary  127.0.0.1:25  DOWN for 3d4h, looked at 12s ago: connection "
     "refused\n"},
    {"looked at too long ago", 3 * HOURS, true, 0, 0, OUTAGE_UNKNOWN,
     "primary  127.0.0.1:25  unknown, was up when looked at last, 2026-11-23 13:00 (3h ago)\n"},
    {"down, too long ago", 3 * HOURS, false, 76 * HOURS, 0, OUTAGE_UNKNOWN,
     "  unknown, was down when looked at last, 2026-11-23 13:00 (3h ago); last outage 2026-11-20 "
     "12:00, its end was not seen: no banner\n"},
};

static void test_primary(void **state)
{
    const struct primary_row *row = *state;
    struct buffer text;

    assert_int_equal(begin(NULL), 0);
    struct store *store = open_store();
    if (row->looked_ago_ms != INT64_MIN)
        set_life(store, NOW, NOW - row->looked_ago_ms, row->is_up);
    if (row->outage_ago_ms != 0)
        assert_ok(store_outage_begin(store, NOW - row->outage_ago_ms,
                                     "your mail server 127.0.0.1:25 does not answer: no banner",
                                     &problem));
    if (row->outage_ms != 0)
        assert_ok(store_outage_end(store, NOW - row->outage_ago_ms + row->outage_ms, &problem));
    struct status_view view = read_view(store);

    assert_int_equal(view.primary, row->primary);
    assert_int_equal(view.health == HEALTH_CRITICAL, row->primary == OUTAGE_DOWN);
    format(&text, &view, LINE_UNBOUNDED, false, false);
    if (strstr(text.bytes, row->line) == NULL)
        fail_msg("no \"%s\" in: %s", row->line, text.bytes);
    buffer_done(&text);
    format(&text, &view, LINE_UNBOUNDED, false, true);
    assert_int_equal(strstr(text.bytes, "primary") != NULL, row->primary == OUTAGE_DOWN);
    buffer_done(&text);
    status_view_done(&view);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

/* The daemon's flag counts, as long as no good answer is newer. */
static void silence_flag_counts(void **state)
{
    struct store *store = open_store();
    bool changed;

    (void)state;
    say_strip(store, "mx2", "example.com", "+~", NOW - MINUTES);
    assert_ok(store_set_silent(store, "mx2", "example.com", true, &changed, &problem));
    struct status_view view = read_view(store);
    assert_true(view.domains[0].is_silent);
    assert_false(view.domains[1].is_silent);
    status_view_done(&view);

    say_strip(store, "mx2", "example.com", "+", NOW - SECONDS);
    view = read_view(store);
    assert_false(view.domains[0].is_silent);
    status_view_done(&view);
    store_close(store);
}

static void silence_of_the_configuration_counts(void **state)
{
    struct store *store = open_store();

    (void)state;
    say_strip(store, "mx2", "example.com", "+", NOW - HOURS);
    test_config.silence_s = 3600;
    struct status_view view = read_view(store);
    assert_true(view.domains[0].is_silent);
    status_view_done(&view);
    test_config.silence_s = 3601;
    view = read_view(store);
    assert_false(view.domains[0].is_silent);
    status_view_done(&view);
    test_config.silence_s = 0;
    store_close(store);
}

/* Of another address all is said. */
static void address_is_said_once(void **state)
{
    static const struct {
        const char *text, *said;
    } rows[] = {
        {"your mail server 127.0.0.1:25 does not answer: no banner", "no banner"},
        {"your mail server 127.0.0.1:255 does not answer: no banner",
         "your mail server 127.0.0.1:255 does not answer: no banner"},
        {"your mail server 127.0.0.1:25", "your mail server 127.0.0.1:25"},
        {"your mail server refuses a@b.example: 550", "your mail server refuses a@b.example: 550"},
        {"", ""},
    };
    const struct status_view view = {.config = &test_config};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(status_primary_text(&view, rows[i].text), rows[i].said);
}

/* ---- text ---- */

/* Good, failing and silent, and received. */
static void fill(struct store *store)
{
    set_life(store, NOW - 12 * SECONDS, NOW - 12 * SECONDS, true);
    assert_ok(store_outage_begin(store, NOW - 81 * HOURS, "connection refused", &problem));
    assert_ok(store_outage_end(store, NOW - 81 * HOURS + 49 * MINUTES, &problem));
    say_strip(store, "mx2", "example.com", "++++++~~!o++", NOW - 3 * MINUTES);
    say_strip(store, "mx2", "example.org", "+~!!!", NOW - 3 * MINUTES);
    say(store, &(struct saying){.backup = "provider",
                                .domain = "example.net",
                                .at_ms = NOW - 2 * HOURS,
                                .grade = GRADE_GOOD,
                                .outcome = "received",
                                .code = 250,
                                .text = "OK now reversing the connection",
                                .messages = 3,
                                .bytes = 12400,
                                .refused_for_now = 2,
                                .refused_for_good = 1,
                                .certificate_expires_ms = NOW + 12 * DAYS});
    assert_ok(store_set_due(store, "mx2", NOW + 4 * HOURS, NOW + 237 * MINUTES, &problem));
    assert_ok(store_set_due(store, "provider", NOW, NOW - SECONDS, &problem));
}

static const char text_all[] =
    "primary  127.0.0.1:25  up for 3d4h, looked at 12s ago; last outage 2026-11-20 07:00, 49m: "
    "connection refused\n"
    "daemon   alive 12s ago\n"
    "\n"
    "mx2       example.com  started   3m ago  next in 3h57m               ++++++~~!o++  250 "
    "Queuing "
    "started\n"
    "mx2       example.org  denied    3m ago  next in 3h57m                      +~!!!\n"
    "      459 not for you\n"
    "      SILENT: no good answer for 16h3m, since 2026-11-22 23:57; failed 4 times in a row\n"
    "      ask to be allowed\n"
    "provider  example.net  received  2h ago  next now       mail 2h ago             +  3 "
    "messages, "
    "12.4 KB  250 OK now reversing the connection\n"
    "provider  certificate ends in 12 days\n"
    "\n"
    "2 backups, 3 domains: 2 ok, 1 silent\n";

static const char text_wrong[] =
    "mx2  example.org  denied  3m ago  next in 3h57m  +~!!!\n"
    "      459 not for you\n"
    "      SILENT: no good answer for 16h3m, since 2026-11-22 23:57; failed 4 times in a row\n"
    "      ask to be allowed\n"
    "provider  certificate ends in 12 days\n";

static void text_is_in_columns(void **state)
{
    struct store *store = open_store();
    struct buffer text;

    (void)state;
    fill(store);
    struct status_view view = read_view(store);
    format(&text, &view, LINE_UNBOUNDED, false, false);
    assert_string_equal(text.bytes, text_all);
    buffer_done(&text);
    format(&text, &view, LINE_UNBOUNDED, false, true);
    assert_string_equal(text.bytes, text_wrong);
    buffer_done(&text);
    status_view_done(&view);
    store_close(store);
}

#define DOWN_FOR "primary  127.0.0.1:25  DOWN for 3d4h, looked at 12s ago: connection refused"

/* What our own mail server keeps from being asked is said in its own line alone. */
static void what_is_held_is_said_once(void **state)
{
    struct store *store = open_store();
    struct buffer text;

    (void)state;
    set_life(store, NOW - 12 * SECONDS, NOW - 12 * SECONDS, false);
    for (int i = 0; i < 3; i++)
        say(store, &(struct saying){
                       .backup = i < 2 ? "mx2" : "provider",
                       .domain = i == 0   ? "example.com"
                                 : i == 1 ? "example.org"
                                          : "example.net",
                       .at_ms = NOW - 3 * MINUTES,
                       .grade = GRADE_HELD,
                       .outcome = "held",
                       .text = "your mail server 127.0.0.1:25 does not answer: connection refused",
                       .advice = "start it"});
    struct status_view view = read_view(store);
    format(&text, &view, LINE_UNBOUNDED, false, true);
    assert_string_equal(text.bytes, DOWN_FOR "; nothing was asked of 2 backups (3 domains)\n");
    buffer_done(&text);
    format(&text, &view, LINE_UNBOUNDED, false, false);
    assert_string_equal(text.bytes, DOWN_FOR "; nothing was asked of 2 backups (3 domains)\n"
                                             "daemon   alive 12s ago\n\n"
                                             "mx2       example.com  held  3m ago  -  o\n"
                                             "mx2       example.org  held  3m ago  -  o\n"
                                             "provider  example.net  held  3m ago  -  o\n\n"
                                             "2 backups, 3 domains: 0 ok, 3 held\n");
    buffer_done(&text);
    status_view_done(&view);

    /* It is up again: why they were not asked is said once all the same. */
    set_life(store, NOW, NOW, true);
    view = read_view(store);
    format(&text, &view, LINE_UNBOUNDED, false, true);
    assert_string_equal(text.bytes,
                        "2 backups  3 domains  held  3m ago  -  o\n"
                        "      your mail server 127.0.0.1:25 does not answer: connection refused\n"
                        "      start it\n");
    buffer_done(&text);
    status_view_done(&view);
    store_close(store);
}

/* One failure of all domains of a backup is one row where only what is wrong is shown, and has its
 * details once elsewhere. */
static void a_common_failure_is_said_once(void **state)
{
    struct store *store = open_store();
    struct buffer text;

    (void)state;
    set_life(store, NOW, NOW, true);
    say_strip(store, "mx2", "example.com", "+~", NOW - 3 * MINUTES);
    say_strip(store, "mx2", "example.org", "+~", NOW - 3 * MINUTES);
    say_strip(store, "provider", "example.net", "+~", NOW - 3 * MINUTES);
    struct status_view view = read_view(store);
    format(&text, &view, LINE_UNBOUNDED, false, true);
    assert_string_equal(text.bytes, "mx2       2 domains    deferred  3m ago  -  +~\n"
                                    "      458 try later\n"
                                    "      failed once, last good answer 4h3m ago\n"
                                    "      pull again later\n"
                                    "provider  example.net  deferred  3m ago  -  +~\n"
                                    "      458 try later\n"
                                    "      failed once, last good answer 4h3m ago\n");
    buffer_done(&text);
    format(&text, &view, LINE_UNBOUNDED, false, false);
    assert_non_null(strstr(text.bytes, "mx2       example.com  deferred  3m ago  -  +~\n"
                                       "mx2       example.org  deferred  3m ago  -  +~\n"
                                       "      458 try later\n"));
    buffer_done(&text);
    status_view_done(&view);
    store_close(store);
}

static void names_choose(void **state)
{
    static const char *const domain[] = {"EXAMPLE.ORG"}, *const backup[] = {"provider"};
    const struct selection of_domain = {domain, 1}, of_backup = {backup, 1};
    struct store *store = open_store();
    struct buffer text;

    (void)state;
    fill(store);
    test_choice = &of_domain;
    struct status_view view = read_view(store);
    format(&text, &view, LINE_UNBOUNDED, false, false);
    assert_null(strstr(text.bytes, "example.com"));
    assert_null(strstr(text.bytes, "provider"));
    assert_non_null(strstr(text.bytes, "mx2  example.org  denied"));
    assert_non_null(strstr(text.bytes, "\n1 backup, 1 domain: 0 ok, 1 silent\n"));
    assert_int_equal(view.health, HEALTH_CRITICAL);
    buffer_done(&text);
    status_view_done(&view);

    test_choice = &of_backup;
    view = read_view(store);
    format(&text, &view, LINE_UNBOUNDED, false, false);
    assert_null(strstr(text.bytes, "mx2"));
    assert_non_null(strstr(text.bytes, "provider  certificate ends in 12 days\n"));
    assert_non_null(strstr(text.bytes, "\n1 backup, 1 domain: 1 ok\n"));
    assert_int_equal(view.health, HEALTH_WARNING);
    buffer_done(&text);
    status_view_done(&view);
    test_choice = NULL;
    store_close(store);
}

/* As mxpull pull, history and status say it. */
static void unknown_names_are_suggested(void **state)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"mx3", "\"mx3\" is neither a backup nor a domain; did you mean \"mx2\"?"},
        {"exmaple.com",
         "\"exmaple.com\" is neither a backup nor a domain; did you mean \"example.com\"?"},
        {"EXAMPLE.OGR",
         "\"EXAMPLE.OGR\" is neither a backup nor a domain; did you mean \"example.org\"?"},
        {"prov", "\"prov\" is neither a backup nor a domain; did you mean \"provider\"?"},
        {"else.example", "\"else.example\" is neither a backup nor a domain in "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct selection choice = {&rows[i].name, 1};

        assert_int_equal(selection_check(&choice, &test_config, &problem), STATUS_SYNTAX);
        assert_memory_equal(problem.text, rows[i].text, strlen(rows[i].text));
    }
}

static void quiet_says_nothing_where_all_is_well(void **state)
{
    struct store *store = open_store();
    struct buffer text;

    (void)state;
    set_life(store, NOW, NOW, true);
    say_strip(store, "mx2", "example.com", "!+", NOW - 3 * MINUTES);
    struct status_view view = read_view(store); /* of the others nothing is known: not wrong yet */
    format(&text, &view, LINE_UNBOUNDED, false, true);
    assert_string_equal(text.bytes, "");
    buffer_done(&text);
    status_view_done(&view);
    store_close(store);
}

static void polls_are_coloured(void **state)
{
    struct store *store = open_store();
    struct buffer text;

    (void)state;
    fill(store);
    struct status_view view = read_view(store);
    format(&text, &view, LINE_UNBOUNDED, true, false);
    assert_non_null(strstr(text.bytes, "  \x1b[32m++++++\x1b[0m\x1b[33m~~\x1b[0m\x1b[31m!\x1b[0m"
                                       "\x1b[2mo\x1b[0m\x1b[32m++\x1b[0m  250 Queuing"));
    assert_non_null(strstr(text.bytes, "\x1b[31mSILENT: "));
    assert_non_null(strstr(text.bytes, "\x1b[33mcertificate ends in 12 days\x1b[0m\n"));
    assert_non_null(strstr(text.bytes, "\x1b[32mup\x1b[0m for 3d4h"));
    buffer_done(&text);
    status_view_done(&view);
    store_close(store);
}

/* On a terminal of any width no line is wider, and from a common one on nothing but the oldest polls
 * and what a good backup said is left out. */
static void text_fits_terminals(void **state)
{
    struct store *store = open_store();
    struct buffer text;

    (void)state;
    fill(store);
    for (size_t i = 0; i < COUNT_OF(backup_names); i++) {
        assert_ok(store_set_arrival(store,
                                    &(struct store_arrival){.asked_ms = NOW - 3 * MINUTES,
                                                            .backup = backup_names[i],
                                                            .state = "arrived",
                                                            .messages = 12},
                                    &problem));
        assert_ok(store_set_drill(store,
                                  &(struct store_drill){.at_ms = NOW - 12 * DAYS,
                                                        .backup = backup_names[i],
                                                        .domain = "example.com",
                                                        .outcome = i == 0 ? "ok" : "unseen",
                                                        .exit_status = i == 0 ? 0 : 75,
                                                        .token = "t"},
                                  &problem));
    }
    struct status_view view = read_view(store);
    for (size_t columns = 1; columns <= COLUMNS_MAX; columns++) {
        format(&text, &view, columns, false, false);
        for (char *line = text.bytes, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            *end = '\0';
            bool is_summary = strstr(line, "2 backups") == line;
            if (line_columns(line) > columns && !is_summary)
                fail_msg("%zu columns: \"%s\"", columns, line);
            *end = '\n';
        }
        if (columns >= 80) {
            assert_non_null(strstr(text.bytes, "~!o++"));
            assert_non_null(strstr(text.bytes, "\n      459 not for you\n"));
            assert_non_null(
                strstr(text.bytes, "\nmx2       mail 12 messages, 3m ago  drill ok 12d ago\n"));
        }
        buffer_done(&text);
    }
    status_view_done(&view);
    store_close(store);
}

/* The newest polls stay when there is no room for all. */
static void old_polls_are_left_out_first(void **state)
{
    struct store *store = open_store();
    struct buffer text;

    (void)state;
    test_config.backup_count = 1;
    test_backups[0].domain_count = 1;
    say_strip(store, "mx2", "example.com", "!!!!!!!!!!!!!!!!!!!!!!!!!~++++", NOW - 3 * MINUTES);
    struct status_view view = read_view(store);
    format(&text, &view, 46, false, false);
    assert_non_null(strstr(text.bytes, "\nmx2  example.com  started  3m ago  -  !!!~++++\n"));
    buffer_done(&text);
    status_view_done(&view);
    store_close(store);
    make_config();
}

struct name_row {
    const char *name;
    size_t columns;
    char backup[40], domain[50];
    const char *line;
};

static const struct name_row name_rows[] = {
    {"all fits", 80, "mx2", "mail.example.com",
     "mx2  mail.example.com  started  3m ago  next in 3h57m  +++++++++++++++++++++++++\n"},
    {"the strip is shorter", 80, "mx2", "a-rather-long-name.example.com",
     "mx2  a-rather-long-name.example.com  started  3m ago  next in 3h57m  +++++++++++\n"},
    {"the domain is cut", 70, "mx2", "a-rather-long-name.example.com",
     "mx2  a-rather-long-name.exa…  started  3m ago  next in 3h57m  ++++++++\n"},
    {"one wider than its column", 80, "mx2", "a-name-that-is-longer-than-a-column-is.example.com",
     "mx2  a-name-that-is-longer-than-a-col…  started  3m ago  next in 3h57m  ++++++++\n"},
    {"both are cut", 80, "a-backup-of-a-certain-length", "a-rather-long-name.example.com",
     "a-backup-of-a-cer…  a-rather-long-nam…  started  3m ago  next in 3h57m  ++++++++\n"},
    {"the backup is cut", 80, "a-backup-of-a-certain-length-and-more", "example.com",
     "a-backup-of-a-certain-le…  example.com  started  3m ago  next in 3h57m  ++++++++\n"},
    {"no room for a strip", 44, "a-backup-of-a-certain-length", "a-rather-long-name.example.com",
     "a-backu…  a-rathe…  started  3m ago  next in\n"},
};

/* Long names leave room for what matters. */
static void test_name(void **state)
{
    const struct name_row *row = *state;
    struct name_row copy = *row;
    char *domains[] = {copy.domain};
    struct error error;
    struct buffer text;

    assert_int_equal(begin(NULL), 0);
    test_config.backup_count = 1;
    test_backups[0].name = copy.backup;
    test_backups[0].domain_texts = domains;
    test_backups[0].domain_count = 1;
    assert_int_equal(node_parse(&mx2_nodes[0], copy.domain, &error), STATUS_OK);
    struct store *store = open_store();
    set_life(store, NOW, NOW, true);
    say_strip(store, copy.backup, copy.domain, "++++++++++++++++++++++++++++++", NOW - 3 * MINUTES);
    assert_ok(store_set_due(store, copy.backup, NOW, NOW + 237 * MINUTES, &problem));
    struct status_view view = read_view(store);
    format(&text, &view, row->columns, false, false);
    const char *line = strstr(text.bytes, "\n\n");
    assert_non_null(line);
    line += 2;
    text.bytes[(line - text.bytes) + (ptrdiff_t)strcspn(line, "\n") + 1] = '\0';
    assert_string_equal(line, row->line);
    buffer_done(&text);
    status_view_done(&view);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

/* ---- JSON ---- */

static json_t *read_json(const struct status_view *view)
{
    struct buffer text;
    json_error_t error;

    buffer_init(&text, TEXT_SIZE);
    status_json_format(&text, view);
    assert_ptr_equal(strchr(text.bytes, '\n'), text.bytes + text.size - 1);
    assert_harmless(text.bytes);
    json_t *status = json_loads(text.bytes, JSON_REJECT_DUPLICATES, &error);
    if (status == NULL)
        fail_msg("%s: %s", error.text, text.bytes);
    buffer_done(&text);
    return status;
}

/* The value at a path, "domains.1.text", as JSON text. */
static void assert_json(json_t *value, const char *path, const char *expected)
{
    char key[40];

    for (const char *rest = path; *rest != '\0';) {
        size_t size = strcspn(rest, ".");

        (void)snprintf(key, sizeof key, "%.*s", (int)size, rest);
        value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10))
                                     : json_object_get(value, key);
        if (value == NULL)
            fail_msg("there is no %s", path);
        rest += size + (rest[size] == '.');
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (strcmp(text, expected) != 0)
        fail_msg("%s is %s, not %s", path, text, expected);
    free(text);
}

static void json_has_everything(void **state)
{
    static const struct {
        const char *path, *value;
    } rows[] = {
        {"now", "\"2026-11-23T16:00:00Z\""},
        {"daemon", "{\"alive\":true,\"last_sign_of_life\":\"2026-11-23T15:59:48Z\"}"},
        {"primary.address", "\"127.0.0.1:25\""},
        {"primary.state", "\"up\""},
        {"primary.since", "\"2026-11-20T11:59:48Z\""},
        {"primary.looked", "\"2026-11-23T15:59:48Z\""},
        {"primary.text", "null"},
        {"primary.last_outage",
         "{\"began\":\"2026-11-20T07:00:00Z\",\"ended\":\"2026-11-20T07:49:00Z\",\"seconds\":2940,"
         "\"text\":\"connection refused\"}"},
        {"domains.0",
         "{\"backup\":\"mx2\",\"host\":\"mx2.example.net\",\"method\":\"etrn\",\"domain\":"
         "\"example.com\",\"outcome\":\"started\",\"code\":250,\"text\":\"Queuing started\",\"at\":"
         "\"2026-11-23T15:57:00Z\",\"good\":\"2026-11-23T15:57:00Z\",\"next\":"
         "\"2026-11-23T19:57:00Z\",\"streak\":0,\"mail\":null,\"silent\":false,"
         "\"certificate_days\":null,\"pending\":null,\"messages\":null,\"bytes\":null,\"strip\":"
         "\"++++++~~!o++\",\"refused_for_now\":null,\"refused_for_good\":null,\"unseen\":null,"
         "\"arrival\":null,\"drill\":null}"},
        {"domains.1.streak", "4"},
        {"domains.1.silent", "true"},
        {"domains.1.good", "\"2026-11-22T23:57:00Z\""},
        {"domains.1.strip", "\"+~!!!\""},
        {"domains.2.backup", "\"provider\""},
        {"domains.2.domain", "\"example.net\""},
        {"domains.2.mail", "\"2026-11-23T14:00:00Z\""},
        {"domains.2.messages", "3"},
        {"domains.2.bytes", "12400"},
        {"domains.2.refused_for_now", "2"},
        {"domains.2.refused_for_good", "1"},
        {"domains.2.certificate_days", "12"},
        {"summary", "{\"backups\":2,\"domains\":3,\"ok\":2,\"failing\":0,\"silent\":1,\"held\":0,"
                    "\"unknown\":0}"},
    };
    struct store *store = open_store();

    (void)state;
    fill(store);
    struct status_view view = read_view(store);
    json_t *status = read_json(&view);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_json(status, rows[i].path, rows[i].value);
    json_decref(status);
    status_view_done(&view);
    store_close(store);
}

static void json_has_null_for_what_is_not_known(void **state)
{
    static const struct {
        const char *path, *value;
    } rows[] = {
        {"daemon", "{\"alive\":false,\"last_sign_of_life\":null}"},
        {"primary", "{\"address\":\"127.0.0.1:25\",\"state\":\"unknown\",\"since\":null,"
                    "\"looked\":null,\"text\":null,\"last_outage\":null}"},
        {"domains.0",
         "{\"backup\":\"mx2\",\"host\":\"mx2.example.net\",\"method\":\"etrn\",\"domain\":"
         "\"example.com\",\"outcome\":null,\"code\":null,\"text\":null,\"at\":null,\"good\":null,"
         "\"next\":null,\"streak\":0,\"mail\":null,\"silent\":false,\"certificate_days\":null,"
         "\"pending\":null,\"messages\":null,\"bytes\":null,\"strip\":\"\","
         "\"refused_for_now\":null,\"refused_for_good\":null,\"unseen\":null,\"arrival\":null,"
         "\"drill\":null}"},
        {"summary", "{\"backups\":2,\"domains\":3,\"ok\":0,\"failing\":0,\"silent\":0,\"held\":0,"
                    "\"unknown\":3}"},
    };
    struct store *store = open_store();

    (void)state;
    struct status_view view = read_view(store);
    json_t *status = read_json(&view);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_json(status, rows[i].path, rows[i].value);
    json_decref(status);
    status_view_done(&view);
    store_close(store);
}

/* ---- Nagios ---- */

#define UNTIL_BAR(line) strcspn((line), "|")

struct nagios_row {
    const char *name;
    const char *com, *org, *provider; /* strips */
    int64_t primary_ago_ms;           /* when it was looked at and found down; 0: it is up */
    int64_t daemon_ago_ms;
    int64_t certificate_ms;
    int exit_status;
    const char *line;
};

static const struct nagios_row nagios_rows[] = {
    {"all is well", "+", "+", "+", 0, 0, 0, 0,
     "MXPULL OK - 2 backups, 3 domains, all ok|domains=3 ok=3 failing=0 silent=0 held=0 unknown=0 "
     "oldest_good=180s primary_up=1 certificate_days=U\n"},
    {"temporary", "+~", "+", "+", 0, 0, 0, 1,
     "MXPULL WARNING - mx2 example.com: deferred, 458 try later|domains=3 ok=2 failing=1 silent=0 "
     "held=0 unknown=0 oldest_good=14580s primary_up=1 certificate_days=U\n"},
    {"worst first", "+~", "+!", "+!", 0, 0, 0, 2,
     "MXPULL CRITICAL - mx2 example.org: denied, 459 not for you (and 2 more)|domains=3 ok=0 "
     "failing=3 silent=0 held=0 unknown=0 oldest_good=14580s primary_up=1 certificate_days=U\n"},
    {"silent", "+!", "+!!!!", "+", 0, 0, 0, 2,
     "MXPULL CRITICAL - mx2 example.org: silent, no good answer for 16h3m; denied, 459 not for you "
     "(and 1 more)|domains=3 ok=1 failing=1 silent=1 held=0 unknown=0 oldest_good=57780s "
     "primary_up=1 certificate_days=U\n"},
    {"the primary is down", "+o", "+o", "+!", 5 * SECONDS, 0, 0, 2,
     "MXPULL CRITICAL - your mail server 127.0.0.1:25 is down for 3d4h: connection "
     "refused (and 1 more)|domains=3 ok=0 failing=1 silent=0 held=2 unknown=0 oldest_good=14580s "
     "primary_up=0 certificate_days=U\n"},
    {"held", "+o", "+", "+", 0, 0, 0, 1,
     "MXPULL WARNING - mx2 example.com: held, our own mail server: Connection refused|domains=3 "
     "ok=2 failing=0 silent=0 held=1 unknown=0 oldest_good=14580s primary_up=1 "
     "certificate_days=U\n"},
    {"held after a refusal", "+!o", "+", "+", 0, 0, 0, 2,
     "MXPULL CRITICAL - mx2 example.com: held, our own mail server: Connection refused; the answer "
     "before was no good one|domains=3 ok=2 failing=1 silent=0 held=0 unknown=0 oldest_good=28980s "
     "primary_up=1 certificate_days=U\n"},
    {"certificate", "+", "+", "+", 0, 0, 13 * DAYS, 1,
     "MXPULL WARNING - provider: certificate ends in 13 days|domains=3 ok=3 failing=0 silent=0 "
     "held=0 unknown=0 oldest_good=180s primary_up=1 certificate_days=13\n"},
    {"certificate ended", "+", "+", "+", 0, 0, -13 * DAYS, 1,
     "MXPULL WARNING - provider: certificate ended 13 days ago|domains=3 ok=3 failing=0 silent=0 "
     "held=0 unknown=0 oldest_good=180s primary_up=1 certificate_days=-13\n"},
    {"a long certificate", "+", "+", "+", 0, 0, 14 * DAYS, 0,
     "MXPULL OK - 2 backups, 3 domains, all ok|domains=3 ok=3 failing=0 silent=0 held=0 unknown=0 "
     "oldest_good=180s primary_up=1 certificate_days=14\n"},
    {"the daemon is gone", "+", "+", "+", 0, 2 * HOURS, 0, 1,
     "MXPULL WARNING - the daemon is not running, last sign of life 2h ago|domains=3 ok=3 "
     "failing=0 silent=0 held=0 unknown=0 oldest_good=180s primary_up=1 certificate_days=U\n"},
    {"never asked", "+", "", "+", 0, 0, 0, 3,
     "MXPULL UNKNOWN - mx2 example.org: never asked yet|domains=3 ok=2 failing=0 silent=0 held=0 "
     "unknown=1 oldest_good=180s primary_up=1 certificate_days=U\n"},
    {"nothing was asked", "", "", "", 0, 0, 0, 3,
     "MXPULL UNKNOWN - mx2 example.com: never asked yet (and 2 more)|domains=3 ok=0 failing=0 "
     "silent=0 held=0 unknown=3 oldest_good=U primary_up=1 certificate_days=U\n"},
    {"never a good answer", "~~", "+", "+", 0, 0, 0, 1,
     "MXPULL WARNING - mx2 example.com: deferred, 458 try later|domains=3 ok=2 failing=1 silent=0 "
     "held=0 unknown=0 oldest_good=180s primary_up=1 certificate_days=U\n"},
    {"no good answer at all", "~", "~", "!", 0, 0, 0, 2,
     "MXPULL CRITICAL - provider example.net: denied, 459 not for you (and 2 more)|domains=3 ok=0 "
     "failing=3 "
     "silent=0 held=0 unknown=0 oldest_good=U primary_up=1 certificate_days=U\n"},
    {"never asked, and worse", "+", "", "+~", 0, 0, 0, 1,
     "MXPULL WARNING - provider example.net: deferred, 458 try later (and 1 more)|domains=3 ok=1 "
     "failing=1 "
     "silent=0 held=0 unknown=1 oldest_good=14580s primary_up=1 certificate_days=U\n"},
};

static void test_nagios(void **state)
{
    const struct nagios_row *row = *state;
    bool is_up = row->primary_ago_ms == 0;
    struct buffer line;

    assert_int_equal(begin(NULL), 0);
    struct store *store = open_store();
    set_life(store, NOW - row->daemon_ago_ms, NOW - row->primary_ago_ms, is_up);
    say_strip(store, "mx2", "example.com", row->com, NOW - 3 * MINUTES);
    say_strip(store, "mx2", "example.org", row->org, NOW - 3 * MINUTES);
    say_strip(store, "provider", "example.net", row->provider, NOW - 3 * MINUTES);
    if (row->certificate_ms != 0)
        say(store, &(struct saying){.backup = "provider",
                                    .domain = "example.net",
                                    .at_ms = NOW - MINUTES,
                                    .outcome = "received",
                                    .certificate_expires_ms = NOW + row->certificate_ms});
    struct status_view view = read_view(store);
    buffer_init(&line, TEXT_SIZE);
    assert_int_equal(nagios_format(&line, &view), row->exit_status);
    assert_string_equal(line.bytes, row->line);
    buffer_done(&line);
    status_view_done(&view);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

static void unknown_primary_is_no_number(void **state)
{
    struct store *store = open_store();
    struct buffer line;

    (void)state;
    struct status_view view = read_view(store);
    buffer_init(&line, TEXT_SIZE);
    (void)nagios_format(&line, &view);
    assert_non_null(strstr(line.bytes, " oldest_good=U primary_up=U certificate_days=U\n"));
    buffer_clear(&line);
    assert_int_equal(nagios_format_unknown(&line, "a|b\nc"), 3);
    assert_string_equal(line.bytes, "MXPULL UNKNOWN - a/b\\nc\n");
    buffer_done(&line);
    status_view_done(&view);
    store_close(store);
}

/* ---- what remotes say ---- */

static void assert_one_line(const struct buffer *line)
{
    size_t bar = UNTIL_BAR(line->bytes);

    assert_ptr_equal(strchr(line->bytes, '\n'), line->bytes + line->size - 1);
    assert_int_equal(strncmp(line->bytes + bar, "|domains=3 ", 11), 0);
    assert_null(strchr(line->bytes + bar + 1, '|'));
    assert_harmless(line->bytes);
}

static void hostile_texts_do_no_harm(void **state)
{
    struct store *store = open_store();
    struct buffer text, line;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(hostile_texts); i++) {
        for (int grade = GRADE_GOOD; grade <= GRADE_BAD; grade++) {
            say(store, &(struct saying){.backup = "mx2",
                                        .domain = "example.com",
                                        .at_ms = NOW - HOURS + (int64_t)i,
                                        .grade = (enum grade)grade,
                                        .outcome = "denied",
                                        .code = 459,
                                        .text = hostile_texts[i]});
            struct status_view view = read_view(store);
            format(&text, &view, LINE_UNBOUNDED, false, false);
            assert_harmless(text.bytes);
            buffer_done(&text);
            json_decref(read_json(&view));
            buffer_init(&line, TEXT_SIZE);
            (void)nagios_format(&line, &view);
            assert_one_line(&line);
            buffer_done(&line);
            status_view_done(&view);
        }
    }
    store_close(store);
}

/* A long text is cut, and what follows it is not. */
static void long_texts_leave_room(void **state)
{
    struct store *store = open_store();
    char said[2000];
    struct buffer line;

    (void)state;
    memset(said, '\x01', sizeof said - 1);
    said[sizeof said - 1] = '\0';
    for (int i = 0; i < 2; i++)
        say(store, &(struct saying){.backup = "mx2",
                                    .domain = mx2_domains[i],
                                    .at_ms = NOW - HOURS,
                                    .grade = GRADE_BAD,
                                    .outcome = "denied",
                                    .code = 459,
                                    .text = said});
    struct status_view view = read_view(store);
    buffer_init(&line, TEXT_SIZE);
    assert_int_equal(nagios_format(&line, &view), 2);
    assert_one_line(&line);
    assert_non_null(strstr(line.bytes, "\\x01… (and 2 more)|"));
    assert_true(line.size < 700);
    buffer_done(&line);
    status_view_done(&view);
    store_close(store);
}

/* ---- no store ---- */

static void missing_store_says_what_to_do(void **state)
{
    struct store *store = NULL;
    struct error error;
    char expected[1024];

    (void)state;
    assert_int_equal(past_open(&store, &test_config, &error), STATUS_SYSTEM);
    (void)snprintf(expected, sizeof expected,
                   "nothing has been asked yet: %s/mxpull.db is not there; mxpull pull, or mxpull "
                   "daemon, makes it",
                   test_directory);
    assert_string_equal(error.text, expected);
    assert_null(store);

    test_config.state_dir = NULL;
    assert_int_equal(past_open(&store, &test_config, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "set state_dir in /etc/mxpull.conf"));
    make_config();

    FILE *file = fopen(in_directory("mxpull.db"), "w");
    assert_non_null(file);
    assert_true(fputs("this is no store, and long enough to be looked at", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(past_open(&store, &test_config, &error), STATUS_SYSTEM);
    assert_null(store);
}

static void store_is_only_read(void **state)
{
    struct store *store = open_store();
    struct error error;

    (void)state;
    fill(store);
    store_close(store);
    assert_ok(past_open(&store, &test_config, &problem));
    struct status_view view = read_view(store);
    assert_int_equal(view.counts[COUNT_OK], 2);
    status_view_done(&view);
    assert_int_equal(store_outage_begin(store, NOW, "", &error), STATUS_SYSTEM);
    store_close(store);
}

struct span_row {
    const char *name;
    int64_t seconds;
};

static const struct span_row span_rows[] = {
    {"0s", -5},        {"0s", 0},        {"59s", 59},       {"1m", 60},    {"59m", 3599},
    {"1h", 3600},      {"3h57m", 14239}, {"23h59m", 86399}, {"1d", 86400}, {"1d1h", 90000},
    {"9d23h", 863999}, {"10d", 864000},  {"45d", 3891600},
};

static void test_span(void **state)
{
    const struct span_row *row = *state;

    assert_string_equal(word_span(row->seconds).text, row->name);
}

/* An answer of the future is an answer, but says nothing of how long ago one was. */
static void clock_ahead_is_not_believed(void **state)
{
    static const struct {
        int64_t before_ms; /* the good answer before it; 0: none */
        bool is_silent;
        const char *said;
    } rows[] = {{20 * HOURS, true, "SILENT: no good answer for 20h, since"},
                {2 * HOURS, false, "mx2       example.com  started"},
                {0, false, "mx2       example.com  started"}};
    struct buffer text;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct store *store = open_store();

        if (rows[i].before_ms > 0)
            say_strip(store, "mx2", "example.com", "+", NOW - rows[i].before_ms);
        say_strip(store, "mx2", "example.com", "+", NOW + 4000 * DAYS);
        struct status_view view = read_view(store);
        assert_int_equal(view.domains[0].is_silent, rows[i].is_silent);
        assert_true(view.domains[0].is_asked);
        buffer_init(&text, 64 * 1024);
        status_text_format(&(struct status_page){&text, &view, {.columns = 200}, false});
        if (strstr(text.bytes, rows[i].said) == NULL)
            fail_msg("%s", text.bytes);
        assert_null(strstr(text.bytes, "0s ago"));
        buffer_done(&text);
        status_view_done(&view);
        store_close(store);
        assert_int_equal(remove_directory(NULL), 0);
        assert_int_equal(begin(NULL), 0);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, remove_directory)

static const struct CMUnitTest fixed_tests[] = {
    TEST(silence_flag_counts),
    TEST(silence_of_the_configuration_counts),
    TEST(address_is_said_once),
    TEST(clock_ahead_is_not_believed),
    TEST(text_is_in_columns),
    TEST(what_is_held_is_said_once),
    TEST(a_common_failure_is_said_once),
    TEST(names_choose),
    TEST(unknown_names_are_suggested),
    TEST(quiet_says_nothing_where_all_is_well),
    TEST(polls_are_coloured),
    TEST(text_fits_terminals),
    TEST(old_polls_are_left_out_first),
    TEST(json_has_everything),
    TEST(json_has_null_for_what_is_not_known),
    TEST(unknown_primary_is_no_number),
    TEST(hostile_texts_do_no_harm),
    TEST(long_texts_leave_room),
    TEST(missing_store_says_what_to_do),
    TEST(store_is_only_read),
};

int main(void)
{
    int failed;

    support_set_variable("TZ", "UTC0");
    tzset();
    failed = RUN_TABLE(health_rows, test_health);
    failed += RUN_TABLE(certificate_rows, test_certificate);
    failed += RUN_TABLE(daemon_rows, test_daemon);
    failed += RUN_TABLE(primary_rows, test_primary);
    failed += RUN_TABLE(name_rows, test_name);
    failed += RUN_TABLE(nagios_rows, test_nagios);
    failed += RUN_TABLE(span_rows, test_span);
    return unit_status(failed + cmocka_run_group_tests(fixed_tests, NULL, NULL));
}
