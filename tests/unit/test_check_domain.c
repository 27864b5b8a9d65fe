/* The look at one domain, against a DNS and a web server that are texts: each finding appears when its fault is there, and
 * not when it is not. Answers come in an order that varies. */
#include "unit.h"

#include "domain.h"
#include "parts.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/net/download.h>

/* ---- The DNS: lines "NAME TYPE DATA", where the data may be !FATE ---- */

#define MX "example.com MX 10 mail.example.com\nexample.com MX 20 mx2.example.net\n"
#define A "mail.example.com A 192.0.2.1\nmx2.example.net A 192.0.2.2\n"
#define GOOD MX A

struct question {
    char *name;
    enum dns_type type;
    void (*answered)(void *context, const struct dns_answer *answer);
    void *context;
};

struct answer {
    struct dns_answer answer;
    struct dns_record records[120];
    char text[200];
};

static const char *zone;
static struct question questions[1000];
static struct answer *answers[1000];
static size_t question_count, answer_count, turn;
static bool is_over;

void lookups_ask(struct lookups *lookups, const char *name, enum dns_type type,
                 void (*answered)(void *context, const struct dns_answer *answer), void *context)
{
    (void)lookups;
    assert_true(question_count < sizeof questions / sizeof questions[0]);
    questions[question_count++] = (struct question){memory_copy(name), type, answered, context};
}

void part_over(struct part *part)
{
    part->findings->is_over = true;
    assert_false(is_over);
    is_over = true;
}

static enum dns_fate fate_of(const char *word)
{
    static const char *const words[] = {
        [DNS_NO_RECORD] = "!NODATA", [DNS_NO_NAME] = "!NXDOMAIN", [DNS_FAILED] = "!SERVFAIL",
        [DNS_REFUSED] = "!REFUSED",  [DNS_SILENT] = "!SILENCE",   [DNS_RUBBISH] = "!RUBBISH"};

    for (size_t i = DNS_NO_RECORD; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], word) == 0)
            return (enum dns_fate)i;
    }
    return DNS_FOUND;
}

static void add_record(struct answer *answer, enum dns_type type, const char *data)
{
    struct dns_record *record = &answer->records[answer->answer.count++];
    char *end;

    assert_true(answer->answer.count <= sizeof answer->records / sizeof answer->records[0]);
    if (type == DNS_MX) {
        record->preference = (int)strtol(data, &end, 10);
        data = end + 1;
    }
    record->text = memory_copy(strcmp(data, ".") == 0 ? "" : data);
}

/* Follows aliases as a resolver does. */
static void look_up(struct answer *answer, const char *name, enum dns_type type)
{
    static const char *const types[] = {
        [DNS_A] = "A",     [DNS_AAAA] = "AAAA", [DNS_CNAME] = "CNAME", [DNS_MX] = "MX",
        [DNS_PTR] = "PTR", [DNS_TXT] = "TXT",   [DNS_TLSA] = "TLSA"};
    char line[3000], alias[300] = "";
    bool is_there = false;

    for (const char *at = zone, *end; *at != '\0'; at = end + 1) {
        end = strchr(at, '\n');
        assert_non_null(end);
        (void)snprintf(line, sizeof line, "%.*s", (int)(end - at), at);
        char *data = strchr(line, ' ');
        *data++ = '\0';
        char *value = strchr(data, ' ');
        *value++ = '\0';
        if (strcmp(line, name) != 0)
            continue;
        is_there = true;
        if (strcmp(data, "CNAME") == 0)
            (void)snprintf(alias, sizeof alias, "%s", value);
        else if (strcmp(data, types[type]) == 0 && fate_of(value) != DNS_FOUND)
            answer->answer.fate = fate_of(value);
        else if (strcmp(data, types[type]) == 0)
            add_record(answer, type, value);
    }
    if (alias[0] != '\0' && answer->answer.alias == NULL) {
        look_up(answer, alias, type);
        answer->answer.alias = memory_copy(alias);
    } else if (answer->answer.count == 0 && answer->answer.fate == DNS_FOUND) {
        answer->answer.fate = is_there ? DNS_NO_RECORD : DNS_NO_NAME;
    }
}

