/* What the system says about the place we run at: our name, and where configuration and state are
 * kept by the customs of Unix and of the XDG base directory specification. Nothing here asks the
 * network. */
#include <mxpull/platform/host.h>

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <arpa/inet.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAME_SIZE_MAX = 255,
    PATH_SIZE_MAX = 16 * 1024,
    HOSTS_LINE_SIZE = 1024
};

char **host_arguments(int *count, char **given)
{
    (void)count;
    return given;
}

/* The name in a line of /etc/hosts that begins with short_name and a dot; borrowed from line, which
 * is cut up. NULL if there is none. */
static char *find_full_name(char *line, const char *short_name)
{
    char *rest = NULL;
    size_t length = strlen(short_name);

    line[strcspn(line, "#")] = '\0';
    if (strtok_r(line, " \t\r\n", &rest) == NULL)
        return NULL;
    for (char *name; (name = strtok_r(NULL, " \t\r\n", &rest)) != NULL;) {
        if (text_starts_with(name, short_name) && name[length] == '.' && name[length + 1] != '\0')
            return name;
    }
    return NULL;
}

static char *full_name_from_hosts(const char *short_name)
{
    char line[HOSTS_LINE_SIZE];
    char *found = NULL;
    FILE *hosts = fopen("/etc/hosts", "re");

    if (hosts == NULL)
        return NULL;
    while (found == NULL && fgets(line, sizeof line, hosts) != NULL)
        found = memory_copy(find_full_name(line, short_name));
    (void)fclose(hosts);
    return found;
}

char *host_full_name(void)
{
    char name[NAME_SIZE_MAX + 1] = "";

    if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0')
        return memory_copy("localhost");
    if (strchr(name, '.') != NULL)
        return memory_copy(name);

    char *full = full_name_from_hosts(name);
    return full != NULL ? full : memory_copy(name);
}

/* An environment variable that holds something, or NULL. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

/* The same, for a variable that names a directory: XDG demands an absolute path, and ignores
 * others. */
static const char *directory_variable(const char *name)
{
    const char *value = variable(name);

    return value != NULL && *value == '/' ? value : NULL;
}

static const char *home_directory(void)
{
    const char *home = directory_variable("HOME");
    const struct passwd *user;

    if (home != NULL)
        return home;
    user = getpwuid(getuid());
    return user != NULL && user->pw_dir != NULL && *user->pw_dir == '/' ? user->pw_dir : NULL;
}

/* "a" and "/b" become "a/b". */
static char *join(const char *directory, const char *rest)
{
    struct buffer path;
    char *copy;

    buffer_init(&path, PATH_SIZE_MAX);
    (void)buffer_append_text(&path, directory);
    (void)buffer_append_text(&path, rest);
    copy = memory_copy(path.bytes);
    buffer_done(&path);
    return copy;
}

/* $VARIABLE + inside, else home + below_home + inside; NULL when there is neither. */
static char *user_path(const char *name, const char *below_home, const char *inside)
{
    const char *base = directory_variable(name);
    const char *home;

    if (base != NULL)
        return join(base, inside);
    home = home_directory();
    if (home == NULL)
        return NULL;

    char *directory = join(home, below_home);
    char *path = join(directory, inside);
    free(directory);
    return path;
}

/* Under sudo $XDG_CONFIG_HOME and $HOME may be another user's, who must not choose what root runs. */
static bool is_followed(const char *variable)
{
    const char *given = directory_variable(variable);
    const char *base = given != NULL ? given : home_directory();
    struct stat facts;

    return geteuid() != 0 || base == NULL || stat(base, &facts) != 0 || facts.st_uid == 0;
}

char *host_config_path(const char *system_directory)
{
    const char *named = variable("MXPULL_CONFIG");
    char *path;

    if (named != NULL)
        return memory_copy(named);
    path = user_path("XDG_CONFIG_HOME", "/.config", "/mxpull/mxpull.conf");
    if (path != NULL && is_followed("XDG_CONFIG_HOME") && access(path, F_OK) == 0)
        return path;
    free(path);
    return join(system_directory, "/mxpull.conf");
}

char *host_config_words(const char *system_directory)
{
    struct buffer words;
    char *copy;

    buffer_init(&words, PATH_SIZE_MAX);
    (void)buffer_append_format(&words,
                               "  -c FILE, $MXPULL_CONFIG, $XDG_CONFIG_HOME/mxpull/mxpull.conf,\n"
                               "  %s/mxpull.conf\n",
                               system_directory);
    copy = memory_copy(words.bytes);
    buffer_done(&words);
    return copy;
}

char *host_state_directory(void)
{
    const char *given;

    if (geteuid() == 0)
        return memory_copy("/var/lib/mxpull");
    given = directory_variable("STATE_DIRECTORY");
    if (given != NULL)
        return memory_copy_part(given, strcspn(given, ":"));
    return user_path("XDG_STATE_HOME", "/.local/state", "/mxpull");
}

bool host_path_is_absolute(const char *path)
{
    return *path == '/';
}

int host_ip_version(const char *text)
{
    struct in6_addr bytes;

    if (inet_pton(AF_INET, text, &bytes) == 1)
        return 4;
    return inet_pton(AF_INET6, text, &bytes) == 1 ? 6 : 0;
}
