/* MTA-STS policies and their records. */
#include "sts.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

enum {
    MAX_AGE_MAX = 31557600,
    ID_SIZE_MAX = 32
};

static const char subject[] = "MTA-STS";

/* What of a policy has been read so far. */
struct reading {
    struct sts_policy policy;
    bool has_version, has_mode, has_max_age;
};

static enum status read_field(struct reading *reading, const char *name, const char *value,
                              struct error *error)
{
    static const char *const modes[] = {
        [STS_NONE] = "none", [STS_TESTING] = "testing", [STS_ENFORCE] = "enforce"};
    struct sts_policy *policy = &reading->policy;

    if (!reading->has_version) {
        reading->has_version = strcmp(name, "version") == 0 && strcmp(value, "STSv1") == 0;
        return reading->has_version
                   ? STATUS_OK
                   : error_set(error, STATUS_SYNTAX, "its first line is not \"version: STSv1\"");
    }
    if (strcmp(name, "mode") == 0 && !reading->has_mode) {
        for (size_t i = 0; i < COUNT_OF(modes); i++) {
            if (strcmp(value, modes[i]) == 0) {
                policy->mode = (enum sts_mode)i;
                reading->has_mode = true;
            }
        }
        if (!reading->has_mode)
            return error_set(error, STATUS_SYNTAX,
                             "mode \"%s\" is none of enforce, testing and none", value);
    } else if (strcmp(name, "max_age") == 0 && !reading->has_max_age) {
        reading->has_max_age = text_to_number(value, 0, MAX_AGE_MAX, &policy->max_age_s);
        if (!reading->has_max_age)
            return error_set(error, STATUS_SYNTAX, "max_age \"%s\" is no number up to %d", value,
                             MAX_AGE_MAX);
    } else if (strcmp(name, "mx") == 0) {
        if (policy->count == STS_PATTERNS_MAX)
            return error_set(error, STATUS_SYNTAX, "it has more than %d mx", STS_PATTERNS_MAX);
        policy->patterns = memory_more(policy->patterns, policy->count, sizeof *policy->patterns);
        policy->patterns[policy->count++] = memory_copy(value);
    }
    return STATUS_OK; /* of other fields, and of a second one, nothing is taken (3.2) */
}

/* "name: value", without the blanks around them; an empty line is passed over. */
static enum status read_line(struct reading *reading, const char *bytes, size_t size,
                             struct error *error)
{
    char line[STS_LINE_SIZE_MAX + 1];

    while (size > 0 && strchr(" \t\r", bytes[size - 1]) != NULL && bytes[size - 1] != '\0')
        size--;
    if (size == 0)
        return STATUS_OK;
    if (size > STS_LINE_SIZE_MAX || memchr(bytes, '\0', size) != NULL)
        return error_set(error, STATUS_SYNTAX, "it has a line that is no field");
    memcpy(line, bytes, size);
    line[size] = '\0';
    char *value = strchr(line, ':'), *end = value;
    if (value == NULL)
        return error_set(error, STATUS_SYNTAX, "it has a line without a colon: %s", line);
    while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    value += 1 + strspn(value + 1, " \t");
    *end = '\0';
    return read_field(reading, line, value, error);
}

enum status sts_parse(struct sts_policy *policy, const char *text, size_t size, struct error *error)
{
    struct reading reading = {.policy = {.mode = STS_NONE}};
    enum status status = STATUS_OK;

    while (size > 0 && status == STATUS_OK) {
        const char *end = memchr(text, '\n', size);
        const size_t length = end != NULL ? (size_t)(end - text) : size;

        status = read_line(&reading, text, length, error);
        text += length;
        size -= length;
        if (size > 0) {
            text++;
            size--;
        }
    }
    if (status == STATUS_OK && !(reading.has_version && reading.has_mode && reading.has_max_age))
        status = error_set(error, STATUS_SYNTAX, "it has no %s",
                           !reading.has_version ? "version"
                           : !reading.has_mode  ? "mode"
                                                : "max_age");
    if (status == STATUS_OK && reading.policy.mode != STS_NONE && reading.policy.count == 0)
        status = error_set(error, STATUS_SYNTAX, "it lists no mx");
    if (status == STATUS_OK)
        *policy = reading.policy;
    else
        sts_policy_done(&reading.policy);
    return status;
}

void sts_policy_done(struct sts_policy *policy)
{
    for (size_t i = 0; i < policy->count; i++)
        free(policy->patterns[i]);
    free(policy->patterns);
    *policy = (struct sts_policy){.mode = STS_NONE};
}

