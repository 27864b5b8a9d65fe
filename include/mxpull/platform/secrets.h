#ifndef MXPULL_PLATFORM_SECRETS_H
#define MXPULL_PLATFORM_SECRETS_H

/* Keeps passwords out of core dumps: from then on the system writes none of this program, and another
 * program of the same user cannot look into its memory (Linux). Commands that it starts are not
 * affected, but for the limit of core dumps, which they may raise again. */
void secrets_protect(void);

#endif
