#ifndef MXPULL_SRC_CLI_STATUS_TEXT_H
#define MXPULL_SRC_CLI_STATUS_TEXT_H

#include "status_view.h"
#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>

struct status_style {
    size_t columns; /* that a line may have; LINE_UNBOUNDED: any */
    bool color;
    bool only_wrong; /* nothing of what is well, and no summary: nothing at all where all is */
};

/* Appends the view for a person: the primary, the daemon, a table of domains with what is wrong below
 * each, a line of summary. */
void status_text_format(struct buffer *text, const struct status_view *view,
                        const struct status_style *style);

#endif
