#ifndef MXPULL_SRC_CLI_TIMELINE_H
#define MXPULL_SRC_CLI_TIMELINE_H

#include "status.h"

/* The past of some backups, counted by spans of time: what a report draws. */

enum {
    TIMELINE_BACKUPS_MAX =
        500,              /* that have one; where there are more, those with a problem come first */
    TIMELINE_CELLS = 400, /* about so many spans at most */
    TIMELINE_GRADES = GRADE_BAD + 1
};

/* Spans of time that follow each other: span i begins at bounds[i] and ends at bounds[i + 1]. */
struct spans {
    int64_t *bounds; /* owned */
    size_t count;
};

/* The answers of a span. */
struct timeline_cell {
    int64_t at_ms; /* of the worst, of several the first; 0: there is none */
    uint32_t counts[TIMELINE_GRADES];
    enum grade worst;
    const char *outcome; /* of the worst */
    char *said;          /* what it said, where spans are short; owned; NULL: none */
};

/* The mail of a span, as counted in three ways, none of which sees all. */
struct timeline_mail {
    int64_t messages[3], bytes[3];
    int64_t connections; /* where nothing could be counted */
};

struct timeline_drill {
    int64_t at_ms;
    bool is_good;
    char *sentence; /* owned; what a remote said is not escaped yet */
};

/* Outages so near to each other that they are drawn as one. */
struct timeline_outage {
    int64_t began_ms, ended_ms; /* ended_ms: the timeline's end where it lasts */
    bool lasts;
    size_t count;
    char why[ERROR_TEXT_SIZE]; /* of the first */
};

struct timeline_backup {
    const struct status_backup *status; /* borrowed */
    struct timeline_cell *cells;        /* of each of polls */
    struct timeline_mail *mail;         /* of each of days */
    struct timeline_drill *drills;
    size_t drill_count;
    uint64_t counts[TIMELINE_GRADES];
};

struct timeline {
    int64_t begin_ms, end_ms;
    bool is_fine;       /* the spans of polls are shorter than a day */
    struct spans polls; /* of a local day or several, or shorter ones */
    struct spans days;  /* of a local day or several; the first may begin within one */
    bool has_hours;     /* it is of less than three days */
    struct spans ticks; /* count times alone, of which the axis tells: days, or round local hours */
    struct timeline_backup *backups;
    size_t count;
    struct timeline_outage *outages;
    size_t outage_count;
};

/* Reads what happened from since_ms on to the view's backups. store: NULL: nothing is known. The view is borrowed for the
 * timeline's life. On failure, which is the store's, *timeline is untouched. */
enum status timeline_read(struct timeline *timeline, const struct status_view *view,
                          struct store *store, int64_t since_ms, schedule_offset *offset,
                          struct error *error);
void timeline_done(struct timeline *timeline);

/* Of the three counts the largest; *bytes is its. */
int64_t timeline_messages(const struct timeline_mail *mail, int64_t *bytes);

#endif
