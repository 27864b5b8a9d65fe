/* Schannel's sessions. */
#include <mxpull/platform/tls.h>

#include <mxpull/base/compiler.h>

#include "text.h"

#define SECURITY_WIN32
#include <schannel.h>
#include <security.h>

static const struct {
    DWORD protocol;
    const char *name;
} versions[] = {
    {SP_PROT_TLS1_3_CLIENT, "TLSv1.3"},
    {SP_PROT_TLS1_2_CLIENT, "TLSv1.2"},
    {SP_PROT_TLS1_1_CLIENT, "TLSv1.1"},
    {SP_PROT_TLS1_0_CLIENT, "TLSv1"},
};

const char *tls_session_version(void *session)
{
    SecPkgContext_ConnectionInfo info = {0};

    if (QueryContextAttributesW(session, SECPKG_ATTR_CONNECTION_INFO, &info) != SEC_E_OK)
        return "TLS";
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        if (info.dwProtocol == versions[i].protocol)
            return versions[i].name;
    }
    return "TLS";
}
