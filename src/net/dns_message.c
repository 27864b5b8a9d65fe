/* Reads an answer of the DNS (RFC 1035 4.1; TLSA: RFC 6698 2.1). One walk along the records serves all
 * types. Nothing here trusts the sender: names are read backwards only, so that no pointer makes a loop, and every
 * length is checked against what is there. */
#include "dns_message.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <ares.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_SIZE = 12,
    TYPE_NS = 2,
    TYPE_CNAME = 5,
    TYPE_SOA = 6,
    CLASS_IN = 1,
    NAME_SIZE_MAX = 255,                    /* on the wire */
    NAME_TEXT_SIZE = 4 * NAME_SIZE_MAX + 1, /* each byte escaped */
    NAME_PARTS_MAX = 256,                   /* labels, and pointers between them */
    ALIASES_MAX = 16
};

static const struct {
    const char *name;
    int number;
} types[] = {
    [DNS_A] = {"A", 1},       [DNS_AAAA] = {"AAAA", 28}, [DNS_CNAME] = {"CNAME", TYPE_CNAME},
    [DNS_MX] = {"MX", 15},    [DNS_PTR] = {"PTR", 12},   [DNS_TXT] = {"TXT", 16},
    [DNS_TLSA] = {"TLSA", 52}};

const char *dns_type_name(enum dns_type type)
{
    return types[type].name;
}

int dns_type_number(enum dns_type type)
{
    return types[type].number;
}

/* A message, or its part up to the end of one record's data, with pointers into all that stands before. */
struct reader {
    const unsigned char *bytes;
    size_t at, end;
};

static bool read_number(struct reader *reader, unsigned *number)
{
    if (reader->end - reader->at < 2)
        return false;
    *number = (unsigned)reader->bytes[reader->at] << 8 | reader->bytes[reader->at + 1];
    reader->at += 2;
    return true;
}

/* Puts a label down in lower case, with what would be misread in a name escaped (RFC 1035 5.1). Returns its
 * end. */
static char *put_label(char *text, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] <= ' ' || bytes[i] >= 0x7f) {
            text += snprintf(text, 5, "\\%03u", (unsigned)bytes[i]);
            continue;
        }
        if (bytes[i] == '.' || bytes[i] == '\\')
            *text++ = '\\';
        *text++ = text_lower((char)bytes[i]);
    }
    return text;
}

/* *name is the caller's to free. */
static bool read_name(struct reader *reader, char **name)
{
    char text[NAME_TEXT_SIZE], *end = text;
    size_t at = reader->at, first = at, behind = 0, size = 1;

    for (unsigned parts = 0; parts < NAME_PARTS_MAX; parts++) {
        unsigned length = at < reader->end ? reader->bytes[at] : UINT8_MAX;
        struct reader pointer = {reader->bytes, at, reader->end};
        unsigned target;

        if (length == 0) {
            reader->at = behind > 0 ? behind : at + 1;
            *name = memory_copy_part(text, (size_t)(end - text));
            return true;
        }
        if (length >= 0xc0) {
            /* Each pointer leads to before the part of the name that it ends. */
            if (!read_number(&pointer, &target) || (target & 0x3fff) >= first)
                return false;
            behind = behind > 0 ? behind : pointer.at;
            at = first = target & 0x3fff;
            continue;
        }
        size += length + 1;
        if (length > 63 || size > NAME_SIZE_MAX || reader->end - at <= length)
            return false;
        if (end > text)
            *end++ = '.';
        end = put_label(end, reader->bytes + at + 1, length);
        at += length + 1;
    }
    return false;
}

/* One resource record of the class IN. */
struct resource {
    char *owner; /* owned */
    unsigned type;
    struct reader data;
};

/* *resource's owner is NULL when this fails. */
static bool read_resource(struct reader *reader, struct resource *resource, unsigned *class)
{
    unsigned ttl_high, ttl_low, size;

    *resource = (struct resource){0};
    if (!read_name(reader, &resource->owner))
        return false;
    if (read_number(reader, &resource->type) && read_number(reader, class) &&
        read_number(reader, &ttl_high) && read_number(reader, &ttl_low) &&
        read_number(reader, &size) && reader->end - reader->at >= size) {
        resource->data = (struct reader){reader->bytes, reader->at, reader->at + size};
        reader->at += size;
        return true;
    }
    free(resource->owner);
    return false;
}

/* A name that is all of the data that is left; NULL: malformed. */
static char *name_of(struct reader data)
{
    char *name = NULL;

    if (read_name(&data, &name) && data.at != data.end) {
        free(name);
        name = NULL;
    }
    return name;
}

static char *address_of(struct reader data, int family, size_t size)
{
    char text[64];

    if (data.end - data.at != size ||
        ares_inet_ntop(family, data.bytes + data.at, text, sizeof text) == NULL)
        return NULL;
    return memory_copy(text);
}

/* The strings of a TXT record as one. NULs, which no reader of such a record allows, become \x01, which none
 * allows either. */