bool sts_lists(const struct sts_policy *policy, const char *host)
{
    const char *rest = strchr(host, '.');

    for (size_t i = 0; i < policy->count; i++) {
        const char *pattern = policy->patterns[i];

        if (text_equal(pattern, host) || (text_starts_with(pattern, "*.") && rest != NULL &&
                                          rest != host && text_equal(pattern + 1, rest)))
            return true;
    }
    return false;
}

/* The value of id in "v=STSv1; id=20260101;" (RFC 8461 3.1) is letters and digits. */
static bool has_id(const char *record)
{
    const char *field = strchr(record, ';');

    while (field != NULL) {
        size_t size = 0;

        field += 1 + strspn(field + 1, " \t");
        if (strncmp(field, "id=", 3) == 0) {
            for (field += 3; text_is_digit(field[size]) || text_is_letter(field[size]);)
                size++;
            return size > 0 && size <= ID_SIZE_MAX &&
                   strchr("; \t", field[size]) != NULL; /* the text's end, too */
        }
        field = strchr(field, ';');
    }
    return false;
}

/* Whether the record begins as one of MTA-STS does: its version, and then a semicolon (RFC 8461 3.1). */
static bool has_version(const char *record)
{
    static const char version[] = "v=STSv1";
    const size_t size = sizeof version - 1;

    return strncmp(record, version, size) == 0 &&
           record[size + strspn(record + size, " \t")] == ';';
}

enum sts_record sts_record(const struct dns_answer *answer, const char **record)
{
    const char *found = NULL, *other = NULL;
    size_t count = 0;

    for (size_t i = 0; i < answer->count; i++) {
        const char *text = answer->records[i].text;

        if (has_version(text)) {
            found = text;
            count++;
        } else if (text_starts_with(text, "v=STS")) {
            other = text;
        }
    }
    *record = found != NULL ? found : other;
    if (count > 1)
        return STS_RECORD_SEVERAL;
    if (found != NULL)
        return has_id(found) ? STS_RECORD_GOOD : STS_RECORD_WITHOUT_ID;
    if (other != NULL)
        return STS_RECORD_OF_NO_VERSION;
    return answer->fate > DNS_NO_NAME ? STS_RECORD_UNKNOWN : STS_RECORD_NONE;
}

void sts_judge_record(const struct dns_answer *answer, struct findings *findings)
{
    const char *record;

    switch (sts_record(answer, &record)) {
    case STS_RECORD_GOOD: break;
    case STS_RECORD_NONE:
        (void)findings_add(findings, SEVERITY_OK, "mta-sts", subject,
                           "there is no policy: senders may deliver to each MX host");
        break;
    case STS_RECORD_UNKNOWN:
        (void)findings_add(findings, SEVERITY_SKIP, "mta-sts", subject,
                           "whether there is a policy could not be found out: %s", answer->text);
        break;
    case STS_RECORD_SEVERAL:
        finding_advise(
            findings_add(findings, SEVERITY_WARN, "mta-sts-records", subject,
                         "there are several TXT records of MTA-STS, so senders take none "
                         "(RFC 8461 3.1)"),
            0, "keep one of the TXT records at _mta-sts that begin with \"v=STSv1;\"");
        break;
    case STS_RECORD_WITHOUT_ID:
        finding_advise(findings_add(findings, SEVERITY_WARN, "mta-sts-id", subject,
                                    "the TXT record has no id of 1 to 32 letters and digits, so "
                                    "senders do not take it: %s",
                                    record),
                       0, "write the TXT record at _mta-sts so: \"v=STSv1; id=20260101;\"");
        break;
    case STS_RECORD_OF_NO_VERSION:
        finding_advise(
            findings_add(findings, SEVERITY_WARN, "mta-sts-version", subject,
                         "the TXT record does not begin with \"v=STSv1;\", so senders do "
                         "not take it: %s",
                         record),
            0, "write the TXT record at _mta-sts so: \"v=STSv1; id=20260101;\"");
        break;
    }
}

/* Returns whether the policy lists the exchange. */
static bool judge_exchange(const struct sts_policy *policy, const struct exchange *exchange,
                           struct findings *findings)
{
    const bool is_enforced = policy->mode == STS_ENFORCE;
    const char *name = exchange->target.name;

    if (sts_lists(policy, name))
        return true;
    finding_advise(
        findings_add(findings, is_enforced ? SEVERITY_FAIL : SEVERITY_WARN, "mta-sts-missing",
                     subject,
                     "the policy (mode %s) does not list %s, %s%s: senders that go by it "
                     "%s there",
                     is_enforced ? "enforce" : "testing", name,
                     exchange->is_primary ? "your mail server" : "the backup ",
                     exchange->is_primary ? "" : exchange->backup->name,
                     is_enforced ? "never deliver" : "would not deliver"),
        is_enforced ? 78 : 0,
        "add \"mx: %s\" to the policy, and change the id of the TXT record at _mta-sts", name);
    return false;
}

