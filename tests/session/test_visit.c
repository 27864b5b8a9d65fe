/* One look at one server: what is seen of it, on as few connections as it takes, and that nothing else is said. */
#include "../unit/unit.h"
#include "harness.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/session/reach.h>

#include <stdio.h>
#include <support.h>
#include <visit.h>

#define CERTIFICATE(name) "\"" CERTIFICATES "/" name ".crt\" \"" CERTIFICATES "/" name ".key\"\n"
#define STARTTLS(name) "tls starttls " CERTIFICATE(name)
#define LOGIN " user = me password = secret "
#define MX "server mx 127.0.0.1:0\n"

static const struct row {
    const char *name;
    const char *script;
    const char *options; /* of the backup */
    enum stage stage;
    int code;
    enum visit_certificate certificate;
    bool is_tls, is_authenticated;
    const char *tls_fault, *error; /* parts; NULL: none */
    size_t connections;
    const char *in_journal, *not_in_journal;
} rows[] = {
    {"in clear, not offered", MX, "tls = may", STAGE_COMMAND, 0, VISIT_CERTIFICATE_UNKNOWN, false,
     false, NULL, NULL, 2, "< QUIT", "STARTTLS"},
    {"off, though offered", MX STARTTLS("good"), "tls = off", STAGE_COMMAND, 0,
     VISIT_CERTIFICATE_UNKNOWN, false, false, NULL, NULL, 1, "< QUIT", "< STARTTLS"},
    {"required, good", MX STARTTLS("good"), "tls = required", STAGE_COMMAND, 0,
     VISIT_CERTIFICATE_GOOD, true, false, NULL, NULL, 1, "< QUIT", NULL},
    {"implicit, good", MX "tls implicit " CERTIFICATE("good"), "tls = implicit", STAGE_COMMAND, 0,
     VISIT_CERTIFICATE_GOOD, true, false, NULL, NULL, 1, "< QUIT", NULL},
    {"may, good", MX STARTTLS("good"), "tls = may", STAGE_COMMAND, 0, VISIT_CERTIFICATE_GOOD, true,
     false, NULL, NULL, 1, "< QUIT", NULL},
    {"may, of an unknown authority", MX STARTTLS("unknown"), "tls = may", STAGE_COMMAND, 0,
     VISIT_CERTIFICATE_BAD, true, false, "", NULL, 2, "< QUIT", NULL},
    {"required, expired", MX STARTTLS("expired") "auth PLAIN me secret\n", "tls = required" LOGIN,
     STAGE_COMMAND, 0, VISIT_CERTIFICATE_BAD, true, false, "", NULL, 2, "< QUIT", "< AUTH"},
    {"required, of another name", MX STARTTLS("wrong"), "tls = required", STAGE_COMMAND, 0,
     VISIT_CERTIFICATE_BAD, true, false, "", NULL, 2, "< QUIT", NULL},
    {"required, not verified: the login is done", MX STARTTLS("unknown") "auth PLAIN me secret\n",
     "tls = required tls_verify = false" LOGIN, STAGE_COMMAND, 0, VISIT_CERTIFICATE_BAD, true, true,
     "", NULL, 2, "authenticated me", NULL},
    {"required, not offered", MX, "tls = required", STAGE_STARTTLS, 0, VISIT_CERTIFICATE_UNKNOWN,
     false, false, NULL, "STARTTLS is not offered", 1, NULL, "< AUTH"},
    {"may, refused",
     MX "reply STARTTLS \"454 not now\"\nehlo \"250-mx\" \"250-STARTTLS\" \"250 ETRN\"\n",
     "tls = may", STAGE_COMMAND, 0, VISIT_CERTIFICATE_UNKNOWN, false, false, "not now", NULL, 2,
     "< QUIT", NULL},
    {"the login works", MX STARTTLS("good") "auth PLAIN me secret\n", "tls = required" LOGIN,
     STAGE_COMMAND, 0, VISIT_CERTIFICATE_GOOD, true, true, NULL, NULL, 1, "authenticated me", NULL},
    {"the login is refused", MX STARTTLS("good") "auth PLAIN me other\n", "tls = required" LOGIN,
     STAGE_AUTH, 535, VISIT_CERTIFICATE_GOOD, true, false, NULL, "", 1, "< AUTH PLAIN", NULL},
    {"no login is offered", MX STARTTLS("good"), "tls = required" LOGIN, STAGE_AUTH, 0,
     VISIT_CERTIFICATE_GOOD, true, false, NULL, "AUTH is not offered", 1, NULL, "< AUTH"},
    {"refused by the greeting", MX "greeting \"554 no\"\n", "tls = off", STAGE_GREETING, 554,
     VISIT_CERTIFICATE_UNKNOWN, false, false, NULL, "no", 1, NULL, "< EHLO"},
    {"closed before a greeting", MX "greeting close\n", "tls = off", STAGE_GREETING, 0,
     VISIT_CERTIFICATE_UNKNOWN, false, false, NULL, "before a greeting", 1, NULL, "< EHLO"},
    {"rubbish", MX "greeting \"SSH-2.0\"\n", "tls = off", STAGE_GREETING, 0,
     VISIT_CERTIFICATE_UNKNOWN, false, false, NULL, "not an SMTP server: SSH-2.0", 1, NULL,
     "< EHLO"},
    {"an endless greeting", MX "fault endless \"220-x\"\n", "tls = off", STAGE_GREETING, 0,
     VISIT_CERTIFICATE_UNKNOWN, false, false, NULL, "a reply without end", 1, NULL, "< EHLO"},
    {"an endless EHLO", MX "fault endless-ehlo \"250-x\"\n", "tls = off", STAGE_EHLO, 0,
     VISIT_CERTIFICATE_UNKNOWN, false, false, NULL, "a reply without end", 1, NULL, NULL},
    {"silent", MX "greeting stall\n", "tls = off command_timeout = 1s", STAGE_GREETING, 0,
     VISIT_CERTIFICATE_UNKNOWN, false, false, NULL, "no greeting within 1s", 1, NULL, "< EHLO"},
    {"silent in the middle of EHLO", MX "fault after-bytes 40 stall\n",
     "tls = off command_timeout = 4s", STAGE_EHLO, 0, VISIT_CERTIFICATE_UNKNOWN, false, false, NULL,
     "no whole reply within 4s", 1, NULL, NULL},
    {"EHLO is refused", MX "reply EHLO \"502 no\"\n", "tls = off", STAGE_COMMAND, 0,
     VISIT_CERTIFICATE_UNKNOWN, false, false, NULL, NULL, 1, "< HELO", NULL},
};

