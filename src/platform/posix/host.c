/* The process and the place that it runs at: our name, and where configuration and state are kept by the customs of
 * Unix and of the XDG base directory specification. Nothing here asks the network. */
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/host.h>

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum {
    NAME_SIZE_MAX = 255,
    HOSTS_LINE_SIZE = 1024
};

/* A program that takes core dumps in ignores the limit: so Linux is told as well. */
void system_protect_secrets(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        (void)setrlimit(RLIMIT_CORE, &limit);
    }
#ifdef __linux__
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

char **host_begin(int *count, char **given)
{
    (void)count;
    system_protect_secrets();
    (void)signal(SIGXFSZ, SIG_IGN);
    /* A new file takes the lowest number that is free. Opened for reading alone: writing to it still fails. */
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++) {
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", O_RDONLY);
    }
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

char *host_full_name(void)
{
    char name[NAME_SIZE_MAX + 1] = "", line[HOSTS_LINE_SIZE];
    const char *found = NULL;
    FILE *hosts;

    if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0')
        return memory_copy("localhost");
    if (strchr(name, '.') != NULL || (hosts = fopen("/etc/hosts", "re")) == NULL)
        return memory_copy(name);
    while (found == NULL && fgets(line, sizeof line, hosts) != NULL)
        found = find_full_name(line, name);
    (void)fclose(hosts);
    return memory_copy(found != NULL ? found : name);
}

struct host_address *host_addresses(size_t *count)
{
    struct host_address *list = NULL;
    struct ifaddrs *all = NULL;

    *count = 0;
    if (getifaddrs(&all) != 0)
        return NULL;
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next)
        system_add_address(&list, count, one->ifa_addr);
    freeifaddrs(all);
    return list;
}

char *host_variable(const char *name)
{
    return memory_copy(getenv(name));
}

/* An environment variable that names a directory, or NULL. XDG demands an absolute path, and ignores others. */
static const char *directory_variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value == '/' ? value : NULL;
}

static const char *home_directory(void)
{
    const char *home = directory_variable("HOME");
    const struct passwd *user = home == NULL ? getpwuid(getuid()) : NULL;

    if (user != NULL && user->pw_dir != NULL && *user->pw_dir == '/')
        home = user->pw_dir;
    return home;
}

/* $VARIABLE/inside, else home/below_home/inside; NULL when there is neither. */
static char *user_path(const char *variable, const char *below_home, const char *inside)
{
    const char *base = directory_variable(variable), *home = home_directory();

    if (base != NULL)
        return memory_format("%s/%s", base, inside);
    return home != NULL ? memory_format("%s/%s/%s", home, below_home, inside) : NULL;
}

/* Under sudo $XDG_CONFIG_HOME and $HOME may be another user's, who must not choose what root runs. */
static bool is_config_home_ours(void)
{
    const char *given = directory_variable("XDG_CONFIG_HOME");
    const char *base = given != NULL ? given : home_directory();
    struct stat facts;

    return geteuid() != 0 || base == NULL || stat(base, &facts) != 0 || facts.st_uid == 0;
}

char *host_config_path(const char *system_directory)
{
    const char *named = getenv("MXPULL_CONFIG");

    if (named != NULL && *named != '\0')
        return memory_copy(named);
    char *path = user_path("XDG_CONFIG_HOME", ".config", "mxpull/mxpull.conf");
    if (path != NULL && is_config_home_ours() && access(path, F_OK) == 0)
        return path;
    free(path);
    return memory_format("%s/mxpull.conf", system_directory);
}

char *host_config_words(const char *system_directory)
{
    return memory_format("  -c FILE, $MXPULL_CONFIG, $XDG_CONFIG_HOME/mxpull/mxpull.conf,\n"
                         "  %s/mxpull.conf\n",
                         system_directory);
}

char *host_state_directory(void)
{
    const char *given = directory_variable("STATE_DIRECTORY");

    if (geteuid() == 0)
        return memory_copy("/var/lib/mxpull");
    if (given != NULL)
        return memory_copy_part(given, strcspn(given, ":"));
    return user_path("XDG_STATE_HOME", ".local/state", "mxpull");
}

bool host_path_is_absolute(const char *path)
{
    return *path == '/';
}

bool host_random(void *bytes, size_t size)
{
    return getentropy(bytes, size) == 0;
}

uint64_t host_seed(void)
{
    uint64_t seed;
    struct timespec now;

    if (host_random(&seed, sizeof seed))
        return seed;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* an old kernel, or a sandbox */
    return (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 44;
}
