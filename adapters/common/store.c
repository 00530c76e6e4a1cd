/*
 * store - the adapter's Redis calls about conversations, submits and quarantine.
 *
 * Owns:    the Redis link; builds the argument lists of adapter.lua and reads its answers.
 * Used by: adapter_job.c, adapter_settle.c, adapter_recover.c, adapter.c.
 * Never:   keeps a state of its own, so a restart loses nothing.
 */
#include <inttypes.h>
#include <string.h>

#include <sahaya/clock.h>
#include <sahaya/digest.h>

#include "adapter_store_args.h"

#define JSON_MAX        (256 * 1024) /* a conversation and four replies are far below */
#define DEADLINE_MS     1000
#define QUARANTINE_MAX  (64 * 1024) /* bytes kept of one piece */
#define PENDING_AT_ONCE 100

extern const unsigned char sah_ad_functions[]; /* adapter.lua, put in at build time */
extern const size_t sah_ad_functions_len;

int sah_ad_store_init(struct sah_ad_store *store, struct sah_loop *loop,
                      const char *socket_path, const char *channel,
                      void (*on_state)(void *data, enum sah_redis_state state),
                      void (*on_condition)(void *data, enum sah_redis_condition was), void *data)
{
    struct sah_redis_settings settings = {
        .socket_path = socket_path,
        .function_name = SAH_AD_FUNCTIONS,
        .function_code = (const char *)sah_ad_functions,
        .function_code_len = sah_ad_functions_len,
        .deadline_ms = DEADLINE_MS,
        .probe_function = SAH_AD_PROBE,
        .on_state = on_state,
        .on_condition = on_condition,
        .data = data,
    };
    int err;

    /* One partition of citizens today; the tag is in the keys from the first day. */
    err = sah_format(store->base, sizeof store->base, "ch:%s:{p00}:", channel);
    if (err != SAH_OK)
        return err;
    sah_buf_init(&store->json, JSON_MAX);
    return sah_redis_create(loop, &settings, &store->redis);
}

void sah_ad_store_fini(struct sah_ad_store *store)
{
    sah_redis_destroy(store->redis);
    store->redis = NULL;
    sah_buf_fini(&store->json);
}

void sah_ad_args_start(struct sah_ad_args *args, struct sah_ad_store *store,
                       const char *function)
{
    args->n = args->n_numbers = 0;
    sah_ad_args_add(args, SAH_SLICE("FCALL"));
    sah_ad_args_add(args, sah_slice_of(function));
    sah_ad_args_add(args, SAH_SLICE("1"));
    sah_ad_args_add(args, sah_slice_of(store->base));
}

void sah_ad_args_add(struct sah_ad_args *args, struct sah_slice value)
{
    SAH_ASSERT(args->n < SAH_LEN(args->v));
    args->v[args->n++] = value;
}

void sah_ad_args_number(struct sah_ad_args *args, int64_t value)
{
    char *text;

    SAH_ASSERT(args->n_numbers < SAH_LEN(args->numbers));
    text = args->numbers[args->n_numbers++];
    (void)sah_format(text, sizeof args->numbers[0], "%" PRId64, value);
    sah_ad_args_add(args, sah_slice_of(text));
}

int sah_ad_args_call(struct sah_ad_args *args, struct sah_ad_store *store,
                     sah_redis_reply_fn *fn, void *data)
{
    return sah_redis_call(store->redis, 0, args->v, args->n, fn, data);
}

int sah_ad_store_load(struct sah_ad_store *store, const char *sender, const char *gate,
                      sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_load");
    sah_ad_args_add(&args, sah_slice_of(sender));
    sah_ad_args_add(&args, sah_slice_of(gate));
    return sah_ad_args_call(&args, store, fn, data);
}

static const char *lane_letter(enum sah_lane lane)
{
    return lane == SAH_LANE_BULK ? "b" : "e";
}

/* Encodes behind what is in the scratch; the pieces are cut out when it no longer moves. */
static int encode_all(struct sah_ad_store *store, const struct sah_ad_change *change,
                      size_t ends[SAH_REPLIES_MAX + 1])
{
    int err = SAH_OK;

    SAH_ASSERT(change->n_replies <= SAH_REPLIES_MAX && change->n_submits <= SAH_SUBMITS_MAX);
    sah_buf_clear(&store->json);
    if (change->conversation != NULL)
        err = sah_conversation_encode(change->conversation, &store->json);
    ends[0] = store->json.len;
    for (unsigned i = 0; err == SAH_OK && i < change->n_replies; i++) {
        err = sah_reply_encode(&change->replies[i], &store->json);
        ends[i + 1] = store->json.len;
    }
    if (err == SAH_OK && store->json.failed)
        err = SAH_ELIMIT;
    return err;
}

