/* check: the configuration that mxpull init makes. Whatever the DNS and the hosts have said, config_load takes it. */
#include "directory.h"
#include "random.h"

#include <check/draft_text.h>
#include <mxpull/base/compiler.h>
#include <mxpull/config/config.h>

enum {
    TEXT_SIZE = 1024 * 1024,
    HOSTS_MAX = 8,
    DOMAINS_MAX = 6,
    PICTURES = 500
};

static const struct visit
    postfix = {.has_ehlo = true,
               .certificate = VISIT_CERTIFICATE_GOOD,
               .facts = {.greeting = "220 mx2.example.net ESMTP Postfix", .ehlo = {.etrn = true}}},
    exim = {.has_ehlo = true,
            .facts = {.greeting = "220 mx3.example.net ESMTP Exim 4.96",
                      .ehlo = {.etrn = true, .auth = true, .mechanism_names = "PLAIN LOGIN"}}},
    hidden = {.has_ehlo = true,
              .certificate = VISIT_CERTIFICATE_BAD,
              .tls_fault = "the certificate has expired",
              .facts = {.greeting = "220 mx2.example.net ESMTP"}},
    dead = {.error = {STATUS_UNREACHABLE, "connection refused"}},
    hostile = {.has_ehlo = true,
               .tls_fault = "\n} \"",
               .facts = {.greeting = "220 \"}\nbackup \x1b[2J # ${HOME} \\",
                         .ehlo = {.auth = true, .atrn = true, .mechanism_names = "\" {\n"}}},
    odmr = {.has_ehlo = true, .facts = {.ehlo = {.atrn = true, .auth = true}}};

/* ---- pictures, each with words that stand in its configuration, and one that does not ---- */

struct row {
    const char *name;
    struct draft_picture picture;
    size_t uncertain, unbacked;
    const char *words[6], *missing;
};

#define HOSTS(...)                                                                                 \
    .hosts = (struct draft_host[]){__VA_ARGS__},                                                   \
    .host_count = sizeof(struct draft_host[]){__VA_ARGS__} / sizeof(struct draft_host)
#define DOMAINS(...)                                                                               \
    .domains = (struct draft_domain[]){__VA_ARGS__},                                               \
    .domain_count = sizeof(struct draft_domain[]){__VA_ARGS__} / sizeof(struct draft_domain)
#define MX(...)                                                                                    \
    .exchanges = (struct draft_exchange[]){__VA_ARGS__},                                           \
    .exchange_count = sizeof(struct draft_exchange[]){__VA_ARGS__} / sizeof(struct draft_exchange)

