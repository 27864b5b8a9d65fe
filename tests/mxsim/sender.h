#ifndef MXSIM_SENDER_H
#define MXSIM_SENDER_H

#include "spool.h"
#include "wire.h"

/* Sends a batch of messages as an SMTP client: on a connection of its own (ETRN), or on one whose
 * roles were reversed (ATRN). A message that the other side accepted is renamed, all others wait
 * again. Logs `delivered FILE CODE` for each message that was decided, `not-delivered FILE WHY` for
 * one that was broken off. */
struct sender;

/* Takes the batch over; without a spool it is empty. `who` is copied for the log. finished is
 * called once at the end, when the wire is closed; NULL: the sender frees itself then. */
struct sender *sender_new(struct loop *loop, const char *who, struct spool *spool,
                          struct batch batch, void (*finished)(void *owner, const char *how),
                          void *owner);
void sender_free(struct sender *sender);

/* One of these begins it; greeted: the other side's 220 has been read already. */
void sender_connect(struct sender *sender, const struct socket_address *from,
                    const struct socket_address *to);
void sender_take_over(struct sender *sender, struct wire *wire,
                      bool greeted); /* the wire stays the caller's */

#endif
