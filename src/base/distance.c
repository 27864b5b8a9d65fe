/* How far apart two words are. */
#include <mxpull/base/distance.h>
#include <mxpull/base/text.h>

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t distance(const char *a, const char *b)
{
    size_t rows[3][DISTANCE_WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t width = strlen(b), height = strlen(a);

    if (width > DISTANCE_WORD_MAX || height > DISTANCE_WORD_MAX)
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
