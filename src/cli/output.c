/* Standard output, and whether it took what it was given. */
#include <mxpull/cli/output.h>

#include <errno.h>
#include <string.h>

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