static void answer_question(size_t index)
{
    struct question question = questions[index];
    struct answer *answer = memory_new(1, sizeof *answer);

    questions[index] = questions[--question_count];
    answers[answer_count++] = answer;
    answer->answer.records = answer->records;
    look_up(answer, question.name, question.type);
    (void)snprintf(answer->text, sizeof answer->text, "fate %d of %s", (int)answer->answer.fate,
                   question.name);
    answer->answer.text = answer->answer.fate != DNS_FOUND ? answer->text : NULL;
    question.answered(question.context, &answer->answer);
    free(question.name);
}

/* ---- HTTPS ---- */

struct download {
    void (*done)(void *context, const struct download_result *result);
    void *context;
};

static struct download_result document;
static struct download *fetching;
static char fetched_from[200];

struct download *download_begin(struct loop *loop, const struct download_options *options,
                                void (*done)(void *context, const struct download_result *result),
                                void *context, struct error *error)
{
    (void)loop;
    (void)snprintf(fetched_from, sizeof fetched_from, "%s %s%s", options->addresses[0],
                   options->host, options->path);
    if (document.error.status == STATUS_SYSTEM) {
        *error = document.error;
        return NULL;
    }
    fetching = memory_new(1, sizeof *fetching);
    *fetching = (struct download){done, context};
    return fetching;
}

void download_free(struct download *fetch)
{
    free(fetch);
}

static void answer_fetch(void)
{
    struct download fetch = *fetching;

    fetching = NULL;
    document.size = document.bytes != NULL ? strlen(document.bytes) : 0;
    fetch.done(fetch.context, &document);
}

/* ---- The look ---- */

static struct backup_config backups[3];
static struct node nodes[3];
static char ehlo_name[] = "mail.example.com", address[] = "127.0.0.1", remote[] = "10.0.0.7",
            names[3][20] = {"mx2", "mx3", "odmr"},
            hosts[3][40] = {"mx2.example.net", "mx3.example.net", "odmr.example.net"};
static struct config config;
static struct findings findings;

static void set_up_backup(size_t index, enum method method, const char *domain)
{
    struct error error;

    assert_int_equal(node_parse(&nodes[index], domain, &error), STATUS_OK);
    backups[index] = (struct backup_config){.name = names[index],
                                            .host = hosts[index],
                                            .method = method,
                                            .domains = &nodes[index],
                                            .domain_count = 1};
}

static void set_up(void)
{
    set_up_backup(0, METHOD_ETRN, "example.com");
    set_up_backup(1, METHOD_ETRN, "example.org");
    set_up_backup(2, METHOD_ATRN, "example.com");
    config = (struct config){.ehlo_name = ehlo_name, .backups = backups, .backup_count = 2};
    config.primary.public_name = ehlo_name;
    config.primary.address = (struct address){.text = address, .host = address, .port = 25};
    zone = GOOD;
    document = (struct download_result){.code = 200, .type = "text/plain"};
}

static const char *line_of(const struct finding *finding)
{
    static char line[3000];
    static const char *const words[] = {"OK", "WARN", "FAIL", "SKIP"};

    (void)snprintf(line, sizeof line, "%s %s%s", words[finding->severity], finding->id,
                   finding->exit_status == 75   ? " 75"
                   : finding->exit_status == 76 ? " 76"
                   : finding->exit_status == 77 ? " 77"
                   : finding->exit_status == 78 ? " 78"
                                                : "");
    return line;
}

