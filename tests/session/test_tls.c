/* TLS, certificates and AUTH: what is accepted, what is refused, and that nothing is asked and no
 * password sent where it should not be. */
#include "../unit/unit.h"
#include "harness.h"

#include <stdio.h>
#include <support.h>

#define GOOD "\"" CERTIFICATES "/good.crt\" \"" CERTIFICATES "/good.key\"\n"
#define CERTIFICATE(name) "\"" CERTIFICATES "/" name ".crt\" \"" CERTIFICATES "/" name ".key\"\n"
#define CA " tls_ca_file = \"" DRIVE CERTIFICATES "/ca.pem\" "
#define MX "server mx 127.0.0.1:0\n"

struct row {
    const char *name;
    const char *script;
    const char *options; /* of the backup */
    const char *outcome; /* "started", "tls", "authentication" … */
    int exit_status;
    bool asked; /* an ETRN reached the server */
    const char *in_journal, *not_in_journal;
};

static const struct row rows[] = {
    {"STARTTLS, verified", MX "tls starttls " GOOD, "tls = required" CA, "started", 0, true, "tls",
     NULL},
    {"implicit TLS, verified", MX "tls implicit " GOOD, "tls = implicit" CA, "started", 0, true,
     "tls", NULL},
    {"opportunistic", MX "tls starttls " CERTIFICATE("wrong"), "tls = may", "started", 0, true,
     "tls", NULL},
    {"opportunistic, not offered", MX, "tls = may", "started", 0, true, NULL, "< STARTTLS"},
    {"off, though offered", MX "tls starttls " GOOD, "tls = off", "started", 0, true, NULL,
     "< STARTTLS"},
    {"opportunistic, rubbish after STARTTLS",
     MX "reply STARTTLS \"220 go\"\nehlo \"250-mx\" \"250-STARTTLS\" \"250 ETRN\"\n",
     "tls = may command_timeout = 2s", "started", 0, true, NULL, NULL},
    {"opportunistic, STARTTLS refused",
     MX "reply STARTTLS \"454 not now\"\nehlo \"250-mx\" \"250-STARTTLS\" \"250 ETRN\"\n",
     "tls = may", "started", 0, true, NULL, NULL},
    {"expired", MX "tls starttls " CERTIFICATE("expired"), "tls = required" CA, "tls", 76, false,
     NULL, "ETRN e"},
    {"wrong name", MX "tls starttls " CERTIFICATE("wrong"), "tls = required" CA, "tls", 76, false,
     NULL, "ETRN e"},
    {"unknown CA", MX "tls starttls " CERTIFICATE("unknown"), "tls = required" CA, "tls", 76, false,
     NULL, "ETRN e"},
    {"unknown to the system", MX "tls starttls " GOOD, "tls = required", "tls", 76, false, NULL,
     "ETRN e"},
    {"implicit, expired", MX "tls implicit " CERTIFICATE("expired"), "tls = implicit" CA, "tls", 76,
     false, NULL, "ETRN e"},
    {"implicit, wrong name", MX "tls implicit " CERTIFICATE("wrong"), "tls = implicit" CA, "tls",
     76, false, NULL, "ETRN e"},
    {"not verified on demand", MX "tls starttls " CERTIFICATE("expired"),
     "tls = required tls_verify = false", "started", 0, true, "tls", NULL},
    {"required, not offered", MX, "tls = required" CA, "tls", 76, false, NULL, "ETRN e"},
    {"required, refused",
     MX "reply STARTTLS \"454 not now\"\nehlo \"250-mx\" \"250-STARTTLS\" \"250 ETRN\"\n",
     "tls = required" CA, "deferred", 75, false, NULL, "ETRN e"},
    {"required, refused for good",
     MX "reply STARTTLS \"502 no\"\nehlo \"250-mx\" \"250-STARTTLS\" \"250 ETRN\"\n",
     "tls = required" CA, "tls", 76, false, NULL, "ETRN e"},
    {"required, EHLO refused", MX "reply EHLO \"502 no\"\n", "tls = required" CA, "protocol", 76,
     false, NULL, "ETRN e"},
    {"required, rubbish",
     MX "reply STARTTLS \"220 go\"\nehlo \"250-mx\" \"250-STARTTLS\" \"250 ETRN\"\n",
     "tls = required command_timeout = 2s" CA, "tls", 76, false, NULL, "ETRN e"},
    {"implicit, spoken in clear", MX, "tls = implicit command_timeout = 2s" CA, "tls", 76, false,
     NULL, "ETRN e"},
    {"implicit, spoken in clear at length", MX "greeting \"220-mx\" *2000 \"220 mx\"\n",
     "tls = implicit" CA, "tls", 76, false, NULL, "ETRN e"},
    {"ETRN only before STARTTLS is forgotten",
     MX "on-connection 1 ehlo \"250-mx\" \"250-STARTTLS\" \"250 ETRN\"\ntls starttls " GOOD,
     "tls = required" CA, NULL, -1, false, NULL, NULL},
    {"AUTH PLAIN", MX "tls starttls " GOOD "auth PLAIN me secret\nrequire auth\n",
     "tls = required" CA "user = me password = secret", "started", 0, true, "authenticated me",
     NULL},
    {"AUTH LOGIN, pinned", MX "tls implicit " GOOD "auth PLAIN,LOGIN me secret\nrequire auth\n",
     "tls = implicit" CA "user = me password = secret auth = LOGIN", "started", 0, true,
     "< AUTH LOGIN", NULL},
    {"AUTH CRAM-MD5", MX "tls starttls " GOOD "auth CRAM-MD5 me secret\nrequire auth\n",
     "tls = required" CA "user = me password = secret", "started", 0, true, "authenticated me",
     NULL},
    {"AUTH XOAUTH2", MX "tls starttls " GOOD "auth XOAUTH2 me token\nrequire auth\n",
     "tls = required" CA "user = me password = token auth = XOAUTH2", "started", 0, true,
     "authenticated me", NULL},
    {"wrong password", MX "tls starttls " GOOD "auth PLAIN me secret\nrequire auth\n",
     "tls = required" CA "user = me password = wrong", "authentication", 77, false, NULL, "ETRN e"},
    {"pinned mechanism not offered", MX "tls starttls " GOOD "auth PLAIN me secret\n",
     "tls = required" CA "user = me password = secret auth = CRAM-MD5", "authentication", 77, false,
     NULL, "< AUTH PLAIN"},
    {"AUTH not offered", MX "tls starttls " GOOD, "tls = required" CA "user = me password = secret",
     "authentication", 77, false, NULL, "ETRN e"},
    {"AUTH fails for a while",
     MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"454 4.7.0 later\"\n",
     "tls = required" CA "user = me password = secret", "deferred", 75, false, NULL, "ETRN e"},
    {"AUTH 500", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"500-a\" \"500\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"AUTH 501", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"501-a\" \"501\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"AUTH 502", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"502-a\" \"502\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"AUTH 504", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"504-a\" \"504\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"AUTH 534", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"534-a\" \"534\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"AUTH 538", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"538-a\" \"538\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"AUTH 550", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"550-a\" \"550\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"AUTH 554", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"554-a\" \"554\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"AUTH 250", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"250 hello\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"AUTH 421", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"421-a\" \"421\"\n",
     "tls = required" CA "user = me password = secret", "deferred", 75, false, NULL, "ETRN e"},
    {"AUTH 432", MX "tls starttls " GOOD "auth PLAIN me secret\nreply AUTH \"432-a\" \"432\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"CREDENTIALS 500",
     MX "tls starttls " GOOD "auth PLAIN me secret\nreply CREDENTIALS \"500 no\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"CREDENTIALS 554",
     MX "tls starttls " GOOD "auth PLAIN me secret\nreply CREDENTIALS \"554 no\"\n",
     "tls = required" CA "user = me password = secret", "authentication", 77, false, NULL,
     "ETRN e"},
    {"CREDENTIALS 454",
     MX "tls starttls " GOOD "auth PLAIN me secret\nreply CREDENTIALS \"454 no\"\n",
     "tls = required" CA "user = me password = secret", "deferred", 75, false, NULL, "ETRN e"},
    /* RFC 5321 4.1.1.1: keywords in any case. */
    {"starttls in lower case, opportunistic",
     MX "tls starttls " GOOD "on-connection 1+ ehlo \"250-mx\" \"250-starttls\" \"250 etrn\"\n",
     "tls = may", "started", 0, true, "tls TLS", NULL},
    {"StartTls in mixed case, required",
     MX "tls starttls " GOOD "ehlo \"250-mx\" \"250-StartTls\" \"250 Etrn\"\n", "tls = required" CA,
     "started", 0, true, "tls TLS", NULL},
    {"auth in lower case",
     MX "tls starttls " GOOD "auth PLAIN me secret\nrequire auth\n"
        "ehlo \"250-mx\" \"250-starttls\" \"250-auth plain\" \"250 etrn\"\n",
     "tls = required" CA "user = me password = secret", "started", 0, true, "< AUTH PLAIN", NULL},
    {"AUTH= of old servers",
     MX "auth LOGIN me secret\nrequire auth\nehlo \"250-mx\" \"250-Auth=Login\" \"250 ETRN\"\n",
     "tls = off auth_in_clear = true user = me password = secret", "started", 0, true,
     "< AUTH LOGIN", NULL},
    {"an @ in the user, GSSAPI and NTLM offered",
     MX "tls starttls " GOOD "auth LOGIN me@e.example secret\nrequire auth\n"
        "ehlo \"250-mx\" \"250-STARTTLS\" \"250-AUTH GSSAPI NTLM LOGIN\" \"250 ETRN\"\n",
     "tls = required" CA "user = \"me@e.example\" password = secret", "started", 0, true,
     "< AUTH LOGIN", "< AUTH GSSAPI"},
    {"nothing but GSSAPI and NTLM",
     MX "tls starttls " GOOD "auth LOGIN me secret\n"
        "ehlo \"250-mx\" \"250-STARTTLS\" \"250-AUTH GSSAPI NTLM\" \"250 ETRN\"\n",
     "tls = required" CA "user = me password = secret",
     "authentication 0 AUTH: no mechanism of ours is offered (GSSAPI NTLM)\n", 77, false, NULL,
     "< AUTH"},
    {"a pinned mechanism in lower case", MX "tls starttls " GOOD "auth PLAIN,LOGIN me secret\n",
     "tls = required" CA "user = me password = secret auth = login", "started", 0, true,
     "< AUTH LOGIN", NULL},
    {"a mechanism refused by 504, another one taken",
     MX "tls starttls " GOOD "auth CRAM-MD5,PLAIN,LOGIN me secret\nrequire auth\n"
        "reply AUTH CRAM-MD5 \"504 5.5.4 unknown\"\nreply AUTH PLAIN \"534-too\" \"534 weak\"\n",
     "tls = required" CA "user = me password = secret", "started", 0, true, "< AUTH LOGIN", NULL},
    {"all refused",
     MX "tls starttls " GOOD
        "auth CRAM-MD5,LOGIN me secret\nreply AUTH CRAM-MD5 \"504 5.5.4 unknown\"\n",
     "tls = required" CA "user = me password = wrong",
     "authentication 535 CRAM-MD5: 504 5.5.4 unknown, LOGIN: 535", 77, false, NULL, "ETRN e"},
    {"all refused by 504",
     MX "tls starttls " GOOD "auth CRAM-MD5,PLAIN,LOGIN me secret\nreply AUTH \"504 no\"\n",
     "tls = required" CA "user = me password = secret",
     "authentication 504 CRAM-MD5: 504 no, PLAIN: 504 no, LOGIN: 504 no\n", 77, false, NULL,
     "ETRN e"},
    {"535 is about us, whatever the mechanism",
     MX "tls starttls " GOOD "auth CRAM-MD5,LOGIN me secret\nreply AUTH CRAM-MD5 \"535 who\"\n",
     "tls = required" CA "user = me password = secret", "authentication 535 who (AUTH CRAM-MD5)\n",
     77, false, NULL, "< AUTH LOGIN"},
    {"454 is for now, whatever the mechanism",
     MX "tls starttls " GOOD "auth CRAM-MD5,LOGIN me secret\nreply AUTH CRAM-MD5 \"454 later\"\n",
     "tls = required" CA "user = me password = secret", "deferred 454 later (AUTH CRAM-MD5)\n", 75,
     false, NULL, "< AUTH LOGIN"},
    {"a pinned mechanism is the only one",
     MX "tls starttls " GOOD "auth CRAM-MD5,LOGIN me secret\nreply AUTH CRAM-MD5 \"504 no\"\n",
     "tls = required" CA "user = me password = secret auth = CRAM-MD5",
     "authentication 504 no (AUTH CRAM-MD5)\n", 77, false, NULL, "< AUTH LOGIN"},
    {"a challenge without sense, another mechanism taken",
     MX "tls starttls " GOOD "auth CRAM-MD5,LOGIN me secret\nreply AUTH CRAM-MD5 \"334 ***\"\n",
     "tls = required" CA "user = me password = secret", "started", 0, true, "< AUTH LOGIN", NULL},
    {"AUTH in clear where allowed", MX "auth PLAIN me secret\nrequire auth\n",
     "tls = off auth_in_clear = true user = me password = secret", "started", 0, true,
     "authenticated me", NULL},
    {"no credentials to an unverified server",
     MX "tls starttls " CERTIFICATE("unknown") "auth PLAIN me secret\n",
     "tls = required" CA "user = me password = secret", "tls", 76, false, NULL, "< AUTH"},
    {"no credentials where STARTTLS is stripped", MX "auth PLAIN me secret\n",
     "tls = required" CA "user = me password = secret", "tls", 76, false, NULL, "< AUTH"},
};

