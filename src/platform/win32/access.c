#include "access.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <aclapi.h>
#include <sddl.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST_SIZE_MAX = 4 * 1024,
    ACCOUNTS_MAX = 4
};

static const char system_sid[] = "S-1-5-18", administrators_sid[] = "S-1-5-32-544",
                  service_sid[] = "S-1-5-19", owner_rights_sid[] = "S-1-3-4";

/* "S-1-…"; NULL when the system does not tell. The caller frees it. */
static char *sid_text(PSID account)
{
    wchar_t *wide = NULL;

    if (!ConvertSidToStringSidW(account, &wide))
        return NULL;
    char *text = win32_narrow(wide);
    (void)LocalFree(wide);
    return text;
}

/* Our own account. */
static char *own_sid(void)
{
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } facts;
    HANDLE token;
    DWORD size = 0;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return NULL;
    bool is_told = GetTokenInformation(token, TokenUser, &facts, sizeof facts, &size) != 0;
    (void)CloseHandle(token);
    return is_told ? sid_text(facts.user.User.Sid) : NULL;
}

/* self may be NULL. */
static bool is_one_of_us(PSID account, const char *self)
{
    const char *const ours[] = {system_sid, administrators_sid, service_sid, owner_rights_sid,
                                self};
    char *sid = sid_text(account);
    bool is_ours = false;

    for (size_t i = 0; sid != NULL && i < COUNT_OF(ours); i++)
        is_ours = is_ours || (ours[i] != NULL && strcmp(sid, ours[i]) == 0);
    free(sid);
    return is_ours;
}

/* Whether one entry lets somebody else in. Conditional entries count as well; entries that deny do not help, for they may
 * come too late. */
static bool lets_others_in(ACE_HEADER *entry, const char *self, enum access_right right)
{
    const ACCESS_MASK writing =
        FILE_WRITE_DATA | FILE_APPEND_DATA | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL;
    const ACCESS_MASK reading = FILE_READ_DATA | GENERIC_READ;
    const ACCESS_MASK wanted = right == ACCESS_WRITE ? writing : writing | reading;
    ACCESS_ALLOWED_ACE *allowed = (ACCESS_ALLOWED_ACE *)(void *)entry;

    if ((entry->AceFlags & INHERIT_ONLY_ACE) != 0 ||
        (entry->AceType != ACCESS_ALLOWED_ACE_TYPE &&
         entry->AceType != ACCESS_ALLOWED_CALLBACK_ACE_TYPE))
        return false;
    return (allowed->Mask & wanted) != 0 && !is_one_of_us(&allowed->SidStart, self);
}

/* An open file's. */
struct security {
    PSECURITY_DESCRIPTOR descriptor; /* in which the others stand */
    PSID owner;
    PACL list;
};

/* Returns an error number, or 0. */
static DWORD read_security(HANDLE file, struct security *security)
{
    *security = (struct security){0};
    return GetSecurityInfo(file, SE_FILE_OBJECT,
                           OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &security->owner,
                           NULL, &security->list, NULL, &security->descriptor);
}

enum access access_of(HANDLE file, enum access_right right)
{
    struct security security;
    char *self = own_sid();
    enum access access = ACCESS_OURS;
    DWORD failed = read_security(file, &security);

    if (failed != ERROR_SUCCESS) {
        SetLastError(failed);
        access = ACCESS_UNKNOWN;
    } else if (security.list == NULL || security.owner == NULL ||
               !is_one_of_us(security.owner, self)) {
        access =
            ACCESS_OTHERS; /* without a list everybody may do everything, and so may an owner */
    }
    for (DWORD i = 0; access == ACCESS_OURS && i < security.list->AceCount; i++) {
        void *entry = NULL;

        if (!GetAce(security.list, i, &entry) || lets_others_in(entry, self, right))
            access = ACCESS_OTHERS;
    }
    (void)LocalFree(security.descriptor);
    free(self);
    return access;
}

