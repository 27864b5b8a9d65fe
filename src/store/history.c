/* What was answered and what came in, given out row by row. */
#include "internal.h"
#include "query.h"

#include <mxpull/base/buffer.h>

/* One question of history and who hears the rows. */
struct history {
    const struct store_filter *filter;
    void (*compose)(struct buffer *sql, const struct store_filter *filter);
    bool (*give)(const struct history *history, const struct statement *row);
    bool (*answer)(void *context, const struct store_row *row);
    bool (*message)(void *context, const struct store_message *message);
    void *context;
};

static const char *text_or_empty(const struct statement *row, int column)
{
    const char *text = statement_column_text(row, column);

    return text != NULL ? text : "";
}

static bool give_answer(const struct history *history, const struct statement *row)
{
    const struct store_row given = {
        .backup = text_or_empty(row, 2),
        .cause = text_or_empty(row, 3),
        .answer =
            {
                .at_ms = statement_column_number(row, 0),
                .domain = text_or_empty(row, 4),
                .verb = text_or_empty(row, 5),
                .outcome = text_or_empty(row, 6),
                .grade = domain_grade_of(statement_column_text(row, 7)),
                .code = (int)statement_column_number(row, 8),
                .text = statement_column_text(row, 9),
                .address = statement_column_text(row, 10),
                .tls = statement_column_text(row, 11),
                .authenticated = statement_column_number(row, 12) != 0,
                .pending = statement_column_number_or(row, 13, -1),
                .messages = statement_column_number_or(row, 14, -1),
                .bytes = statement_column_number_or(row, 15, -1),
                .refused_for_now = statement_column_number_or(row, 16, -1),
                .refused_for_good = statement_column_number_or(row, 17, -1),
                .attempts = (unsigned)statement_column_number(row, 18),
                .ms = statement_column_number(row, 19),
            },
    };

    return history->answer(history->context, &given);
}

static bool give_message(const struct history *history, const struct statement *row)
{
    const struct store_message given = {
        .at_ms = statement_column_number(row, 0),
        .backup = text_or_empty(row, 2),
        .sender = text_or_empty(row, 3),
        .recipients = text_or_empty(row, 4),
        .bytes = statement_column_number(row, 5),
        .code = (int)statement_column_number(row, 6),
        .text = statement_column_text(row, 7),
    };

    return history->message(history->context, &given);
}

static void give_parameters(struct statement *statement, const struct history *history)
{
    const struct store_filter *filter = history->filter;

    statement_number(statement, filter->since_ms);
    statement_number(statement, filter->limit > 0 ? (int64_t)filter->limit : -1);
    for (size_t i = 0; i < filter->name_count; i++)
        statement_text(statement, filter->names[i]);
    if (filter->outcome != NULL && history->answer != NULL)
        statement_text(statement, filter->outcome);
}

static int read_history(struct store *store, void *context)
{
    const struct history *history = context;
    struct statement statement;
    struct buffer sql;

    buffer_init(&sql, QUERY_SIZE_MAX);
    history->compose(&sql, history->filter);
    statement = statement_start_once(store, sql.bytes);
    buffer_done(&sql);
    give_parameters(&statement, history);
    while (statement_row(&statement) && history->give(history, &statement))
        ;
    return statement_end(&statement);
}

static enum status run(struct store *store, struct history *history, struct error *error)
{
    if (history->filter->name_count > STORE_NAMES_MAX)
        return error_set(error, STATUS_LIMIT, "%zu names are too many; at most %d are looked for",
                         history->filter->name_count, STORE_NAMES_MAX);
    return transaction_run(store, ACCESS_READ, read_history, history, error);
}

enum status store_history(struct store *store, const struct store_filter *filter,
                          bool (*row)(void *context, const struct store_row *row), void *context,
                          struct error *error)
{
    struct history history = {.filter = filter,
                              .compose = query_answers,
                              .give = give_answer,
                              .answer = row,
                              .context = context};

    return run(store, &history, error);
}

enum status store_messages(struct store *store, const struct store_filter *filter,
                           bool (*row)(void *context, const struct store_message *message),
                           void *context, struct error *error)
{
    struct history history = {.filter = filter,
                              .compose = query_messages,
                              .give = give_message,
                              .message = row,
                              .context = context};

    return run(store, &history, error);
}
