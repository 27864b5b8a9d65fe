/* What mxpull check says of backups and of the primary, which mxsim plays, with a DNS of its own: each finding appears where its fault
 * is, and not where it is not; and nothing is said that starts a queue or sends mail. */
#include "../unit/dns_server.h"
#include "../unit/unit.h"
#include "harness.h"

#include <mxpull/base/text.h>
#include <mxpull/check/check.h>
#include <mxpull/platform/signals.h>

#include <stdio.h>
#include <support.h>

#define CERTIFICATE(name) "\"" CERTIFICATES "/" name ".crt\" \"" CERTIFICATES "/" name ".key\"\n"
#define CA " tls_ca_file = \"" DRIVE CERTIFICATES "/ca.pem\" "
#define LOGIN " user = me password = secret "
#define HONEST                                                                                     \
    "reply RCPT postmaster@example.org \"554 5.7.1 Relay access denied\"\n"                        \
    "reply RCPT postmaster@[192.0.2.1] \"554 5.7.1 Relay access denied\"\n"
#define MX "server mx 127.0.0.1:0\ngreeting \"220 mx2.test ESMTP Postfix\"\n" HONEST
#define SINK "sink primary 127.0.0.1:0\n" HONEST
#define BACKUP "domains = e.test mail_port = ^mx "

/* What a backup has that is in order, but for TLS. */
#define BEGIN "ok backup-address\nok backup-greeting\nok backup-esmtp\nok backup-method\n"
#define CLEAR "warn backup-tls-missing\n"
#define GUESS "ok backup-software\n"
#define MAIL "ok backup-mail\nok backup-relay\n"
#define REVERSE "ok backup-reverse\n"
#define TLS "ok backup-tls\nok backup-certificate\n"

static const struct dns_rule zone[] = {
    {.name = "mx2.test", .records = {"mx2.test A 7f000001"}},
    {.name = "two.test", .records = {"two.test A 7f000001", "two.test A 7f000008"}},
    {.name = "six.test",
     .records = {"six.test A 7f000001", "six.test AAAA 20010db8000000000000000000000001"}},
    {.name = "servfail.test", .code = 2},
    {.name = "1.0.0.127.in-addr.arpa", .records = {"1.0.0.127.in-addr.arpa PTR mx2.test"}},
    {.name = "9.0.0.127.in-addr.arpa", .records = {"9.0.0.127.in-addr.arpa PTR mx2.test"}},
    {.name = "10.0.0.127.in-addr.arpa", .records = {"10.0.0.127.in-addr.arpa PTR servfail.test"}},
    {.name = "11.0.0.127.in-addr.arpa", .code = 2},
    {0}};

static struct dns_server dns;

