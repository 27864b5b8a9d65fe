/* Clock, signals, directories: what POSIX has for them. */
#include "system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int stop_pipe[2] = {-1, -1}; /* a signal handler reaches nothing but globals */

int64_t system_now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void stop(int number)
{
    int saved = errno;
    char byte = (char)number;

    if (write(stop_pipe[1], &byte, 1) < 0)
        errno = 0; /* full: then it is readable already */
    errno = saved;
}

intptr_t system_stop_signals(void)
{
    struct sigaction action = {.sa_handler = stop};

    if (pipe(stop_pipe) != 0)
        return -1;
    (void)fcntl(stop_pipe[1], F_SETFL, O_NONBLOCK);
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    return stop_pipe[0];
}

intptr_t system_input(void)
{
    return STDIN_FILENO;
}

bool system_input_ended(void)
{
    char bytes[4096];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);

    return got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
}

bool system_list(const char *directory, const char *suffix,
                 void (*found)(void *context, const char *name), void *context)
{
    DIR *open_directory = opendir(directory);
    const struct dirent *entry;
    size_t suffix_size = strlen(suffix);

    if (open_directory == NULL)
        return false;
    while ((entry = readdir(open_directory)) != NULL) {
        size_t size = strlen(entry->d_name);
        if (size > suffix_size && strcmp(entry->d_name + size - suffix_size, suffix) == 0)
            found(context, entry->d_name);
    }
    (void)closedir(open_directory);
    return true;
}

bool system_make_directory(const char *path)
{
    struct stat status;

    return mkdir(path, 0777) == 0 || (stat(path, &status) == 0 && S_ISDIR(status.st_mode));
}

bool system_rename(const char *from, const char *to)
{
    return rename(from, to) == 0;
}

long system_process_id(void)
{
    return (long)getpid();
}
