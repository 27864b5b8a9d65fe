#ifndef MXPULL_SRC_CHECK_VISIT_H
#define MXPULL_SRC_CHECK_VISIT_H

#include <mxpull/base/status.h>
#include <mxpull/net/connection.h>
#include <mxpull/net/timer.h>

#include <stdbool.h>

/* One look at one SMTP server: greeting, EHLO, STARTTLS and the certificate, AUTH where a user is given; then QUIT. Nothing
 * else is said. The certificate is verified first, whatever the options demand; where it is not good, or there is no
 * TLS, another connection shows the rest, without the user where pulls would not send it there. Bounded, whatever
 * the server does. */

enum {
    VISIT_STEP_MS = 60000,  /* at most for connecting, and for each reply */
    VISIT_LIMIT_MS = 180000 /* for all */
};

struct visit_options {
    struct loop *loop; /* borrowed for the visit's life, as the texts of connection */

    /* As pulls connect. Longer timeouts than VISIT_STEP_MS are cut. */
    struct connection_options connection;

    void (*over)(void *context); /* called once, in a turn of the loop; may not free the visit */
    void *context;               /* of over, and of wire */

    /* As connection_events has it; only with show_wire. */
    void (*wire)(void *context, char direction, const char *line, size_t size);
};

enum visit_certificate {
    VISIT_CERTIFICATE_UNKNOWN, /* no TLS, or it did not come so far */
    VISIT_CERTIFICATE_GOOD,    /* by the authorities, the host's name and the time */
    VISIT_CERTIFICATE_BAD,
    VISIT_CERTIFICATE_OTHER_KEY /* than tls_fingerprint */
};

/* For others to read; what it holds lives as long as the visit. */
struct visit {
    struct visit_options options;
    bool is_over; /* what follows is known then */

    /* Of the last connection: facts.stage is STAGE_COMMAND when the session was established, as a pull's would be but for
     * the user where has_user is false; else what failed. facts.ehlo counts where has_ehlo. */
    struct connection_facts facts;
    bool has_ehlo;
    bool has_user;      /* AUTH was to be done on it */
    int code;           /* the reply that failed it, or 0 */
    struct error error; /* why it failed; STATUS_OK */

    enum visit_certificate certificate;
    char tls_fault
        [ERROR_TEXT_SIZE]; /* why the certificate is not good, or why TLS did not work out; "": neither */

    struct connection *connection; /* private, as what follows; NULL: none */
    struct timer timer;            /* the end */
    char tls[16];                  /* facts.tls */
    bool is_unverified, in_clear;  /* the connection */
};

/* Begins at once. Never NULL. */
struct visit *visit_new(const struct visit_options *options);

/* At any time. NULL is allowed. */
void visit_free(struct visit *visit);

#endif
