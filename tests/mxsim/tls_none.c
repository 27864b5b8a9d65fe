/* No TLS: a script that asks for it is refused. */
#include "socket.h"
#include "tls.h"

struct tls_context *tls_context_new(const char *certificate, const char *key, struct error *error)
{
    (void)certificate;
    (void)key;
    (void)error_set(error, STATUS_TLS, "mxsim was built without TLS");
    return NULL;
}

void tls_context_free(struct tls_context *context)
{
    (void)context;
}

struct tls *tls_new(struct tls_context *context, intptr_t socket)
{
    (void)context;
    (void)socket;
    return NULL;
}

void tls_free(struct tls *tls)
{
    (void)tls;
}

ptrdiff_t tls_handshake(struct tls *tls)
{
    (void)tls;
    return IO_BROKEN;
}

ptrdiff_t tls_read(struct tls *tls, char *bytes, size_t size)
{
    (void)tls;
    (void)bytes;
    (void)size;
    return IO_BROKEN;
}

ptrdiff_t tls_write(struct tls *tls, const char *bytes, size_t size)
{
    (void)tls;
    (void)bytes;
    (void)size;
    return IO_BROKEN;
}

void tls_end_writing(struct tls *tls)
{
    (void)tls;
}

const char *tls_version(const struct tls *tls)
{
    (void)tls;
    return "none";
}
