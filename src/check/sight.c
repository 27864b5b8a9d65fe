/* What an address of a backup has shown, judged: one finding for each thing, in the order in which a connection shows
 * them. What was not come to has none. */
#include "sight.h"

#include "asked.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/session/poll.h>
#include <mxpull/smtp/outcome.h>

#include <stdio.h>
#include <string.h>

enum {
    CODE_SIZE = 16,
    DAY_MS = 24 * 3600 * 1000,
    DAYS_LEFT = 21,
    SLOW_MS = 10000
};

/* The sight, and what is worked out of it. */
struct look {
    const struct sight *sight;
    const struct backup_config *backup;
    const struct visit *visit;
    const struct connection_facts *facts;
    struct findings *findings;
    const struct software *software; /* NULL: unknown */
    char place[CONNECTION_PLACE_SIZE];
};

/* The exit status that the visit's failure stands for. */
static int exit_of(const struct visit *visit)
{
    return outcome_exit_status(visit->code != 0
                                   ? outcome_of_refusal(visit->facts.stage, visit->code)
                                   : outcome_of_status(visit->error.status));
}

/* "554 " before the words of a reply, "" before ours. */
static const char *code_text(char text[CODE_SIZE], const struct visit *visit)
{
    text[0] = '\0';
    if (visit->code != 0)
        (void)snprintf(text, CODE_SIZE, "%03d ", visit->code);
    return text;
}

/* ---- the connection ---- */

static void judge_no_greeting(const struct look *look)
{
    bool is_only = look->sight->is_only;
    int exit_status = is_only ? exit_of(look->visit) : 0;
    char code[CODE_SIZE];
    struct finding *finding;

    if (look->facts->no_route && !is_only) {
        findings_add(look->findings, SEVERITY_SKIP, "backup-greeting", "greeting",
                     "%s cannot be seen from here: this machine has no route to it", look->place);
        return;
    }
    finding = findings_add(look->findings, is_only ? SEVERITY_FAIL : SEVERITY_WARN,
                           "backup-greeting-missing", "greeting", "%s: %s%s", look->place,
                           code_text(code, look->visit), look->visit->error.text);
    if (look->visit->code != 0)
        finding_advise(finding, exit_status, "let it take connections from this machine (%s)",
                       software_setting(look->software, SETTING_TRUST));
    else if (look->facts->stage <= STAGE_CONNECT)
        finding_advise(
            finding, exit_status,
            "see that a mail server listens on %s, and that no firewall, yours included, is "
            "in between",
            look->place);
    else
        finding_advise(finding, exit_status,
                       "see that it is a mail server that listens on %s, and in its log",
                       look->place);
}

static void judge_greeting(const struct look *look)
{
    const struct connection_facts *facts = look->facts;
    long long after_ms = facts->greeting_ms;

    if (facts->stage < STAGE_EHLO) {
        judge_no_greeting(look);
    } else if (facts->greeting[0] == '\0') {
        return;
    } else if (after_ms > SLOW_MS) {
        finding_advise(
            findings_add(look->findings, SEVERITY_WARN, "backup-greeting-slow", "greeting",
                         "%s greets after %lld ms: %s", look->place, after_ms, facts->greeting),
            0,
            "see which look-up of this machine's address takes it so long, or whether it "
            "waits on purpose (%s)",
            software_setting(look->software, SETTING_TRUST));
    } else {
        findings_add(look->findings, SEVERITY_OK, "backup-greeting", "greeting",
                     "%s greets after %lld ms: %s", look->place, after_ms, facts->greeting);
    }
}

