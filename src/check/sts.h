#ifndef MXPULL_SRC_CHECK_STS_H
#define MXPULL_SRC_CHECK_STS_H

/* MTA-STS (RFC 8461): which hosts senders deliver to at all. */

#include "domain.h"

#include <mxpull/net/download.h>

#define STS_PATH "/.well-known/mta-sts.txt"

enum {
    STS_POLICY_SIZE_MAX = 64 * 1024, /* RFC 8461 3.3 */
    STS_LINE_SIZE_MAX = 300,
    STS_PATTERNS_MAX = 1000
};

enum sts_mode {
    STS_NONE,
    STS_TESTING,
    STS_ENFORCE
};

struct sts_policy {
    enum sts_mode mode;
    int64_t max_age_s;
    char **patterns; /* of MX hosts, as they stand there; owned */
    size_t count;
};

/* Reads a policy of size bytes (RFC 8461 3.2). STATUS_SYNTAX, with *policy untouched, for one that senders do not take. */
enum status sts_parse(struct sts_policy *policy, const char *text, size_t size,
                      struct error *error);

void sts_policy_done(struct sts_policy *policy);

/* Whether the policy lists the host (RFC 8461 4.1): "*" stands for one label. */
bool sts_lists(const struct sts_policy *policy, const char *host);

/* What the answer to the question for the TXT records at _mta-sts.DOMAIN says. */
enum sts_record {
    STS_RECORD_NONE,
    STS_RECORD_GOOD, /* there is a policy, to be fetched */
    STS_RECORD_SEVERAL,
    STS_RECORD_WITHOUT_ID,
    STS_RECORD_OF_NO_VERSION,
    STS_RECORD_UNKNOWN /* it could not be found out */
};
enum sts_record sts_record(const struct dns_answer *answer, const char **record);

/* Adds what there is to say about the records, unless there is a policy to be fetched. */
void sts_judge_record(const struct dns_answer *answer, struct findings *findings);

/* Adds a failure: the host that should have the policy has no address. */
void sts_judge_host(const struct target *host, const struct domain *domain,
                    struct findings *findings);

/* Adds what there is to say about what came of fetching the policy: whether it lists the exchanges that are hosts of ours. */
void sts_judge_fetched(const struct download_result *result, const struct domain *domain,
                       struct findings *findings);

#endif
