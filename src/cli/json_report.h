#ifndef MXPULL_SRC_CLI_JSON_REPORT_H
#define MXPULL_SRC_CLI_JSON_REPORT_H

#include "output.h"
#include "summary.h"

/* Writes a round that is over as one JSON object on one line. What is not known is null. */
void json_report_write(struct output *output, const struct round_facts *facts);

#endif
