/* The receiving end of a mail transaction, and where it is kept. */
#include "store.h"
#include "journal.h"
#include "system.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    RECIPIENTS_SIZE_MAX = 4 * 1024 * 1024,
    UNFINISHED_MAX = 32 * 1024,
    PATH_SIZE_MAX = 4096
};

struct store {
    char *directory;
    bool lf;
    unsigned long parts; /* names the unfinished files */
    unsigned long kept;
};

struct store *store_new(const char *directory, bool lf)
{
    if (!system_make_directory(directory))
        return NULL;
    struct store *store = memory_new(1, sizeof *store);
    store->directory = memory_copy(directory);
    store->lf = lf;
    return store;
}

void store_free(struct store *store)
{
    if (store == NULL)
        return;
    free(store->directory);
    free(store);
}

void letter_init(struct letter *letter, struct store *store)
{
    *letter = (struct letter){.store = store};
    buffer_init(&letter->recipients, RECIPIENTS_SIZE_MAX);
}

void letter_clear(struct letter *letter)
{
    if (letter->file != NULL)
        (void)fclose(letter->file);
    if (letter->part != NULL)
        (void)remove(letter->part);
    free(letter->part);
    free(letter->sender);
    buffer_done(&letter->recipients);
    letter_init(letter, letter->store);
}

void letter_from(struct letter *letter, const char *sender)
{
    letter_clear(letter);
    letter->sender = memory_copy(sender);
}

void letter_to(struct letter *letter, const char *recipient)
{
    if (buffer_append_format(&letter->recipients, "%s\n", recipient) == STATUS_OK)
        letter->recipient_count++;
}

static char *path_of(const struct store *store, const char *format, unsigned long number)
{
    struct buffer path;

    buffer_init(&path, PATH_SIZE_MAX);
    (void)buffer_append_format(&path, "%s/%04lu%s", store->directory, number, format);
    char *copy = memory_copy(path.bytes);
    buffer_done(&path);
    return copy;
}

static void write_envelope(struct letter *letter)
{
    const char *end = letter->store->lf ? "\n" : "\r\n";

    (void)fprintf(letter->file, "X-Envelope-From: <%s>%s", letter->sender, end);
    for (const char *at = letter->recipients.bytes; *at != '\0';) {
        int size = (int)strcspn(at, "\n");
        (void)fprintf(letter->file, "X-Envelope-To: <%.*s>%s", size, at, end);
        at += size + 1;
    }
}

void letter_begin(struct letter *letter)
{
    letter->line_begins = true;
    if (letter->store == NULL)
        return;
    letter->part = path_of(letter->store, ".part", ++letter->store->parts);
    letter->file = fopen(letter->part, "wb");
    letter->failed = letter->file == NULL;
    if (letter->file != NULL)
        write_envelope(letter);
}

static void write_part(struct letter *letter, const char *bytes, size_t size)
{
    letter->bytes += (int64_t)size;
    if (letter->file != NULL && size > 0 && fwrite(bytes, 1, size, letter->file) != size)
        letter->failed = true;
}

/* Writes a run of lines, without their carriage returns where LF is wanted. */
static void write_run(struct letter *letter, const char *bytes, size_t size)
{
    while (letter->store != NULL && letter->store->lf && size > 0) {
        const char *found = memchr(bytes, '\r', size);
        size_t upto = found != NULL ? (size_t)(found - bytes) : size;
        write_part(letter, bytes, upto);
        if (found == NULL)
            return;
        bool ends_line = upto + 1 < size && bytes[upto + 1] == '\n';
        if (!ends_line)
            write_part(letter, "\r", 1);
        bytes += upto + 1;
        size -= upto + 1;
    }
    write_part(letter, bytes, size);
}

/* How much of an unfinished line is taken: nothing while it may still become the final dot or a
 * short line; never its last carriage return. */
static size_t unfinished_size(const char *bytes, size_t size)
{
    if (size < UNFINISHED_MAX)
        return 0;
    return bytes[size - 1] == '\r' ? size - 1 : size;
}

size_t letter_feed(struct letter *letter, const char *bytes, size_t size, bool *done)
{
    size_t at = 0, run = 0; /* the run from run to at is written in one piece */

    *done = false;
    while (at < size && !*done) {
        const char *newline = memchr(bytes + at, '\n', size - at);
        size_t length = newline != NULL ? (size_t)(newline - bytes) + 1 - at
                                        : unfinished_size(bytes + at, size - at);
        if (length == 0)
            break;
        bool is_crlf = newline != NULL && length >= 2 && bytes[at + length - 2] == '\r';
        if (letter->line_begins && bytes[at] == '.') {
            write_run(letter, bytes + run, at - run);
            run = at + 1;
            *done = is_crlf && length == 3;
        }
        letter->line_begins = is_crlf;
        at += length;
    }
    if (!*done)
        write_run(letter, bytes + run, at - run);
    return at;
}

/* The first number that is not in use, so that an earlier run's messages stay. */
static char *free_path(struct store *store)
{
    for (;;) {
        char *path = path_of(store, ".eml", ++store->kept);
        FILE *file = fopen(path, "rb");
        if (file == NULL)
            return path;
        (void)fclose(file);
        free(path);
    }
}

static void log_kept(const struct letter *letter, const char *who, const char *path)
{
    struct buffer to;

    buffer_init(&to, RECIPIENTS_SIZE_MAX);
    (void)buffer_append(&to, letter->recipients.bytes, letter->recipients.size);
    for (size_t i = 0; i < to.size; i++) {
        if (to.bytes[i] == '\n')
            to.bytes[i] = i + 1 < to.size ? ',' : '\0';
    }
    journal_event(who, "kept %s from=%s to=%s bytes=%lld", path, letter->sender, to.bytes,
                  (long long)letter->bytes);
    buffer_done(&to);
}

bool letter_keep(struct letter *letter, const char *who)
{
    char *path = NULL;

    if (letter->file != NULL) {
        letter->failed |= fclose(letter->file) != 0;
        letter->file = NULL;
        path = free_path(letter->store);
        letter->failed |= !system_rename(letter->part, path);
        free(letter->part);
        letter->part = NULL;
    }
    bool kept = !letter->failed;
    if (kept)
        log_kept(letter, who, path != NULL ? path : "-");
    free(path);
    letter_clear(letter);
    return kept;
}
