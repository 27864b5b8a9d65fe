/* ATRN and TURN against a provider that mxsim plays, honest or hostile, and a primary that keeps
 * what it gets. After whatever happens every message is at the primary or still with the provider,
 * and nothing came through that was not asked for. */
#include "../unit/unit.h"
#include "harness.h"

#include <dirent.h>
#include <stdio.h>
#include <support.h>
#include <support_words.h>
#include <unistd.h>

#define WAITING "turn.waiting"
#define ARRIVED "turn.arrived"
#define AUTH "  auth PLAIN,CRAM-MD5 me secret\n"
#define PROVIDER "server mx 127.0.0.1:0\n" AUTH "  odmr " WAITING "\n"
#define SINK "sink primary 127.0.0.1:0\n  keep " ARRIVED " lf\n"
#define PRIMARY "primary { address = \"%primary\" }\n"
#define MX                                                                                         \
    "backup mx { $mx method = atrn user = me password = secret tls = off auth_in_clear = true "    \
    "command_timeout = 1m "
/* The same for what ends by that time. */
#define MX_IMPATIENT                                                                               \
    "backup mx { $mx method = atrn user = me password = secret tls = off auth_in_clear = true "    \
    "command_timeout = 2s "
#define E_EXAMPLE "domains = e.example }"

/* ---- the folders ---- */

static size_t count_files(const char *path, const char *ending)
{
    size_t count = 0;
    DIR *folder = opendir(path);

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t size = strlen(entry->d_name), wanted = strlen(ending);

        if (entry->d_name[0] != '.' && size >= wanted &&
            strcmp(entry->d_name + size - wanted, ending) == 0)
            count++;
    }
    (void)closedir(folder);
    return count;
}

static void put_message(int number, const char *to)
{
    char name[64];

    (void)snprintf(name, sizeof name, WAITING "/%d.eml", number);
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    (void)fprintf(
        file, "From: a@far.example\nTo: %s\nSubject: number %d\n\nOne.\n.two\n..three\nend %d\n",
        to, number, number);
    assert_int_equal(fclose(file), 0);
}

static void put_messages(int count)
{
    support_empty_directory(WAITING);
    support_empty_directory(ARRIVED);
    for (int number = 1; number <= count; number++)
        put_message(number, "postmaster@e.example");
}

/* How often the message with this number has arrived, whole. */
static size_t arrived(int number)
{
    char wanted[64], name[512], text[2000];
    size_t count = 0;
    DIR *folder = opendir(ARRIVED);

    assert_non_null(folder);
    (void)snprintf(wanted, sizeof wanted, "\n\nOne.\n.two\n..three\nend %d\n", number);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        (void)snprintf(name, sizeof name, ARRIVED "/%s", entry->d_name);
        FILE *file = entry->d_name[0] != '.' ? fopen(name, "rb") : NULL;
        if (file == NULL)
            continue;
        size_t size = fread(text, 1, sizeof text - 1, file);
        text[size] = '\0';
        (void)fclose(file);
        count += strstr(text, wanted) != NULL ? 1 : 0;
    }
    (void)closedir(folder);
    return count;
}

/* ---- the rows ---- */

struct row {
    const char *name;
    const char *script, *config;
    int waiting; /* messages */
    const char *outcome;
    int exit_status;
    size_t kept;            /* by the primary */
    const char *in_journal; /* NULL: whatever */
    const char *not_in_journal;
};

#define TURN(what) PROVIDER "  on-connection 1 reply ATRN \"250 go\"\n  " what "\n" SINK
#define SAY(command) "turn say \"" command "\"\n  turn expect\n  "
#define BEGIN "turn expect\n  " SAY("EHLO mx")
#define ONE_MAIL BEGIN SAY("MAIL FROM:<a@far.example>") SAY("RCPT TO:<x@e.example>")

#define MESSAGE(from, to)                                                                          \
    SAY("MAIL FROM:<" from ">")                                                                    \
    SAY("RCPT TO:<" to ">") SAY("DATA") "turn say \"text\\r\\n.\"\n  turn expect\n  "
/* One that is not taken. */
#define NO_MESSAGE(from, to) SAY("MAIL FROM:<" from ">") SAY("RCPT TO:<" to ">") SAY("RSET")
/* On the first connection alone. */
#define FIRST(what) "  on-connection 1 turn " what "\n"
#define FIRST_SAY(command) FIRST("say \"" command "\"") FIRST("expect")
#define FIRST_ENVELOPE(from)                                                                       \
    FIRST_SAY("MAIL FROM:<" from "@far.example>")                                                  \
    FIRST_SAY("RCPT TO:<x@e.example>") FIRST_SAY("DATA")
