#ifndef MXPULL_SMTP_TRANSPORT_H
#define MXPULL_SMTP_TRANSPORT_H

/* How a server is connected to, as it is configured and as it is done. */

enum tls {
    TLS_OFF,
    TLS_MAY, /* if STARTTLS is offered; the certificate is not looked at */
    TLS_REQUIRED,
    TLS_IMPLICIT /* from the first byte (RFC 8314 3) */
};

/* Whether a certificate was revoked; of use on Windows alone. */
enum tls_revocation {
    REVOCATION_BEST_EFFORT,
    REVOCATION_STRICT,
    REVOCATION_OFF
};

enum ip {
    IP_ANY,
    IP_4,
    IP_6
};

#endif
