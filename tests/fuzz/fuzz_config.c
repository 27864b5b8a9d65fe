/* A configuration of any bytes: it is either loaded, or refused with at least one line that says
 * why. */
#include "fuzz.h"

#include <mxpull/config/config.h>

#include <stdio.h>
#include <support.h>

const char *const fuzz_seeds[] = {
    "backup mx2 { host = mx2.example.net domains = {example.com, \"@example.org\", '#q'} }\n",
    "interval = 4h\nretry = {1m, 5m}\nprimary { address = \"[::1]:25\" }\nbackup \"a\" { domains = "
    "{a.example} tls = required }\n",
    "defaults { arrives_from = \"2001:db8::/32\" }\nbackup y { domains = y.example arrives_from = "
    "{192.0.2.0/24, \"::ffff:192.0.2.7/128\", ::1} }\n",
    "include = {\"none.d/*.conf\", none}\nbackup z { domains = z.example }\n",
    "# comment\nbackup x { domains = {x.example} user = u password = 'p' tls = implicit }\n",
    NULL,
};

static void count(void *context, const char *line)
{
    size_t *faults = context;

    CHECK(line[0] != '\0');
    *faults += 1;
}

static char path[64];

static void remove_file(void)
{
    (void)remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t faults = 0;

    if (path[0] == '\0') {
        (void)snprintf(path, sizeof path, "fuzz_config.%lu", support_process_id());
        (void)atexit(remove_file);
    }
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    support_set_mode(path, 0600);
    struct config *config = config_load(path, count, &faults);
    CHECK((config == NULL) == (faults > 0));
    config_free(config);
    return 0;
}
