#ifndef MXPULL_SRC_CLI_CHART_H
#define MXPULL_SRC_CLI_CHART_H

#include "html.h"
#include "timeline.h"

/* How a grade is shown: its shape, its class of style, its word. */
struct chart_grade {
    const char *shape, *style, *word;
};

extern const struct chart_grade chart_grades[TIMELINE_GRADES];

/* One shape beside a text. */
void chart_icon(struct html *html, const char *shape);

/* Draws the past of the backup: outages as bands, drills as marks, mail as bars, polls by shape and colour, each with a
 * title. All texts of others are escaped. */
void chart_write(struct html *html, const struct status_view *view, const struct timeline *timeline,
                 const struct timeline_backup *backup);

#endif
