/*
 * adapter_journal - where a message lies while our Redis is away, and its way back.
 *
 * Owns:    the journal, an index of what is open in it by id and by citizen, the drain.
 * Used by: adapter_job.c when Redis cannot take a message; adapter.c each second.
 * Never:   lets a message go before Redis has committed it; drains two messages of one citizen
 * in another order than they came.
 *
 *   RECEIVED (synced) --> 200          SENT: it left from memory as a new request
 *   TOLD: a reply left from memory     WORSE: raised, something worse of the citizen follows
 *   HANDED: a router has it            CLOSED: Redis has committed it
 *
 * (I1) `done` runs after the sync of RECEIVED. (I4) An entry is open until Redis has its message.
 * (I7) The worst come back first; a booking waits behind every emergency, and above the soft
 * mark none is taken. The order of one citizen holds because whoever has a message here has the
 * next one put here too, and because an older one rises to the class of a worse one behind it.
 */
#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>
#include <sahaya/digest.h>

#include "adapter_priv.h"

#define TICK_MS        100
#define AGAIN_MS       1000
#define AGAIN_MOST_MS  60000
#define LOOK_AFTER_MS  1000 /* Redis is away for so long: entries of an earlier life leave too */
#define LOOK_AT_ONCE   32
#define PAYLOAD_MAX    SAH_JOURNAL_PAYLOAD_MAX
#define PIECE_MAX      (60 * 1024)
#define CLASS_URGENT   0
#define CLASS_BULK     SAH_JOURNAL_CLASS_MAX
#define KIND_MESSAGE   'm' /* the payload's first byte */
#define KIND_PIECE     'q'
#define KIND_NEWS      'n' /* an event that is told from memory: its TOLD records are all of it */

static int append(struct sah_adapter *adapter, const struct sah_ad_kept *kept, uint8_t type,
                  uint8_t part, struct sah_slice payload, sah_journal_done_fn *fn, void *data)
{
    const struct sah_journal_record record = {.type = type,
                                              .part = part,
                                              .class_ = kept->class_,
                                              .id = kept->id,
                                              .received_ms = sah_clock_wall_ms(),
                                              .payload = payload};

    return sah_journal_append(adapter->journal.journal, &record, type == SAH_JOURNAL_RECEIVED,
                              fn, data);
}

void sah_ad_journal_note(struct sah_adapter *adapter, struct sah_ad_kept *kept, uint8_t type,
                         uint8_t part, struct sah_slice payload)
{
    if (adapter->journal.journal != NULL && !kept->writing &&
        append(adapter, kept, type, part, payload, NULL, NULL) != SAH_OK)
        sah_debug(adapter->log, "event=journal.note err=lost"); /* to do it again is harmless */
}

/* What this citizen wrote before comes back before this one: it rises to its class. */
static void raise_older(struct sah_adapter *adapter, const struct sah_ad_kept *worse)
{
    struct sah_ad_kept *kept = adapter->journal.by_sender[worse->sender % SAH_AD_KEPT_SLOTS];

    for (; kept != NULL; kept = kept->sender_next) {
        if (kept == worse || kept->sender != worse->sender || kept->class_ == CLASS_URGENT)
            continue;
        kept->class_ = CLASS_URGENT;
        sah_ad_journal_note(adapter, kept, SAH_AD_RECORD_WORSE, 0, SAH_SLICE(""));
    }
}

/* Putting in ---------------------------------------------------------------------------------
 */

struct put { /* one RECEIVED on its way to the disk */
    struct sah_adapter *adapter;
    struct sah_ad_kept *kept;
    struct sah_ad_job *job; /* or */
    sah_taken_fn *done;
    void *data;
};

static void on_put(void *data, int err)
{
    struct put put = *(struct put *)data;
    struct sah_adapter *adapter = put.adapter;

    free(data);
    if (err == SAH_OK) {
        adapter->counts.journaled++;
        put.kept->busy = put.kept->writing = false;
        if (put.kept->sent_request)
            sah_ad_journal_note(adapter, put.kept, SAH_AD_RECORD_SENT, 0, SAH_SLICE(""));
        if (put.kept->class_ == CLASS_URGENT)
            raise_older(adapter, put.kept);
    } else {
        adapter->counts.journal_failed++;
        sah_ad_kept_free(adapter, put.kept);
    }
    if (adapter->closing)
        return; /* whoever waits is told that it ended */
    if (put.job != NULL)
        sah_ad_job_journaled(put.job, err == SAH_OK ? SAH_OK : SAH_EAGAIN);
    else if (put.done != NULL)
        put.done(put.data, err == SAH_OK ? SAH_OK : SAH_EAGAIN);
    sah_ad_says_wake(adapter);
    sah_ad_journal_wake(adapter);
}

