#ifndef MXPULL_TESTS_READ_FILE_H
#define MXPULL_TESTS_READ_FILE_H

#include <mxpull/platform/file.h>

/* Appends the whole file at path to bytes. */
static inline enum status read_file(const char *path, struct buffer *bytes, struct error *error)
{
    FILE *file;
    enum status status = file_open(&file, path, error);

    if (status != STATUS_OK)
        return status;
    status = file_read_open(file, path, bytes, error);
    (void)fclose(file);
    return status;
}

#endif
