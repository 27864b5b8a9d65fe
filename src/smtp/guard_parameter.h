#ifndef MXPULL_SMTP_GUARD_PARAMETER_H
#define MXPULL_SMTP_GUARD_PARAMETER_H

#include "guard_path.h"

#include <mxpull/base/buffer.h>

/* Whether SMTPUTF8 is among the parameters of a MAIL command (RFC 6531 3.4). */
bool guard_parameter_has_utf8(struct guard_part parameters);

/* The reply to parameters that may not be passed (501, 504 or 555), or NULL: those of a MAIL
 * command, else of a RCPT command. */
const char *guard_parameter_judge(struct guard_part parameters, bool is_mail);

/* Appends those of them, once judged well, that the primary is to see, each with a space before it. */
enum status guard_parameter_write(struct guard_part parameters, bool is_mail,
                                  struct buffer *target);

#endif
