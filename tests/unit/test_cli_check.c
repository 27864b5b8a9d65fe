/* cli: what mxpull check writes, from findings that are made here. */
#include "unit.h"

#include <cli/check_form.h>
#include <mxpull/base/memory.h>

#include <stdio.h>

enum {
    TEXT_SIZE = 16 * 1024
};

static char path[] = "/etc/mxpull.conf", address[] = "127.0.0.1:25", name[] = "mx2",
            domain[] = "m\xc3\xbcller.example";
static struct backup_config backup = {.name = name};
static const struct config config = {.path = path, .primary = {.address = {.text = address}}};

/* A group for each topic. */
struct groups {
    struct findings list[4];
};

static void make(struct groups *groups)
{
    struct findings *list = groups->list;

    *groups = (struct groups){{{.topic = TOPIC_DOMAIN, .domain = domain},
                               {.topic = TOPIC_BACKUP, .backup = &backup},
                               {.topic = TOPIC_PRIMARY},
                               {.topic = TOPIC_CONFIGURATION}}};
    findings_add(&list[0], SEVERITY_OK, "mx", "MX", "2 records");
    struct finding *finding = findings_add(&list[0], SEVERITY_WARN, "mx-unknown", "MX",
                                           "mx3.example.net is not in the configuration");
    finding_advise(finding, 0, "add it");
    finding->block = memory_copy("backup \"mx3.example.net\" {\n    domains = {\"a\x1b\"}\n}\n");
    findings_add(&list[1], SEVERITY_SKIP, "login", "AUTH", "no user is set");
    finding_advise(findings_add(&list[1], SEVERITY_FAIL, "certificate-expired", "certificate",
                                "the backup said \"220 %s\"", "\x1b[2J\\x"),
                   76, "renew it");
    findings_add(&list[3], SEVERITY_OK, "configuration", "file", "understood");
}

static void done(struct groups *groups)
{
    for (size_t i = 0; i < 4; i++)
        findings_done(&groups->list[i]);
}

#define ADD_IT                                                                                     \
    "      add it\n"                                                                               \
    "      backup \"mx3.example.net\" {\n"                                                         \
    "          domains = {\"a\\x1b\"}\n"                                                           \
    "      }\n"                                                                                    \
    "\n"                                                                                           \
    "backup mx2\n"

struct row {
    const char *name;
    size_t columns;
    bool color, only_wrong;
    const char *text;
};

static const struct row rows[] = {
    {"all", LINE_UNBOUNDED, false, false,
     "domain m\xc3\xbcller.example\n"
     "OK    MX        2 records\n"
     "WARN  MX        mx3.example.net is not in the configuration\n" ADD_IT
     "SKIP  AUTH         no user is set\n"
     "FAIL  certificate  the backup said \"220 \\x1b[2J\\\\x\"\n"
     "      renew it\n"
     "\n"
     "configuration /etc/mxpull.conf\n"
     "OK    file      understood\n"},
    {"only what is wrong", LINE_UNBOUNDED, false, true,
     "domain m\xc3\xbcller.example\n"
     "WARN  MX        mx3.example.net is not in the configuration\n" ADD_IT
     "FAIL  certificate  the backup said \"220 \\x1b[2J\\\\x\"\n"
     "      renew it\n"},
    {"a narrow terminal", 40, false, true,
     "domain m\xc3\xbcller.example\n"
     "WARN  MX        mx3.example.net is not\n"
     "                in the configuration\n" ADD_IT "FAIL  certificate  the backup said \"220\n"
     "                   \\x1b[2J\\\\x\"\n"
     "      renew it\n"},
};

static void append_all(struct buffer *text, struct line_look look, bool only_wrong)
{
    struct check_page page = {.look = look, .only_wrong = only_wrong, .config = &config};
    struct groups groups;

    make(&groups);
    for (size_t i = 0; i < 4; i++)
        check_form_group(&page, text, &groups.list[i]);
    done(&groups);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct buffer text;

    buffer_init(&text, TEXT_SIZE);
    append_all(&text, (struct line_look){row->columns, row->color}, row->only_wrong);
    assert_string_equal(text.bytes, row->text);
    buffer_done(&text);
}

