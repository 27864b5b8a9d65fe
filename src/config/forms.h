#ifndef MXPULL_CONFIG_FORMS_H
#define MXPULL_CONFIG_FORMS_H

#include <mxpull/base/status.h>
#include <mxpull/config/config.h>

/* Texts of a certain form. Each function gives a copy in the form that the rest of the program wants, to
 * be freed by the caller, and else STATUS_SYNTAX with "what is wrong; what is allowed". Nothing is looked
 * up, and no file but that of form_file opened. */

enum status form_host(const char *text, char **host, struct error *error);
enum status form_name(const char *text, char **name, struct error *error);
enum status form_ehlo_name(const char *text, char **name, struct error *error);
enum status form_ip_address(const char *text, char **address, struct error *error);
enum status form_network(const char *text, char **network, struct error *error);
enum status form_dns_server(const char *text, char **server,
                            struct error *error); /* with its port */
enum status form_fingerprint(const char *text, char **fingerprint, struct error *error);
enum status form_mechanism(const char *text, char **mechanism, struct error *error);
enum status form_schedule(const char *text, char **schedule, struct error *error);
/* An address whose local part is a dot-atom (RFC 5321 4.1.2), or such a local part. */
enum status form_mailbox(const char *text, char **mailbox, struct error *error);
enum status form_pattern(const char *text, char **pattern, struct error *error); /* of files */
enum status form_path(const char *text, char **path, struct error *error);
enum status form_file(const char *text, char **path, struct error *error);
enum status form_mail_log(const char *text, char **setting, struct error *error);

/* Errors never show the text: there may be a password in it. */
enum status form_proxy(const char *text, char **proxy, struct error *error);

/* Where the password in a proxy's URL begins and how long it is; NULL: there is none. Only for what
 * form_proxy took. */
const char *form_proxy_password(const char *proxy, size_t *size);

/* Gives a host and a port, or the path of a UNIX socket; the other one is NULL. */
enum status form_address(const char *text, char **host, int *port, char **path,
                         struct error *error);

/* STATUS_SYNTAX, with the text in quotes before why in error. */
enum status form_refuse(struct error *error, const char *text, const char *why);

#endif
