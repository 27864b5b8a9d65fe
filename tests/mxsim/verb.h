#ifndef MXSIM_VERB_H
#define MXSIM_VERB_H

#include "session.h"

/* What a command of SMTP is answered by default, and what a positive answer brings about. */
struct verb {
    const char *name;
    void (*reply)(struct session *session);
    void (*after)(struct session *session);
    bool has_address; /* the argument is FROM:<…> or TO:<…>, of which the address counts */
    bool is_guarded;  /* `require` holds for it */
    bool is_lasting;  /* `after` happens although a rule then ends the connection */
};

/* Never NULL: an unknown verb has an answer too. */
const struct verb *verb_find(const char *name);

/* A line of credentials; the end of a message. */
void verb_credentials(struct session *session, const char *line);
void verb_message(struct session *session);

/* True, with the reply filled in, when `require` forbids the command. */
bool verb_is_refused(struct session *session, const struct verb *verb);

#endif
