/* No core dump: by the limit, and on Linux, where one that a program takes in ignores the limit, by the
 * process's own word. */
#include <mxpull/platform/secrets.h>

#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

void secrets_protect(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        (void)setrlimit(RLIMIT_CORE, &limit);
    }
#ifdef __linux__
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
