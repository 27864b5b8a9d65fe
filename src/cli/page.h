#ifndef MXPULL_SRC_CLI_PAGE_H
#define MXPULL_SRC_CLI_PAGE_H

#include "html.h"
#include "timeline.h"

/* Writes the report: what is wrong, the past of each backup as a drawing, the last answers. All texts of others are
 * escaped. offset is as in schedule.h. */
void page_write(struct html *html, const struct status_view *view, const struct timeline *timeline,
                schedule_offset *offset);

#endif
