/* Answers for postmasters, judged. */
#include "asked.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

enum {
    SHOWN_MAX = 20 /* domains with a finding of their own */
};

/* Whether it is one of ours, and how the administrator wrote it. */
static bool find_domain(const struct config *config, const char *name, const char **text)
{
    struct node domain;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        for (size_t j = 0; j < backup->domain_count; j++) {
            if (!node_domain(&domain, &backup->domains[j]) || !text_equal(domain.name, name))
                continue;
            *text = backup->domain_texts[j] + (backup->domains[j].form != NODE_DOMAIN);
            return true;
        }
    }
    return false;
}

/* Names of RFC 2606 can be looked up, as some servers do before they think of relaying; an address (RFC 5737) needs no look-up
 * at all. */
void foreign_domains(const struct config *config, struct node nodes[FOREIGN_DOMAINS])
{
    static const char *const names[] = {"example.org", "example.net", "example.com"};
    const char *text;
    size_t i = 0;

    while (i + 1 < COUNT_OF(names) && find_domain(config, names[i], &text))
        i++;
    (void)text_copy(nodes[0].name, sizeof nodes[0].name, names[i]);
    (void)text_copy(nodes[1].name, sizeof nodes[1].name, "[192.0.2.1]");
}

int reason_code(const char *reason)
{
    long code = reason != NULL ? strtol(reason, NULL, 10) : 0;

    return code >= 200 && code <= 599 ? (int)code : 0;
}

static bool is_refused(const struct preflight *mail, size_t domain, int digit)
{
    return probe_fate(mail->probe, domain) == PROBE_REFUSED &&
           reason_code(probe_refusal(mail->probe, domain)) / 100 == digit;
}

static void judge_domain(const struct asked *asked, const struct asked_words *words,
                         struct findings *findings, size_t domain)
{
    const struct preflight *mail = asked->mail;
    const char *name = mail->domains[domain].name, *reason = probe_refusal(mail->probe, domain);
    struct finding *finding;

    if (is_refused(mail, domain, 4)) {
        finding =
            findings_add(findings, SEVERITY_WARN, words->deferred, words->subject,
                         "%s puts off mail for postmaster@%s: %s", asked->place, name, reason);
        finding_advise(
            finding, 0,
            "check again in ten minutes: greylisting is over then; else see in its log what fails");
    } else if (probe_fate(mail->probe, domain) == PROBE_REFUSED) {
        finding = findings_add(findings, SEVERITY_FAIL, words->refused, words->subject,
                               "%s refuses mail for postmaster@%s: %s", asked->place, name, reason);
        if (reason_code(reason) == 530)
            finding_advise(finding, 77,
                           "let it take mail for %s from senders without AUTH and TLS: not all "
                           "bring them; or name the port that does",
                           name);
        else
            finding_advise(finding, 77, "let it take mail for %s%s (%s)", name, words->purpose,
                           software_setting(asked->software, words->setting));
    } else {
        finding = findings_add(findings, SEVERITY_FAIL, words->unanswered, words->subject,
                               "%s did not say whether it takes mail for postmaster@%s: %s",
                               asked->place, name, reason);
        finding_advise(finding, 75, "check again later, and see in its log why it gives no answer");
    }
    (void)find_domain(asked->config, name, &finding->domain);
}

void judge_domains(const struct asked *asked, const struct asked_words *words,
                   struct findings *findings)
{
    size_t accepted = 0, others = 0;

    for (size_t i = 0; i < asked->count; i++) {
        if (probe_fate(asked->mail->probe, i) == PROBE_ACCEPTED)
            accepted++;
        else if (others++ < SHOWN_MAX)
            judge_domain(asked, words, findings, i);
    }
    if (others > SHOWN_MAX)
        finding_advise(findings_add(findings, SEVERITY_WARN, words->more, words->subject,
                                    "%s did not accept mail for %zu more domains", asked->place,
                                    others - SHOWN_MAX),
                       0, "mend the first %d, then check again", SHOWN_MAX);
    if (accepted > 0)
        findings_add(findings, SEVERITY_OK, words->accepted, words->subject,
                     "%s takes mail for postmaster of %zu of %zu domains", asked->place, accepted,
                     asked->count);
}

/* A refusal says something about relaying where it is not the same for all. */
static bool is_told(const struct asked *asked, size_t foreign)
{
    const struct preflight *mail = asked->mail;
    const char *reason = probe_refusal(mail->probe, foreign);

    for (size_t i = 0; i < asked->count && probe_fate(mail->probe, foreign) == PROBE_REFUSED; i++) {
        if (probe_fate(mail->probe, i) == PROBE_ACCEPTED ||
            (is_refused(mail, foreign, 5) && strcmp(probe_refusal(mail->probe, i), reason) != 0))
            return true;
    }
    return false;
}

enum relaying relaying_of(const struct asked *asked, const char **text)
{
    enum relaying relaying = RELAYING_REFUSED;

    for (size_t i = asked->count; i < asked->mail->count; i++) {
        if (probe_fate(asked->mail->probe, i) == PROBE_ACCEPTED) {
            *text = asked->mail->domains[i].name;
            return RELAYING_OPEN;
        }
        if (!is_told(asked, i)) {
            *text = probe_refusal(asked->mail->probe, i);
            relaying = RELAYING_UNTOLD;
        }
    }
    return relaying;
}