int sah_ad_store_change(struct sah_ad_store *store, const struct sah_ad_change *change,
                        sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;
    size_t ends[SAH_REPLIES_MAX + 1];
    int err = encode_all(store, change, ends);

    if (err != SAH_OK)
        return err;
    sah_ad_args_start(&args, store, change->function);
    sah_ad_args_add(&args, sah_slice_of(change->gate));
    sah_ad_args_add(&args, sah_slice_of(change->sender));
    sah_ad_args_number(&args, (int64_t)change->revision);
    sah_ad_args_add(&args, (struct sah_slice){store->json.data, ends[0]});
    sah_ad_args_number(&args, change->n_replies);
    for (unsigned i = 0; i < change->n_replies; i++) {
        const struct sah_reply *reply = &change->replies[i];

        sah_ad_args_add(&args, sah_slice_of(reply->key));
        sah_ad_args_add(&args, reply->emergency ? SAH_SLICE("e") : SAH_SLICE("b"));
        sah_ad_args_add(&args, sah_slice_of(reply->sender));
        sah_ad_args_add(&args, sah_slice_of(reply->account));
        sah_ad_args_add(&args, sah_slice_of(reply->supersedes));
        sah_ad_args_add(&args,
                        (struct sah_slice){store->json.data + ends[i], ends[i + 1] - ends[i]});
    }
    sah_ad_args_number(&args, change->n_submits);
    for (unsigned i = 0; i < change->n_submits; i++) {
        sah_ad_args_add(&args, sah_slice_of(lane_letter(change->submits[i].lane)));
        sah_ad_args_add(&args,
                        (struct sah_slice){change->submits[i].bytes, change->submits[i].len});
    }
    if (change->final != NULL)
        sah_ad_args_add(&args, sah_slice_of(change->final));
    if (change->handed != NULL) {
        sah_ad_args_add(&args, sah_slice_of(change->handed));
        sah_ad_args_add(&args, sah_slice_of(change->run));
        sah_ad_args_number(&args, (int64_t)change->accept_seq);
        sah_ad_args_add(&args, sah_slice_of(lane_letter(change->lane)));
    }
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_relane(struct sah_ad_store *store, const char *pid, enum sah_lane lane,
                        sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_relane");
    sah_ad_args_add(&args, sah_slice_of(pid));
    sah_ad_args_add(&args, sah_slice_of(lane_letter(lane)));
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_pending(struct sah_ad_store *store, enum sah_lane lane, uint64_t after,
                         uint32_t least_age_ms, sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_pending");
    sah_ad_args_add(&args, sah_slice_of(lane_letter(lane)));
    sah_ad_args_number(&args, (int64_t)after);
    sah_ad_args_number(&args, PENDING_AT_ONCE);
    sah_ad_args_number(&args, least_age_ms);
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_rehand(struct sah_ad_store *store, enum sah_lane lane, const char *run,
                        unsigned requests, uint32_t wait_ms, sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_rehand");
    sah_ad_args_add(&args, sah_slice_of(lane_letter(lane)));
    sah_ad_args_add(&args, sah_slice_of(run));
    sah_ad_args_number(&args, requests);
    sah_ad_args_number(&args, wait_ms);
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_rehand_one(struct sah_ad_store *store, const char *request_id,
                            enum sah_lane lane, const char *run, sah_redis_reply_fn *fn,
                            void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_rehand_one");
    sah_ad_args_add(&args, sah_slice_of(request_id));
    sah_ad_args_add(&args, sah_slice_of(lane_letter(lane)));
    sah_ad_args_add(&args, sah_slice_of(run));
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_trim_handed(struct sah_ad_store *store, unsigned requests, uint32_t most_records)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_trim_handed");
    sah_ad_args_number(&args, requests);
    sah_ad_args_number(&args, most_records);
    return sah_ad_args_call(&args, store, NULL, NULL);
}

/* {"at_ms":...,"why":"...","len":...,"bytes":"<base64>"}; `why` is ours or a decoder's, kept
 * plain. */
int sah_ad_store_quarantine(struct sah_ad_store *store, const char *why, const void *bytes,
                            size_t len, sah_redis_reply_fn *fn, void *data)
{
    size_t kept = len < QUARANTINE_MAX ? len : QUARANTINE_MAX;
    SAH_AUTOFREE char *text = malloc(4 * ((kept + 2) / 3) + 1);
    struct sah_ad_args args;

    if (text == NULL)
        return SAH_ENOMEM;
    sah_base64(text, bytes, kept);
    sah_buf_clear(&store->json);
    sah_buf_addf(&store->json, "{\"at_ms\":%" PRId64 ",\"why\":\"", sah_clock_wall_ms());
    for (size_t i = 0; why[i] != '\0' && i < 200; i++) {
        bool plain = why[i] >= ' ' && why[i] < 127 && why[i] != '"' && why[i] != '\\';

        sah_buf_add(&store->json, plain ? &why[i] : "?", 1);
    }
    sah_buf_addf(&store->json, "\",\"len\":%zu,\"bytes\":\"", len);
    sah_buf_add_text(&store->json, text);
    sah_buf_add_text(&store->json, "\"}");
    if (store->json.failed)
        return SAH_ENOMEM;
    sah_ad_args_start(&args, store, "sah_ad1_quarantine");
    sah_ad_args_add(&args, (struct sah_slice){store->json.data, store->json.len});
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_quarantine_list(struct sah_ad_store *store, unsigned n, sah_redis_reply_fn *fn,
                                 void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_quarantine_list");
    sah_ad_args_number(&args, n);
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_stats(struct sah_ad_store *store, sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_stats");
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_answer(int err, const redisReply *reply, size_t least_elements)
{
    if (err != SAH_OK)
        return err;
    if (sah_redis_reply_condition(reply) != SAH_REDIS_IS_UP)
        return SAH_EDOWN; /* LOADING, OOM, ...: refused before it ran */
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < least_elements)
        return SAH_EIO;
    return SAH_OK;
}

struct sah_slice sah_ad_answer_text(const redisReply *reply, size_t i)
{
    const redisReply *e = i < reply->elements ? reply->element[i] : NULL;

    if (e == NULL || (e->type != REDIS_REPLY_STRING && e->type != REDIS_REPLY_STATUS))
        return (struct sah_slice){"", 0};
    return (struct sah_slice){e->str, (size_t)e->len};
}

bool sah_ad_answer_is(const redisReply *reply, size_t i, const char *word)
{
    return sah_slice_is(sah_ad_answer_text(reply, i), word);
}

uint64_t sah_ad_answer_number(const redisReply *reply, size_t i)
{
    const redisReply *e = i < reply->elements ? reply->element[i] : NULL;
    uint64_t value = 0;

    if (e != NULL && e->type == REDIS_REPLY_INTEGER)
        return e->integer < 0 ? 0 : (uint64_t)e->integer;
    if (sah_parse_u64(sah_ad_answer_text(reply, i), 0, UINT64_MAX, &value) != SAH_OK)
        return 0;
    return value;
}

int sah_ad_answer_submit(const redisReply *reply, size_t i, struct sah_ad_submit *ret_submit)
{
    struct sah_slice pid = sah_ad_answer_text(reply, i);
    struct sah_slice sender = sah_ad_answer_text(reply, i + 2);
    struct sah_slice bytes = sah_ad_answer_text(reply, i + 4);
    struct sah_ad_submit submit = {
        .lane = sah_ad_answer_is(reply, i + 1, "b") ? SAH_LANE_BULK : SAH_LANE_EMERGENCY,
        .seq = sah_ad_answer_number(reply, i + 3),
    };

    if (bytes.len == 0 || sah_copy(submit.pid, sizeof submit.pid, pid.ptr, pid.len) != SAH_OK ||
        sah_copy(submit.sender, sizeof submit.sender, sender.ptr, sender.len) != SAH_OK)
        return SAH_EIO;
    memcpy(&submit.bytes, &bytes.ptr, sizeof submit.bytes); /* borrowed, and only ever read */
    submit.len = bytes.len;
    *ret_submit = submit;
    return SAH_OK;
}
