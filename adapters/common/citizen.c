/*
 * citizen - whose turn it is: messages and events of one citizen run one after another.
 *
 * Owns:    a queue for each citizen who has something waiting; nothing is kept for the others.
 * Used by: adapter_job.c.
 * Never:   holds more than the bounds; it refuses, and the channel's peer sends again.
 *
 * The revision in Redis keeps two processes apart; this queue keeps one process from racing
 * against itself, and keeps the order in which a citizen wrote.
 */
#include <stdlib.h>
#include <string.h>

#include "adapter_priv.h"

struct sah_ad_citizen {
    struct sah_ad_citizen *next, *ready_next;
    struct sah_ad_turn *first, *last;
    unsigned n;
    bool running, ready;
    char sender[SAH_SENDER_SIZE];
};

uint64_t sah_ad_hash(uint64_t seed, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t h =
        14695981039346656037ULL ^ seed; /* FNV-1a; the seed is chance, against crafted keys */

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 1099511628211ULL;
    return h ^ (h >> 32);
}

void sah_ad_citizens_init(struct sah_ad_citizens *citizens,
                          void (*run)(struct sah_ad_turn *turn))
{
    struct sah_id chance;

    memset(citizens, 0, sizeof *citizens);
    citizens->run = run;
    if (sah_id_random(0, &chance) == SAH_OK)
        memcpy(&citizens->seed, chance.bytes + 8, sizeof citizens->seed);
}

void sah_ad_citizens_fini(struct sah_ad_citizens *citizens)
{
    for (size_t i = 0; i < SAH_LEN(citizens->slots); i++) {
        while (citizens->slots[i] != NULL) {
            struct sah_ad_citizen *citizen = citizens->slots[i];

            citizens->slots[i] = citizen->next;
            free(citizen);
        }
    }
}

static struct sah_ad_citizen **place_of(struct sah_ad_citizens *citizens, const char *sender)
{
    uint64_t h = sah_ad_hash(citizens->seed, sender, strlen(sender));
    struct sah_ad_citizen **at = &citizens->slots[h % SAH_AD_CITIZEN_SLOTS];

    while (*at != NULL && strcmp((*at)->sender, sender) != 0)
        at = &(*at)->next;
    return at;
}

const struct sah_ad_turn *sah_ad_citizens_first(const struct sah_ad_citizens *citizens,
                                                const char *sender)
{
    uint64_t h = sah_ad_hash(citizens->seed, sender, strlen(sender));
    const struct sah_ad_citizen *citizen = citizens->slots[h % SAH_AD_CITIZEN_SLOTS];

    while (citizen != NULL && strcmp(citizen->sender, sender) != 0)
        citizen = citizen->next;
    return citizen == NULL ? NULL : citizen->first;
}

/* Lets waiting citizens run while there are places. A run may end a turn or start one from
 * inside: the lists are in order before it is called. */
static void run_ready(struct sah_ad_citizens *citizens)
{
    while (citizens->ready_first != NULL && citizens->running < SAH_AD_RUNNING_MAX) {
        struct sah_ad_citizen *citizen = citizens->ready_first;

        citizens->ready_first = citizen->ready_next;
        if (citizens->ready_first == NULL)
            citizens->ready_last = NULL;
        citizen->ready_next = NULL;
        citizen->ready = false;
        citizen->running = true;
        citizens->running++;
        citizens->run(citizen->first);
    }
}

static void make_ready(struct sah_ad_citizens *citizens, struct sah_ad_citizen *citizen)
{
    citizen->ready = true;
    if (citizens->ready_last != NULL)
        citizens->ready_last->ready_next = citizen;
    else
        citizens->ready_first = citizen;
    citizens->ready_last = citizen;
}

int sah_ad_citizens_add(struct sah_ad_citizens *citizens, const char *sender,
                        struct sah_ad_turn *turn)
{
    struct sah_ad_citizen **at = place_of(citizens, sender);
    struct sah_ad_citizen *citizen = *at;

    if (citizens->waiting >= SAH_AD_WAITING_MAX ||
        (citizen != NULL && citizen->n >= SAH_AD_WAITING_EACH))
        return SAH_ELIMIT;
    if (citizen == NULL) {
        citizen = calloc(1, sizeof *citizen);
        if (citizen == NULL)
            return SAH_ENOMEM;
        if (sah_copy(citizen->sender, sizeof citizen->sender, sender, strlen(sender)) !=
            SAH_OK) {
            free(citizen);
            return SAH_ELIMIT;
        }
        *at = citizen;
    }
    turn->citizen = citizen;
    turn->next = NULL;
    if (citizen->last != NULL)
        citizen->last->next = turn;
    else
        citizen->first = turn;
    citizen->last = turn;
    citizen->n++;
    citizens->waiting++;
    if (!citizen->running && !citizen->ready)
        make_ready(citizens, citizen);
    run_ready(citizens);
    return SAH_OK;
}

void sah_ad_citizens_end(struct sah_ad_citizens *citizens, struct sah_ad_turn *turn)
{
    struct sah_ad_citizen *citizen = turn->citizen;

    SAH_ASSERT(citizen != NULL && citizen->running && citizen->first == turn);
    turn->citizen = NULL;
    citizen->first = turn->next;
    if (citizen->first == NULL)
        citizen->last = NULL;
    citizen->n--;
    citizens->waiting--;
    citizen->running = false;
    citizens->running--;
    if (citizen->first != NULL) {
        make_ready(citizens, citizen);
    } else {
        struct sah_ad_citizen **at = place_of(citizens, citizen->sender);

        *at = citizen->next;
        free(citizen);
    }
    run_ready(citizens);
}
