/*
 * delivery - authenticates, records and acts on one delivery. See delivery.h.
 */
#include "delivery.h"

#include <stdlib.h>
#include <string.h>

#include "tell.h"

#define CLOCK_SKEW_S 300
#define KEY_MAX      128
#define URL_MAX      512

struct incoming {
    struct sah_agency *agency;
    const char *key, *kind, *request_id, *service, *status_url, *amendment;
    json_t *body; /* owned */
    int64_t at_us;
};

/* ---- is it the router's? Standard Webhooks: v1,<base64 of HMAC over id.timestamp.body> */

static bool one_of(const char *signatures, const char *expected)
{
    size_t expected_len = strlen(expected);
    bool good = false;

    while (*signatures != '\0') {
        size_t len = strcspn(signatures, " ");

        good |= sah_equal_secret(signatures, len, expected, expected_len);
        signatures += len + (signatures[len] == ' ');
    }
    return good;
}

/* NULL when it is good, else what is wrong. Without a secret file everything is. */
static const char *signature_trouble(const char *secret, size_t secret_len,
                                     const struct sah_http_exchange *x)
{
    const char *id = sah_http_header(x, "webhook-id");
    const char *at = sah_http_header(x, "webhook-timestamp");
    const char *signatures = sah_http_header(x, "webhook-signature");
    uint8_t mac[SAH_SHA256_BYTES];
    char expected[3 + 4 * ((SAH_SHA256_BYTES + 2) / 3) + 1] = "v1,";
    int64_t seconds, now_s = sah_tell_wall_us() / 1000000;

    if (id == NULL || at == NULL || signatures == NULL)
        return "webhook-id, webhook-timestamp or webhook-signature is missing";
    if (sah_parse_i64(sah_slice_of(at), 0, INT64_MAX / 2, &seconds) != SAH_OK ||
        seconds < now_s - CLOCK_SKEW_S || seconds > now_s + CLOCK_SKEW_S)
        return "webhook-timestamp is not within five minutes";
    const struct sah_slice parts[] = {sah_slice_of(id), SAH_SLICE("."), sah_slice_of(at),
                                      SAH_SLICE("."), sah_http_body(x)};
    if (sah_tell_mac(secret, secret_len, parts, SAH_LEN(parts), mac) != SAH_OK)
        return "the signature could not be checked";
    sah_base64(expected + 3, mac, sizeof mac);
    return one_of(signatures, expected) ? NULL : "webhook-signature is wrong";
}

static const char *trouble_of(const struct sah_deliveries *d, const struct sah_agency *agency,
                              const struct sah_http_exchange *x)
{
    SAH_AUTOFREE char *secret = NULL;
    const char *trouble;
    size_t len = 0;
    int err = sah_tell_secret(d->play.agencies_secrets, agency->id, ".secret", &secret, &len);

    if (err == SAH_ENOENT)
        return NULL; /* an agency that checks nothing */
    if (err != SAH_OK)
        return "the secret file cannot be read";
    trouble = signature_trouble(secret, len, x);
    explicit_bzero(secret, len);
    return trouble;
}

/* ---- what stands in it */

static bool is_header_text(const char *text, size_t max)
{
    return text != NULL && text[0] != '\0' && strlen(text) <= max &&
           sah_utf8_valid(text, strlen(text));
}

/* NULL when it is whole; `in->body` is owned by the caller from then on. */
static const char *read_incoming(const struct sah_http_exchange *x, struct incoming *in)
{
    in->key = sah_http_header(x, "Idempotency-Key");
    in->body = sah_tell_body(x);
    if (!is_header_text(in->key, KEY_MAX))
        return "Idempotency-Key is missing or too long";
    if (in->body == NULL)
        return "the body is no JSON object";
    in->kind = sah_tell_text(in->body, "kind");
    in->request_id = sah_tell_text(in->body, "request_id");
    in->service = sah_tell_text(in->body, "service");
    in->status_url = sah_tell_text(in->body, "status_url");
    in->amendment = sah_tell_text(in->body, "amendment");
    if (strcmp(in->kind, "request") != 0 && strcmp(in->kind, "amendment") != 0 &&
        strcmp(in->kind, "cancel") != 0)
        return "kind must be request, amendment or cancel";
    if (!is_header_text(in->request_id, KEY_MAX))
        return "request_id is missing";
    if (strlen(in->status_url) > URL_MAX ||
        (in->status_url[0] != '\0' && strncmp(in->status_url, "http://", 7) != 0 &&
         strncmp(in->status_url, "https://", 8) != 0))
        return "status_url is no address";
    return NULL;
}

static json_t *or_null(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return value != NULL ? json_incref(value) : json_null();
}

static void record(struct sah_deliveries *d, const struct incoming *in, bool copy,
                   enum sah_standin_mode mode)
{
    json_t *row = json_pack(
        "{s:I,s:I,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:b,s:s,s:O}", "at_ms",
        (json_int_t)(in->at_us / 1000), "at_us", (json_int_t)in->at_us, "agency",
        in->agency->id, "key", in->key, "request_id", or_null(in->body, "request_id"), "kind",
        or_null(in->body, "kind"), "service", or_null(in->body, "service"), "priority",
        or_null(in->body, "priority"), "attempt", or_null(in->body, "attempt"), "copy",
        (int)copy, "mode", sah_behaviour_mode_name(mode), "body", in->body);

