/* syslogd SOCKET FILE: writes what syslog(3) sends to the socket into the file as rsyslogd does in its traditional format, until it is ended:
 * "Nov 29 06:59:08 primary sm-mta[7]: text". The file may be moved away: each line goes to the one that has the name. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum {
    STAMP_SIZE = 16
}; /* "Nov 29 06:59:08 " */

static void write_line(const char *path, const char *line)
{
    const char *text = strchr(line, '>');
    FILE *file;

    text = line[0] == '<' && text != NULL ? text + 1 : line;
    if (strlen(text) < STAMP_SIZE || (file = fopen(path, "a")) == NULL)
        return;
    (void)fprintf(file, "%.*sprimary %s\n", STAMP_SIZE, text, text + STAMP_SIZE);
    (void)fclose(file);
}

int main(int count, char **words)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
    char line[8192];
    ssize_t size;

    if (count != 3 || strlen(words[1]) >= sizeof address.sun_path || descriptor < 0)
        return 64;
    (void)strcpy(address.sun_path, words[1]);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(words[1], 0666) != 0)
        return 71;
    while ((size = recv(descriptor, line, sizeof line - 1, 0)) >= 0) {
        line[size] = '\0';
        write_line(words[2], line);
    }
    return 71;
}