#define FIRST_MESSAGE(from) FIRST_ENVELOPE(from) FIRST("say \"text\\r\\n.\"") FIRST("expect")
#define SILENT "refused 0 0 messages taken, 1 not taken by your server for now: 451 4.3.0"
/* The same on the Nth connection. */
#define AT(n, what) "  on-connection " n " turn " what "\n"
#define AT_SAY(n, command) AT(n, "say \"" command "\"") AT(n, "expect")
#define AT_BEGIN(n)                                                                                \
    "  on-connection " n " reply ATRN \"250 go\"\n" AT(n, "expect") AT_SAY(n, "EHLO mx")
#define AT_OFFER(n, from)                                                                          \
    AT_SAY(n, "MAIL FROM:<" from "@far.example>") AT_SAY(n, "RCPT TO:<x@e.example>")
#define AT_MESSAGE(n, from)                                                                        \
    AT_OFFER(n, from) AT_SAY(n, "DATA") AT(n, "say \"text\\r\\n.\"") AT(n, "expect")
/* As Exim does: each session begins with the message that has failed at its end, and ends behind it. */
#define FAILS_FIRST                                                                                \
    PROVIDER AT_BEGIN("1") AT_MESSAGE("1", "a") AT_SAY("1", "QUIT") AT_BEGIN("2")                  \
        AT_MESSAGE("2", "a") AT_SAY("2", "QUIT") AT_BEGIN("3") AT_OFFER("3", "a")                  \
            AT_SAY("3", "RSET") AT_SAY("3", "QUIT") AT_BEGIN("4") AT_MESSAGE("4", "b")             \
                AT_SAY("4", "QUIT") SINK
#define DYING                                                                                      \
    PROVIDER "  on-connection 1 reply ATRN \"250 go\"\n" FIRST("expect") FIRST_SAY("EHLO mx")
#define LEAVE "turn say \"QUIT\"\n  turn expect"

