/* A picture of the DNS and of the hosts as a configuration, with comments for what is not certain. What the DNS and the hosts
 * say stands in comments alone, printable, but for names of hosts that config_load takes. */
#include "draft_text.h"
#include "software.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/host.h>
#include <mxpull/smtp/node.h>

#include <stdarg.h>
#include <string.h>

enum {
    SENTENCE_SIZE = 800,
    INDENT = 4,
    DOMAINS_A_LINE = 4
};

/* A line of a comment. */
static void add_comment(struct buffer *text, int indent, const char *format, ...) PRINTF_LIKE(3, 4);

static void add_comment(struct buffer *text, int indent, const char *format, ...)
{
    char sentence[SENTENCE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    text_format(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    (void)buffer_append_format(text, "%*s# ", indent, "");
    text_visible(text, sentence, strlen(sentence));
    (void)buffer_append_text(text, "\n");
}

bool draft_has_host(const char *name)
{
    char ascii[DOMAIN_SIZE_MAX + 1];
    struct error error;

    return host_ip_version(name) != 0 ||
           (name[strspn(name, "0123456789.")] != '\0' &&
            domain_to_ascii(ascii, name, &error) == STATUS_OK && text_equal(ascii, name));
}

/* ---- which host is which ---- */

static bool is_here(const struct draft_picture *picture, const struct draft_exchange *exchange)
{
    const struct draft_host *host = &picture->hosts[exchange->host];

    return host->address != NULL || text_equal(host->name, picture->ehlo_name);
}

const struct draft_exchange *draft_primary(const struct draft_picture *picture,
                                           const struct draft_domain *domain)
{
    for (size_t i = 0; i < domain->exchange_count; i++) {
        if (is_here(picture, &domain->exchanges[i]))
            return &domain->exchanges[i];
    }
    return domain->exchange_count > 0 ? domain->exchanges : NULL;
}

/* The record by which the host is a backup of the domain, or NULL. */
static const struct draft_exchange *find_backup(const struct draft_picture *picture,
                                                const struct draft_domain *domain, size_t host)
{
    for (size_t i = 0; i < domain->exchange_count; i++) {
        const struct draft_exchange *exchange = &domain->exchanges[i];

        if (exchange->host == host && exchange != draft_primary(picture, domain) &&
            draft_has_host(picture->hosts[host].name))
            return exchange;
    }
    return NULL;
}

bool draft_is_backup(const struct draft_picture *picture, size_t host)
{
    for (size_t i = 0; i < picture->domain_count; i++) {
        if (find_backup(picture, &picture->domains[i], host) != NULL)
            return true;
    }
    return false;
}

static bool has_backup(const struct draft_picture *picture, const struct draft_domain *domain)
{
    for (size_t i = 0; i < domain->exchange_count; i++) {
        if (find_backup(picture, domain, domain->exchanges[i].host) != NULL)
            return true;
    }
    return false;
}

/* ---- the domains ---- */

static void add_primary_record(struct buffer *text, const struct draft_picture *picture,
                               const struct draft_exchange *exchange)
{
    const struct draft_host *host = &picture->hosts[exchange->host];

    if (host->address != NULL)
        add_comment(
            text, 0,
            "  %s (preference %d) is taken for your mail server: %s is an address of this machine",
            host->name, exchange->preference, host->address);
    else if (is_here(picture, exchange))
        add_comment(
            text, 0,
            "  %s (preference %d) is taken for your mail server: it has this machine's name",
            host->name, exchange->preference);
    else
        add_comment(text, 0,
                    "  %s (preference %d) is taken for your mail server, for it has the lowest "
                    "number; whether "
                    "it is this machine cannot be seen from here",
                    host->name, exchange->preference);
}

static void add_backup_record(struct buffer *text, const struct draft_picture *picture,
                              const struct draft_exchange *exchange, int primary)
{
    const char *name = picture->hosts[exchange->host].name;

    if (!draft_has_host(name))
        add_comment(text, 0,
                    "  \"%s\" (preference %d) is no name that a host can have: remove this record",
                    name, exchange->preference);
    else if (exchange->preference > primary)
        add_comment(text, 0, "  %s (preference %d) is taken for a backup", name,
                    exchange->preference);
    else if (exchange->preference == primary)
        add_comment(text, 0,
                    "  %s (preference %d) is taken for a backup, but has the same number as your "
                    "mail server: mail "
                    "is split between the two; give it a higher one",
                    name, exchange->preference);
    else
        add_comment(text, 0,
                    "  %s (preference %d) is taken for a backup, but is preferred to your mail "
                    "server, for the "
                    "lower number is preferred; give it a higher one",
                    name, exchange->preference);
}

static void add_domain(struct buffer *text, const struct draft_picture *picture,
                       const struct draft_domain *domain)
{
    const struct draft_exchange *primary = draft_primary(picture, domain);

    add_comment(text, 0, "%s", domain->text);
    if (domain->fate == DNS_NO_NAME)
        add_comment(text, 0, "  is not in the DNS: check its spelling");
    else if (domain->fate == DNS_NO_RECORD)
        add_comment(text, 0,
                    "  has no MX record: add one for your mail server, and one with a higher "
                    "number for a backup");
    else if (domain->fate != DNS_FOUND)
        add_comment(text, 0, "  its MX records could not be found out: %s", domain->why);
    else if (domain->has_null)
        add_comment(text, 0, "  takes no mail: remove its null MX record (RFC 7505) if it shall");
    for (size_t i = 0; i < domain->exchange_count; i++) {
        if (&domain->exchanges[i] == primary)
            add_primary_record(text, picture, primary);
        else
            add_backup_record(text, picture, &domain->exchanges[i], primary->preference);
    }
    if (domain->exchange_count > 0 && !has_backup(picture, domain))
        add_comment(text, 0,
                    "  has no backup MX: add a record for one, with a higher number than %d",
                    primary->preference);
}

static void add_primary(struct buffer *text, const struct draft_picture *picture)
{
    const char *name = NULL;

    for (size_t i = 0; i < picture->domain_count && name == NULL; i++) {
        const struct draft_exchange *primary = draft_primary(picture, &picture->domains[i]);

        if (primary != NULL && draft_has_host(picture->hosts[primary->host].name) &&
            host_ip_version(picture->hosts[primary->host].name) == 0)
            name = picture->hosts[primary->host].name;
    }
    (void)buffer_append_text(text, "primary {\n");
    add_comment(text, INDENT,
                "Where your mail server listens; if not on this machine, write \"HOST:25\".");
    (void)buffer_append_format(text, "%*s#address = \"127.0.0.1:25\"\n", INDENT, "");
    if (name != NULL) {
        add_comment(text, INDENT, "Its name in the MX records.");
        (void)buffer_append_format(text, "%*spublic_name = \"%s\"\n", INDENT, "", name);
    }
    (void)buffer_append_text(text, "}\n");
}

/* ---- the backups ---- */

static const struct software *software_of(const struct draft_host *host)
{
    return host->smtp != NULL ? software_guess(host->smtp->facts.greeting) : NULL;
}

static bool is_exim(const struct draft_host *host)
{
    const struct software *software = software_of(host);

    return software != NULL && strcmp(software->name, "Exim") == 0;
}

/* What it has shown at port 25. */
static void add_offer(struct buffer *text, const struct draft_host *host)
{
    const struct visit *visit = host->smtp;
    const struct software *software = software_of(host);

    if (visit == NULL) {
        add_comment(text, INDENT, "It could not be looked at: %s.", host->why);
        return;
    }
    if (visit->facts.greeting[0] != '\0')
        add_comment(text, INDENT, "It greets with \"%s\"%s%s.", visit->facts.greeting,
                    software != NULL ? ": perhaps " : "", software != NULL ? software->name : "");
    if (!visit->has_ehlo) {
        add_comment(text, INDENT, "What it offers could not be found out: %s.", visit->error.text);
        return;
    }
    if (visit->facts.ehlo.etrn)
        add_comment(text, INDENT, "It offers ETRN.");
    else
        add_comment(
            text, INDENT,
            "It does not offer ETRN: ask its administrator (%s), or, if it is only hidden, set "
            "force = true.",
            software_setting(software, SETTING_ETRN));
    if (visit->certificate == VISIT_CERTIFICATE_GOOD)
        add_comment(text, INDENT, "It offers STARTTLS with a good certificate.");
    else if (visit->tls_fault[0] != '\0')
        add_comment(text, INDENT, "It offers STARTTLS, but: %s.", visit->tls_fault);
    else
        add_comment(text, INDENT, "It offers no STARTTLS.");
}

/* What may be put in by hand, as lines that a # switches off. */
static void add_choices(struct buffer *text, const struct draft_host *host)
{
    const struct visit *smtp = host->smtp, *odmr = host->odmr;

    if (smtp != NULL && smtp->has_ehlo && smtp->facts.ehlo.auth) {
        add_comment(text, INDENT, "It offers AUTH (%s). If it wants a user, with tls = required:",
                    smtp->facts.ehlo.mechanism_names);
        (void)buffer_append_text(text, "    #user = \"USER\"\n    #password_file = \"/PATH\"\n");
    }
    if (odmr == NULL || !odmr->has_ehlo || !odmr->facts.ehlo.atrn)
        return;
    add_comment(text, INDENT,
                "It offers ATRN at port 366, by which mail comes over the connection that mxpull "
                "makes. For "
                "that:");
    (void)buffer_append_text(text,
                             "    #method = atrn\n    #tls = required\n    #user = \"USER\"\n    "
                             "#password_file = \"/PATH\"\n");
}

/* `domains = {"a.example", "b.example"}`: those of the host; NULL: all. */
static void add_domains(struct buffer *text, const struct draft_picture *picture,
                        const struct draft_host *host)
{
    bool is_queue = host != NULL && is_exim(host); /* ASCII alone */
    size_t count = 0;

    (void)buffer_append_format(text, "%*sdomains = {", INDENT, "");
    for (size_t i = 0; i < picture->domain_count; i++) {
        const struct draft_domain *domain = &picture->domains[i];

        if (host != NULL && find_backup(picture, domain, (size_t)(host - picture->hosts)) == NULL)
            continue;
        if (count > 0)
            (void)buffer_append_text(text, count % DOMAINS_A_LINE == 0 ? ",\n        " : ", ");
        (void)buffer_append_format(text, "\"%s%s\"", is_queue ? "#" : "",
                                   is_queue ? domain->ascii : domain->text);
        count++;
    }
    (void)buffer_append_text(text, "}\n");
}

/* Its first label, where no other backup begins with that; else its whole name. */
static size_t name_size(const struct draft_picture *picture, size_t host)
{
    const char *name = picture->hosts[host].name;
    size_t size = strcspn(name, ".");

    if (host_ip_version(name) != 0)
        return strlen(name);
    for (size_t i = 0; i < picture->host_count; i++) {
        const char *other = picture->hosts[i].name;

        if (i != host && draft_is_backup(picture, i) && strcspn(other, ".") == size &&
            strncmp(other, name, size) == 0)
            return strlen(name);
    }
    return size;
}

static void add_backup(struct buffer *text, const struct draft_picture *picture, size_t index)
{
    const struct draft_host *host = &picture->hosts[index];

    (void)buffer_append_format(text, "\nbackup \"%.*s\" {\n", (int)name_size(picture, index),
                               host->name);
    add_offer(text, host);
    (void)buffer_append_format(text, "%*shost = \"%s\"\n", INDENT, "", host->name);
    if (is_exim(host))
        add_comment(
            text, INDENT,
            "Exim knows domains in this form alone unless it has smtp_etrn_command. If this is no "
            "Exim, take the # away.");
    add_domains(text, picture, host);
    if (host->smtp != NULL && host->smtp->certificate == VISIT_CERTIFICATE_GOOD)
        (void)buffer_append_format(text, "%*stls = required\n", INDENT, "");
    add_choices(text, host);
    (void)buffer_append_text(text, "}\n");
}

/* config_load wants a backup: one that is nowhere (RFC 2606 2). */
static void add_no_backup(struct buffer *text, const struct draft_picture *picture)
{
    (void)buffer_append_text(text, "\n");
    add_comment(text, 0,
                "No backup MX was found: put the name of yours in place of backup.invalid.");
    (void)buffer_append_format(text, "backup \"backup\" {\n%*shost = \"backup.invalid\"\n", INDENT,
                               "");
    add_domains(text, picture, NULL);
    (void)buffer_append_text(text, "}\n");
}

struct draft_gaps draft_text_append(struct buffer *text, const struct draft_picture *picture)
{
    struct draft_gaps gaps = {0};
    bool has_any = false;

    add_comment(text, 0,
                "mxpull.conf, made by mxpull init from the DNS. Look it through; then mxpull check "
                "says what is still to be done.");
    add_comment(text, 0, "mxpull config shows all options with what is in effect.");
    (void)buffer_append_text(text, "#\n");
    for (size_t i = 0; i < picture->domain_count; i++) {
        const struct draft_domain *domain = &picture->domains[i];

        add_domain(text, picture, domain);
        if (domain->fate > DNS_NO_NAME)
            gaps.uncertain++;
        else if (!has_backup(picture, domain))
            gaps.unbacked++;
    }
    (void)buffer_append_text(text, "\n");
    if (picture->dns_server != NULL)
        (void)buffer_append_format(text, "dns_server = \"%s\"\n\n", picture->dns_server);
    add_primary(text, picture);
    for (size_t i = 0; i < picture->host_count; i++) {
        if (!draft_is_backup(picture, i))
            continue;
        has_any = true;
        add_backup(text, picture, i);
    }
    if (!has_any)
        add_no_backup(text, picture);
    return gaps;
}
