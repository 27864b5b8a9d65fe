/* The primary's log, followed on POSIX: what stands in for a file, the journal, commands, and what is found by itself. */
#define _GNU_SOURCE /* unshare */

#include "test_log_tail.h"

#include <mxpull/platform/folder.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#endif

/* ---- what is no log ---- */

/* Three at once: each is tried for a while. */
static void test_replaced_by_what_is_no_file(void **state)
{
    static const char *const why[] = {"/one: is a directory, not a file",
                                      "/two: is a pipe, not a file", "/three: cannot be opened: "};
    struct fixture f[3];

    (void)state;
    begin(&f[0]);
    for (int i = 0; i < 3; i++) {
        if (i > 0)
            f[i] = (struct fixture){.loop = f[0].loop};
        (void)snprintf(f[i].path, sizeof f[i].path, "%s",
                       in_directory(i == 0   ? "one"
                                    : i == 1 ? "two"
                                             : "three"));
        add(f[i].path, "");
        follow_file(&f[i]);
        assert_int_equal(remove(f[i].path), 0);
    }
    assert_int_equal(mkdir(f[0].path, 0700), 0);
    assert_int_equal(mkfifo(f[1].path, 0600), 0);
    assert_int_equal(symlink(f[2].path, f[2].path), 0); /* which leads to itself */
    for (int i = 0; i < 3; i++)
        expect_lost(&f[i], why[i]);
    log_tail_close(f[2].tail);
    log_tail_close(f[1].tail);
    end(&f[0]);
}

/* logrotate makes a file first, and gives it to its owner then. */
static void test_replaced_for_a_moment(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    add(f.path, "");
    follow_file(&f);
    assert_int_equal(remove(f.path), 0);
    assert_int_equal(mkdir(f.path, 0700), 0);
    run_for(&f, 2 * QUIET_MS);
    assert_int_equal(rmdir(f.path), 0);
    add_message(f.path, 1);
    expect(&f, "<1>");
    end(&f);
}

static void refuse(const char *path, const char *why)
{
    struct error error = {.text = ""};
    struct fixture f;
    char setting[600];

    begin(&f);
    (void)snprintf(setting, sizeof setting, "file:%s", path);
    assert_null(
        log_tail_open(&(struct log_tail_options){.loop = f.loop, .setting = setting}, &error));
    if (strstr(error.text, why) == NULL)
        assert_string_equal(error.text, why);
    end(&f);
}

static void open_unreadable(void *context)
{
    refuse(context, ": cannot be opened: Permission denied");
}

static void test_no_log_to_open(void **state)
{
    char path[600];

    (void)state;
    (void)snprintf(path, sizeof path, "%s", in_directory("unreadable"));
    add(path, "");
    support_while_unreadable(path, open_unreadable, path);
    assert_int_equal(mkfifo(in_directory("pipe"), 0600), 0);
    refuse(in_directory("pipe"), "/pipe: is a pipe, not a file");
    refuse(directory, ": is a directory, not a file");
    refuse("/dev/null", "/dev/null: is a device, not a file");
}

static void test_link(void **state)
{
    struct fixture f;
    char first[600], second[600];

    (void)state;
    begin(&f);
    (void)snprintf(first, sizeof first, "%s", in_directory("first"));
    (void)snprintf(second, sizeof second, "%s", in_directory("second"));
    add_message(first, 1);
    assert_int_equal(symlink("first", f.path), 0);
    follow_file(&f);
    add_message(first, 2);
    expect(&f, "<2>");
    add_message(second, 3);
    assert_int_equal(symlink("second", in_directory("link")), 0);
    assert_int_equal(rename(in_directory("link"), f.path), 0);
    add_message(first, 4);
    expect(&f, "<2> <4> <3>");
    end(&f);
}

#ifdef __linux__

/* Without inotify there is the timer. */
static void test_no_inotify(void **state)
{
    enum {
        COUNT_MAX = 900
    };
    int taken[COUNT_MAX], count = 0;
    struct fixture f;

    (void)state;
    begin(&f);
    add(f.path, "");
    while (count < COUNT_MAX && (taken[count] = inotify_init1(IN_CLOEXEC)) >= 0)
        count++;
    bool is_short = count < COUNT_MAX;
    if (is_short) {
        follow_file(&f);
        add_message(f.path, 1);
        expect(&f, "<1>");
    }
    while (count > 0)
        (void)close(taken[--count]);
    end(&f);
    if (!is_short)
        skip();
}