static void judge_esmtp(const struct look *look)
{
    const struct connection_facts *facts = look->facts;
    char code[CODE_SIZE];

    if (facts->stage == STAGE_EHLO)
        finding_advise(findings_add(look->findings, SEVERITY_FAIL, "backup-esmtp-broken", "ESMTP",
                                    "%s: EHLO: %s%s", look->place, code_text(code, look->visit),
                                    look->visit->error.text),
                       exit_of(look->visit), "see in its log why; it may not like ehlo_name");
    else if (facts->refused != 0 && facts->refused_at == STAGE_EHLO)
        finding_advise(findings_add(look->findings, SEVERITY_WARN, "backup-esmtp-missing", "ESMTP",
                                    "%s refuses EHLO: %s", look->place, facts->refusal),
                       0, "let it speak ESMTP; a firewall that rewrites SMTP may be in between");
    else if (look->visit->has_ehlo)
        findings_add(look->findings, SEVERITY_OK, "backup-esmtp", "ESMTP", "%s answers EHLO",
                     look->place);
}

static void judge_method(const struct look *look)
{
    enum method method = look->backup->method;
    const char *verb = verb_name(method_verb(method));

    if (!look->visit->has_ehlo)
        return;
    if (ehlo_offers(&look->facts->ehlo, method_verb(method)))
        findings_add(look->findings, SEVERITY_OK, "backup-method", verb, "%s offers %s",
                     look->place, verb);
    else if (look->backup->force)
        finding_advise(
            findings_add(look->findings, SEVERITY_WARN, "backup-method-hidden", verb,
                         "%s does not offer %s, and is asked all the same (force = true)",
                         look->place, verb),
            0, "see by mxpull pull whether it answers; else let it offer %s (%s)", verb,
            software_setting(look->software, method == METHOD_ETRN ? SETTING_ETRN : SETTING_ATRN));
    else
        finding_advise(
            findings_add(look->findings, SEVERITY_FAIL, "backup-method-missing", verb,
                         "%s does not offer %s", look->place, verb),
            69, "let it offer %s to this machine (%s)", verb,
            software_setting(look->software, method == METHOD_ETRN ? SETTING_ETRN : SETTING_ATRN));
}

/* ---- TLS ---- */

static bool demands_tls(const struct backup_config *backup)
{
    return backup->tls == TLS_REQUIRED || backup->tls == TLS_IMPLICIT;
}

static void judge_tls(const struct look *look)
{
    const struct visit *visit = look->visit;
    const char *setting = software_setting(look->software, SETTING_TLS);
    bool is_demanded = demands_tls(look->backup);
    bool is_offered = look->facts->ehlo.starttls || look->backup->tls == TLS_IMPLICIT;
    bool has_failed = visit->error.status != STATUS_OK && look->facts->stage < STAGE_AUTH;
    char code[CODE_SIZE];

    if (look->backup->tls == TLS_OFF)
        findings_add(look->findings, SEVERITY_OK, "backup-tls", "TLS",
                     "%s is asked in clear (tls = off); it %s STARTTLS", look->place,
                     is_offered ? "offers" : "does not offer");
    else if (visit->has_ehlo && !is_offered && look->facts->tls == NULL)
        finding_advise(findings_add(look->findings, is_demanded ? SEVERITY_FAIL : SEVERITY_WARN,
                                    "backup-tls-missing", "TLS", "%s does not offer STARTTLS",
                                    look->place),
                       is_demanded ? 76 : 0, "give it a certificate (%s)", setting);
    else if (has_failed)
        finding_advise(findings_add(look->findings, SEVERITY_FAIL, "backup-tls-broken", "TLS",
                                    "%s: TLS fails: %s%s", look->place, code_text(code, visit),
                                    visit->error.text),
                       exit_of(visit), "see in its log why, and to its certificate (%s)", setting);
    else if (look->facts->tls != NULL)
        findings_add(look->findings, SEVERITY_OK, "backup-tls", "TLS", "%s speaks %s", look->place,
                     look->facts->tls);
    else
        finding_advise(findings_add(look->findings, SEVERITY_WARN, "backup-tls-broken", "TLS",
                                    "%s: TLS fails, and pulls go on in clear: %s", look->place,
                                    visit->tls_fault),
                       0, "see in its log why, and to its certificate (%s)", setting);
}