/* Without its colours a line says the same. */
static void test_color(void **state)
{
    static const char *const codes[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"};
    struct buffer colored, plain, rest;

    (void)state;
    buffer_init(&colored, TEXT_SIZE);
    buffer_init(&plain, TEXT_SIZE);
    buffer_init(&rest, TEXT_SIZE);
    append_all(&colored, (struct line_look){LINE_UNBOUNDED, true}, false);
    append_all(&plain, (struct line_look){LINE_UNBOUNDED, false}, false);
    assert_non_null(strstr(colored.bytes, "\x1b[31mFAIL\x1b[0m  certificate  "));
    for (const char *at = colored.bytes; *at != '\0';) {
        size_t i = 0;

        while (i < sizeof codes / sizeof codes[0] && strncmp(at, codes[i], strlen(codes[i])) != 0)
            i++;
        if (i < sizeof codes / sizeof codes[0])
            at += strlen(codes[i]);
        else
            assert_int_equal(buffer_append(&rest, at++, 1), STATUS_OK);
    }
    assert_string_equal(rest.bytes, plain.bytes);
    buffer_done(&colored);
    buffer_done(&plain);
    buffer_done(&rest);
}

static void test_summary(void **state)
{
    struct groups groups;
    struct buffer text;

    (void)state;
    make(&groups);
    const struct check_counts counts = check_form_count(groups.list, 4);
    buffer_init(&text, TEXT_SIZE);
    check_form_summary(&text, counts, 449, 0, 4);
    assert_string_equal(text.bytes, "2 ok, 1 warning, 1 failed, 1 skipped in 0.4 s\n");
    buffer_clear(&text);
    check_form_summary(&text, (struct check_counts){{[SEVERITY_WARN] = 2}}, 61000, 3, 12);
    assert_string_equal(text.bytes, "0 ok, 2 warnings, 0 failed, 0 skipped in 1m1s; stopped: 3 of "
                                    "12 were not looked at to the end\n");
    buffer_done(&text);
    done(&groups);
}

static void test_json(void **state)
{
    char text[TEXT_SIZE];
    FILE *stream = tmpfile();
    struct output output = {.stream = stream};
    struct groups groups;

    (void)state;
    assert_non_null(stream);
    make(&groups);
    check_form_json(&output, groups.list, 4, INT64_C(1795449600000), 76);
    assert_true(output_finish(&output));
    done(&groups);
    rewind(stream);
    text[fread(text, 1, TEXT_SIZE - 1, stream)] = '\0';
    (void)fclose(stream);
    assert_string_equal(
        text,
        "{\"checked\":\"2026-11-23T16:00:00Z\",\"exit_status\":76,\"findings\":["
        "{\"id\":\"mx\",\"severity\":\"ok\",\"domain\":\"m\xc3\xbcller.example\",\"backup\":null,"
        "\"subject\":\"MX\",\"text\":\"2 records\",\"advice\":null},"
        "{\"id\":\"mx-unknown\",\"severity\":\"warn\",\"domain\":\"m\xc3\xbcller.example\","
        "\"backup\":null,\"subject\":\"MX\",\"text\":\"mx3.example.net is not in the "
        "configuration\",\"advice\":\"add it\"},"
        "{\"id\":\"login\",\"severity\":\"skip\",\"domain\":null,\"backup\":\"mx2\","
        "\"subject\":\"AUTH\",\"text\":\"no user is set\",\"advice\":null},"
        "{\"id\":\"certificate-expired\",\"severity\":\"fail\",\"domain\":null,\"backup\":\"mx2\","
        "\"subject\":\"certificate\",\"text\":\"the backup said \\\"220 "
        "\\\\x1b[2J\\\\\\\\x\\\"\",\"advice\":\"renew it\"},"
        "{\"id\":\"configuration\",\"severity\":\"ok\",\"domain\":null,\"backup\":null,"
        "\"subject\":\"file\",\"text\":\"understood\",\"advice\":null}],"
        "\"summary\":{\"ok\":2,\"warn\":1,\"fail\":1,\"skip\":1}}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_color),
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_json),
    };
    int failed = 0;

    failed += RUN_TABLE(rows, test_row);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    return unit_status(failed);
}
