/* cli: the line that pull --wait has for a backup, what stands below it, and its JSON. */
#include "unit.h"

#include <cli/report.h>
#include <mxpull/base/compiler.h>

#define ASKED INT64_C(1795449600000)

enum {
    TEXT_SIZE = 4000
};

static const struct arrival_means sees_all = {.log = "/var/log/mail.log"};
static const struct arrival_means sees_connections = {.no_log = "mail_log = off"};
static const struct arrival_means sees_nothing = {
    .no_log = "mail_log = off", .no_connections = "your mail server is on another machine"};

static const struct row {
    const char *name;
    struct arrival_account account;
    const struct arrival_means *means;
    const char *text;
} rows[] = {
    {"arrived",
     {.state = ARRIVAL_ARRIVED,
      .evidence = EVIDENCE_LOG,
      .messages = 12,
      .bytes = 340200,
      .connections = 1,
      .first_ms = ASKED + 1000,
      .last_ms = ASKED + 3200,
      .address = "192.0.2.7"},
     &sees_all,
     "mx2  arrived  12 messages, 340.2 KB from 192.0.2.7 in 3.2 s (log)\n"},
    {"one, its size not told, after long",
     {.state = ARRIVAL_ARRIVED,
      .evidence = EVIDENCE_LOG,
      .messages = 1,
      .bytes = -1,
      .last_ms = ASKED + 192000,
      .address = "2001:db8::7"},
     &sees_all,
     "mx2  arrived  1 message from 2001:db8::7 in 3m12s (log)\n"},
    {"a clock that was set back",
     {.state = ARRIVAL_ARRIVED,
      .evidence = EVIDENCE_LOG,
      .messages = 1,
      .bytes = 1,
      .last_ms = ASKED - 5000},
     &sees_all,
     "mx2  arrived  1 message, 1 B in 0.0 s (log)\n"},
    {"by the bridge",
     {.state = ARRIVAL_ARRIVED, .evidence = EVIDENCE_BRIDGE, .messages = 2, .bytes = 2000},
     &sees_nothing,
     "mx2  arrived  2 messages, 2.0 KB (bridge)\n"},
    {"some refused",
     {.state = ARRIVAL_ARRIVED,
      .evidence = EVIDENCE_LOG,
      .messages = 2,
      .bytes = 2000,
      .refusal = "550 5.1.1 no \x1b such user"},
     &sees_all,
     "mx2  arrived  2 messages, 2.0 KB (log)\n"
     "      your mail server has refused other mail of it: 550 5.1.1 no \\x1b such user\n"},
    {"not all, maybe",
     {.state = ARRIVAL_ARRIVED,
      .evidence = EVIDENCE_LOG,
      .messages = 2,
      .bytes = 2000,
      .is_announced = true,
      .is_left = true},
     &sees_all,
     "mx2  arrived  2 messages, 2.0 KB (log)\n"
     "      it had announced mail, and has not said since that nothing is left: pull again\n"},
    {"coming",
     {.state = ARRIVAL_COMING,
      .evidence = EVIDENCE_LOG,
      .messages = 5,
      .bytes = 12000,
      .address = "192.0.2.7"},
     &sees_all,
     "mx2  coming   5 messages, 12.0 KB from 192.0.2.7 so far (log)\n"},
    {"coming, by connections",
     {.state = ARRIVAL_COMING,
      .evidence = EVIDENCE_CONNECTIONS,
      .messages = -1,
      .connections = 1,
      .address = "192.0.2.7"},
     &sees_connections,
     "mx2  coming   1 connection from 192.0.2.7 still open, no message seen (connections)\n"},
    {"empty", {.state = ARRIVAL_EMPTY}, &sees_all, "mx2  empty    nothing waits there\n"},
    {"empty, by the bridge",
     {.state = ARRIVAL_EMPTY, .evidence = EVIDENCE_BRIDGE},
     &sees_nothing,
     "mx2  empty    no message came (bridge)\n"},
    {"empty by now, nothing else to be seen",
     {.state = ARRIVAL_EMPTY, .evidence = EVIDENCE_REASKED, .is_announced = true, .messages = -1},
     &sees_nothing,
     "mx2  empty    nothing waits there any more (re-asked)\n"},
    {"empty by now, nothing in the log",
     {.state = ARRIVAL_EMPTY, .evidence = EVIDENCE_REASKED, .is_announced = true},
     &sees_all,
     "mx2  empty    nothing waits there any more (re-asked)\n"
     "      what it had was not seen to come from its addresses: it may have another one "
     "(arrives_from), or have returned the mail\n"},
    {"unseen after 250",
     {.state = ARRIVAL_UNSEEN, .waited_ms = 59900},
     &sees_all,
     "mx2  unseen   nothing came in 1m\n"
     "      either nothing was waiting, or it cannot reach your mail server: \"mxpull drill mx2\" "
     "tells which\n"},
    {"unseen after 250, without the log",
     {.state = ARRIVAL_UNSEEN, .waited_ms = 59900, .messages = -1},
     &sees_connections,
     "mx2  unseen   no connection was seen in 1m\n"
     "      either nothing was waiting, or it cannot reach your mail server, or it was not seen "
     "without the log, for it was too quick, or your mail server is in a container: mail_log = "
     "off\n"},
    {"unseen after 253, without the log",
     {.state = ARRIVAL_UNSEEN, .waited_ms = 30000, .messages = -1, .is_announced = true},
     &sees_connections,
     "mx2  unseen   mail waits there, but no connection was seen in 30s\n"
     "      look into its log: it tells whether it can reach your mail server; firewall and NAT "
     "must let it in, to TCP port 25, from 192.0.2.7; connections into a container are not seen: "
     "name its log (primary { mail_log })\n"},
    {"unseen after 253",
     {.state = ARRIVAL_UNSEEN, .waited_ms = 30000, .is_announced = true},
     &sees_all,
     "mx2  unseen   mail waits there, but nothing came in 30s\n"
     "      look into its log: it tells whether it can reach your mail server; firewall and NAT "
     "must "
     "let it in, to TCP port 25, from 192.0.2.7\n"},
    {"refused",
     {.state = ARRIVAL_UNSEEN, .evidence = EVIDENCE_LOG, .is_announced = true, .refusal = "550 no"},
     &sees_all,
     "mx2  unseen   your mail server has refused it: 550 no (log)\n"
     "      see your mail server's log; what it refuses for good (5yz) the backup returns to the "
     "sender\n"},
    {"connections alone",
     {.state = ARRIVAL_UNKNOWN,
      .evidence = EVIDENCE_CONNECTIONS,
      .messages = -1,
      .connections = 3,
      .address = "192.0.2.7"},
     &sees_connections,
     "mx2  unknown  3 connections from 192.0.2.7; whether they brought mail cannot be seen "
     "(connections)\n"
     "      messages are seen in your mail server's log alone, which primary { mail_log } names: "
     "mail_log = off\n"},
    {"connections, and nothing in the log",
     {.state = ARRIVAL_UNKNOWN,
      .evidence = EVIDENCE_CONNECTIONS,
      .connections = 1,
      .address = "192.0.2.7"},
     &sees_all,
     "mx2  unknown  1 connection from 192.0.2.7; whether they brought mail cannot be seen "
     "(connections)\n"
     "      /var/log/mail.log tells of no message from there: is that the log of your mail server? "
     "(primary { mail_log })\n"},
    {"blind",
     {.state = ARRIVAL_UNKNOWN, .messages = -1, .connections = -1},
     &sees_nothing,
     "mx2  unknown  whether mail came cannot be seen\n"
     "      no log: mail_log = off; no connections: your mail server is on another machine\n"},
};

static char backup_name[] = "mx2";
static const struct backup_config backup = {.name = backup_name};

static void append(struct buffer *text, const struct row *row, struct said *advice)
{
    struct arrival_account account = row->account;

    account.asked_ms = ASKED;
    arrival_append(
        text,
        &(struct arrival_view){
            .backup = &backup, .account = &account, .means = row->means, .answered = "192.0.2.7"},
        (struct line_look){.columns = LINE_UNBOUNDED},
        (struct line_widths){.backup = 3, .domain = 11}, advice);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct said advice = {0};
    struct buffer text;

    buffer_init(&text, TEXT_SIZE);
    append(&text, row, &advice);
    assert_string_equal(text.bytes, row->text);

    /* What can be done is said once. */
    buffer_clear(&text);
    append(&text, row, &advice);
    assert_ptr_equal(strchr(text.bytes, '\n'), text.bytes + text.size - 1);
    said_done(&advice);
    buffer_done(&text);
}

int main(void)
{
    return unit_status(RUN_TABLE(rows, test_row));
}
