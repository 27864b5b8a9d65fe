#ifndef MXPULL_SMTP_EHLO_H
#define MXPULL_SMTP_EHLO_H

#include <stdbool.h>
#include <stddef.h>

/* What a server's EHLO reply offers (RFC 5321 4.1.1.1), as far as we ask for it. A plain value. */
struct ehlo {
    bool etrn;     /* RFC 1985 */
    bool atrn;     /* RFC 2645 */
    bool turn;     /* RFC 821 */
    bool starttls; /* RFC 3207 */
    bool auth;     /* RFC 4954 */
};

/* Reads one line of the reply, such as "250-ETRN", with or without its line end, keywords in any
 * case; "AUTH=LOGIN" of old servers counts as AUTH. What is not known is passed over. The server's
 * name in the first line is a keyword of no meaning here, so the caller passes first = true for it.
 */
void ehlo_line(struct ehlo *ehlo, const char *line, size_t size, bool first);

#endif
