/* What can be done about an answer. One table, of which the first row that fits speaks: no advice may
 * be for another fault, and none says a cause that is not known. */
#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/session/advice.h>
#include <mxpull/smtp/turning.h>

#include <string.h>

enum {
    ADVICE_SIZE_MAX = 2000,
    PORT_ODMR = 366,       /* RFC 2645 5 */
    PORT_SUBMISSIONS = 465 /* RFC 8314 3.3: TLS from the first byte */
};

/* Codes of a row, besides one of SMTP's. */
enum {
    ANY = 0,
    NONE = -1, /* no reply says why */
    SOME = -2  /* one does */
};

#define AT(stage) (1U << STAGE_##stage)
#define ANYWHERE (~0U)

/* ---- when a row fits ---- */

static bool has_proxy(const struct result *result)
{
    return result->backup->proxy != NULL;
}

static bool has_source_address(const struct result *result)
{
    return result->backup->source_address != NULL;
}

static bool has_one_ip(const struct result *result)
{
    return result->backup->ip != IP_ANY;
}

static bool is_port_25(const struct result *result)
{
    return result->backup->port == 25;
}

static bool is_clear_at_tls_port(const struct result *result)
{
    return result->backup->port == PORT_SUBMISSIONS && result->backup->tls != TLS_IMPLICIT;
}

static bool is_implicit_elsewhere(const struct result *result)
{
    return result->backup->tls == TLS_IMPLICIT && result->backup->port != PORT_SUBMISSIONS;
}

static bool has_user(const struct result *result)
{
    return result->backup->user != NULL;
}

static bool needs_tls_for_user(const struct result *result)
{
    return has_user(result) && !result->backup->auth_in_clear;
}

static bool has_ca_file(const struct result *result)
{
    return result->backup->tls_ca_file != NULL;
}

static bool is_etrn(const struct result *result)
{
    return result->backup->method == METHOD_ETRN;
}

static bool is_atrn(const struct result *result)
{
    return result->backup->method == METHOD_ATRN;
}

static bool is_turn(const struct result *result)
{
    return !is_etrn(result);
}

/* "EHLO does not offer ETRN", and it was not asked for all the same. */
static bool is_hidden(const struct result *result)
{
    return !result->is_offered && !result->backup->force;
}

static bool is_atrn_elsewhere(const struct result *result)
{
    return is_atrn(result) && result->backup->port != PORT_ODMR;
}

static bool is_atrn_with_names(const struct result *result)
{
    return is_atrn(result) && result->backup->name_domains;
}

/* All of its domains in one line: longer than servers need to take. */
static bool is_long_atrn(const struct result *result)
{
    return is_atrn_with_names(result) &&
           turning_atrn_size(result->backup->domains, result->backup->domain_count) >
               TURNING_LINE_PROMISED;
}

static bool has_form(const struct result *result, enum node_form form)
{
    return result->node != NULL && result->node->form == form;
}

static bool is_domain(const struct result *result)
{
    return has_form(result, NODE_DOMAIN);
}

static bool is_suffix(const struct result *result)
{
    return has_form(result, NODE_SUFFIX);
}

static bool is_queue_of_domain(const struct result *result)
{
    struct node node;
    struct error error;

    return has_form(result, NODE_QUEUE) &&
           node_parse(&node, result->node->name + 1, &error) == STATUS_OK &&
           node.form == NODE_DOMAIN && strchr(node.name, '.') != NULL;
}

static bool is_authenticated(const struct result *result)
{
    return result->authenticated;
}

static bool offers_auth_to_nobody(const struct result *result)
{
    return result->auth_offered && !has_user(result);
}

static bool offers_starttls(const struct result *result)
{
    return result->tls == NULL && result->starttls_offered;
}

static bool offers_starttls_and_auth(const struct result *result)
{
    return offers_starttls(result) && offers_auth_to_nobody(result);
}

static bool offers_neither(const struct result *result)
{
    return result->tls == NULL && !result->starttls_offered && !result->auth_offered;
}

static bool is_clear(const struct result *result)
{
    return result->tls == NULL;
}

