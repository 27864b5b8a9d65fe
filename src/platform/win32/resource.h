#ifndef MXPULL_SRC_PLATFORM_WIN32_RESOURCE_H
#define MXPULL_SRC_PLATFORM_WIN32_RESOURCE_H

/* The numbers that the resources share with the program; read by the resource compiler as well. */

/* The one message of the Event Log: the line. */
#define WIN32_MESSAGE_LINE 1

#endif
