#ifndef MXPULL_SRC_RECORD_OVERDUE_H
#define MXPULL_SRC_RECORD_OVERDUE_H

#include "alarm.h"
#include "ledger.h"
#include <mxpull/plan/schedule.h>

/* Domains without a good answer for too long. The store has the last word, for other processes ask,
 * too; where the store cannot be used a daemon goes on by its own memory. */
struct overdue;

/* All borrowed. A daemon (ledger->watches) begins with all that the store knows. raise is given what is to be
 * told, whose texts last for the call. */
struct overdue *overdue_new(struct ledger *ledger, const struct config *config,
                            schedule_offset *offset,
                            void (*raise)(void *context, const struct alarm *alarm), void *context);

/* NULL is allowed. */
void overdue_free(struct overdue *overdue);

/* An answer of the backup, by its place; is_written: the store has it, has_silent: and says that a
 * domain of the backup is noted as silent. */
void overdue_answered(struct overdue *overdue, size_t backup, const struct store_answer *answer,
                      bool is_written, bool has_silent);

/* How many domains of the backup were held by their last answer, as it was read at the start. */
size_t overdue_held_count(const struct overdue *overdue, size_t backup);

/* Looks through all domains but those of a backup of which is_asked says that an answer is about to come; it may be
 * NULL. Returns when the next one will be silent; the caller need not wake for those left out. */
int64_t overdue_check(struct overdue *overdue, int64_t now_ms,
                      bool (*is_asked)(void *context, size_t backup), void *context);

#endif
