/* What can be done about an answer. One table, of which the first row that fits speaks: no advice may
 * be for another fault, and none says a cause that is not known. */
#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/session/advice.h>
#include <mxpull/smtp/atrn_dialogue.h>

#include <string.h>

enum {
    ADVICE_SIZE_MAX = 2000
};

/* Codes of a row, besides one of SMTP's. */
enum {
    ANY = 0,
    NONE = -1, /* no reply says why */
    SOME = -2, /* one does */
    FAIR = -3  /* below 400, so no refusal */
};

/* What is so of an answer. */
enum fact {
    PROXY,
    SOURCE_ADDRESS,
    ONE_IP,
    PORT_25,
    PORT_366, /* RFC 2645 5: ATRN's own */
    PORT_465, /* RFC 8314 3.3: TLS from the first byte */
    IMPLICIT_TLS,
    CA_FILE,
    USER,
    AUTH_IN_CLEAR,
    PINNED_MECHANISM,
    PASSWORD_FILE,
    PASSWORD_COMMAND,
    ETRN,
    ATRN,
    ATRN_NAMES,
    LONG_ATRN, /* all of its domains in one line: longer than servers need to take */
    FORCED,
    DOMAIN,
    SUFFIX,
    QUEUE_OF_DOMAIN,
    ENCRYPTED,
    COMMAND_OFFERED,
    STARTTLS_OFFERED,
    AUTH_OFFERED,
    AUTHENTICATED,
    REFUSED_FOR_NOW,
    REFUSED_FOR_GOOD,
    FACT_COUNT
};

#define AT(stage) (1U << STAGE_##stage)
#define ANYWHERE (~0U)
#define IF(fact) (1U << (fact))
#define ALWAYS 0U, 0U
#define UNLESS(facts) 0U, (facts)

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

/* {name} is the domain alone, {command} ETRN, ATRN or TURN, {user} and {password} are options: the
 * user's value, and the name of the one that the password comes from. */
