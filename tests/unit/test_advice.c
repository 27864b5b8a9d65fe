/* pull: what is advised about an answer, row by row of the table. */
#include "unit.h"

#include <mxpull/base/compiler.h>
#include <mxpull/session/result.h>
#include <mxpull/store/store.h>

/* What a row changes of the plainest result, which is one of ETRN for example.org over port 25, tls =
 * may, with nothing else configured and nothing offered. */
struct advice_row {
    const char *name;
    enum outcome outcome;
    enum stage stage;
    int code;
    const char *advice; /* a part of it; "": there is none */
    struct result result;
    struct backup_config backup;
    const char *domain; /* as in the configuration; NULL: example.org */
};

static char text[] = "x", user[] = "joe", tls[] = "TLSv1.3";

#define LABEL "l23456789012345678901234567890123456789012345678901234567890."
#define LONG                                                                                       \
    {                                                                                              \
        .name = LABEL LABEL LABEL "example"                                                        \
    }

static struct node long_names[] = {LONG, LONG, LONG};

#define USER .backup = {.user = user, .password = text}

static const struct advice_row rows[] = {
    {"started", OUTCOME_STARTED, STAGE_COMMAND, 250, "", .domain = NULL},
    {"held", OUTCOME_HELD, STAGE_NONE, 0, "make your mail server ready", .domain = NULL},
    {"held, ATRN", OUTCOME_HELD, STAGE_NONE, 0, "set address and relay_address",
     .backup = {.method = METHOD_ATRN}},
    {"held, a domain refused", OUTCOME_HELD, STAGE_RECIPIENT, 0, "set preflight = greeting",
     .domain = NULL},

    {"asked by another", OUTCOME_DEFERRED, STAGE_NONE, 0, "mxpull status shows the answer",
     .domain = NULL},
    {"left out", OUTCOME_DEFERRED, STAGE_COMMAND, 0, "the next pull begins with it",
     .domain = NULL},
    {"458", OUTCOME_DEFERRED, STAGE_COMMAND, 458, "Exim says 458 for what it never allows, too",
     .domain = NULL},
    {"451", OUTCOME_DEFERRED, STAGE_COMMAND, 451, "cannot do it at the moment", .domain = NULL},
    {"greeting of 421", OUTCOME_DEFERRED, STAGE_GREETING, 421, "takes no session at the moment",
     .domain = NULL},
    {"AUTH 454", OUTCOME_DEFERRED, STAGE_AUTH, 454, "takes no session at the moment",
     .domain = NULL},

    {"this machine", OUTCOME_UNREACHABLE, STAGE_NONE, 0, "", .domain = NULL},
    {"no such name", OUTCOME_UNREACHABLE, STAGE_LOOKUP, 0, "check the name in host, and",
     .domain = NULL},
    {"no such name, proxy", OUTCOME_UNREACHABLE, STAGE_LOOKUP, 0, "the names in proxy and host",
     .backup = {.proxy = text}},
    {"no such name, IPv6", OUTCOME_UNREACHABLE, STAGE_LOOKUP, 0, "of the kind that ip allows",
     .backup = {.ip = IP_6}},
    {"refused", OUTCOME_UNREACHABLE, STAGE_CONNECT, 0, "check the line, host and port",
     .domain = NULL},
    {"refused, proxy", OUTCOME_UNREACHABLE, STAGE_CONNECT, 0, "check proxy",
     .backup = {.proxy = text}},
    {"refused, source", OUTCOME_UNREACHABLE, STAGE_CONNECT, 0, "source_address is this machine's",
     .backup = {.source_address = text}},
    {"no greeting", OUTCOME_UNREACHABLE, STAGE_GREETING, 0, "whether your address is let in",
     .domain = NULL},
    {"no greeting at 465", OUTCOME_UNREACHABLE, STAGE_GREETING, 0, "set tls = implicit",
     .backup = {.port = 465}},
    {"closed at TLS", OUTCOME_UNREACHABLE, STAGE_TLS, 0, "set tls = required",
     .backup = {.tls = TLS_IMPLICIT}},
    {"closed at ETRN", OUTCOME_UNREACHABLE, STAGE_COMMAND, 0, "what its log says", .domain = NULL},

    {"no DNS", OUTCOME_TIMEOUT, STAGE_LOOKUP, 0, "this machine's DNS", .domain = NULL},
    {"no connection", OUTCOME_TIMEOUT, STAGE_CONNECT, 0, "many networks let nobody out to port 25",
     .domain = NULL},
    {"no connection, 2525", OUTCOME_TIMEOUT, STAGE_CONNECT, 0, "any firewall in between",
     .backup = {.port = 2525}},
    {"no connection, proxy", OUTCOME_TIMEOUT, STAGE_CONNECT, 0, "check proxy",
     .backup = {.proxy = text}},
    {"silent", OUTCOME_TIMEOUT, STAGE_GREETING, 0, "raise command_timeout", .domain = NULL},
    {"silent at 465", OUTCOME_TIMEOUT, STAGE_GREETING, 0, "set tls = implicit",
     .backup = {.port = 465, .tls = TLS_REQUIRED}},
    {"silent at ETRN", OUTCOME_TIMEOUT, STAGE_COMMAND, 0, "raise command_timeout", .domain = NULL},
    {"silent at ATRN", OUTCOME_TIMEOUT, STAGE_COMMAND, 0, "raise turn_timeout",
     .backup = {.method = METHOD_ATRN}},

    {"stopped", OUTCOME_INTERRUPTED, STAGE_NONE, 0, "pull again; nothing is lost", .domain = NULL},
    {"not SMTP", OUTCOME_PROTOCOL, STAGE_GREETING, 0, "those of an SMTP server", .domain = NULL},
    {"no EHLO", OUTCOME_PROTOCOL, STAGE_EHLO, 502, "those of an SMTP server", .domain = NULL},
    {"rubbish", OUTCOME_PROTOCOL, STAGE_COMMAND, 0, "mxpull pull -vv", .domain = NULL},

    {"no STARTTLS", OUTCOME_TLS, STAGE_STARTTLS, 0,
     "set tls = may to go without TLS, or tls = implicit", .backup = {.tls = TLS_REQUIRED}},
    {"no STARTTLS, user", OUTCOME_TLS, STAGE_STARTTLS, 0,
     "ask the backup's administrator to offer STARTTLS, or set tls = implicit",
     .backup = {.tls = TLS_REQUIRED, .user = user}},
    {"STARTTLS refused", OUTCOME_TLS, STAGE_STARTTLS, 502, "to mend STARTTLS, or set tls = may",
     .backup = {.tls = TLS_REQUIRED}},
    {"STARTTLS refused, user", OUTCOME_TLS, STAGE_STARTTLS, 502,
     "to mend STARTTLS, or set tls = implicit", .backup = {.tls = TLS_REQUIRED, .user = user}},
    {"TLS at a plain port", OUTCOME_TLS, STAGE_TLS, 0,
     "on a port that begins in clear set tls = required", .backup = {.tls = TLS_IMPLICIT}},
    {"no handshake at 465", OUTCOME_TLS, STAGE_TLS, 0, "which versions of TLS",
     .backup = {.tls = TLS_IMPLICIT, .port = 465}},
    {"no handshake", OUTCOME_TLS, STAGE_TLS, 0, "which versions of TLS",
     .backup = {.tls = TLS_REQUIRED}},
    {"other key", OUTCOME_TLS, STAGE_PINNED_KEY, 0, "only then set tls_fingerprint anew",
     .backup = {.tls = TLS_REQUIRED}},
    {"certificate", OUTCOME_TLS, STAGE_CERTIFICATE, 0,
     "an authority of its own goes into tls_ca_file", .backup = {.tls = TLS_REQUIRED}},
    {"certificate, authority", OUTCOME_TLS, STAGE_CERTIFICATE, 0,
     "its authority against tls_ca_file", .backup = {.tls = TLS_REQUIRED, .tls_ca_file = text}},
    {"TLS before ETRN", OUTCOME_TLS, STAGE_COMMAND, 530,
     "wants TLS before ETRN: set tls = required", .result = {.starttls_offered = true}},
    {"TLS before ETRN, none", OUTCOME_TLS, STAGE_COMMAND, 530, "offers no STARTTLS",
     .domain = NULL},

    {"not offered", OUTCOME_UNSUPPORTED, STAGE_COMMAND, 0,
     "to turn ETRN on; if it is only hidden, set force", .domain = NULL},
    {"not offered, and asked", OUTCOME_UNSUPPORTED, STAGE_COMMAND, 500, "to turn ETRN on",
     .backup = {.force = true}},
    {"left out after a 500", OUTCOME_UNSUPPORTED, STAGE_COMMAND, 0, "to turn ETRN on",
     .result = {.is_offered = true}},
    {"not known", OUTCOME_UNSUPPORTED, STAGE_COMMAND, 502, "to turn ETRN on", .domain = NULL},
    {"ATRN at 25", OUTCOME_UNSUPPORTED, STAGE_COMMAND, 0,
     "check port, for ATRN has one of its own, 366", .backup = {.method = METHOD_ATRN}},
    {"ATRN at 366", OUTCOME_UNSUPPORTED, STAGE_COMMAND, 0, "to turn ATRN on; if it is only hidden",
     .backup = {.method = METHOD_ATRN, .port = 366}},
    {"a long ATRN", OUTCOME_UNSUPPORTED, STAGE_COMMAND, 500, "longer than the 512 octets",
     .backup =
         {.method = METHOD_ATRN, .name_domains = true, .domains = long_names, .domain_count = 3}},
    {"a long ATRN, in parts", OUTCOME_MISUNDERSTOOD, STAGE_COMMAND, 501,
     "longer than the 512 octets",
     .backup =
         {.method = METHOD_ATRN, .name_domains = true, .domains = long_names, .domain_count = 3}},
    {"a short ATRN", OUTCOME_MISUNDERSTOOD, STAGE_COMMAND, 501, "check domains",
     .backup =
         {.method = METHOD_ATRN, .name_domains = true, .domains = long_names, .domain_count = 2}},
    {"TURN", OUTCOME_UNSUPPORTED, STAGE_COMMAND, 502, "to turn TURN on",
     .backup = {.method = METHOD_TURN}},

    {"domain", OUTCOME_MISUNDERSTOOD, STAGE_COMMAND, 501, "write \"#example.org\" in domains",
     .domain = NULL},
    {"U-label", OUTCOME_MISUNDERSTOOD, STAGE_COMMAND, 501, "write \"#xn--mller-kva.example\"",
     .domain = "m\303\274ller.example"},
    {"with all below", OUTCOME_MISUNDERSTOOD, STAGE_COMMAND, 501,
     "write \"example.org\" in domains or, for Exim, \"#example.org\"", .domain = "@example.org"},
    {"queue of a domain", OUTCOME_MISUNDERSTOOD, STAGE_COMMAND, 501,
     "write \"example.org\" in domains, without the #", .domain = "#example.org"},
    {"queue", OUTCOME_MISUNDERSTOOD, STAGE_COMMAND, 501, "what the queue is called",
     .domain = "#q1"},
    {"ATRN with names", OUTCOME_MISUNDERSTOOD, STAGE_COMMAND, 501, "name_domains = false",
     .backup = {.method = METHOD_ATRN, .name_domains = true}},
    {"ATRN without names", OUTCOME_MISUNDERSTOOD, STAGE_COMMAND, 501, "how it wants ATRN",
     .backup = {.method = METHOD_ATRN}},

    {"address", OUTCOME_DENIED, STAGE_GREETING, 554, "to let your address in", .domain = NULL},
    {"EHLO name", OUTCOME_DENIED, STAGE_EHLO, 504, "set ehlo_name", .domain = NULL},
    {"459", OUTCOME_DENIED, STAGE_COMMAND, 459, "to allow your address to ask for this domain",
     .domain = NULL},
    {"459, AUTH offered", OUTCOME_DENIED, STAGE_COMMAND, 459, "or a user, for user and a password",
     .result = {.auth_offered = true}},
    {"459, user", OUTCOME_DENIED, STAGE_COMMAND, 459, "to allow the user \"joe\" to ask",
     .result = {.auth_offered = true, .authenticated = true}, USER},
    {"ATRN 450", OUTCOME_DENIED, STAGE_COMMAND, 450, "one that is not allowed refuses all",
     .result = {.authenticated = true}, .backup = {.method = METHOD_ATRN, .user = user}},

    {"530, STARTTLS", OUTCOME_AUTHENTICATION, STAGE_COMMAND, 530,
     "wants TLS before ETRN: set tls = required", .result = {.starttls_offered = true}},
    {"530, STARTTLS and AUTH", OUTCOME_AUTHENTICATION, STAGE_COMMAND, 530,
     "set tls = required; if ETRN is still refused, user and a password, too",
     .result = {.starttls_offered = true, .auth_offered = true}},
    {"530, AUTH", OUTCOME_AUTHENTICATION, STAGE_COMMAND, 530, "only with auth_in_clear = true",
     .result = {.auth_offered = true}},
    {"530, nothing", OUTCOME_AUTHENTICATION, STAGE_COMMAND, 530, "offers neither here",
     .domain = NULL},
    {"530 over TLS", OUTCOME_AUTHENTICATION, STAGE_COMMAND, 530, "set user and a password",
     .result = {.tls = tls, .starttls_offered = true, .auth_offered = true}},
    {"530, user", OUTCOME_AUTHENTICATION, STAGE_COMMAND, 530, "what the user \"joe\" may do",
     .result = {.tls = tls, .authenticated = true}, USER},
    {"no AUTH", OUTCOME_AUTHENTICATION, STAGE_AUTH, 0, "take user and password out", USER},
    {"no AUTH, STARTTLS", OUTCOME_AUTHENTICATION, STAGE_AUTH, 0, "set tls = required: AUTH may be",
     .result = {.starttls_offered = true}, USER},
    {"no AUTH, ATRN", OUTCOME_AUTHENTICATION, STAGE_AUTH, 0, "on which port AUTH is offered",
     .backup = {.method = METHOD_ATRN, .user = user}},
    {"no mechanism", OUTCOME_AUTHENTICATION, STAGE_AUTH, 0,
     "set auth to a mechanism that the backup offers", .result = {.auth_offered = true}, USER},
    {"no mechanism, pinned", OUTCOME_AUTHENTICATION, STAGE_AUTH, 0, "take auth out",
     .result = {.auth_offered = true}, .backup = {.user = user, .auth = text}},
    {"250 to AUTH", OUTCOME_AUTHENTICATION, STAGE_AUTH, 250, "set auth to another mechanism", USER},
    {"432", OUTCOME_AUTHENTICATION, STAGE_AUTH, 432,
     "for a new password, and put it into password_file",
     .backup = {.user = user, .password_file = text}},
    {"504", OUTCOME_AUTHENTICATION, STAGE_AUTH, 504, "set auth to another mechanism", USER},
    {"530 to AUTH", OUTCOME_AUTHENTICATION, STAGE_AUTH, 530, "set tls = required", USER},
    {"538", OUTCOME_AUTHENTICATION, STAGE_AUTH, 538, "set tls = required", USER},
    {"535", OUTCOME_AUTHENTICATION, STAGE_AUTH, 535, "check user and password", USER},
    {"535, file", OUTCOME_AUTHENTICATION, STAGE_AUTH, 535, "check user and password_file",
     .backup = {.user = user, .password_file = text}},
    {"535, command", OUTCOME_AUTHENTICATION, STAGE_AUTH, 535, "check user and password_command",
     .backup = {.user = user, .password_command = text}},

    {"password file", OUTCOME_MISCONFIGURED, STAGE_NONE, 0, "the file that password_file names",
     .backup = {.user = user, .password_file = text}},
    {"password command", OUTCOME_MISCONFIGURED, STAGE_NONE, 0, "run password_command as the user",
     .backup = {.user = user, .password_command = text}},
    {"mechanism", OUTCOME_MISCONFIGURED, STAGE_AUTH, 0, "a mechanism that mxpull knows",
     .backup = {.user = user, .password_file = text}},
};

