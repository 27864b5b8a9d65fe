#ifndef MXSIM_STAGE_H
#define MXSIM_STAGE_H

#include "script.h"
#include "wire.h"

/* A reversed session that follows the script's `turn` lines word by word instead of sending mail
 * properly: what a hostile provider does. Whatever the other side says is read and logged all the
 * time. */
struct stage;

/* The steps of the section that hold for the connection; NULL when there are none. `deliver` is
 * called for the step of that name, when the wire may be handed over and the stage freed; `ended`
 * when the wire is gone. */
struct stage *stage_new(struct loop *loop, const char *who, const struct section *section,
                        int64_t connection, void (*deliver)(void *owner, bool greeted),
                        void (*ended)(void *owner, const char *how), void *owner);
void stage_free(struct stage *stage);

/* Begins; the wire stays the caller's. */
void stage_take_over(struct stage *stage, struct wire *wire);

#endif