/* Looks at example.com. All but OK comes as "WARN mx-unknown; FAIL mx-single 78". */
static void look_at(char found[3000], const char *domain, const char *own)
{
    static const struct check_options options = {.config = &config};
    static struct gate gate;
    struct host_address addresses[2] = {{"127.0.0.1"}, {""}};
    struct node node;
    struct error error;
    struct part part = {.options = &options,
                        .downloads = &gate,
                        .findings = &findings,
                        .own = addresses,
                        .own_count = own != NULL ? 2 : 1};

    (void)snprintf(addresses[1].text, sizeof addresses[1].text, "%s", own != NULL ? own : "");
    assert_int_equal(node_parse(&node, domain, &error), STATUS_OK);
    findings = (struct findings){.topic = TOPIC_DOMAIN, .domain = domain, .node = node};
    gate = (struct gate){.free = 1};
    is_over = false;
    fetched_from[0] = '\0';
    domain_methods.begin(&part);
    while (question_count > 0 || fetching != NULL) {
        if (question_count > 0)
            answer_question(turn++ * 7 % question_count);
        else
            answer_fetch();
    }
    assert_true(is_over);
    assert_int_equal(gate.free, 1);
    domain_methods.free(&part);
    found[0] = '\0';
    for (size_t i = 0; i < findings.count; i++) {
        const struct finding *finding = &findings.list[i];
        const size_t size = strlen(found);

        if (finding->severity == SEVERITY_WARN || finding->severity == SEVERITY_FAIL) {
            assert_non_null(finding->advice);
            assert_null(strchr(finding->advice, '\n'));
        }
        if (finding->severity != SEVERITY_OK && strcmp(finding->id, "tlsa") != 0 &&
            strcmp(finding->id, "primary-address") != 0)
            (void)snprintf(found + size, 3000 - size, "%s%s", size > 0 ? "; " : "",
                           line_of(finding));
    }
}

static void clean_up(void)
{
    findings_done(&findings);
    while (answer_count > 0) {
        struct answer *answer = answers[--answer_count];

        for (size_t i = 0; i < answer->answer.count; i++)
            free(answer->records[i].text);
        free((char *)(uintptr_t)answer->answer.alias);
        free(answer);
    }
}

static const struct finding *finding_of(const char *id)
{
    for (size_t i = 0; i < findings.count; i++) {
        if (strcmp(findings.list[i].id, id) == 0)
            return &findings.list[i];
    }
    fail_msg("there is no finding %s", id);
    abort();
}

struct row {
    const char *name, *zone, *expected;
    const char *text; /* stands in the text or advice of the first of the expected, or NULL */
};

static void check_found(const struct row *row, const char *found)
{
    char id[100];

    if (strcmp(found, row->expected) != 0)
        fail_msg("%s: expected \"%s\", came \"%s\"", row->name, row->expected, found);
    if (row->text == NULL)
        return;
    const char *begin = strchr(row->expected, ' ') + 1;
    (void)snprintf(id, sizeof id, "%.*s", (int)strcspn(begin, " ;"), begin);
    const struct finding *finding = finding_of(id);
    if (strstr(finding->text, row->text) == NULL &&
        (finding->advice == NULL || strstr(finding->advice, row->text) == NULL))
        fail_msg("%s: \"%s\" is neither in \"%s\" nor in \"%s\"", row->name, row->text,
                 finding->text, finding->advice);
}

/* Each row is looked at with its questions answered in several orders. */
static void check_row(const struct row *row)
{
    char found[3000];

    for (size_t i = 0; i < 5; i++) {
        zone = row->zone;
        look_at(found, "example.com", NULL);
        check_found(row, found);
        clean_up();
    }
}

static void test_row(void **state)
{
    set_up();
    check_row(*state);
}