#endif

/* ---- commands ---- */

static void test_endless_command(void **state)
{
    struct fixture f, g;

    (void)state;
    begin(&f);
    g = (struct fixture){.loop = f.loop};
    add(f.path, "");
    follow_file(&f);
    follow(&g, "command:yes | tr -d '\\n'"); /* one line without end */
    run_for(&f, QUIET_MS);
    add_message(f.path, 1);
    expect(&f, "<1>");
    assert_string_equal(g.lost, "");
    log_tail_close(g.tail);
    end(&f);
}

static void test_command_is_ended_with_all_it_started(void **state)
{
    struct fixture f;
    char *setting;

    (void)state;
    begin(&f);
    setting = memory_format("command:(sleep 1; echo alive >'%s') & (sleep 1; echo >'%s'; yes) & "
                            "cat '%s'; wait",
                            in_directory("survivor"), in_directory("survivor"), f.path);
    add_message(f.path, 1);
    follow(&f, setting);
    expect(&f, "<1>");
    end(&f);
    free(setting);
    support_sleep_ms(3000);
    assert_int_equal(access(in_directory("survivor"), F_OK), -1);
}

static void test_command_that_closes_its_output(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    follow(&f, "command:exec >&-; sleep 100");
    expect_lost(&f, "the command of mail_log: it prints nothing more");
    end(&f);
}

/* ---- the journal ---- */

/* Makes a journalctl of these lines of shell in a directory of its own, which is $PATH's first then; NULL: there is no
 * journalctl. */
static void make_journalctl(const char *lines)
{
    char folder[600], path[700], search[800];

    (void)snprintf(folder, sizeof folder, "%s", in_directory("bin"));
    (void)mkdir(folder, 0755);
    (void)snprintf(path, sizeof path, "%s/journalctl", folder);
    (void)remove(path);
    if (lines == NULL) {
        set_variable("PATH", folder);
        return;
    }
    add(path, "#!/bin/sh\n");
    add(path, lines);
    assert_int_equal(chmod(path, 0755), 0);
    (void)snprintf(search, sizeof search, "%s:/usr/bin:/bin", folder);
    set_variable("PATH", search);
}

static const struct journal_row {
    const char *name;
    const char *lines;
    const char *heard;
    const char *lost; /* NULL: it is not */
} journal_rows[] = {
    {"lines of a journal",
     "echo '-- Journal begins at Thu 2026-11-26 09:00:00 UTC. --'\n"
     "echo 'Nov 29 06:59:08 mx1 postfix/smtpd[1]: 8A: client=a.test[192.0.2.7]'\n"
     "echo 'Nov 29 06:59:08 mx1 postfix/cleanup[2]: 8A: message-id=<1@a>'\n"
     "echo '-- Boot 0123456789abcdef0123456789abcdef --'\n"
     "echo 'Nov 29 06:59:08 mx1 postfix/qmgr[3]: 8A: from=<a@b>, size=3, nrcpt=1 (queue active)'\n"
     "echo 'Nov 29 06:59:08 mx1 kernel: [700B blob data]'\n"
     "exec sleep 100\n",
     "<1@a>", NULL},
    {"it is asked for what is new, of mail alone",
     "case \"$*\" in *'--follow --no-tail --since=@1'*' SYSLOG_FACILITY=2'*) ;; *) exit 3 ;; esac\n"
     "echo 'Nov 29 06:59:08 mx1 exim[7]: 1xXYsP-0003Py-0B <= a@b H=c [192.0.2.7] S=2 id=2'\n"
     "exec sleep 100\n",
     "<2>", NULL},
    {"it ends at once", "exit 0\n", "", "the journal: the command has ended"},
    {"it fails", "echo 'Failed to x' >&2; exit 1\n", "",
     "the journal: the command failed with exit status 1"},
    {"there is no journal", "echo 'No journal files were found.' >&2; exec sleep 100\n", "",
     "the journal: there is none that can be read"},
    {"we may not read it",
     "echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1\n", "",
     "the journal: there is none that can be read"},
    {"we may not read the system's",
     "echo 'Hint: You are currently not seeing messages from other users and the system.' >&2\n"
     "echo '      Users in groups can see all messages. Pass -q to turn off this notice.' >&2\n"
     "exec sleep 100\n",
     "", "the journal: this user may not read the system's; the group systemd-journal may"},
    {"a sender's words are no hint",
     "echo \"Nov 29 06:59:08 mx1 x[1]: Hint: You are currently not seeing messages from the "
     "system\"\n"
     "echo 'Nov 29 06:59:08 mx1 exim[7]: 1xXYsP-0003Py-0B <= a@b H=c [192.0.2.7] S=2 id=2'\n"
     "exec sleep 100\n",
     "<2>", NULL},
};

