/* The system's own random bytes; without them (an old kernel, a sandbox), the clocks and our process
 * id, stirred. */
#include <mxpull/platform/random.h>

#include <time.h>
#include <unistd.h>

/* The last step of SplitMix64: each bit of the number moves about half of the result's. */
static uint64_t stir(uint64_t number)
{
    number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
    return number ^ (number >> 31);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t random_seed(void)
{
    uint64_t seed = 0;

    if (getentropy(&seed, sizeof seed) == 0)
        return seed;
    return stir(clock_ns(CLOCK_REALTIME) ^
                stir(clock_ns(CLOCK_MONOTONIC) ^ stir((uint64_t)getpid())));
}
