/* "Did you mean": the optimal string alignment distance to each word of a short list. */
#include <mxpull/cli/suggest.h>

#include <stdint.h>
#include <string.h>

/* Longer words are no typing errors of ours. */
enum {
    WORD_SIZE_MAX = 24,
    ERRORS_MAX = 2,
    PREFIX_SIZE_MIN = 2
};

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned rows[WORD_SIZE_MAX + 1][WORD_SIZE_MAX + 1];

    for (size_t i = 0; i <= a_size; i++)
        rows[i][0] = (unsigned)i;
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++) {
        for (size_t j = 1; j <= b_size; j++) {
            unsigned replaced = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            rows[i][j] = least(replaced, least(rows[i - 1][j], rows[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    }
    return rows[a_size][b_size];
}

/* How far off a word is; more than ERRORS_MAX: too far. Of a short word at least half must be
 * right. */
static unsigned distance_to(const char *misspelt, const char *word)
{
    size_t size = strlen(misspelt), word_size = strlen(word);

    if (size >= PREFIX_SIZE_MIN && strncmp(word, misspelt, size) == 0)
        return 0;
    if (size > WORD_SIZE_MAX || word_size > WORD_SIZE_MAX)
        return UINT32_MAX;
    unsigned errors = distance(misspelt, size, word, word_size);
    return errors <= word_size / 2 ? errors : UINT32_MAX;
}

const char *suggest_word(const char *misspelt, const char *const words[], size_t count)
{
    const char *nearest = NULL;
    unsigned fewest = ERRORS_MAX + 1;

    for (size_t i = 0; i < count; i++) {
        unsigned errors = distance_to(misspelt, words[i]);

        if (errors < fewest) {
            fewest = errors;
            nearest = words[i];
        }
    }
    return nearest;
}
