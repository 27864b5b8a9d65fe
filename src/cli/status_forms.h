#ifndef MXPULL_SRC_CLI_STATUS_FORMS_H
#define MXPULL_SRC_CLI_STATUS_FORMS_H

#include "line.h"
#include "status_view.h"
#include "words.h"

#include <stdbool.h>

/* The status for a person. All borrowed. */
struct status_page {
    struct buffer *text;
    const struct status_view *view;
    struct line_look look;
    bool only_wrong; /* nothing of what is well, and no summary: nothing at all where all is */
};

enum {
    STATUS_SENTENCE_SIZE_MAX = 4096
};

/* Appends the view: the primary, the daemon, a table of domains with what is wrong below each, a line of
 * summary. */
void status_text_format(const struct status_page *page);

/* Its table: a row for each domain, with what is wrong below it. */
void status_table_add(const struct status_page *page);

/* ---- status_json.c ---- */

/* Appends the view as one JSON object on one line. What is not known is null. */
void status_json_format(struct buffer *text, const struct status_view *view);

/* ---- nagios.c ---- */

/* Appends the one line that a Nagios plugin prints, "MXPULL OK - 2 backups, 3 domains, all ok|…" with
 * performance data, and its line end. The worst problem is named, and how many more there are.
 * Nothing that a remote said can end the line or begin its performance data. Returns the exit status,
 * 0 to 3. */
int nagios_format(struct buffer *line, const struct status_view *view);

/* The line, and the exit status, where nothing can be said of the backups at all, and why. */
int nagios_format_unknown(struct buffer *line, const char *why);

/* The same, on standard output. */
int nagios_print_unknown(const char *why);

#endif
