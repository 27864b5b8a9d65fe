/* cli: the scheduled task of Windows as XML: the values that change, and contrib/windows/mxpull-task.xml,
 * which is the same for a program in its usual place. What the schema says of it is checked by
 * tests/windows/task.sh.
 *
 * test_cli_task --write FILE [PROGRAM CONFIGURATION SECONDS] writes the file: UTF-16LE with its mark, and
 * lines that end in \r\n, as Windows has it. Paths are ASCII. */
#include "unit.h"

#include <cli/task_xml.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

#include <stdio.h>

enum {
    XML_SIZE_MAX = 64 * 1024,
    EVERY_S = 4 * 3600
};

static const char usual_program[] = "%ProgramFiles%\\mxpull\\mxpull.exe",
                  usual_config[] = "%ProgramData%\\mxpull\\mxpull.conf";

static int write_file(const char *path, const struct buffer *xml)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        return 1;
    (void)fputs("\xff\xfe", file);
    for (size_t i = 0; i < xml->size; i++) {
        if (xml->bytes[i] == '\n')
            (void)fwrite("\r", 1, 2, file);
        (void)fwrite((const char[]){xml->bytes[i], '\0'}, 1, 2, file);
    }
    return fclose(file) == 0 ? 0 : 1;
}

/* What write_file has written. */
static void read_back(const char *path, struct buffer *xml)
{
    char pair[2];
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    assert_int_equal(fread(pair, 1, 2, file), 2);
    assert_memory_equal(pair, "\xff\xfe", 2);
    while (fread(pair, 1, 2, file) == 2) {
        assert_int_equal(pair[1], 0);
        if (pair[0] == '\r') {
            assert_int_equal(fread(pair, 1, 2, file), 2);
            assert_int_equal(pair[0], '\n');
        } else {
            assert_int_not_equal(pair[0], '\n');
        }
        assert_int_equal(buffer_append(xml, pair, 1), STATUS_OK);
    }
    (void)fclose(file);
}

static void contrib_holds_the_same(void **state)
{
    struct buffer made, given;

    (void)state;
    buffer_init(&made, XML_SIZE_MAX);
    buffer_init(&given, XML_SIZE_MAX);
    task_xml_format(&made, usual_program, usual_config, EVERY_S);
    read_back(CONTRIB_TASK, &given);
    assert_string_equal(given.bytes, made.bytes);
    buffer_done(&given);
    buffer_done(&made);
}

struct every_row {
    const char *name; /* as XML has it */
    int64_t seconds;
};

static const struct every_row everies[] = {
    {"PT1M", 60},       {"PT4H", 4 * 3600},    {"PT1H30M", 5400},          {"PT1M30S", 90},
    {"P1D", 24 * 3600}, {"P1DT4H", 28 * 3600}, {"P31D", TASK_EVERY_MAX_S},
};

static void test_every(void **state)
{
    const struct every_row *row = *state;
    char expected[80];
    struct buffer xml;

    buffer_init(&xml, XML_SIZE_MAX);
    task_xml_format(&xml, "p", "c", row->seconds);
    (void)snprintf(expected, sizeof expected, "<Interval>%s</Interval>", row->name);
    assert_non_null(strstr(xml.bytes, expected));
    buffer_done(&xml);
}

static void paths_are_escaped(void **state)
{
    struct buffer xml;

    (void)state;
    buffer_init(&xml, XML_SIZE_MAX);
    task_xml_format(&xml, "C:\\A & B\\mxpull.exe", "C:\\\xc3\xa4 %&'\\mxpull.conf", EVERY_S);
    assert_non_null(strstr(xml.bytes, "<Command>C:\\A &amp; B\\mxpull.exe</Command>\n"));
    assert_non_null(strstr(xml.bytes, "<Arguments>pull -q -c \"C:\\\xc3\xa4 %&amp;'\\mxpull.conf\""
                                      "</Arguments>\n"));
    buffer_done(&xml);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(contrib_holds_the_same),
                                       cmocka_unit_test(paths_are_escaped)};
    int failed = 0;

    if (argc >= 3 && strcmp(argv[1], "--write") == 0) {
        int64_t seconds = EVERY_S;
        struct buffer xml;

        if (argc == 6 && !text_to_number(argv[5], 0, INT64_MAX, &seconds))
            return 1;
        buffer_init(&xml, XML_SIZE_MAX);
        task_xml_format(&xml, argc == 6 ? argv[3] : usual_program,
                        argc == 6 ? argv[4] : usual_config, seconds);
        failed = write_file(argv[2], &xml);
        buffer_done(&xml);
        return failed;
    }
    failed += RUN_TABLE(everies, test_every);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    return unit_status(failed);
}
