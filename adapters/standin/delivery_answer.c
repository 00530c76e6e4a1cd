/*
 * delivery_answer - the machine's answer: at once, later, cut or never. See delivery.h.
 */
#include "delivery.h"

#include <stdlib.h>
#include <string.h>

#include "tell.h"

#define HELD_MAGIC 0x57a4d4e1u
#define HANG_MS    60000 /* longer than any sender waits; then the connection is cut */

struct sah_held_answer {
    uint32_t magic;
    struct sah_held_answer *next, **link;
    struct sah_http_exchange *x;
    struct sah_timer *timer;
    struct sah_machine_answer answer;
};

static void refuse(struct sah_http_exchange *x, const struct sah_machine_answer *answer)
{
    sah_tell_json(x, 422,
                  json_pack("{s:s,s:s}", "reason", answer->reason, "reason_text",
                            "the stand-in was told to refuse"));
}

static void be_busy(struct sah_http_exchange *x, const struct sah_machine_answer *answer)
{
    char seconds[16];

    (void)sah_format(seconds, sizeof seconds, "%u", answer->retry_after_s);
    if (answer->retry_after_s > 0)
        (void)sah_http_reply_header(x, "Retry-After", seconds);
    sah_tell_error(x, 503, "busy", "the stand-in was told to be busy");
}

static void answer_now(struct sah_http_exchange *x, const struct sah_machine_answer *answer)
{
    switch (answer->mode) {
    case SAH_MODE_NORMAL:
    case SAH_MODE_MACHINE_ONLY:
        sah_tell_json(x, 200,
                      answer->case_no[0] == '\0'
                          ? json_object()
                          : json_pack("{s:s}", "case_no", answer->case_no));
        return;
    case SAH_MODE_SILENT:
        sah_http_reply(x, 200, NULL, "", 0);
        return;
    case SAH_MODE_REFUSE:
        refuse(x, answer);
        return;
    case SAH_MODE_BUSY:
        be_busy(x, answer);
        return;
    case SAH_MODE_ERROR500:
        sah_tell_error(x, 500, "broken", "the stand-in was told to be broken");
        return;
    case SAH_MODE_HANG:
    case SAH_MODE_CUT:
        sah_http_drop(x);
        return;
    }
}

static void free_held(struct sah_held_answer *held)
{
    *held->link = held->next;
    if (held->next != NULL)
        held->next->link = held->link;
    sah_timer_destroy(held->timer);
    held->magic = 0;
    free(held);
}

static void on_due(void *data)
{
    struct sah_held_answer *held = data;
    struct sah_machine_answer answer;
    struct sah_http_exchange *x;

    SAH_CHECK(held, HELD_MAGIC);
    answer = held->answer;
    x = held->x;
    free_held(held);
    answer_now(x, &answer);
}

void sah_delivery_answer(struct sah_deliveries *d, struct sah_http_exchange *x,
                         const struct sah_machine_answer *answer)
{
    uint32_t wait_ms = answer->mode == SAH_MODE_HANG ? HANG_MS : answer->delay_ms;
    struct sah_held_answer *held;

    if (wait_ms == 0) {
        answer_now(x, answer);
        return;
    }
    held = calloc(1, sizeof *held);
    if (held == NULL || sah_timer_create(d->loop, on_due, held, &held->timer) != SAH_OK) {
        free(held);
        sah_http_drop(x);
        return;
    }
    held->magic = HELD_MAGIC;
    held->x = x;
    held->answer = *answer;
    held->next = d->held;
    held->link = &d->held;
    if (held->next != NULL)
        held->next->link = &held->next;
    d->held = held;
    sah_timer_start(held->timer, wait_ms);
}

void sah_delivery_forget_held(struct sah_deliveries *d)
{
    while (d->held != NULL)
        free_held(d->held);
}