static const struct row rows[] = {
    {"three messages", PROVIDER SINK, PRIMARY MX E_EXAMPLE, 3, "received", 0, 3,
     "mx#2 < ATRN e.example", "mx#3"},
    {"none", PROVIDER SINK, PRIMARY MX E_EXAMPLE, 0, "empty", 0, 0, "mx#1 > 453", NULL},
    {"421 while our own server is told of the provider",
     "server mx 127.0.0.1:0\n  auth PLAIN me secret\n  odmr " WAITING
     "\n  drip 8 10ms\n  reply CREDENTIALS \"235 ok\" \"421 busy\"\n" SINK
     "  proxied\n  on-connection 2 delay GREETING 2s\n",
     "primary { address = \"%primary\" proxy_protocol = true }\n" MX E_EXAMPLE, 1,
     "deferred 421 busy", 75, 0, NULL, "mx#1 < ATRN"},
    {"250 while our own server is told of the provider",
     "server mx 127.0.0.1:0\n  auth PLAIN me secret\n  odmr " WAITING
     "\n  drip 8 10ms\n  reply CREDENTIALS \"235 ok\" \"250 busy\"\n" SINK
     "  proxied\n  on-connection 2 delay GREETING 2s\n",
     "primary { address = \"%primary\" proxy_protocol = true }\n" MX E_EXAMPLE, 1, "protocol", 76,
     0, NULL, "mx#1 < ATRN"},
    {"by CRAM-MD5", PROVIDER SINK, PRIMARY MX "auth = CRAM-MD5 " E_EXAMPLE, 1, "received", 0, 1,
     "< AUTH CRAM-MD5", NULL},
    {"without names: whatever is ours", PROVIDER SINK, PRIMARY MX "name_domains = false " E_EXAMPLE,
     2, "received", 0, 2, "< ATRN\n", NULL},
    {"without names, and another's mail",
     TURN(BEGIN SAY("MAIL FROM:<>") SAY("RCPT TO:<a@other.example>") "turn say \"QUIT\"\n"
                                                                     "  turn expect"),
     PRIMARY MX "name_domains = false " E_EXAMPLE, 0, "refused", 75, 0, "mx#1 < 550", NULL},
    {"two domains in one ATRN", PROVIDER SINK, PRIMARY MX "domains = {d.example, e.example} }", 2,
     "received", 0, 2, "< ATRN d.example,e.example", NULL},
    {"wrong password", PROVIDER SINK,
     PRIMARY "backup mx { $mx method = atrn user = me password = wrong tls = off auth_in_clear = "
             "true " E_EXAMPLE,
     1, "authentication", 77, 0, NULL, "< ATRN"},
    {"ATRN not offered", "server mx 127.0.0.1:0\n" AUTH SINK, PRIMARY MX E_EXAMPLE, 1,
     "unsupported", 69, 0, NULL, "< ATRN"},
    {"denied",
     "server mx 127.0.0.1:0\n" AUTH "  odmr " WAITING "\n  reply ATRN \"450 not yours\"\n" SINK,
     PRIMARY MX E_EXAMPLE, 1, "denied", 77, 0, "< QUIT", NULL},
    {"deferred",
     "server mx 127.0.0.1:0\n" AUTH "  odmr " WAITING "\n  reply ATRN \"451 not now\"\n" SINK,
     PRIMARY MX E_EXAMPLE, 1, "deferred", 75, 0, NULL, NULL},
    {"primary down", PROVIDER SINK, "primary { address = \"127.0.0.1:1\" }\n" MX E_EXAMPLE, 1,
     "held", 75, 0, NULL, "mx#"},
    {"primary busy", PROVIDER "sink primary 127.0.0.1:0\n  greeting \"421 busy\"\n",
     PRIMARY MX E_EXAMPLE, 1, "held", 75, 0, NULL, "mx#"},
    {"primary refuses", PROVIDER "sink primary 127.0.0.1:0\n  greeting \"554 no\"\n",
     PRIMARY MX E_EXAMPLE, 1, "held", 75, 0, NULL, "mx#"},
    {"primary silent", PROVIDER "sink primary 127.0.0.1:0\n  greeting stall\n",
     "primary { address = \"%primary\" greeting_timeout = 1s }\n" MX E_EXAMPLE, 1, "held", 75, 0,
     NULL, "mx#"},
    {"primary slow to greet", PROVIDER SINK "  delay greeting 4s\n", PRIMARY MX_IMPATIENT E_EXAMPLE,
     1, "received", 0, 1, NULL, NULL},
    {"relay_address", PROVIDER SINK,
     "primary { address = \"127.0.0.1:1\" relay_address = \"%primary\" }\n" MX E_EXAMPLE, 1,
     "received", 0, 1, NULL, NULL},
    {"a PROXY line", PROVIDER SINK "  proxied\n",
     "primary { address = \"%primary\" proxy_protocol = true }\n" MX E_EXAMPLE, 1, "received", 0, 1,
     "PROXY TCP4 127.0.0.1 127.0.0.1", NULL},
    {"TURN", PROVIDER SINK,
     PRIMARY "backup mx { $mx method = turn user = me password = secret tls = off auth_in_clear = "
             "true force = true " E_EXAMPLE,
     2, "received", 0, 2, "< TURN", NULL},
    {"QUIT before our 220", TURN("turn say \"QUIT\"\n  turn expect\n  turn expect\n  turn close"),
     PRIMARY MX E_EXAMPLE, 0, "received", 0, 0, NULL, NULL},
    {"only EHLO and QUIT", TURN(BEGIN "turn say \"QUIT\"\n  turn expect\n  turn close"),
     PRIMARY MX E_EXAMPLE, 0, "received", 0, 0, NULL, NULL},
    {"a foreign domain",
     TURN(BEGIN SAY("MAIL FROM:<>")
              SAY("RCPT TO:<a@other.example>") "turn say \"QUIT\"\n  turn expect"),
     PRIMARY MX E_EXAMPLE, 0, "refused", 75, 0, "mx#1 < 550", "other.example\nprimary"},
    {"a success report is not asked for",
     TURN(BEGIN SAY("MAIL FROM:<a@far.example> RET=FULL ENVID=x SIZE=9") SAY(
         "RCPT TO:<x@e.example> NOTIFY=SUCCESS ORCPT=rfc822;a@far.example") "turn say \"QUIT\"\n  "
                                                                            "turn expect"),
     PRIMARY MX E_EXAMPLE, 0, "received", 0, 0,
     "primary#1 < MAIL FROM:<a@far.example> SIZE=9\nprimary#1 > 250 2.0.0 OK\n",
     "primary#1 < RCPT TO:<x@e.example> "},
    {"STARTTLS is taken out",
     TURN(BEGIN "turn say \"QUIT\"\n  turn expect") "  ehlo \"250-p\" \"250-PIPELINING\" "
                                                    "\"250-STARTTLS\" \"250 CHUNKING\"\n",
     PRIMARY MX E_EXAMPLE, 0, "received", 0, 0, "mx#1 < 250 PIPELINING", "mx#1 < 250-STARTTLS"},
    {"verbs that are not for the provider",
     TURN(BEGIN SAY("STARTTLS") "turn say \"QUIT\"\n  turn expect"), PRIMARY MX E_EXAMPLE, 0, NULL,
     -1, 0, "mx#1 < 502", "primary#1 < STARTTLS"},
    {"AUTH", TURN(BEGIN SAY("AUTH PLAIN AAAA") "turn say \"QUIT\"\n  turn expect"),
     PRIMARY MX E_EXAMPLE, 0, "received", 0, 0, "mx#1 < 502", "primary#1 < AUTH"},
    {"XCLIENT", TURN(BEGIN SAY("XCLIENT ADDR=127.0.0.1") "turn say \"QUIT\"\n  turn expect"),
     PRIMARY MX E_EXAMPLE, 0, "received", 0, 0, "mx#1 < 502", "primary#1 < XCLIENT"},
    {"BDAT is refused, and what stands behind it comes",
     TURN(ONE_MAIL "turn say \"BDAT 5\\r\\nQUIT\\n\" raw\n  turn expect\n  " SAY("BDAT 0 LAST")
              SAY("RSET") MESSAGE("b@far.example", "x@e.example") LEAVE),
     PRIMARY MX E_EXAMPLE, 0, "received 0 1 message refused here", 0, 1, "mx#1 < 502",
     "primary#1 < BDAT"},
    {"a second EHLO", TURN(BEGIN SAY("EHLO again") "turn say \"QUIT\"\n  turn expect"),
     PRIMARY MX E_EXAMPLE, 0, "received", 0, 0, "primary#1 < EHLO again", NULL},
    {"a DATA that is not ended",
     TURN(ONE_MAIL SAY("DATA") "turn say \"half a message\"\n  turn close"), PRIMARY MX E_EXAMPLE,
     0, "interrupted", 75, 0, "primary#1 < DATA", "kept"},
    {"a stall in DATA", TURN(ONE_MAIL SAY("DATA") "turn say \"half a message\"\n  turn stall"),
     PRIMARY MX "idle_timeout = 1s " E_EXAMPLE, 0, "interrupted", 75, 0, NULL, "kept"},
    {"a DATA without end",
     TURN(
         ONE_MAIL SAY("DATA") "turn endless \"more and more and more and more and more and more\""),
     PRIMARY MX "idle_timeout = 1s " E_EXAMPLE, 0, "interrupted", 75, 0, NULL, "kept"},
    {"a command line of megabytes", TURN(BEGIN "turn endless \"RCPT TO:<\""),
     PRIMARY MX_IMPATIENT E_EXAMPLE, 0, "interrupted", 75, 0, NULL, "RCPT TO:<RCPT"},
    {"a smuggled message is read to its end, and what stands behind it comes",
     PROVIDER "  on-connection 1 reply ATRN \"250 go\"\n" FIRST("expect") FIRST_SAY("EHLO mx")
         FIRST_SAY("MAIL FROM:<a@far.example>") FIRST_SAY("RCPT TO:<x@e.example>") FIRST_SAY("DATA")
             FIRST("say \"a\\n.\\r\\n\" raw") FIRST("say \"more\" *100000") FIRST_SAY(".")
                 FIRST_SAY("QUIT") SINK,
     PRIMARY MX E_EXAMPLE, 1, "received 0 1 message refused here", 0, 1, "mx#1 < 550", NULL},
    {"our own server dies in a message: 451 behind all of it, and what stands behind it comes",
     PROVIDER "  on-connection 1 reply ATRN \"250 go\"\n" FIRST("expect") FIRST_SAY("EHLO mx")
         FIRST_SAY("MAIL FROM:<b@far.example>") FIRST_SAY("RCPT TO:<x@e.example>") FIRST_SAY("DATA")
             FIRST("say \"more\" *100000") FIRST_SAY(".") FIRST_SAY("QUIT") SINK
     "  on-connection 1 reply DATA \"354 go\" close\n",
     PRIMARY MX E_EXAMPLE, 1,
     "refused 0 1 message taken, 1 not taken by your server for now: 451 4.3.0", 75, 1,
     "mx#1 < 451", NULL},
    {"our own server dies at the first message, and the three behind it come in the same session",
     DYING FIRST_ENVELOPE("a") FIRST("say \"more\" *100000") FIRST_SAY(".") FIRST_MESSAGE("b")
         FIRST_MESSAGE("c") FIRST_MESSAGE("d") FIRST_SAY("QUIT") SINK
     "  on-connection 1 reply DATA \"354 go\" close\n",
     PRIMARY MX E_EXAMPLE, 0,
     "refused 0 3 messages taken, 1 not taken by your server for now: 451 4.3.0", 75, 3,
     "primary#2 < EHLO mx", "mx#1 < 421"},
    {"our own server dies at MAIL, RCPT, DATA and the final dot, and the message behind comes",
     DYING FIRST_SAY("MAIL FROM:<a@far.example>") FIRST_SAY("MAIL FROM:<b@far.example>")
         FIRST_SAY("RCPT TO:<x@e.example>") FIRST_SAY("RCPT TO:<y@e.example>") FIRST_ENVELOPE("c")
             FIRST_MESSAGE("d") FIRST_MESSAGE("e") FIRST_SAY("QUIT") SINK
     "  on-connection 1 reply MAIL close\n  on-connection 2 reply RCPT close\n"
     "  on-connection 3 reply DATA close\n  on-connection 4 reply . close\n",
     PRIMARY MX E_EXAMPLE, 0,
     "refused 0 1 message taken, 4 not taken by your server for now: 451 4.3.0", 75, 1,
     "primary#5 < EHLO mx", "mx#1 < 421"},
    {"our own server dies at the end of the message that each session begins with",
     FAILS_FIRST "  on-connection 1 reply . \"421 4.3.2 fatal\" close\n"
                 "  on-connection 3 reply . \"421 4.3.2 fatal\" close\n",
     PRIMARY MX E_EXAMPLE, 0,
     "refused 0 1 message taken, 1 not taken by your server for now: 451 4.3.0", 75, 1,
     "mx#3 < 451 4.3.0", "primary#5 < DATA"},
    {"our own server refuses for now the message that each session begins with",
     FAILS_FIRST "  on-connection 1 reply . \"451 4.7.1 greylisted\"\n"
                 "  on-connection 2 reply . \"451 4.7.1 greylisted\"\n",
     PRIMARY MX E_EXAMPLE, 0,
     "refused 0 1 message taken, 1 not taken by your server for now: 451 4.7.1 greylisted", 75, 1,
     "mx#3 < 451 4.3.0", "primary#3 < DATA"},
    {"our own server fails at a message once: it comes in the same poll",
     PROVIDER SINK "  on-connection 1 reply . \"421 4.3.2 restarting\" close\n",
     PRIMARY MX E_EXAMPLE, 1, "received", 0, 1, NULL, NULL},
    {"a provider that has nothing but smuggled messages is not asked for ever",
     PROVIDER AT_BEGIN("1+") AT_OFFER("1+", "a") AT_SAY("1+", "DATA")
         AT("1+", "say \"a\\n.\\r\\n\" raw") AT_SAY("1+", ".") AT_SAY("1+", "QUIT") SINK,
     PRIMARY MX E_EXAMPLE, 0, "refused 0 ", 75, 0, "mx#101 < ATRN", "mx#110 < ATRN"},
    {"a PROXY line for each connection",
     DYING FIRST_SAY("MAIL FROM:<a@far.example>") FIRST_MESSAGE("b") FIRST_SAY("QUIT") SINK
     "  proxied\n  on-connection 2 reply MAIL close\n",
     "primary { address = \"%primary\" proxy_protocol = true }\n" MX E_EXAMPLE, 0,
     "refused 0 1 message taken, 1 not taken", 75, 1, "primary#3 < PROXY TCP4 127.0.0.1", NULL},
    {"our own server dies, and does not come back",
     PROVIDER SINK "  on-connection 1 reply DATA \"354 go\" close\n"
                   "  on-connection 2+ greeting \"554 no\"\n",
     PRIMARY MX E_EXAMPLE, 3, "interrupted 0 0 messages taken, 1 not taken", 75, 0, "mx#1 < 421",
     NULL},
    {"our own server refuses a message early",
     DYING FIRST_ENVELOPE("a") FIRST("say \"more\" *100000") FIRST_SAY(".") FIRST_MESSAGE("b")
         FIRST_SAY("QUIT") SINK "  on-connection 1 reply DATA \"354 go\" \"552 5.3.4 too large\"\n",
     PRIMARY MX E_EXAMPLE, 0, "received 0 1 refused by your server for good: 552 5.3.4 too large",
     0, 1, "mx#1 < 552 5.3.4 too large", NULL},
    {"smuggling by LF.LF",
     TURN(ONE_MAIL SAY(
         "DATA") "turn say \"a\\n.\\nMAIL FROM:<x@y>\\r\\n\" raw\n  turn expect\n  turn close"),
     PRIMARY MX "idle_timeout = 1s " E_EXAMPLE, 0, "refused 0 1 message refused here", 75, 0,
     "mx#1 < 550", "kept"},
    {"silence of the provider", TURN("turn stall"), PRIMARY MX "idle_timeout = 1s " E_EXAMPLE, 0,
     "interrupted", 75, 0, NULL, NULL},
    {"silence of the primary", PROVIDER SINK "  reply EHLO stall\n",
     PRIMARY MX_IMPATIENT "idle_timeout = 1s " E_EXAMPLE, 1, "interrupted", 75, 0, NULL, NULL},
    {"silence of the primary at the final dot", PROVIDER SINK "  reply . stall\n",
     PRIMARY MX_IMPATIENT E_EXAMPLE, 1, SILENT, 75, 0, NULL, "mx#1 < 250 2.0.0 kept"},
    {"silence of the primary at DATA", PROVIDER SINK "  reply DATA stall\n",
     PRIMARY MX_IMPATIENT E_EXAMPLE, 1, SILENT, 75, 0, NULL, NULL},
    {"all pipelined",
     TURN(BEGIN "turn say \"MAIL FROM:<>\\r\\nRCPT TO:<a@e.example>\\r\\nRCPT "
                "TO:<b@other.example>\\r\\nRCPT TO:<c@e.example>\\r\\nDATA\\r\\n\" raw\n"
                "  turn expect\n  turn expect\n  turn expect\n  turn expect\n  turn expect\n  turn "
                "say \"text\\r\\n.\\r\\nQUIT\\r\\n\" raw\n  turn expect\n  turn expect"),
     PRIMARY MX E_EXAMPLE, 0, "received", 0, 1, "mx#1 < 550", "b@other.example\nprimary"},
    {"refused for a while: RCPT", PROVIDER SINK "  reply RCPT \"450 later\"\n",
     PRIMARY MX E_EXAMPLE, 3,
     "refused 0 0 messages taken, 3 not taken by your server for now: 450 later", 75, 0, "mx#1",
     "mx#3"},
    {"refused for a while: MAIL", PROVIDER SINK "  reply MAIL \"451 later\"\n",
     PRIMARY MX E_EXAMPLE, 3,
     "refused 0 0 messages taken, 3 not taken by your server for now: 451 later", 75, 0, NULL,
     NULL},
    {"refused for a while: DATA", PROVIDER SINK "  reply DATA \"451 later\"\n",
     PRIMARY MX E_EXAMPLE, 3,
     "refused 0 0 messages taken, 3 not taken by your server for now: 451 later", 75, 0, NULL,
     NULL},
    {"refused for a while: the final dot", PROVIDER SINK "  reply . \"452 full\"\n",
     PRIMARY MX E_EXAMPLE, 3,
     "refused 0 0 messages taken, 3 not taken by your server for now: 452 full", 75, 0, NULL, NULL},
    {"one is refused for a while, the others are taken",
     TURN(BEGIN MESSAGE("a@far.example", "x@e.example")
              NO_MESSAGE("b@far.example", "busy@e.example") MESSAGE("c@far.example", "x@e.example")
                  LEAVE) "  reply RCPT busy@e.example \"451 4.7.1 greylisted\"\n",
     PRIMARY MX E_EXAMPLE, 0,
     "refused 0 2 messages taken, 1 not taken by your server for now: 451 4.7.1 greylisted", 75, 2,
     NULL, NULL},
    {"what is taken in a later session is not refused",
     PROVIDER SINK "  on-connection 1 reply RCPT#2 \"451 4.7.1 greylisted\"\n",
     PRIMARY MX E_EXAMPLE, 3, "received 453 4.5.3 you have no", 0, 3, NULL, NULL},
    {"all are refused for good", PROVIDER SINK "  reply . \"554 5.7.1 spam\"\n",
     PRIMARY MX E_EXAMPLE, 3,
     "refused 0 none taken: your server refused 3 messages for good, which the provider returns to "
     "the sender: 554 5.7.1 spam",
     75, 0, NULL, NULL},
    {"one is refused for good, the others are taken",
     TURN(BEGIN MESSAGE("a@far.example", "x@e.example")
              NO_MESSAGE("b@far.example", "gone@e.example")
                  LEAVE) "  reply RCPT gone@e.example \"550 5.1.1 gone\"\n",
     PRIMARY MX E_EXAMPLE, 0, "received 0 1 refused by your server for good: 550 5.1.1 gone", 0, 1,
     NULL, NULL},
    {"MAIL is refused here", TURN(BEGIN NO_MESSAGE("a b@far.example", "x@e.example") LEAVE),
     PRIMARY MX E_EXAMPLE, 0,
     "refused 0 1 message refused here for a MAIL command that is malformed or too long", 75, 0,
     NULL, NULL},
    {"EHLO is refused by our own server", TURN(BEGIN LEAVE) "  reply EHLO \"554 no\"\n",
     PRIMARY MX E_EXAMPLE, 0, "refused 0 your server refused the provider's EHLO by 554", 75, 0,
     NULL, NULL},
    {"another domain's mail is refused for a while",
     TURN(BEGIN NO_MESSAGE("a@far.example", "x@d.example") MESSAGE("b@far.example", "x@e.example")
              LEAVE) "  reply RCPT x@d.example \"450 later\"\n",
     PRIMARY MX "domains = {d.example, e.example} }", 0, "received", 75, 1, NULL, NULL},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    char expected[400];

    put_messages(row->waiting);
    struct sim *sim = sim_start(row->script);
    struct outcome_text outcome = pull(sim, row->config, NULL, false, false);
    if (row->outcome != NULL) {
        const char *found = strstr(outcome.lines.bytes, "e.example ");

        (void)snprintf(expected, sizeof expected, "%s%s", found != NULL ? "e.example " : "mx  ",
                       row->outcome);
        if (strstr(outcome.lines.bytes, expected) == NULL)
            fail_msg("expected \"%s\", got \"%s\"\n%s", expected, outcome.lines.bytes,
                     sim_journal(sim));
        assert_int_equal(outcome.exit_status, row->exit_status);
    }
    if (count_files(ARRIVED, ".eml") != row->kept)
        fail_msg("kept %zu of %zu\n%s", count_files(ARRIVED, ".eml"), row->kept, sim_journal(sim));
    if (row->in_journal != NULL && !sim_says(sim, row->in_journal))
        fail_msg("no \"%s\" in\n%s", row->in_journal, sim_journal(sim));
    if (row->not_in_journal != NULL && sim_count(sim, row->not_in_journal) > 0)
        fail_msg("\"%s\" in\n%s", row->not_in_journal, sim_journal(sim));
    outcome_done(&outcome);
    sim_stop(sim);
}