static bool is_over;

static void over(void *context)
{
    (void)context;
    is_over = true;
}

static void no_wire(void *context, char direction, const char *line, size_t size)
{
    (void)context;
    (void)direction;
    (void)line;
    (void)size;
}

/* The visit of the configuration's backup; address may be NULL. */
static struct visit *look(struct loop *loop, const struct config *config, const char *address)
{
    struct visit_options options = {.loop = loop,
                                    .connection = reach_options(config, config->backups),
                                    .over = over,
                                    .wire = no_wire};

    options.connection.tls_ca_file = DRIVE CERTIFICATES "/ca.pem";
    options.connection.password = config->backups->password;
    options.connection.address = address;
    options.connection.show_wire = true;
    is_over = false;
    struct visit *visit = visit_new(&options);
    assert_false(is_over);
    while (!is_over)
        loop_turn(loop, INT64_MAX);
    assert_true(visit->is_over);
    return visit;
}

/* NULL wants none, "" any. */
static void assert_part(const char *wanted, const char *text)
{
    if (wanted == NULL)
        assert_string_equal(text, "");
    else if (strstr(text, wanted) == NULL || text[0] == '\0')
        fail_msg("\"%s\" is not in \"%s\"", wanted, text);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct sim *sim = sim_start(row->script);
    char text[2000];
    struct error error;

    (void)snprintf(text, sizeof text, "backup mx { $mx domains = e.example %s }", row->options);
    struct config *config = sim_config(sim, text);
    struct loop *loop = loop_new(&error);
    assert_non_null(loop);
    struct visit *visit = look(loop, config, NULL);

    assert_int_equal(visit->facts.stage, row->stage);
    assert_int_equal(visit->code, row->code);
    assert_int_equal(visit->certificate, row->certificate);
    assert_int_equal(visit->facts.tls != NULL, row->is_tls);
    assert_int_equal(visit->facts.authenticated, row->is_authenticated);
    assert_part(row->tls_fault, visit->tls_fault);
    assert_part(row->error, visit->error.status == STATUS_OK ? "" : visit->error.text);
    if (row->is_tls && !support_is_wine()) {
        assert_part("", visit->facts.certificate_names);
        assert_true(visit->facts.certificate_expires_ms > 0);
    }
    visit_free(visit);
    loop_free(loop);
    config_free(config);
    assert_int_equal(sim_count(sim, " connected "), row->connections);
    if (row->in_journal != NULL && !sim_says(sim, row->in_journal))
        fail_msg("no \"%s\" in:\n%s", row->in_journal, sim_journal(sim));
    if (row->not_in_journal != NULL)
        assert_int_equal(sim_count(sim, row->not_in_journal), 0);
    assert_int_equal(sim_count(sim, "< ETRN") + sim_count(sim, "< MAIL"), 0);
    sim_stop(sim);
}

