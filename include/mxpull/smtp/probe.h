#ifndef MXPULL_SMTP_PROBE_H
#define MXPULL_SMTP_PROBE_H

#include <mxpull/smtp/node.h>

#include <stdbool.h>
#include <stddef.h>

/* Finds out whether a mail server would take mail, without sending any (RFC 5321): its greeting
 * must be 220, and for each domain RCPT TO:<postmaster@domain> (RFC 5321 4.5.1: that address is
 * always there) must be accepted behind MAIL FROM:<>. Then RSET, QUIT; never DATA. Pure: replies in,
 * commands out.
 *
 *   GREETING -> EHLO [-> HELO] -> MAIL -> RCPT ... -> RSET [-> MAIL ...] -> QUIT
 */
struct probe;

enum probe_step {
    PROBE_SEND, /* send probe_command, then wait for its reply */
    PROBE_QUIT, /* send QUIT and close the connection, then call probe_parted */
    PROBE_CONNECT, /* close, connect again, and go on: servers cut off clients that they refuse too often */
    PROBE_END
};

/* What has become of a domain. */
enum probe_fate {
    PROBE_ACCEPTED,
    PROBE_REFUSED,
    PROBE_CUT,      /* asked for, and the connection ended instead of an answer */
    PROBE_LEFT_OUT, /* not asked for: the attempts ended before */
};

/* domains are borrowed: plain ones, each once. Without any the greeting alone is looked at. ehlo_name is
 * borrowed. */
struct probe *probe_new(const char *ehlo_name, const struct node *domains, size_t count);

/* NULL is allowed. */
void probe_free(struct probe *probe);

/* A new connection stands, and the caller has done greeting and EHLO already. */
enum probe_step probe_established(struct probe *probe);

/* The next whole reply, the greeting of a connection first. */
enum probe_step probe_reply(struct probe *probe, int code, const char *text);

/* The connection was lost, or could not be had; text says why. */
enum probe_step probe_cut(struct probe *probe, const char *text);

/* QUIT was sent: the connection has told all that it can. */
enum probe_step probe_parted(struct probe *probe);

/* The command of the last PROBE_SEND was not sent, so its domain was not asked for; the connection is about to be cut. */
void probe_withdraw(struct probe *probe);

/* Asks no more; text says why. */
enum probe_step probe_stop(struct probe *probe, const char *text);

/* What is to be sent, with CRLF; borrowed until the next call. */
const char *probe_command(const struct probe *probe);

/* When over: NULL when the server greets and takes mail at all, else why not ("421 too many
 * connections", "connection refused"), borrowed. */
const char *probe_why(const struct probe *probe);

/* When over, and probe_why is NULL: what has become of the domain, and why it was not accepted ("450
 * 4.3.0 …"), borrowed; NULL for PROBE_ACCEPTED. */
enum probe_fate probe_fate(const struct probe *probe, size_t domain);
const char *probe_refusal(const struct probe *probe, size_t domain);

#endif
