#ifndef MXPULL_TESTS_DNS_SERVER_H
#define MXPULL_TESTS_DNS_SERVER_H

/* A DNS server beside the test, on loopback, over UDP and TCP: what it answers is told by the name that it is asked for. */

#include "support.h"

#include <mxpull/base/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What it does besides answering. */
enum dns_manner {
    DNS_ANSWERS,
    DNS_TRUNCATES,     /* over UDP, with nothing in it */
    DNS_TRUNCATES_ALL, /* over TCP, too */
    DNS_HANGS_UP,      /* the same, and closes the connection that is made then */
    DNS_WANTS_TCP,     /* says nothing over UDP */
    DNS_IS_SLOW,       /* hears the third question alone */
    DNS_BEGINS_EMPTY,  /* sends an empty datagram before */
    DNS_SAYS_NOTHING,
    DNS_KNOWS_NO_EDNS, /* FORMERR to who tries it */
    DNS_IS_FORGED, /* sends an answer of another id before, and one to another question, and one from another port */
    DNS_CUTS,          /* the last 3 bytes are missing */
    DNS_LOOPS,         /* the owner of its record is a pointer to itself */
    DNS_COUNTS_WRONG,  /* says that there are more records than there are */
    DNS_TALKS_RUBBISH, /* after the question */
    DNS_REFERS         /* to other servers */
};

struct dns_rule {
    const char *name;
    int code;
    enum dns_manner manner;
    const char *records[8]; /* "OWNER TYPE DATA", as in a zone file, names without last dots */
};

struct dns_output {
    unsigned char bytes[65536];
    size_t size;
};

static const struct dns_rule *dns_rules; /* the last one has no name */
static FILE *dns_journal;                /* gets "asked NAME" for each question; NULL: none */

static inline void dns_put(struct dns_output *output, const void *bytes, size_t size)
{
    if (size > sizeof output->bytes - output->size)
        abort();
    memcpy(output->bytes + output->size, bytes, size);
    output->size += size;
}

static inline void dns_put_number(struct dns_output *output, unsigned number)
{
    dns_put(output, (unsigned char[]){(unsigned char)(number >> 8), (unsigned char)number}, 2);
}

static inline void dns_put_name(struct dns_output *output, const char *name)
{
    while (*name != '\0') {
        size_t size = strcspn(name, ".");

        dns_put(output, (unsigned char[]){(unsigned char)size}, 1);
        dns_put(output, name, size);
        name += size + (name[size] == '.');
    }
    dns_put(output, "", 1);
}

static inline void dns_put_hex(struct dns_output *output, const char *text)
{
    for (; text[0] != '\0' && text[1] != '\0'; text += 2) {
        const char digits[] = {text[0], text[1], '\0'};

        dns_put(output, (unsigned char[]){(unsigned char)strtoul(digits, NULL, 16)}, 1);
    }
}

/* The data of TXT is put down as strings of at most 255 bytes, "|" ends one; that of A, AAAA and TLSA is hexadecimal. */
static inline void dns_put_data(struct dns_output *output, const char *type, const char *data)
{
    if (strcmp(type, "MX") == 0) {
        char *name;

        dns_put_number(output, (unsigned)strtoul(data, &name, 10));
        dns_put_name(output, name + 1);
    } else if (strcmp(type, "TXT") == 0) {
        for (size_t size; *data != '\0'; data += size + (data[size] == '|')) {
            size = strcspn(data, "|");
            size = size < 255 ? size : 255;
            dns_put(output, (unsigned char[]){(unsigned char)size}, 1);
            dns_put(output, data, size);
        }
    } else if (strcmp(type, "CNAME") == 0 || strcmp(type, "PTR") == 0 || strcmp(type, "NS") == 0) {
        dns_put_name(output, data);
    } else {
        dns_put_hex(output, data);
    }
}

static inline unsigned dns_type_of(const char *type)
{
    static const struct {
        const char *name;
        unsigned number;
    } types[] = {{"A", 1},   {"NS", 2},   {"CNAME", 5}, {"SOA", 6},  {"PTR", 12},
                 {"MX", 15}, {"TXT", 16}, {"AAAA", 28}, {"TLSA", 52}};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, type) == 0)
            return types[i].number;
    }
    abort();
}