/* Without a CA wine trusts everybody, and what is no TLS it takes for the head of a record whose rest is
 * still to come. */
static void leave_out_under_wine(const char *name)
{
    static const char *const names[] = {"unknown to the system",
                                        "opportunistic, rubbish after STARTTLS",
                                        "required, rubbish", "implicit, spoken in clear"};

    for (size_t i = 0; i < sizeof names / sizeof names[0] && support_is_wine(); i++) {
        if (strcmp(name, names[i]) == 0)
            skip();
    }
}

static void test_row(void **state)
{
    const struct row *row = *state;

    leave_out_under_wine(row->name);
    struct sim *sim = sim_start(row->script);
    char config[2000];

    (void)snprintf(config, sizeof config, "backup mx { $mx domains = e.example %s }", row->options);
    struct outcome_text outcome = pull(sim, config, NULL, false, false);
    if (row->outcome != NULL) {
        char expected[64];

        (void)snprintf(expected, sizeof expected, "mx e.example %s%s", row->outcome,
                       strchr(row->outcome, '\n') != NULL ? "" : " ");
        if (strncmp(outcome.lines.bytes, expected, strlen(expected)) != 0)
            fail_msg("expected \"%s\", got \"%s\"", expected, outcome.lines.bytes);
        assert_int_equal(outcome.exit_status, row->exit_status);
        assert_int_equal(sim_count(sim, "< ETRN e.example") > 0, row->asked);
    }
    if (row->in_journal != NULL)
        assert_true(sim_count(sim, row->in_journal) > 0);
    if (row->not_in_journal != NULL)
        assert_int_equal(sim_count(sim, row->not_in_journal), 0);
    assert_null(strstr(outcome.wire.bytes, "secret"));
    assert_null(strstr(outcome.wire.bytes, "AG1lAHNlY3JldA")); /* base64 of \0me\0secret */
    assert_null(strstr(outcome.wire.bytes, "c2VjcmV0"));       /* base64 of secret */
    outcome_done(&outcome);
    sim_stop(sim);
}

