#ifndef MXPULL_SMTP_ATTEMPTS_H
#define MXPULL_SMTP_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

/* Which item of a list is asked next, on as many connections as it takes, so that none keeps another
 * from being asked. Items are numbers. */
struct attempts;

enum {
    ATTEMPTS_TEXT_SIZE = 1000
};

/* Room for this many items, which are added by attempts_add. */
struct attempts *attempts_new(size_t size);

/* NULL is allowed. */
void attempts_free(struct attempts *attempts);

/* The item waits, behind those without blame. */
void attempts_add(struct attempts *attempts, size_t item);

size_t attempts_waiting(const struct attempts *attempts);

/* Takes the one that is asked next, whatever attempts_may_ask says. False: none waits. */
bool attempts_take(struct attempts *attempts, size_t *item);

/* ---- on a connection ---- */

/* Whether the next item may be asked on this connection. It always may on one without an answer. */
bool attempts_may_ask(const struct attempts *attempts);

/* Asks the next item. */
size_t attempts_ask(struct attempts *attempts);

/* How many were asked on this connection, and answered so that the answer stays. */
size_t attempts_asked_here(const struct attempts *attempts);
size_t attempts_answered_here(const struct attempts *attempts);

/* What came of the item that was asked last: an answer; nothing, for it was not asked after all, and it
 * is the next one again. */
void attempts_answered(struct attempts *attempts);
void attempts_withdraw(struct attempts *attempts);

/* An answer on this connection, to this item, does not stay, for the server may have spoken of a limit
 * of its own. */
void attempts_take_back(struct attempts *attempts, size_t item);

/* The connection was cut while the item that was asked last waited for its answer. Returns true when it
 * is to be asked again, false when it has had its attempts. is_expected: an answer before it has foretold the cut,
 * and only a first item is to blame. */
bool attempts_cut(struct attempts *attempts, bool is_expected);

/* The connection is over. place says where, and why, in case that it has brought nothing: "at a.example (closed)". Returns
 * false when the attempts end: it was the second one in a row that has brought nothing. */
bool attempts_leave(struct attempts *attempts, const char *place);

/* After that: "one connection ended at a.example (closed), the next at b.example (421 busy)", borrowed. */
const char *attempts_why(const struct attempts *attempts);

#endif
