/* The messages that wait in a directory. */
#include "spool.h"
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_CHUNK = 64 * 1024,
    HEADER_MAX = 256 * 1024,
    FILE_MAX = 256 * 1024 * 1024,
    PATH_SIZE_MAX = 4096
};

struct spool {
    char *directory;
    char **taken; /* names of the messages on their way */
    size_t taken_count;
};

struct spool *spool_new(const char *directory)
{
    struct spool *spool = memory_new(1, sizeof *spool);

    spool->directory = memory_copy(directory);
    return spool;
}

void spool_free(struct spool *spool)
{
    if (spool == NULL)
        return;
    for (size_t i = 0; i < spool->taken_count; i++)
        free(spool->taken[i]);
    free(spool->taken);
    free(spool->directory);
    free(spool);
}

static void message_done(struct message *message)
{
    for (size_t i = 0; i < message->recipient_count; i++)
        free(message->recipients[i]);
    free(message->recipients);
    free(message->name);
    free(message->sender);
    free(message->node);
    *message = (struct message){0};
}

static char *path_of(const struct spool *spool, const char *name, const char *suffix)
{
    struct buffer path;

    buffer_init(&path, PATH_SIZE_MAX);
    (void)buffer_append_format(&path, "%s/%s%s", spool->directory, name, suffix);
    char *copy = memory_copy(path.bytes);
    buffer_done(&path);
    return copy;
}

/* Reads up to max bytes of a file. False when it cannot be read. */
static bool read_file(const char *path, struct buffer *target, size_t max)
{
    FILE *file = fopen(path, "rb");
    char bytes[FILE_CHUNK];
    size_t got = 0;
    enum status status = STATUS_OK;

    if (file == NULL)
        return false;
    while (status == STATUS_OK && target->size < max &&
           (got = fread(bytes, 1, sizeof bytes, file)) > 0)
        status = buffer_append(target, bytes, got);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    return status == STATUS_OK && !failed;
}

/* The size of the line at text, its end included. */
static size_t line_size(const char *text, size_t size)
{
    const char *newline = memchr(text, '\n', size);

    return newline != NULL ? (size_t)(newline - text) + 1 : size;
}

/* The size of the header field at text with its continuation lines (RFC 5322 2.2.3); 0 at the
 * header's end. */
static size_t field_size(const char *text, size_t size)
{
    size_t at = line_size(text, size);

    if (at == 0 || text[0] == '\n' || (text[0] == '\r' && size > 1 && text[1] == '\n'))
        return 0;
    while (at < size && (text[at] == ' ' || text[at] == '\t'))
        at += line_size(text + at, size - at);
    return at;
}

/* The value of a field of this name as a string without the spaces around it, the caller's; NULL
 * for another field. */
static char *field_value(const char *field, size_t size, const char *name)
{
    size_t name_size = strlen(name);

    if (size <= name_size || field[name_size] != ':' || !text_equal_part(name, field, name_size))
        return NULL;
    field += name_size + 1;
    size -= name_size + 1;
    while (size > 0 && strchr(" \t\r\n", *field) != NULL)
        field++, size--;
    while (size > 0 && strchr(" \t\r\n", field[size - 1]) != NULL)
        size--;
    char *value = memory_copy_part(field, size);
    for (char *at = value; *at != '\0'; at++) {
        if (*at == '\r' || *at == '\n')
            *at = ' ';
    }
    return value;
}

/* The address in `Name <address>`, or the whole; the caller's. */
static char *address_of(const char *text, size_t size)
{
    bool quoted = false;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\\' && quoted)
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (text[i] == '<' && !quoted && text[size - 1] == '>')
            return memory_copy_part(text + i + 1, size - i - 2);
    }
    return memory_copy_part(text, size);
}

/* The size of the first mailbox of a list, up to a comma that is neither quoted nor within < >. */
static size_t mailbox_size(const char *text)
{
    bool quoted = false, angle = false;
    size_t i;

    for (i = 0; text[i] != '\0' && (text[i] != ',' || quoted || angle); i++) {
        if (text[i] == '\\' && quoted && text[i + 1] != '\0')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '<' || text[i] == '>'))
            angle = text[i] == '<';
    }
    return i;
}

