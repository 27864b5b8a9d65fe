#ifndef MXPULL_ARRIVAL_MAIL_LOG_H
#define MXPULL_ARRIVAL_MAIL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MAIL_LOG_ADDRESS_SIZE = 64,
    MAIL_LOG_ID_SIZE = 256,
    MAIL_LOG_TEXT_SIZE = 256,
    MAIL_LOG_KEY_SIZE = 64,
    MAIL_LOG_OPEN_MAX = 256
};

/* A message that the primary has taken, or refused, as its log tells. */
struct arrival {
    char address[MAIL_LOG_ADDRESS_SIZE]; /* the client's IP address, in any spelling */
    int64_t bytes;                       /* -1: not told */
    char message_id[MAIL_LOG_ID_SIZE];   /* with its angle brackets; "": not told, or too long */
    bool is_refused;                     /* the message, or one recipient of it */
    bool
        was_taken; /* with is_refused: it was told to be taken before (sendmail), and has these bytes */
    bool has_sender; /* with is_refused: the log tells a sender, and it is not <> */
    char recipient
        [MAIL_LOG_ID_SIZE]; /* with is_refused: without angle brackets; "": not told, or too long */
    char text
        [MAIL_LOG_TEXT_SIZE]; /* with is_refused: the primary's words ("550 5.1.1 …"), cut, as they stand there */
};

/* What earlier lines have told of messages that are not complete. Starts as all zero. */
struct mail_log {
    struct open_message {
        char key[MAIL_LOG_KEY_SIZE]; /* of the queue, or of OpenSMTPD's session; "": free */
        uint64_t order;              /* the oldest makes room */
        int64_t bytes;
        char address[MAIL_LOG_ADDRESS_SIZE], message_id[MAIL_LOG_ID_SIZE],
            recipient[MAIL_LOG_ID_SIZE], text[MAIL_LOG_TEXT_SIZE];
        bool has_id; /* a Message-ID was told of, also where message_id is "" */
    } open[MAIL_LOG_OPEN_MAX];
    uint64_t order; /* of the last one */
};

/* Reads one line of the log of Postfix, Exim, sendmail or OpenSMTPD, without its line end: each line tells by itself
 * which of them it is of. True with *arrival filled when a message is known to have been taken or refused by it. Anything
 * else is passed over, and so is what may be a sender's words. Pure, and bounded whatever stands in the line. */
bool mail_log_read(struct mail_log *log, const char *line, size_t size, struct arrival *arrival);

#endif
