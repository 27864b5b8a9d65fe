/* What can be done about an answer. One table, of which the first row that fits speaks: no advice may
 * be for another fault, and none says a cause that is not known. */
#include "session.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/smtp/atrn_dialogue.h>

#include <string.h>

enum {
    ADVICE_SIZE_MAX = 2000
};

#define AT(member) (result->stage == STAGE_##member)
#define LINE_AND_FIREWALL "the line, host and port, and any firewall in between"
#define PLAIN_PORT                                                                                 \
    "TLS from the first byte is for port 465: on a port that begins in clear set tls = required"
#define LINE_TOO_LONG                                                                              \
    "the domains make ATRN longer than the 512 octets that servers promise to take: set "          \
    "name_domains = false, or use fewer domains"
#define ITS_ADMINISTRATOR "ask the backup's administrator "
#define CERTIFICATE_OR_PIN "; or pin its key by tls_fingerprint, with tls_verify = false"

/* "#example.org", whose domain may be what is meant. */
static bool is_queue_of_domain(const struct node *node)
{
    struct node domain;

    return node->form == NODE_QUEUE && node_domain(&domain, node);
}

/* {name} is the domain alone, {command} ETRN, ATRN or TURN, {user} and {password} are options: the
 * user's value, and the name of the one that the password comes from. */