static void add_recipients(struct message *message, const char *list)
{
    while (*list != '\0') {
        size_t size = mailbox_size(list), trimmed = size;
        while (trimmed > 0 && list[trimmed - 1] == ' ')
            trimmed--;
        if (trimmed > 0) {
            size_t count = message->recipient_count++;
            message->recipients =
                memory_resize(message->recipients, count + 1, sizeof *message->recipients);
            message->recipients[count] = address_of(list, trimmed);
        }
        list += size;
        list += strspn(list, ", ");
    }
}

static void forget_recipients(struct message *message)
{
    while (message->recipient_count > 0)
        free(message->recipients[--message->recipient_count]);
}

/* Reads one field into the message; *own says whether X-Mxsim-To has been seen. */
static void read_field(struct message *message, const char *field, size_t size, bool *own)
{
    char *value;

    if ((value = field_value(field, size, "X-Mxsim-To")) != NULL) {
        if (!*own)
            forget_recipients(message);
        *own = true;
        add_recipients(message, value);
    } else if ((value = field_value(field, size, "To")) != NULL) {
        if (!*own)
            add_recipients(message, value);
    } else if ((value = field_value(field, size, "X-Mxsim-From")) != NULL) {
        free(message->sender);
        message->sender = address_of(value, strlen(value));
    } else if ((value = field_value(field, size, "From")) != NULL) {
        if (message->sender == NULL)
            message->sender = address_of(value, strlen(value));
    } else if ((value = field_value(field, size, "X-Mxsim-Node")) != NULL) {
        free(message->node);
        message->node = memory_copy(value);
    } else if ((value = field_value(field, size, "X-Mxsim-Raw")) != NULL) {
        message->raw = text_equal(value, "yes");
    }
    free(value);
}

static bool read_message(const struct spool *spool, const char *name, struct message *message)
{
    char *path = path_of(spool, name, "");
    struct buffer header;
    bool own = false;

    buffer_init(&header, HEADER_MAX + FILE_CHUNK);
    bool read = read_file(path, &header, HEADER_MAX);
    *message = (struct message){.name = memory_copy(name)};
    for (size_t at = 0, size; read && (size = field_size(header.bytes + at, header.size - at)) > 0;
         at += size)
        read_field(message, header.bytes + at, size, &own);
    if (message->sender == NULL)
        message->sender = memory_copy("");
    buffer_done(&header);
    free(path);
    if (!read)
        message_done(message);
    return read;
}

static bool domain_matches(const char *domain, const char *node, size_t size)
{
    size_t domain_size = strlen(domain);

    if (size > 0 && node[0] == '#')
        return memchr(node, '.', size) == NULL || text_equal_part(domain, node + 1, size - 1);
    if (size > 0 && node[0] == '@') {
        node++, size--;
        return text_equal_part(domain, node, size) ||
               (domain_size > size && domain[domain_size - size - 1] == '.' &&
                text_equal_part(domain + domain_size - size, node, size));
    }
    return text_equal_part(domain, node, size);
}

static bool message_matches(const struct message *message, const char *node, size_t size)
{
    if (message->node != NULL)
        return domain_matches(message->node, node, size);
    for (size_t i = 0; i < message->recipient_count; i++) {
        const char *at = strrchr(message->recipients[i], '@');
        if (domain_matches(at != NULL ? at + 1 : "", node, size))
            return true;
    }
    return false;
}

static bool is_wanted(const struct message *message, const char *nodes)
{
    if (*nodes == '\0')
        return true;
    for (;;) {
        size_t size = strcspn(nodes, ",");
        if (message_matches(message, nodes, size))
            return true;
        if (nodes[size] == '\0')
            return false;
        nodes += size + 1;
    }
}

/* What looking through the directory needs. */
struct search {
    const struct spool *spool;
    const char *nodes;
    struct batch batch;
};