/* A server of our own that hangs up before its greeting is not called the backup. */
static void test_primary_hangs_up(void **state)
{
    struct sim *sim = sim_start(PROVIDER "sink primary 127.0.0.1:0\n  greeting close\n");
    struct outcome_text outcome = pull(sim, PRIMARY MX E_EXAMPLE, NULL, false, false);

    (void)state;
    assert_non_null(strstr(outcome.lines.bytes, "does not answer: it closed the connection"));
    outcome_done(&outcome);
    sim_stop(sim);
}

/* ---- nothing is lost, nothing comes twice without need ---- */

enum {
    MESSAGES = 2
};

/* Every message is at the primary, or still with the provider; and after a last run, which nothing disturbs
 * as a later connection, all are at the primary. */
static void check_nothing_lost(struct sim *sim, const char *how, int bytes)
{
    for (int number = 1; number <= MESSAGES; number++) {
        char waiting[64];

        (void)snprintf(waiting, sizeof waiting, WAITING "/%d.eml", number);
        if (arrived(number) == 0 && access(waiting, F_OK) != 0)
            fail_msg("%s after %d bytes: message %d is lost", how, bytes, number);
    }
    struct outcome_text outcome = pull(sim, PRIMARY MX E_EXAMPLE, NULL, false, false);
    assert_int_equal(outcome.exit_status, 0);
    outcome_done(&outcome);
    for (int number = 1; number <= MESSAGES; number++) {
        if (arrived(number) < 1 || arrived(number) > 2)
            fail_msg("%s after %d bytes: message %d has come %zu times", how, bytes, number,
                     arrived(number));
    }
    assert_true(count_files(ARRIVED, ".eml") <=
                MESSAGES + 1); /* one may be doubled (RFC 5321 6.1), not more */
}