static const struct row mx_rows[] = {
    {"all is well", GOOD, "", NULL},
    {"all is well with IPv6", GOOD "mail.example.com AAAA 2001:db8::1\n", "", NULL},
    {"no MX", "example.com A 192.0.2.1\n" A, "FAIL mx-none 78",
     "\"example.com. MX 10 mail.example.com.\" and \"example.com. MX 20 mx2.example.net.\""},
    {"no such domain", A, "FAIL mx-no-domain 78", "fate 2 of example.com"},
    {"SERVFAIL", "example.com MX !SERVFAIL\n" A, "FAIL mx-failed 75", "dig +trace"},
    {"REFUSED", "example.com MX !REFUSED\n" A, "FAIL mx-refused 77", "allow-recursion"},
    {"silence", "example.com MX !SILENCE\n" A, "FAIL mx-silent 75", "port 53"},
    {"rubbish", "example.com MX !RUBBISH\n" A, "FAIL mx-rubbish 76", "dns_server"},
    {"null MX", "example.com MX 0 .\n" A, "FAIL mx-null 78", "RFC 7505"},
    {"null MX beside others", "example.com MX 0 .\n" GOOD, "FAIL mx-null 78", "remove"},
    {"primary alone", "example.com MX 10 mail.example.com\n" A,
     "FAIL mx-single 78; FAIL mx-backup-missing 78", "\"example.com. MX 20 mx2.example.net.\""},
    {"backup alone", "example.com MX 20 mx2.example.net\n" A,
     "FAIL mx-single 78; FAIL mx-primary-missing 78",
     "for your mail server: \"example.com. MX 10 mail.example.com.\""},
    {"primary alone at the highest number of all", "example.com MX 65535 mail.example.com\n" A,
     "FAIL mx-single 78; FAIL mx-backup-missing 78",
     "\"example.com. MX 65535 mx2.example.net.\", and give all others lower numbers"},
    {"backup alone at the lowest number of all", "example.com MX 0 mx2.example.net\n" A,
     "FAIL mx-single 78; FAIL mx-primary-missing 78",
     "\"example.com. MX 0 mail.example.com.\", and give all others higher numbers"},
    {"primary missing",
     "example.com MX 10 other.example.com\nexample.com MX 20 mx2.example.net\n"
     "other.example.com A 192.0.2.9\n" A,
     "FAIL mx-primary-missing 78; WARN mx-unknown", "set primary { public_name = }"},
    {"primary by its address",
     "example.com MX 10 other.example.com\nexample.com MX 20 mx2.example.net\n"
     "other.example.com A 192.0.2.1\n" A,
     "", NULL},
    {"another one first", GOOD "example.com MX 5 a.example\na.example A 192.0.2.9\n",
     "FAIL mx-primary-not-lowest 78; WARN mx-unknown", "a.example (preference 5) first"},
    {"another one as well", GOOD "example.com MX 10 a.example\na.example A 192.0.2.9\n",
     "WARN mx-primary-equal; WARN mx-unknown", "by chance"},
    {"backup missing", MX A "example.com MX 30 x.example\nx.example A 192.0.2.9\n",
     "WARN mx-unknown", "preference 30"},
    {"backup first", "example.com MX 20 mail.example.com\nexample.com MX 10 mx2.example.net\n" A,
     "FAIL mx-backup-lower 78", "such as 30"},
    {"backup as well", "example.com MX 10 mail.example.com\nexample.com MX 10 mx2.example.net\n" A,
     "FAIL mx-backup-equal 78", "by chance"},
    {"backup by its address",
     "example.com MX 10 mail.example.com\nexample.com MX 20 b.example\nb.example A 192.0.2.2\n" A,
     "", NULL},
    {"backup is another host",
     "example.com MX 10 mail.example.com\nexample.com MX 20 b.example\nb.example A 192.0.2.3\n" A,
     "FAIL mx-backup-missing 78; WARN mx-unknown", "\"example.com. MX 30 mx2.example.net.\""},
    {"it cannot be told whether it is",
     "example.com MX 10 mail.example.com\nexample.com MX 20 b.example\nb.example A 192.0.2.3\n"
     "mail.example.com A 192.0.2.1\nmx2.example.net A !SERVFAIL\nmx2.example.net AAAA !SERVFAIL\n",
     "SKIP mx-backup; WARN mx-unknown", NULL},
    {"a backup of other domains",
     GOOD "example.com MX 30 mx3.example.net\nmx3.example.net A 192.0.2.3\n", "WARN mx-unasked",
     "add \"example.com\" to the domains of backup \"mx3\""},
    {"twice", GOOD "example.com MX 30 mx2.example.net\n", "WARN mx-double", "2 times"},
    {"an address", MX "example.com MX 30 192.0.2.2\n" A, "FAIL mx-address 78", "RFC 5321"},
    {"an alias",
     MX "mail.example.com A 192.0.2.1\nmx2.example.net CNAME real.example.net\nreal.example.net A "
        "192.0.2.2\n",
     "FAIL mx-alias 78", "put real.example.net into"},
    {"a host without an address", MX "mail.example.com A 192.0.2.1\nmx2.example.net TXT x\n",
     "FAIL mx-target-missing 78", "add its A or AAAA"},
    {"a host that is not there", MX "mail.example.com A 192.0.2.1\n", "FAIL mx-target-missing 78",
     "fate 2 of mx2.example.net"},
    {"a host of a lame domain",
     MX "mail.example.com A 192.0.2.1\nmx2.example.net A !SERVFAIL\nmx2.example.net AAAA !NODATA\n",
     "FAIL mx-target-failed 75", "fate 3 of mx2.example.net"},
    {"a host that is refused",
     MX "mail.example.com A 192.0.2.1\nmx2.example.net A !REFUSED\nmx2.example.net AAAA "
        "!REFUSED\n",
     "FAIL mx-target-failed 77", NULL},
    {"AAAA that fails beside an A", GOOD "mx2.example.net AAAA !SERVFAIL\n", "", NULL},
    {"a private address", MX "mail.example.com A 192.0.2.1\nmx2.example.net A 172.31.0.1\n",
     "WARN mx-target-private", "a private address"},
    {"a loopback address", MX "mail.example.com A 192.0.2.1\nmx2.example.net AAAA ::1\n",
     "WARN mx-target-private", "a loopback address"},
    {"TLSA", GOOD "_25._tcp.mx2.example.net TLSA 3 1 1 abcd\n", "", NULL},
    {"TLSA of a lame zone", GOOD "_25._tcp.mx2.example.net TLSA !SERVFAIL\n", "WARN tlsa-failed",
     "RFC 7672"},
    {"TLSA that is refused", GOOD "_25._tcp.mx2.example.net TLSA !REFUSED\n", "", NULL},
};

