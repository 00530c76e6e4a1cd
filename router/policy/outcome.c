/*
 * outcome - what one attempt's answer means, and what is next for the delivery. See outcome.h.
 */
#include "policy/outcome.h"

#define DAY_MS (24u * 60 * 60 * 1000)

/* The settled values (design), one row a class. */
static const struct {
    uint32_t deadline_ms; /* machine ack, then resend */
    uint32_t next_ms;     /* the next endpoint or fallback */
    uint32_t then_min_ms; /* after that, doubling with age between these two */
    uint32_t then_max_ms;
    bool expires;
} rules[SAH_N_CLASSES] = {
    {2000, 4000, 15000, 15000, false},
    {3000, 6000, 30000, 300000, false},
    {5000, 15000, 30000, 300000, false},
    {30000, 0, 5000, 3600000, true},
    {60000, 0, 5000, 3600000, true},
};
#define EARLY_MS      50
#define FIRST_WAIT_MS 250 /* after a refused connect or a 5xx, doubling, while next_ms is not reached */

static const char *const kind_names[] = {"machine_ack", "refused", "busy", "trouble", "unreachable", "unknown",
                                         "silent",      "waiting",   "poison"};

const char *sah_answer_kind_name(enum sah_answer_kind kind)
{
    return (unsigned)kind < SAH_LEN(kind_names) ? kind_names[kind] : "unknown";
}

struct sah_answer sah_answer_from_http(int status, bool sent, int64_t retry_after_ms)
{
    struct sah_answer answer = {.kind = SAH_ANSWER_REFUSED, .retry_after_ms = retry_after_ms};

    if (status == 0)
        answer.kind = sent ? SAH_ANSWER_UNKNOWN : SAH_ANSWER_UNREACHABLE;
    else if (status >= 200 && status < 300)
        answer.kind = SAH_ANSWER_MACHINE_ACK;
    else if (status == 429 || (status == 503 && retry_after_ms >= 0))
        answer.kind = SAH_ANSWER_BUSY;
    else if (status >= 500 || status < 200 || status == 408 || status == 425)
        answer.kind = SAH_ANSWER_TROUBLE;
    else if ((status >= 300 && status < 400) || status == 401 || status == 403 || status == 404 || status == 405 ||
             status == 407 || status == 421)
        /* The road is wrong (moved, credentials, path), not the message: nobody read it. */
        answer.kind = SAH_ANSWER_TROUBLE;
    return answer;
}

static uint32_t clamp(uint64_t value, uint32_t min, uint32_t max)
{
    return value < min ? min : value > max ? max : (uint32_t)value;
}

static uint32_t doubling(uint32_t first_ms, unsigned times, uint32_t max_ms)
{
    return times > 20 ? max_ms : clamp((uint64_t)first_ms << times, first_ms, max_ms);
}

/* P3, P4: 5 s doubling to 1 h, a fifth of jitter either way so that retries spread. */
static uint32_t bulk_wait(const struct sah_attempt *attempt, unsigned class)
{
    uint32_t wait = doubling(rules[class].then_min_ms, attempt->attempts - 1, rules[class].then_max_ms);
    uint64_t jitter = (uint64_t)wait * 2 / 5 * (attempt->chance / 2) / (UINT32_MAX / 2);

    return wait - wait / 5 + (uint32_t)jitter;
}

static void judge_emergency(const struct sah_attempt *attempt, const struct sah_answer *answer, unsigned class,
                            struct sah_verdict *verdict)
{
    uint32_t next_ms = rules[class].next_ms;
    bool elsewhere = attempt->n_endpoints > 1;

