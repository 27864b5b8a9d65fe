#ifndef MXSIM_SPOOL_H
#define MXSIM_SPOOL_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>

/* The messages that wait at a server: the *.eml files of a directory, looked up anew each time, so
 * that a test may add some. A message's header says what mxsim needs:
 *
 * - X-Mxsim-To, else To: the recipients
 * - X-Mxsim-From, else From: the sender; <> is the empty one
 * - X-Mxsim-Node: the domain it waits for, instead of the recipients' domains
 * - X-Mxsim-Raw: yes: the body is sent as it stands, no line end mended, no dot doubled or added
 *
 * Fields named X-Mxsim-… are not sent. */
struct message {
    char *name; /* of the file */
    char *sender;
    char **recipients;
    size_t recipient_count;
    char *node; /* NULL: the recipients decide */
    bool raw;
};

struct batch {
    struct message *messages;
    size_t count;
};

struct spool;
struct spool *spool_new(const char *directory);
void spool_free(struct spool *spool);

/* How many messages wait for nodes: `domain`, `@suffix`, `#queue` (all; with a dot in it: that
 * domain), several of them with commas between; "" is all. Those that are on their way already do
 * not count. */
size_t spool_count(const struct spool *spool, const char *nodes);

/* The same messages, sorted by name; they are on their way until spool_return. */
struct batch spool_take(struct spool *spool, const char *nodes);

/* The message as it goes through DATA: CRLF at the ends of lines, dots doubled, the final dot
 * added. False when the file cannot be read or is larger than the buffer's limit. */
bool spool_load(const struct spool *spool, const struct message *message, struct buffer *target);

/* It has arrived: the file is renamed to NAME.sent. */
void spool_sent(struct spool *spool, const struct message *message);

/* Ends a batch: what has not been sent waits again. */
void spool_return(struct spool *spool, struct batch *batch);

#endif
