/* How files are made that nobody else may read. */
#include "private_file.h"

#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    PRIVATE_MODE = 0600
};

int private_file_open(const char *path)
{
    struct folder folder;
    struct stat facts;

    if (!folder_find(&folder, path, FOLDER_LAST_FILE))
        return -1;
    int descriptor = folder_open_file(&folder, O_RDWR | O_CREAT, PRIVATE_MODE);
    if (descriptor >= 0 && !folder_is_trusted(&folder, descriptor, &facts)) {
        int saved = errno;

        (void)close(descriptor);
        errno = saved;
        descriptor = -1;
    }
    folder_done(&folder);
    return descriptor;
}