static void test_journal(void **state)
{
    const struct journal_row *row = *state;
    struct fixture f;

    make_journalctl(row->lines);
    begin(&f);
    follow(&f, "journal");
    assert_string_equal(log_tail_source(f.tail), "the journal");
    if (row->lost != NULL)
        expect_lost(&f, row->lost);
    else
        expect(&f, row->heard);
    assert_string_equal(f.heard, row->heard);
    end(&f);
}

static void test_no_journalctl(void **state)
{
    struct error error = {.text = ""};
    struct fixture f;

    (void)state;
    make_journalctl(NULL);
    begin(&f);
    assert_null(
        log_tail_open(&(struct log_tail_options){.loop = f.loop, .setting = "journal"}, &error));
    assert_string_equal(error.text, "the journal: there is no journalctl");
    end(&f);
}

/* ---- what is found by itself ---- */

#ifdef __linux__

/* An empty /var/log of this process' own. */
static bool take_var_log(void)
{
    return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/var/log", "tmpfs", 0, NULL) == 0;
}

static void expect_source(const char *source)
{
    struct fixture f;

    begin(&f);
    follow(&f, "auto");
    assert_string_equal(log_tail_source(f.tail), source);
    end(&f);
}

static void expect_nothing_found(const char *why)
{
    struct error error = {.text = ""};
    struct fixture f;

    begin(&f);
    assert_null(
        log_tail_open(&(struct log_tail_options){.loop = f.loop, .setting = "auto"}, &error));
    if (strstr(error.text, why) == NULL)
        assert_string_equal(error.text, why);
    end(&f);
}

/* When the file was last written to. */
static void set_age(const char *path, int64_t age_s)
{
    struct timespec times[2] = {{.tv_sec = (time_t)(clock_wall_ms() / 1000 - age_s)}};

    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_auto(void **state)
{
    const int64_t day_s = 24 * 3600;

    (void)state;
    make_journalctl(NULL);
    if (!take_var_log())
        skip();
    expect_nothing_found(
        "no log of your mail server can be read (none of the usual ones is there); "
        "name it by mail_log, or let this user read it");
    assert_int_equal(mkdir("/var/log/maillog", 0755), 0);
    expect_nothing_found("(/var/log/maillog: is a directory, not a file)");
    add("/var/log/mail.log", "");
    expect_source("/var/log/mail.log");
    assert_int_equal(mkdir("/var/log/exim4", 0755), 0);
    add("/var/log/exim4/mainlog", "");
    set_age("/var/log/mail.log", 2 * day_s);
    set_age("/var/log/exim4/mainlog", day_s);
    expect_source("/var/log/exim4/mainlog");
    set_age("/var/log/mail.log", day_s / 2);
    expect_source("/var/log/mail.log");

    /* One that was left behind is not the one in use, where there is another. */
    set_age("/var/log/mail.log", 8 * day_s);
    set_age("/var/log/exim4/mainlog", 9 * day_s);
    expect_source("/var/log/mail.log");
    make_journalctl("exec sleep 100\n");
    expect_source("the journal");
    set_age("/var/log/exim4/mainlog", 6 * day_s);
    expect_source("/var/log/exim4/mainlog");
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced_by_what_is_no_file),
        cmocka_unit_test(test_replaced_for_a_moment),
        cmocka_unit_test(test_no_log_to_open),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_endless_command),
        cmocka_unit_test(test_command_is_ended_with_all_it_started),
        cmocka_unit_test(test_command_that_closes_its_output),
        cmocka_unit_test(test_no_journalctl),
#ifdef __linux__
        cmocka_unit_test(test_no_inotify),
        cmocka_unit_test(test_auto),
#endif
    };
    int failed;

    make_directory(NULL);
    failed = RUN_TABLE(journal_rows, test_journal);
    failed += cmocka_run_group_tests(tests, NULL, remove_directory);
    return unit_status(failed);
}