static const struct row {
    const char *name;
    const char *script; /* of mx, or of the primary */
    const char *options;
    const char *findings; /* of the backup: "severity id", a line each */
    int exit_status;
    const char *text; /* a part of a text or advice; NULL: none */
    const char *in_journal, *not_in_journal;
} rows[] = {
    {"in order", MX, "$mx " BACKUP, BEGIN CLEAR GUESS MAIL REVERSE, 0,
     "takes mail for postmaster of 1 of 1 domains", "< QUIT", NULL},
    {"by its name", MX, "host = mx2.test port = ^mx " BACKUP, BEGIN CLEAR GUESS MAIL REVERSE, 0,
     "mx2.test is 127.0.0.1", NULL, NULL},
    {"the log of mx", MX, "$mx " BACKUP, BEGIN CLEAR GUESS MAIL REVERSE, 0, NULL,
     "< RCPT TO:<postmaster@e.test>", "< STARTTLS"},
    {"without a name in the DNS", MX, "host = missing.test port = ^mx " BACKUP,
     "fail backup-address-missing\n", 78, "missing.test has no address", NULL, "connected"},
    {"the DNS does not say", MX, "host = servfail.test port = ^mx " BACKUP,
     "fail backup-address-unknown\n", 75, "SERVFAIL", NULL, "connected"},
    {"known to this machine alone", MX, "host = localhost port = ^mx ip = 4 " BACKUP,
     "warn backup-address-local\nok backup-greeting\nok backup-esmtp\nok backup-method\n" CLEAR
         GUESS MAIL,
     0, "localhost is 127.0.0.1 on this machine alone", NULL, NULL},
    {"one address of two is dead", MX, "host = two.test port = ^mx " BACKUP,
     BEGIN CLEAR GUESS MAIL REVERSE "warn backup-greeting-missing\nwarn backup-reverse-missing\n",
     0, "127.0.0.8", NULL, NULL},
    {"nobody listens", MX, "host = \"127.0.0.1\" port = 1 mail_port = 1 domains = e.test",
     "ok backup-address\nfail backup-greeting-missing\nok backup-reverse\n", 75,
     "see that a mail server listens on 127.0.0.1:1", NULL, NULL},
    {"greeting 554", "server mx 127.0.0.1:0\ngreeting \"554 no service for you\"\n", "$mx " BACKUP,
     "ok backup-address\nfail backup-greeting-missing\nok backup-reverse\n", 77,
     "554 no service for you", NULL, NULL},
    {"greeting 421", "server mx 127.0.0.1:0\ngreeting \"421 too many\" close\n", "$mx " BACKUP,
     "ok backup-address\nfail backup-greeting-missing\nok backup-reverse\n", 75, "421 too many",
     NULL, NULL},
    {"no SMTP", "server mx 127.0.0.1:0\ngreeting \"SSH-2.0\"\n", "$mx " BACKUP,
     "ok backup-address\nfail backup-greeting-missing\nok backup-reverse\n", 76,
     "not an SMTP server: SSH-2.0", NULL, NULL},
    {"silent", "server mx 127.0.0.1:0\ngreeting stall\n", "$mx command_timeout = 1s " BACKUP,
     "ok backup-address\nfail backup-greeting-missing\nok backup-reverse\n", 75,
     "no greeting within 1s", NULL, NULL},
    {"a greeting of 101 lines", "server mx 127.0.0.1:0\ngreeting \"220-mx\" *100 \"220 mx\"\n",
     "$mx " BACKUP, "ok backup-address\nfail backup-greeting-missing\nok backup-reverse\n", 76,
     "a reply without end", NULL, NULL},
    {"a greeting of two codes", "server mx 127.0.0.1:0\ngreeting \"220-mx\" \"250 mx\"\n",
     "$mx " BACKUP, "ok backup-address\nfail backup-greeting-missing\nok backup-reverse\n", 76,
     "a reply of two codes", NULL, NULL},
    {"250 as a greeting", "server mx 127.0.0.1:0\ngreeting \"250 mx Postfix\"\n" HONEST,
     "$mx " BACKUP, BEGIN CLEAR GUESS MAIL REVERSE, 0, "250 mx Postfix", NULL, NULL},
    {"EHLO is cut off", MX "reply EHLO close\n", "$mx " BACKUP,
     "ok backup-address\nok backup-greeting\nfail backup-esmtp-broken\n" GUESS
     "fail backup-mail-failed\nok backup-reverse\n",
     75, "see in its log why it gives no answer", NULL, NULL},
    {"EHLO is refused", MX "reply EHLO \"502 no\"\n", "$mx tls = off " BACKUP,
     "ok backup-address\nok backup-greeting\nwarn backup-esmtp-missing\nfail "
     "backup-method-missing\n"
     "ok backup-tls\n" GUESS MAIL REVERSE,
     69, "refuses EHLO: 502 no", NULL, NULL},
    {"EHLO and HELO are refused", MX "reply EHLO \"550 no\"\nreply HELO \"550 no\"\n",
     "$mx tls = off " BACKUP,
     "ok backup-address\nok backup-greeting\nfail backup-esmtp-broken\n" GUESS
     "fail backup-mail-failed\nok backup-reverse\n",
     77, "550 no", NULL, NULL},
    {"ETRN is not offered", MX "ehlo \"250-mx\" \"250 PIPELINING\"\n", "$mx " BACKUP,
     "ok backup-address\nok backup-greeting\nok backup-esmtp\nfail backup-method-missing\n" CLEAR
         GUESS MAIL REVERSE,
     69, "let it offer ETRN to this machine (Postfix: fast_flush_domains", NULL, NULL},
    {"ETRN is hidden", MX "ehlo \"250-mx\" \"250 PIPELINING\"\n", "$mx force = true " BACKUP,
     "ok backup-address\nok backup-greeting\nok backup-esmtp\nwarn backup-method-hidden\n" CLEAR
         GUESS MAIL REVERSE,
     0, "force = true", NULL, NULL},
    {"mail is refused",
     MX "reply RCPT postmaster@e.test \"554 5.7.1 Relay access denied for it\"\n", "$mx " BACKUP,
     BEGIN CLEAR GUESS "fail backup-mail-refused\nok backup-relay\n" REVERSE, 77,
     "let it take mail for e.test and keep it for your mail server (Postfix: relay_domains)",
     "< RSET", NULL},
    {"mail is refused like all",
     MX "reply RCPT \"550 relay not permitted\"\nreply RCPT postmaster@example.org \"550 relay not "
        "permitted\"\nreply RCPT postmaster@[192.0.2.1] \"550 relay not permitted\"\n",
     "$mx " BACKUP, BEGIN CLEAR GUESS "fail backup-mail-refused\nskip backup-relay\n" REVERSE, 77,
     "cannot be told", NULL, NULL},
    {"one domain of three is refused", MX "reply RCPT postmaster@b.test \"550 no\"\n",
     "$mx domains = {a.test, b.test, c.test, \"#queue\", \"@d.test\"} mail_port = ^mx",
     BEGIN CLEAR GUESS "fail backup-mail-refused\nok backup-mail\nok backup-relay\n" REVERSE, 77,
     "takes mail for postmaster of 3 of 4 domains", "RCPT TO:<postmaster@d.test>", "queue"},
    {"mail is refused without AUTH",
     "server mx 127.0.0.1:0\nreply MAIL \"530 5.7.0 Authentication required\"\n", "$mx " BACKUP,
     BEGIN CLEAR "fail backup-mail-refused\nskip backup-relay\n" REVERSE, 77,
     "let it take mail for e.test from senders without AUTH", NULL, NULL},
    {"mail is put off", MX "reply RCPT postmaster@e.test \"450 4.2.0 Greylisted\"\n", "$mx " BACKUP,
     BEGIN CLEAR GUESS "warn backup-mail-deferred\nok backup-relay\n" REVERSE, 0, "greylisting",
     NULL, NULL},
    {"everything is put off", "server mx 127.0.0.1:0\nreply RCPT \"450 4.2.0 Greylisted\"\n",
     "$mx " BACKUP, BEGIN CLEAR "warn backup-mail-deferred\nskip backup-relay\n" REVERSE, 0,
     "cannot be told: 450", NULL, NULL},
    {"it hangs up at RCPT", "server mx 127.0.0.1:0\nreply RCPT close\n", "$mx " BACKUP,
     BEGIN CLEAR "fail backup-mail-failed\n" REVERSE, 75,
     "one connection ended at postmaster@e.test", NULL, NULL},
    {"rubbish at RCPT", "server mx 127.0.0.1:0\nreply RCPT \"rubbish\"\n", "$mx " BACKUP,
     BEGIN CLEAR "fail backup-mail-failed\n" REVERSE, 75, "rubbish", NULL, NULL},
    {"no mail port", MX, "$mx domains = e.test mail_port = 1",
     BEGIN CLEAR GUESS "fail backup-mail-failed\nok backup-reverse\n", 75, "lets port 25 out", NULL,
     NULL},
    {"an open relay", "server mx 127.0.0.1:0\n", "$mx " BACKUP,
     BEGIN CLEAR "ok backup-mail\nwarn backup-relay-open\n" REVERSE, 0,
     "takes mail from here for postmaster@example.org", "< RCPT TO:<postmaster@example.org>", NULL},
    {"an open relay for addresses",
     "server mx 127.0.0.1:0\nreply RCPT postmaster@example.org \"450 4.1.2 no such domain\"\n",
     "$mx " BACKUP, BEGIN CLEAR "ok backup-mail\nwarn backup-relay-open\n" REVERSE, 0,
     "postmaster@[192.0.2.1]", NULL, NULL},
    {"our own domain is none of others",
     "server mx 127.0.0.1:0\nreply RCPT postmaster@example.net \"550 no\"\nreply RCPT "
     "postmaster@[192.0.2.1] \"550 no\"\n",
     "$mx domains = example.org mail_port = ^mx", BEGIN CLEAR MAIL REVERSE, 0,
     "refuses mail for postmaster@example.net", NULL, NULL},
    {"it hangs up at one domain", MX "reply RCPT postmaster@a.test close\n",
     "$mx domains = {a.test, b.test} mail_port = ^mx",
     BEGIN CLEAR GUESS "fail backup-mail-unanswered\nok backup-mail\nok backup-relay\n" REVERSE, 75,
     "did not say whether it takes mail for postmaster@a.test", NULL, NULL},
    {"a queue alone", MX, "$mx domains = \"#queue\"",
     BEGIN CLEAR GUESS REVERSE "skip backup-mail\n", 0, "whose mail a queue holds", NULL, "< MAIL"},
    {"no reverse name", "server mx 127.0.0.8:0\n" HONEST, "$mx " BACKUP,
     BEGIN CLEAR MAIL "warn backup-reverse-missing\n", 0, "PTR", NULL, NULL},
    {"a reverse name of another", "server mx 127.0.0.9:0\n" HONEST, "$mx " BACKUP,
     BEGIN CLEAR MAIL "warn backup-reverse-mismatch\n", 0, "127.0.0.9 is mx2.test", NULL, NULL},
    {"a reverse name that is not told back", "server mx 127.0.0.10:0\n" HONEST, "$mx " BACKUP,
     BEGIN CLEAR MAIL "skip backup-reverse\n", 0, "SERVFAIL", NULL, NULL},
    {"a reverse name that is not told", "server mx 127.0.0.11:0\n" HONEST, "$mx " BACKUP,
     BEGIN CLEAR MAIL "skip backup-reverse\n", 0, "SERVFAIL", NULL, NULL},
    {"Exim, perhaps", "server mx 127.0.0.1:0\ngreeting \"220 mx ESMTP Exim 4.96\"\n" HONEST,
     "$mx " BACKUP, BEGIN CLEAR GUESS MAIL REVERSE, 0,
     "by its banner perhaps Exim; if so, without smtp_etrn_command it knows a domain as "
     "\"#example.com\" alone",
     NULL, NULL},
    {"escapes in its greeting", "server mx 127.0.0.1:0\ngreeting \"220 \\x1b[2J\"\n" HONEST,
     "$mx " BACKUP, BEGIN CLEAR MAIL REVERSE, 0, "220 \\x1b[2J", NULL, NULL},
    {"ATRN is offered",
     MX "ehlo \"250-mx\" \"250-AUTH PLAIN\" \"250 ATRN\"\nauth PLAIN me secret\n",
     "$mx method = atrn tls = off auth_in_clear = true" LOGIN BACKUP,
     BEGIN "ok backup-tls\nok backup-auth\nok backup-login\n" GUESS MAIL REVERSE, 0, "offers ATRN",
     "authenticated me", NULL},
    {"ATRN is not offered", MX "auth PLAIN me secret\n",
     "$mx method = atrn tls = off auth_in_clear = true" LOGIN BACKUP,
     "ok backup-address\nok backup-greeting\nok backup-esmtp\nfail backup-method-missing\nok "
     "backup-tls\n"
     "ok backup-auth\nok backup-login\n" GUESS MAIL REVERSE,
     69, "Postfix has no ATRN", NULL, NULL},
    {"the login is refused", MX "auth PLAIN me other\n",
     "$mx tls = off auth_in_clear = true" LOGIN BACKUP,
     BEGIN "ok backup-tls\nok backup-auth\nfail backup-login-refused\n" GUESS MAIL REVERSE, 77,
     "does not let me in: 535", NULL, NULL},
    {"the login is put off", MX "auth PLAIN me secret\nreply CREDENTIALS \"454 later\"\n",
     "$mx tls = off auth_in_clear = true" LOGIN BACKUP,
     BEGIN "ok backup-tls\nok backup-auth\nfail backup-login-refused\n" GUESS MAIL REVERSE, 75,
     "454 later", NULL, NULL},
    {"no login is offered", MX, "$mx tls = off auth_in_clear = true" LOGIN BACKUP,
     BEGIN "ok backup-tls\nfail backup-auth-missing\n" GUESS MAIL REVERSE, 77,
     "does not offer AUTH", NULL, NULL},
#ifndef _WIN32
    {"no password", MX "auth PLAIN me secret\n",
     "$mx tls = off auth_in_clear = true user = me password_command = \"exit 3\" " BACKUP,
     "ok backup-address\nfail backup-password-missing\nok backup-greeting\nok backup-esmtp\n"
     "ok backup-method\nok backup-tls\nok backup-auth\nskip backup-login\n" GUESS MAIL REVERSE,
     78, "not tried: there is no password", NULL, "< AUTH"},
    {"a password that a command brings", MX "auth PLAIN me secret\n",
     "$mx tls = off auth_in_clear = true user = me password_command = \"echo secret\" " BACKUP,
     BEGIN "ok backup-tls\nok backup-auth\nok backup-login\n" GUESS MAIL REVERSE, 0, "lets me in",
     "authenticated me", NULL},
#endif
#if MXSIM_HAS_TLS
    {"TLS", MX "tls starttls " CERTIFICATE("good"), "$mx tls = required" CA BACKUP,
     BEGIN TLS GUESS MAIL REVERSE, 0, "speaks TLS", "< STARTTLS", NULL},
    {"TLS from the first byte",
     MX "tls implicit " CERTIFICATE("good") "server mail 127.0.0.1:0\n" HONEST,
     "$mx tls = implicit domains = e.test mail_port = ^mail " CA, BEGIN TLS GUESS MAIL REVERSE, 0,
     NULL, NULL, NULL},
    {"TLS is required and not offered", MX, "$mx tls = required" CA BACKUP,
     BEGIN "fail backup-tls-missing\n" GUESS MAIL REVERSE, 76,
     "give it a certificate (Postfix: smtpd_tls", NULL, NULL},
    {"TLS is refused",
     MX "ehlo \"250-mx\" \"250-STARTTLS\" \"250 ETRN\"\nreply STARTTLS \"454 not now\"\n",
     "$mx " BACKUP, BEGIN "warn backup-tls-broken\n" GUESS MAIL REVERSE, 0, "not now", NULL, NULL},
    {"TLS is required and refused",
     MX "ehlo \"250-mx\" \"250-STARTTLS\" \"250 ETRN\"\nreply STARTTLS \"454 not now\"\n",
     "$mx tls = required" CA BACKUP, BEGIN "fail backup-tls-broken\n" GUESS MAIL REVERSE, 75,
     "not now", NULL, NULL},
    {"expired", MX "tls starttls " CERTIFICATE("expired") "auth PLAIN me secret\n",
     "$mx tls = required" CA LOGIN BACKUP,
     BEGIN
     "ok backup-tls\nfail backup-certificate-expired\nok backup-auth\nskip backup-login\n" GUESS
         MAIL REVERSE,
     76, "renew it there (Postfix: smtpd_tls", NULL, "< AUTH"},
    {"of another name", MX "tls starttls " CERTIFICATE("wrong"), "$mx tls = required" CA BACKUP,
     BEGIN "ok backup-tls\nfail backup-certificate-invalid\n" GUESS MAIL REVERSE, 76, "tls_ca_file",
     NULL, NULL},
    {"of an unknown authority", MX "tls starttls " CERTIFICATE("unknown"),
     "$mx tls = required" CA BACKUP,
     BEGIN "ok backup-tls\nfail backup-certificate-invalid\n" GUESS MAIL REVERSE, 76, NULL, NULL,
     NULL},
    {"of an unknown authority, and nobody cares", MX "tls starttls " CERTIFICATE("unknown"),
     "$mx tls = may " BACKUP,
     BEGIN "ok backup-tls\nwarn backup-certificate-invalid\n" GUESS MAIL REVERSE, 0, "tls = may",
     NULL, NULL},
    {"another key", MX "tls starttls " CERTIFICATE("good"),
     "$mx tls = required tls_fingerprint = "
     "\"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"" CA BACKUP,
     BEGIN "ok backup-tls\nfail backup-certificate-key\n" GUESS MAIL REVERSE, 76, "another key",
     NULL, NULL},
    {"the mail port takes TLS alone",
     MX
     "tls starttls " CERTIFICATE("unknown") "reply MAIL \"530 5.7.0 Must issue a STARTTLS command "
                                            "first\"\non-connection 1+ reply MAIL#1 \"250 ok\"\n",
     "$mx tls = required tls_verify = false " BACKUP,
     BEGIN "ok backup-tls\nwarn backup-certificate-invalid\n" GUESS MAIL REVERSE, 0,
     "tls_verify = false", NULL, NULL},
#endif
};