static void read_pin(char *pin, size_t size, const char *path)
{
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_non_null(fgets(pin, (int)size, file));
    (void)fclose(file);
}

static void try_pin(const char *path, const char *more, int exit_status)
{
    struct sim *sim = sim_start(MX "tls starttls " GOOD);
    char config[2000], pin[200];

    read_pin(pin, sizeof pin, path);
    (void)snprintf(
        config, sizeof config,
        "backup mx { $mx domains = e.example tls = required tls_fingerprint = \"%s\" %s }", pin,
        more);
    struct outcome_text outcome = pull(sim, config, NULL, false, false);
    if (outcome.exit_status != exit_status)
        fail_msg("%s: exit status %d: %s", more, outcome.exit_status, outcome.lines.bytes);
    assert_int_equal(sim_count(sim, "< ETRN e.example"), exit_status == 0 ? 1 : 0);
    outcome_done(&outcome);
    sim_stop(sim);
}

static void test_pinned_key(void **state)
{
    (void)state;
    try_pin(CERTIFICATES "/good.pin", CA, 0);
    try_pin(CERTIFICATES "/good.pin", "tls_verify = false", 0);
    try_pin(CERTIFICATES "/wrong.pin", CA, 76);
    try_pin(CERTIFICATES "/wrong.pin", "tls_verify = false", 76);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pinned_key)};

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL) + RUN_TABLE(rows, test_row));
}
