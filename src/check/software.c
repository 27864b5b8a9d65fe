/* The mail servers that are known, each by a word of its greeting. */
#include "software.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

#include <stddef.h>
#include <string.h>

static const struct known {
    const char *word; /* in the greeting, in any case; the first row that fits */
    struct software software;
} rows[] = {
    {"OpenSMTPD",
     {.name = "OpenSMTPD",
      .dialect = "it has no ETRN",
      .settings = {"OpenSMTPD has no ETRN: take another server, or let it deliver by itself",
                   "OpenSMTPD has no ATRN",
                   "OpenSMTPD: match from any for domain …, action deliver",
                   "OpenSMTPD: match from any for domain …, action relay backup",
                   "OpenSMTPD: match … for any", "OpenSMTPD: listen on … tls pki",
                   "OpenSMTPD: listen on … auth", "OpenSMTPD: match from src …, filter … bypass"}}},
    {"Postfix",
     {.name = "Postfix",
      .limit = "it cuts off a connection that says ETRN more often than 100 times",
      .settings =
          {"Postfix: fast_flush_domains, smtpd_discard_ehlo_keywords",
           "Postfix has no ATRN: set method = etrn",
           "Postfix: mydestination, virtual_mailbox_domains", "Postfix: relay_domains",
           "Postfix: mynetworks, smtpd_relay_restrictions",
           "Postfix: smtpd_tls_security_level = may, smtpd_tls_chain_files",
           "Postfix: smtpd_sasl_auth_enable",
           "Postfix: check_client_access before other restrictions, postscreen_access_list"}}},
    {"Exim",
     {.name = "Exim",
      .dialect = "without smtp_etrn_command it knows a domain as \"#example.com\" alone",
      .limit = "it ends a connection at the 11th command that is about no mail",
      .settings = {"Exim: acl_smtp_etrn", "Exim 4.99 and later: acl_smtp_atrn",
                   "Exim: local_domains", "Exim: relay_to_domains", "Exim: relay_from_hosts",
                   "Exim: tls_advertise_hosts, tls_certificate",
                   "Exim: authenticators, auth_advertise_hosts",
                   "Exim: accept hosts = … first in acl_smtp_rcpt"}}},
    {"Sendmail",
     {.name = "sendmail",
      .limit = "from the 9th ETRN of a connection on it answers slower and slower",
      .settings = {"sendmail: confPRIVACY_FLAGS without noetrn, DAEMON_OPTIONS without M=E",
                   "sendmail has no ATRN: set method = etrn", "sendmail: local-host-names",
                   "sendmail: relay-domains, or access: To:… RELAY",
                   "sendmail: access: Connect:… RELAY, no promiscuous_relay",
                   "sendmail: confSERVER_CERT, confSERVER_KEY",
                   "sendmail: confAUTH_MECHANISMS, TRUST_AUTH_MECH",
                   "sendmail: access: Connect:… OK and GreetPause:… 0"}}},
    {"Microsoft ESMTP MAIL Service, Version",
     {.name = "IIS SMTP or Exchange 2000/2003",
      .dialect = "it may want AUTH before ETRN",
      .settings =
          {"IIS SMTP: the remote domain, Advanced: Queue messages for remote triggered delivery",
           "IIS SMTP: the remote domain, Advanced: accounts for remote triggered delivery",
           "Exchange 2003: the recipient policies, local domains",
           "IIS SMTP: the remote domain: Allow incoming mail to be relayed to this domain",
           "IIS SMTP: the virtual server, Access, Relay",
           "IIS SMTP: the virtual server, Access, Certificate",
           "IIS SMTP: the virtual server, Access, Authentication",
           "IIS SMTP: the virtual server, Access, Connection"}}},
    {"Microsoft ESMTP MAIL Service",
     {.name = "Exchange",
      .dialect = "Exchange 2007 and later have no ETRN",
      .settings =
          {"Exchange 2007 and later have no ETRN: take another server, or let it deliver by itself",
           "Exchange 2007 and later have no ATRN and no TURN", "Exchange: an accepted domain",
           "Exchange: an accepted domain of the type external relay",
           "Exchange: the receive connector's permission groups",
           "Exchange: the receive connector, TLS; Enable-ExchangeCertificate -Services SMTP",
           "Exchange: the receive connector, authentication",
           "Exchange: Add-IPAllowListEntry; the receive connector's tarpit interval"}}},
    {"MDaemon",
     {.name = "MDaemon",
      .dialect = "it may want AUTH before ETRN",
      .settings = {"MDaemon: Gateway Manager, Dequeuing, ETRN",
                   "MDaemon: Gateway Manager, Dequeuing, ATRN", "MDaemon: Domain Manager",
                   "MDaemon: Gateway Manager", "MDaemon: Relay Control, Trusted Hosts",
                   "MDaemon: Security, SSL & TLS", "MDaemon: the gateway's AUTH password",
                   "MDaemon: Trusted Hosts, Greylisting's allow list"}}},
    {"hMailServer",
     {.name = "hMailServer",
      .settings = {"hMailServer: SMTP, Routes", "hMailServer has no ATRN: set method = etrn",
                   "hMailServer: Domains",
                   "hMailServer: SMTP, Routes: the domain, as a local domain",
                   "hMailServer: IP ranges, Allow deliveries from",
                   "hMailServer: SSL certificates; TCP/IP ports, STARTTLS",
                   "hMailServer: IP ranges, Require SMTP authentication",
                   "hMailServer: White listing, Greylisting's white list, SMTP relays"}}},
    {"Kerio",
     {.name = "Kerio Connect",
      .settings =
          {"Kerio Connect: the domain, Forwarding, Offline - delivery is triggered by ETRN command",
           "Kerio Connect has no ATRN: set method = etrn", "Kerio Connect: Domains",
           "Kerio Connect: the domain, Forwarding", "Kerio Connect: SMTP server, Relay Control",
           "Kerio Connect: SSL Certificates", "Kerio Connect: SMTP server, Relay Control",
           "Kerio Connect: SMTP server, an IP address group"}}},
};

