/*
 * webhook - signature, parse, take, answer. See webhook.h.
 *
 * Invariant kept here: I1, from the channel's side. A POST is answered 200 only when `failures`
 * is 0 and nothing of it is under way; every other end is 503, and the platform sends it again.
 */
#include "webhook.h"

#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>

#include "field.h"

#define WEBHOOK_MAGIC  0x3eb00c01u
#define POST_MAGIC     0x3eb00c02u
/* Messages of one POST that are with the skeleton at a time. They start in the order they came.
 */
#define WINDOW         64
/* After so many troubles of the store the rest is not tried: it all comes again, and Redis has
 * enough to do. A lane without a router or one citizen's flood is no trouble of the store, and
 * holds back nothing that stands behind it (I7). */
#define TROUBLES_MAX   16
/* Raw bytes not answered yet, over all POSTs; the trees made of them are several times larger.
 */
#define BYTES_MAX      (48u * 1024 * 1024)
/* Where an account list ends being sensible. */
#define ACCOUNTS_BYTES 4096

struct post {
    uint32_t magic;
    struct sah_webhook *webhook;
    struct post *next, **link;
    struct sah_parsed parsed;
    size_t at; /* the next update */
    unsigned in_flight, failures, troubles, no_room;
    bool beside; /* the second time: a booking is taken for the emergency it came with */
    bool feeding; /* in feed(): what completes meanwhile does not end the POST */
    size_t bytes;
    int64_t received_ms;
    uint64_t started_mono_ms;
    sah_webhook_fn *fn;
    void *data;
};

struct sah_webhook {
    uint32_t magic;
    bool stopped;
    struct sah_webhook_settings settings;
    char accounts[ACCOUNTS_BYTES];
    struct post *posts;
    unsigned n_posts;
    size_t bytes;
    struct sah_incoming incoming; /* scratch: large, and the skeleton copies it */
};

int sah_webhook_create(const struct sah_webhook_settings *settings,
                       struct sah_webhook **ret_webhook)
{
    struct sah_webhook *webhook = calloc(1, sizeof *webhook);

    if (webhook == NULL)
        return SAH_ENOMEM;
    webhook->magic = WEBHOOK_MAGIC;
    webhook->settings = *settings;
    if (sah_format(webhook->accounts, sizeof webhook->accounts, "%s", settings->accounts) !=
        SAH_OK) {
        free(webhook);
        return SAH_ELIMIT;
    }
    *ret_webhook = webhook;
    return SAH_OK;
}

static void unlink_post(struct post *post)
{
    struct sah_webhook *webhook = post->webhook;
    struct sah_wa_metrics *metrics = webhook->settings.metrics;

    *post->link = post->next;
    if (post->next != NULL)
        post->next->link = post->link;
    webhook->n_posts--;
    webhook->bytes -= post->bytes;
    metrics->posts_in_progress = webhook->n_posts;
    metrics->bytes_in_progress = webhook->bytes;
    sah_parsed_fini(&post->parsed);
    post->magic = 0;
    free(post);
}

void sah_webhook_destroy(struct sah_webhook *webhook)
{
    if (webhook == NULL)
        return;
    while (webhook->posts != NULL)
        unlink_post(webhook->posts);
    webhook->magic = 0;
    free(webhook);
}

/* "" serves every number. */
static bool account_is_ours(const struct sah_webhook *webhook, const char *account)
{
    const char *at = webhook->accounts;
    size_t len = strlen(account);

    if (at[0] == '\0')
        return true;
    while (*at != '\0') {
        size_t skip = strspn(at, ", ");
        size_t size = strcspn(at + skip, ", ");

        if (size == len && strncmp(at + skip, account, len) == 0)
            return true;
        at += skip + size;
    }
    return false;
}

static void answer(struct post *post)
{
    struct sah_wa_metrics *metrics = post->webhook->settings.metrics;
    sah_webhook_fn *fn = post->fn;
    void *data = post->data;
    int status = post->failures == 0 ? 200 : 503;

    sah_wa_metrics_answer(metrics, status, sah_clock_mono_ms() - post->started_mono_ms);
    if (post->failures != 0)
        sah_warn(post->webhook->settings.log, "event=webhook.failed failures=%u updates=%zu",
                 post->failures, post->parsed.n_updates);
    unlink_post(post); /* frees post */
    fn(data, status);
}

static void feed(struct post *post);

static void one_done(struct post *post, int err, uint64_t *failure_counter)
{
    SAH_ASSERT(post->in_flight > 0);
    post->in_flight--;
    if (err != SAH_OK) {
        post->failures++;
        post->troubles += err != SAH_ETIMEOUT && err != SAH_ELIMIT;
        post->no_room += err == SAH_ELIMIT;
        (*failure_counter)++;
    }
    feed(post); /* may free post */
}

