/* Messages that came in by ATRN or TURN, findable by the domains of their recipients. */
#include "internal.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

static int add_row(struct store *store, const struct store_message *message, int64_t *id)
{
    static const char sql[] =
        "INSERT INTO messages (at_ms, backup, sender, recipients, bytes, code, text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)";
    struct statement statement = statement_start(store, sql);
    int code;

    statement_number(&statement, message->at_ms);
    statement_text(&statement, message->backup);
    statement_text(&statement, message->sender);
    statement_text(&statement, message->recipients);
    statement_number(&statement, message->bytes);
    statement_number(&statement, message->code);
    statement_text(&statement, message->text);
    code = statement_run(&statement);
    *id = sqlite3_last_insert_rowid(store->database);
    return code;
}

static int add_domain_row(struct store *store, const struct store_message *message, int64_t id,
                          const char *domain)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO message_domains (domain, at_ms, message) VALUES (?, ?, ?)";
    struct statement statement = statement_start(store, sql);

    statement_text(&statement, domain);
    statement_number(&statement, message->at_ms);
    statement_number(&statement, id);
    return statement_run(&statement);
}

/* Of a domain that is asked for. The others, below an "@suffix", are as many as a sender likes to write. */
static int note_mail(struct store *store, const struct store_message *message, const char *domain)
{
    static const char sql[] = "UPDATE domains SET mail_ms = " STAMP_NEXT(
        "mail_ms", "?3") " WHERE backup = ?1 AND domain = ?2";
    struct statement statement = statement_start(store, sql);

    statement_text(&statement, message->backup);
    statement_text(&statement, domain);
    statement_number(&statement, message->at_ms);
    return statement_run(&statement);
}

/* Takes the next domain off *rest, which is written into; NULL at the end. A comma in a quoted
 * local-part only makes pieces without a domain. */
static const char *next_domain(char **rest)
{
    while (**rest != '\0') {
        char *piece = *rest;
        size_t size = strcspn(piece, ",");
        char *at;

        *rest += size + (piece[size] == ',');
        piece[size] = '\0';
        at = strrchr(piece, '@');
        if (at == NULL)
            continue;
        at[1 + strcspn(at + 1, "> ")] = '\0';
        if (at[1] != '\0')
            return at + 1;
    }
    return NULL;
}

static int add_message(struct store *store, void *context)
{
    const struct store_message *message = context;
    char *recipients = memory_copy(message->recipients);
    char *rest = recipients;
    const char *domain;
    int64_t id = 0;
    int code = add_row(store, message, &id);

    while (code == SQLITE_OK && (domain = next_domain(&rest)) != NULL) {
        code = add_domain_row(store, message, id, domain);
        if (code == SQLITE_OK && message->code / 100 == 2)
            code = note_mail(store, message, domain);
    }
    free(recipients);
    return code;
}

enum status store_add_message(struct store *store, const struct store_message *message,
                              struct error *error)
{
    struct store_message copy = *message;

    return transaction_run(store, ACCESS_WRITE, add_message, &copy, error);
}
