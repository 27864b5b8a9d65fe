#ifndef MXPULL_PLATFORM_TLS_H
#define MXPULL_PLATFORM_TLS_H

/* Which version of TLS a session of the system's own TLS library speaks, such as "TLSv1.3"; just
 * "TLS" where that cannot be told. session is that library's handle of it (Schannel: a CtxtHandle),
 * not NULL, with its handshake done. Never blocks. */
const char *tls_session_version(void *session);

#endif