static inline void dns_put_record(struct dns_output *output, const char *record)
{
    char owner[256], type[16];
    size_t owner_size = strcspn(record, " ");
    const char *rest = record + owner_size + 1;
    size_t type_size = strcspn(rest, " "), at;

    (void)snprintf(owner, sizeof owner, "%.*s", (int)owner_size, record);
    (void)snprintf(type, sizeof type, "%.*s", (int)type_size, rest);
    dns_put_name(output, owner);
    dns_put_number(output, dns_type_of(type));
    dns_put(output, "\0\1\0\0\0\1\0\0", 8);
    at = output->size;
    dns_put_data(output, type, rest + type_size + (rest[type_size] == ' '));
    output->bytes[at - 2] = (unsigned char)((output->size - at) >> 8);
    output->bytes[at - 1] = (unsigned char)(output->size - at);
}

/* The name of a question in lower case; returns where it ends. */
static inline size_t dns_get_name(const unsigned char *bytes, char *text)
{
    size_t at = 12;

    while (bytes[at] != 0) {
        for (size_t i = 1; i <= bytes[at]; i++)
            *text++ = text_lower((char)bytes[at + i]);
        *text++ = '.';
        at += bytes[at] + 1U;
    }
    text[text[-1] == '.' ? -1 : 0] = '\0';
    return at + 1;
}

/* Those of "NUMBER.TYPE.many.test" are made up here: so many records. */
static inline unsigned dns_put_many(struct dns_output *output, const char *name)
{
    char *type;
    unsigned long count = strtoul(name, &type, 10);

    for (unsigned long i = 0; i < count; i++) {
        char record[600];

        if (strncmp(type, ".mx.", 4) == 0)
            (void)snprintf(record, sizeof record, "%s MX %lu mx%lu.test", name, count - i, i);
        else
            (void)snprintf(record, sizeof record, "%s TXT record %lu %0200d", name, i, 0);
        dns_put_record(output, record);
    }
    return (unsigned)count;
}

