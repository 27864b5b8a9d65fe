/* The few texts, advice mostly, that would be the same under each of many lines. */
#include "said.h"
#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

bool said_first(struct said *said, const char *text)
{
    for (size_t i = 0; i < said->count; i++) {
        if (strcmp(said->texts[i], text) == 0)
            return false;
    }
    said->texts = memory_resize(said->texts, said->count + 1, sizeof *said->texts);
    said->texts[said->count++] = memory_copy(text);
    return true;
}

void said_done(struct said *said)
{
    for (size_t i = 0; i < said->count; i++)
        free(said->texts[i]);
    free(said->texts);
    *said = (struct said){0};
}