#define STS GOOD "_mta-sts.example.com TXT v=STSv1; id=2026;\nmta-sts.example.com A 192.0.2.80\n"

static const struct row record_rows[] = {
    {"no record of MTA-STS", GOOD "_mta-sts.example.com TXT v=spf1 -all\n", "", NULL},
    {"several records", STS "_mta-sts.example.com TXT v=STSv1; id=2;\n", "WARN mta-sts-records",
     NULL},
    {"record without id", GOOD "_mta-sts.example.com TXT v=STSv1;\n", "WARN mta-sts-id", NULL},
    {"record with a bad id", GOOD "_mta-sts.example.com TXT v=STSv1; id=2026-01;\n",
     "WARN mta-sts-id", NULL},
    {"record with a long id",
     GOOD "_mta-sts.example.com TXT v=STSv1; id=123456789012345678901234567890123;\n",
     "WARN mta-sts-id", NULL},
    {"record of another version", GOOD "_mta-sts.example.com TXT v=STSv2; id=2026;\n",
     "WARN mta-sts-version", "v=STSv2"},
    {"record in lower case", GOOD "_mta-sts.example.com TXT v=stsv1; id=2026;\n",
     "WARN mta-sts-version", NULL},
    {"record that cannot be had", GOOD "_mta-sts.example.com TXT !SERVFAIL\n", "SKIP mta-sts",
     NULL},
    {"no web server", GOOD "_mta-sts.example.com TXT v=STSv1; id=2026\n", "FAIL mta-sts-no-host 78",
     "mta-sts.example.com has no address"},
    {"a web server of a lame domain",
     GOOD "_mta-sts.example.com TXT v=STSv1; id=2026\nmta-sts.example.com A "
          "!SERVFAIL\nmta-sts.example.com AAAA !SERVFAIL\n",
     "FAIL mta-sts-unreachable 75", "mta-sts.example.com has no address"},
    {"SPF without the backup", GOOD "example.com TXT v=spf1 a:mail.example.com -all\n", "SKIP spf",
     "have your mail server trust 192.0.2.2"},
    {"SPF that is soft", GOOD "example.com TXT v=spf1 a:mail.example.com ~all\n", "", NULL},
    {"SPF with the MX hosts", GOOD "example.com TXT v=spf1 mx -all\n", "", NULL},
    {"SPF with the backup's name", GOOD "example.com TXT v=spf1 a:MX2.example.net -all\n", "",
     NULL},
    {"SPF with the backup's network", GOOD "example.com TXT v=spf1 ip4:192.0.2.0/29 -all\n", "",
     NULL},
    {"SPF with another network", GOOD "example.com TXT v=spf1 ip4:192.0.2.0/31 -all\n", "SKIP spf",
     NULL},
    {"SPF with the backup forbidden", GOOD "example.com TXT v=spf1 -ip4:192.0.2.2 -all\n",
     "SKIP spf", NULL},
    {"SPF with what is elsewhere", GOOD "example.com TXT v=spf1 include:a.example -all\n",
     "SKIP spf", "(what it includes is not looked at)"},
    {"SPF of one of two addresses",
     GOOD "mx2.example.net AAAA 2001:db8::2\nexample.com TXT v=spf1 ip4:192.0.2.2 -all\n",
     "SKIP spf", "2001:db8::2"},
    {"SPF of both addresses",
     GOOD "mx2.example.net AAAA 2001:db8::2\n"
          "example.com TXT v=spf1 ip4:192.0.2.2 ip6:2001:db8::/64 -all\n",
     "", NULL},
    {"two SPF records", GOOD "example.com TXT v=spf1 -all\nexample.com TXT v=spf1 -all\n", "",
     NULL},
    {"no SPF", GOOD "example.com TXT v=spf10 -all\nexample.com TXT -all\n", "", NULL},
    {"DMARC reject", GOOD "_dmarc.example.com TXT v=DMARC1; p=reject; rua=mailto:a@example.com\n",
     "SKIP dmarc", "trust 192.0.2.2"},
    {"DMARC quarantine", GOOD "_dmarc.example.com TXT v=DMARC1;P = Quarantine\n", "SKIP dmarc",
     NULL},
    {"DMARC none", GOOD "_dmarc.example.com TXT v=DMARC1; p=none; sp=reject\n", "", NULL},
    {"DMARC without a policy", GOOD "_dmarc.example.com TXT v=DMARC1; pct=reject\n", "", NULL},
};

