#ifndef MXPULL_NET_DNS_MESSAGE_H
#define MXPULL_NET_DNS_MESSAGE_H

#include <mxpull/net/resolver.h>

#include <stdbool.h>
#include <stddef.h>

/* "MX", and the number on the wire. */
const char *dns_type_name(enum dns_type type);
int dns_type_number(enum dns_type type);

/* What stands in an answer. Starts as all zero. */
struct dns_message {
    struct dns_record *records; /* of the wanted type, as struct dns_answer has them */
    size_t count;
    char *alias;      /* NULL: none */
    bool is_referral; /* the server only names other servers (RFC 2308 2.2) */
};

/* Reads a whole message (RFC 1035 4.1) whose question is of this type. False when it is malformed, or
 * its aliases make a loop; *message is to be freed in any case. */
bool dns_message_read(struct dns_message *message, const unsigned char *bytes, size_t size,
                      enum dns_type type);
void dns_message_free(struct dns_message *message);

#endif
