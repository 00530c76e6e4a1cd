/*
 * fuzz_dialog - any stored conversation and any words: first line is the conversation's JSON,
 * the rest is the message, taken as a text and as a choice. No reply may pass its bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "dialog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sah_dialog *dialog;
static struct sah_step step;
static struct sah_incoming in;

static void check(void)
{
    SAH_ASSERT(step.n_replies <= SAH_REPLIES_MAX && step.n_submits <= SAH_SUBMITS_MAX);
    SAH_ASSERT(step.next.n_open <= SAH_OPEN_MAX && step.next.asked <= 255);
    for (unsigned i = 0; i < step.n_replies; i++) {
        SAH_ASSERT(step.replies[i].n_choices <= SAH_ROWS_MAX);
        SAH_ASSERT(step.replies[i].body[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t head = line == NULL ? 0 : (size_t)(line - data), rest;
    struct sah_conversation c = {0};
    struct sah_fault fault;

    if (dialog == NULL && sah_dialog_create(SAHAYA_SOURCE_DIR "/adapters/common/phrases",
                                            &dialog, &fault) != SAH_OK)
        abort();
    if (sah_conversation_decode((const char *)data, head, &c) != SAH_OK)
        memset(&c, 0, sizeof c);
    data += line == NULL ? 0 : head + 1;
    rest = line == NULL ? size : size - head - 1;
    memset(&in, 0, sizeof in);
    in.received_ms = 1790000000000LL;
    in.text_len = (uint32_t)(rest < SAH_TEXT_MAX ? rest : SAH_TEXT_MAX);
    if (in.text_len > 0)
        memcpy(in.text, data, in.text_len);
    sah_dialog_take(dialog, &c, &in, &step);
    check();
    in.kind = SAH_INCOMING_CHOICE;
    (void)sah_copy_cut(in.choice, sizeof in.choice, in.text, strnlen(in.text, in.text_len));
    sah_dialog_take(dialog, &c, &in, &step);
    check();
    return 0;
}