static bool offers_starttls_alone(const struct result *result)
{
    return offers_starttls(result) && !result->auth_offered;
}

static bool offers_no_auth(const struct result *result)
{
    return !result->auth_offered;
}

static bool turns_without_auth(const struct result *result)
{
    return !result->auth_offered && !is_etrn(result);
}

static bool has_pinned_mechanism(const struct result *result)
{
    return result->backup->auth != NULL;
}

static bool has_password_file(const struct result *result)
{
    return result->backup->password_file != NULL;
}

static bool has_password_command(const struct result *result)
{
    return result->backup->password_command != NULL;
}

/* ---- the table ---- */

#define LINE_AND_FIREWALL "the line, host and port, and any firewall in between"
#define PLAIN_PORT                                                                                 \
    "TLS from the first byte is for port 465: on a port that begins in clear set tls = required"
#define LINE_TOO_LONG                                                                              \
    "the domains make ATRN longer than the 512 octets that servers promise to take: set "          \
    "name_domains = false, or use fewer domains"
#define ITS_ADMINISTRATOR "ask the backup's administrator "
#define CERTIFICATE_OR_PIN "; or pin its key by tls_fingerprint, with tls_verify = false"
#define OTHER_MECHANISM                                                                            \
    "set auth to another mechanism that the backup offers; mxpull pull -vv shows them"

static bool is_refused_for_now(const struct result *result)
{
    return result->refused_for_now > 0;
}

static bool is_refused_for_good(const struct result *result)
{
    return result->refused_for_good > 0;
}

/* {name} is the domain alone, {command} ETRN, ATRN or TURN, {user} and {password} are options: the
 * user's value, and the name of the one that the password comes from. */
