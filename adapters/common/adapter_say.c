/*
 * adapter_say - emergency replies that leave from memory while our Redis is away.
 *
 * Owns:    these replies until the channel has them, the message goes its ordinary way, or this
 *          process ends (then the journal brings them again).
 * Used by: adapter_direct.c, adapter_news.c; adapter_journal.c takes back what was not sent.
 * Never:   sends a booking's reply, or more at a time than the channel allows. Each goes under
 *          the key that it has in the outbox; the journal notes it, and it is sent once.
 */
#include <stdlib.h>
#include <string.h>

#include "adapter_priv.h"

#define SAY_MAGIC     0x5ad5a101u
#define AGAIN_MS      1000
#define AGAIN_MOST_MS 15000

struct sah_ad_say {
    uint32_t magic;
    struct sah_adapter *adapter;
    struct sah_ad_say *next;
    struct sah_id message;
    bool sending, forgotten;
    unsigned tries;
    uint64_t after_ms;
    struct sah_reply reply;
};

static void pump(struct sah_adapter *adapter);

static void say_free(struct sah_ad_say *say)
{
    struct sah_adapter *adapter = say->adapter;
    struct sah_ad_say **at = &adapter->says.first;
    struct sah_ad_kept *kept = sah_ad_journal_find(adapter, &say->message);

    while (*at != say)
        at = &(*at)->next;
    *at = say->next;
    adapter->says.n--;
    if (kept != NULL && kept->saying > 0)
        kept->saying--;
    say->magic = 0;
    free(say);
}

static void note_said(const struct sah_ad_say *say)
{
    struct sah_adapter *adapter = say->adapter;
    struct sah_ad_kept *kept = sah_ad_journal_find(adapter, &say->message);

    adapter->counts.said++;
    sah_ad_news_said(adapter, &say->message);
    if (kept != NULL)
        sah_ad_journal_note(adapter, kept, SAH_AD_RECORD_TOLD, kept->n_told++,
                            sah_slice_of(say->reply.key));
    else if (sah_ad_store_is_up(adapter) && /* Redis knows the message, so it says so there */
             sah_ad_store_told(&adapter->store, sah_slice_of(say->reply.key)) != SAH_OK)
        sah_debug(adapter->log, "event=told err=skipped");
}

static uint64_t wait_of(const struct sah_ad_say *say, uint32_t retry_ms)
{
    uint64_t ms = retry_ms > 0 ? retry_ms : AGAIN_MS;

    for (unsigned i = 1; i < say->tries && ms < AGAIN_MOST_MS && retry_ms == 0; i++)
        ms *= 2;
    return ms < AGAIN_MOST_MS ? ms : AGAIN_MOST_MS;
}

static void on_sent(void *data, const struct sah_sent *sent)
{
    struct sah_ad_say *say = data;
    struct sah_adapter *adapter;

    SAH_CHECK(say, SAY_MAGIC);
    adapter = say->adapter;
    adapter->says.in_flight--;
    say->sending = false;
    if (sent->code == SAH_SENT_DONE)
        note_said(say);
    if (sent->code == SAH_SENT_DEAD)
        sah_error(adapter->log, "event=reply.dead code=%d", sent->error_code);
    if (sent->code == SAH_SENT_DONE || sent->code == SAH_SENT_DEAD || say->forgotten) {
        say_free(say);
    } else {
        say->tries++;
        say->after_ms = sah_loop_now_ms(adapter->loop) + wait_of(say, sent->retry_ms);
    }
    sah_ad_journal_wake(adapter);
    pump(adapter);
}

static bool may_send(const struct sah_adapter *adapter)
{
    return adapter->says.in_flight + adapter->outbox.in_flight < adapter->channel.send_max;
}

/* That it was sent is noted beside its message: that one first. */
static bool is_being_written(const struct sah_ad_say *say)
{
    const struct sah_ad_kept *kept = sah_ad_journal_find(say->adapter, &say->message);

    return kept != NULL && kept->writing;
}

/* A citizen hears things in their order, as from the outbox. */
static bool is_behind(const struct sah_ad_say *say)
{
    const struct sah_ad_say *before = say->adapter->says.first;

    for (; before != say; before = before->next)
        if (strcmp(before->reply.sender, say->reply.sender) == 0)
            return true;
    return false;
}

static void send_one(struct sah_ad_say *say)
{
    struct sah_adapter *adapter = say->adapter;

    say->sending = true;
    adapter->says.in_flight++;
    if (adapter->channel.send(adapter->channel.data, &say->reply, on_sent, say) == SAH_OK)
        return;
    say->sending = false; /* it will not call back */
    adapter->says.in_flight--;
    say->after_ms = sah_loop_now_ms(adapter->loop) + AGAIN_MS;
}

static void pump(struct sah_adapter *adapter)
{
    uint64_t now_ms = sah_loop_now_ms(adapter->loop);
    struct sah_ad_say *say = adapter->says.first;

    for (; say != NULL && may_send(adapter); say = say->next)
        if (!say->sending && say->after_ms <= now_ms && !is_being_written(say) && !is_behind(say))
            send_one(say);
    if (adapter->says.first != NULL)
        sah_timer_start(adapter->says.timer, AGAIN_MS / 4);
}

static void on_timer(void *data)
{
    pump(data);
}

void sah_ad_say(struct sah_adapter *adapter, const struct sah_reply *reply,
                const struct sah_id *message)
{
    struct sah_ad_says *says = &adapter->says;
    struct sah_ad_kept *kept = sah_ad_journal_find(adapter, message);
    struct sah_ad_say **at = &says->first;
    struct sah_ad_say *say;

    for (; *at != NULL; at = &(*at)->next)
        if (strcmp((*at)->reply.key, reply->key) == 0)
            return;
    say = says->n < SAH_AD_SAY_MAX ? calloc(1, sizeof *say) : NULL;
    if (say == NULL) {
        adapter->counts.unsaid++;
        return;
    }
    say->magic = SAY_MAGIC;
    say->adapter = adapter;
    say->message = *message;
    say->reply = *reply;
    *at = say;
    says->n++;
    if (kept != NULL)
        kept->saying++;
    sah_timer_start(says->timer, 0); /* not from inside: the channel may be slow to say no */
}

bool sah_ad_is_saying(const struct sah_adapter *adapter, const struct sah_id *message)
{
    for (const struct sah_ad_say *say = adapter->says.first; say != NULL; say = say->next)
        if (sah_id_equal(&say->message, message))
            return true;
    return false;
}

void sah_ad_says_wake(struct sah_adapter *adapter)
{
    if (adapter->says.first != NULL)
        sah_timer_start(adapter->says.timer, 0);
}

void sah_ad_unsay(struct sah_adapter *adapter, const struct sah_id *message)
{
    struct sah_ad_say *say = adapter->says.first, *next;

    for (; say != NULL; say = next) {
        next = say->next;
        if (!sah_id_equal(&say->message, message))
            continue;
        if (say->sending)
            say->forgotten = true; /* its answer says whether it is marked as sent */
        else
            say_free(say);
    }
}

int sah_ad_says_init(struct sah_adapter *adapter)
{
    return sah_timer_create(adapter->loop, on_timer, adapter, &adapter->says.timer);
}

void sah_ad_says_fini(struct sah_adapter *adapter)
{
    sah_timer_destroy(adapter->says.timer);
    adapter->says.timer = NULL;
    while (adapter->says.first != NULL)
        say_free(adapter->says.first);
}