/* ---- the primary ---- */

#define PRIMARY "ok primary-greeting\nok primary-mail\nwarn primary-tls-missing\n"
#define UNSEEN "skip primary-client\n"
#define AT_SINK "primary { address = \"%primary\" } "
#define PROXIED                                                                                    \
    "primary { address = \"%primary\" relay_address = \"%relay\" proxy_protocol = true } "
#define RELAY "sink relay 127.0.0.1:0\nproxied\n"
#define ETRN_BACKUP "backup mx { host = \"127.0.0.1\" port = 1 domains = e.test }"
#define ATRN_BACKUP                                                                                \
    "backup mx { host = \"127.0.0.1\" port = 1 mail_port = 1 domains = e.test method = atrn tls "  \
    "= off "                                                                                       \
    "auth_in_clear = true" LOGIN "}"

static const struct row primary_rows[] = {
    {"in order", SINK, AT_SINK ETRN_BACKUP, PRIMARY UNSEEN, 0, "without proxy_protocol", "< QUIT",
     "example.org"},
    {"offers TLS", SINK "ehlo \"250-p\" \"250 STARTTLS\"\n", AT_SINK ETRN_BACKUP,
     "ok primary-greeting\nok primary-mail\nok primary-tls\n" UNSEEN, 0, NULL, NULL, NULL},
    {"is down", SINK, "primary { address = \"127.0.0.1:1\" } " ETRN_BACKUP,
     "fail primary-not-ready\n" UNSEEN, 75, "start your mail server", NULL, NULL},
    {"is down, with ATRN", SINK, "primary { address = \"127.0.0.1:1\" } " ATRN_BACKUP,
     "fail primary-not-ready\n" UNSEEN, 75, NULL, NULL, NULL},
    {"greets by 554", SINK "greeting \"554 no\"\n", AT_SINK ETRN_BACKUP,
     "fail primary-not-ready\n" UNSEEN, 77, "let it take mail from this machine", NULL, NULL},
    {"is no SMTP server", SINK "greeting \"HTTP/1.1 400 Bad Request\"\n", AT_SINK ETRN_BACKUP,
     "fail primary-not-ready\n" UNSEEN, 75, "to where it takes mail", NULL, NULL},
    {"refuses a domain", SINK "reply RCPT postmaster@e.test \"550 unknown user\"\n",
     AT_SINK ETRN_BACKUP,
     "ok primary-greeting\nfail primary-mail-refused\nwarn primary-tls-missing\n" UNSEEN, 77,
     "let it take mail for e.test (Postfix: mydestination", NULL, NULL},
    {"puts a domain off", SINK "reply RCPT postmaster@e.test \"451 later\"\n", AT_SINK ETRN_BACKUP,
     "ok primary-greeting\nwarn primary-mail-deferred\nwarn primary-tls-missing\n" UNSEEN, 0,
     "451 later", NULL, NULL},
    {"hangs up at a domain", SINK "reply RCPT postmaster@e.test close\n",
     AT_SINK "backup mx { host = \"127.0.0.1\" port = 1 domains = {e.test, f.test} }",
     "ok primary-greeting\nfail primary-mail-unanswered\nok primary-mail\nwarn "
     "primary-tls-missing\n" UNSEEN,
     75, NULL, NULL, NULL},
    {"hangs up at every domain", SINK "reply RCPT close\n", AT_SINK ETRN_BACKUP,
     "fail primary-not-ready\n" UNSEEN, 75, "one connection ended at postmaster@e.test", NULL,
     NULL},
    {"a queue alone", SINK, AT_SINK "backup mx { host = \"127.0.0.1\" port = 1 domains = \"#q\" }",
     "ok primary-greeting\nskip primary-mail\n" UNSEEN, 0, NULL, NULL, "< MAIL"},
    {"ATRN, and it does not trust this machine", SINK, AT_SINK ATRN_BACKUP,
     PRIMARY UNSEEN "ok primary-relay\n", 0, "refuses mail from this machine", NULL, NULL},
    {"ATRN, and it trusts this machine", "sink primary 127.0.0.1:0\n", AT_SINK ATRN_BACKUP,
     PRIMARY UNSEEN "warn primary-relay-open\n", 0, "set relay_address to a port", NULL, NULL},
    {"ATRN, and nobody at relay_address", SINK,
     "primary { address = \"%primary\" relay_address = \"127.0.0.1:1\" } " ATRN_BACKUP,
     PRIMARY UNSEEN "fail primary-client-unanswered\n", 75, "connection refused", NULL, NULL},
    {"PROXY, in order", SINK RELAY HONEST, PROXIED ETRN_BACKUP, PRIMARY "ok primary-client\n", 0,
     "takes mail from 127.0.0.1 (mx)", "PROXY TCP4 127.0.0.1 127.0.0.1 49152 25", NULL},
    {"PROXY, a backup by its name", SINK RELAY HONEST,
     PROXIED
     "backup mx { host = six.test port = 1 mail_port = 1 domains = e.test connect_timeout = 1s }",
     PRIMARY "ok primary-client\nok primary-client\n", 0, NULL,
     "PROXY TCP6 2001:db8::1 ::1 49152 25", NULL},
    {"PROXY, a backup without address", SINK RELAY HONEST,
     PROXIED "backup mx { host = missing.test port = 1 domains = e.test }",
     PRIMARY "skip primary-client\n", 0, "no address of a backup is known", NULL, NULL},
    {"PROXY, refused", SINK RELAY "greeting \"554 5.7.1 listed\"\n", PROXIED ETRN_BACKUP,
     PRIMARY "fail primary-client-refused\n", 77, "554 5.7.1 listed", NULL, NULL},
    {"PROXY, refused at RCPT", SINK RELAY "reply RCPT \"550 5.7.1 SPF\"\n", PROXIED ETRN_BACKUP,
     PRIMARY "fail primary-client-refused\n", 77, "let the backup in", NULL, NULL},
    {"PROXY, greylisted", SINK RELAY "reply RCPT \"450 4.2.0 Greylisted\"\n", PROXIED ETRN_BACKUP,
     PRIMARY "warn primary-client-deferred\n", 0, "spare the backup greylisting", NULL, NULL},
    {"PROXY, where none is expected", SINK "sink relay 127.0.0.1:0\n", PROXIED ETRN_BACKUP,
     PRIMARY "fail primary-client-unanswered\n", 75,
     "expects a PROXY line if proxy_protocol is set", NULL, NULL},
    {"PROXY, ATRN", SINK RELAY HONEST, PROXIED ATRN_BACKUP,
     PRIMARY "ok primary-client\nok primary-relay\n", 0, "refuses mail from 127.0.0.1", NULL, NULL},
    {"PROXY, ATRN, trusted too far", SINK RELAY, PROXIED ATRN_BACKUP,
     PRIMARY "ok primary-client\nwarn primary-relay-open\n", 0, "no further than for your domains",
     NULL, NULL},
};

