/* No crash dump: Windows Error Reporting, which writes them, is not called for this process. */
#include <mxpull/platform/secrets.h>

#include "text.h"

void secrets_protect(void)
{
    (void)SetErrorMode(GetErrorMode() | SEM_NOGPFAULTERRORBOX);
}
