/* Passwords in a file of their own, or printed by a command. */
#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/config/config.h>
#include <mxpull/platform/file.h>

#include <stdio.h>
#include <string.h>

/* Takes the first line, without its end and without the mark that some editors put before a text. */
static enum status take_first_line(const struct buffer *bytes, char **password, struct error *error)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    const char *line = bytes->bytes;

    if (text_starts_with(line, byte_order_mark))
        line += strlen(byte_order_mark);
    size_t size = strcspn(line, "\r\n");
    if (size == 0)
        return error_set(error, STATUS_SYNTAX, "its first line is empty; it must be the password");
    if (line[size] == '\0' && line + size < bytes->bytes + bytes->size)
        return error_set(error, STATUS_SYNTAX, "its first line holds a NUL; text is allowed");
    *password = memory_copy_part(line, size);
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

enum status config_password(const struct backup_config *backup, const struct buffer *printed,
                            char **password, struct error *error)
{
    struct buffer bytes;
    enum status status = STATUS_OK;

    if (backup->password_file == NULL && backup->password_command == NULL) {
        *password = memory_copy(backup->password);
        return STATUS_OK;
    }
    buffer_init(&bytes, CONFIG_PASSWORD_SIZE_MAX);
    if (backup->password_file != NULL) {
        status = read_private_file(backup->password_file, &bytes, error);
        printed = &bytes;
    }
    if (status == STATUS_OK)
        status = take_first_line(printed, password, error);
    buffer_done(&bytes);
    return status == STATUS_OK ? STATUS_OK : config_no_password(backup, error);
}

enum status config_no_password(const struct backup_config *backup, struct error *error)
{
    return error_prefix(error, "%s:%d: backup \"%s\": %s", backup->file, backup->line, backup->name,
                        backup->password_file != NULL ? "password_file" : "password_command");
}
