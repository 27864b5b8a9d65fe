#ifndef MXPULL_BASE_LOG_H
#define MXPULL_BASE_LOG_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* error: the operator must act; warning: the round is degraded; info: an outcome; debug: a
 * decision; trace: the wire. */
enum level {
    LEVEL_ERROR,
    LEVEL_WARNING,
    LEVEL_INFO,
    LEVEL_DEBUG,
    LEVEL_TRACE
};

/* One key of a log line. text is used unless it is NULL, then number. */
struct log_field {
    const char *key;  /* borrowed: a constant */
    const char *text; /* borrowed; bytes from a remote are allowed, they are escaped when written */
    int64_t number;
};

/* What a sink is given: either a message, or fields, or both. All borrowed for the call. */
struct log_event {
    enum level level;
    const char *message; /* NULL: the fields alone */
    const struct log_field *fields;
    size_t field_count;
};

typedef void log_sink(void *context, const struct log_event *event);

/* Sends events of this level and of the graver ones to sink; NULL, as at the start, drops them all.
 */
void log_open(enum level threshold, log_sink *sink, void *context);

/* Whether an event of this level would be written: asked before a costly one is put together. */
bool log_wants(enum level level);

/* So many bytes of a value stand in a line, escaped; where it was cut it ends in an ellipsis. */
enum {
    LOG_VALUE_SIZE_MAX = 4096
};

/* Logs a message, formatted as by printf and cut at 2,000 bytes with an ellipsis. Text from a remote must not be in
 * the format. */
void log_message(enum level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* Logs one event of fields: `key=value key="value with spaces"`. */
void log_fields(enum level level, const struct log_field *fields, size_t count);

/* "error", "warning", "info", "debug", "trace". */
const char *level_name(enum level level);

/* Appends the event as text on one line, without a line end. What is not printable is escaped, what is
 * too long is cut. */
void log_format(struct buffer *line, const struct log_event *event);

#endif