static const struct row rows[] = {
    {"ours by its name",
     {"mail.example.com", NULL,
      HOSTS({.name = "mail.example.com"}, {.name = "mx2.example.net", .smtp = &postfix}),
      DOMAINS({.text = "example.com", .ascii = "example.com", MX({0, 10}, {1, 20})})},
     0,
     0,
     {"# example.com\n#   mail.example.com (preference 10) is taken for your mail server: it has "
      "this machine's name\n"
      "#   mx2.example.net (preference 20) is taken for a backup\n\n",
      "    public_name = \"mail.example.com\"\n",
      "\nbackup \"mx2\" {\n    # It greets with \"220 mx2.example.net ESMTP Postfix\": perhaps "
      "Postfix.\n"
      "    # It offers ETRN.\n    # It offers STARTTLS with a good certificate.\n    host = "
      "\"mx2.example.net\"\n"
      "    domains = {\"example.com\"}\n    tls = required\n}\n"},
     "dns_server"},
    {"ours by its address",
     {"other.example.com", "127.0.0.1:5353",
      HOSTS({.name = "mx2.example.net", .smtp = &hidden},
            {.name = "mail.example.com", .address = "192.0.2.1"}),
      DOMAINS({.text = "example.com", .ascii = "example.com", MX({0, 10}, {1, 20})})},
     0,
     0,
     {"mail.example.com (preference 20) is taken for your mail server: 192.0.2.1 is an address of "
      "this machine\n",
      "mx2.example.net (preference 10) is taken for a backup, but is preferred to your mail server",
      "dns_server = \"127.0.0.1:5353\"\n",
      "    # It does not offer ETRN: ask its administrator (Postfix: ",
      "    # It offers STARTTLS, but: the certificate has expired.\n"},
     "tls = required"},
    {"ours by its number, and one of the same number",
     {"host", NULL, HOSTS({.name = "a.example.com"}, {.name = "b.example.com", .smtp = &dead}),
      DOMAINS({.text = "example.com", .ascii = "example.com", MX({0, 10}, {1, 10})})},
     0,
     0,
     {"a.example.com (preference 10) is taken for your mail server, for it has the lowest number",
      "b.example.com (preference 10) is taken for a backup, but has the same number",
      "    # What it offers could not be found out: connection refused.\n"},
     "It offers"},
    {"several domains of one backup, and one of two",
     {"mail.example.com", NULL,
      HOSTS({.name = "mail.example.com"}, {.name = "mx.one.example", .smtp = &exim},
            {.name = "mx.two.example", .why = "no route", .odmr = &odmr}),
      DOMAINS({.text = "a.example", .ascii = "a.example", MX({0, 10}, {1, 20})},
              {.text = "b.example", .ascii = "b.example", MX({0, 1}, {1, 2}, {2, 3})},
              {.text = "c.example", .ascii = "c.example", MX({0, 1})})},
     0,
     1,
     {"backup \"mx.one.example\" {\n", "    domains = {\"#a.example\", \"#b.example\"}\n",
      "backup \"mx.two.example\" {\n", "    domains = {\"b.example\"}\n", "    #method = atrn\n",
      "# c.example\n#   mail.example.com (preference 1) is taken for your mail server: it has this "
      "machine's name\n"
      "#   has no backup MX: add a record for one, with a higher number than 1\n"},
     "c.example\""},
    {"no backup",
     {"mail.example.com", NULL, HOSTS({.name = "mail.example.com"}),
      DOMAINS({.text = "a.example", .ascii = "a.example", MX({0, 10})})},
     0,
     1,
     {"host = \"backup.invalid\"\n    domains = {\"a.example\"}\n"},
     "mx2"},
    {"no records, and none that could be found out",
     {"mail.example.com", NULL, .hosts = NULL,
      DOMAINS({.text = "a.example", .fate = DNS_NO_NAME},
              {.text = "b.example", .fate = DNS_NO_RECORD},
              {.text = "c.example", .fate = DNS_FAILED, .why = "192.0.2.1 says SERVFAIL"},
              {.text = "d.example", .has_null = true})},
     1,
     3,
     {"# a.example\n#   is not in the DNS", "# b.example\n#   has no MX record",
      "c.example\n#   its MX records could not be found out: 192.0.2.1 says SERVFAIL",
      "# d.example\n#   takes no mail", "host = \"backup.invalid\""},
     "public_name"},
    {"hosts that are none",
     {"mail.example.com", NULL,
      HOSTS({.name = "mail.example.com"}, {.name = "a\"}\nb"}, {.name = "*.example"},
            {.name = "1.2.3"}),
      DOMAINS({.text = "a.example", .ascii = "a.example", MX({0, 10}, {1, 20}, {2, 30}, {3, 40})})},
     0,
     1,
     {"\"a\"}\\nb\" (preference 20) is no name", "has no backup MX"},
     "host = \"1.2.3\""},
    {"an address",
     {"mail.example.com", NULL,
      HOSTS({.name = "mail.example.com"}, {.name = "192.0.2.7", .why = "no route"}),
      DOMAINS({.text = "a.example", .ascii = "a.example", MX({0, 10}, {1, 20})})},
     0,
     0,
     {"backup \"192.0.2.7\" {\n", "host = \"192.0.2.7\"\n",
      "    # It could not be looked at: no route.\n"},
     "invalid"},
    {"a hostile backup",
     {"mail.example.com", NULL,
      HOSTS({.name = "mail.example.com"},
            {.name = "mx2.example.net", .smtp = &hostile, .odmr = &hostile}),
      DOMAINS({.text = "a.example", .ascii = "a.example", MX({0, 10}, {1, 20})})},
     0,
     0,
     {"    # It greets with \"220 \"}\\nbackup \\x1b[2J # ${HOME} \\\"."},
     "\nbackup \x1b"},
};

static void tell(void *context, const char *line)
{
    (void)context;
    print_error("%s\n", line);
}

/* The picture's configuration as config_load has read it; text is empty. */
static struct config *read_draft(struct buffer *text, const struct draft_picture *picture,
                                 struct draft_gaps *gaps)
{
    FILE *file = fopen(in_directory("draft.conf"), "wb");

    assert_non_null(file);
    *gaps = draft_text_append(text, picture);
    assert_int_equal(fwrite(text->bytes, 1, text->size, file), text->size);
    assert_int_equal(fclose(file), 0);
    support_set_mode(in_directory("draft.conf"), 0600);
    struct config *config = config_load(in_directory("draft.conf"), tell, NULL);
    if (config == NULL)
        print_error("%s", text->bytes);
    assert_non_null(config);
    return config;
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct buffer text;
    struct draft_gaps gaps;