static char *strings_of(struct reader data)
{
    char *text = memory_new(data.end - data.at + 1, 1);
    size_t size = 0;

    while (data.at < data.end) {
        size_t length = data.bytes[data.at++];

        if (data.end - data.at < length) {
            free(text);
            return NULL;
        }
        memcpy(text + size, data.bytes + data.at, length);
        data.at += length;
        size += length;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\0')
            text[i] = '\x01';
    }
    return text;
}

static char *association_of(struct reader data)
{
    const unsigned char *bytes = data.bytes + data.at;
    size_t size = data.end - data.at;
    struct buffer text;
    char *copy;

    if (size < 4)
        return NULL;
    buffer_init(&text, 16 + 2 * size);
    (void)buffer_append_format(&text, "%d %d %d ", bytes[0], bytes[1], bytes[2]);
    for (size_t i = 3; i < size; i++)
        (void)buffer_append_format(&text, "%02x", bytes[i]);
    copy = memory_copy(text.bytes);
    buffer_done(&text);
    return copy;
}

static bool read_record(struct dns_record *record, enum dns_type type, struct reader data)
{
    unsigned preference = 0;

    switch (type) {
    case DNS_A: record->text = address_of(data, AF_INET, 4); break;
    case DNS_AAAA: record->text = address_of(data, AF_INET6, 16); break;
    case DNS_MX: record->text = read_number(&data, &preference) ? name_of(data) : NULL; break;
    case DNS_CNAME:
    case DNS_PTR: record->text = name_of(data); break;
    case DNS_TXT: record->text = strings_of(data); break;
    case DNS_TLSA: record->text = association_of(data); break;
    }
    record->preference = (int)preference;
    return record->text != NULL;
}

static int compare(const void *a, const void *b)
{
    const struct dns_record *left = a, *right = b;

    return left->preference != right->preference ? left->preference - right->preference
                                                 : strcmp(left->text, right->text);
}

/* Takes the wanted records of that owner. */
static bool take_records(struct dns_message *message, const struct resource *resources,
                         size_t count, const char *owner, enum dns_type type)
{
    for (size_t i = 0; i < count; i++) {
        struct dns_record record;

        if (resources[i].type != (unsigned)dns_type_number(type) ||
            strcmp(resources[i].owner, owner) != 0)
            continue;
        if (!read_record(&record, type, resources[i].data))
            return false;
        message->records = memory_more(message->records, message->count, sizeof record);
        message->records[message->count++] = record;
    }
    if (type == DNS_MX && message->count > 0)
        qsort(message->records, message->count, sizeof *message->records, compare);
    return true;
}

/* Goes along the aliases that begin at name. */
static bool follow_aliases(struct dns_message *message, const struct resource *resources,
                           size_t count, const char *name)
{
    unsigned aliases = 0;

    for (size_t i = 0; i < count; i++) {
        if (resources[i].type != TYPE_CNAME ||
            strcmp(resources[i].owner, message->alias != NULL ? message->alias : name) != 0)
            continue;
        free(message->alias);
        message->alias = name_of(resources[i].data);
        if (message->alias == NULL || ++aliases > ALIASES_MAX)
            return false;
        i = (size_t)-1; /* their order in the answer is no matter */
    }
    return true;
}

bool dns_message_read(struct dns_message *message, const unsigned char *bytes, size_t size,
                      enum dns_type type)
{
    struct reader reader = {bytes, 4, size};
    unsigned questions, answers, authorities, additional, asked_type, class;
    struct resource *resources = NULL;
    size_t count = 0;
    bool names_servers = false, has_soa = false, good = false;
    char *name = NULL;

    if (size < HEADER_SIZE || !read_number(&reader, &questions) ||
        !read_number(&reader, &answers) || !read_number(&reader, &authorities) ||
        !read_number(&reader, &additional) || questions != 1 || !read_name(&reader, &name) ||
        !read_number(&reader, &asked_type) || !read_number(&reader, &class))
        goto done;
    for (unsigned i = 0; i < answers + authorities; i++) {
        struct resource resource;

        if (!read_resource(&reader, &resource, &class))
            goto done;
        if (i < answers && class == CLASS_IN) {
            resources = memory_more(resources, count, sizeof resource);
            resources[count++] = resource;
            continue;
        }
        names_servers = names_servers || (i >= answers && resource.type == TYPE_NS);
        has_soa = has_soa || (i >= answers && resource.type == TYPE_SOA);
        free(resource.owner);
    }
    message->is_referral = names_servers && !has_soa && (bytes[2] & 4) == 0;
    good = follow_aliases(message, resources, count, name) &&
           take_records(message, resources, count,
                        type != DNS_CNAME && message->alias != NULL ? message->alias : name, type);
done:
    for (size_t i = 0; i < count; i++)
        free(resources[i].owner);
    free(resources);
    free(name);
    return good;
}

void dns_message_free(struct dns_message *message)
{
    for (size_t i = 0; i < message->count; i++)
        free(message->records[i].text);
    free(message->records);
    free(message->alias);
}
