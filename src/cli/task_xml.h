#ifndef MXPULL_SRC_CLI_TASK_XML_H
#define MXPULL_SRC_CLI_TASK_XML_H

#include <mxpull/base/buffer.h>

#include <stdint.h>

/* What the schema of the Task Scheduler allows between two runs. */
enum {
    TASK_EVERY_MIN_S = 60,
    TASK_EVERY_MAX_S = 31 * 24 * 3600
};

/* Appends the description of a scheduled task of Windows that pulls every so many seconds, and some
 * minutes after the system's start, as LocalService. program and config are absolute paths, which may
 * begin with variables of the environment (%ProgramFiles%). Lines end in \n; the text says of itself
 * that it is UTF-16, which it is to be when it is handed over. */
void task_xml_format(struct buffer *xml, const char *program, const char *config, int64_t every_s);

#endif