/* Completes the row's result; node and backup are its. */
static struct result complete(const struct advice_row *row, struct node *node,
                              struct backup_config *backup)
{
    const char *domain = row->domain != NULL ? row->domain : "example.org";
    struct result result = row->result;
    struct error error;

    assert_int_equal(node_parse(node, domain, &error), STATUS_OK);
    *backup = row->backup;
    if (backup->port == 0)
        backup->port = 25;
    if (backup->tls == TLS_OFF)
        backup->tls = TLS_MAY;
    result.backup = backup;
    result.node = node;
    result.domain = domain;
    result.outcome = row->outcome;
    result.stage = row->stage;
    result.code = row->code;
    return result;
}

/* No word about certificates, passwords or addresses where these are not the matter. */
static void assert_to_the_point(const struct result *result, const char *advice)
{
    if (result->stage != STAGE_CERTIFICATE)
        assert_null(strstr(advice, "certificate"));
    if (result->outcome != OUTCOME_AUTHENTICATION && result->outcome != OUTCOME_MISCONFIGURED &&
        !result->auth_offered)
        assert_null(strstr(advice, "password"));
    if (result->is_offered || result->backup->force)
        assert_null(strstr(advice, "force"));
    assert_null(strstr(advice, "example.com"));
    for (const char *brace = advice; (brace = strchr(brace, '{')) != NULL; brace++)
        assert_int_equal(brace[1], ' '); /* primary { } */
}