struct policy_row {
    const char *name, *document, *expected, *text;
    int code;
    const char *type;
    enum status status;
};

#define POLICY(mode, mx) "version: STSv1\nmode: " mode "\n" mx "max_age: 604800\n"
#define PLAIN 200, "text/plain", STATUS_OK

static const struct policy_row policy_rows[] = {
    {"both are listed", POLICY("enforce", "mx: mail.example.com\nmx: MX2.example.NET\n"), "", NULL,
     PLAIN},
    {"lines end in CR LF",
     "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: mx2.example.net\r\n"
     "max_age: 1\r\n",
     "", NULL, PLAIN},
    {"a type with a character set", POLICY("enforce", "mx: *.example.com\nmx: *.example.net\n"), "",
     NULL, 200, "text/plain; charset=utf-8", STATUS_OK},
    {"the backup is not listed", POLICY("enforce", "mx: *.example.com\n"),
     "FAIL mta-sts-missing 78", "add \"mx: mx2.example.net\"", PLAIN},
    {"the primary is not listed", POLICY("enforce", "mx: *.example.net\n"),
     "FAIL mta-sts-missing 78", "your mail server", PLAIN},
    {"a wildcard stands for one label",
     POLICY("enforce", "mx: *.com\nmx: mx2.example.net\nmx: mail.example.com.\n"),
     "FAIL mta-sts-missing 78", NULL, PLAIN},
    {"the backup is not listed while testing", POLICY("testing", "mx: *.example.com\n"),
     "WARN mta-sts-missing", "mode testing", PLAIN},
    {"mode none", POLICY("none", ""), "", NULL, PLAIN},
    {"another mode", POLICY("on", "mx: a\n"), "FAIL mta-sts-policy 78", "mode \"on\"", PLAIN},
    {"another version", "version: STSv2\nmode: none\nmax_age: 1\n", "FAIL mta-sts-policy 78",
     "version: STSv1", PLAIN},
    {"no mx", POLICY("enforce", ""), "FAIL mta-sts-policy 78", "lists no mx", PLAIN},
    {"no max_age", "version: STSv1\nmode: none\n", "FAIL mta-sts-policy 78", "max_age", PLAIN},
    {"no mode", "version: STSv1\nmax_age: 1\n", "FAIL mta-sts-policy 78", "mode", PLAIN},
    {"too long an age", "version: STSv1\nmode: none\nmax_age: 31557601\n", "FAIL mta-sts-policy 78",
     "31557600", PLAIN},
    {"nothing", "", "FAIL mta-sts-policy 78", "version", PLAIN},
    {"a page", "<html>\n", "FAIL mta-sts-policy 78", "version", PLAIN},
    {"another type", POLICY("enforce", "mx: *.example.com\nmx: *.example.net\n"),
     "WARN mta-sts-type", "text/html", 200, "text/html", STATUS_OK},
    {"no type", POLICY("none", ""), "WARN mta-sts-type", "no type", 200, NULL, STATUS_OK},
    {"not found", "", "FAIL mta-sts-http 78", "404", 404, "text/html", STATUS_OK},
    {"elsewhere", "", "FAIL mta-sts-http 78", "301", 301, "text/html", STATUS_OK},
    {"too long", NULL, "FAIL mta-sts-policy 78", "why", 0, NULL, STATUS_LIMIT},
    {"unreachable", NULL, "FAIL mta-sts-unreachable 75", "why", 0, NULL, STATUS_UNREACHABLE},
    {"too late", NULL, "FAIL mta-sts-unreachable 75", "why", 0, NULL, STATUS_TIMEOUT},
    {"no HTTP", NULL, "FAIL mta-sts-unreachable 76", "why", 0, NULL, STATUS_PROTOCOL},
    {"bad certificate", NULL, "FAIL mta-sts-certificate 76", "why", 0, NULL, STATUS_TLS},
    {"no CA file", NULL, "FAIL mta-sts-unreachable 75", "why", 0, NULL, STATUS_SYSTEM},
};

