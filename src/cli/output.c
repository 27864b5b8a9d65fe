/* Standard output, and whether it took what it was given. */
#include <mxpull/cli/output.h>

#include <errno.h>
#include <string.h>

void output_guard_streams(void)
{
    FILE *const streams[] = {stdin, stdout, stderr};

    /* In this order: a new file takes the lowest number that is free. It is opened for reading
     * alone, so that writing to it fails as it would have without it, and stays open to the end. */
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        if (ftell(streams[i]) < 0 && errno == EBADF)
            (void)fopen("/dev/null", "r");
    }
}

void output_init(struct output *output, FILE *stream)
{
    *output = (struct output){.stream = stream};
}

void output_write(struct output *output, const char *bytes, size_t size)
{
    if (output->failure != 0 || size == 0)
        return;
    errno = 0;
    if (fwrite(bytes, 1, size, output->stream) != size || fflush(output->stream) != 0)
        output->failure = errno != 0 ? errno : EIO;
}

void output_write_text(struct output *output, const char *text)
{
    output_write(output, text, strlen(text));
}

bool output_finish(const struct output *output)
{
    if (output->failure != 0)
        (void)fprintf(stderr, "mxpull: error: standard output: %s\n", strerror(output->failure));
    return output->failure == 0;
}
