#ifndef MXPULL_STORE_QUERY_H
#define MXPULL_STORE_QUERY_H

#include <mxpull/base/buffer.h>
#include <mxpull/store/store.h>

enum {
    QUERY_SIZE_MAX = 256 * 1024 /* enough for STORE_NAMES_MAX names */
};

/* The questions of history as SQL texts, appended to sql. Parameters, by number: ?1 since_ms, ?2 the
 * limit (-1: none), ?3 and on the names, and behind them the outcome, if there is one. */
void query_answers(struct buffer *sql, const struct store_filter *filter);
void query_messages(struct buffer *sql, const struct store_filter *filter);

#endif