    /* Two deadlines are next_ms, but for the milliseconds that clocks cut off. */
    if (attempt->age_ms + EARLY_MS >= next_ms) { /* the next endpoint, and somebody else besides */
        verdict->endpoint = (attempt->endpoint + 1) % attempt->n_endpoints;
        verdict->fall_back = !attempt->fell_back;
        verdict->wait_ms = clamp(attempt->age_ms, rules[class].then_min_ms, rules[class].then_max_ms);
        if (answer->kind == SAH_ANSWER_UNKNOWN) /* every 15 s from start to start: its own time counts */
            verdict->wait_ms -= rules[class].deadline_ms;
        /* The other endpoint at once, also for what falls back nowhere (an amendment): while every
         * attempt before took its whole deadline, it was not asked yet. */
        if (elsewhere && (verdict->fall_back || attempt->attempts <= next_ms / rules[class].deadline_ms))
            verdict->wait_ms = 0;
        return;
    }
    if (answer->kind == SAH_ANSWER_UNKNOWN && attempt->attempts <= next_ms / rules[class].deadline_ms) {
        /* Resend at once, same key. More of them before next_ms than deadlines fit in: the replies
         * are cut, not awaited, and resending at once would go in a circle. */
        verdict->wait_ms = 0;
    } else if (elsewhere && attempt->attempts < attempt->n_endpoints) {
        verdict->endpoint = (attempt->endpoint + 1) % attempt->n_endpoints;
    } else {
        verdict->wait_ms = doubling(FIRST_WAIT_MS, attempt->attempts - 1, next_ms);
    }
    if (verdict->wait_ms > next_ms - attempt->age_ms)
        verdict->wait_ms = (uint32_t)(next_ms - attempt->age_ms);
}

/*
 * "Come back in a while" is honoured as far as the class can bear: never sooner than planned, never
 * past the moment when somebody else is asked. It binds the endpoint that said it, no other.
 */
static void honour_retry_after(const struct sah_attempt *attempt, const struct sah_answer *answer, unsigned class,
                               struct sah_verdict *verdict)
{
    uint32_t planned = verdict->wait_ms, most;

    if (answer->retry_after_ms <= (int64_t)planned || verdict->endpoint != attempt->endpoint)
        return;
    if (rules[class].expires)
        most = rules[class].then_max_ms;
    else if (attempt->age_ms < rules[class].next_ms)
        most = clamp(rules[class].next_ms - attempt->age_ms, 0, rules[class].deadline_ms);
    else
        most = clamp((uint64_t)planned * 2, planned, rules[class].then_max_ms);
    if (most > planned)
        verdict->wait_ms = clamp((uint64_t)answer->retry_after_ms, planned, most);
}

struct sah_verdict sah_outcome_judge(const struct sah_attempt *attempt, const struct sah_answer *answer)
{
    unsigned class = sah_priority_class(attempt->priority);
    struct sah_verdict verdict = {.next = SAH_NEXT_RETRY, .endpoint = attempt->endpoint};

    SAH_ASSERT(attempt->attempts >= 1 && attempt->n_endpoints >= 1);
    if (answer->kind == SAH_ANSWER_MACHINE_ACK) {
        verdict.next = SAH_NEXT_SETTLED;
        return verdict;
    }
    if (answer->kind == SAH_ANSWER_REFUSED) {
        verdict.next = SAH_NEXT_REFUSED;
        /* A company that refuses a booking is the answer; a refused emergency needs somebody else. */
        verdict.fall_back = !attempt->fell_back && attempt->priority != SAH_PRIORITY_P4;
        return verdict;
    }
    verdict.destination_fault = answer->kind != SAH_ANSWER_BUSY;
    if (!rules[class].expires) {
        judge_emergency(attempt, answer, class, &verdict);
    } else if (attempt->age_ms >= DAY_MS) {
        verdict.next = SAH_NEXT_EXPIRED;
        return verdict;
    } else {
        verdict.wait_ms = bulk_wait(attempt, class);
        verdict.endpoint = (attempt->endpoint + 1) % attempt->n_endpoints;
    }
    if (answer->kind == SAH_ANSWER_BUSY)
        honour_retry_after(attempt, answer, class, &verdict);
    if (rules[class].expires && verdict.wait_ms > DAY_MS - attempt->age_ms)
        verdict.wait_ms = (uint32_t)(DAY_MS - attempt->age_ms); /* the last try is at the end, not past it */
    return verdict;
}

uint32_t sah_attempt_deadline_ms(enum sah_priority priority)
{
    return rules[sah_priority_class(priority)].deadline_ms;
}

uint32_t sah_lease_ms(enum sah_priority priority)
{
    return rules[sah_priority_class(priority)].deadline_ms + 1000;
}
