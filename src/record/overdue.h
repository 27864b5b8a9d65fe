#ifndef MXPULL_SRC_RECORD_OVERDUE_H
#define MXPULL_SRC_RECORD_OVERDUE_H

#include "alarm.h"
#include "ledger.h"
#include <mxpull/plan/schedule.h>

/* Domains without a good answer for too long. The store has the last word, for other processes ask,
 * too; where the store cannot be used a daemon goes on by its own memory. Says what is to be raised and
 * raises nothing. */
struct overdue;

/* All borrowed. A daemon (ledger->watches) begins with all that the store knows. */
struct overdue *overdue_new(struct ledger *ledger, const struct config *config,
                            schedule_offset *offset);

/* NULL is allowed. */
void overdue_free(struct overdue *overdue);

/* An answer of the backup, by its place; is_written: the store has it, has_silent: and says that a
 * domain of the backup is noted as silent. Returns whether an alarm is to be raised: *alarm, whose texts
 * last until the next call. */
bool overdue_answered(struct overdue *overdue, size_t backup, const struct store_answer *answer,
                      bool is_written, bool has_silent, struct alarm *alarm);

/* How many domains of the backup were held by their last answer, as it was read at the start. */
size_t overdue_held_count(const struct overdue *overdue, size_t backup);

/* One look through all domains. Starts with these three, and zero. */
struct overdue_pass {
    int64_t now_ms;
    bool (*is_asked)(void *context,
                     size_t backup); /* of which an answer is about to come; may be NULL */
    void *context;
    size_t backup, domain; /* that comes next */
    bool is_unread, is_unwritten;
    int64_t next_ms; /* when the next domain will be silent; set at the end */
};

/* Finds the next domain whose silence is to be told. False at the end. */
bool overdue_next(struct overdue *overdue, struct overdue_pass *pass, struct alarm *alarm);

#endif