static const struct row {
    enum outcome outcome;
    unsigned stages;
    int code;
    unsigned with, without; /* facts that must be so, and must not */
    const char *advice;
} rows[] = {
    {OUTCOME_HELD, AT(RECIPIENT), ANY, ALWAYS,
     "let your mail server take mail for that postmaster, or set preflight = greeting in "
     "primary { }"},
    {OUTCOME_HELD, ANYWHERE, ANY, UNLESS(IF(ETRN)),
     "make your mail server ready, or set address and relay_address in primary { } to where it "
     "listens; then pull again"},
    {OUTCOME_HELD, ANYWHERE, ANY, ALWAYS,
     "make your mail server ready, or set address in primary { } to where it listens; then pull "
     "again"},

    {OUTCOME_REFUSED, ANYWHERE, ANY, IF(REFUSED_FOR_NOW), 0,
     "the log of your mail server says why; what it refused for now comes again at a later pull"},
    {OUTCOME_REFUSED, ANYWHERE, ANY, IF(REFUSED_FOR_GOOD), 0,
     "the log of your mail server says why: let it take mail for these recipients, or this mail"},
    {OUTCOME_REFUSED, ANYWHERE, ANY, ALWAYS,
     "the logs of mxpull and of your mail server say why: add the domain of a recipient to domains "
     "if its mail is yours"},

    {OUTCOME_DEFERRED, AT(NONE), ANY, ALWAYS, "mxpull status shows the answer when it has come"},
    {OUTCOME_DEFERRED, AT(COMMAND), NONE, ALWAYS, "pull again: the next pull begins with it"},
    {OUTCOME_DEFERRED, AT(COMMAND), 458, IF(ETRN), 0,
     "pull again later; Exim says 458 for what it never allows, too: if it stays "
     "so, " ITS_ADMINISTRATOR "to allow it"},
    {OUTCOME_DEFERRED, AT(COMMAND), ANY, ALWAYS,
     "the backup cannot do it at the moment; pull again later"},
    {OUTCOME_DEFERRED, ANYWHERE, ANY, ALWAYS,
     "the backup takes no session at the moment; pull again later"},

    {OUTCOME_UNREACHABLE, AT(NONE), ANY, ALWAYS,
     ""}, /* it is this machine, and the text says why */
    {OUTCOME_UNREACHABLE, AT(LOOKUP), ANY, IF(PROXY), 0,
     "check the names in proxy and host, and whether this machine's DNS works"},
    {OUTCOME_UNREACHABLE, AT(LOOKUP), ANY, IF(ONE_IP), 0,
     "check host, whether it has an address of the kind that ip allows, and whether this machine's "
     "DNS works"},
    {OUTCOME_UNREACHABLE, AT(LOOKUP), ANY, ALWAYS,
     "check the name in host, and whether this machine's DNS works"},
    {OUTCOME_UNREACHABLE, AT(CONNECT), ANY, IF(PROXY), 0,
     "check proxy, and whether it reaches host and port"},
    {OUTCOME_UNREACHABLE, AT(CONNECT), ANY, IF(SOURCE_ADDRESS), 0,
     "check that source_address is this machine's, " LINE_AND_FIREWALL},
    {OUTCOME_UNREACHABLE, AT(CONNECT), ANY, ALWAYS, "check " LINE_AND_FIREWALL},
    {OUTCOME_UNREACHABLE, AT(GREETING), ANY, IF(PORT_465), IF(IMPLICIT_TLS),
     "port 465 begins with TLS: set tls = implicit"},
    {OUTCOME_UNREACHABLE, AT(GREETING), ANY, ALWAYS,
     "check host and port, and " ITS_ADMINISTRATOR "whether your address is let in"},
    {OUTCOME_UNREACHABLE, AT(TLS), ANY, IF(IMPLICIT_TLS), IF(PORT_465), PLAIN_PORT},
    {OUTCOME_UNREACHABLE, ANYWHERE, ANY, ALWAYS,
     "pull again later; if it stays so, " ITS_ADMINISTRATOR "what its log says"},

    {OUTCOME_TIMEOUT, AT(LOOKUP), ANY, ALWAYS, "check whether this machine's DNS works"},
    {OUTCOME_TIMEOUT, AT(CONNECT), ANY, IF(PROXY), 0,
     "check proxy, and whether it reaches host and port"},
    {OUTCOME_TIMEOUT, AT(CONNECT), ANY, IF(PORT_25), 0,
     "check " LINE_AND_FIREWALL "; many networks let nobody out to port 25"},
    {OUTCOME_TIMEOUT, AT(CONNECT), ANY, ALWAYS, "check " LINE_AND_FIREWALL},
    {OUTCOME_TIMEOUT, AT(GREETING), ANY, IF(PORT_465), IF(IMPLICIT_TLS),
     "port 465 begins with TLS: set tls = implicit"},
    {OUTCOME_TIMEOUT, AT(GREETING), ANY, ALWAYS,
     "pull again later; if it stays so, check port, or raise command_timeout for a server that is "
     "slow to greet"},
    {OUTCOME_TIMEOUT, AT(COMMAND), ANY, UNLESS(IF(ETRN)),
     "the backup did not answer in time; pull again later, or raise turn_timeout"},
    {OUTCOME_TIMEOUT, ANYWHERE, ANY, ALWAYS,
     "the backup did not answer in time; pull again later, or raise command_timeout"},

    {OUTCOME_INTERRUPTED, ANYWHERE, ANY, ALWAYS, "pull again; nothing is lost"},

    {OUTCOME_PROTOCOL, AT(GREETING) | AT(EHLO), ANY, ALWAYS,
     "check that host and port are those of an SMTP server"},
    {OUTCOME_PROTOCOL, ANYWHERE, ANY, ALWAYS,
     "see what the backup says by mxpull pull -vv, and show it to its administrator"},

    {OUTCOME_TLS, AT(STARTTLS), NONE, IF(USER), IF(AUTH_IN_CLEAR),
     ITS_ADMINISTRATOR "to offer STARTTLS, or set tls = implicit if it has TLS on port 465"},
    {OUTCOME_TLS, AT(STARTTLS), NONE, ALWAYS,
     "set tls = may to go without TLS, or tls = implicit if the backup has TLS on port 465"},
    {OUTCOME_TLS, AT(STARTTLS), SOME, IF(USER), IF(AUTH_IN_CLEAR),
     ITS_ADMINISTRATOR "to mend STARTTLS, or set tls = implicit if it has TLS on port 465"},
    {OUTCOME_TLS, AT(STARTTLS), SOME, ALWAYS,
     ITS_ADMINISTRATOR "to mend STARTTLS, or set tls = may to go without TLS"},
    {OUTCOME_TLS, AT(TLS), ANY, IF(IMPLICIT_TLS), IF(PORT_465), PLAIN_PORT},
    {OUTCOME_TLS, AT(TLS), ANY, ALWAYS,
     ITS_ADMINISTRATOR "which versions of TLS it speaks; mxpull pull -vv shows how far it came"},
    {OUTCOME_TLS, AT(PINNED_KEY), ANY, ALWAYS,
     ITS_ADMINISTRATOR "whether its key has been changed, and only then set tls_fingerprint anew"},
    {OUTCOME_TLS, AT(CERTIFICATE), ANY, IF(CA_FILE), 0,
     "check the certificate's name against host, its date, and its authority against "
     "tls_ca_file" CERTIFICATE_OR_PIN},
    {OUTCOME_TLS, AT(CERTIFICATE), ANY, ALWAYS,
     "check the certificate's name against host, and its date; an authority of its own goes into "
     "tls_ca_file" CERTIFICATE_OR_PIN},
    {OUTCOME_TLS, AT(COMMAND), ANY, IF(STARTTLS_OFFERED), IF(ENCRYPTED),
     "the backup wants TLS before {command}: set tls = required"},
    {OUTCOME_TLS, ANYWHERE, ANY, ALWAYS,
     "the backup wants TLS but offers no STARTTLS: set tls = implicit if it has TLS on port 465"},

    {OUTCOME_UNSUPPORTED, AT(COMMAND), 500, IF(LONG_ATRN), 0, LINE_TOO_LONG},
    {OUTCOME_MISUNDERSTOOD, AT(COMMAND), 501, IF(LONG_ATRN), 0, LINE_TOO_LONG},
    {OUTCOME_DENIED, AT(COMMAND), 552, IF(LONG_ATRN), 0, LINE_TOO_LONG},
    {OUTCOME_DENIED, AT(COMMAND), 554, IF(LONG_ATRN), 0, LINE_TOO_LONG},

    {OUTCOME_UNSUPPORTED, ANYWHERE, ANY, IF(ATRN), IF(PORT_366),
     "check port, for ATRN has one of its own, 366; or " ITS_ADMINISTRATOR "to turn it on"},
    {OUTCOME_UNSUPPORTED, ANYWHERE, NONE, UNLESS(IF(COMMAND_OFFERED) | IF(FORCED)),
     ITS_ADMINISTRATOR "to turn {command} on; if it is only hidden, set force = true"},
    {OUTCOME_UNSUPPORTED, ANYWHERE, ANY, ALWAYS, ITS_ADMINISTRATOR "to turn {command} on"},

    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, IF(ATRN_NAMES), 0,
     "check domains; name_domains = false sends ATRN without names"},
    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, IF(ATRN), 0, ITS_ADMINISTRATOR "how it wants ATRN"},
    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, IF(DOMAIN), 0,
     "write \"#{name}\" in domains, as Exim wants it, or \"@{name}\""},
    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, IF(SUFFIX), 0,
     "write \"{name}\" in domains or, for Exim, \"#{name}\""},
    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, IF(QUEUE_OF_DOMAIN), 0,
     "write \"{name}\" in domains, without the #"},
    {OUTCOME_MISUNDERSTOOD, ANYWHERE, ANY, ALWAYS,
     ITS_ADMINISTRATOR "what the queue is called, or write the domain itself in domains"},

    {OUTCOME_DENIED, AT(GREETING), ANY, ALWAYS, ITS_ADMINISTRATOR "to let your address in"},
    {OUTCOME_DENIED, AT(EHLO), ANY, ALWAYS,
     "set ehlo_name to a full name of this host that is in the DNS, or " ITS_ADMINISTRATOR
     "to let it in"},
    {OUTCOME_DENIED, AT(COMMAND), 450, IF(ATRN), 0,
     "check domains, for one that is not allowed refuses all, and interval, for asking too often "
     "is refused, too"},
    {OUTCOME_DENIED, ANYWHERE, ANY, IF(AUTHENTICATED), 0,
     ITS_ADMINISTRATOR "to allow the user \"{user}\" to ask for this domain"},
    {OUTCOME_DENIED, ANYWHERE, ANY, IF(AUTH_OFFERED), IF(USER),
     ITS_ADMINISTRATOR "to allow your address to ask for this domain, or a user, for user and a "
                       "password"},
    {OUTCOME_DENIED, ANYWHERE, ANY, ALWAYS,
     ITS_ADMINISTRATOR "to allow your address to ask for this domain"},

    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, IF(AUTHENTICATED), 0,
     ITS_ADMINISTRATOR "what the user \"{user}\" may do"},
    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, IF(STARTTLS_OFFERED),
     IF(ENCRYPTED) | IF(AUTH_OFFERED), "the backup wants TLS before {command}: set tls = required"},
    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, IF(STARTTLS_OFFERED) | IF(AUTH_OFFERED),
     IF(ENCRYPTED) | IF(USER),
     "set tls = required; if {command} is still refused, user and a password, too"},
    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY,
     UNLESS(IF(ENCRYPTED) | IF(STARTTLS_OFFERED) | IF(AUTH_OFFERED)),
     "the backup wants TLS or a user before {command}, and offers neither here: " ITS_ADMINISTRATOR
     "for the port to use"},
    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, UNLESS(IF(ENCRYPTED)),
     "set user and a password, which go out in clear only with auth_in_clear = true"},
    {OUTCOME_AUTHENTICATION, AT(COMMAND), ANY, ALWAYS, "set user and a password"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, NONE, IF(STARTTLS_OFFERED), IF(ENCRYPTED) | IF(AUTH_OFFERED),
     "set tls = required: AUTH may be offered after STARTTLS"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, NONE, UNLESS(IF(AUTH_OFFERED) | IF(ETRN)),
     ITS_ADMINISTRATOR "on which port AUTH is offered"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, NONE, UNLESS(IF(AUTH_OFFERED)),
     "take user and {password} out, or " ITS_ADMINISTRATOR "on which port AUTH is offered"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, NONE, IF(PINNED_MECHANISM), 0,
     "take auth out, or set it to a mechanism that the backup offers; mxpull pull -vv shows them"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, NONE, ALWAYS,
     "set auth to a mechanism that the backup offers; mxpull pull -vv shows them"},
    {OUTCOME_AUTHENTICATION, AT(AUTH), FAIR, ALWAYS, OTHER_MECHANISM},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 432, ALWAYS, /* RFC 4954 6 */
     ITS_ADMINISTRATOR "for a new password, and put it into {password}"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 500, ALWAYS, OTHER_MECHANISM},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 502, ALWAYS, OTHER_MECHANISM},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 504, ALWAYS, OTHER_MECHANISM},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 534, ALWAYS, OTHER_MECHANISM}, /* RFC 4954 6: too weak */
    {OUTCOME_AUTHENTICATION, ANYWHERE, 530, UNLESS(IF(ENCRYPTED)), "set tls = required"},
    {OUTCOME_AUTHENTICATION, ANYWHERE, 538, UNLESS(IF(ENCRYPTED)),
     "set tls = required"}, /* RFC 4954 6 */
    {OUTCOME_AUTHENTICATION, ANYWHERE, ANY, ALWAYS, "check user and {password}"},

    {OUTCOME_MISCONFIGURED, AT(AUTH), ANY, ALWAYS,
     "take auth out, or set it to a mechanism that mxpull knows"},
    {OUTCOME_MISCONFIGURED, AT(NONE), ANY, IF(PASSWORD_FILE), 0,
     "let the user that mxpull runs as, and nobody else, read the file that password_file names; "
     "its first line is the password"},
    {OUTCOME_MISCONFIGURED, AT(NONE), ANY, IF(PASSWORD_COMMAND), 0,
     "run password_command as the user that mxpull runs as: it must print the password and exit "
     "with 0"},
};

