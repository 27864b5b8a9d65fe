/* Sockets of others on Windows, which has no limit of its own for them. */
#include <mxpull/platform/socket.h>

#include "system.h"

#include <mxpull/base/compiler.h>

#define SECURITY_WIN32
#include <schannel.h>
#include <security.h>

intptr_t socket_open(int family, int type, int protocol, int *number)
{
    SOCKET opened = WSASocketW(family, type, protocol, NULL, 0,
                               WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);

    if (opened != INVALID_SOCKET)
        return (intptr_t)opened;
    *number = WSAGetLastError();
    return -1;
}

void socket_close(intptr_t socket)
{
    (void)closesocket((SOCKET)socket);
}

bool system_socket_is_busy(void)
{
    int number = WSAGetLastError();

    return number == WSAEWOULDBLOCK || number == WSAEINTR;
}

/* The usual ones in the words of all other systems, short and the same in every language. */
const char *socket_error_text(int number)
{
    static const struct {
        int number;
        const char *text;
    } rows[] = {
        {WSAECONNREFUSED, "Connection refused"},
        {WSAECONNRESET, "Connection reset by peer"},
        {WSAECONNABORTED, "Connection aborted"},
        {WSAETIMEDOUT, "Connection timed out"},
        {WSAENETUNREACH, "Network is unreachable"},
        {WSAENETDOWN, "Network is down"},
        {WSAEHOSTUNREACH, "No route to host"},
        {WSAEHOSTDOWN, "Host is down"},
        {WSAEADDRNOTAVAIL, "Cannot assign requested address"},
        {WSAEAFNOSUPPORT, "Address family not supported by protocol"},
        {WSAEACCES, "Permission denied"},
        {WSAEMFILE, "Too many open sockets"},
        {WSAENOBUFS, "No buffer space available"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].number == number)
            return rows[i].text;
    }
    return system_error_text((DWORD)number);
}

bool socket_is_short(int number)
{
    return number == WSAEMFILE;
}

bool socket_has_no_route(int number)
{
    return number == WSAENETUNREACH || number == WSAEADDRNOTAVAIL || number == WSAEAFNOSUPPORT;
}

size_t socket_raise_limit(size_t wanted)
{
    return wanted;
}

const char *socket_tls_version(void *session)
{
    SecPkgContext_ConnectionInfo info = {0};

    (void)QueryContextAttributesW(session, SECPKG_ATTR_CONNECTION_INFO, &info);
    switch (info.dwProtocol) {
    case SP_PROT_TLS1_3_CLIENT: return "TLSv1.3";
    case SP_PROT_TLS1_2_CLIENT: return "TLSv1.2";
    case SP_PROT_TLS1_1_CLIENT: return "TLSv1.1";
    case SP_PROT_TLS1_0_CLIENT: return "TLSv1";
    default: return "TLS";
    }
}