/* before and after stand around the number of bytes in the script. */
static void break_everywhere(const char *before, const char *after, int bytes_max)
{
    for (int bytes = 0; bytes < bytes_max; bytes += CUT_STEP) {
        char script[2000];

        put_messages(MESSAGES);
        (void)snprintf(script, sizeof script, "%s%d %s", before, bytes, after);
        struct sim *sim = sim_start(script);
        struct outcome_text outcome = pull(sim, PRIMARY MX E_EXAMPLE, NULL, false, false);
        if (outcome.exit_status != 0 && outcome.exit_status != 75)
            fail_msg("%d bytes: exit status %d: %s", bytes, outcome.exit_status,
                     outcome.lines.bytes);
        outcome_done(&outcome);
        check_nothing_lost(sim, after, bytes);
        sim_stop(sim);
    }
}

static void test_provider_closes_after_each_byte(void **state)
{
    (void)state;
    break_everywhere(PROVIDER "  on-connection 1 fault after-turn-bytes ", "close\n" SINK, 520);
}

static void test_provider_resets_after_each_byte(void **state)
{
    (void)state;
    break_everywhere(PROVIDER "  on-connection 1 fault after-turn-bytes ", "reset\n" SINK, 520);
}

static void test_primary_closes_after_each_byte(void **state)
{
    (void)state;
    break_everywhere(PROVIDER SINK "  on-connection 1 fault after-bytes ", "close\n", 260);
}

