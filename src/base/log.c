/* The log: one sink, a threshold, and the one line of text that an event becomes. Where the line
 * goes is the sink's business. */
#include <mxpull/base/log.h>
#include <mxpull/base/text.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MESSAGE_SIZE = 2000
};

static struct {
    enum level threshold;
    log_sink *sink;
    void *context;
} log_state;

void log_open(enum level threshold, log_sink *sink, void *context)
{
    log_state.threshold = threshold;
    log_state.sink = sink;
    log_state.context = context;
}

bool log_wants(enum level level)
{
    return log_state.sink != NULL && level <= log_state.threshold;
}

void log_message(enum level level, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    va_list arguments;

    if (!log_wants(level))
        return;
    va_start(arguments, format);
    text_format(message, sizeof message, format, arguments);
    va_end(arguments);
    log_state.sink(log_state.context, &(struct log_event){.level = level, .message = message});
}

void log_fields(enum level level, const struct log_field *fields, size_t count)
{
    if (log_wants(level))
        log_state.sink(log_state.context,
                       &(struct log_event){.level = level, .fields = fields, .field_count = count});
}

const char *level_name(enum level level)
{
    static const char *const names[] = {[LEVEL_ERROR] = "error",
                                        [LEVEL_WARNING] = "warning",
                                        [LEVEL_INFO] = "info",
                                        [LEVEL_DEBUG] = "debug",
                                        [LEVEL_TRACE] = "trace"};

    return names[level];
}

/* Quoted where that is needed to cut a line at its spaces and equals signs again. */
static void format_value(struct buffer *line, const char *value)
{
    const char *quote = *value == '\0' || strpbrk(value, " \"=\\") != NULL ? "\"" : "";
    struct buffer shown;

    buffer_init(&shown, LOG_VALUE_SIZE_MAX);
    text_printable(&shown, value, strlen(value));
    (void)buffer_append_text(line, quote);
    for (const char *part = shown.bytes; *part != '\0';) {
        size_t size = strcspn(part, "\"");

        (void)buffer_append(line, part, size);
        part += size;
        if (*part == '"') {
            (void)buffer_append_text(line, "\\\"");
            part++;
        }
    }
    (void)buffer_append_text(line, quote);
    buffer_done(&shown);
}

void log_format(struct buffer *line, const struct log_event *event)
{
    if (event->message != NULL)
        text_printable(line, event->message, strlen(event->message));
    for (size_t i = 0; i < event->field_count; i++) {
        const struct log_field *field = &event->fields[i];

        (void)buffer_append_text(line, line->size > 0 ? " " : "");
        (void)buffer_append_text(line, field->key);
        (void)buffer_append_text(line, "=");
        if (field->text != NULL)
            format_value(line, field->text);
        else
            (void)buffer_append_format(line, "%lld", (long long)field->number);
    }
}