    sah_book_add(d->received, row);
}

static void refuse(struct sah_deliveries *d, struct sah_http_exchange *x,
                   const struct incoming *in, int status, const char *why)
{
    sah_book_add(d->refused,
                 json_pack("{s:I,s:s,s:s,s:i,s:s}", "at_ms", (json_int_t)(in->at_us / 1000),
                           "at", "agency", "id", in->agency->id, "status", status, "why", why));
    sah_tell_error(x, status, status == 401 ? "unauthorised" : "malformed", "%s", why);
}

/* ---- what happens of it: once for each key */

static bool takes_a_case(enum sah_standin_mode mode)
{
    return mode == SAH_MODE_NORMAL || mode == SAH_MODE_MACHINE_ONLY ||
           mode == SAH_MODE_SILENT || mode == SAH_MODE_CUT;
}

static bool has_a_person(enum sah_standin_mode mode)
{
    return mode == SAH_MODE_NORMAL || mode == SAH_MODE_CUT;
}

static void act(struct sah_deliveries *d, const struct incoming *in, struct sah_case *entry,
                const struct sah_behaviour *behaviour)
{
    bool person = has_a_person(behaviour->mode) && in->status_url[0] != '\0';
    struct sah_case *c =
        entry->is_request ? entry : sah_cases_by_request(d->cases, in->agency, in->request_id);

    if (entry->is_request) {
        in->agency->cases++;
        c->booking = sah_script_is_booking(in->agency->id, in->service);
        sah_script_case_no(in->agency->id, c->booking, c->number, c->case_no,
                           sizeof c->case_no);
        if (person)
            sah_play_start(&d->play, c, behaviour);
        return;
    }
    if (c == NULL && strcmp(in->kind, "cancel") == 0)
        c = entry; /* the request was before our time: a person answers all the same */
    if (c == NULL)
        return;
    c->sequence_seen = json_integer_value(json_object_get(in->body, "sequence"));
    if (strcmp(in->kind, "cancel") == 0 && person)
        sah_play_cancel(&d->play, c, behaviour);
    if (c->booking && strcmp(in->amendment, "PAUSE") == 0)
        sah_play_hold(c, true);
    if (c->booking && strcmp(in->amendment, "RESUME") == 0)
        sah_play_hold(c, false);
}

static void take(struct sah_deliveries *d, struct sah_http_exchange *x,
                 const struct incoming *in)
{
    const struct sah_behaviour *behaviour = sah_agency_behaviour(d->table, in->agency);
    struct sah_machine_answer answer = {
        .mode = behaviour->mode,
        .delay_ms = behaviour->delay_ms,
        .retry_after_s = behaviour->retry_after_s,
    };
    struct sah_case *entry = sah_cases_by_key(d->cases, in->agency, in->key);
    const struct sah_case *about;

    in->agency->deliveries++;
    record(d, in, entry != NULL, behaviour->mode);
    if (entry != NULL) {
        entry->copies++;
        in->agency->copies++;
    } else if (takes_a_case(behaviour->mode)) {
        entry = sah_cases_add(d->cases, in->agency, in->key, in->request_id, in->status_url,
                              strcmp(in->kind, "request") == 0);
        if (entry == NULL) {
            sah_tell_error(x, 503, "no_memory", "out of memory");
            return;
        }
        act(d, in, entry, behaviour);
    }
    about = sah_cases_by_request(d->cases, in->agency, in->request_id);
    (void)sah_format(answer.reason, sizeof answer.reason, "%s", behaviour->refuse_reason);
    if (about != NULL)
        (void)sah_format(answer.case_no, sizeof answer.case_no, "%s", about->case_no);
    sah_delivery_answer(d, x, &answer);
}

void sah_delivery_post(struct sah_deliveries *d, struct sah_http_exchange *x)
{
    struct incoming in = {.at_us =
                              sah_tell_wall_us()}; /* first of all: the benchmark's clock */
    struct sah_slice tail = sah_http_path_tail(x);
    const char *slash = memchr(tail.ptr, '/', tail.len);
    const char *trouble;

    if (slash != NULL)
        tail.len = (size_t)(slash - tail.ptr);
    in.agency = sah_agencies_of(d->table, tail);
    if (in.agency == NULL) {
        sah_tell_error(x, 404, "not_found", "POST /agencies/{id}, letters, digits, - and _");
        return;
    }
    trouble = trouble_of(d, in.agency, x);
    if (trouble != NULL) {
        refuse(d, x, &in, 401, trouble);
        return;
    }
    trouble = read_incoming(x, &in);
    if (trouble != NULL)
        refuse(d, x, &in, 400, trouble);
    else
        take(d, x, &in);
    json_decref(in.body);
}