static void test_policy(void **state)
{
    const struct policy_row *row = *state;

    set_up();
    document = (struct download_result){.code = row->code,
                                        .type = row->type,
                                        .bytes = row->document,
                                        .error = {row->status, "why"}};
    check_row(&(struct row){row->name, STS, row->expected, row->text});
    assert_string_equal(fetched_from, "192.0.2.80 mta-sts.example.com/.well-known/mta-sts.txt");
}

/* Mail that comes by ATRN alone comes to the provider, whose MX hosts need not be the one that is asked. */
static void test_reversed(void **state)
{
    static const char provider[] = "example.com MX 10 in.example.net\nin.example.net A 192.0.2.3\n"
                                   "odmr.example.net A 192.0.2.4\nmail.example.com A 192.0.2.1\n"
                                   "example.com TXT v=spf1 -all\n";
    static const char same[] = "example.com MX 10 odmr.example.net\nodmr.example.net A 192.0.2.4\n"
                               "example.com TXT v=spf1 -all\n";

    (void)state;
    set_up();
    backups[0] = backups[2];
    check_row(&(struct row){"provider", provider,
                            "SKIP mx-primary; SKIP mx-backup; SKIP mx-unknown", NULL});
    check_row(&(struct row){"same", same, "SKIP mx-primary", NULL});
    config.primary.proxy_protocol = true;
    check_row(&(struct row){"proxied", same, "SKIP mx-primary; SKIP spf", "not among them"});
}

/* A backup is asked for a domain by other forms of its name, too. */
static void test_forms(void **state)
{
    static const char zone_of_b[] = GOOD "example.com MX 30 mx3.example.net\n"
                                         "mx3.example.net A 192.0.2.3\n";
    static const struct {
        const char *node, *expected;
    } rows[] = {{"@example.com", ""},
                {"@com", ""},
                {"#Example.com", ""},
                {"example.com", ""},
                {"@ample.com", "WARN mx-unasked"},
                {"@a.example.com", "WARN mx-unasked"},
                {"#example", "WARN mx-unasked"}};

    (void)state;
    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up_backup(1, METHOD_ETRN, rows[i].node);
        check_row(&(struct row){rows[i].node, zone_of_b, rows[i].expected, NULL});
    }
}

/* A section that can be taken over as it stands; a name that could not stand there brings none. */
static void test_block(void **state)
{
    char found[3000];

    (void)state;
    set_up();
    zone = GOOD "example.com MX 30 x.example\nx.example A 192.0.2.9\n";
    look_at(found, "example.com", NULL);
    assert_string_equal(finding_of("mx-unknown")->block,
                        "backup \"x.example\" {\n    domains = {\"example.com\"}\n}\n");
    clean_up();
    zone = GOOD "example.com MX 30 x\"}\001.example\nx\"}\001.example A 192.0.2.9\n";
    look_at(found, "example.com", NULL);
    assert_null(finding_of("mx-unknown")->block);
    assert_non_null(strstr(finding_of("mx-unknown")->text, "\\x01"));
    clean_up();
}

