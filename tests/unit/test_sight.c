/* What is said of an address of a backup where a test's server cannot show it: by the time, and by this machine. */
#include "unit.h"

#include <sight.h>

#define NOW INT64_C(1795536000000) /* 2026-11-24 */
#define DAY INT64_C(86400000)

static const struct row {
    const char *name;
    int64_t left_ms, greeting_ms; /* of the certificate; to the greeting */
    enum visit_certificate certificate;
    enum tls tls;
    bool is_pinned, no_route, is_only;
    const char *wanted, *unwanted; /* "severity id" */
    const char *text;              /* a part of its text */
} rows[] = {
    {"22 days left", 22 * DAY, 0, VISIT_CERTIFICATE_GOOD, TLS_REQUIRED, false, false, true,
     "ok backup-certificate", "warn backup-certificate-expiring", "until 2026-12-16"},
    {"21 days left", 21 * DAY, 0, VISIT_CERTIFICATE_GOOD, TLS_REQUIRED, false, false, true,
     "ok backup-certificate", "warn backup-certificate-expiring", NULL},
    {"20 days left", 21 * DAY - 1, 0, VISIT_CERTIFICATE_GOOD, TLS_REQUIRED, false, false, true,
     "warn backup-certificate-expiring", "ok backup-certificate", "ends in 20 days"},
    {"20 days left, and tls = may", 21 * DAY - 1, 0, VISIT_CERTIFICATE_GOOD, TLS_MAY, false, false,
     true, "warn backup-certificate-expiring", "ok backup-certificate", NULL},
    {"expired, and tls = may", -DAY, 0, VISIT_CERTIFICATE_BAD, TLS_MAY, false, false, true,
     "warn backup-certificate-expired", "warn backup-certificate-invalid", NULL},
    {"of nobody, but the pinned key", 90 * DAY, 0, VISIT_CERTIFICATE_BAD, TLS_REQUIRED, true, false,
     true, "ok backup-certificate", "warn backup-certificate-invalid", "of the pinned key"},
    {"of nobody, and not verified", 90 * DAY, 0, VISIT_CERTIFICATE_BAD, TLS_REQUIRED, false, false,
     true, "warn backup-certificate-invalid", "ok backup-certificate", NULL},
    {"a quick greeting", 90 * DAY, 10000, VISIT_CERTIFICATE_GOOD, TLS_REQUIRED, false, false, true,
     "ok backup-greeting", "warn backup-greeting-slow", NULL},
    {"a slow greeting", 90 * DAY, 10001, VISIT_CERTIFICATE_GOOD, TLS_REQUIRED, false, false, true,
     "warn backup-greeting-slow", "ok backup-greeting", "after 10001 ms"},
    {"no route, and another address", 0, 0, VISIT_CERTIFICATE_UNKNOWN, TLS_MAY, false, true, false,
     "skip backup-greeting", "warn backup-greeting-missing", "no route"},
    {"no route, and no other address", 0, 0, VISIT_CERTIFICATE_UNKNOWN, TLS_MAY, false, true, true,
     "fail backup-greeting-missing", "skip backup-greeting", NULL},
};

static const struct finding *find(const struct findings *findings, const char *wanted)
{
    static const char *const severities[] = {"ok", "warn", "fail", "skip"};
    char name[80];

    for (size_t i = 0; i < findings->count; i++) {
        (void)snprintf(name, sizeof name, "%s %s", severities[findings->list[i].severity],
                       findings->list[i].id);
        if (strcmp(name, wanted) == 0)
            return &findings->list[i];
    }
    return NULL;
}

static void test_row(void **state)
{
    const struct row *row = *state;
    char host[] = "mx2.test", pin[] = "sha256//x";
    const struct backup_config backup = {
        .host = host, .port = 25, .tls = row->tls, .tls_fingerprint = row->is_pinned ? pin : NULL};
    struct visit visit = {.certificate = row->certificate, .has_ehlo = !row->no_route};
    struct findings findings = {.topic = TOPIC_BACKUP};

    visit.facts.stage = row->no_route ? STAGE_CONNECT : STAGE_COMMAND;
    visit.facts.no_route = row->no_route;
    visit.facts.tls = row->no_route ? NULL : "TLSv1.3";
    visit.facts.ehlo.etrn = visit.facts.ehlo.starttls = true;
    visit.facts.greeting_ms = row->greeting_ms;
    visit.facts.certificate_expires_ms = NOW + row->left_ms;
    if (row->no_route)
        (void)error_set(&visit.error, STATUS_UNREACHABLE, "no route");
    else
        (void)snprintf(visit.facts.greeting, sizeof visit.facts.greeting, "220 mx2.test");
    sight_judge(&(struct sight){.backup = &backup,
                                .address = "192.0.2.7",
                                .visit = &visit,
                                .is_only = row->is_only,
                                .now_ms = NOW},
                &findings);
    const struct finding *finding = find(&findings, row->wanted);
    assert_non_null(finding);
    assert_null(find(&findings, row->unwanted));
    if (row->text != NULL)
        assert_non_null(strstr(finding->text, row->text));
    findings_done(&findings);
}

int main(void)
{
    return unit_status(RUN_TABLE(rows, test_row));
}