    buffer_init(&text, TEXT_SIZE);
    struct config *config = read_draft(&text, &row->picture, &gaps);
    assert_int_equal(gaps.uncertain, row->uncertain);
    assert_int_equal(gaps.unbacked, row->unbacked);
    for (size_t i = 0; i < sizeof row->words / sizeof row->words[0] && row->words[i] != NULL; i++) {
        if (strstr(text.bytes, row->words[i]) == NULL)
            fail_msg("no \"%s\" in:\n%s", row->words[i], text.bytes);
    }
    assert_null(strstr(text.bytes, row->missing));
    config_free(config);
    buffer_done(&text);
}

/* Each backup of the picture is in the configuration, with its domains, and nothing else. */
static void check_backups(const struct config *config, const struct draft_picture *picture)
{
    size_t expected = 0, found = 0;

    for (size_t i = 0; i < picture->domain_count; i++) {
        const struct draft_domain *domain = &picture->domains[i];
        const struct draft_exchange *primary = draft_primary(picture, domain);

        for (size_t j = 0; j < domain->exchange_count; j++)
            expected += &domain->exchanges[j] != primary &&
                        draft_has_host(picture->hosts[domain->exchanges[j].host].name);
    }
    for (size_t i = 0; i < config->backup_count; i++)
        found += config->backups[i].domain_count;
    assert_int_equal(found, expected);
}

static void test_random(void **state)
{
    static const char *const names[] = {"mail.example.com",
                                        "mx2.example.net",
                                        "mx2.example.org",
                                        "MX2.example",
                                        "192.0.2.1",
                                        "2001:db8::1",
                                        "1.2.3",
                                        "a\"}\nb",
                                        "${HOME}.example",
                                        "*",
                                        "_x.example",
                                        "-",
                                        "m\xc3\xbcller.example",
                                        "xn--mller-kva.example",
                                        "xn--a.example",
                                        "a b.example",
                                        "'",
                                        "#",
                                        "backup",
                                        "\\",
                                        "a..b"};
    static const char *const domain_names[DOMAINS_MAX] = {
        "a.example", "m\xc3\xbcller.example", "A.B.example", "c_d.example", "e.example", "f"};
    static const char *const domain_ascii[DOMAINS_MAX] = {
        "a.example", "xn--mller-kva.example", "a.b.example", "c_d.example", "e.example", "f"};
    static const struct visit *const visits[] = {NULL,  &postfix, &exim, &hidden,
                                                 &dead, &hostile, &odmr};
    uint64_t seed = random_begin();

    (void)state;
    for (size_t n = 0; n < PICTURES; n++) {
        struct draft_host hosts[HOSTS_MAX];
        struct draft_exchange exchanges[DOMAINS_MAX][HOSTS_MAX];
        struct draft_domain domains[DOMAINS_MAX];
        struct draft_picture picture = {.ehlo_name = "mail.example.com",
                                        .hosts = hosts,
                                        .domains = domains,
                                        .host_count = random_below(&seed, HOSTS_MAX + 1),
                                        .domain_count = 1 + random_below(&seed, DOMAINS_MAX)};
        size_t first = random_below(&seed, COUNT_OF(names));
        struct buffer text;
        struct draft_gaps gaps;

        for (size_t i = 0; i < picture.host_count; i++)
            hosts[i] =
                (struct draft_host){.name = names[(first + i) % COUNT_OF(names)],
                                    .address = random_below(&seed, 5) == 0 ? "192.0.2.9" : NULL,
                                    .why = "\n}",
                                    .smtp = visits[random_below(&seed, COUNT_OF(visits))],
                                    .odmr = visits[random_below(&seed, COUNT_OF(visits))]};
        for (size_t i = 0; i < picture.domain_count; i++) {
            domains[i] =
                (struct draft_domain){.text = domain_names[i],
                                      .ascii = domain_ascii[i],
                                      .exchanges = exchanges[i],
                                      .fate = (enum dns_fate)random_below(&seed, DNS_RUBBISH + 1),
                                      .why = "\"}\n",
                                      .has_null = random_below(&seed, 4) == 0};
            for (size_t j = 0; domains[i].fate == DNS_FOUND && j < picture.host_count; j++) {
                if (random_below(&seed, 2) == 0)
                    exchanges[i][domains[i].exchange_count++] =
                        (struct draft_exchange){j, (int)(random_below(&seed, 3) + j / 2)};
            }
        }
        buffer_init(&text, TEXT_SIZE);
        struct config *config = read_draft(&text, &picture, &gaps);
        if (strcmp(config->backups[0].host, "backup.invalid") != 0)
            check_backups(config, &picture);
        else
            assert_int_equal(gaps.uncertain + gaps.unbacked, picture.domain_count);
        config_free(config);
        buffer_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    int failed = make_directory(NULL);

    failed += RUN_TABLE(rows, test_row);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    failed += remove_directory(NULL);
    return unit_status(failed);
}
