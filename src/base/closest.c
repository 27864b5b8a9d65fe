/* "Did you mean": the nearest word of a short list. */
#include <mxpull/base/closest.h>
#include <mxpull/base/text.h>

#include <stdint.h>
#include <string.h>

enum {
    WORD_SIZE_MAX = 255,
    ERRORS_MAX = 2,
    PREFIX_SIZE_MIN = 2
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be put in, taken out, replaced or swapped with their neighbour to make b of a (optimal
 * string alignment), without regard to case. SIZE_MAX when a word is longer than WORD_SIZE_MAX. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_SIZE_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t width = strlen(b), height = strlen(a);

    if (width > WORD_SIZE_MAX || height > WORD_SIZE_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= width; j++) {
        before[j] = 0;
        above[j] = j;
    }
    for (size_t i = 1; i <= height; i++) {
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            char left = text_lower(a[i - 1]), right = text_lower(b[j - 1]);

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (left != right));
            if (i > 1 && j > 1 && left == text_lower(b[j - 2]) && text_lower(a[i - 2]) == right)
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[width];
}

const char *closest_word(const char *misspelt, const char *const words[], size_t count)
{
    const char *nearest = NULL;
    const size_t size = strlen(misspelt);
    size_t fewest = (size / 3 > ERRORS_MAX ? size / 3 : ERRORS_MAX) + 1;

    for (size_t i = 0; i < count; i++) {
        const bool begins = size >= PREFIX_SIZE_MIN && strncmp(words[i], misspelt, size) == 0;
        const size_t errors = begins ? 0 : distance(misspelt, words[i]);

        if (strcmp(words[i], misspelt) == 0)
            return words[i];
        /* Of a short word at least half must be right. */
        if (errors < fewest && errors <= strlen(words[i]) / 2) {
            fewest = errors;
            nearest = words[i];
        }
    }
    return nearest;
}
