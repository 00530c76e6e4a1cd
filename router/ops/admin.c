/*
 * admin - what a person may do over HTTP: look at dead letters, replay them, give a request another class.
 *
 * Owns:    calls under way, each with at most a hundred letters.
 * Used by: app.c as HTTP handlers. The token or the unix socket is asked for first.
 * Never:   shows a phone number, name, text or place (I13); replays more than eight at once, so that what
 *          is fresh does not wait behind them (I7).
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <sahaya/clock.h>

#include "ops/ops_priv.h"
#include "ops/token.h"

#define AT_ONCE    8
#define PAGES_MAX  1000
#define BY_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._@-"

static struct sah_now now_of(void)
{
    return (struct sah_now){.mono_ms = sah_clock_mono_ms(), .wall_ms = sah_clock_wall_ms()};
}

static void reply_json(struct sah_http_exchange *x, int status, json_t *root)
{
    char *text = root != NULL ? json_dumps(root, JSON_INDENT(1)) : NULL;

    json_decref(root);
    if (text == NULL) {
        sah_http_reply_text(x, 503, "out of memory\n");
        return;
    }
    sah_http_reply(x, status, "application/json", text, strlen(text));
    free(text);
}

static void reply_error(struct sah_http_exchange *x, int status, const char *field, const char *text)
{
    reply_json(x, status, json_pack("{s:s, s:s}", "field", field, "text", text));
}

static bool is_name(const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;

    return len > 0 && len < SAH_AGENCY_SIZE && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* ---- dead letters */

static json_t *letter_json(const struct sah_dead_letter *l)
{
    char dead[SAH_CLOCK_TEXT_MAX], accepted[SAH_CLOCK_TEXT_MAX], message[SAH_ID_HEX_SIZE];

    sah_clock_text(l->dead_ms, dead);
    sah_clock_text(l->accepted_ms, accepted);
    sah_id_hex(&l->message_id, message);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:i, s:s, s:s}", "key", l->key, "request_id",
                     l->request_id, "agency", l->agency, "message_id", message, "kind", sah_kind_name(l->kind),
                     "sequence", (json_int_t)l->sequence, "priority", sah_priority_name(l->priority), "why",
                     l->dead_ms == 0 ? "damaged" : sah_answer_kind_name(l->why), "attempts", (int)l->attempts,
                     "accepted", accepted, "dead", l->dead_ms == 0 ? "" : dead);
}

struct listing {
    struct sah_http_exchange *x;
    char endpoint[SAH_AGENCY_SIZE];
};

static void on_list(void *data, int err, const struct sah_dead_letter *letters, unsigned n, uint64_t total)
{
    struct listing *listing = data;
    json_t *list = json_array();

    for (unsigned i = 0; err == SAH_OK && i < n; i++)
        (void)json_array_append_new(list, letter_json(&letters[i]));
    if (err == SAH_OK)
        reply_json(listing->x, 200,
                   json_pack("{s:s, s:I, s:o}", "endpoint", listing->endpoint, "total", (json_int_t)total, "dead", list));
    else
        sah_http_reply_text(listing->x, 503, "the store cannot be asked now: %s\n", sah_strerror(err));
    if (err != SAH_OK)
        json_decref(list);
    free(listing);
}

void sah_ops_dead(struct sah_ops *ops, struct sah_http_exchange *x)
{
    const char *endpoint = sah_http_query(x, "endpoint"), *n_text = sah_http_query(x, "n");
    const char *skip_text = sah_http_query(x, "skip");
    uint64_t n = SAH_DEAD_MAX, skip = 0;
    struct listing *listing;

    SAH_CHECK(ops, OPS_MAGIC);
    if (!ops_admin_allowed(x, ops->s.admin_token_file))
        return;
    if (!is_name(endpoint)) {
        reply_error(x, 400, "endpoint", "name one, as /v1/queues does");
        return;
    }
    if ((n_text != NULL && sah_parse_u64(sah_slice_of(n_text), 1, SAH_DEAD_MAX, &n) != SAH_OK) ||
        (skip_text != NULL && sah_parse_u64(sah_slice_of(skip_text), 0, INT32_MAX, &skip) != SAH_OK)) {
        reply_error(x, 400, "n", "1..100; skip is 0 or more");
        return;
    }
    listing = calloc(1, sizeof *listing);
    if (listing == NULL) {
        sah_http_reply_text(x, 503, "out of memory\n");
        return;
    }
    listing->x = x;
    (void)sah_format(listing->endpoint, sizeof listing->endpoint, "%s", endpoint);
    ops->s.store->dead(ops->s.store->data, listing->endpoint, (unsigned)skip, (unsigned)n, on_list, listing);
}

/* ---- replay */

struct replay {
    struct sah_ops *ops;
    struct sah_http_exchange *x;
    char endpoint[SAH_AGENCY_SIZE], key[SAH_KEY_SIZE], by[SAH_WHO_SIZE];
    bool dry_run, starting;
    unsigned limit, skip, n, next, under_way;
    uint64_t total;
    unsigned counts[SAH_DECIDED_UNAVAILABLE + 1];
    struct sah_dead_letter letters[SAH_DEAD_MAX];
};