/* The answer to a question, of which *rule is the rule. */
static inline void dns_answer(struct dns_output *output, const unsigned char *question, size_t size,
                              bool is_tcp, const struct dns_rule **found)
{
    static const struct dns_rule unknown = {.code = 3}, plain = {0};
    const struct dns_rule *rule = dns_rules;
    char name[300];
    size_t end = dns_get_name(question, name) + 4;
    unsigned count = 0, single = 0;

    if (end > size)
        abort();
    if (dns_journal != NULL) {
        (void)fprintf(dns_journal, "asked %s\n", name);
        (void)fflush(dns_journal);
    }
    while (rule->name != NULL && strcmp(rule->name, name) != 0)
        rule++;
    if (rule->name == NULL)
        rule = strstr(name, ".test") != NULL && strncmp(name, "no", 2) != 0 ? &plain : &unknown;
    *found = rule;
    output->size = 0;
    dns_put(output, question, end);
    output->bytes[2] = 0x85;
    output->bytes[3] = (unsigned char)(0x80 | rule->code);
    memset(output->bytes + 6, 0, 6);
    if (rule->manner == DNS_KNOWS_NO_EDNS && question[11] != 0) {
        output->bytes[3] = 0x81;
        return;
    }
    if (rule->manner == DNS_LOOPS) {
        unsigned pointer = 0xc000 | (unsigned)end;

        dns_put_number(output, pointer);
        dns_put(output, "\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 14);
        count = 1;
    }
    for (; rule->records[count] != NULL && rule->manner != DNS_LOOPS; count++)
        dns_put_record(output, rule->records[count]);
    if (strstr(name, ".many.test") != NULL) {
        count = dns_put_many(output, name);
    } else if (strstr(name, ".single.test") != NULL) {
        char record[400];

        single = (unsigned)strtoul(name, NULL, 10);
        (void)snprintf(record, sizeof record, "%s A 0a00%04x", name, single);
        dns_put_record(output, record);
        count = 1;
    }
    count += rule->manner == DNS_COUNTS_WRONG;
    output->bytes[rule->manner == DNS_REFERS ? 8 : 6] = (unsigned char)(count >> 8);
    output->bytes[rule->manner == DNS_REFERS ? 9 : 7] = (unsigned char)count;
    if (rule->manner == DNS_REFERS)
        output->bytes[2] &= 0xfb;
    if (rule->manner == DNS_CUTS)
        output->size -= 3;
    if (rule->manner == DNS_TALKS_RUBBISH) {
        output->bytes[7] = 3;
        for (unsigned i = 0; i < 100; i++)
            dns_put(output, (unsigned char[]){(unsigned char)(i * 7919 >> 3)}, 1);
    }
    if (rule->manner == DNS_TRUNCATES_ALL ||
        (!is_tcp &&
         (rule->manner == DNS_TRUNCATES || rule->manner == DNS_HANGS_UP || output->size > 1232))) {
        output->size = end;
        output->bytes[2] |= 2;
        memset(output->bytes + 6, 0, 6);
    }
}

static inline void dns_serve_datagram(intptr_t socket, int port, const unsigned char *bytes,
                                      size_t size)
{
    static struct dns_output output;
    static unsigned heard;
    const struct dns_rule *rule;

    dns_answer(&output, bytes, size, false, &rule);
    if (rule->manner == DNS_SAYS_NOTHING || rule->manner == DNS_WANTS_TCP ||
        (rule->manner == DNS_IS_SLOW && ++heard % 3 != 0))
        return;
    if (rule->manner == DNS_BEGINS_EMPTY)
        support_send_to(socket, port, "", 0);
    if (rule->manner == DNS_IS_FORGED) {
        struct dns_output *forged = calloc(1, sizeof *forged);
        int other_port = 0;
        intptr_t other = support_bind(&other_port);

        /* The address is 192.0.2.x; x tells the forgery by the last byte. */
        *forged = output;
        forged->bytes[forged->size - 1] = 66;
        support_send_to(other, port, forged->bytes, forged->size);
        forged->bytes[1] ^= 1;
        support_send_to(socket, port, forged->bytes, forged->size);
        forged->bytes[1] ^= 1;
        forged->bytes[13] ^= 1;
        support_send_to(socket, port, forged->bytes, forged->size);
        support_close(other);
        free(forged);
    }
    support_send_to(socket, port, output.bytes, output.size);
}

static inline void dns_serve_stream(intptr_t client)
{
    static struct dns_output output;
    const struct dns_rule *rule;
    unsigned char question[4096], header[2];
    size_t size, held = 0;

    while (support_receive(client, header, 1) == 1 && support_receive(client, header + 1, 1) == 1) {
        size = (size_t)header[0] << 8 | header[1];
        for (held = 0; held < size && size <= sizeof question;) {
            long got = support_receive(client, question + held, size - held);

            if (got <= 0)
                return;
            held += (size_t)got;
        }
        dns_answer(&output, question, size, true, &rule);
        if (rule->manner == DNS_HANGS_UP)
            return;
        if (rule->manner == DNS_SAYS_NOTHING)
            continue;
        header[0] = (unsigned char)(output.size >> 8);
        header[1] = (unsigned char)output.size;
        if (!support_send(client, header, 2) || !support_send(client, output.bytes, output.size))
            return;
    }
}

struct dns_server {
    struct support_server *datagrams, *streams;
    char address[32]; /* "127.0.0.1:5353" */
};

/* Begins to serve at a port that is free for both. */
static inline void dns_server_start(struct dns_server *server, const struct dns_rule *rules)
{
    int port;
    intptr_t listener = support_listen(&port, 100);
    intptr_t socket = support_bind(&port);

    dns_rules = rules;
    (void)snprintf(server->address, sizeof server->address, "127.0.0.1:%d", port);
    server->datagrams = support_serve_datagrams(socket, dns_serve_datagram);
    server->streams = support_serve(listener, dns_serve_stream);
}

static inline void dns_server_end(struct dns_server *server)
{
    support_end_server(server->datagrams);
    support_end_server(server->streams);
}

#endif
