/* control NAME NUMBER: tells a service something, as `sc control` does, which wine's sc does not know. control NAME kill: kills it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* And waits for its end. */
static bool kill_service(SC_HANDLE service)
{
    SERVICE_STATUS_PROCESS status;
    DWORD size;

    if (!QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status,
                              &size))
        return false;
    HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, status.dwProcessId);
    return process != NULL && TerminateProcess(process, 1) &&
           WaitForSingleObject(process, 10000) == WAIT_OBJECT_0;
}

static bool tell(SC_HANDLE service, const char *number)
{
    SERVICE_STATUS status;

    return ControlService(service, (DWORD)strtoul(number, NULL, 10), &status) != 0;
}

int main(int argc, char *argv[])
{
    SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = argc == 3 ? OpenServiceA(manager, argv[1], SERVICE_ALL_ACCESS) : NULL;

    if (service == NULL ||
        !(strcmp(argv[2], "kill") == 0 ? kill_service(service) : tell(service, argv[2]))) {
        (void)fprintf(stderr, "control: error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    (void)CloseServiceHandle(service);
    (void)CloseServiceHandle(manager);
    return 0;
}
