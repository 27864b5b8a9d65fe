/* control NAME NUMBER: tells a service something, as `sc control` does, which wine's sc does not know. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

int main(int argc, char *argv[])
{
    SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = argc == 3 ? OpenServiceA(manager, argv[1], SERVICE_ALL_ACCESS) : NULL;
    SERVICE_STATUS status;

    if (service == NULL || !ControlService(service, (DWORD)strtoul(argv[2], NULL, 10), &status)) {
        (void)fprintf(stderr, "control: error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    (void)CloseServiceHandle(service);
    (void)CloseServiceHandle(manager);
    return 0;
}
