/* The addresses of a connection: those of its host that are tried, and the two ends of what stands. */
#include "internal.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/socket.h>

curl_socket_t address_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct connection *connection = context;

    char text[ADDRESS_SIZE];

    (void)purpose;
    socket_address_text(&address->addr, address->addrlen, text, sizeof text);
    if (!connection->proxied && attempt_has_used(connection, text))
        return CURL_SOCKET_BAD;
    if (!connection->proxied)
        (void)text_copy(connection->address, ADDRESS_SIZE, text);
    connection->opened++;
    return (curl_socket_t)socket_open(address->family, address->socktype, address->protocol,
                                      &connection->socket_error);
}

void address_try_socket(struct connection *connection)
{
    intptr_t opened = socket_open(AF_INET, SOCK_STREAM, 0, &connection->socket_error);

    if (opened >= 0)
        socket_close(opened);
}

static void note_end(CURL *easy, CURLINFO address_info, CURLINFO port_info,
                     char address[ADDRESS_SIZE], int *port)
{
    const char *text = NULL;
    long number = 0;

    if (curl_easy_getinfo(easy, address_info, &text) == CURLE_OK && text != NULL && text[0] != '\0')
        (void)text_copy(address, ADDRESS_SIZE, text);
    if (curl_easy_getinfo(easy, port_info, &number) == CURLE_OK && number > 0)
        *port = (int)number;
}

void address_note(struct connection *connection)
{
    struct connection_facts *facts = &connection->facts;

    if (!connection->proxied)
        note_end(connection->easy, CURLINFO_PRIMARY_IP, CURLINFO_PRIMARY_PORT, connection->address,
                 &facts->port);
    note_end(connection->easy, CURLINFO_LOCAL_IP, CURLINFO_LOCAL_PORT, connection->local_address,
             &facts->local_port);
}