/* The skeleton holds a message durably, or could not take it. Runs on the loop. */
static void on_taken(void *data, int err)
{
    struct post *post = data;
    struct sah_wa_metrics *metrics;

    SAH_CHECK(post, POST_MAGIC);
    metrics = post->webhook->settings.metrics;
    metrics->taken += err == SAH_OK;
    one_done(post, err, &metrics->take_failures);
}

static void on_quarantined(void *data, int err)
{
    struct post *post = data;

    SAH_CHECK(post, POST_MAGIC);
    one_done(post, err, &post->webhook->settings.metrics->quarantine_failures);
}

static void quarantine_bytes(struct post *post, const char *why, const void *bytes, size_t len)
{
    const struct sah_webhook_settings *settings = &post->webhook->settings;

    sah_wa_metrics_quarantine(settings->metrics, why);
    sah_warn(settings->log, "event=webhook.quarantine why=%s bytes=%zu", why, len);
    post->in_flight++;
    sah_adapter_quarantine(settings->adapter, why, bytes, len, on_quarantined, post);
}

static void quarantine_piece(struct post *post, const char *why, const json_t *piece)
{
    char *text = json_dumps(piece, JSON_COMPACT | JSON_ENCODE_ANY);

    if (text == NULL) {
        post->failures++;
        return;
    }
    quarantine_bytes(post, why, text, strlen(text));
    free(text);
}

static void count_notes(struct sah_wa_metrics *metrics, const struct sah_wa_notes *notes)
{
    metrics->messages[notes->type]++;
    metrics->time_absurd += notes->time_absurd;
    metrics->groups += notes->group;
    metrics->no_phone += notes->no_phone;
}

static void take_message(struct post *post, const struct sah_update *update)
{
    struct sah_webhook *webhook = post->webhook;
    struct sah_wa_notes notes;
    const char *why = NULL;
    int err = sah_normalize(update, post->received_ms, post->parsed.repaired,
                            &webhook->incoming, &notes, &why);

    if (err == SAH_EINVAL) {
        quarantine_piece(post, why, update->piece);
    } else if (err != SAH_OK) {
        post->failures++;
        webhook->settings.metrics->take_failures++;
    } else if (!account_is_ours(webhook, webhook->incoming.citizen.account)) {
        quarantine_piece(post, "foreign_account", update->piece);
    } else {
        count_notes(webhook->settings.metrics, &notes);
        post->in_flight++;
        sah_adapter_take(webhook->settings.adapter, &webhook->incoming, on_taken, post);
    }
}

static void count_errors(struct sah_wa_metrics *metrics, const json_t *error)
{
    double code;

    if (sah_field_real(json_object_get(error, "code"), &code) == SAH_OK && code >= 0 &&
        code < 10000000)
        sah_wa_metrics_error_code(metrics, (int)code);
}

static void take_status(struct sah_wa_metrics *metrics, const json_t *status)
{
    const json_t *errors = json_object_get(status, "errors");

    metrics->statuses[sah_wa_status_of(json_string_value(json_object_get(status, "status")))]++;
    for (size_t i = 0; i < json_array_size(errors); i++)
        count_errors(metrics, json_array_get(errors, i));
}

/* There was no room for bookings, and an emergency came in the same POST: it must not come again
 * and again for their sake. Once, and only what failed for room. */
static bool read_again(struct post *post, const struct sah_update *update)
{
    struct sah_webhook *webhook = post->webhook;
    struct sah_wa_notes notes;
    const char *why = NULL;

    return update->kind == SAH_UPDATE_MESSAGE &&
           sah_normalize(update, post->received_ms, post->parsed.repaired, &webhook->incoming,
                         &notes, &why) == SAH_OK &&
           account_is_ours(webhook, webhook->incoming.citizen.account);
}

static void take_beside(struct post *post, const struct sah_update *update)
{
    struct sah_webhook *webhook = post->webhook;

    if (!read_again(post, update))
        return; /* counted and kept the first time */
    post->in_flight++;
    sah_adapter_take_beside(webhook->settings.adapter, &webhook->incoming, on_taken, post);
}

static bool has_urgent(struct post *post)
{
    for (size_t i = 0; i < post->parsed.n_updates; i++)
        if (read_again(post, &post->parsed.updates[i]) &&
            sah_adapter_is_urgent(post->webhook->settings.adapter, &post->webhook->incoming))
            return true;
    return false;
}

