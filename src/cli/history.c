/* The past, given out a page at a time. */
#include "history.h"
#include <mxpull/smtp/outcome.h>

#include <string.h>

enum {
    PAGE_SIZE = 64 * 1024,
    PAGE_SIZE_MAX = 4 * 1024 * 1024 /* with a row that went over the page's end */
};

struct writing {
    struct output *output;
    const struct history_request *request;
    struct buffer page;
    size_t count;
};

static void turn_page(struct writing *writing)
{
    output_write(writing->output, writing->page.bytes, writing->page.size);
    buffer_clear(&writing->page);
}

static void begin_row(struct writing *writing)
{
    if (writing->count++ > 0)
        (void)buffer_append_text(&writing->page, writing->request->form->between);
}

static bool end_row(struct writing *writing)
{
    if (writing->page.size >= PAGE_SIZE)
        turn_page(writing);
    return writing->output->failure == 0;
}

static bool write_answer(void *context, const struct store_row *row)
{
    struct writing *writing = context;

    begin_row(writing);
    writing->request->form->answer(&writing->page, &writing->request->style, row);
    return end_row(writing);
}

static bool write_message(void *context, const struct store_message *message)
{
    struct writing *writing = context;

    begin_row(writing);
    writing->request->form->message(&writing->page, &writing->request->style, message);
    return end_row(writing);
}

/* No answer of a good outcome is one that failed; to find that out, the store would look at all. */
static bool is_contradiction(const struct store_filter *filter)
{
    for (int i = 0; filter->failed && filter->outcome != NULL && i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;

        if (strcmp(outcome_name(outcome), filter->outcome) == 0)
            return outcome == OUTCOME_HELD || outcome_exit_status(outcome) == 0;
    }
    return false;
}

enum status history_write(struct output *output, struct store *store,
                          const struct history_request *request, size_t *count, struct error *error)
{
    struct writing writing = {.output = output, .request = request};
    enum status status = STATUS_OK;

    buffer_init(&writing.page, PAGE_SIZE_MAX);
    request->form->begin(&writing.page, request->messages);
    if (request->messages)
        status = store_messages(store, &request->filter, write_message, &writing, error);
    else if (!is_contradiction(&request->filter))
        status = store_history(store, &request->filter, write_answer, &writing, error);
    if (status == STATUS_OK) {
        (void)buffer_append_text(&writing.page, request->form->end);
        turn_page(&writing);
        *count = writing.count;
    }
    buffer_done(&writing.page);
    return status;
}