static int put_in(struct put *put, const struct sah_id *id, uint64_t sender, uint8_t class_,
                  struct sah_slice payload)
{
    struct sah_adapter *adapter = put->adapter;
    int err;

    if (sah_journal_is_open(adapter->journal.journal, id))
        return SAH_EEXIST;
    if (sah_ad_journal_find(adapter, id) != NULL)
        return SAH_EAGAIN; /* the same is being written: not there yet (I1), and one place is enough */
    put->kept = sah_ad_kept_make(adapter, id, sender, class_);
    if (put->kept == NULL)
        return SAH_ENOMEM;
    put->kept->busy = put->kept->writing = true;
    err = append(adapter, put->kept, SAH_JOURNAL_RECEIVED, 0, payload, on_put, put);
    if (err != SAH_OK) {
        adapter->counts.journal_refused += err != SAH_EEXIST;
        sah_ad_kept_free(adapter, put->kept);
        put->kept = NULL;
    }
    return err;
}

int sah_ad_journal_put(struct sah_ad_job *job)
{
    struct sah_adapter *adapter = job->adapter;
    const struct sah_incoming *in = job->incoming;
    struct put *put;
    struct sah_buf buf;
    uint8_t class_;
    int err;

    if (adapter->journal.journal == NULL)
        return SAH_EAGAIN;
    class_ = sah_ad_direct_step(adapter, in);
    if (job->beside && class_ == CLASS_BULK)
        class_ = SAH_JOURNAL_UNCLASSIFIED; /* so that its delivery can be answered */
    put = calloc(1, sizeof *put);
    if (put == NULL)
        return SAH_ENOMEM;
    *put = (struct put){.adapter = adapter, .job = job};
    sah_buf_init(&buf, PAYLOAD_MAX);
    sah_buf_add(&buf, &(char){KIND_MESSAGE}, 1);
    err = sah_incoming_encode(in, &buf);
    if (err == SAH_OK)
        err = put_in(put, &in->id, sah_ad_kept_sender(adapter, in->citizen.sender), class_,
                     (struct sah_slice){buf.data, buf.len});
    sah_buf_fini(&buf);
    /* Also when the journal is full: what may be an emergency leaves, whoever keeps it. */
    if (err == SAH_OK || (err != SAH_EEXIST && class_ == CLASS_URGENT))
        sah_ad_direct_send(adapter, in, put->kept);
    if (err != SAH_OK)
        free(put);
    return err;
}

int sah_ad_journal_put_piece(struct sah_adapter *adapter, const char *why, const void *bytes,
                             size_t len, sah_taken_fn *done, void *data)
{
    struct put *put;
    struct sah_buf buf;
    struct sah_id id;
    int err;

    if (adapter->journal.journal == NULL)
        return SAH_EAGAIN;
    put = calloc(1, sizeof *put);
    if (put == NULL)
        return SAH_ENOMEM;
    *put = (struct put){.adapter = adapter, .done = done, .data = data};
    sah_buf_init(&buf, PAYLOAD_MAX);
    sah_buf_add(&buf, &(char){KIND_PIECE}, 1);
    sah_buf_add(&buf, why, strlen(why) + 1);
    sah_buf_add(&buf, bytes, len < PIECE_MAX ? len : PIECE_MAX);
    err = buf.failed ? SAH_ENOMEM : sah_digest_id(&(struct sah_slice){bytes, len}, 1, &id);
    if (err == SAH_OK)
        err = put_in(put, &id, sah_ad_kept_nobody(&id), SAH_JOURNAL_UNCLASSIFIED,
                     (struct sah_slice){buf.data, buf.len});
    sah_buf_fini(&buf);
    if (err != SAH_OK)
        free(put);
    return err;
}

int sah_ad_journal_put_news(struct sah_adapter *adapter, const struct sah_id *id)
{
    const char payload[] = {KIND_NEWS, '1'};
    struct put *put;
    int err;

    if (adapter->journal.journal == NULL)
        return SAH_EAGAIN;
    put = calloc(1, sizeof *put);
    if (put == NULL)
        return SAH_ENOMEM;
    *put = (struct put){.adapter = adapter};
    err = put_in(put, id, sah_ad_kept_nobody(id), SAH_JOURNAL_UNCLASSIFIED,
                 (struct sah_slice){payload, sizeof payload});
    if (err != SAH_OK)
        free(put);
    return err;
}