static void replay_done(struct replay *r)
{
    const unsigned *c = r->counts;
    unsigned stays = r->n - c[SAH_DECIDED_DONE] - c[SAH_DECIDED_OVER];

    if (r->key[0] != '\0' && r->n == 0)
        reply_error(r->x, 404, "key", "no dead letter of this endpoint has that key");
    else if (r->dry_run)
        reply_json(r->x, 200, json_pack("{s:s, s:I, s:i, s:b}", "endpoint", r->endpoint, "total", (json_int_t)r->total,
                                        "would_look_at", (int)r->n, "dry_run", 1));
    else
        reply_json(r->x, 200,
                   json_pack("{s:s, s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "endpoint", r->endpoint, "total",
                             (json_int_t)r->total, "looked_at", (int)r->n, "replayed", (int)c[SAH_DECIDED_DONE], "over",
                             (int)c[SAH_DECIDED_OVER], "with_request", (int)c[SAH_DECIDED_WITH_REQUEST], "no_agency",
                             (int)c[SAH_DECIDED_NO_AGENCY], "failed",
                             (int)(c[SAH_DECIDED_UNAVAILABLE] + c[SAH_DECIDED_NOT_FOUND]), "stay", (int)stays));
    if (!r->dry_run && r->n > 0)
        sah_info(r->ops->s.log, "event=admin.replay endpoint=%s looked_at=%u replayed=%u over=%u stay=%u", r->endpoint,
                 r->n, c[SAH_DECIDED_DONE], c[SAH_DECIDED_OVER], stays);
    free(r);
}

static void replay_more(struct replay *r);

static void on_replayed(void *data, enum sah_decided decided)
{
    struct replay *r = data;

    r->counts[decided]++;
    r->under_way--;
    if (!r->starting) /* else it came from inside, and the loop below goes on */
        replay_more(r);
}

static void replay_more(struct replay *r)
{
    r->starting = true;
    while (r->next < r->n && r->under_way < AT_ONCE) {
        r->under_way++;
        sah_core_replay(r->ops->s.core, &r->letters[r->next++], r->by, now_of(), on_replayed, r);
    }
    r->starting = false;
    if (r->next == r->n && r->under_way == 0)
        replay_done(r);
}

static void on_letters(void *data, int err, const struct sah_dead_letter *letters, unsigned n, uint64_t total)
{
    struct replay *r = data;

    if (err != SAH_OK) {
        sah_http_reply_text(r->x, 503, "the store cannot be asked now: %s\n", sah_strerror(err));
        free(r);
        return;
    }
    r->total = total;
    for (unsigned i = 0; i < n; i++)
        if (r->key[0] == '\0' || strcmp(letters[i].key, r->key) == 0)
            r->letters[r->n++] = letters[i];
    if (r->key[0] != '\0' && r->n == 0 && n == SAH_DEAD_MAX && r->skip < PAGES_MAX * SAH_DEAD_MAX) {
        r->skip += n;
        r->ops->s.store->dead(r->ops->s.store->data, r->endpoint, r->skip, SAH_DEAD_MAX, on_letters, r);
    } else if (r->dry_run || r->n == 0) {
        replay_done(r);
    } else {
        replay_more(r);
    }
}

/* NULL, after an answer, when the body is no good. */
static json_t *body_of(struct sah_ops *ops, struct sah_http_exchange *x)
{
    struct sah_slice body = sah_http_body(x);
    json_error_t fault;
    json_t *root;

    if (!ops_admin_allowed(x, ops->s.admin_token_file))
        return NULL;
    root = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &fault);
    if (json_is_object(root))
        return root;
    json_decref(root);
    reply_error(x, 400, "", "a JSON object is wanted");
    return NULL;
}

/* Who does it, for the audit record. */
static bool by_of(struct sah_http_exchange *x, const json_t *root, char ret_by[SAH_WHO_SIZE])
{
    const char *by = json_string_value(json_object_get(root, "by"));

    ret_by[0] = '\0';
    if (by == NULL && json_object_get(root, "by") == NULL)
        return true;
    if (by != NULL && by[0] != '\0' && strlen(by) < SAH_WHO_SIZE && strspn(by, BY_LETTERS) == strlen(by)) {
        (void)sah_format(ret_by, SAH_WHO_SIZE, "%s", by);
        return true;
    }
    reply_error(x, 400, "by", "a name or position of 1..40 letters, digits, space, . _ @ -");
    return false;
}

