/* A scripted reversed session: step by step, where only `expect` waits for the other side. */
#include "stage.h"
#include "journal.h"
#include "rule.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

struct stage {
    struct loop *loop;
    char *who;
    const struct section *section; /* borrowed */
    int64_t connection;
    size_t at;      /* the next step */
    bool greeted;   /* a reply has been read */
    size_t replies; /* whole ones that no `expect` has claimed */
    bool sending, over;
    struct wire *wire; /* borrowed */
    void (*deliver)(void *owner, bool greeted);
    void (*ended)(void *owner, const char *how);
    void *owner;
};

static void skip_others(struct stage *stage)
{
    const struct section *section = stage->section;

    while (stage->at < section->step_count &&
           !range_has(&section->steps[stage->at].connections, stage->connection))
        stage->at++;
}

struct stage *stage_new(struct loop *loop, const char *who, const struct section *section,
                        int64_t connection, void (*deliver)(void *owner, bool greeted),
                        void (*ended)(void *owner, const char *how), void *owner)
{
    struct stage start = {.loop = loop,
                          .section = section,
                          .connection = connection,
                          .deliver = deliver,
                          .ended = ended,
                          .owner = owner};

    skip_others(&start);
    if (start.at == section->step_count)
        return NULL;
    struct stage *stage = memory_new(1, sizeof *stage);
    *stage = start;
    stage->who = memory_copy(who);
    return stage;
}

void stage_free(struct stage *stage)
{
    if (stage == NULL || stage->over)
        return;
    stage->over = true;
    free(stage->who);
    loop_discard(stage->loop, stage);
}

/* Does a step. False when it has to be waited for, or the stage is over. */
static bool do_step(struct stage *stage, const struct step *step)
{
    bool endless = step->kind == STEP_ENDLESS;

    switch (step->kind) {
    case STEP_SAY:
    case STEP_ENDLESS:
        stage->sending = true;
        journal_lines(stage->who, ">", step->text, wire_would_send(stage->wire, step->size));
        if (!wire_send(stage->wire, step->text, step->size, endless))
            return false;
        stage->sending = false;
        return true;
    case STEP_EXPECT:
        if (stage->replies == 0) {
            stage->at--;
            return false;
        }
        stage->replies--;
        return true;
    case STEP_DELIVER: stage->deliver(stage->owner, stage->greeted); return false;
    case STEP_CLOSE:
        wire_close(stage->wire);
        stage->ended(stage->owner, "closed");
        return false;
    case STEP_RESET:
        wire_reset(stage->wire);
        stage->ended(stage->owner, "reset");
        return false;
    case STEP_STALL: wire_stall(stage->wire); return false;
    }
    return false;
}

static void run(struct stage *stage)
{
    bool going = true;

    while (going && !stage->over && !stage->sending) {
        skip_others(stage);
        if (stage->at == stage->section->step_count)
            break;
        going = do_step(stage, &stage->section->steps[stage->at++]);
    }
}

/* Reads whole lines; a reply ends with a line without a hyphen behind its code. */
static void read_replies(struct stage *stage)
{
    const struct buffer *input = wire_input(stage->wire);
    const char *newline;

    while ((newline = memchr(input->bytes, '\n', input->size)) != NULL) {
        size_t size = (size_t)(newline - input->bytes) + 1;
        if (size < 4 || input->bytes[3] != '-')
            stage->replies++, stage->greeted = true;
        journal_lines(stage->who, "<", input->bytes, size);
        wire_consume(stage->wire, size);
    }
    if (input->size == WIRE_INPUT_MAX)
        wire_consume(stage->wire, input->size);
}

static void received(void *owner)
{
    struct stage *stage = owner;

    if (stage->over)
        return;
    read_replies(stage);
    run(stage);
    if (!stage->over && !stage->sending && wire_is_open(stage->wire) && wire_at_end(stage->wire)) {
        wire_close(stage->wire);
        stage->ended(stage->owner, "closed by peer");
    }
}

static void sent(void *owner)
{
    struct stage *stage = owner;

    stage->sending = false;
    received(stage);
}

static void ended(void *owner, const char *how)
{
    struct stage *stage = owner;

    stage->ended(stage->owner, how);
}

void stage_take_over(struct stage *stage, struct wire *wire)
{
    static const struct wire_calls calls = {.received = received, .sent = sent, .ended = ended};

    stage->wire = wire;
    wire_hand_over(wire, &calls, stage);
    received(stage);
}