static const struct row {
    enum outcome outcome;
    unsigned stages;
    int code;
    bool (*fits)(const struct result *result); /* NULL: always */
    const char *advice;
} rows[] = {
    {OUTCOME_HELD, AT(RECIPIENT), ANY, NULL,
     "let your mail server take mail for that postmaster, or set preflight = greeting in "
     "primary { }"},
    {OUTCOME_HELD, ANYWHERE, ANY, is_turn,
     "make your mail server ready, or set address and relay_address in primary { } to where it "
     "listens; then pull again"},
    {OUTCOME_HELD, ANYWHERE, ANY, NULL,
     "make your mail server ready, or set address in primary { } to where it listens; then pull "
     "again"},

    {OUTCOME_REFUSED, ANYWHERE, ANY, is_refused_for_now,
     "the log of your mail server says why; what it refused for now comes again at a later pull"},
    {OUTCOME_REFUSED, ANYWHERE, ANY, is_refused_for_good,
     "the log of your mail server says why: let it take mail for these recipients, or this mail"},
    {OUTCOME_REFUSED, ANYWHERE, ANY, NULL,
     "the logs of mxpull and of your mail server say why: add the domain of a recipient to domains "
     "if its mail is yours"},

    {OUTCOME_DEFERRED, AT(NONE), ANY, NULL, "mxpull status shows the answer when it has come"},
    {OUTCOME_DEFERRED, AT(COMMAND), NONE, NULL, "pull again: the next pull begins with it"},
    {OUTCOME_DEFERRED, AT(COMMAND), 458, is_etrn,
     "pull again later; Exim says 458 for what it never allows, too: if it stays "
     "so, " ITS_ADMINISTRATOR "to allow it"},
    {OUTCOME_DEFERRED, AT(COMMAND), ANY, NULL,
     "the backup cannot do it at the moment; pull again later"},
    {OUTCOME_DEFERRED, ANYWHERE, ANY, NULL,
     "the backup takes no session at the moment; pull again later"},

    {OUTCOME_UNREACHABLE, AT(NONE), ANY, NULL, ""}, /* it is this machine, and the text says why */
    {OUTCOME_UNREACHABLE, AT(LOOKUP), ANY, has_proxy,
     "check the names in proxy and host, and whether this machine's DNS works"},
    {OUTCOME_UNREACHABLE, AT(LOOKUP), ANY, has_one_ip,
     "check host, whether it has an address of the kind that ip allows, and whether this machine's "
     "DNS works"},
    {OUTCOME_UNREACHABLE, AT(LOOKUP), ANY, NULL,
     "check the name in host, and whether this machine's DNS works"},
    {OUTCOME_UNREACHABLE, AT(CONNECT), ANY, has_proxy,
     "check proxy, and whether it reaches host and port"},
    {OUTCOME_UNREACHABLE, AT(CONNECT), ANY, has_source_address,
     "check that source_address is this machine's, " LINE_AND_FIREWALL},
    {OUTCOME_UNREACHABLE, AT(CONNECT), ANY, NULL, "check " LINE_AND_FIREWALL},
    {OUTCOME_UNREACHABLE, AT(GREETING), ANY, is_clear_at_tls_port,
     "port 465 begins with TLS: set tls = implicit"},
    {OUTCOME_UNREACHABLE, AT(GREETING), ANY, NULL,
     "check host and port, and " ITS_ADMINISTRATOR "whether your address is let in"},
    {OUTCOME_UNREACHABLE, AT(TLS), ANY, is_implicit_elsewhere, PLAIN_PORT},
    {OUTCOME_UNREACHABLE, ANYWHERE, ANY, NULL,
     "pull again later; if it stays so, " ITS_ADMINISTRATOR "what its log says"},

    {OUTCOME_TIMEOUT, AT(LOOKUP), ANY, NULL, "check whether this machine's DNS works"},
    {OUTCOME_TIMEOUT, AT(CONNECT), ANY, has_proxy,
     "check proxy, and whether it reaches host and port"},
    {OUTCOME_TIMEOUT, AT(CONNECT), ANY, is_port_25,
     "check " LINE_AND_FIREWALL "; many networks let nobody out to port 25"},
    {OUTCOME_TIMEOUT, AT(CONNECT), ANY, NULL, "check " LINE_AND_FIREWALL},
    {OUTCOME_TIMEOUT, AT(GREETING), ANY, is_clear_at_tls_port,
     "port 465 begins with TLS: set tls = implicit"},
    {OUTCOME_TIMEOUT, AT(GREETING), ANY, NULL,
     "pull again later; if it stays so, check port, or raise command_timeout for a server that is "
     "slow to greet"},
    {OUTCOME_TIMEOUT, AT(COMMAND), ANY, is_turn,
     "the backup did not answer in time; pull again later, or raise turn_timeout"},
    {OUTCOME_TIMEOUT, ANYWHERE, ANY, NULL,
     "the backup did not answer in time; pull again later, or raise command_timeout"},

    {OUTCOME_INTERRUPTED, ANYWHERE, ANY, NULL, "pull again; nothing is lost"},

    {OUTCOME_PROTOCOL, AT(GREETING) | AT(EHLO), ANY, NULL,
     "check that host and port are those of an SMTP server"},
    {OUTCOME_PROTOCOL, ANYWHERE, ANY, NULL,
     "see what the backup says by mxpull pull -vv, and show it to its administrator"},

    {OUTCOME_TLS, AT(STARTTLS), NONE, needs_tls_for_user,
     ITS_ADMINISTRATOR "to offer STARTTLS, or set tls = implicit if it has TLS on port 465"},
    {OUTCOME_TLS, AT(STARTTLS), NONE, NULL,
     "set tls = may to go without TLS, or tls = implicit if the backup has TLS on port 465"},
    {OUTCOME_TLS, AT(STARTTLS), SOME, needs_tls_for_user,
     ITS_ADMINISTRATOR "to mend STARTTLS, or set tls = implicit if it has TLS on port 465"},
    {OUTCOME_TLS, AT(STARTTLS), SOME, NULL,
     ITS_ADMINISTRATOR "to mend STARTTLS, or set tls = may to go without TLS"},
    {OUTCOME_TLS, AT(TLS), ANY, is_implicit_elsewhere, PLAIN_PORT},
    {OUTCOME_TLS, AT(TLS), ANY, NULL,
     ITS_ADMINISTRATOR "which versions of TLS it speaks; mxpull pull -vv shows how far it came"},
    {OUTCOME_TLS, AT(PINNED_KEY), ANY, NULL,
     ITS_ADMINISTRATOR "whether its key has been changed, and only then set tls_fingerprint anew"},
    {OUTCOME_TLS, AT(CERTIFICATE), ANY, has_ca_file,
     "check the certificate's name against host, its date, and its authority against "
     "tls_ca_file" CERTIFICATE_OR_PIN},
    {OUTCOME_TLS, AT(CERTIFICATE), ANY, NULL,
     "check the certificate's name against host, and its date; an authority of its own goes into "
     "tls_ca_file" CERTIFICATE_OR_PIN},
    {OUTCOME_TLS, AT(COMMAND), ANY, offers_starttls,
     "the backup wants TLS before {command}: set tls = required"},
    {OUTCOME_TLS, ANYWHERE, ANY, NULL,
     "the backup wants TLS but offers no STARTTLS: set tls = implicit if it has TLS on port 465"},

    {OUTCOME_UNSUPPORTED, AT(COMMAND), 500, is_long_atrn, LINE_TOO_LONG},
    {OUTCOME_MISUNDERSTOOD, AT(COMMAND), 501, is_long_atrn, LINE_TOO_LONG},
    {OUTCOME_DENIED, AT(COMMAND), 552, is_long_atrn, LINE_TOO_LONG},
    {OUTCOME_DENIED, AT(COMMAND), 554, is_long_atrn, LINE_TOO_LONG},

    {OUTCOME_UNSUPPORTED, ANYWHERE, ANY, is_atrn_elsewhere,
     "check port, for ATRN has one of its own, 366; or " ITS_ADMINISTRATOR "to turn it on"},
    {OUTCOME_UNSUPPORTED, ANYWHERE, NONE, is_hidden,
     ITS_ADMINISTRATOR "to turn {command} on; if it is only hidden, set force = true"},
    {OUTCOME_UNSUPPORTED, ANYWHERE, ANY, NULL, ITS_ADMINISTRATOR "to turn {command} on"},

    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, is_atrn_with_names,
     "check domains; name_domains = false sends ATRN without names"},
    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, is_atrn, ITS_ADMINISTRATOR "how it wants ATRN"},
    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, is_domain,
     "write \"#{name}\" in domains, as Exim wants it, or \"@{name}\""},
    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, is_suffix,
     "write \"{name}\" in domains or, for Exim, \"#{name}\""},
    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, is_queue_of_domain,
     "write \"{name}\" in domains, without the #"},
    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, NULL,
     ITS_ADMINISTRATOR "what the queue is called, or write the domain itself in domains"},

    {OUTCOME_DENIED, AT(GREETING), ANY, NULL, ITS_ADMINISTRATOR "to let your address in"},
    {OUTCOME_DENIED, AT(EHLO), ANY, NULL,
     "set ehlo_name to a full name of this host that is in the DNS, or " ITS_ADMINISTRATOR
     "to let it in"},
    {OUTCOME_DENIED, AT(COMMAND), 450, is_atrn,
     "check domains, for one that is not allowed refuses all, and interval, for asking too often "
     "is "
     "refused, too"},
    {OUTCOME_DENIED, ANYWHERE, ANY, is_authenticated,
     ITS_ADMINISTRATOR "to allow the user \"{user}\" to ask for this domain"},
    {OUTCOME_DENIED, ANYWHERE, ANY, offers_auth_to_nobody,
     ITS_ADMINISTRATOR "to allow your address to ask for this domain, or a user, for user and a "
                       "password"},
    {OUTCOME_DENIED, ANYWHERE, ANY, NULL,
     ITS_ADMINISTRATOR "to allow your address to ask for this domain"},

    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, is_authenticated,
     ITS_ADMINISTRATOR "what the user \"{user}\" may do"},
    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, offers_starttls_alone,
     "the backup wants TLS before {command}: set tls = required"},
    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, offers_starttls_and_auth,
     "set tls = required; if {command} is still refused, user and a password, too"},
    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, offers_neither,
     "the backup wants TLS or a user before {command}, and offers neither here: " ITS_ADMINISTRATOR
     "for the port to use"},
    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, is_clear,
     "set user and a password, which go out in clear only with auth_in_clear = true"},
    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, NULL, "set user and a password"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, NONE, offers_starttls_alone,
     "set tls = required: AUTH may be offered after STARTTLS"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, NONE, turns_without_auth,
     ITS_ADMINISTRATOR "on which port AUTH is offered"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, NONE, offers_no_auth,
     "take user and {password} out, or " ITS_ADMINISTRATOR "on which port AUTH is offered"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, NONE, has_pinned_mechanism,
     "take auth out, or set it to a mechanism that the backup offers; mxpull pull -vv shows them"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, NONE, NULL,
     "set auth to a mechanism that the backup offers; mxpull pull -vv shows them"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 432, NULL, /* RFC 4954 6 */
     ITS_ADMINISTRATOR "for a new password, and put it into {password}"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 500, NULL, OTHER_MECHANISM},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 502, NULL, OTHER_MECHANISM},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 504, NULL, OTHER_MECHANISM},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 534, NULL, OTHER_MECHANISM}, /* RFC 4954 6: too weak */
    {OUTCOME_AUTHENTICATION, ANYWHERE, 530, is_clear, "set tls = required"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 538, is_clear, "set tls = required"}, /* RFC 4954 6 */
    {OUTCOME_AUTHENTICATION, ANYWHERE, ANY, NULL, "check user and {password}"},

    {OUTCOME_MISCONFIGURED, AT(AUTH), ANY, NULL,
     "take auth out, or set it to a mechanism that mxpull knows"},
    {OUTCOME_MISCONFIGURED, AT(NONE), ANY, has_password_file,
     "let the user that mxpull runs as, and nobody else, read the file that password_file names; "
     "its "
     "first line is the password"},
    {OUTCOME_MISCONFIGURED, AT(NONE), ANY, has_password_command,
     "run password_command as the user that mxpull runs as: it must print the password and exit "
     "with 0"},
};

