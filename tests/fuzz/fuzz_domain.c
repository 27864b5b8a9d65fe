/* What strangers write into the DNS and into a policy of MTA-STS: whatever it is, it is bounded, printable where it is shown, and
 * a policy that is taken is one. */
#include "fuzz.h"

#include "sender_policy.h"
#include "sts.h"

#include <string.h>

const char *const fuzz_seeds[] = {
    "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n",
    "version: STSv1\r\nmode: testing\r\nmx: a\r\nmax_age: 0\r\n",
    "version:STSv1\nmode:none\nmax_age:1",
    "v=STSv1; id=20260101;",
    "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a:mx2.example.net mx include:x -all",
    "v=DMARC1; p=reject; sp=none",
    "v=DMARC1;p = quarantine",
    "mail.example.com",
    NULL};

static void check_policy(const char *text, size_t size)
{
    struct sts_policy policy;
    struct error error;

    if (sts_parse(&policy, text, size, &error) != STATUS_OK)
        return;
    CHECK(policy.mode <= STS_ENFORCE && policy.max_age_s >= 0 && policy.max_age_s <= 31557600);
    CHECK(policy.mode == STS_NONE || policy.count > 0);
    for (size_t i = 0; i < policy.count; i++) {
        CHECK(strlen(policy.patterns[i]) <= STS_LINE_SIZE_MAX);
        CHECK(sts_lists(&policy, policy.patterns[i]));
    }
    (void)sts_lists(&policy, text);
    sts_policy_done(&policy);
}

/* One TXT record, and a backup that it is about. */
static void check_record(char *text)
{
    static const char *addresses[] = {"192.0.2.2", "2001:db8::2"};
    static const struct backup_config backup = {.method = METHOD_ETRN};
    static const struct config config = {.concurrency = 1};
    struct exchange exchange = {
        .target = {.name = "mx2.example.net", .addresses = addresses, .count = 2},
        .backup = &backup};
    const struct domain domain = {
        .name = "example.com", .config = &config, .exchanges = &exchange, .exchange_count = 1};
    const struct dns_record record = {.text = text};
    const struct dns_answer answer = {.records = &record, .count = 1};
    struct findings findings = {.topic = TOPIC_DOMAIN};

    sts_judge_record(&answer, &findings);
    spf_judge(&domain, &answer, &findings);
    dmarc_judge(&domain, &answer, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        for (const char *at = findings.list[i].text; *at != '\0'; at++)
            CHECK((unsigned char)*at >= ' ' && *at != 0x7f);
    }
    findings_done(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);

    CHECK(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    check_policy(text, size);
    check_record(text);
    free(text);
    return 0;
}
