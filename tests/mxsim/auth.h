#ifndef MXSIM_AUTH_H
#define MXSIM_AUTH_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>

/* The server's side of SMTP AUTH (RFC 4954): PLAIN, LOGIN, CRAM-MD5 and XOAUTH2, without I/O. */
enum {
    AUTH_PLAIN = 1,
    AUTH_LOGIN = 2,
    AUTH_CRAM_MD5 = 4,
    AUTH_XOAUTH2 = 8
};
enum auth_result {
    AUTH_MORE,
    AUTH_PASSED,
    AUTH_REFUSED,
    AUTH_FAULTY,
    AUTH_UNKNOWN
};

struct auth {
    unsigned mechanism;
    int step;
    bool user_is_right; /* LOGIN: what its first answer said */
    char challenge[80]; /* CRAM-MD5 */
};

/* "PLAIN,CRAM-MD5" as a set; 0 for a name that is not known. */
unsigned auth_mechanisms(const char *names);

/* The set as EHLO lists it: "PLAIN CRAM-MD5". */
void auth_list(unsigned mechanisms, struct buffer *target);

/* The argument of AUTH: a mechanism and perhaps its first answer. With AUTH_MORE the text behind
 * `334 ` is in challenge. */
enum auth_result auth_begin(struct auth *auth, unsigned allowed, const char *user,
                            const char *password, const char *argument, struct buffer *challenge);

/* The client's next line. */
enum auth_result auth_continue(struct auth *auth, const char *user, const char *password,
                               const char *line, struct buffer *challenge);

#endif
