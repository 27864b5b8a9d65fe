/* A configuration of any bytes: it is either loaded, or refused with at least one line that says
 * why. */
#include "fuzz.h"

#include <mxpull/config/config.h>

#include <unistd.h>

const char *const fuzz_seeds[] = {
    "backup mx2 { host = mx2.example.net domains = {example.com, \"@example.org\", '#q'} }\n",
    "interval = 4h\nretry = {1m, 5m}\nprimary { address = \"[::1]:25\" }\nbackup \"a\" { domains = "
    "{a.example} tls = required }\n",
    "# comment\nbackup x { domains = {x.example} user = u password = 'p' tls = implicit }\n",
    NULL,
};

static void count(void *context, const char *line)
{
    size_t *faults = context;

    CHECK(line[0] != '\0');
    *faults += 1;
}

static char path[] = "fuzz_config.XXXXXX";

static void remove_file(void)
{
    (void)unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int file = -1;
    size_t faults = 0;

    if (file < 0) {
        file = mkstemp(path);
        (void)atexit(remove_file);
    }
    CHECK(file >= 0 && ftruncate(file, 0) == 0);
    CHECK(pwrite(file, bytes, size, 0) == (ssize_t)size);
    struct config *config = config_load(path, count, &faults);
    CHECK((config == NULL) == (faults > 0));
    config_free(config);
    return 0;
}