static const char *advice_of(const struct result *result)
{
    const struct backup_config *backup = result->backup;
    const struct node *node = result->node;
    int code = result->code, port = backup->port;
    bool etrn = backup->method == METHOD_ETRN, atrn = backup->method == METHOD_ATRN;
    bool names = atrn && backup->name_domains;
    bool too_long = AT(COMMAND) && names &&
                    atrn_command_size(backup->domains, backup->domain_count) > ATRN_LINE_PROMISED;
    bool implicit = backup->tls == TLS_IMPLICIT, user = backup->user != NULL;
    bool needs_tls = user && !backup->auth_in_clear;
    bool encrypted = result->tls != NULL, auth = result->auth_offered;
    bool can_encrypt = !encrypted && result->starttls_offered;
    bool needs_other_mechanism = (AT(AUTH) && code < 400) || code == 500 || code == 502 ||
                                 code == 504 || code == 534; /* RFC 4954 6 */
    const struct {
        enum outcome outcome;
        bool fits;
        const char *advice;
    } rows[] = {
        {OUTCOME_HELD, AT(RECIPIENT),
         "let your mail server take mail for that postmaster, or set preflight = greeting in "
         "primary { }"},
        {OUTCOME_HELD, !etrn,
         "make your mail server ready, or set address and relay_address in primary { } to where it "
         "listens; then pull again"},
        {OUTCOME_HELD, true,
         "make your mail server ready, or set address in primary { } to where it listens; then "
         "pull again"},
        {OUTCOME_REFUSED, result->refused_for_now > 0,
         "the log of your mail server says why; what it refused for now comes again at a later "
         "pull"},
        {OUTCOME_REFUSED, result->refused_for_good > 0,
         "the log of your mail server says why: let it take mail for these recipients, or this "
         "mail"},
        {OUTCOME_REFUSED, true,
         "the logs of mxpull and of your mail server say why: add the domain of a recipient to "
         "domains if its mail is yours"},
        {OUTCOME_DEFERRED, AT(NONE), "mxpull status shows the answer when it has come"},
        {OUTCOME_DEFERRED, AT(COMMAND) && code == 0, "pull again: the next pull begins with it"},
        {OUTCOME_DEFERRED, AT(COMMAND) && code == 458 && etrn,
         "pull again later; Exim says 458 for what it never allows, too: if it stays "
         "so, " ITS_ADMINISTRATOR "to allow it"},
        {OUTCOME_DEFERRED, AT(COMMAND), "the backup cannot do it at the moment; pull again later"},
        {OUTCOME_DEFERRED, true, "the backup takes no session at the moment; pull again later"},
        {OUTCOME_UNREACHABLE, AT(NONE), ""}, /* this machine's fault: the text says why */
        {OUTCOME_UNREACHABLE, AT(LOOKUP) && backup->proxy != NULL,
         "check the names in proxy and host, and whether this machine's DNS works"},
        {OUTCOME_UNREACHABLE, AT(LOOKUP) && backup->ip != IP_ANY,
         "check host, whether it has an address of the kind that ip allows, and whether this "
         "machine's DNS works"},
        {OUTCOME_UNREACHABLE, AT(LOOKUP),
         "check the name in host, and whether this machine's DNS works"},
        {OUTCOME_UNREACHABLE, AT(CONNECT) && backup->proxy != NULL,
         "check proxy, and whether it reaches host and port"},
        {OUTCOME_UNREACHABLE, AT(CONNECT) && backup->source_address != NULL,
         "check that source_address is this machine's, " LINE_AND_FIREWALL},
        {OUTCOME_UNREACHABLE, AT(CONNECT), "check " LINE_AND_FIREWALL},
        {OUTCOME_UNREACHABLE, AT(GREETING) && port == 465 && !implicit,
         "port 465 begins with TLS: set tls = implicit"},
        {OUTCOME_UNREACHABLE, AT(GREETING),
         "check host and port, and " ITS_ADMINISTRATOR "whether your address is let in"},
        {OUTCOME_UNREACHABLE, AT(TLS) && implicit && port != 465, PLAIN_PORT},
        {OUTCOME_UNREACHABLE, true,
         "pull again later; if it stays so, " ITS_ADMINISTRATOR "what its log says"},
        {OUTCOME_TIMEOUT, AT(LOOKUP), "check whether this machine's DNS works"},
        {OUTCOME_TIMEOUT, AT(CONNECT) && backup->proxy != NULL,
         "check proxy, and whether it reaches host and port"},
        {OUTCOME_TIMEOUT, AT(CONNECT) && port == 25,
         "check " LINE_AND_FIREWALL "; many networks let nobody out to port 25"},
        {OUTCOME_TIMEOUT, AT(CONNECT), "check " LINE_AND_FIREWALL},
        {OUTCOME_TIMEOUT, AT(GREETING) && port == 465 && !implicit,
         "port 465 begins with TLS: set tls = implicit"},
        {OUTCOME_TIMEOUT, AT(GREETING),
         "pull again later; if it stays so, check port, or raise command_timeout for a server that "
         "is slow to greet"},
        {OUTCOME_TIMEOUT, AT(COMMAND) && !etrn,
         "the backup did not answer in time; pull again later, or raise turn_timeout"},
        {OUTCOME_TIMEOUT, true,
         "the backup did not answer in time; pull again later, or raise command_timeout"},
        {OUTCOME_INTERRUPTED, true, "pull again; nothing is lost"},
        {OUTCOME_PROTOCOL, AT(GREETING) || AT(EHLO),
         "check that host and port are those of an SMTP server"},
        {OUTCOME_PROTOCOL, true,
         "see what the backup says by mxpull pull -vv, and show it to its administrator"},
        {OUTCOME_TLS, AT(STARTTLS) && code == 0 && needs_tls,
         ITS_ADMINISTRATOR "to offer STARTTLS, or set tls = implicit if it has TLS on port 465"},
        {OUTCOME_TLS, AT(STARTTLS) && code == 0,
         "set tls = may to go without TLS, or tls = implicit if the backup has TLS on port 465"},
        {OUTCOME_TLS, AT(STARTTLS) && needs_tls,
         ITS_ADMINISTRATOR "to mend STARTTLS, or set tls = implicit if it has TLS on port 465"},
        {OUTCOME_TLS, AT(STARTTLS),
         ITS_ADMINISTRATOR "to mend STARTTLS, or set tls = may to go without TLS"},
        {OUTCOME_TLS, AT(TLS) && implicit && port != 465, PLAIN_PORT},
        {OUTCOME_TLS, AT(TLS),
         ITS_ADMINISTRATOR
         "which versions of TLS it speaks; mxpull pull -vv shows how far it came"},
        {OUTCOME_TLS, AT(PINNED_KEY),
         ITS_ADMINISTRATOR
         "whether its key has been changed, and only then set tls_fingerprint anew"},
        {OUTCOME_TLS, AT(CERTIFICATE) && backup->tls_ca_file != NULL,
         "check the certificate's name against host, its date, and its authority against "
         "tls_ca_file" CERTIFICATE_OR_PIN},
        {OUTCOME_TLS, AT(CERTIFICATE),
         "check the certificate's name against host, and its date; an authority of its own goes "
         "into tls_ca_file" CERTIFICATE_OR_PIN},
        {OUTCOME_TLS, AT(COMMAND) && can_encrypt,
         "the backup wants TLS before {command}: set tls = required"},
        {OUTCOME_TLS, true,
         "the backup wants TLS but offers no STARTTLS: set tls = implicit if it has TLS on port "
         "465"},
        {OUTCOME_UNSUPPORTED, too_long && code == 500, LINE_TOO_LONG},
        {OUTCOME_MISUNDERSTOOD, too_long && code == 501, LINE_TOO_LONG},
        {OUTCOME_DENIED, too_long && (code == 552 || code == 554), LINE_TOO_LONG},
        {OUTCOME_UNSUPPORTED, atrn && port != 366,
         "check port, for ATRN has one of its own, 366; or " ITS_ADMINISTRATOR "to turn it on"},
        {OUTCOME_UNSUPPORTED, code == 0 && !result->is_offered && !backup->force,
         ITS_ADMINISTRATOR "to turn {command} on; if it is only hidden, set force = true"},
        {OUTCOME_UNSUPPORTED, true, ITS_ADMINISTRATOR "to turn {command} on"},
        {OUTCOME_MISUNDERSTOOD, names,
         "check domains; name_domains = false sends ATRN without names"},
        {OUTCOME_MISUNDERSTOOD, atrn, ITS_ADMINISTRATOR "how it wants ATRN"},
        {OUTCOME_MISUNDERSTOOD, node != NULL && node->form == NODE_DOMAIN,
         "write \"#{name}\" in domains, as Exim wants it, or \"@{name}\""},
        {OUTCOME_MISUNDERSTOOD, node != NULL && node->form == NODE_SUFFIX,
         "write \"{name}\" in domains or, for Exim, \"#{name}\""},
        {OUTCOME_MISUNDERSTOOD, node != NULL && is_queue_of_domain(node),
         "write \"{name}\" in domains, without the #"},
        {OUTCOME_MISUNDERSTOOD, true,
         ITS_ADMINISTRATOR "what the queue is called, or write the domain itself in domains"},
        {OUTCOME_DENIED, AT(GREETING), ITS_ADMINISTRATOR "to let your address in"},
        {OUTCOME_DENIED, AT(EHLO),
         "set ehlo_name to a full name of this host that is in the DNS, or " ITS_ADMINISTRATOR
         "to let it in"},
        {OUTCOME_DENIED, AT(COMMAND) && code == 450 && atrn,
         "check domains, for one that is not allowed refuses all, and interval, for asking too "
         "often is refused, too"},
        {OUTCOME_DENIED, result->authenticated,
         ITS_ADMINISTRATOR "to allow the user \"{user}\" to ask for this domain"},
        {OUTCOME_DENIED, auth && !user,
         ITS_ADMINISTRATOR
         "to allow your address to ask for this domain, or a user, for user and a password"},
        {OUTCOME_DENIED, true, ITS_ADMINISTRATOR "to allow your address to ask for this domain"},
        {OUTCOME_AUTHENTICATION, AT(COMMAND) && result->authenticated,
         ITS_ADMINISTRATOR "what the user \"{user}\" may do"},
        {OUTCOME_AUTHENTICATION, AT(COMMAND) && can_encrypt && !auth,
         "the backup wants TLS before {command}: set tls = required"},
        {OUTCOME_AUTHENTICATION, AT(COMMAND) && can_encrypt && !user,
         "set tls = required; if {command} is still refused, user and a password, too"},
        {OUTCOME_AUTHENTICATION, AT(COMMAND) && !encrypted && !result->starttls_offered && !auth,
         "the backup wants TLS or a user before {command}, and offers neither "
         "here: " ITS_ADMINISTRATOR "for the port to use"},
        {OUTCOME_AUTHENTICATION, AT(COMMAND) && !encrypted,
         "set user and a password, which go out in clear only with auth_in_clear = true"},
        {OUTCOME_AUTHENTICATION, AT(COMMAND), "set user and a password"},
        {OUTCOME_AUTHENTICATION, code == 0 && can_encrypt && !auth,
         "set tls = required: AUTH may be offered after STARTTLS"},
        {OUTCOME_AUTHENTICATION, code == 0 && !auth && !etrn,
         ITS_ADMINISTRATOR "on which port AUTH is offered"},
        {OUTCOME_AUTHENTICATION, code == 0 && !auth,
         "take user and {password} out, or " ITS_ADMINISTRATOR "on which port AUTH is offered"},
        {OUTCOME_AUTHENTICATION, code == 0 && backup->auth != NULL,
         "take auth out, or set it to a mechanism that the backup offers; mxpull pull -vv shows "
         "them"},
        {OUTCOME_AUTHENTICATION, code == 0,
         "set auth to a mechanism that the backup offers; mxpull pull -vv shows them"},
        {OUTCOME_AUTHENTICATION, needs_other_mechanism,
         "set auth to another mechanism that the backup offers; mxpull pull -vv shows them"},
        {OUTCOME_AUTHENTICATION, code == 432,
         ITS_ADMINISTRATOR "for a new password, and put it into {password}"},
        {OUTCOME_AUTHENTICATION, (code == 530 || code == 538) && !encrypted, "set tls = required"},
        {OUTCOME_AUTHENTICATION, true, "check user and {password}"},
        {OUTCOME_MISCONFIGURED, AT(AUTH),
         "take auth out, or set it to a mechanism that mxpull knows"},
        {OUTCOME_MISCONFIGURED, AT(NONE) && backup->password_file != NULL,
         "let the user that mxpull runs as, and nobody else, read the file that password_file "
         "names; its first line is the password"},
        {OUTCOME_MISCONFIGURED, AT(NONE) && backup->password_command != NULL,
         "run password_command as the user that mxpull runs as: it must print the password and "
         "exit with 0"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].outcome == result->outcome && rows[i].fits)
            return rows[i].advice;
    }
    return "";
}

char *advice_new(const struct result *result)
{
    const struct backup_config *backup = result->backup;
    const char *secret = backup->password_command != NULL ? "password_command" : "password";
    const struct {
        const char *word, *value;
    } words[] = {{"{name}", result->node != NULL ? node_bare_name(result->node) : ""},
                 {"{command}", verb_name(method_verb(backup->method))},
                 {"{user}", backup->user != NULL ? backup->user : ""},
                 {"{password}", backup->password_file != NULL ? "password_file" : secret}};
    struct buffer text;

    buffer_init(&text, ADVICE_SIZE_MAX);
    for (const char *at = advice_of(result); *at != '\0';) {
        const char *plain = at;

        for (size_t i = 0; i < COUNT_OF(words) && at == plain; i++) {
            if (strncmp(at, words[i].word, strlen(words[i].word)) != 0)
                continue;
            (void)buffer_append_text(&text, words[i].value);
            at += strlen(words[i].word);
        }
        if (at == plain)
            (void)buffer_append(&text, at++, 1);
    }
    char *advice = memory_copy(text.bytes);
    buffer_done(&text);
    return advice;
}
