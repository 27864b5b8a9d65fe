/* Connected sockets, and IP addresses in figures. Windows' inet_pton takes more than others do (0x7f.0.0.1, ::010.0.0.1, fe80::1%3), so it
 * is asked only for what is left. */
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/socket.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Four numbers in the tens system without zeros before them. */
static bool is_dotted(const char *text)
{
    for (int i = 0; i < 4; i++) {
        size_t digits = strspn(text, "0123456789");

        if (digits == 0 || digits > 3 || (digits > 1 && *text == '0') ||
            strtol(text, NULL, 10) > UINT8_MAX || text[digits] != (i < 3 ? '.' : '\0'))
            return false;
        text += digits + (i < 3);
    }
    return true;
}

int host_ip_parse(const char *text, unsigned char bytes[HOST_IP_SIZE])
{
    const char *last = strrchr(text, ':');

    if (last == NULL)
        return is_dotted(text) && inet_pton(AF_INET, text, bytes) == 1 ? 4 : 0;
    if (strspn(text, "0123456789abcdefABCDEF:.") != strlen(text) ||
        (strchr(text, '.') != NULL && !is_dotted(last + 1)))
        return 0;
    return inet_pton(AF_INET6, text, bytes) == 1 ? 6 : 0;
}

int host_ip_version(const char *text)
{
    unsigned char bytes[HOST_IP_SIZE];

    return host_ip_parse(text, bytes);
}

int host_network_parse(const char *text, unsigned char bytes[HOST_IP_SIZE], int *bits)
{
    static const unsigned char mapped[HOST_IP_SIZE - 4] = {[10] = 0xff, 0xff};
    char address[HOST_ADDRESS_SIZE] = "";
    const size_t size = strcspn(text, "/");

    if (size >= sizeof address)
        return 0;
    memcpy(address, text, size);
    int version = host_ip_parse(address, bytes);
    int64_t count = version == 4 ? 32 : 128;
    if (version == 0 || (text[size] == '/' && !text_to_number(text + size + 1, 0, count, &count)))
        return 0;
    if (version == 6 && count >= 96 && memcmp(bytes, mapped, sizeof mapped) == 0) {
        memmove(bytes, bytes + sizeof mapped, 4);
        version = 4;
        count -= 96;
    }
    *bits = (int)count;
    return version;
}

bool host_ip_is_in(const char *address, const char *network)
{
    unsigned char a[HOST_IP_SIZE], b[HOST_IP_SIZE];
    int whole, bits;
    const int version = host_network_parse(address, a, &whole);

    if (version == 0 || host_network_parse(network, b, &bits) != version || whole < bits)
        return false;
    const unsigned rest = 0xffU << (8 - bits % 8) & 0xffU; /* 0 of whole bytes */
    return memcmp(a, b, (size_t)bits / 8) == 0 &&
           (rest == 0 || ((a[bits / 8] ^ b[bits / 8]) & rest) == 0);
}

bool host_ip_is_loopback(const char *address)
{
    return host_ip_is_in(address, "127.0.0.0/8") || host_ip_is_in(address, "::1");
}

void system_add_address(struct host_address **list, size_t *count, const struct sockaddr *address)
{
    const bool is_4 = address != NULL && address->sa_family == AF_INET;

    if (!is_4 && (address == NULL || address->sa_family != AF_INET6))
        return;
    *list = memory_more(*list, *count, sizeof **list);
    struct host_address *added = &(*list)[*count];
    socket_address_text(address, is_4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
                        added->text, sizeof added->text);
    *count += added->text[0] != '\0';
}

void socket_address_text(const void *address, size_t size, char *text, size_t text_size)
{
    const struct sockaddr *any = address;

    text[0] = '\0';
    if ((any->sa_family == AF_INET || any->sa_family == AF_INET6) &&
        getnameinfo(any, (socklen_t)size, text, (uint32_t)text_size, NULL, 0, NI_NUMERICHOST) != 0)
        text[0] = '\0';
    text[strcspn(text, "%")] = '\0'; /* a scope is no part of it */
}

static enum status note(ssize_t moved, size_t *done)
{
    if (moved < 0)
        return system_socket_is_busy() ? STATUS_BUSY : STATUS_UNREACHABLE;
    *done = (size_t)moved;
    return STATUS_OK;
}

/* What a call takes of so many bytes, on Windows too. */
static system_size some(size_t size)
{
    return size < INT_MAX ? (system_size)size : INT_MAX;
}

enum status socket_send(intptr_t socket, const char *bytes, size_t size, size_t *done)
{
    return note(send((system_socket)socket, bytes, some(size), MSG_NOSIGNAL), done);
}

enum status socket_receive(intptr_t socket, char *bytes, size_t size, size_t *done)
{
    return note(recv((system_socket)socket, bytes, some(size), 0), done);
}
