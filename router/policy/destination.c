/*
 * destination - the window and the breaker of an endpoint. See destination.h.
 */
#include "policy/destination.h"

#include <string.h>

#define WINDOW_AT_START 5
#define FAULTS_TO_OPEN  5
#define COHORTS_TO_OPEN 3
#define WAIT_FIRST_MS   5000
#define WAIT_MAX_MS     60000
#define URGENT_WAIT_MS  5000 /* P2 falls back at 15 s, and only after an attempt */
#define CLASS_P1        1
#define CLASS_P2        2

/* How long a Retry-After may hold back a class that has not asked yet. */
static const uint32_t busy_max_ms[SAH_N_CLASSES] = {0, 0, 30000, 600000, 600000};

static const char *const breaker_names[] = {"closed", "open", "half_open"};

const char *sah_breaker_name(enum sah_breaker breaker)
{
    return (unsigned)breaker < SAH_LEN(breaker_names) ? breaker_names[breaker] : "unknown";
}

static void begin_cohort(struct sah_destination *d)
{
    d->cohort = d->window;
    d->cohort_answers = d->cohort_faults = 0;
    d->cohort_halved = false;
}

void sah_destination_init(struct sah_destination *d, unsigned max)
{
    SAH_ASSERT(max >= 1);
    memset(d, 0, sizeof *d);
    d->max = max;
    d->window = max < WINDOW_AT_START ? max : WINDOW_AT_START;
    begin_cohort(d);
}

/* Negative feedback at the start of a cohort: the answers behind the first fault were sent
 * before anything was learnt from it. */
static void halve(struct sah_destination *d)
{
    if (d->cohort_halved)
        return;
    d->cohort_halved = true;
    d->window = d->window > 1 ? d->window / 2 : 1;
    d->successes = 0;
}

static void end_answer(struct sah_destination *d)
{
    if (++d->cohort_answers < d->cohort)
        return;
    d->bad_cohorts = d->cohort_faults == d->cohort_answers ? d->bad_cohorts + 1 : 0;
    begin_cohort(d);
}

static void open_breaker(struct sah_destination *d, uint64_t now_ms)
{
    uint32_t wait_ms = d->opened > 8 ? WAIT_MAX_MS : (uint32_t)WAIT_FIRST_MS << d->opened;

    d->opened++;
    d->breaker = SAH_BREAKER_OPEN;
    d->window = 1;
    d->successes = 0;
    d->retry_at_ms = now_ms + (wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS);
    begin_cohort(d);
}

/* Somebody answered. After an outage the window begins at one (slow start). */
static void alive(struct sah_destination *d)
{
    d->faults = 0;
    if (d->breaker == SAH_BREAKER_CLOSED)
        return;
    d->breaker = SAH_BREAKER_CLOSED;
    d->window = 1;
    d->successes = 0;
    d->bad_cohorts = 0;
    begin_cohort(d);
}

/* One more after each full window of acks. */
static void grow(struct sah_destination *d)
{
    if (++d->successes < d->window)
        return;
    d->successes = 0;
    d->opened =
        0; /* it works for more than a moment: the next outage begins with the short wait */
    if (d->window < d->max)
        d->window++;
}

static void fault(struct sah_destination *d, unsigned class, uint64_t now_ms)
{
    d->faults++;
    d->cohort_faults++;
    switch (d->breaker) {
    case SAH_BREAKER_CLOSED:
        halve(d);
        end_answer(d);
        if (d->faults < FAULTS_TO_OPEN && d->bad_cohorts < COHORTS_TO_OPEN)
            return;
        d->urgent_at_ms = now_ms + URGENT_WAIT_MS;
        open_breaker(d, now_ms);
        return;
    case SAH_BREAKER_HALF_OPEN:
        open_breaker(d, now_ms);
        break;
    case SAH_BREAKER_OPEN: /* of P0-P2, or sent before: the wait of the others is not lengthened
                            */
        break;
    }
    if (class == CLASS_P2 &&
        now_ms >= d->urgent_at_ms) /* not by P0: else its retries would hold back P2 */
        d->urgent_at_ms = now_ms + URGENT_WAIT_MS;
}

static void busy(struct sah_destination *d, int64_t retry_after_ms, uint64_t now_ms)
{
    alive(d);
    halve(d); /* it works, but not at this pace */
    end_answer(d);
    if (retry_after_ms <= 0)
        return;
    for (unsigned class = CLASS_P2; class < SAH_N_CLASSES; class ++)
        d->busy_until_ms[class] =
            now_ms + (retry_after_ms < busy_max_ms[class] ? (uint32_t)retry_after_ms
                                                          : busy_max_ms[class]);
}

void sah_destination_sent(struct sah_destination *d, uint64_t now_ms)
{
    if (d->breaker == SAH_BREAKER_OPEN && now_ms >= d->retry_at_ms)
        d->breaker = SAH_BREAKER_HALF_OPEN;
}

void sah_destination_answered(struct sah_destination *d, unsigned class,
                              const struct sah_answer *answer, uint64_t now_ms)
{
    bool was_closed = d->breaker == SAH_BREAKER_CLOSED;

    SAH_ASSERT(class < SAH_N_CLASSES);
    switch (answer->kind) {
    case SAH_ANSWER_MACHINE_ACK:
        alive(d);
        if (was_closed) {
            grow(d);
            end_answer(d);
        }
        break;
    case SAH_ANSWER_REFUSED: /* says something about the message, and that the endpoint reads */
        alive(d);
        if (was_closed)
            end_answer(d);
        break;
    case SAH_ANSWER_BUSY:
        busy(d, answer->retry_after_ms, now_ms);
        break;
    case SAH_ANSWER_TROUBLE:
    case SAH_ANSWER_UNREACHABLE:
    case SAH_ANSWER_UNKNOWN:
        fault(d, class, now_ms);
        break;
    case SAH_ANSWER_SILENT:
    case SAH_ANSWER_WAITING:
    case SAH_ANSWER_POISON:
        break; /* no answers to an attempt */
    }
}

unsigned sah_destination_limit(const struct sah_destination *d, unsigned class, uint64_t now_ms)
{
    unsigned quarter = d->max / 4 ? d->max / 4 : 1;

    if (class <= CLASS_P1)
        return d->max;
    if (now_ms < d->busy_until_ms[class])
        return 0;
    if (d->breaker == SAH_BREAKER_OPEN && now_ms < d->retry_at_ms &&
        (class > CLASS_P2 || now_ms < d->urgent_at_ms))
        return 0;
    if (d->breaker == SAH_BREAKER_HALF_OPEN && class == CLASS_P2 && now_ms < d->urgent_at_ms)
        return 0;
    return class == CLASS_P2 && d->window < quarter ? quarter
                                                    : d->window; /* 1 while not closed */
}
