/*
 * adapter_direct - while our Redis is away: what may be an emergency is handed over from memory,
 * so that a dead Redis of ours stops no emergency.
 *
 * Owns:    the conversations this process has seen lately, in memory; submits without a place in
 *          Redis.
 * Used by: adapter_journal.c for each message it keeps; adapter_settle.c and adapter_flight.c for
 *          the submits that left so.
 * Never:   is the only one to have a message (I1: the journal has it), sends a booking, or sends
 *          anything under another id than the ordinary way will: routers and citizens get it once.
 *
 * A message is understood with the conversation as last seen here, or with none: then a second
 * call for help of the same citizen becomes a request of its own, which a person at an agency
 * links, and nobody waits for a Redis. When Redis is back the message comes from the journal and
 * everything is done once more in the ordinary way, under the same ids (adapter_job.c).
 */
#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>

#include "adapter_priv.h"

/* Seqs of submits that Redis has not numbered: after all that it has, in the order they left. */
#define DIRECT_SEQ (1ULL << 62)

struct sah_ad_remembered {
    char sender[SAH_SENDER_SIZE];
    struct sah_conversation conversation;
};

int sah_ad_memory_init(struct sah_adapter *adapter)
{
    adapter->direct_seq = DIRECT_SEQ;
    adapter->remembered = calloc(SAH_AD_REMEMBERED, sizeof *adapter->remembered);
    return adapter->remembered != NULL ? SAH_OK : SAH_ENOMEM;
}

void sah_ad_memory_fini(struct sah_adapter *adapter)
{
    free(adapter->remembered);
    adapter->remembered = NULL;
}

/* A newer citizen takes an older one's place. */
static struct sah_ad_remembered *place_of(struct sah_adapter *adapter, const char *sender)
{
    uint64_t h = sah_ad_hash(adapter->citizens.seed, sender, strlen(sender));

    return &adapter->remembered[h % SAH_AD_REMEMBERED];
}

void sah_ad_remember(struct sah_adapter *adapter, const char *sender,
                     const struct sah_conversation *conversation)
{
    struct sah_ad_remembered *at = place_of(adapter, sender);

    (void)sah_format(at->sender, sizeof at->sender, "%s", sender);
    if (conversation != &at->conversation)
        at->conversation = *conversation;
}

struct sah_conversation *sah_ad_recall(struct sah_adapter *adapter, const char *sender)
{
    struct sah_ad_remembered *at = place_of(adapter, sender);

    return strcmp(at->sender, sender) == 0 ? &at->conversation : NULL;
}

uint8_t sah_ad_direct_step(struct sah_adapter *adapter, const struct sah_incoming *incoming)
{
    static const struct sah_conversation nothing;
    const struct sah_conversation *known = sah_ad_recall(adapter, incoming->citizen.sender);
    struct sah_step *step = &adapter->step;
    unsigned bulk = 0;

    memset(step, 0, sizeof *step);
    sah_dialog_take(adapter->dialog, known != NULL ? known : &nothing, incoming, step);
    for (unsigned i = 0; i < step->n_submits; i++)
        bulk += step->submit_urgency[i] == SAH_URGENCY_BULK;
    if (bulk < step->n_submits)
        return 0;
    if (bulk > 0 || step->not_ours || known != NULL)
        return SAH_JOURNAL_CLASS_MAX;
    return SAH_JOURNAL_UNCLASSIFIED; /* perhaps it says more about an emergency we do not see */
}

static bool leaves(const struct sah_message *message, enum sah_urgency urgency)
{
    return urgency != SAH_URGENCY_BULK && message->kind != SAH_KIND_STATUS_QUERY;
}

static void send_submits(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                         struct sah_ad_kept *kept)
{
    struct sah_ad_submit submits[SAH_SUBMITS_MAX];
    struct sah_step *step = &adapter->step;
    bool request = false;
    unsigned n = 0;

    for (unsigned i = 0; i < step->n_submits; i++) {
        if (!leaves(&step->submits[i], step->submit_urgency[i]))
            continue;
        request = request || (step->submits[i].kind == SAH_KIND_REQUEST &&
                              sah_id_equal(&step->submits[i].id, &incoming->id));
        if (n != i) {
            step->submits[n] = step->submits[i];
            step->submit_urgency[n] = step->submit_urgency[i];
        }
        n++;
    }
    step->n_submits = n;
    n = sah_ad_submits_encode(adapter, incoming->citizen.sender, step, submits);
    if (request && kept != NULL) {
        kept->sent_request = true;
        sah_ad_journal_note(adapter, kept, SAH_AD_RECORD_SENT, 0, SAH_SLICE(""));
    }
    for (unsigned i = 0; i < n; i++) {
        char hex[SAH_ID_HEX_SIZE];

        sah_id_hex(&incoming->id, hex);
        (void)sah_format(submits[i].pid, sizeof submits[i].pid, "%s:%u", hex, i);
        submits[i].seq = ++adapter->direct_seq;
        if (sah_ad_flight_direct(adapter, &submits[i]) == SAH_OK)
            adapter->counts.direct++;
        free(submits[i].bytes);
    }
}

