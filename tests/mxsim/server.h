#ifndef MXSIM_SERVER_H
#define MXSIM_SERVER_H

#include "script.h"

#include <mxpull/base/status.h>

/* The servers of a script: their listeners and what they have in common. */
struct server {
    const struct section *section;
    struct loop *loop;
    char *name;
    struct socket_address address;
    struct socket_address deliver_to; /* size 0: nowhere */
    struct watch watch;
    struct timer rest;   /* until accepting is tried again when descriptors have run out */
    int64_t connections; /* so far */
    int64_t open;        /* now */
};

struct servers {
    struct server *list;
    size_t count;
};

/* Opens all listeners. On failure *error says which one, and nothing stays open. */
enum status servers_open(struct servers *servers, const struct script *script, struct loop *loop,
                         struct error *error);
void servers_close(struct servers *servers);

#endif
