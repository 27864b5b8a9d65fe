#ifndef MXPULL_SRC_CLI_LOGGING_H
#define MXPULL_SRC_CLI_LOGGING_H

#include "report.h"
#include <mxpull/base/buffer.h>
#include <mxpull/base/log.h>
#include <mxpull/config/config.h>
#include <mxpull/store/store.h>

#include <stdio.h>

/* Where the log goes, and how much of it. */
struct logging_options {
    enum log_target target;
    enum log_style style;
    const char *path; /* with LOG_FILE */
    unsigned verbose; /* -v: decisions too; -vv: the wire too */
    bool quiet;       /* standard error: only what is wrong */
    /* Standard error: its reader sees the answers on standard output already. */
    bool is_at_terminal;
    bool is_stamped; /* standard error: lines are as in a log file, with their time and level */
    /* Called before (begins) and behind each line on standard error; may be NULL. */
    void (*around)(void *context, bool begins);
    void *context;
};

struct logging {
    struct logging_options options;
    char *path; /* owned: options.path */
    struct buffer line;
    FILE *stream;          /* with LOG_FILE: owned */
    struct store_log gap;  /* lines that are missing since the last one that could be written */
    struct store_log lost; /* and all since logging_note_lost */
};

/* Opens the program's log. STATUS_SYSTEM when that fails. *logging must stay where it is until
 * logging_close. */
enum status logging_open(struct logging *logging, const struct logging_options *options,
                         struct error *error);
void logging_close(struct logging *logging); /* all zero: nothing is open */

/* Whether the log file has lost lines since the last call. Writes that into the store (NULL: none) for
 * `mxpull status`. */
bool logging_note_lost(struct logging *logging, struct store *store);

/* The least grave level that is written, for log_open. */
enum level logging_threshold(const struct logging_options *options);

/* Appends the event as a line of this target and style, with its line end. */
void logging_format(struct buffer *line, const struct log_event *event, enum log_target target,
                    enum log_style style, int64_t wall_ms);

/* Logs an answer, `backup=mx2 domain=example.com verb=ETRN code=250 outcome=started ms=18
 * text="Queuing started"`, or several as one: with domains=40 instead of the domain, and of backups
 * that were held `backups=60 domains=120 outcome=held text="..."`. */
void logging_answer(const struct answers *answers);

/* Logs what became of a backup's mail, `backup=mx2 arrival=arrived evidence=log messages=12 bytes=340200 connections=1
 * address=192.0.2.7 ms=3200`: what was asked for and is not seen as a warning, else on that level. */
void logging_arrival(enum level level, const struct backup_config *backup,
                     const struct arrival_account *account);

/* Logs a line of the wire, `backup=mx2 wire="> ETRN example.com"`. As in struct poll_observer. */
void logging_wire(void *context, const struct backup_config *backup, char direction,
                  const char *line, size_t size);

/* The same of another host, which key names. */
void logging_wire_of(const char *key, const char *name, char direction, const char *line,
                     size_t size);

#endif
