/*
 * callback - POST /v1/requests/{id}/status, /link and /unlink. See callback.h.
 *
 * The order is part of the promise: who are you (401), which request (404), what do you say
 * (400), and only then the core. Without a token nobody learns which request ids exist.
 */
#include "agency/callback.h"

#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>

#include "agency/json_out.h"
#include "agency/status_body.h"
#include "agency/tokens.h"

#define CALLBACK_MAGIC 0x5a43424bu
#define CALL_MAGIC     0x5a43414cu
#define ANSWER_MAX     4096
#define JSON           "application/json"

struct call { /* waits for the core */
    uint32_t magic;
    struct sah_callback *callback; /* NULL: it is gone already */
    struct sah_http_exchange *x;   /* NULL: answered */
    struct call *prev, *next;
    struct sah_agency_status status;
};

struct sah_callback {
    uint32_t magic;
    struct sah_front front;
    struct sah_log *log;
    struct tokens *tokens;
    struct call *calls;
    uint64_t unauthorised;
};

int sah_callback_create(struct sah_front front, const struct sah_roster *roster,
                        struct sah_log *log, struct sah_callback **ret_callback)
{
    struct sah_callback *callback = calloc(1, sizeof *callback);
    int err;

    if (callback == NULL)
        return SAH_ENOMEM;
    err = tokens_create(roster, &callback->tokens);
    if (err != SAH_OK) {
        free(callback);
        return err;
    }
    callback->magic = CALLBACK_MAGIC;
    callback->front = front;
    callback->log = log;
    *ret_callback = callback;
    return SAH_OK;
}

static void unlink_call(struct call *call)
{
    if (call->callback == NULL)
        return;
    if (call->prev != NULL)
        call->prev->next = call->next;
    else
        call->callback->calls = call->next;
    if (call->next != NULL)
        call->next->prev = call->prev;
    call->callback = NULL;
}

/* ---- answers */

static void reply_error(struct sah_http_exchange *x, int status, const char *error,
                        const char *field, const char *text)
{
    struct sah_buf buf;
    struct json_out j = {.buf = &buf};

    sah_buf_init(&buf, ANSWER_MAX);
    json_open(&j, NULL, '{');
    json_text_known(&j, "error", error);
    json_text_known(&j, "field", field);
    json_text_known(&j, "text", text);
    json_close(&j, '}');
    if (status == 401)
        (void)sah_http_reply_header(x, "WWW-Authenticate", "Bearer");
    if (status == 503)
        (void)sah_http_reply_header(x, "Retry-After", "1");
    sah_http_reply(x, status, JSON, buf.data, buf.failed ? 0 : buf.len);
    sah_buf_fini(&buf);
}

static void reply_good(const struct call *call, const struct sah_status_result *result)
{
    struct sah_buf buf;
    struct json_out j = {.buf = &buf};

    sah_buf_init(&buf, ANSWER_MAX);
    json_open(&j, NULL, '{');
    json_bool(&j, "ok", true);
    json_text_known(&j, "request_id", call->status.request_id);
    json_text_known(&j, "agency", call->status.agency);
    json_text_known(&j, "state", sah_state_name(result->state));
    if (result->code == SAH_STATUS_HISTORY)
        json_bool(&j, "applied", false);
    json_close(&j, '}');
    sah_http_reply(call->x, 200, JSON, buf.data, buf.failed ? 0 : buf.len);
    sah_buf_fini(&buf);
}

static void reply_illegal(const struct call *call, const struct sah_status_result *result)
{
    struct sah_buf buf;
    struct json_out j = {.buf = &buf};

    sah_buf_init(&buf, ANSWER_MAX);
    json_open(&j, NULL, '{');
    json_text_known(&j, "error", "illegal_move");
    json_text_known(&j, "from", sah_state_name(result->from));
    json_text_known(&j, "to", sah_state_name(call->status.state));
    json_open(&j, "allowed", '[');
    for (unsigned i = 0; i < result->n_allowed; i++)
        json_text(&j, NULL, sah_slice_of(sah_state_name(result->allowed[i])));
    json_close(&j, ']');
    json_close(&j, '}');
    sah_http_reply(call->x, 409, JSON, buf.data, buf.failed ? 0 : buf.len);
    sah_buf_fini(&buf);
}

static void reply_result(const struct call *call, const struct sah_status_result *result)
{
    switch (result->code) {
    case SAH_STATUS_APPLIED:
    case SAH_STATUS_REPEATED:
    case SAH_STATUS_HISTORY:
        reply_good(call, result);
        return;
    case SAH_STATUS_NOT_FOUND:
        reply_error(call->x, 404, "not_found", "", "");
        return;
    case SAH_STATUS_ILLEGAL:
        reply_illegal(call, result);
        return;
    case SAH_STATUS_NEEDS_NAME:
        reply_error(call->x, 400, "malformed", "by",
                    "this state is a person's to set: name the agent or the position");
        return;
    case SAH_STATUS_UNAVAILABLE:
        reply_error(call->x, 503, "unavailable", "",
                    "the store cannot take it now: send it again");
        return;
    }
}

/* The core has decided. Runs on the loop, maybe from inside the call. */
static void on_result(void *data, const struct sah_status_result *result)
{
    struct call *call = data;

    SAH_CHECK(call, CALL_MAGIC);
    if (call->x != NULL)
        reply_result(call, result);
    unlink_call(call);
    call->magic = 0;
    free(call);
}

void sah_callback_stop(struct sah_callback *callback)
{
    if (callback == NULL)
        return;
    SAH_CHECK(callback, CALLBACK_MAGIC);
    for (struct call *call = callback->calls; call != NULL; call = call->next) {
        if (call->x != NULL)
            reply_error(call->x, 503, "unavailable", "", "going down: send it again");
        call->x = NULL;
    }
}