/* ---- running ---- */

static struct loop *running; /* NULL: none */

/* A command has ended. */
static void wake(void *context)
{
    (void)context;
    if (running != NULL)
        loop_wake(running);
}

static bool never(void)
{
    return false;
}

static size_t told;

static void count_told(void *context, const struct findings *findings)
{
    (void)context;
    assert_true(findings->is_over);
    told++;
}

/* Runs the check and writes down the findings of one topic, and all of their texts. */
static int run(struct sim *sim, const char *text, enum topic topic, struct buffer *list,
               struct buffer *texts)
{
    static const char *const severities[] = {"ok", "warn", "fail", "skip"};
    struct error error;
    size_t count;
    int exit_status = 0;
    char whole[4000];

    (void)snprintf(whole, sizeof whole, "dns_server = \"%s\" %s", dns.address, text);
    struct config *config = sim_config(sim, whole);
    struct loop *loop = loop_new(&error);
    assert_non_null(loop);
    told = 0;
    struct check *check = check_new(
        &(struct check_options){.config = config, .loop = loop, .stop = never, .told = count_told},
        &error);
    assert_non_null(check);
    running = loop;
    check_run(check);
    running = NULL;
    const struct findings *findings = check_findings(check, &count);
    assert_int_equal(told, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < findings[i].count && findings[i].topic == topic; j++) {
            const struct finding *finding = &findings[i].list[j];

            (void)buffer_append_format(list, "%s %s\n", severities[finding->severity], finding->id);
            (void)buffer_append_format(texts, "%s: %s\n    %s\n", finding->id, finding->text,
                                       finding->advice != NULL ? finding->advice : "-");
            exit_status = exit_status_worse(exit_status, finding->exit_status);
            assert_int_equal(finding->severity == SEVERITY_WARN ||
                                 finding->severity == SEVERITY_FAIL,
                             finding->advice != NULL);
            assert_int_equal(finding->severity == SEVERITY_FAIL, finding->exit_status != 0);
            assert_null(strstr(finding->text, "secret"));
        }
    }
    check_free(check);
    loop_free(loop);
    config_free(config);
    return exit_status;
}

