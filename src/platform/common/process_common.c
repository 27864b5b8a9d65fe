/* What a command has printed, as a whole. */
#include <mxpull/base/memory.h>
#include <mxpull/platform/process.h>

enum {
    CHUNK_SIZE = 4096
};

enum status process_output(struct process *process, struct buffer *output, struct error *error)
{
    char chunk[CHUNK_SIZE];
    enum status status = STATUS_OK;
    bool is_closed;
    size_t size;

    while (status == STATUS_OK &&
           (size = process_read(process, chunk, sizeof chunk, &is_closed)) > 0)
        status = buffer_append(output, chunk, size);
    memory_wipe(chunk, sizeof chunk); /* it may have held a secret */
    if (status != STATUS_OK)
        return error_set(error, STATUS_LIMIT, "the command printed more than %zu bytes",
                         output->limit);
    return STATUS_OK;
}
