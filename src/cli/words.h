#ifndef MXPULL_SRC_CLI_WORDS_H
#define MXPULL_SRC_CLI_WORDS_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A few words, returned by value: word_span(s).text lives until the end of the full expression. */
struct word {
    char text[80];
};

/* Cut with an ellipsis where it is too long. */
struct word word_format(const char *format, ...) PRINTF_LIKE(1, 2);

/* A time span in its two largest units: "12s", "3m", "3h57m", "3d4h", "45d". Less than 0 counts as 0. */
struct word word_span(int64_t seconds);

/* The instant in local time, to the minute: "2026-11-23 17:00". */
struct word word_minute(int64_t wall_ms);

/* "812 B", "12.4 KB", "3.1 MB", "2.0 GB": thousands, as the field counts them. Less than 0 counts as
 * 0. */
struct word word_volume(int64_t bytes);

/* "1 backup", "60 backups" */
struct word word_count(uint64_t count, const char *noun);

/* "3 messages, 12.4 KB" */
struct word word_mail(int64_t messages, int64_t bytes);

/* The text with what is not printable escaped, cut where it is too long. */
struct word word_shown(const char *text);

/* Appends an answer, cut at max bytes of text: "250 Queuing started", or the code (0: none) or the
 * text (NULL: none) alone. */
void words_append_said(struct buffer *target, int code, const char *text, size_t max);

/* Appends " in 0.4 s", " in 21m5s". */
void words_append_elapsed(struct buffer *target, int64_t ms);

/* The texts that a report has printed. All zero: none. */
struct said {
    char **texts; /* owned */
    size_t count;
};

/* True the first time; copies the text. */
bool said_first(struct said *said, const char *text);
void said_done(struct said *said);

#endif
