#ifndef MXPULL_SRC_DRILL_HANDING_H
#define MXPULL_SRC_DRILL_HANDING_H

#include <mxpull/net/connection.h>
#include <mxpull/smtp/delivery.h>

/* One message handed in to a mail server, over a connection in the loop, as any sender does it: with TLS where it is offered
 * and works out. */
struct handing;

struct handing_options {
    struct loop *loop; /* borrowed for the handing's life, as all that follows */
    struct connection_options way;
    const char *recipient, *message; /* as delivery_init takes them */
    /* The recipient is accepted, and the message is about to be sent; false: it is not to be. */
    bool (*may_send)(void *context);
    void (*over)(
        void *
            context); /* once, the fate is known; not from within handing_new, and may not free it */
    void (*wire)(void *context, char direction, const char *line,
                 size_t size); /* with way.show_wire */
    void *context;
};

/* Begins at once. Never NULL. */
struct handing *handing_new(const struct handing_options *options);

/* At any time: the connection is dropped. NULL is allowed. */
void handing_free(struct handing *handing);

/* How it stands; borrowed. */
const struct delivery *handing_delivery(const struct handing *handing);

/* The address that was talked to, or tried last; "". */
const char *handing_address(const struct handing *handing);

/* Ours, on that connection; "" without one. */
const char *handing_local_address(const struct handing *handing);

/* Breaks it off: the fate is known, and over is not called. */
void handing_stop(struct handing *handing, const char *why);

#endif
