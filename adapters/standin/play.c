/*
 * play - steps, timers and status calls of the cases. See play.h.
 */
#include "play.h"

#include <string.h>

#include "tell.h"

static void next(struct sah_case *c);

/* Arms the case's one timer. Without memory the case stands still, and says so. */
static void arm(struct sah_case *c, uint64_t delay_ms);

static void finish(struct sah_case *c)
{
    c->over = true;
    sah_timer_destroy(c->timer);
    c->timer = NULL;
}

static uint64_t until_cancel(const struct sah_case *c)
{
    uint64_t now_ms = sah_loop_now_ms(c->play->loop);

    return c->cancel_due_ms > now_ms ? c->cancel_due_ms - now_ms : 0;
}

static bool ends_a_case(int state)
{
    const char *name = sah_script_name(state);

    return strcmp(name, "CLOSED") == 0 || strcmp(name, "CANCELLED") == 0 ||
           strcmp(name, "REJECTED") == 0;
}

/* The time is when a person said it, not when the router had taken it: what follows of it may
 * be on its way already. */
static void record(const struct sah_case *c)
{
    sah_book_add(
        c->play->statuses,
        json_pack("{s:I,s:I,s:s,s:s,s:s,s:s}", "at_ms", (json_int_t)(c->sending_us / 1000),
                  "at_us", (json_int_t)c->sending_us, "agency", c->agency->id, "request_id",
                  c->request_id, "state", sah_script_name(c->sending), "case_no", c->case_no));
}

/* The router has answered, or was given up. */
static void on_posted(void *data, int status)
{
    struct sah_case *c = data;
    bool good = status >= 200 && status < 300;

    c->job = NULL;
    if (good) {
        record(c);
        c->agency->statuses++;
        c->state = c->sending;
    } else if (status == 0) {
        c->agency->statuses_lost++;
    } else {
        c->agency->statuses_refused++;
    }
    if (!good)
        sah_warn(c->play->log, "event=status.refused agency=%s request=%s state=%s status=%d",
                 c->agency->id, c->request_id, sah_script_name(c->sending), status);
    if (c->cancel_asked)
        arm(c, until_cancel(c));
    else if (!good || ends_a_case(c->sending) || (c->at >= c->steps.n && !c->held))
        finish(c);
    else if (!c->held)
        arm(c, c->step_ms);
}

static int post(struct sah_case *c, json_t *body)
{
    SAH_AUTOFREE char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    SAH_AUTOFREE char *token = NULL;
    char bearer[SAH_STANDIN_SECRET_MAX] = "";
    size_t token_len = 0;
    int err;

    json_decref(body);
    if (text == NULL)
        return SAH_ENOMEM;
    err =
        sah_tell_secret(c->play->agencies_secrets, c->agency->id, ".token", &token, &token_len);
    if (err == SAH_OK)
        err = sah_format(bearer, sizeof bearer, "Bearer %s", token);
    if (err == SAH_OK || err == SAH_ENOENT) /* without a token the router says 401: be heard */
        err = sah_poster_post(c->play->poster, c->status_url,
                              (struct sah_http_header){"Authorization", bearer},
                              sah_slice_of(text), on_posted, c, &c->job);
    explicit_bzero(bearer, sizeof bearer);
    return err;
}

static void report(struct sah_case *c, int state, bool declined)
{
    const struct sah_script_facts facts = {
        .agency = c->agency->id,
        .case_no = c->case_no,
        .number = c->number,
        .booking = c->booking,
        .sequence_seen = c->sequence_seen,
        .now_ms = sah_tell_wall_us() / 1000,
    };
    int err;

    c->sending = state;
    c->sending_us = sah_tell_wall_us();
    err = post(c, declined ? sah_script_declined(state, &facts)
                           : sah_script_status(state, &facts));
    if (err == SAH_OK)
        return;
    sah_error(c->play->log, "event=status.unsent agency=%s request=%s err=\"%s\"",
              c->agency->id, c->request_id, sah_strerror(err));
    c->agency->statuses_lost++;
    finish(c);
}

static int cancelled_state(void)
{
    return sah_script_state("CANCELLED");
}

static void next(struct sah_case *c)
{
    if (c->job != NULL)
        return;
    if (c->cancel_asked) {
        bool declined = c->cancel_declines || c->state == sah_script_state("CLOSED");

        c->cancel_asked = false;
        if (declined && c->state < 0)
            c->state = sah_script_state("ACKNOWLEDGED"); /* declining is a person's word */
        report(c, declined ? c->state : cancelled_state(), declined);
    } else if (!c->held && c->at < c->steps.n) {
        report(c, c->steps.state[c->at++], false);
    }
}

static void on_timer(void *data)
{
    next(data);
}

static void arm(struct sah_case *c, uint64_t delay_ms)
{
    if (c->timer == NULL && sah_timer_create(c->play->loop, on_timer, c, &c->timer) != SAH_OK) {
        sah_error(c->play->log, "event=case.stuck agency=%s request=%s", c->agency->id,
                  c->request_id);
        return;
    }
    sah_timer_start(c->timer, delay_ms);
}

void sah_play_start(struct sah_play *play, struct sah_case *c,
                    const struct sah_behaviour *behaviour)
{
    c->play = play;
    c->step_ms = behaviour->step_ms;
    if (behaviour->own_steps)
        c->steps = behaviour->steps;
    else
        sah_script_default(c->booking, &c->steps);
    if (c->steps.n > 0)
        arm(c, behaviour->person_after_ms);
}

void sah_play_cancel(struct sah_play *play, struct sah_case *c,
                     const struct sah_behaviour *behaviour)
{
    c->play = play;
    if (behaviour->cancel == SAH_CANCEL_IGNORE)
        return;
    c->over = false;
    c->cancel_asked = true;
    c->cancel_declines = behaviour->cancel == SAH_CANCEL_DECLINE;
    c->cancel_due_ms = sah_loop_now_ms(play->loop) + behaviour->person_after_ms;
    if (c->job == NULL)
        arm(c, behaviour->person_after_ms);
}

void sah_play_hold(struct sah_case *c, bool held)
{
    bool was_held = c->held;

    c->held = held;
    if (c->play == NULL || c->over || c->cancel_asked)
        return;
    if (held && c->timer != NULL)
        sah_timer_stop(c->timer);
    if (!held && was_held && c->job == NULL && c->at < c->steps.n)
        arm(c, c->step_ms);
}

void sah_play_let_go(struct sah_case *c)
{
    if (c->job != NULL)
        sah_poster_cancel(c->job);
    c->job = NULL;
    sah_timer_destroy(c->timer);
    c->timer = NULL;
}