static void test_pinned_key(void **state)
{
    struct sim *sim = sim_start(MX STARTTLS("good") "auth PLAIN me secret\n");
    struct error error;

    (void)state;
    struct config *config =
        sim_config(sim, "backup mx { $mx domains = e.example tls = required tls_fingerprint = "
                        "\"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"" LOGIN "}");
    struct loop *loop = loop_new(&error);
    struct visit *visit = look(loop, config, NULL);
    assert_int_equal(visit->certificate, VISIT_CERTIFICATE_OTHER_KEY);
    assert_int_equal(visit->facts.stage, STAGE_COMMAND);
    assert_true(visit->facts.ehlo.etrn);
    visit_free(visit);
    loop_free(loop);
    config_free(config);
    assert_int_equal(sim_count(sim, "< AUTH"), 0);
    sim_stop(sim);
}

/* One address of several: the name is what TLS checks. */
static void test_address(void **state)
{
    struct sim *sim =
        sim_start("server mx 127.0.0.7:0\n"
                  "greeting \"220-mx2 ESMTP Exim 4.96\" \"220 second line\"\n" STARTTLS("good"));
    struct error error;
    char text[300];

    (void)state;
    struct config *found = sim_config(sim, "backup mx { $mx domains = e.example }");
    (void)snprintf(text, sizeof text,
                   "backup mx { host = localhost port = %d domains = e.example tls = required }",
                   found->backups->port);
    struct config *config = sim_config(sim, text);
    struct loop *loop = loop_new(&error);
    struct visit *visit = look(loop, config, "127.0.0.7");
    assert_int_equal(visit->error.status, STATUS_OK);
    assert_int_equal(visit->certificate, VISIT_CERTIFICATE_GOOD);
    assert_string_equal(visit->facts.address, "127.0.0.7");
    assert_string_equal(visit->facts.greeting, "220-mx2 ESMTP Exim 4.96");
    assert_true(visit->facts.greeting_ms >= 0 && visit->facts.greeting_ms < 60000);
    visit_free(visit);
    /* There is no other one, whatever the name has. */
    visit = look(loop, config, "127.0.0.8");
    assert_int_equal(visit->facts.stage, STAGE_CONNECT);
    assert_int_equal(visit->error.status, STATUS_UNREACHABLE);
    assert_false(visit->facts.no_route);
    assert_part("127.0.0.8", visit->error.text);
    visit_free(visit);
    loop_free(loop);
    config_free(found);
    config_free(config);
    sim_stop(sim);
}

/* It may be freed at any time. */
static void test_broken_off(void **state)
{
    struct sim *sim = sim_start(MX "greeting stall\n");
    struct error error;

    (void)state;
    struct config *config = sim_config(sim, "backup mx { $mx domains = e.example }");
    struct loop *loop = loop_new(&error);
    const struct visit_options options = {
        .loop = loop, .connection = reach_options(config, config->backups), .over = over};
    struct visit *visit = visit_new(&options);
    visit_free(visit);
    visit = visit_new(&options);
    while (sim_count(sim, " connected ") == 0)
        loop_turn(loop, clock_monotonic_ms() + 20);
    visit_free(visit);
    loop_free(loop);
    config_free(config);
    sim_stop(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pinned_key),
                                       cmocka_unit_test(test_address),
                                       cmocka_unit_test(test_broken_off)};

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL) + RUN_TABLE(rows, test_row));
}
