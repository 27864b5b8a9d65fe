#ifndef MXSIM_JOURNAL_H
#define MXSIM_JOURNAL_H

#include <mxpull/base/compiler.h>

#include <stdbool.h>
#include <stddef.h>

/* The event log that tests read: one line an event, written out at once. Without a file every call
 * does nothing. */
bool journal_open(const char *path);
void journal_close(void);

/* `WHO text`; the text is the caller's own and printable. */
void journal_event(const char *who, const char *format, ...) PRINTF_LIKE(2, 3);

/* `WHO MARK line` for each line of what was said, escaped; long lines and long replies are cut. */
void journal_lines(const char *who, const char *mark, const char *bytes, size_t size);

#endif
