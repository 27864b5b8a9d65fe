/* What became of a backup's mail, as lines of a report. */
#include "report.h"
#include <mxpull/base/memory.h>

#include <stdlib.h>

enum {
    TEXT_SIZE_MAX = 4096,
    STATE_WIDTH = 7, /* of the longest name */
    INDENT = 6
};

static enum style style_of(const struct arrival_account *account)
{
    switch (account->state) {
    case ARRIVAL_ARRIVED:
    case ARRIVAL_EMPTY: return STYLE_GOOD;
    case ARRIVAL_COMING:
    case ARRIVAL_UNKNOWN: return STYLE_WARNING;
    case ARRIVAL_UNSEEN: break;
    }
    return account_exit_status(account) != 0 ? STYLE_BAD : STYLE_WARNING;
}

struct word arrival_seen(const struct arrival_account *account)
{
    if (account->messages > 0 && account->bytes >= 0)
        return word_mail(account->messages, account->bytes);
    if (account->messages > 0)
        return word_count((uint64_t)account->messages, "message");
    if (account->connections > 0)
        return word_format("%s%s", word_count((uint64_t)account->connections, "connection").text,
                           account->has_more ? " or more" : "");
    return (struct word){.text = ""};
}

/* "12 messages, 340.2 KB from 192.0.2.7" */
static void append_seen(struct buffer *said, const struct arrival_account *account)
{
    (void)buffer_append_format(said, "%s%s%s", arrival_seen(account).text,
                               account->address[0] != '\0' ? " from " : "", account->address);
}

static void append_unseen(struct buffer *said, const struct arrival_account *account)
{
    if (account->refusal[0] != '\0')
        (void)buffer_append_format(said, "your mail server has refused it: %s", account->refusal);
    else
        (void)buffer_append_format(
            said, "%s%s in %s", account->is_announced ? "mail waits there, but " : "",
            account->messages < 0 ? "no connection was seen" : "nothing came",
            word_span((account->waited_ms + 500) / 1000).text);
}

/* What stands behind the state. */
static void append_said(struct buffer *said, const struct arrival_account *account)
{
    const char *evidence = evidence_name(account->evidence);

    switch (account->state) {
    case ARRIVAL_ARRIVED:
        append_seen(said, account);
        if (account->last_ms > 0)
            words_append_elapsed(said, account->last_ms > account->asked_ms
                                           ? account->last_ms - account->asked_ms
                                           : 0);
        break;
    case ARRIVAL_COMING:
        append_seen(said, account);
        (void)buffer_append_text(said, account->messages > 0 ? " so far"
                                                             : " still open, no message seen");
        break;
    case ARRIVAL_EMPTY:
        (void)buffer_append_text(said, account->evidence == EVIDENCE_BRIDGE ? "no message came"
                                       : account->evidence == EVIDENCE_REASKED
                                           ? "nothing waits there any more"
                                           : "nothing waits there");
        break;
    case ARRIVAL_UNSEEN: append_unseen(said, account); break;
    case ARRIVAL_UNKNOWN:
        append_seen(said, account);
        (void)buffer_append_text(said, account->messages > 0 ? "; whether more came cannot be seen"
                                       : account->connections > 0
                                           ? "; whether they brought mail cannot be seen"
                                           : "whether mail came cannot be seen");
        break;
    }
    if (evidence != NULL)
        (void)buffer_append_format(said, " (%s)", evidence);
}

/* What can be done where announced mail did not come. No cause is guessed. */
static char *advise_announced(const struct arrival_view *view)
{
    return memory_format("look into its log: it tells whether it can reach your mail server; "
                         "firewall and NAT must let it in, to TCP port 25%s%s%s",
                         view->answered[0] != '\0' ? ", from " : "", view->answered,
                         view->account->messages < 0
                             ? "; connections into a container are not seen: name its log "
                               "(primary { mail_log })"
                             : "");
}

static char *advise_unknown(const struct arrival_view *view)
{
    const struct arrival_means *means = view->means;

    if (means->log[0] != '\0')
        return memory_format("%s tells of no message from there: is that the log of your mail "
                             "server? (primary { mail_log })",
                             means->log);
    if (view->account->messages > 0)
        return memory_format("the log of your mail server was lost: %s", means->no_log);
    if (view->account->connections > 0)
        return memory_format("messages are seen in your mail server's log alone, which primary { "
                             "mail_log } names: %s",
                             means->no_log);
    return memory_format("no log: %s; no connections: %s", means->no_log, means->no_connections);
}

/* The caller frees it; NULL: nothing is to be done. */
static char *advise(const struct arrival_view *view)
{
    const struct arrival_account *account = view->account;

    if (account->state == ARRIVAL_UNKNOWN)
        return advise_unknown(view);
    if (account->state == ARRIVAL_ARRIVED && account->refusal[0] != '\0')
        return memory_format("your mail server has refused other mail of it: %s", account->refusal);
    if (account->state == ARRIVAL_ARRIVED && account->is_left)
        return memory_copy(
            "it had announced mail, and has not said since that nothing is left: pull "
            "again");
    if (account->state == ARRIVAL_UNSEEN && account->refusal[0] != '\0')
        return memory_copy("see your mail server's log; what it refuses for good (5yz) the backup "
                           "returns to the sender");
    if (account->state == ARRIVAL_UNSEEN && account->is_announced)
        return advise_announced(view);
    if (account->state == ARRIVAL_UNSEEN && account->messages < 0)
        return memory_format("either nothing was waiting, or it cannot reach your mail server, or "
                             "it was not seen without the log, for it was too quick, or your mail "
                             "server is in a container: %s",
                             view->means->no_log);
    if (account->state == ARRIVAL_UNSEEN)
        return memory_format("either nothing was waiting, or it cannot reach your mail server: "
                             "\"mxpull drill %s\" tells which",
                             view->backup->name);
    if (account->evidence == EVIDENCE_REASKED && view->means->log[0] != '\0')
        return memory_copy(
            "what it had was not seen to come from its addresses: it may have another "
            "one (arrives_from), or have returned the mail");
    return NULL;
}

void arrival_append(struct buffer *text, const struct arrival_view *view, struct line_look look,
                    struct line_widths widths, struct said *advice)
{
    struct line line = line_begin(text, look);
    struct buffer said;
    char *words = advise(view);

    buffer_init(&said, TEXT_SIZE_MAX);
    append_said(&said, view->account);
    line_cell(&line, STYLE_PLAIN, view->backup->name, widths.backup);
    line_cell(&line, style_of(view->account), arrival_state_name(view->account->state),
              STATE_WIDTH);
    line_last(&line, STYLE_PLAIN, said.bytes, INDENT);
    if (words != NULL && said_first(advice, words)) {
        line = line_begin(text, look);
        line_indent(&line, INDENT);
        line_last(&line, STYLE_DIM, words, INDENT);
    }
    free(words);
    buffer_done(&said);
}
