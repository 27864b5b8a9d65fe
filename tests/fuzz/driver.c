/* Runs a fuzz target without libFuzzer: its seeds, and mutations of them, as many as -runs=N says.
 * The seed of the random numbers is printed, and taken from MXPULL_SEED. */
#include "fuzz.h"

#include <signal.h>
#include <string.h>

enum {
    INPUT_SIZE_MAX = 4096,
    MUTATIONS_MAX = 8
};

static uint64_t state;

static size_t below(size_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % limit);
}

static const char interesting[] = {'\0', '\r', '\n', ' ',  '-',    '.',    '2',   '5',
                                   '@',  '#',  '"',  '\\', '\x7f', '\xc3', '\xff'};

/* Changes, adds, removes or repeats a few bytes. Returns the new size. */
static size_t mutate(uint8_t *bytes, size_t size)
{
    for (size_t i = 1 + below(MUTATIONS_MAX); i > 0; i--) {
        size_t at = below(size + 1), part = below(16);

        switch (below(4)) {
        case 0:
            if (at < size)
                bytes[at] = (uint8_t)below(256);
            break;
        case 1:
            if (size < INPUT_SIZE_MAX) {
                memmove(bytes + at + 1, bytes + at, size - at);
                bytes[at] = (uint8_t)interesting[below(sizeof interesting)];
                size++;
            }
            break;
        case 2:
            if (at + part <= size) {
                memmove(bytes + at, bytes + at + part, size - at - part);
                size -= part;
            }
            break;
        default:
            if (at + part <= size && size + part <= INPUT_SIZE_MAX) {
                memmove(bytes + at + part, bytes + at, size - at);
                size += part;
            }
            break;
        }
    }
    return size;
}

static uint8_t input[INPUT_SIZE_MAX];
static size_t input_size;

/* The check that has failed ends the program, with its input in the file that libFuzzer would read. */
static void keep_input(int number)
{
    FILE *file = fopen("fuzz-input", "wb");

    (void)number;
    if (file != NULL) {
        (void)fwrite(input, 1, input_size, file);
        (void)fclose(file);
        (void)fprintf(stderr, "the input is in ./fuzz-input\n");
    }
}

int main(int argc, char **argv)
{
    const char *given = getenv("MXPULL_SEED");
    unsigned long runs = 20000;
    size_t seeds = 0;

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-runs=", 6) == 0)
            runs = strtoul(argv[i] + 6, NULL, 10);
    }
    state = given != NULL ? strtoull(given, NULL, 10) : 88172645463325252U;
    printf("seed %llu, %lu runs\n", (unsigned long long)state, runs);
    (void)signal(SIGABRT, keep_input);
    while (fuzz_seeds[seeds] != NULL)
        seeds++;
    for (unsigned long run = 0; run < runs; run++) {
        const char *seed = fuzz_seeds[run % seeds];

        input_size = strlen(seed) < INPUT_SIZE_MAX ? strlen(seed) : INPUT_SIZE_MAX;
        memcpy(input, seed, input_size);
        if (run >= seeds)
            input_size = mutate(input, input_size);
        (void)LLVMFuzzerTestOneInput(input, input_size);
    }
    return 0;
}
