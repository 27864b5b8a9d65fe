/* nap SECONDS: waits. Windows has no such command for a program without a console but ping, and wine's part of the kernel that pings
 * stands still for all when one is killed. */
#include <stdlib.h>
#include <windows.h>

int main(int count, char **words)
{
    Sleep(count > 1 ? 1000 * (DWORD)strtoul(words[1], NULL, 10) : 0);
    return 0;
}