void sah_callback_destroy(struct sah_callback *callback)
{
    if (callback == NULL)
        return;
    sah_callback_stop(callback);
    while (callback->calls != NULL)
        unlink_call(callback->calls); /* freed when the core is done with them */
    tokens_destroy(callback->tokens);
    callback->magic = 0;
    free(callback);
}

/* ---- a call comes in */

/* "{id}/status", "/link" or "/unlink" behind the route's star. */
static int request_of(struct sah_slice tail, char dst[SAH_REQUEST_ID_SIZE], struct sah_slice *ret_verb)
{
    const size_t id_len = SAH_REQUEST_ID_SIZE - 1;

    if (tail.len <= id_len)
        return SAH_ENOENT;
    *ret_verb = (struct sah_slice){tail.ptr + id_len, tail.len - id_len};
    if (!sah_slice_is(*ret_verb, "/status") && !sah_slice_is(*ret_verb, "/link") && !sah_slice_is(*ret_verb, "/unlink"))
        return SAH_ENOENT;
    tail.len = id_len;
    if (sah_request_id_parse(tail, NULL, NULL) != SAH_OK)
        return SAH_ENOENT;
    return sah_copy(dst, SAH_REQUEST_ID_SIZE, tail.ptr, tail.len);
}

static struct call *call_new(struct sah_callback *callback, struct sah_http_exchange *x)
{
    struct call *call = calloc(1, sizeof *call);

    if (call == NULL) {
        reply_error(x, 503, "unavailable", "", "out of memory: send it again");
        return NULL;
    }
    call->magic = CALL_MAGIC;
    call->callback = callback;
    call->x = x;
    call->next = callback->calls;
    if (call->next != NULL)
        call->next->prev = call;
    callback->calls = call;
    return call;
}

static void on_linked(void *data, int err)
{
    struct call *call = data;

    SAH_CHECK(call, CALL_MAGIC);
    if (call->x != NULL && err == SAH_OK)
        sah_http_reply(call->x, 200, JSON, "{\"ok\":true}", 11);
    else if (call->x != NULL && err == SAH_ENOENT)
        reply_error(call->x, 404, "not_found", "", "");
    else if (call->x != NULL && err == SAH_ECONFLICT)
        reply_error(call->x, 409, "not_linkable", "",
                    "it is linked elsewhere, carries others, or the other one is closed: unlink first");
    else if (call->x != NULL)
        reply_error(call->x, 503, "unavailable", "", "the store cannot take it now: send it again");
    unlink_call(call);
    call->magic = 0;
    free(call);
}

/* A person says that two requests are one incident, or that they are not. */
static void hand_link(struct sah_callback *callback, struct sah_http_exchange *x, const char *request_id,
                      const struct sah_agency *agency, bool links)
{
    struct sah_now now = {.mono_ms = sah_clock_mono_ms(), .wall_ms = sah_clock_wall_ms()};
    char main_id[SAH_REQUEST_ID_SIZE] = "", by[SAH_BY_SIZE];
    struct body_fault fault;
    struct call *call;

    if (link_body_read(sah_http_body(x), links, main_id, by, &fault) != SAH_OK) {
        reply_error(x, 400, "malformed", fault.field, fault.text);
        return;
    }
    call = call_new(callback, x);
    if (call == NULL)
        return;
    sah_info(callback->log, "event=request.%s request=%s main=%s agency=%s", links ? "link" : "unlink", request_id,
             links ? main_id : "-", agency->id);
    callback->front.link(callback->front.data, request_id, main_id, agency->id, now, on_linked, call);
}

static void hand_over(struct sah_callback *callback, struct sah_http_exchange *x,
                      const struct sah_agency_status *status)
{
    struct sah_now now = {.mono_ms = sah_clock_mono_ms(), .wall_ms = sah_clock_wall_ms()};
    struct call *call = call_new(callback, x);

    if (call == NULL)
        return;
    call->status = *status;
    callback->front.status(callback->front.data, &call->status, now, on_result,
                    call); /* call may be gone now */
}

void sah_callback_handle(struct sah_callback *callback, struct sah_http_exchange *x)
{
    struct sah_agency_status status;
    struct body_fault fault;
    char request_id[SAH_REQUEST_ID_SIZE];
    const struct sah_agency *agency;
    struct sah_slice verb;

    SAH_CHECK(callback, CALLBACK_MAGIC);
    agency = tokens_find(callback->tokens, sah_http_bearer(x), sah_clock_mono_ms());
    if (agency == NULL) {
        callback->unauthorised++;
        reply_error(x, 401, "unauthorised", "", "");
        return;
    }
    if (request_of(sah_http_path_tail(x), request_id, &verb) != SAH_OK) {
        reply_error(x, 404, "not_found", "", "");
        return;
    }
    if (!sah_slice_is(verb, "/status")) {
        hand_link(callback, x, request_id, agency, sah_slice_is(verb, "/link"));
        return;
    }
    if (status_body_read(sah_http_body(x), &status, &fault) != SAH_OK) {
        sah_warn(callback->log, "event=status.malformed request=%s agency=%s field=%s",
                 request_id, agency->id, fault.field[0] != '\0' ? fault.field : "-");
        reply_error(x, 400, "malformed", fault.field, fault.text);
        return;
    }
    memcpy(status.request_id, request_id, sizeof status.request_id);
    memcpy(status.agency, agency->id, sizeof status.agency);
    hand_over(callback, x, &status);
}

uint64_t sah_callback_unauthorised(const struct sah_callback *callback)
{
    SAH_CHECK(callback, CALLBACK_MAGIC);
    return callback->unauthorised;
}