/* ", of DNS:mx2.example.net, until 2026-12-24T16:00:00Z" */
static void put_certificate(char *text, size_t size, const struct connection_facts *facts)
{
    char date[CLOCK_TEXT_SIZE] = "";

    if (facts->certificate_expires_ms != 0)
        (void)clock_utc_text(date, facts->certificate_expires_ms);
    (void)snprintf(text, size, "%s%s%s%s", facts->certificate_names[0] != '\0' ? ", of " : "",
                   facts->certificate_names, date[0] != '\0' ? ", until " : "", date);
}

static void judge_bad_certificate(const struct look *look, const char *certificate)
{
    const struct backup_config *backup = look->backup;
    const char *setting = software_setting(look->software, SETTING_TLS);
    bool is_refused = demands_tls(backup) && backup->tls_verify;
    bool is_expired = look->facts->certificate_expires_ms != 0 &&
                      look->facts->certificate_expires_ms <= look->sight->now_ms;
    struct finding *finding =
        findings_add(look->findings, is_refused ? SEVERITY_FAIL : SEVERITY_WARN,
                     is_expired ? "backup-certificate-expired" : "backup-certificate-invalid",
                     "certificate", "%s has a certificate that is not good%s: %s", look->place,
                     certificate, look->visit->tls_fault);

    if (!is_refused)
        finding_advise(
            finding, 0,
            "pulls do not verify it (%s), so they can be read and led astray on the way; "
            "give it a good one (%s) and set tls = required",
            backup->tls == TLS_MAY ? "tls = may" : "tls_verify = false", setting);
    else if (is_expired)
        finding_advise(finding, 76, "renew it there (%s)", setting);
    else
        finding_advise(finding, 76,
                       "give it one for %s by a known authority (%s), or name its authority by "
                       "tls_ca_file",
                       backup->host, setting);
}

static void judge_certificate(const struct look *look)
{
    char certificate[CONNECTION_NAMES_SIZE + 64];
    int64_t left_ms = look->facts->certificate_expires_ms - look->sight->now_ms;
    bool is_pinned = demands_tls(look->backup) && look->backup->tls_fingerprint != NULL;
    enum visit_certificate verdict = look->visit->certificate;
    const char *setting = software_setting(look->software, SETTING_TLS);

    put_certificate(certificate, sizeof certificate, look->facts);
    if (verdict == VISIT_CERTIFICATE_OTHER_KEY)
        finding_advise(findings_add(look->findings, SEVERITY_FAIL, "backup-certificate-key",
                                    "certificate", "%s has another key than tls_fingerprint%s: %s",
                                    look->place, certificate, look->visit->tls_fault),
                       76, "ask its administrator whether the key was changed, and what it is now");
    else if (verdict == VISIT_CERTIFICATE_BAD && (!is_pinned || look->backup->tls_verify))
        judge_bad_certificate(look, certificate);
    else if (look->facts->tls == NULL || verdict == VISIT_CERTIFICATE_UNKNOWN)
        return;
    else if (look->facts->certificate_expires_ms != 0 && left_ms < (int64_t)DAYS_LEFT * DAY_MS)
        finding_advise(findings_add(look->findings, SEVERITY_WARN, "backup-certificate-expiring",
                                    "certificate", "%s: the certificate ends in %lld days%s",
                                    look->place, (long long)(left_ms / DAY_MS), certificate),
                       0, "renew it there (%s)", setting);
    else
        findings_add(look->findings, SEVERITY_OK, "backup-certificate", "certificate", "%s: %s%s",
                     look->place, verdict == VISIT_CERTIFICATE_GOOD ? "good" : "of the pinned key",
                     certificate);
}

/* ---- AUTH ---- */