static void test(const struct row *row, const char *text, enum topic topic)
{
    struct sim *sim = sim_start(row->script);
    struct buffer list, texts;

    buffer_init(&list, 10000);
    buffer_init(&texts, 100000);
    int exit_status = run(sim, text, topic, &list, &texts);
    if (strcmp(list.bytes, row->findings) != 0 || exit_status != row->exit_status ||
        (row->text != NULL && strstr(texts.bytes, row->text) == NULL))
        fail_msg("exit %d instead of %d\n%s\ninstead of\n%s\nwith \"%s\"\n%s", exit_status,
                 row->exit_status, texts.bytes, row->findings, row->text != NULL ? row->text : "",
                 sim_journal(sim));
    if (row->in_journal != NULL && !sim_says(sim, row->in_journal))
        fail_msg("no \"%s\" in\n%s", row->in_journal, sim_journal(sim));
    if (row->not_in_journal != NULL && sim_count(sim, row->not_in_journal) > 0)
        fail_msg("\"%s\" in\n%s", row->not_in_journal, sim_journal(sim));
    /* Whatever happens, nothing is started or sent. */
    static const char *const never_said[] = {"< ETRN", "< ATRN", "< TURN", "< DATA", "< BDAT"};
    for (size_t i = 0; i < sizeof never_said / sizeof never_said[0]; i++)
        assert_int_equal(sim_count(sim, never_said[i]), 0);
    buffer_done(&list);
    buffer_done(&texts);
    sim_stop(sim);
}