static void test_primary_resets_after_each_byte(void **state)
{
    (void)state;
    break_everywhere(PROVIDER SINK "  on-connection 1 fault after-bytes ", "reset\n", 260);
}

static void test_stop_in_a_transfer(void **state)
{
    put_messages(MESSAGES);
    struct sim *sim = sim_start(PROVIDER SINK "  delay . 200ms\n");
    (void)state;
    stop_after_ms(100);
    struct outcome_text outcome = pull(sim, PRIMARY MX E_EXAMPLE, NULL, false, false);
    assert_int_equal(outcome.exit_status, 75);
    outcome_done(&outcome);
    sim_stop(sim);
    sim = sim_start(PROVIDER SINK);
    check_nothing_lost(sim, "stop", 0);
    sim_stop(sim);
}

static void test_primary_on_a_unix_socket(void **state)
{
    char folder[SUPPORT_PATH_SIZE], script[1000], config[1000];

    (void)state;
    if (!HAS_UNIX_SOCKETS)
        skip();
    put_messages(1);
    support_make_directory(folder);
    (void)snprintf(script, sizeof script,
                   PROVIDER "sink primary unix:%s/turn.sock\n  keep " ARRIVED " lf\n", folder);
    (void)snprintf(config, sizeof config,
                   "primary { address = \"unix:%s/turn.sock\" }\n" MX E_EXAMPLE, folder);
    struct sim *sim = sim_start(script);
    struct outcome_text outcome = pull(sim, config, NULL, false, false);
    assert_int_equal(outcome.exit_status, 0);
    assert_int_equal(arrived(1), 1);
    outcome_done(&outcome);
    sim_stop(sim);
    (void)support_remove_directory(folder);
}