static void judge_login(const struct look *look)
{
    const struct visit *visit = look->visit;
    const char *user = look->backup->user,
               *setting = software_setting(look->software, SETTING_AUTH);
    int exit_status = exit_of(visit);
    char code[CODE_SIZE];

    if (look->sight->no_password != NULL)
        findings_add(look->findings, SEVERITY_SKIP, "backup-login", "login",
                     "%s: not tried: there is no password", look->place);
    else if (!visit->has_user)
        findings_add(
            look->findings, SEVERITY_SKIP, "backup-login", "login",
            "%s: not tried: the password would go to a server whose certificate is not good",
            look->place);
    else if (look->facts->authenticated)
        findings_add(look->findings, SEVERITY_OK, "backup-login", "login", "%s lets %s in",
                     look->place, user);
    else if (look->facts->stage == STAGE_AUTH)
        finding_advise(findings_add(look->findings, SEVERITY_FAIL, "backup-login-refused", "login",
                                    "%s does not let %s in: %s%s", look->place, user,
                                    code_text(code, visit), visit->error.text),
                       exit_status,
                       exit_status == 77
                           ? "set user and password as the backup knows them, and let it "
                             "accept a mechanism that mxpull has (%s)"
                           : "check again later; see its log (%s)",
                       setting);
}

static void judge_auth(const struct look *look)
{
    const struct ehlo *ehlo = &look->facts->ehlo;

    if (look->backup->user == NULL || !look->visit->has_ehlo)
        return;
    if (ehlo->auth) {
        findings_add(look->findings, SEVERITY_OK, "backup-auth", "AUTH", "%s offers %s",
                     look->place, ehlo->mechanism_names);
        judge_login(look);
        return;
    }
    /* Before STARTTLS it may be hidden. */
    if (look->facts->stage == STAGE_STARTTLS)
        return;
    finding_advise(
        findings_add(look->findings, SEVERITY_FAIL, "backup-auth-missing", "AUTH",
                     "%s does not offer AUTH%s%s", look->place,
                     look->backup->auth != NULL ? " " : "",
                     look->backup->auth != NULL ? look->backup->auth : ""),
        77, "let it offer AUTH (%s), or take user out if it lets this machine ask by its address",
        software_setting(look->software, SETTING_AUTH));
}

/* ---- its name ---- */

static void judge_reverse(const struct look *look)
{
    const char *address = look->sight->address, *text = look->sight->reverse_text;
    struct findings *findings = look->findings;
    struct finding *finding = NULL;

    switch (look->sight->reverse) {
    case REVERSE_UNASKED: return;
    case REVERSE_GOOD:
        findings_add(findings, SEVERITY_OK, "backup-reverse", "reverse name", "%s is %s, and back",
                     address, text);
        return;
    case REVERSE_UNKNOWN:
        findings_add(findings, SEVERITY_SKIP, "backup-reverse", "reverse name",
                     "%s: the DNS does not say: %s", address, text);
        return;
    case REVERSE_MISSING:
        finding = findings_add(findings, SEVERITY_WARN, "backup-reverse-missing", "reverse name",
                               "%s has no name: %s", address, text);
        break;
    case REVERSE_MISMATCH:
        finding = findings_add(findings, SEVERITY_WARN, "backup-reverse-mismatch", "reverse name",
                               "%s is %s, which has not that address", address, text);
        break;
    }
    finding_advise(
        finding, 0,
        "have the provider of the address set its PTR record to %s, which needs that address as "
        "an A or AAAA record: else your mail server may refuse what it delivers",
        look->backup->host);
}

/* ---- whether it would take mail ---- */

