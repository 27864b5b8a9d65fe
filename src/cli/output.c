/* Standard output, and whether it took what it was given. */
#include "output.h"
#include <mxpull/base/text.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* An escape takes four bytes. */
enum {
    SENTENCE_SIZE = 8 * 1024,
    LINE_SIZE_MAX = 4 * SENTENCE_SIZE
};

void output_write(struct output *output, const char *bytes, size_t size)
{
    if (output->failure != 0 || size == 0)
        return;
    errno = 0;
    if (fwrite(bytes, 1, size, output->stream) != size || fflush(output->stream) != 0)
        output->failure = errno != 0 ? errno : EIO;
}

bool output_finish(const struct output *output)
{
    if (output->failure != 0)
        output_tell("mxpull: error: standard output: %s", strerror(output->failure));
    return output->failure == 0;
}

bool output_print(const struct buffer *text)
{
    struct output output = {.stream = stdout};

    output_write(&output, text->bytes, text->size);
    return output_finish(&output);
}

void output_tell(const char *format, ...)
{
    char sentence[SENTENCE_SIZE];
    struct buffer line;
    va_list arguments;

    va_start(arguments, format);
    text_format(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    buffer_init(&line, LINE_SIZE_MAX);
    text_visible(&line, sentence, strlen(sentence));
    (void)fprintf(stderr, "%s\n", line.bytes);
    buffer_done(&line);
}