/* The way back ------------------------------------------------------------------------------- */

static void kept_later(struct sah_adapter *adapter, struct sah_ad_kept *kept)
{
    uint64_t ms = AGAIN_MS;

    for (unsigned i = 0; i < kept->failures && ms < AGAIN_MOST_MS; i++)
        ms *= 2;
    kept->failures++;
    kept->busy = false;
    kept->after_ms =
        sah_loop_now_ms(adapter->loop) + (ms < AGAIN_MOST_MS ? ms : AGAIN_MOST_MS);
}

/* Redis has it: the entry closes. A CLOSED that is lost is written again after a restart. */
static void kept_close(struct sah_adapter *adapter, struct sah_ad_kept *kept)
{
    adapter->counts.drained++;
    sah_ad_journal_note(adapter, kept, SAH_JOURNAL_CLOSED, 0, SAH_SLICE(""));
    sah_ad_kept_free(adapter, kept);
}

void sah_ad_journal_drained(struct sah_adapter *adapter, struct sah_ad_kept *kept, int err)
{
    adapter->journal.draining--;
    if (adapter->closing)
        return;
    if (err != SAH_OK)
        kept_later(adapter, kept);
    else
        kept_close(adapter, kept);
    sah_timer_start(adapter->journal.timer, err == SAH_OK ? 0 : TICK_MS);
}

struct piece { /* a quarantined piece on its way to Redis */
    struct sah_adapter *adapter;
    struct sah_ad_kept *kept;
};

static void on_piece(void *data, int err, const redisReply *reply)
{
    struct piece piece = *(struct piece *)data;

    free(data);
    if (!piece.adapter->closing)
        sah_ad_journal_drained(piece.adapter, piece.kept, sah_ad_answer(err, reply, 1));
}

static int drain_piece(struct sah_adapter *adapter, struct sah_ad_kept *kept,
                       const struct sah_buf *buf)
{
    const char *why = (const char *)buf->data + 1;
    const char *end = memchr(why, '\0', buf->len - 1);
    struct piece *piece;
    int err;

    if (end == NULL)
        return SAH_EINVAL;
    piece = malloc(sizeof *piece);
    if (piece == NULL)
        return SAH_ENOMEM;
    *piece = (struct piece){adapter, kept};
    err = sah_ad_store_quarantine(&adapter->store, why, end + 1,
                                  buf->len - (size_t)(end + 1 - (const char *)buf->data),
                                  on_piece, piece);
    if (err != SAH_OK)
        free(piece);
    return err;
}

/* Into `buf`, and the citizen's message into journal.incoming. */
static int read_entry(struct sah_adapter *adapter, const struct sah_id *id, struct sah_buf *buf)
{
    struct sah_ad_journal *j = &adapter->journal;
    int err = sah_journal_read(j->journal, id, SAH_JOURNAL_RECEIVED, 0, buf);
    const char *bytes = buf->data;

    if (err != SAH_OK)
        return err;
    if (buf->len > 1 && (bytes[0] == KIND_PIECE || bytes[0] == KIND_NEWS))
        return SAH_OK;
    if (buf->len < 2 || bytes[0] != KIND_MESSAGE)
        return SAH_EINVAL;
    return sah_incoming_decode(bytes + 1, buf->len - 1, &j->incoming);
}

static char kind_of(const struct sah_buf *buf)
{
    return ((const char *)buf->data)[0];
}

static void cannot_read(struct sah_adapter *adapter, struct sah_ad_kept *kept, int err)
{
    char hex[SAH_ID_HEX_SIZE];

    sah_id_hex(&kept->id, hex);
    if (kept->failures == 0) {
        adapter->counts.journal_broken++;
        sah_error(adapter->log, "event=journal.broken message=%s err=\"%s\"", hex,
                  sah_strerror(err));
    }
    kept_later(adapter, kept);
}