static void test_backup(void **state)
{
    const struct row *row = *state;
    char text[2000];

    /* Without a CA wine trusts everybody. */
    if (support_is_wine() && strstr(row->script, "unknown.crt") != NULL &&
        strstr(row->options, "tls_ca_file") == NULL)
        skip();
    (void)snprintf(text, sizeof text, "primary { address = \"127.0.0.1:1\" } backup mx { %s }",
                   row->options);
    test(row, text, TOPIC_BACKUP);
}

static void test_primary(void **state)
{
    const struct row *row = *state;

    test(row, row->options, TOPIC_PRIMARY);
}

/* ---- many at once ---- */

static size_t turns_left, backups_told;
static bool has_told_dead;

static bool stop_after_turns(void)
{
    return turns_left-- == 0;
}

static bool stop_when_living_are_told(void)
{
    return backups_told == 3;
}

static void note_backup(void *context, const struct findings *findings)
{
    (void)context;
    if (findings->topic != TOPIC_BACKUP)
        return;
    backups_told++;
    has_told_dead = has_told_dead || strcmp(findings->backup->name, "dead") == 0;
}

static void run_until(struct sim *sim, const char *text, bool (*stop)(void))
{
    struct error error;
    char whole[4000];

    (void)snprintf(whole, sizeof whole, "dns_server = \"%s\" %s", dns.address, text);
    struct config *config = sim_config(sim, whole);
    struct loop *loop = loop_new(&error);
    struct check *check = check_new(
        &(struct check_options){.config = config, .loop = loop, .stop = stop, .told = note_backup},
        &error);
    assert_non_null(check);
    backups_told = 0;
    running = loop;
    check_run(check);
    running = NULL;
    check_free(check);
    loop_free(loop);
    config_free(config);
}

