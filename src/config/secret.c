/* Passwords that are kept elsewhere: in a file of their own, or with a command that prints them. */
#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/config/config.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/process.h>

#include <stdio.h>
#include <string.h>

enum {
    SECRET_SIZE_MAX = 4096,
    COMMAND_TIMEOUT_MS = 30 * 1000
};

/* Takes the first line, without its end. */
static enum status take_first_line(const struct buffer *bytes, char **password, struct error *error)
{
    size_t size = strcspn(bytes->bytes, "\r\n");

    if (size == 0)
        return error_set(error, STATUS_SYNTAX, "its first line is empty; it must be the password");
    if (size < bytes->size && bytes->bytes[size] == '\0')
        return error_set(error, STATUS_SYNTAX, "its first line holds a NUL; text is allowed");
    *password = memory_copy_part(bytes->bytes, size);
    return STATUS_OK;
}

static enum status read_private_file(const char *path, struct buffer *bytes, struct error *error)
{
    FILE *file;
    enum status status = file_open(&file, path, error);

    if (status != STATUS_OK)
        return status;
    status = file_check_private(file, path, error);
    if (status == STATUS_OK)
        status = file_read_open(file, path, bytes, error);
    (void)fclose(file);
    return status;
}

enum status config_password(const struct config *config, const struct backup_config *backup,
                            char **password, struct error *error)
{
    const char *way = backup->password_file != NULL ? "password_file" : "password_command";
    struct buffer bytes;
    enum status status;

    if (backup->password_file == NULL && backup->password_command == NULL) {
        *password = memory_copy(backup->password);
        return STATUS_OK;
    }
    buffer_init(&bytes, SECRET_SIZE_MAX);
    if (backup->password_file != NULL)
        status = read_private_file(backup->password_file, &bytes, error);
    else
        status = process_capture(backup->password_command, COMMAND_TIMEOUT_MS, &bytes, error);
    if (status == STATUS_OK)
        status = take_first_line(&bytes, password, error);
    memory_wipe(bytes.bytes, bytes.capacity);
    buffer_done(&bytes);
    if (status != STATUS_OK)
        (void)error_prefix(error, "%s:%d: backup \"%s\": %s", config->path, backup->line,
                           backup->name, way);
    return status;
}