static void judge_relay(const struct look *look, const struct asked *asked)
{
    const struct node *foreign = asked->mail->domains + asked->count;
    const char *text = NULL;

    switch (relaying_of(asked, &text)) {
    case RELAYING_REFUSED:
        findings_add(look->findings, SEVERITY_OK, "backup-relay", "relay",
                     "%s refuses mail for postmaster@%s and postmaster@%s, which are none of yours",
                     asked->place, foreign[0].name, foreign[1].name);
        break;
    case RELAYING_OPEN:
        finding_advise(
            findings_add(look->findings, SEVERITY_WARN, "backup-relay-open", "relay",
                         "%s takes mail from here for postmaster@%s, which is none of yours; so it "
                         "is not told what it takes from others",
                         asked->place, text),
            0,
            "if it trusts this machine, and means to, nothing is to be done; else anybody may "
            "send through it: see to who may (%s)",
            software_setting(look->software, SETTING_RELAY_FROM));
        break;
    case RELAYING_UNTOLD:
        findings_add(look->findings, SEVERITY_SKIP, "backup-relay", "relay",
                     "%s: whether it relays for others cannot be told: %s", asked->place, text);
        break;
    }
}

static void judge_mail(const struct look *look)
{
    static const struct asked_words words = {.subject = "mail",
                                             .accepted = "backup-mail",
                                             .deferred = "backup-mail-deferred",
                                             .refused = "backup-mail-refused",
                                             .unanswered = "backup-mail-unanswered",
                                             .more = "backup-mail-more",
                                             .purpose = " and keep it for your mail server",
                                             .setting = SETTING_RELAY_TO};
    const struct preflight *mail = look->sight->mail;
    const char *why = mail != NULL ? probe_why(mail->probe) : NULL;
    char place[CONNECTION_PLACE_SIZE];

    if (mail == NULL)
        return;
    connection_place(place, look->sight->address, look->backup->mail_port);
    if (mail->shortage != NULL) {
        findings_add(look->findings, SEVERITY_SKIP, "backup-mail", "mail", "%s was not asked: %s",
                     place, mail->shortage);
    } else if (why != NULL) {
        struct finding *finding =
            findings_add(look->findings, SEVERITY_FAIL, "backup-mail-failed", "mail",
                         "%s takes no mail from here: %s", place, why);

        if (reason_code(why) / 100 == 5)
            finding_advise(finding, 77, "let it take mail from everybody on its mail_port (%s)",
                           software_setting(look->software, SETTING_TRUST));
        else if (reason_code(why) == 0 && !text_starts_with(mail->greeting, "220"))
            finding_advise(finding, 75,
                           "see that it listens there, and whether your network lets port 25 out; "
                           "mail_port names another port");
        else
            finding_advise(finding, 75,
                           "check again later, and see in its log why it gives no answer");
    } else {
        const struct asked asked = {.config = look->sight->config,
                                    .mail = mail,
                                    .count = mail->count - FOREIGN_DOMAINS,
                                    .place = place,
                                    .software = look->software};

        judge_domains(&asked, &words, look->findings);
        judge_relay(look, &asked);
    }
}

static void judge_software(const struct look *look)
{
    const struct software *software = look->software;
    const char *dialect = software != NULL ? software->dialect : NULL;
    const char *limit = software != NULL ? software->limit : NULL;

    if (software == NULL)
        return;
    if (look->backup->method != METHOD_ETRN)
        dialect = limit = NULL;
    findings_add(look->findings, SEVERITY_OK, "backup-software", "software",
                 "%s is by its banner perhaps %s%s%s%s%s", look->place, software->name,
                 dialect != NULL ? "; if so, " : "", dialect != NULL ? dialect : "",
                 limit != NULL ? "; if so, " : "", limit != NULL ? limit : "");
}

void sight_judge(const struct sight *sight, struct findings *findings)
{
    const struct visit *visit = sight->visit;
    struct look look = {.sight = sight,
                        .backup = sight->backup,
                        .visit = visit,
                        .facts = &visit->facts,
                        .findings = findings,
                        .software = software_guess(visit->facts.greeting)};

    connection_place(look.place, sight->address, sight->backup->port);
    judge_greeting(&look);
    judge_esmtp(&look);
    judge_method(&look);
    if (visit->facts.stage >= STAGE_STARTTLS)
        judge_tls(&look);
    judge_certificate(&look);
    judge_auth(&look);
    judge_software(&look);
    judge_mail(&look);
    judge_reverse(&look);
}
