/* How much mail it was, for a person. */
#include "volume.h"
#include <mxpull/base/compiler.h>

#include <stdio.h>

char *volume_format(char target[VOLUME_TEXT_SIZE], int64_t bytes)
{
    static const char *const units[] = {"KB", "MB", "GB", "TB"};
    int64_t tenths = bytes / 100;
    size_t unit = 0;

    if (bytes < 1000) {
        (void)snprintf(target, VOLUME_TEXT_SIZE, "%d B", (int)bytes);
        return target;
    }
    for (; tenths >= 10000 && unit + 1 < COUNT_OF(units); unit++)
        tenths /= 1000;
    (void)snprintf(target, VOLUME_TEXT_SIZE, "%lld.%d %s", (long long)(tenths / 10),
                   (int)(tenths % 10), units[unit]);
    return target;
}
