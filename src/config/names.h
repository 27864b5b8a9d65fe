#ifndef MXPULL_CONFIG_NAMES_H
#define MXPULL_CONFIG_NAMES_H

#include <mxpull/base/status.h>
#include <mxpull/config/config.h>

/* Texts that name something of the network. Each function reads one form, gives a copy in the form
 * that the rest of the program wants, to be freed by the caller, and else STATUS_SYNTAX with "what
 * is wrong; what is allowed". Nothing is looked up. */

enum status name_parse_host(const char *text, char **host, struct error *error);
enum status name_parse_ehlo(const char *text, char **name, struct error *error);
enum status name_parse_ip(const char *text, char **address, struct error *error);
enum status name_parse_fingerprint(const char *text, char **fingerprint, struct error *error);
enum status name_parse_mechanism(const char *text, char **mechanism, struct error *error);

/* Errors never show the text: there may be a password in it. */
enum status name_parse_proxy(const char *text, char **proxy, struct error *error);

/* Where the password in a proxy's URL begins and how long it is; NULL: there is none. Only for what
 * name_parse_proxy took. */
const char *name_proxy_password(const char *proxy, size_t *size);

/* *address is filled, its texts owned by it. */
enum status name_parse_address(const char *text, struct address *address, struct error *error);

#endif
