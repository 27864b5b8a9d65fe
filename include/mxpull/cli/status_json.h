#ifndef MXPULL_CLI_STATUS_JSON_H
#define MXPULL_CLI_STATUS_JSON_H

#include <mxpull/cli/output.h>
#include <mxpull/cli/status_view.h>

/* Writes the view as one JSON object on one line. What is not known is null. */
void status_json_write(struct output *output, const struct status_view *view);

#endif