/* Whether it lies below %ProgramData%, from where the service has its files. */
static bool is_for_service(const char *path)
{
    char *program_data = win32_variable("ProgramData");
    char *base = program_data != NULL ? win32_full_path(program_data) : NULL;
    char *full = win32_full_path(path);
    bool is_below =
        base != NULL && full != NULL && text_starts_with(full, base) && full[strlen(base)] == '\\';

    free(full);
    free(base);
    free(program_data);
    return is_below;
}

/* Lists the accounts that something is to be open to; the service may only read. self may be NULL. */
static size_t list_accounts(const char *accounts[ACCOUNTS_MAX], bool for_service, const char *self)
{
    size_t count = 0;

    accounts[count++] = system_sid;
    accounts[count++] = administrators_sid;
    if (self != NULL && strcmp(self, system_sid) != 0 && strcmp(self, service_sid) != 0)
        accounts[count++] = self;
    if (for_service)
        accounts[count++] = service_sid;
    return count;
}

/* Entries of the file's own stay when inheritance ends. */
static void add_removals(struct buffer *list, PACL entries, const char *self)
{
    void *entry = NULL;

    for (DWORD i = 0; entries != NULL && i < entries->AceCount && GetAce(entries, i, &entry); i++) {
        if ((((ACE_HEADER *)entry)->AceFlags & INHERITED_ACE) != 0 ||
            !lets_others_in(entry, self, ACCESS_READ_OR_WRITE))
            continue;
        char *sid = sid_text(&((ACCESS_ALLOWED_ACE *)entry)->SidStart);
        if (sid != NULL)
            (void)buffer_append_format(list, " /remove:g *%s", sid);
        free(sid);
    }
}

char *access_icacls(HANDLE file, const char *path)
{
    bool for_service = is_for_service(path);
    /* The service refuses a file that is open to, or owned by, anybody else, even the caller. */
    char *self = for_service ? NULL : own_sid(), *command;
    const char *accounts[ACCOUNTS_MAX];
    size_t count = list_accounts(accounts, for_service, self);
    struct security security;
    struct buffer words;

    (void)read_security(file, &security);
    buffer_init(&words, LIST_SIZE_MAX);
    (void)buffer_append_format(&words, "icacls \"%s\" /inheritance:r /grant:r", path);
    for (size_t i = 0; i < count; i++)
        (void)buffer_append_format(&words, " *%s:%c", accounts[i],
                                   accounts[i] == service_sid ? 'R' : 'F');
    add_removals(&words, security.list, self);
    if (security.owner != NULL && !is_one_of_us(security.owner, self))
        (void)buffer_append_format(&words, " && icacls \"%s\" /setowner *%s", path,
                                   administrators_sid);
    command = memory_copy(words.bytes);
    buffer_done(&words);
    (void)LocalFree(security.descriptor);
    free(self);
    return command;
}

/* New files are state, which the service must be able to write. */
SECURITY_ATTRIBUTES *access_new(const char *path)
{
    SECURITY_ATTRIBUTES *attributes = memory_new(1, sizeof *attributes);
    char *self = own_sid();
    const char *accounts[ACCOUNTS_MAX];
    size_t count = list_accounts(accounts, is_for_service(path), self);
    struct buffer list;

    buffer_init(&list, LIST_SIZE_MAX);
    (void)buffer_append_text(&list, "D:P");
    for (size_t i = 0; i < count; i++)
        (void)buffer_append_format(&list, "(A;OICI;FA;;;%s)", accounts[i]);
    free(self);
    wchar_t *wide = win32_wide(list.bytes);
    buffer_done(&list);
    attributes->nLength = sizeof *attributes;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
            wide, SDDL_REVISION_1, &attributes->lpSecurityDescriptor, NULL)) {
        free(attributes);
        attributes = NULL;
    }
    free(wide);
    return attributes;
}

void access_free_new(SECURITY_ATTRIBUTES *attributes)
{
    if (attributes == NULL)
        return;
    (void)LocalFree(attributes->lpSecurityDescriptor);
    free(attributes);
}
