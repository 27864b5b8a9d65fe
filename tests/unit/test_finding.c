/* Findings: what is gathered, printable, bounded. */
#include "unit.h"

#include <mxpull/check/finding.h>

static void test_gathered(void **state)
{
    struct findings findings = {.topic = TOPIC_DOMAIN, .domain = "example.com"};

    (void)state;
    findings_add(&findings, SEVERITY_OK, "mx", "MX", "%d records", 2);
    finding_advise(findings_add(&findings, SEVERITY_FAIL, "mx-null", "MX", "null MX"), 78,
                   "remove %s", "\"0 .\"");
    assert_int_equal(findings.count, 2);
    assert_string_equal(findings.list[0].text, "2 records");
    assert_string_equal(findings.list[0].domain, "example.com");
    assert_null(findings.list[0].advice);
    assert_int_equal(findings.list[0].exit_status, 0);
    assert_string_equal(findings.list[1].advice, "remove \"0 .\"");
    assert_int_equal(findings.list[1].exit_status, 78);
    findings_done(&findings);
    assert_int_equal(findings.count, 0);
}

/* What a remote says cannot move a terminal's cursor, and does not grow without bounds. */
static void test_remote(void **state)
{
    struct findings findings = {.topic = TOPIC_PRIMARY};
    char words[5000];

    (void)state;
    memset(words, 'x', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    struct finding *finding =
        findings_add(&findings, SEVERITY_OK, "greeting", "greeting", "220 \033[2J\r\n%s", words);
    assert_memory_equal(finding->text, "220 \\x1b[2J\\r\\nxxx", 17);
    assert_true(strlen(finding->text) <= 2000);
    assert_string_equal(finding->text + strlen(finding->text) - 3, "\xe2\x80\xa6");
    assert_null(finding->domain);
    findings_done(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gathered),
        cmocka_unit_test(test_remote),
    };

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}