static void test_row(void **state)
{
    const struct advice_row *row = *state;
    struct node node;
    struct backup_config backup;
    const struct result result = complete(row, &node, &backup);
    char *advice = advice_new(&result);

    if (strstr(advice, row->advice) == NULL || (*row->advice == '\0') != (*advice == '\0'))
        fail_msg("\"%s\" is not in \"%s\"", row->advice, advice);
    assert_to_the_point(&result, advice);
    free(advice);
}

/* All outcomes at all stages, with and without a code, over all ways to configure and offer. */
static void every_failure_has_advice(void **state)
{
    static const struct advice_row none = {0};
    struct node node;
    struct backup_config backup;

    (void)state;
    for (unsigned i = 0; i < OUTCOME_COUNT * (STAGE_RECIPIENT + 1U) * 128; i++) {
        unsigned variant = i % 128;
        struct result result = complete(&none, &node, &backup);

        result.outcome = (enum outcome)(i / 128 % OUTCOME_COUNT);
        result.stage = (enum stage)(i / 128 / OUTCOME_COUNT);
        result.code = (variant & 1) != 0 ? 550 : 0;
        result.starttls_offered = (variant & 2) != 0;
        result.auth_offered = (variant & 4) != 0;
        result.tls = (variant & 8) != 0 ? tls : NULL;
        result.authenticated = (variant & 16) != 0;
        result.is_offered = (variant & 64) != 0;
        backup.user = (variant & 32) != 0 ? user : NULL;
        char *advice = advice_new(&result);
        bool is_told = result.outcome == OUTCOME_UNREACHABLE && result.stage == STAGE_NONE;

        if (result.outcome != OUTCOME_MISCONFIGURED)
            assert_int_equal(*advice != '\0', outcome_exit_status(result.outcome) != 0 && !is_told);
        assert_true(strlen(advice) < sizeof((struct store_domain *)0)->advice);
        assert_to_the_point(&result, advice);
        free(advice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failure_has_advice)};

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}