void sah_ad_direct_send(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                        struct sah_ad_kept *kept)
{
    struct sah_step *step = &adapter->step;

    sah_ad_remember(adapter, incoming->citizen.sender, &step->next);
    /* A Redis that works has this citizen's earlier messages to come: the replies are its. */
    for (unsigned i = 0; i < step->n_replies && !sah_ad_store_is_up(adapter); i++)
        if (step->replies[i].emergency)
            sah_ad_say(adapter, &step->replies[i], &incoming->id);
    send_submits(adapter, incoming, kept);
    if (kept != NULL)
        kept->looked = true;
}

/* Says that in the journal, so that after a restart it is not handed over from memory again. */
static void note_handed(struct sah_adapter *adapter, const struct sah_ad_flight *flight)
{
    struct sah_ad_kept *kept = sah_ad_journal_find(adapter, &flight->id);

    if (kept == NULL && !sah_id_is_zero(&adapter->submit.causation))
        kept = sah_ad_journal_find(adapter, &adapter->submit.causation);
    if (kept != NULL)
        sah_ad_journal_note(adapter, kept, SAH_JOURNAL_HANDED, 0, SAH_SLICE(""));
}

/* The journal has the message and brings it the ordinary way: what an answer means for the citizen
 * is settled there. Here only the name is learned. */
void sah_ad_direct_settle(struct sah_ad_flight *flight)
{
    struct sah_adapter *adapter = flight->adapter;
    struct sah_conversation *known = sah_ad_recall(adapter, flight->sender);

    if (sah_message_decode(flight->bytes, flight->len, &adapter->submit, NULL, 0) == SAH_OK &&
        sah_message_decode(flight->result, flight->result_len, &adapter->result, NULL, 0) ==
            SAH_OK &&
        flight->verdict == SAH_AD_VERDICT_ACCEPTED) {
        adapter->counts.direct_accepted++;
        memcpy(flight->named, adapter->result.request_id, sizeof flight->named);
        if (known != NULL)
            sah_dialog_accepted(&adapter->submit, &adapter->result, known);
        note_handed(adapter, flight);
    }
    sah_ad_flight_end(flight);
}

void sah_ad_direct_tell(struct sah_ad_flight *flight)
{
    static const struct sah_conversation nothing;
    struct sah_adapter *adapter = flight->adapter;
    const struct sah_conversation *known = sah_ad_recall(adapter, flight->sender);
    struct sah_step *step = &adapter->step;
    const struct sah_id *about = &flight->id;

    if (sah_message_decode(flight->bytes, flight->len, &adapter->submit, NULL, 0) != SAH_OK)
        return;
    flight->told = true;
    if (sah_ad_journal_find(adapter, about) == NULL &&
        !sah_id_is_zero(&adapter->submit.causation))
        about = &adapter->submit.causation;
    memset(step, 0, sizeof *step);
    sah_dialog_not_accepted(adapter->dialog, known != NULL ? known : &nothing,
                            &adapter->submit, NULL, sah_clock_wall_ms(), step);
    for (unsigned i = 0; i < step->n_replies; i++)
        sah_ad_say(adapter, &step->replies[i], about);
    if (step->n_replies > 0)
        adapter->counts.unconfirmed++;
}

static bool has_request(const struct sah_step *step, const struct sah_id *id)
{
    for (unsigned i = 0; i < step->n_submits; i++)
        if (step->submits[i].kind == SAH_KIND_REQUEST &&
            sah_id_equal(&step->submits[i].id, id))
            return true;
    return false;
}

/* From memory, without the conversation, this message became a new request, and the router has it
 * under this message's id. With the conversation it would become something else under the same
 * id: the older requests are hidden for this step and stand before the new one after it. */
void sah_ad_step_as_sent(struct sah_adapter *adapter, const struct sah_incoming *incoming)
{
    struct sah_conversation *was = &adapter->conversation;
    struct sah_step *step = &adapter->step;
    struct sah_conversation *alone = malloc(sizeof *alone);
    unsigned n;

    if (has_request(step, &incoming->id)) {
        free(alone);
        return;
    }
    SAH_ASSERT(alone != NULL);
    *alone = *was;
    alone->n_open = 0;
    alone->asking[0] = '\0';
    alone->drafting = false;
    memset(step, 0, sizeof *step);
    sah_dialog_take(adapter->dialog, alone, incoming, step);
    free(alone);
    n = was->n_open;
    if (n + step->next.n_open > SAH_OPEN_MAX)
        n = SAH_OPEN_MAX - step->next.n_open;
    memmove(step->next.open + n, step->next.open,
            step->next.n_open * sizeof step->next.open[0]);
    memcpy(step->next.open, was->open + (was->n_open - n), n * sizeof step->next.open[0]);
    step->next.n_open += n;
}
