/* The system's own random bytes; where there are none, the clocks and our process id. */
#include <mxpull/platform/random.h>

#include "text.h"

#include <mxpull/platform/clock.h>

#include <bcrypt.h>

uint64_t random_seed(void)
{
    uint64_t seed = 0;
    LARGE_INTEGER ticks;

    if (BCryptGenRandom(NULL, (unsigned char *)&seed, sizeof seed,
                        BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0)
        return seed;
    (void)QueryPerformanceCounter(&ticks);
    return (uint64_t)ticks.QuadPart ^ ((uint64_t)clock_wall_ms() << 20) ^
           ((uint64_t)GetCurrentProcessId() << 44);
}