/* Every form of address that might lead elsewhere than to the domain that was asked for. */
static void test_no_relay(void **state)
{
    static const char *const forms[] = {
        "<a@other.example>",
        "<@e.example:a@other.example>",
        "<@other.example,@e.example:a@e.example>",
        "<a%other.example@e.example>",
        "<other.example!a@e.example>",
        "<\\\"a@other.example\\\"@e.example>",
        "<a@e.example@other.example>",
        "<a@[127.0.0.1]>",
        "<a>",
        "<>",
        "a@other.example",
        "<a@e.example.>",
        "<a@sub.e.example>",
        "<a@e.example.other.example>",
        "<a:b@e.example>",
        "<a@\\xe5\\x85\\xac.example>",
        "<a@e.example> <b@other.example>",
        "<a@e.example>b@other.example",
    };
    char script[8000];
    size_t used;

    (void)state;
    put_messages(0);
    used = (size_t)snprintf(script, sizeof script,
                            PROVIDER "  on-connection 1 reply ATRN \"250 go\"\n  " BEGIN SAY(
                                "MAIL FROM:<x@far.example>"));
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        used += (size_t)snprintf(script + used, sizeof script - used,
                                 "turn say \"RCPT TO:%s\"\n  turn expect\n  ", forms[i]);
    (void)snprintf(script + used, sizeof script - used, "turn say \"QUIT\"\n  turn expect\n" SINK);
    struct sim *sim = sim_start(script);
    struct outcome_text outcome = pull(sim, PRIMARY MX E_EXAMPLE, NULL, false, false);
    assert_true(sim_says(sim, "primary#1 < QUIT"));
    assert_int_equal(outcome.exit_status, 75);
    assert_int_equal(sim_count(sim, "primary#1 < RCPT"), 0);
    assert_int_equal(sim_count(sim, "mx#1 < 5"), sizeof forms / sizeof forms[0]);
    outcome_done(&outcome);
    sim_stop(sim);
}

