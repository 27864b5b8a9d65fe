/* The domains of looks at the primary that had trouble: most of the time there are none. */
#include "internal.h"

struct look_reader {
    void (*row)(void *context, const struct store_look *look);
    void *context;
};

static int get_looks(struct store *store, void *context)
{
    const struct look_reader *reader = context;
    struct statement statement = statement_start(store, "SELECT domain, turn FROM looks");

    while (statement_row(&statement)) {
        struct store_look look = {.domain = statement_column_text(&statement, 0),
                                  .turn = statement_column_number(&statement, 1)};

        if (stamp_believed(store, look.turn / STORE_TURNS_A_MS) == 0)
            look.turn = 0;
        reader->row(reader->context, &look);
    }
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
    static const char asked[] = "INSERT INTO looks (domain, turn) VALUES (?1, ?2)"
                                " ON CONFLICT (domain) DO UPDATE SET turn = ?2";
    static const char none[] = "DELETE FROM looks WHERE domain = ?1";
    struct statement statement = statement_start(store, look->turn > 0 ? asked : none);

    statement_text(&statement, look->domain);
    if (look->turn > 0)
        statement_number(&statement, look->turn);
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