static bool fits(const struct row *row, const struct result *result)
{
    bool is_code = row->code == ANY || (row->code == NONE && result->code == 0) ||
                   (row->code == SOME && result->code != 0) || row->code == result->code;

    return row->outcome == result->outcome && (row->stages & 1U << result->stage) != 0 && is_code &&
           (row->fits == NULL || row->fits(result));
}

static const char *advice_of(const struct result *result)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (fits(&rows[i], result))
            return rows[i].advice;
    }
    return "";
}

/* ---- the words ---- */

static const char *password_option(const struct backup_config *backup)
{
    if (backup->password_file != NULL)
        return "password_file";
    return backup->password_command != NULL ? "password_command" : "password";
}

/* In ASCII, as it must stand behind a #. */
static const char *name_of(const struct node *node)
{
    if (node == NULL)
        return "";
    return node->form == NODE_DOMAIN ? node->name : node->name + 1;
}

/* The command of a poll that may not have come to it. */
static const char *command_of(enum method method)
{
    switch (method) {
    case METHOD_ETRN: return verb_name(VERB_ETRN);
    case METHOD_ATRN: return verb_name(VERB_ATRN);
    case METHOD_TURN: return verb_name(VERB_TURN);
    }
    return "";
}

char *advice_new(const struct result *result)
{
    const struct backup_config *backup = result->backup;
    const struct {
        const char *word;
        const char *value;
    } words[] = {{"{name}", name_of(result->node)},
                 {"{command}", command_of(backup->method)},
                 {"{user}", backup->user != NULL ? backup->user : ""},
                 {"{password}", password_option(backup)}};
    struct buffer text;

    buffer_init(&text, ADVICE_SIZE_MAX);
    for (const char *at = advice_of(result); *at != '\0'; at++) {
        size_t word = 0;

        while (word < COUNT_OF(words) &&
               strncmp(at, words[word].word, strlen(words[word].word)) != 0)
            word++;
        if (word < COUNT_OF(words)) {
            (void)buffer_append_text(&text, words[word].value);
            at += strlen(words[word].word) - 1;
        } else {
            (void)buffer_append(&text, at, 1);
        }
    }
    char *advice = memory_copy(text.bytes);
    buffer_done(&text);
    return advice;
}