static void judge_policy(const struct sts_policy *policy, const struct domain *domain,
                         struct findings *findings)
{
    char duration[DURATION_TEXT_SIZE];
    size_t ours = 0, listed = 0;

    if (policy->mode == STS_NONE) {
        (void)findings_add(findings, SEVERITY_OK, "mta-sts", subject,
                           "the policy's mode is none: senders may deliver to each MX host");
        return;
    }
    for (size_t i = 0; i < domain->exchange_count; i++) {
        const struct exchange *exchange = &domain->exchanges[i];

        if (exchange->is_primary || exchange->backup != NULL) {
            ours++;
            listed += judge_exchange(policy, exchange, findings);
        }
    }
    if (ours == 0)
        (void)findings_add(findings, SEVERITY_SKIP, "mta-sts", subject,
                           "there is a policy, but none of the MX hosts is known to be yours");
    else if (listed == ours)
        (void)findings_add(findings, SEVERITY_OK, "mta-sts", subject,
                           "the policy (mode %s, kept for %s) lists the MX hosts that are yours",
                           policy->mode == STS_ENFORCE ? "enforce" : "testing",
                           duration_format(duration, policy->max_age_s));
}

void sts_judge_host(const struct target *host, const struct domain *domain,
                    struct findings *findings)
{
    const bool is_uncertain = target_is_uncertain(host);

    finding_advise(findings_add(findings, SEVERITY_FAIL,
                                is_uncertain ? "mta-sts-unreachable" : "mta-sts-no-host", subject,
                                "there is a TXT record, but the policy cannot be had: %s has no "
                                "address: %s",
                                host->name, host->why),
                   is_uncertain ? fate_exit_status(host->fate) : 78,
                   "give %s an address and serve the policy there, or remove the TXT record at "
                   "_mta-sts.%s",
                   host->name, domain->name);
}

static void judge_failure(const struct download_result *result, struct findings *findings)
{
    const enum status status = result->error.status;

    if (status == STATUS_TLS)
        finding_advise(
            findings_add(findings, SEVERITY_FAIL, "mta-sts-certificate", subject,
                         "the policy cannot be had: %s", result->error.text),
            76,
            "give the web server of mta-sts a certificate for that name, by an authority "
            "that is widely trusted");
    else
        finding_advise(findings_add(findings, SEVERITY_FAIL, "mta-sts-unreachable", subject,
                                    "there is a TXT record, but the policy cannot be had: %s",
                                    result->error.text),
                       status == STATUS_PROTOCOL ? 76 : 75,
                       "serve the policy at https://mta-sts.%s" STS_PATH
                       ", or remove the TXT record at _mta-sts",
                       findings->node.name);
}

void sts_judge_fetched(const struct download_result *result, const struct domain *domain,
                       struct findings *findings)
{
    struct sts_policy policy;
    struct error error;

    if (result->error.status != STATUS_OK && result->error.status != STATUS_LIMIT) {
        judge_failure(result, findings);
        return;
    }
    if (result->error.status == STATUS_OK && result->code != 200) {
        finding_advise(
            findings_add(findings, SEVERITY_FAIL, "mta-sts-http", subject,
                         "the web server answers with %d, and senders take 200 alone and follow no "
                         "redirect (RFC 8461 3.3)",
                         result->code),
            78, "serve the policy itself at https://mta-sts.%s" STS_PATH, domain->name);
        return;
    }
    if (result->error.status == STATUS_OK &&
        (result->type == NULL || !text_starts_with(result->type, "text/plain")))
        finding_advise(findings_add(findings, SEVERITY_WARN, "mta-sts-type", subject,
                                    "the policy comes as %s, and senders may take text/plain alone "
                                    "(RFC 8461 3.2)",
                                    result->type != NULL ? result->type : "no type at all"),
                       0, "have the web server send it as Content-Type: text/plain");
    if (result->error.status == STATUS_LIMIT)
        error = result->error;
    else if (sts_parse(&policy, result->bytes, result->size, &error) == STATUS_OK) {
        judge_policy(&policy, domain, findings);
        sts_policy_done(&policy);
        return;
    }
    finding_advise(findings_add(findings, SEVERITY_FAIL, "mta-sts-policy", subject,
                                "senders do not take the policy: %s", error.text),
                   78,
                   "write it as RFC 8461 3.2 has it: \"version: STSv1\", \"mode: enforce\", an "
                   "\"mx: \" line for each MX host, \"max_age: 604800\"");
}
