#ifndef MXSIM_FAULT_H
#define MXSIM_FAULT_H

#include "script.h"

/* What will go wrong on one connection: picked from the section's faults when the connection comes.
 */
struct faults {
    struct wire_faults wire;
    int64_t commands_left; /* replies until command_action; -1: never */
    enum action command_action;
    int64_t turned_bytes; /* bytes sent after the roles reversed until turned_action; -1: never */
    enum action turned_action;
};

/* Of several faults of a kind the later one in the script counts. */
struct faults fault_pick(const struct section *section, int64_t connection);

/* The action's name in a script; false for a word that is none. */
bool fault_action(const char *word, enum action *action);

#endif
