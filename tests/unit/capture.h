#ifndef MXPULL_TESTS_CAPTURE_H
#define MXPULL_TESTS_CAPTURE_H

/* Commands that are waited for, by looking again and again: a test has no loop. */

#include <mxpull/base/buffer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/process.h>

#include <support.h>

/* Whether it has ended; then *ended_well says whether it exited with 0. */
static inline bool has_ended(struct process *process, bool *ended_well)
{
    struct error error;

    if (!process_has_ended(process))
        return false;
    *ended_well = process_judge(process, &error) == STATUS_OK;
    return true;
}

/* Runs command and appends what it prints to output. One that has not ended by then is killed. */
static inline enum status capture(const char *command, int64_t timeout_ms, struct buffer *output,
                                  struct error *error)
{
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    struct process *process;

    if (process_start(&process, command, NULL, 0, true, error) != STATUS_OK)
        return error->status;
    while (!process_has_ended(process) && clock_monotonic_ms() < deadline_ms)
        support_sleep_ms(1);
    bool ended = process_has_ended(process);
    enum status status = process_output(process, output, error);
    if (status == STATUS_OK)
        status =
            ended ? process_judge(process, error) : error_set(error, STATUS_TIMEOUT, "too slow");
    process_free(process);
    return status;
}

#endif