static bool read_replay(struct sah_http_exchange *x, const json_t *root, struct replay *r)
{
    const char *endpoint = json_string_value(json_object_get(root, "endpoint"));
    const char *key = json_string_value(json_object_get(root, "key"));
    const json_t *limit = json_object_get(root, "limit"), *skip = json_object_get(root, "skip");

    if (!is_name(endpoint)) {
        reply_error(x, 400, "endpoint", "name one, as /v1/queues does");
        return false;
    }
    if ((key == NULL) == !json_is_true(json_object_get(root, "all")) ||
        (key != NULL && (strlen(key) != SAH_KEY_SIZE - 1 || strspn(key, "0123456789abcdef") != SAH_KEY_SIZE - 1))) {
        reply_error(x, 400, "key", "either one key of 32 hex letters, or \"all\": true");
        return false;
    }
    if ((limit != NULL && (!json_is_integer(limit) || json_integer_value(limit) < 1 ||
                           json_integer_value(limit) > SAH_DEAD_MAX)) ||
        (skip != NULL && (!json_is_integer(skip) || json_integer_value(skip) < 0 ||
                          json_integer_value(skip) > INT32_MAX))) {
        reply_error(x, 400, "limit", "1..100; skip is 0 or more");
        return false;
    }
    (void)sah_format(r->endpoint, sizeof r->endpoint, "%s", endpoint);
    (void)sah_format(r->key, sizeof r->key, "%s", key != NULL ? key : "");
    r->limit = limit != NULL && key == NULL ? (unsigned)json_integer_value(limit) : SAH_DEAD_MAX;
    r->skip = skip != NULL ? (unsigned)json_integer_value(skip) : 0;
    r->dry_run = json_is_true(json_object_get(root, "dry_run"));
    return by_of(x, root, r->by);
}

void sah_ops_replay(struct sah_ops *ops, struct sah_http_exchange *x)
{
    struct replay *r;
    json_t *root;

    SAH_CHECK(ops, OPS_MAGIC);
    root = body_of(ops, x);
    if (root == NULL)
        return;
    r = calloc(1, sizeof *r);
    if (r == NULL)
        sah_http_reply_text(x, 503, "out of memory\n");
    if (r == NULL || !read_replay(x, root, r)) {
        json_decref(root);
        free(r);
        return;
    }
    json_decref(root);
    r->ops = ops;
    r->x = x;
    ops->s.store->dead(ops->s.store->data, r->endpoint, r->skip, r->limit, on_letters, r);
}

/* ---- another class */

struct reclassify {
    struct sah_ops *ops;
    struct sah_http_exchange *x;
    char request_id[SAH_REQUEST_ID_SIZE];
    enum sah_priority priority;
};

static void on_reclassified(void *data, enum sah_decided decided)
{
    static const struct {
        int status;
        const char *field, *text;
    } says[] = {
        [SAH_DECIDED_DONE] = {200, "", ""},
        [SAH_DECIDED_NOTHING] = {200, "", ""},
        [SAH_DECIDED_NOT_FOUND] = {404, "request_id", "no such request in this lane"},
        [SAH_DECIDED_NEEDS_NAME] = {409, "by", "down only by a person with a name: say who"},
        [SAH_DECIDED_WRONG_LANE] = {409, "priority", "this lane carries P3 and P4 alone: it must be a new request in the emergency lane"},
        [SAH_DECIDED_UNAVAILABLE] = {503, "", "cannot be written now; ask again"},
    };
    struct reclassify *r = data;

    SAH_ASSERT(decided < SAH_LEN(says) && says[decided].status != 0);
    if (says[decided].status != 200) {
        reply_error(r->x, says[decided].status, says[decided].field, says[decided].text);
    } else {
        sah_info(r->ops->s.log, "event=admin.reclassify request=%s priority=%s changed=%d", r->request_id,
                 sah_priority_name(r->priority), decided == SAH_DECIDED_DONE);
        reply_json(r->x, 200, json_pack("{s:s, s:s, s:b}", "request_id", r->request_id, "priority",
                                        sah_priority_name(r->priority), "changed", decided == SAH_DECIDED_DONE));
    }
    free(r);
}

void sah_ops_reclassify(struct sah_ops *ops, struct sah_http_exchange *x)
{
    json_t *root;
    const char *id, *name;
    struct reclassify *r;
    char by[SAH_WHO_SIZE];
    enum sah_priority priority = SAH_PRIORITY_UNSPECIFIED;

    SAH_CHECK(ops, OPS_MAGIC);
    root = body_of(ops, x);
    if (root == NULL)
        return;
    id = json_string_value(json_object_get(root, "request_id"));
    name = json_string_value(json_object_get(root, "priority"));
    for (unsigned p = SAH_PRIORITY_P0; name != NULL && p <= SAH_PRIORITY_P4; p++)
        if (strcmp(name, sah_priority_name((enum sah_priority)p)) == 0)
            priority = (enum sah_priority)p;
    r = NULL;
    if (id == NULL || sah_request_id_parse(sah_slice_of(id), NULL, NULL) != SAH_OK)
        reply_error(x, 400, "request_id", "29 letters that start with E or B");
    else if (priority == SAH_PRIORITY_UNSPECIFIED)
        reply_error(x, 400, "priority", "P0, P1, P2, P3 or P4");
    else if (by_of(x, root, by) && (r = calloc(1, sizeof *r)) == NULL)
        sah_http_reply_text(x, 503, "out of memory\n");
    if (r != NULL) {
        *r = (struct reclassify){.ops = ops, .x = x, .priority = priority};
        (void)sah_format(r->request_id, sizeof r->request_id, "%s", id);
        sah_core_reclassify(ops->s.core, r->request_id, priority, by, now_of(), on_reclassified, r);
    }
    json_decref(root);
}
