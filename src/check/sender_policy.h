#ifndef MXPULL_SRC_CHECK_SENDER_POLICY_H
#define MXPULL_SRC_CHECK_SENDER_POLICY_H

/* SPF (RFC 7208) and DMARC (RFC 7489). The domain's policies are not judged, but they show what a server that goes by such
 * policies does with mail that a backup relays: it seems to be sent by the backup. */

#include "domain.h"

/* Adds a finding where mail of the domain's own users is refused by its SPF record when it comes from a backup. answer: to the
 * question for the domain's TXT records. */
void spf_judge(const struct domain *domain, const struct dns_answer *answer,
               struct findings *findings);

/* The same for DMARC; answer: TXT records at _dmarc.DOMAIN. */
void dmarc_judge(const struct domain *domain, const struct dns_answer *answer,
                 struct findings *findings);

#endif