/* Replies that went out from memory are marked as sent before the step that would send them. */
static void tell_store(struct sah_adapter *adapter, const struct sah_journal_entry *entry)
{
    struct sah_buf key;

    sah_buf_init(&key, 256);
    for (size_t i = 0; i < entry->n_parts; i++) {
        if (entry->parts[i].type != SAH_AD_RECORD_TOLD)
            continue;
        sah_buf_clear(&key);
        if (sah_journal_read(adapter->journal.journal, &entry->id, SAH_AD_RECORD_TOLD,
                             entry->parts[i].part, &key) == SAH_OK &&
            key.len > 0 &&
            sah_ad_store_told(&adapter->store, (struct sah_slice){key.data, key.len}) != SAH_OK)
            sah_debug(adapter->log, "event=journal.told err=skipped");
    }
    sah_buf_fini(&key);
}

static bool has_part(const struct sah_journal_entry *entry, uint8_t type)
{
    for (size_t i = 0; i < entry->n_parts; i++)
        if (entry->parts[i].type == type)
            return true;
    return false;
}

/* The entry's node; one of an earlier life gets its own now. NULL: it cannot be read. */
static struct sah_ad_kept *kept_of(struct sah_adapter *adapter,
                                   const struct sah_journal_entry *entry, struct sah_buf *buf,
                                   int *ret_err)
{
    struct sah_ad_kept *kept = sah_ad_journal_find(adapter, &entry->id);
    uint64_t sender = sah_ad_kept_nobody(&entry->id);

    *ret_err = read_entry(adapter, &entry->id, buf);
    if (kept != NULL)
        return kept;
    if (*ret_err == SAH_OK && kind_of(buf) == KIND_MESSAGE)
        sender = sah_ad_kept_sender(adapter, adapter->journal.incoming.citizen.sender);
    kept = sah_ad_kept_make(adapter, &entry->id, sender, entry->class_);
    if (kept != NULL && has_part(entry, SAH_AD_RECORD_SENT))
        kept->sent_request = true;
    if (kept != NULL && kept->class_ == CLASS_URGENT)
        raise_older(adapter, kept);
    return kept;
}

static bool may_go(struct sah_adapter *adapter, const struct sah_journal_entry *entry)
{
    const struct sah_ad_kept *kept = sah_ad_journal_find(adapter, &entry->id);

    return kept == NULL || (!kept->busy && kept->saying == 0 &&
                            kept->after_ms <= sah_loop_now_ms(adapter->loop));
}

static bool drain_one(void *data, const struct sah_journal_entry *entry)
{
    struct sah_adapter *adapter = data;
    struct sah_ad_kept *kept;
    struct sah_buf buf;
    int err;

    if (adapter->journal.draining >= SAH_AD_DRAIN_MAX)
        return false;
    if (entry->class_ == CLASS_BULK && sah_ad_link_up(sah_ad_link_of(adapter, SAH_LANE_BULK)) &&
        adapter->flights.n[sah_ad_lane_index(SAH_LANE_BULK)] + adapter->journal.draining >=
            SAH_AD_DRAIN_BULK_MAX)
        return false; /* the last class: no faster than their router takes them */
    if (!may_go(adapter, entry)) {
        if (sah_ad_journal_find(adapter, &entry->id)->saying > 0)
            sah_ad_unsay(adapter, &entry->id); /* the ordinary way sends it */
        return true;
    }
    sah_buf_init(&buf, PAYLOAD_MAX);
    kept = kept_of(adapter, entry, &buf, &err);
    if (kept == NULL) {
        sah_buf_fini(&buf);
        return false;
    }
    kept->busy = true;
    adapter->journal.draining++;
    if (err == SAH_OK && kind_of(&buf) == KIND_PIECE) {
        err = drain_piece(adapter, kept, &buf);
    } else if (err == SAH_OK) {
        tell_store(adapter, entry);
    }
    if (err == SAH_OK && kind_of(&buf) == KIND_NEWS) {
        sah_ad_journal_drained(adapter, kept, SAH_OK);
    } else if (err == SAH_OK && kind_of(&buf) == KIND_MESSAGE) {
        sah_ad_job_kept(adapter, &adapter->journal.incoming, kept);
    }
    if (err != SAH_OK) {
        adapter->journal.draining--;
        cannot_read(adapter, kept, err);
    }
    sah_buf_fini(&buf);
    return true;
}

struct look {
    struct sah_adapter *adapter;
    unsigned n;
};

