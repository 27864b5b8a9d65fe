/* The domains that looks at the primary have had trouble with: most of the time there are none. */
#include "internal.h"

struct look_reader {
    void (*row)(void *context, const struct store_look *look);
    void *context;
};

static int get_looks(struct store *store, void *context)
{
    const struct look_reader *reader = context;
    struct statement statement =
        statement_start(store, "SELECT domain, left_out_ms, cut_ms FROM looks");

    while (statement_row(&statement))
        reader->row(reader->context, &(struct store_look){
                                         .domain = statement_column_text(&statement, 0),
                                         .left_out_ms = statement_column_number(&statement, 1),
                                         .cut_ms = statement_column_number(&statement, 2),
                                     });
    return statement_end(&statement);
}

enum status store_get_looks(struct store *store,
                            void (*row)(void *context, const struct store_look *look),
                            void *context, struct error *error)
{
    struct look_reader reader = {.row = row, .context = context};

    return transaction_run(store, ACCESS_READ, get_looks, &reader, error);
}

struct looks {
    const struct store_look *looks;
    size_t count;
};

static int set_look(struct store *store, const struct store_look *look)
{
    static const char trouble[] =
        "INSERT INTO looks (domain, left_out_ms, cut_ms) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (domain) DO UPDATE SET cut_ms = ?3,"
        " left_out_ms = iif(?2 > 0 AND left_out_ms BETWEEN 1 AND ?2, left_out_ms, ?2)";
    static const char none[] = "DELETE FROM looks WHERE domain = ?1";
    bool is_trouble = look->left_out_ms > 0 || look->cut_ms > 0;
    struct statement statement = statement_start(store, is_trouble ? trouble : none);

    statement_text(&statement, look->domain);
    if (is_trouble) {
        statement_number(&statement, look->left_out_ms);
        statement_number(&statement, look->cut_ms);
    }
    return statement_run(&statement);
}

static int set_looks(struct store *store, void *context)
{
    const struct looks *looks = context;
    int code = SQLITE_OK;

    for (size_t i = 0; i < looks->count && code == SQLITE_OK; i++)
        code = set_look(store, &looks->looks[i]);
    return code;
}

enum status store_set_looks(struct store *store, const struct store_look *looks, size_t count,
                            struct error *error)
{
    struct looks all = {.looks = looks, .count = count};

    return transaction_run(store, ACCESS_WRITE, set_looks, &all, error);
}
