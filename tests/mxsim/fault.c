/* Which faults a connection gets. */
#include "fault.h"
#include "rule.h"

#include <mxpull/base/text.h>

struct faults fault_pick(const struct section *section, int64_t connection)
{
    struct faults faults = {.wire = {.cut_at = -1}, .commands_left = -1, .turned_bytes = -1};

    for (size_t i = 0; i < section->fault_count; i++) {
        const struct fault *fault = &section->faults[i];
        if (!range_has(&fault->connections, connection))
            continue;
        switch (fault->kind) {
        case FAULT_BYTES:
            faults.wire.cut_at = fault->count;
            faults.wire.cut = fault->action;
            break;
        case FAULT_COMMANDS:
            faults.commands_left = fault->count;
            faults.command_action = fault->action;
            break;
        case FAULT_TURNED_BYTES:
            faults.turned_bytes = fault->count;
            faults.turned_action = fault->action;
            break;
        case FAULT_DRIP:
            faults.wire.drip_bytes = fault->count;
            faults.wire.drip_us = fault->us;
            break;
        }
    }
    return faults;
}

bool fault_action(const char *word, enum action *action)
{
    if (text_equal(word, "close"))
        *action = ACTION_CLOSE;
    else if (text_equal(word, "reset"))
        *action = ACTION_RESET;
    else if (text_equal(word, "stall"))
        *action = ACTION_STALL;
    else
        return false;
    return true;
}
