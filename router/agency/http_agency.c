/*
 * http_agency - one leased delivery -> one signed POST -> one answer. See http_agency.h.
 *
 * Signed after Standard Webhooks: id, full stop, timestamp of this attempt, full stop, raw
 * body, HMAC-SHA256 with the endpoint's secret. The id is the delivery key, the same in each
 * attempt (I6).
 */
#include "agency/http_agency.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>
#include <sahaya/digest.h>

#include "agency/payload.h"
#include "agency/secrets.h"
#include "agency/status_body.h"

#define AGENCY_MAGIC 0x5a484147u
#define CALL_MAGIC   0x5a484143u
#define ANSWER_MAX   (16 * 1024)
#define CLASS_P1     1
/* Nobody listens there: libcurl itself ends such a request, on its next turn and not inside. */
#define NOWHERE      "nowhere:"

struct key { /* of one endpoint */
    const struct sah_endpoint *endpoint;
    struct secret secret;
    struct sah_hmac *hmac;
};

struct sah_http_agency {
    uint32_t magic;
    struct sah_http_client *urgent, *client; /* of P0 and P1; of the rest */
    const char *public_url;
    struct sah_log *log;
    struct sah_message *message; /* scratch: too large for a stack */
    struct sah_buf body;         /* scratch */
    unsigned n_keys;
    struct key keys[]; /* one for each endpoint, in file order */
};

struct call { /* one attempt under way */
    uint32_t magic;
    bool unreadable; /* ours: it never left */
    sah_agency_fn *fn;
    void *fn_data;
};

/* ---- keys */

static int key_init(struct key *key, const struct sah_endpoint *endpoint)
{
    int err = secret_init(&key->secret, endpoint->secret_file);

    key->endpoint = endpoint;
    if (err != SAH_OK)
        return err;
    return sah_hmac_create(key->secret.bytes, key->secret.len, &key->hmac);
}

static void key_fini(struct key *key)
{
    sah_hmac_destroy(key->hmac);
    secret_fini(&key->secret);
}

static void key_refresh(struct sah_http_agency *agency, struct key *key)
{
    struct sah_hmac *fresh;

    if (!secret_refresh(&key->secret, sah_clock_mono_ms()))
        return;
    if (sah_hmac_create(key->secret.bytes, key->secret.len, &fresh) != SAH_OK) {
        key->secret.size = -1; /* no file is like that: taken again at the next look */
        return;
    }
    sah_hmac_destroy(key->hmac);
    key->hmac = fresh;
    sah_info(agency->log, "event=endpoint.secret_changed endpoint=%s", key->endpoint->id);
}

static struct key *find_key(struct sah_http_agency *agency, const char *endpoint)
{
    for (unsigned i = 0; i < agency->n_keys; i++)
        if (strcmp(agency->keys[i].endpoint->id, endpoint) == 0)
            return &agency->keys[i];
    return NULL;
}

/* ---- the answer */

static struct sah_answer judge(const struct sah_http_answer *answer)
{
    switch (answer->fault) {
    case SAH_HTTP_FINE:
    case SAH_HTTP_TOO_LARGE: /* chatty, but its status came */
        return sah_answer_from_http(answer->status, true, answer->retry_after_ms);
    case SAH_HTTP_CONNECT:
    case SAH_HTTP_LOCAL:
        return sah_answer_from_http(0, false, -1);
    case SAH_HTTP_TIMEOUT:
    case SAH_HTTP_BROKEN:
    case SAH_HTTP_CANCELED:
        break;
    }
    return sah_answer_from_http(0, true, -1);
}

static void on_answer(void *data, const struct sah_http_answer *answer)
{
    struct call *call = data;
    struct sah_agency_answer result = {.elapsed_ms = answer->elapsed_ms};

    SAH_CHECK(call, CALL_MAGIC);
    if (call->unreadable) {
        result.answer = (struct sah_answer){.kind = SAH_ANSWER_TROUBLE, .retry_after_ms = -1};
    } else {
        result.answer = judge(answer);
        result.status = answer->status;
        if (answer->fault == SAH_HTTP_FINE)
            answer_body_read((struct sah_slice){answer->body, answer->body_len}, result.case_no,
                             &result.reason);
    }
    call->fn(call->fn_data, &result);
    call->magic = 0;
    free(call);
}

/* ---- the attempt */

static struct sah_http_client *client_for(const struct sah_http_agency *agency, const struct sah_leased *leased)
{
    return sah_priority_class(leased->priority) <= CLASS_P1 ? agency->urgent : agency->client;
}

static int sign(struct key *key, const char *id, const char *timestamp,
                const struct sah_buf *body, char *dst, size_t size)
{
    const struct sah_slice parts[] = {sah_slice_of(id),
                                      SAH_SLICE("."),
                                      sah_slice_of(timestamp),
                                      SAH_SLICE("."),
                                      {body->data, body->len}};
    uint8_t mac[SAH_SHA256_BYTES];
    char base64[4 * ((SAH_SHA256_BYTES + 2) / 3) + 1];
    int err = sah_hmac_sign(key->hmac, parts, SAH_LEN(parts), mac);

    if (err != SAH_OK)
        return err;
    sah_base64(base64, mac, sizeof mac);
    return sah_format(dst, size, "v1,%s", base64);
}

