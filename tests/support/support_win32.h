#ifndef MXPULL_TESTS_SUPPORT_WIN32_H
#define MXPULL_TESTS_SUPPORT_WIN32_H

#include "support.h"

/* As support_start, with flags for CreateProcess: CREATE_NO_WINDOW for a console of its own. */
struct support_program *support_start_with(unsigned long flags, const char *path,
                                           const char *const *arguments, FILE **input,
                                           FILE **output);

#endif
