/* Who waits for a place. */
#include "gate.h"

/* Whoever leaves from within go is noticed here, so that nobody's end begins within another's. */
static void open_gate(struct gate *gate)
{
    if (gate->is_opening)
        return;
    gate->is_opening = true;
    while (gate->free > 0 && gate->first != NULL) {
        struct gate_guest *guest = gate->first;

        gate->first = guest->next;
        gate->free--;
        guest->go(guest->context);
    }
    gate->is_opening = false;
}

void gate_enter(struct gate *gate, struct gate_guest *guest)
{
    if (gate->first == NULL)
        gate->last = &gate->first;
    guest->next = NULL;
    *gate->last = guest;
    gate->last = &guest->next;
    open_gate(gate);
}

void gate_leave(struct gate *gate)
{
    gate->free++;
    open_gate(gate);
}
