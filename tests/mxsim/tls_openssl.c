/* TLS by OpenSSL. */
#include "socket.h"
#include "tls.h"

#include <mxpull/base/memory.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

struct tls {
    SSL *ssl;
};

static SSL_CTX *as_openssl(struct tls_context *context)
{
    return (SSL_CTX *)(void *)context;
}

struct tls_context *tls_context_new(const char *certificate, const char *key, struct error *error)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    char reason[200];

    if (context != NULL && SSL_CTX_use_certificate_chain_file(context, certificate) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1) {
        (void)SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
        (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                            SSL_MODE_RELEASE_BUFFERS);
        return (struct tls_context *)(void *)context;
    }
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    ERR_clear_error();
    SSL_CTX_free(context);
    (void)error_set(error, STATUS_TLS, "certificate %s, key %s: %s", certificate, key, reason);
    return NULL;
}

void tls_context_free(struct tls_context *context)
{
    SSL_CTX_free(as_openssl(context));
}

struct tls *tls_new(struct tls_context *context, intptr_t socket)
{
    struct tls *tls = memory_new(1, sizeof *tls);

    tls->ssl = SSL_new(as_openssl(context));
    if (tls->ssl != NULL && SSL_set_fd(tls->ssl, (int)socket) == 1)
        SSL_set_accept_state(tls->ssl);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    free(tls);
}

static ptrdiff_t io_result(struct tls *tls, int result)
{
    int reason = SSL_get_error(tls->ssl, result);

    ERR_clear_error();
    if (result > 0)
        return result;
    if (reason == SSL_ERROR_WANT_READ)
        return IO_AGAIN;
    if (reason == SSL_ERROR_WANT_WRITE)
        return IO_AGAIN_WRITE;
    return reason == SSL_ERROR_ZERO_RETURN ? IO_END : IO_BROKEN;
}

ptrdiff_t tls_handshake(struct tls *tls)
{
    if (tls->ssl == NULL)
        return IO_BROKEN;
    ptrdiff_t result = io_result(tls, SSL_do_handshake(tls->ssl));
    return result == IO_END ? IO_BROKEN : result;
}

ptrdiff_t tls_read(struct tls *tls, char *bytes, size_t size)
{
    return io_result(tls, SSL_read(tls->ssl, bytes, size > 65536 ? 65536 : (int)size));
}

ptrdiff_t tls_write(struct tls *tls, const char *bytes, size_t size)
{
    return io_result(tls, SSL_write(tls->ssl, bytes, size > 65536 ? 65536 : (int)size));
}

void tls_end_writing(struct tls *tls)
{
    if (tls->ssl != NULL && SSL_is_init_finished(tls->ssl))
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

const char *tls_version(const struct tls *tls)
{
    return SSL_get_version(tls->ssl);
}
