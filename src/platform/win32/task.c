/* The scheduled task, by the Task Scheduler's own interface: schtasks.exe would want the XML in a file,
 * and says what is wrong in the user's language alone. */
#include <mxpull/platform/unattended.h>

#include "text.h"

/* After windows.h. COBJMACROS: methods are called as ITaskFolder_DeleteTask(folder, …). */
#define COBJMACROS
#include <oleauto.h>
#include <taskschd.h>

#include <stdbool.h>
#include <stdlib.h>

static wchar_t task_name[] = L"mxpull";
static wchar_t root_folder[] = L"\\";
static wchar_t account[] = L"NT AUTHORITY\\LocalService";

/* As far as it could be opened. */
struct scheduler {
    bool is_initialized;
    ITaskService *service;
    ITaskFolder *folder;
};

static void close_scheduler(struct scheduler *scheduler)
{
    if (scheduler->folder != NULL)
        (void)ITaskFolder_Release(scheduler->folder);
    if (scheduler->service != NULL)
        (void)ITaskService_Release(scheduler->service);
    if (scheduler->is_initialized)
        CoUninitialize();
}

static HRESULT open_scheduler(struct scheduler *scheduler)
{
    const VARIANT nothing = {.vt = VT_EMPTY};
    void *service = NULL;
    BSTR path = SysAllocString(root_folder);
    HRESULT result = CoInitializeEx(NULL, COINIT_MULTITHREADED);

    scheduler->is_initialized = SUCCEEDED(result);
    if (SUCCEEDED(result))
        result = CoCreateInstance(&CLSID_TaskScheduler, NULL, CLSCTX_INPROC_SERVER,
                                  &IID_ITaskService, &service);
    if (SUCCEEDED(result)) {
        scheduler->service = service;
        result = ITaskService_Connect(scheduler->service, nothing, nothing, nothing, nothing);
    }
    if (SUCCEEDED(result))
        result = ITaskService_GetFolder(scheduler->service, path, &scheduler->folder);
    SysFreeString(path);
    return result;
}

static enum status fail(struct error *error, const char *what, HRESULT result)
{
    if (result == HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED))
        return error_set(error, STATUS_SYSTEM, "%s: access is denied; run this as an administrator",
                         what);
    if (result == HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND))
        return error_set(error, STATUS_SYSTEM, "%s: there is none called mxpull", what);
    return error_set(error, STATUS_SYSTEM, "%s: %s (0x%08lx)", what,
                     win32_error_text((DWORD)result), (unsigned long)result);
}

enum status unattended_task_install(const char *xml, struct error *error)
{
    const VARIANT nothing = {.vt = VT_EMPTY};
    struct scheduler scheduler = {0};
    wchar_t *wide = win32_wide(xml);
    BSTR text = SysAllocString(wide), name = SysAllocString(task_name);
    VARIANT user = {.vt = VT_BSTR};
    IRegisteredTask *task = NULL;
    HRESULT result = open_scheduler(&scheduler);

    user.bstrVal = SysAllocString(account);
    if (SUCCEEDED(result))
        result = ITaskFolder_RegisterTask(scheduler.folder, name, text, TASK_CREATE_OR_UPDATE, user,
                                          nothing, TASK_LOGON_SERVICE_ACCOUNT, nothing, &task);
    if (task != NULL)
        (void)IRegisteredTask_Release(task);
    close_scheduler(&scheduler);
    SysFreeString(user.bstrVal);
    SysFreeString(name);
    SysFreeString(text);
    free(wide);
    return SUCCEEDED(result) ? STATUS_OK : fail(error, "the task cannot be installed", result);
}

enum status unattended_task_remove(struct error *error)
{
    struct scheduler scheduler = {0};
    BSTR name = SysAllocString(task_name);
    HRESULT result = open_scheduler(&scheduler);

    if (SUCCEEDED(result))
        result = ITaskFolder_DeleteTask(scheduler.folder, name, 0);
    close_scheduler(&scheduler);
    SysFreeString(name);
    return SUCCEEDED(result) ? STATUS_OK : fail(error, "the task cannot be removed", result);
}