/* "#example.org", whose domain may be what is meant. */
static bool is_queue_of_domain(const struct node *node)
{
    struct node inner;
    struct error error;

    return node->form == NODE_QUEUE && node_parse(&inner, node->name + 1, &error) == STATUS_OK &&
           inner.form == NODE_DOMAIN && strchr(inner.name, '.') != NULL;
}

/* A bit for each fact that is so. */
static unsigned facts_of(const struct result *result)
{
    const struct backup_config *backup = result->backup;
    const struct node *node = result->node;
    bool names = backup->method == METHOD_ATRN && backup->name_domains;
    const bool is_so[FACT_COUNT] = {
        [PROXY] = backup->proxy != NULL,
        [SOURCE_ADDRESS] = backup->source_address != NULL,
        [ONE_IP] = backup->ip != IP_ANY,
        [PORT_25] = backup->port == 25,
        [PORT_366] = backup->port == 366,
        [PORT_465] = backup->port == 465,
        [IMPLICIT_TLS] = backup->tls == TLS_IMPLICIT,
        [CA_FILE] = backup->tls_ca_file != NULL,
        [USER] = backup->user != NULL,
        [AUTH_IN_CLEAR] = backup->auth_in_clear,
        [PINNED_MECHANISM] = backup->auth != NULL,
        [PASSWORD_FILE] = backup->password_file != NULL,
        [PASSWORD_COMMAND] = backup->password_command != NULL,
        [ETRN] = backup->method == METHOD_ETRN,
        [ATRN] = backup->method == METHOD_ATRN,
        [ATRN_NAMES] = names,
        [LONG_ATRN] =
            names && atrn_command_size(backup->domains, backup->domain_count) > ATRN_LINE_PROMISED,
        [FORCED] = backup->force,
        [DOMAIN] = node != NULL && node->form == NODE_DOMAIN,
        [SUFFIX] = node != NULL && node->form == NODE_SUFFIX,
        [QUEUE_OF_DOMAIN] = node != NULL && is_queue_of_domain(node),
        [ENCRYPTED] = result->tls != NULL,
        [COMMAND_OFFERED] = result->is_offered,
        [STARTTLS_OFFERED] = result->starttls_offered,
        [AUTH_OFFERED] = result->auth_offered,
        [AUTHENTICATED] = result->authenticated,
        [REFUSED_FOR_NOW] = result->refused_for_now > 0,
        [REFUSED_FOR_GOOD] = result->refused_for_good > 0,
    };
    unsigned facts = 0;

    for (unsigned i = 0; i < FACT_COUNT; i++)
        facts |= (unsigned)is_so[i] << i;
    return facts;
}

static bool fits(const struct row *row, const struct result *result, unsigned facts)
{
    bool is_code = row->code == ANY || (row->code == NONE && result->code == 0) ||
                   (row->code == SOME && result->code != 0) ||
                   (row->code == FAIR && result->code != 0 && result->code < 400) ||
                   row->code == result->code;

    return row->outcome == result->outcome && (row->stages & 1U << result->stage) != 0 && is_code &&
           (facts & row->with) == row->with && (facts & row->without) == 0;
}

static const char *advice_of(const struct result *result)
{
    unsigned facts = facts_of(result);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (fits(&rows[i], result, facts))
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