#define MANY                                                                                       \
    "primary { address = \"%mx\" } "                                                               \
    "backup dead { $dead domains = d.test mail_port = ^dead } "                                    \
    "backup a { $mx domains = a.test mail_port = ^mx } "                                           \
    "backup b { $mx domains = {b.test, c.test} mail_port = ^mx } "                                 \
    "backup c { host = two.test port = ^mx domains = a.test mail_port = ^mx }"
#define DEAD "server dead 127.0.0.1:0\ngreeting stall\n"

/* A silent one keeps no other from being told. */
static void test_dead_beside_living(void **state)
{
    struct sim *sim = sim_start(MX DEAD);

    (void)state;
    run_until(sim, MANY, stop_when_living_are_told);
    assert_false(has_told_dead);
    assert_int_equal(backups_told, 3);
    sim_stop(sim);
}

static void test_one_connection_at_once(void **state)
{
    struct sim *sim = sim_start(MX "server dead 127.0.0.1:0\ngreeting close\n");

    (void)state;
    run_until(sim, "concurrency = 1 " MANY, never);
    assert_int_equal(backups_told, 4);
    sim_stop(sim);
}

static void test_broken_off_at_every_turn(void **state)
{
    struct sim *sim = sim_start(MX DEAD);

    (void)state;
    for (size_t turns = 0; turns < 60; turns++) {
        turns_left = turns;
        run_until(sim, "concurrency = 2 defaults { command_timeout = 1s } " MANY, stop_after_turns);
    }
    sim_stop(sim);
}