/* The primary's address, as this machine, beside which it runs or not, sees it. */
static void test_primary_address(void **state)
{
    static const struct {
        const char *own, *listens, *expected;
    } rows[] = {
        {NULL, address, "SKIP primary-address"},
        {"10.0.0.5", address, "SKIP primary-address"},
        {"192.0.2.1", address, "OK primary-address"},
        {"198.51.100.1", address, "WARN primary-address-other"},
        {"2001:db8::1", address, "SKIP primary-address"},
        {"198.51.100.1", remote, "SKIP primary-address"},
        {"198.51.100.1", "192.0.2.1", "OK primary-address"},
    };
    char found[3000], listens[40];

    (void)state;
    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(listens, sizeof listens, "%s", rows[i].listens);
        config.primary.address.host = listens;
        look_at(found, "example.com", rows[i].own);
        const char *id = strchr(rows[i].expected, ' ') + 1;
        assert_string_equal(line_of(finding_of(id)), rows[i].expected);
        clean_up();
    }
}

/* This machine's own address in an MX record is the primary, whatever its name, and so is the address where it listens. */
static void test_own_address(void **state)
{
    char found[3000], listens[] = "192.0.2.1";

    (void)state;
    set_up();
    config.primary.public_name = NULL;
    zone = GOOD;
    look_at(found, "example.com", "192.0.2.1");
    assert_string_equal(found, "");
    assert_non_null(strstr(finding_of("mx-primary")->text, "by its address 192.0.2.1"));
    clean_up();
    config.primary.address.host = listens;
    look_at(found, "example.com", NULL);
    assert_string_equal(found, "");
    clean_up();
    config.primary.address.host = address;
    look_at(found, "example.com", "192.0.2.77");
    assert_string_equal(found, "FAIL mx-primary-missing 78; WARN mx-unknown");
    clean_up();
}

/* 100 MX: bounded texts, and a section for each that is not known. */
static void test_many(void **state)
{
    struct buffer text;
    char found[3000];
    size_t blocks = 0;

    (void)state;
    set_up();
    buffer_init(&text, 20000);
    (void)buffer_append_text(&text, GOOD);
    for (int i = 0; i < 98; i++)
        (void)buffer_append_format(
            &text, "example.com MX %d h%d.example\nh%d.example A 192.0.2.9\n", 100 + i, i, i);
    zone = text.bytes;
    look_at(found, "example.com", NULL);
    for (size_t i = 0; i < findings.count; i++)
        blocks += findings.list[i].block != NULL;
    assert_int_equal(blocks, 98);
    assert_non_null(strstr(finding_of("mx")->text, "and 92 more"));
    clean_up();
    buffer_done(&text);
}

/* What is under way can be broken off at every answer. */
static void test_broken_off(void **state)
{
    static const struct check_options options = {.config = &config};
    struct error error;
    struct node node;

    (void)state;
    set_up();
    zone = STS;
    document.bytes = "";
    assert_int_equal(node_parse(&node, "example.com", &error), STATUS_OK);
    for (size_t steps = 0; !is_over || steps == 0; steps++) {
        struct gate gate = {.free = 1};
        struct part part = {.options = &options, .downloads = &gate, .findings = &findings};

        is_over = false;
        findings = (struct findings){.topic = TOPIC_DOMAIN, .domain = "x", .node = node};
        domain_methods.begin(&part);
        for (size_t i = 0; i < steps && (question_count > 0 || fetching != NULL); i++) {
            if (question_count > 0)
                answer_question(0);
            else
                answer_fetch();
        }
        domain_methods.free(&part);
        fetching = NULL;
        while (question_count > 0)
            free(questions[--question_count].name);
        clean_up();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reversed),    cmocka_unit_test(test_forms),
        cmocka_unit_test(test_block),       cmocka_unit_test(test_primary_address),
        cmocka_unit_test(test_own_address), cmocka_unit_test(test_many),
        cmocka_unit_test(test_broken_off),
    };

    return unit_status(RUN_TABLE(mx_rows, test_row) + RUN_TABLE(record_rows, test_row) +
                       RUN_TABLE(policy_rows, test_policy) +
                       cmocka_run_group_tests(tests, NULL, NULL));
}