static int post(struct sah_http_agency *agency, struct key *key,
                const struct sah_leased *leased, uint32_t deadline_ms, struct call *call)
{
    char timestamp[24], signature[64];
    const struct sah_http_header headers[] = {
        {"Content-Type", "application/json"}, {"Idempotency-Key", leased->key},
        {"webhook-id", leased->key},          {"webhook-timestamp", timestamp},
        {"webhook-signature", signature},
    };
    struct sah_http_request request = {.method = "POST",
                                       .url = key->endpoint->url,
                                       .headers = headers,
                                       .n_headers = SAH_LEN(headers),
                                       .body = agency->body.data,
                                       .body_len = agency->body.len,
                                       .timeout_ms = deadline_ms,
                                       .max_answer_bytes = ANSWER_MAX};
    int err;

    key_refresh(agency, key);
    (void)sah_format(timestamp, sizeof timestamp, "%" PRId64, sah_clock_wall_ms() / 1000);
    err = sign(key, leased->key, timestamp, &agency->body, signature, sizeof signature);
    if (err != SAH_OK)
        return err;
    return sah_http_send(client_for(agency, leased), &request, on_answer, call, NULL);
}

/* An answer of our own making, but not from inside the call. */
static void answer_later(struct sah_http_client *client, struct call *call)
{
    struct sah_http_request request = {.method = "GET", .url = NOWHERE, .timeout_ms = 1000};
    int err = sah_http_send(client, &request, on_answer, call, NULL);

    if (err == SAH_ECANCELED) { /* the client is being destroyed and takes nothing more */
        struct sah_http_answer gone = {
            .fault = SAH_HTTP_CANCELED, .body = "", .retry_after_ms = -1};

        on_answer(call, &gone);
        return;
    }
    SAH_ASSERT(err == SAH_OK); /* not even memory to say so: a restart is a recovery */
}

static void send_one(void *data, const struct sah_leased *leased, uint32_t deadline_ms,
                     sah_agency_fn *fn, void *fn_data)
{
    struct sah_http_agency *agency = data;
    struct call *call = calloc(1, sizeof *call);
    struct key *key;
    char why[120] = "too large for an agency";
    int err;

    SAH_CHECK(agency, AGENCY_MAGIC);
    SAH_ASSERT(call != NULL); /* as in answer_later() */
    *call = (struct call){.magic = CALL_MAGIC, .fn = fn, .fn_data = fn_data};
    key = find_key(agency, leased->endpoint);
    SAH_ASSERT(key != NULL); /* the core leases what the roster names */

    err = sah_message_decode(leased->bytes.ptr, leased->bytes.len, agency->message, why,
                             sizeof why);
    if (err == SAH_OK) {
        sah_buf_clear(&agency->body);
        err = sah_payload_write(leased, agency->message, agency->public_url, &agency->body);
    }
    if (err != SAH_OK) {
        /* `why` names a field, never its content (I13). */
        sah_error(agency->log,
                  "event=delivery.unreadable request=%s agency=%s kind=%s why=\"%s\"",
                  leased->request_id, leased->agency, sah_kind_name(leased->kind), why);
        call->unreadable = true;
        answer_later(client_for(agency, leased), call);
        return;
    }
    if (post(agency, key, leased, deadline_ms, call) != SAH_OK)
        answer_later(client_for(agency, leased), call);
}

/* ---- making */

int sah_http_agency_create(struct sah_http_client *urgent, struct sah_http_client *client,
                           const struct sah_roster *roster, const char *public_url, struct sah_log *log,
                           struct sah_http_agency **ret_agency)
{
    struct sah_http_agency *agency;
    unsigned n = 0;
    int err = SAH_ENOMEM;

    for (unsigned i = 0; i < roster->n_agencies; i++)
        n += roster->agencies[i].n_endpoints;
    agency = calloc(1, sizeof *agency + n * sizeof agency->keys[0]);
    if (agency == NULL)
        return SAH_ENOMEM;
    agency->magic = AGENCY_MAGIC;
    agency->urgent = urgent;
    agency->client = client;
    agency->public_url = public_url;
    agency->log = log;
    sah_buf_init(&agency->body, SAH_PAYLOAD_MAX_BYTES);
    agency->message = calloc(1, sizeof *agency->message);
    if (agency->message == NULL)
        goto fail;
    for (unsigned i = 0; i < roster->n_agencies; i++) {
        for (unsigned j = 0; j < roster->agencies[i].n_endpoints; j++) {
            err = key_init(&agency->keys[agency->n_keys++], &roster->agencies[i].endpoints[j]);
            if (err != SAH_OK)
                goto fail;
        }
    }
    *ret_agency = agency;
    return SAH_OK;

fail:
    sah_http_agency_destroy(agency);
    return err;
}

void sah_http_agency_destroy(struct sah_http_agency *agency)
{
    if (agency == NULL)
        return;
    SAH_CHECK(agency, AGENCY_MAGIC);
    for (unsigned i = 0; i < agency->n_keys; i++)
        key_fini(&agency->keys[i]);
    sah_buf_fini(&agency->body);
    free(agency->message);
    agency->magic = 0;
    free(agency);
}

void sah_http_agency_port(struct sah_http_agency *agency, struct sah_agencies *ret_port)
{
    *ret_port = (struct sah_agencies){.data = agency, .send = send_one};
}
