#ifndef MXSIM_TLS_H
#define MXSIM_TLS_H

#include <mxpull/base/status.h>

#include <stddef.h>
#include <stdint.h>

/* The server's side of TLS over a socket that never blocks: tls_openssl.c, or tls_none.c where
 * OpenSSL is not there. */
struct tls_context;
struct tls;

/* A certificate chain and its key, both PEM. NULL and *error on failure. */
struct tls_context *tls_context_new(const char *certificate, const char *key, struct error *error);
void tls_context_free(struct tls_context *context);

/* A session over a socket, which stays the caller's. */
struct tls *tls_new(struct tls_context *context, intptr_t socket);
void tls_free(struct tls *tls);

/* 1 when done; IO_AGAIN, IO_AGAIN_WRITE or IO_BROKEN as in socket.h. */
ptrdiff_t tls_handshake(struct tls *tls);

/* As socket_read and socket_write. */
ptrdiff_t tls_read(struct tls *tls, char *bytes, size_t size);
ptrdiff_t tls_write(struct tls *tls, const char *bytes, size_t size);

/* Tells the peer that no more will come. */
void tls_end_writing(struct tls *tls);

/* "TLSv1.3" */
const char *tls_version(const struct tls *tls);

#endif
