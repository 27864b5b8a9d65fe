/* The system has no TLS of its own here. */
#include <mxpull/platform/tls.h>

const char *tls_session_version(void *session)
{
    (void)session;
    return "TLS";
}