static bool contains(const char *text, const char *word)
{
    size_t size = strlen(word);

    for (; *text != '\0'; text++) {
        if (text_starts_with(text, word))
            return size > 0;
    }
    return false;
}

const struct software *software_guess(const char *greeting)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (contains(greeting, rows[i].word))
            return &rows[i].software;
    }
    return NULL;
}

const char *software_setting(const struct software *software, enum setting setting)
{
    static const char *const commonest[SETTING_COUNT] = {
        [SETTING_ETRN] =
            "Postfix: fast_flush_domains; Exim: acl_smtp_etrn; sendmail: confPRIVACY_FLAGS",
        [SETTING_ATRN] = "Exim 4.99 and later: acl_smtp_atrn; MDaemon: Gateway Manager, Dequeuing",
        [SETTING_DOMAINS] =
            "Postfix: mydestination; Exim: local_domains; sendmail: local-host-names",
        [SETTING_RELAY_TO] =
            "Postfix: relay_domains; Exim: relay_to_domains; sendmail: relay-domains",
        [SETTING_RELAY_FROM] = "Postfix: mynetworks; Exim: relay_from_hosts; sendmail: access",
        [SETTING_TLS] =
            "Postfix: smtpd_tls_security_level; Exim: tls_certificate; sendmail: confSERVER_CERT",
        [SETTING_AUTH] =
            "Postfix: smtpd_sasl_auth_enable; Exim: authenticators; sendmail: confAUTH_MECHANISMS",
        [SETTING_TRUST] =
            "Postfix: check_client_access; Exim: accept hosts in acl_smtp_rcpt; sendmail: access",
    };

    return software != NULL ? software->settings[setting] : commonest[setting];
}
