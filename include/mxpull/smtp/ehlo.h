#ifndef MXPULL_SMTP_EHLO_H
#define MXPULL_SMTP_EHLO_H

#include <mxpull/smtp/outcome.h>

#include <stdbool.h>
#include <stddef.h>

enum {
    EHLO_NAMES_SIZE = 120
};

/* What a server's EHLO reply offers (RFC 5321 4.1.1.1), as far as we ask for it. A plain value. */
struct ehlo {
    bool etrn;                             /* RFC 1985 */
    bool atrn;                             /* RFC 2645 */
    bool turn;                             /* RFC 821 */
    bool starttls;                         /* RFC 3207 */
    bool auth;                             /* RFC 4954 */
    unsigned mechanisms;                   /* of AUTH, as far as ehlo_mechanism knows them */
    char mechanism_names[EHLO_NAMES_SIZE]; /* all of them, as the line has them, cut */
};

/* Whether it offers ETRN, ATRN or TURN. */
bool ehlo_offers(const struct ehlo *ehlo, enum verb verb);

/* The mechanisms of AUTH that a user and a password serve. */
enum {
    EHLO_MECHANISM_COUNT = 6,
    EHLO_MECHANISMS_ALL = (1 << EHLO_MECHANISM_COUNT) - 1
};

/* The bit of a mechanism, its name in any case; 0: none of those. */
unsigned ehlo_mechanism(const char *name, size_t size);

/* Its name, in upper case; "" for any other bit. */
const char *ehlo_mechanism_name(unsigned mechanism);

/* Reads one line of the reply, such as "250-ETRN", with or without its line end, keywords in any
 * case; "AUTH=LOGIN" of old servers counts as AUTH. What is not known is passed over. The server's
 * name in the first line is a keyword of no meaning here, so the caller passes first = true for it.
 */
void ehlo_line(struct ehlo *ehlo, const char *line, size_t size, bool first);

#endif
