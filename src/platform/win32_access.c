#include "win32_access.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <aclapi.h>
#include <sddl.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST_SIZE_MAX = 1024
};

static const char system_sid[] = "S-1-5-18", administrators_sid[] = "S-1-5-32-544",
                  service_sid[] = "S-1-5-19", owner_rights_sid[] = "S-1-3-4";

/* Our own account as "S-1-…"; NULL when the system does not tell. The caller frees it. */
static char *own_sid(void)
{
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } facts;
    HANDLE token;
    DWORD size = 0;
    wchar_t *text = NULL;
    char *sid = NULL;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return NULL;
    if (GetTokenInformation(token, TokenUser, &facts, sizeof facts, &size) &&
        ConvertSidToStringSidW(facts.user.User.Sid, &text)) {
        sid = win32_narrow(text);
        (void)LocalFree(text);
    }
    (void)CloseHandle(token);
    return sid;
}

static bool is_one_of_us(PSID who, const char *self)
{
    wchar_t *text = NULL;
    bool is_ours;

    if (!ConvertSidToStringSidW(who, &text))
        return false;
    char *sid = win32_narrow(text);
    is_ours = strcmp(sid, system_sid) == 0 || strcmp(sid, administrators_sid) == 0 ||
              strcmp(sid, service_sid) == 0 || strcmp(sid, owner_rights_sid) == 0 ||
              (self != NULL && strcmp(sid, self) == 0);
    (void)LocalFree(text);
    free(sid);
    return is_ours;
}

/* Whether one entry lets somebody else in. Entries of the kinds that conditions hang on count as well;
 * those that deny do not help, for they may come too late. */
static bool lets_others_in(ACE_HEADER *entry, const char *self)
{
    const ACCESS_MASK wanted = FILE_READ_DATA | FILE_WRITE_DATA | FILE_APPEND_DATA | WRITE_DAC |
                               WRITE_OWNER | GENERIC_READ | GENERIC_WRITE | GENERIC_ALL;
    ACCESS_ALLOWED_ACE *allowed = (ACCESS_ALLOWED_ACE *)(void *)entry;

    if ((entry->AceFlags & INHERIT_ONLY_ACE) != 0 ||
        (entry->AceType != ACCESS_ALLOWED_ACE_TYPE &&
         entry->AceType != ACCESS_ALLOWED_CALLBACK_ACE_TYPE))
        return false;
    return (allowed->Mask & wanted) != 0 && !is_one_of_us(&allowed->SidStart, self);
}

enum access access_of(HANDLE file)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL;
    PACL list = NULL;
    char *self = own_sid();
    enum access access = ACCESS_OURS;
    DWORD failed = GetSecurityInfo(file, SE_FILE_OBJECT,
                                   OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
                                   NULL, &list, NULL, &descriptor);

    if (failed != ERROR_SUCCESS) {
        SetLastError(failed);
        access = ACCESS_UNKNOWN;
    } else if (list == NULL || owner == NULL || !is_one_of_us(owner, self)) {
        access =
            ACCESS_OTHERS; /* without a list everybody may do everything, and so may an owner */
    }
    for (DWORD i = 0; access == ACCESS_OURS && i < list->AceCount; i++) {
        void *entry = NULL;

        if (!GetAce(list, i, &entry) || lets_others_in(entry, self))
            access = ACCESS_OTHERS;
    }
    (void)LocalFree(descriptor);
    free(self);
    return access;
}

/* Calls add for each account that something at path is to be open to; rights is 'F' for all, 'R' for
 * reading. */
static void list_accounts(const char *path,
                          void (*add)(struct buffer *list, const char *sid, char rights),
                          struct buffer *list)
{
    char *program_data = win32_variable("ProgramData");
    char *self = own_sid();

    add(list, system_sid, 'F');
    add(list, administrators_sid, 'F');
    if (self != NULL && strcmp(self, system_sid) != 0 && strcmp(self, service_sid) != 0)
        add(list, self, 'F');
    if (program_data != NULL && text_starts_with(path, program_data))
        add(list, service_sid, 'R');
    free(program_data);
    free(self);
}

static void add_grant(struct buffer *list, const char *sid, char rights)
{
    (void)buffer_append_format(list, " *%s:%c", sid, rights);
}

char *access_icacls(const char *path)
{
    struct buffer list;
    char *arguments;

    buffer_init(&list, LIST_SIZE_MAX);
    (void)buffer_append_text(&list, "/inheritance:r /grant:r");
    list_accounts(path, add_grant, &list);
    arguments = memory_copy(list.bytes);
    buffer_done(&list);
    return arguments;
}

/* What is new is the state, which the daemon must be able to write. */
static void add_entry(struct buffer *list, const char *sid, char rights)
{
    (void)rights;
    (void)buffer_append_format(list, "(A;OICI;FA;;;%s)", sid);
}

SECURITY_ATTRIBUTES *access_new(const char *path)
{
    SECURITY_ATTRIBUTES *attributes = memory_new(1, sizeof *attributes);
    struct buffer list;

    buffer_init(&list, LIST_SIZE_MAX);
    (void)buffer_append_text(&list, "D:P");
    list_accounts(path, add_entry, &list);
    wchar_t *wide = win32_wide(list.bytes);
    attributes->nLength = sizeof *attributes;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
            wide, SDDL_REVISION_1, &attributes->lpSecurityDescriptor, NULL)) {
        free(attributes);
        attributes = NULL;
    }
    free(wide);
    buffer_done(&list);
    return attributes;
}

void access_free_new(SECURITY_ATTRIBUTES *attributes)
{
    if (attributes == NULL)
        return;
    (void)LocalFree(attributes->lpSecurityDescriptor);
    free(attributes);
}
