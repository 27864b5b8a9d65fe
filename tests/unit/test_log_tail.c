/* The primary's log, followed: what is heard of it whatever happens to the file, and when it is said to be lost. */
#include "test_log_tail.h"

/* ---- a file ---- */

static void test_new_lines_alone(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    add_message(f.path, 1);
    follow_file(&f);
    add_message(f.path, 2);
    expect(&f, "<2>");
    add_message(f.path, 3);
    add_message(f.path, 4);
    expect(&f, "<2> <3> <4>");
    end(&f);
}

static void test_parts_of_lines(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    /* What is left of a line that was begun before looks like one. */
    add(f.path, "Nov 29 06:59:09 mx1 dovecot[1]: user=");
    follow_file(&f);
    add_message(f.path, 1);
    add_message(f.path, 2);
    expect(&f, "<2>");
    add(f.path, "2026-11-29 06:59:09 1xXYsP-0003Py-0B <= a@b H=c [192.0");
    run_for(&f, QUIET_MS);
    add(f.path, ".2.7] S=2 id=3\r\n2026");
    expect(&f, "<2> <3>");
    end(&f);
}

static void test_rubbish(void **state)
{
    const size_t size = 10 * 1024 * 1024;
    char *rubbish = memory_new(size, 1); /* NULs */
    struct fixture f;

    (void)state;
    begin(&f);
    add(f.path, "");
    follow_file(&f);
    add_bytes(f.path, rubbish, size);
    add(f.path, "\n");
    add_message(f.path, 1);
    memset(rubbish, 'x', size);
    add_bytes(f.path, rubbish, size); /* its end looks like a line */
    add_message(f.path, 2);
    add_message(f.path, 3);
    memset(rubbish, '\n', 100000);
    add_bytes(f.path, rubbish, 100000);
    add_message(f.path, 4);
    expect(&f, "<1> <3> <4>");
    free(rubbish);
    end(&f);
}

static void test_rotated_by_rename(void **state)
{
    struct fixture f;
    char old[600];

    (void)state;
    begin(&f);
    (void)snprintf(old, sizeof old, "%s", in_directory("mail.log.1"));
    (void)remove(old);
    add(f.path, "");
    follow_file(&f);
    add_message(f.path, 1);
    assert_int_equal(rename(f.path, old), 0);
    add_message(old, 2);
    expect(&f, "<1> <2>");
    add(f.path, ""); /* made by logrotate, while the old one is still written to */
    run_for(&f, QUIET_MS);
    add_message(old, 3);
    expect(&f, "<1> <2> <3>");
    add_message(old, 4);
    add(old, "2026-11-29 06:59:09 1xXYsP-0003Py-0B ");
    add_message(f.path, 5);
    expect(&f, "<1> <2> <3> <4> <5>");
    add_message(f.path, 6);
    expect(&f, "<1> <2> <3> <4> <5> <6>");
    end(&f);
}

static void test_rotated_by_copy(void **state)
{
    struct fixture f;
    FILE *file;

    (void)state;
    begin(&f);
    add_message(f.path, 1);
    add_message(f.path, 1);
    follow_file(&f);
    add_message(f.path, 2);
    expect(&f, "<2>");
    add(f.path, "2026-11-29 06:59:09 ");
    run_for(&f, QUIET_MS);
    file = fopen(f.path, "wb");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    add_message(f.path, 3);
    expect(&f, "<2> <3>");
    end(&f);
}

static void test_gone_and_back(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    add(f.path, "");
    follow_file(&f);
    assert_int_equal(remove(f.path), 0);
    run_for(&f, QUIET_MS);
    add_message(f.path, 1);
    expect(&f, "<1>");
    end(&f);
}

static void test_no_file(void **state)
{
    struct log_tail_options options = {.heard = on_heard, .found = on_found, .lost = on_lost};
    struct error error;
    struct fixture f;
    char *setting;

    (void)state;
    begin(&f);
    setting = memory_format("file:%s", f.path);
    options.loop = f.loop;
    options.setting = setting;
    options.context = &f;
    f.tail = log_tail_open(&options, &error);
    free(setting);
    assert_non_null(f.tail);
    assert_false(log_tail_is_there(f.tail));
    assert_non_null(strstr(error.text, "mail.log: cannot be opened: "));
    run_for(&f, QUIET_MS);
    assert_int_equal(f.found, 0);
    add_message(f.path, 1);
    add_message(f.path, 2);
    expect(&f, "<1> <2>");
    assert_int_equal(f.found, 1);
    assert_true(log_tail_is_there(f.tail));
    (void)remove(in_directory("mail.log.1")); /* Windows renames to no file that is there */
    assert_int_equal(rename(f.path, in_directory("mail.log.1")), 0);
    add_message(f.path, 3);
    expect(&f, "<1> <2> <3>");
    assert_int_equal(f.found, 1);
    end(&f);
}

/* ---- a command ---- */

static void test_command(void **state)
{
    struct fixture f;
    char *setting;

    (void)state;
    begin(&f);
    add_message(f.path, 1);
    add_message(f.path, 2);
    setting = memory_format("command:" COMMAND_SHOW("\"%s\""), f.path);
    follow(&f, setting);
    free(setting);
    expect_lost(&f, "the command of mail_log: the command has ended");
    assert_string_equal(f.heard, "<1> <2>");
    run_for(&f, QUIET_MS);
    end(&f);
}

static void test_command_that_fails(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    follow(&f, "command:exit 3");
    expect_lost(&f, "the command of mail_log: the command failed with exit status 3");
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_lines_alone),
        cmocka_unit_test(test_parts_of_lines),
        cmocka_unit_test(test_rubbish),
        cmocka_unit_test(test_rotated_by_rename),
        cmocka_unit_test(test_rotated_by_copy),
        cmocka_unit_test(test_gone_and_back),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_command_that_fails),
    };

    return unit_status(cmocka_run_group_tests(tests, make_directory, remove_directory));
}
