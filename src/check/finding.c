/* Findings, gathered by what they are about. */
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/check/finding.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_SIZE_MAX = 2000 /* of a text and of an advice; what is longer ends in an ellipsis */
};

static char *printable(const char *format, va_list arguments) PRINTF_LIKE(1, 0);

static char *printable(const char *format, va_list arguments)
{
    char raw[TEXT_SIZE_MAX];
    struct buffer text;

    text_format(raw, sizeof raw, format, arguments);
    buffer_init(&text, TEXT_SIZE_MAX);
    text_printable(&text, raw, strlen(raw));
    char *copy = memory_copy(text.bytes);
    buffer_done(&text);
    return copy;
}

struct finding *findings_add(struct findings *findings, enum severity severity, const char *id,
                             const char *subject, const char *format, ...)
{
    va_list arguments;

    findings->list = memory_more(findings->list, findings->count, sizeof *findings->list);
    struct finding *finding = &findings->list[findings->count++];
    va_start(arguments, format);
    *finding = (struct finding){.id = id,
                                .subject = subject,
                                .severity = severity,
                                .domain = findings->domain,
                                .text = printable(format, arguments)};
    va_end(arguments);
    return finding;
}

void finding_advise(struct finding *finding, int exit_status, const char *format, ...)
{
    va_list arguments;

    free(finding->advice);
    va_start(arguments, format);
    finding->advice = printable(format, arguments);
    va_end(arguments);
    finding->exit_status = exit_status;
}

void findings_done(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->list[i].text);
        free(findings->list[i].advice);
        free(findings->list[i].block);
    }
    free(findings->list);
    findings->list = NULL;
    findings->count = 0;
}
