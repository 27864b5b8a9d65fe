#ifndef MXPULL_PLATFORM_RESIDENT_H
#define MXPULL_PLATFORM_RESIDENT_H

/* Gives back to the system what of our memory is not needed soon: what was freed and the C library
 * keeps to itself, and the pages of program code, ours and the libraries', which come back from
 * their files as they are used again. For a daemon that is about to sleep after much work. Takes up
 * to a few milliseconds. */
void resident_trim(void);

#endif