static void test_four_at_a_time(void **state)
{
    char config[4000] = PRIMARY, script[4000] = "";
    size_t most = 0, open = 0;

    (void)state;
    put_messages(0);
    for (int i = 0; i < 8; i++) {
        size_t used = strlen(config);

        (void)snprintf(config + used, sizeof config - used,
                       "backup mx%d { $mx%d method = atrn user = me password = secret tls = off "
                       "auth_in_clear = true domains = "
                       "e.example }\n",
                       i, i);
        used = strlen(script);
        (void)snprintf(script + used, sizeof script - used,
                       "server mx%d 127.0.0.1:0\n" AUTH "  odmr " WAITING
                       "\n  reply ATRN \"453 none\"\n  delay ATRN 100ms\n",
                       i);
    }
    (void)strcat(script, SINK);
    struct sim *sim = sim_start(script);
    struct outcome_text outcome = pull(sim, config, NULL, false, false);
    assert_int_equal(outcome.exit_status, 0);
    for (const char *line = sim_journal(sim); *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strncmp(line, "mx", 2) != 0)
            continue;
        size_t size = strcspn(line, "\n");
        const char *word = strchr(line, ' ');
        if (strncmp(word, " connected", 10) == 0)
            open++;
        else if (strncmp(word, " closed", 7) == 0)
            open--;
        most = open > most ? open : most;
        if (line[size] == '\0')
            break;
    }
    assert_int_equal(most, 4);
    outcome_done(&outcome);
    sim_stop(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_primary_hangs_up),
        cmocka_unit_test(test_provider_closes_after_each_byte),
        cmocka_unit_test(test_provider_resets_after_each_byte),
        cmocka_unit_test(test_primary_closes_after_each_byte),
        cmocka_unit_test(test_primary_resets_after_each_byte),
        cmocka_unit_test(test_primary_on_a_unix_socket),
        cmocka_unit_test(test_no_relay),
        cmocka_unit_test(test_stop_in_a_transfer),
        cmocka_unit_test(test_four_at_a_time),
    };

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}
