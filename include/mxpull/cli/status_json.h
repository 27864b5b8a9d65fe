#ifndef MXPULL_CLI_STATUS_JSON_H
#define MXPULL_CLI_STATUS_JSON_H

#include <mxpull/base/buffer.h>
#include <mxpull/cli/status_view.h>

/* Appends the view as one JSON object on one line. What is not known is null. */
void status_json_format(struct buffer *text, const struct status_view *view);

#endif