static void take_update(struct post *post, const struct sah_update *update)
{
    struct sah_wa_metrics *metrics = post->webhook->settings.metrics;

    if (post->beside) {
        take_beside(post, update);
        return;
    }
    metrics->updates[update->kind]++;
    switch (update->kind) {
    case SAH_UPDATE_MESSAGE:
        take_message(post, update);
        return;
    case SAH_UPDATE_STATUS:
        take_status(metrics, update->piece);
        return;
    case SAH_UPDATE_ERROR:
        count_errors(metrics, update->piece);
        return;
    case SAH_UPDATE_FIELD:
        metrics->fields[sah_wa_field_of(
            json_string_value(json_object_get(update->piece, "field")))]++;
        return;
    case SAH_UPDATE_BROKEN:
        quarantine_piece(post, update->why, update->piece);
        return;
    case SAH_N_UPDATE_KINDS:
        break;
    }
    SAH_ASSERT(!"an update has a kind");
}

static bool goes_again(struct post *post)
{
    if (post->beside || post->no_room == 0 || post->no_room != post->failures ||
        !has_urgent(post))
        return false;
    post->beside = true;
    post->at = 0;
    post->failures = post->no_room = 0;
    return true;
}

/* Hands on as much as the window takes; answers when nothing is left. May free post. */
static void feed(struct post *post)
{
    if (post->feeding)
        return;
    post->feeding = true;
    while (post->at < post->parsed.n_updates && post->in_flight < WINDOW &&
           post->troubles < TROUBLES_MAX)
        take_update(post, &post->parsed.updates[post->at++]);
    post->feeding = false;
    if (post->in_flight > 0)
        return;
    if (goes_again(post))
        feed(post); /* once */
    else
        answer(post); /* frees post */
}

static struct post *make_post(struct sah_webhook *webhook, size_t bytes, int64_t received_ms,
                              sah_webhook_fn *fn, void *data)
{
    struct post *post = calloc(1, sizeof *post);

    if (post == NULL)
        return NULL;
    post->magic = POST_MAGIC;
    post->webhook = webhook;
    post->bytes = bytes;
    post->received_ms = received_ms;
    post->started_mono_ms = sah_clock_mono_ms();
    post->fn = fn;
    post->data = data;
    post->next = webhook->posts;
    post->link = &webhook->posts;
    if (post->next != NULL)
        post->next->link = &post->next;
    webhook->posts = post;
    webhook->n_posts++;
    webhook->bytes += bytes;
    webhook->settings.metrics->posts_in_progress = webhook->n_posts;
    webhook->settings.metrics->bytes_in_progress = webhook->bytes;
    return post;
}

/* The signature is good: read it all, hand it all on. */
static void open_post(struct post *post, struct sah_slice body)
{
    struct sah_wa_metrics *metrics = post->webhook->settings.metrics;
    const char *why = NULL;
    int err = sah_parse_webhook(body.ptr, body.len, &post->parsed, &why);

    /* Meta signed it and would send it again for a week: keep it, and let a person look. */
    if (err == SAH_EINVAL)
        quarantine_bytes(post, why, body.ptr, body.len);
    else if (err != SAH_OK)
        post->failures++;
    metrics->foreign_objects += post->parsed.foreign;
    metrics->repaired += post->parsed.repaired;
    feed(post);
}

static enum sah_signature_verdict check(struct sah_webhook *webhook, const char *header,
                                        struct sah_slice body)
{
    enum sah_signature_verdict verdict =
        sah_signature_check(webhook->settings.signature, header, body);

    webhook->settings.metrics->signatures[verdict]++;
    return verdict;
}

void sah_webhook_post(struct sah_webhook *webhook, const char *signature_header,
                      struct sah_slice body, int64_t received_ms, sah_webhook_fn *fn,
                      void *data)
{
    struct sah_wa_metrics *metrics;
    enum sah_signature_verdict verdict;
    struct post *post;
    int status = 503;

    SAH_CHECK(webhook, WEBHOOK_MAGIC);
    metrics = webhook->settings.metrics;
    if (webhook->stopped)
        goto refuse;
    verdict = check(webhook, signature_header, body);
    if (verdict != SAH_SIGNATURE_GOOD) {
        status = verdict == SAH_SIGNATURE_TROUBLE ? 503 : 401;
        goto refuse;
    }
    metrics->last_webhook_ms = received_ms;
    if (webhook->bytes + body.len > BYTES_MAX) {
        metrics->busy++;
        goto refuse;
    }
    post = make_post(webhook, body.len, received_ms, fn, data);
    if (post == NULL)
        goto refuse;
    open_post(post, body); /* answers, now or later */
    return;

refuse:
    sah_wa_metrics_answer(metrics, status, 0);
    fn(data, status);
}

void sah_webhook_stop(struct sah_webhook *webhook)
{
    SAH_CHECK(webhook, WEBHOOK_MAGIC);
    webhook->stopped = true;
}

unsigned sah_webhook_in_progress(const struct sah_webhook *webhook)
{
    return webhook->n_posts;
}