static void consider(void *context, const char *name)
{
    struct search *search = context;
    struct message message;

    for (size_t i = 0; i < search->spool->taken_count; i++) {
        if (strcmp(search->spool->taken[i], name) == 0)
            return;
    }
    if (!read_message(search->spool, name, &message))
        return;
    if (!is_wanted(&message, search->nodes)) {
        message_done(&message);
        return;
    }
    struct batch *batch = &search->batch;
    batch->messages = memory_resize(batch->messages, batch->count + 1, sizeof *batch->messages);
    batch->messages[batch->count++] = message;
}

static struct batch find(const struct spool *spool, const char *nodes)
{
    struct search search = {.spool = spool, .nodes = nodes};

    (void)system_list(spool->directory, ".eml", consider, &search);
    return search.batch;
}

static void batch_done(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        message_done(&batch->messages[i]);
    free(batch->messages);
    *batch = (struct batch){0};
}

size_t spool_count(const struct spool *spool, const char *nodes)
{
    struct batch batch = find(spool, nodes);
    size_t count = batch.count;

    batch_done(&batch);
    return count;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct message *)a)->name, ((const struct message *)b)->name);
}

struct batch spool_take(struct spool *spool, const char *nodes)
{
    struct batch batch = find(spool, nodes);

    if (batch.count == 0)
        return batch;
    qsort(batch.messages, batch.count, sizeof *batch.messages, by_name);
    spool->taken = memory_resize(spool->taken, spool->taken_count + batch.count, sizeof(char *));
    for (size_t i = 0; i < batch.count; i++)
        spool->taken[spool->taken_count++] = memory_copy(batch.messages[i].name);
    return batch;
}

void spool_return(struct spool *spool, struct batch *batch)
{
    size_t left = 0;

    for (size_t i = 0; i < spool->taken_count; i++) {
        bool ours = false;
        for (size_t j = 0; j < batch->count && !ours; j++)
            ours = strcmp(spool->taken[i], batch->messages[j].name) == 0;
        if (ours)
            free(spool->taken[i]);
        else
            spool->taken[left++] = spool->taken[i];
    }
    spool->taken_count = left;
    batch_done(batch);
}

void spool_sent(struct spool *spool, const struct message *message)
{
    char *from = path_of(spool, message->name, "");
    char *to = path_of(spool, message->name, ".sent");

    (void)system_rename(from, to);
    free(from);
    free(to);
}

/* The line at bytes as it is sent. */
static enum status add_line(struct buffer *target, const char *bytes, size_t size)
{
    while (size > 0 && bytes[size - 1] == '\n')
        size--;
    if (size > 0 && bytes[size - 1] == '\r')
        size--;
    if (size > 0 && bytes[0] == '.')
        (void)buffer_append_text(target, ".");
    (void)buffer_append(target, bytes, size);
    return buffer_append_text(target, "\r\n");
}

bool spool_load(const struct spool *spool, const struct message *message, struct buffer *target)
{
    char *path = path_of(spool, message->name, "");
    enum status status = STATUS_OK;
    struct buffer file;
    size_t at = 0;

    buffer_init(&file, FILE_MAX);
    bool loaded = read_file(path, &file, FILE_MAX);
    for (size_t size; loaded && (size = field_size(file.bytes + at, file.size - at)) > 0;
         at += size) {
        if (text_starts_with(file.bytes + at, "X-Mxsim-"))
            continue;
        for (size_t line = 0, length; line < size; line += length) {
            length = line_size(file.bytes + at + line, size - line);
            status = add_line(target, file.bytes + at + line, length);
        }
    }
    if (message->raw)
        status = buffer_append(target, file.bytes + at, file.size - at);
    for (size_t size; !message->raw && at < file.size; at += size) {
        size = line_size(file.bytes + at, file.size - at);
        status = add_line(target, file.bytes + at, size);
    }
    if (!message->raw)
        status = buffer_append_text(target, ".\r\n");
    buffer_done(&file);
    free(path);
    return loaded && status == STATUS_OK;
}
