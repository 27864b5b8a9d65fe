#ifndef MXPULL_SRC_CLI_VOLUME_H
#define MXPULL_SRC_CLI_VOLUME_H

#include <stdint.h>

enum {
    VOLUME_TEXT_SIZE = 32
};

/* Writes "812 B", "12.4 KB", "3.1 MB", "2.0 GB" (thousands, as the field counts them) into target
 * and returns it. bytes is not negative. */
char *volume_format(char target[VOLUME_TEXT_SIZE], int64_t bytes);

#endif