/* Redis is away, and this is of an earlier life: what may be an emergency leaves from memory. */
static bool look_one(void *data, const struct sah_journal_entry *entry)
{
    struct look *look = data;
    struct sah_adapter *adapter = look->adapter;
    struct sah_ad_kept *kept = sah_ad_journal_find(adapter, &entry->id);
    struct sah_buf buf;
    int err;

    if (kept != NULL)
        return true;
    if (look->n++ >= LOOK_AT_ONCE ||
        adapter->flights.n[sah_ad_lane_index(SAH_LANE_EMERGENCY)] + SAH_SUBMITS_MAX >= SAH_AD_FLIGHTS_MAX)
        return false; /* no place to leave from: looked at when there is one */
    sah_buf_init(&buf, PAYLOAD_MAX);
    kept = kept_of(adapter, entry, &buf, &err);
    if (kept != NULL && err == SAH_OK && kind_of(&buf) == KIND_MESSAGE && kept->class_ != CLASS_BULK) {
        (void)sah_ad_direct_step(adapter, &adapter->journal.incoming);
        if (!has_part(entry, SAH_JOURNAL_HANDED))
            sah_ad_direct_send(adapter, &adapter->journal.incoming, kept);
    }
    sah_buf_fini(&buf);
    return kept != NULL;
}

static void on_timer(void *data)
{
    struct sah_adapter *adapter = data;
    struct sah_ad_journal *j = &adapter->journal;
    struct sah_journal_stats stats;

    sah_journal_stats(j->journal, &stats);
    if (stats.open == 0)
        return;
    if (sah_ad_store_is_up(adapter))
        sah_journal_each(j->journal, drain_one, adapter);
    else if (adapter->down_ms != 0 && j->n < stats.open &&
             sah_loop_now_ms(adapter->loop) - adapter->down_ms >= LOOK_AFTER_MS)
        sah_journal_each(j->journal, look_one, &(struct look){adapter, 0});
    if (!sah_timer_active(j->timer))
        sah_timer_start(j->timer, TICK_MS);
}

void sah_ad_journal_wake(struct sah_adapter *adapter)
{
    if (adapter->journal.journal != NULL && !sah_timer_active(adapter->journal.timer))
        sah_timer_start(adapter->journal.timer, 0);
}

/* Again each second: a folder that another process still holds, a disk that comes back. */
static int journal_open(struct sah_adapter *adapter)
{
    struct sah_ad_journal *j = &adapter->journal;
    char why[SAH_JOURNAL_WHY_SIZE] = "";
    int err = sah_journal_create(adapter->loop, &j->settings, why, &j->journal);

    if (err == SAH_OK) {
        sah_info(adapter->log, "event=journal.open");
        sah_ad_journal_wake(adapter);
    } else if (strcmp(why, j->trouble) != 0) {
        sah_error(adapter->log, "event=journal.closed why=\"%s\"", why);
    }
    memcpy(j->trouble, why, sizeof j->trouble);
    return err;
}

void sah_ad_journal_second(struct sah_adapter *adapter)
{
    struct sah_ad_journal *j = &adapter->journal;

    if (j->journal == NULL) {
        if (j->settings.key_file != NULL && journal_open(adapter) != SAH_OK)
            j->troubles++;
        return;
    }
    sah_journal_trim(j->journal, sah_clock_wall_ms());
    sah_ad_journal_wake(adapter);
}

/* Without a journal the adapter works and says that it is not ready. */
int sah_ad_journal_init(struct sah_adapter *adapter, const struct sah_journal_settings *settings)
{
    struct sah_ad_journal *j = &adapter->journal;
    int err = sah_timer_create(adapter->loop, on_timer, adapter, &j->timer);

    if (err != SAH_OK || settings == NULL)
        return err;
    j->settings = *settings;
    j->folder = strdup(settings->folder != NULL ? settings->folder : "");
    j->key_file = strdup(settings->key_file != NULL ? settings->key_file : "");
    if (j->folder == NULL || j->key_file == NULL)
        return SAH_ENOMEM;
    j->settings.folder = j->folder;
    j->settings.key_file = j->key_file;
    if (journal_open(adapter) != SAH_OK)
        j->troubles++;
    return SAH_OK;
}

void sah_ad_journal_fini(struct sah_adapter *adapter)
{
    struct sah_ad_journal *j = &adapter->journal;

    sah_timer_destroy(j->timer);
    j->timer = NULL;
    sah_journal_destroy(j->journal);
    j->journal = NULL;
    for (size_t i = 0; i < SAH_AD_KEPT_SLOTS; i++)
        while (j->by_id[i] != NULL)
            sah_ad_kept_free(adapter, j->by_id[i]);
    free(j->folder);
    free(j->key_file);
    j->folder = j->key_file = NULL;
}
