#ifndef MXPULL_SRC_CLI_STATUS_JSON_H
#define MXPULL_SRC_CLI_STATUS_JSON_H

#include "status_view.h"
#include <mxpull/base/buffer.h>

/* Appends the view as one JSON object on one line. What is not known is null. */
void status_json_format(struct buffer *text, const struct status_view *view);

#endif
