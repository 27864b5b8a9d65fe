/* "Did you mean": the nearest word of a short list. */
#include <mxpull/base/closest.h>
#include <mxpull/base/distance.h>

#include <stdint.h>
#include <string.h>

enum {
    ERRORS_MAX = 2,
    PREFIX_SIZE_MIN = 2
};

/* How far off a word is. Of a short word at least half must be right. */
static size_t distance_to(const char *misspelt, const char *word)
{
    size_t size = strlen(misspelt), word_size = strlen(word);

    if (size >= PREFIX_SIZE_MIN && strncmp(word, misspelt, size) == 0)
        return 0;
    size_t errors = distance(misspelt, word);
    return errors <= word_size / 2 ? errors : SIZE_MAX;
}

const char *closest_word(const char *misspelt, const char *const words[], size_t count)
{
    const char *nearest = NULL;
    const size_t third = strlen(misspelt) / 3;
    size_t fewest = (third > ERRORS_MAX ? third : ERRORS_MAX) + 1;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], misspelt) == 0)
            return words[i];
        size_t errors = distance_to(misspelt, words[i]);

        if (errors < fewest) {
            fewest = errors;
            nearest = words[i];
        }
    }
    return nearest;
}