/* A server that breaks off, or falls silent, at any place ends in findings, and so does one that never ends. */
static void test_hostile(void **state)
{
    static const struct {
        const char *fault, *end;
        int last, step;
    } faults[] = {{"after-bytes", "close", 100, 5},
                  {"after-bytes", "reset", 100, 5},
                  {"after-commands", "close", 3, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (int at = 0; at < faults[i].last; at += faults[i].step) {
            char script[600] = MX;
            struct buffer list, texts;

            (void)snprintf(script + strlen(script), sizeof script - strlen(script),
                           "fault %s %d %s\n", faults[i].fault, at, faults[i].end);
            struct sim *sim = sim_start(script);
            buffer_init(&list, 10000);
            buffer_init(&texts, 100000);
            (void)run(sim,
                      "primary { address = \"127.0.0.1:1\" } backup mx { $mx domains = a.test "
                      "mail_port = ^mx }",
                      TOPIC_BACKUP, &list, &texts);
            if (strstr(list.bytes, "fail ") == NULL &&
                strstr(list.bytes, "skip backup-relay") == NULL)
                fail_msg("%s%s", script, texts.bytes);
            buffer_done(&list);
            buffer_done(&texts);
            sim_stop(sim);
        }
    }
}

int main(void)
{
    signals_start(SIGNALS_RUN, wake, NULL);
    dns_server_start(&dns, zone);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dead_beside_living),
        cmocka_unit_test(test_one_connection_at_once),
        cmocka_unit_test(test_broken_off_at_every_turn),
        cmocka_unit_test(test_hostile),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL) + RUN_TABLE(rows, test_backup) +
                 RUN_TABLE(primary_rows, test_primary);
    dns_server_end(&dns);
    signals_end();
    return unit_status(failed);
}
