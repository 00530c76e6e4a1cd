/*
 * world - see world.h.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sahaya/clock.h>

#include "tell.h"
#include "../../lib/patience.h"

enum { CALL_MS = 5000, PERSON_MS = 30 };

static void put_file(const struct world *world, const char *name, const char *content)
{
    char path[160];
    FILE *file;

    assert_int_equal(sah_format(path, sizeof path, "%s/%s", world->dir, name), SAH_OK);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void on_post(void *data, struct sah_http_exchange *x)
{
    struct world *world = data;
    struct world_heard *heard = &world->heard[world->n_heard];
    struct sah_slice bearer = sah_http_bearer(x), path = sah_http_path(x);
    const char *signature = sah_http_header(x, "X-Hub-Signature-256");

    if (world->n_unwilling > 0) {
        world->n_unwilling--;
        sah_http_reply_text(x, 503, "later\n");
        return;
    }
    assert_in_range(world->n_heard, 0, WORLD_HEARD_MAX - 1);
    assert_int_equal(sah_copy(heard->path, sizeof heard->path, path.ptr, path.len), SAH_OK);
    assert_int_equal(sah_copy(heard->bearer, sizeof heard->bearer, bearer.ptr, bearer.len),
                     SAH_OK);
    (void)sah_format(heard->signature, sizeof heard->signature, "%s",
                     signature == NULL ? "" : signature);
    heard->body = sah_tell_body(x);
    assert_non_null(heard->body);
    heard->at_ms = sah_clock_mono_ms();
    world->n_heard++;
    sah_http_reply_text(x, world->answer_status == 0 ? 200 : world->answer_status, "{}\n");
}

static const struct sah_http_route routes[] = {{"POST", "/*", on_post}};

static struct world *make(bool receipts)
{
    struct world *world = calloc(1, sizeof *world);
    struct sah_http_server_settings http = {.address = "127.0.0.1",
                                            .max_body_bytes = 65536,
                                            .routes = routes,
                                            .n_routes = SAH_LEN(routes),
                                            .data = world};
    char webhook[96] = "", app[96], access[96];
    struct sah_standin_settings settings = {.listen_address = "127.0.0.1",
                                            .webhook_url = webhook,
                                            .app_secret_file = app,
                                            .access_token_file = access,
                                            .person_after_ms = PERSON_MS,
                                            .step_ms = PERSON_MS};

    assert_non_null(world);
    (void)sah_format(world->dir, sizeof world->dir, "/tmp/sahaya-standin-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    (void)sah_format(app, sizeof app, "%s/app", world->dir);
    (void)sah_format(access, sizeof access, "%s/access", world->dir);
    settings.agencies_secrets = world->dir;
    put_file(world, "app", WORLD_APP);
    put_file(world, "access", WORLD_BEARER);
    put_file(world, "108.secret", WORLD_SECRET);
    put_file(world, "108.token", WORLD_TOKEN);
    assert_int_equal(sah_loop_create(&world->loop), SAH_OK);
    assert_int_equal(sah_http_server_create(world->loop, &http, &world->router), SAH_OK);
    (void)sah_format(world->status_url, sizeof world->status_url,
                     "http://127.0.0.1:%u/v1/requests/E001/status",
                     sah_http_server_port(world->router));
    if (receipts)
        (void)sah_format(webhook, sizeof webhook, "http://127.0.0.1:%u/webhooks",
                         sah_http_server_port(world->router));
    assert_int_equal(sah_standin_create(world->loop, &settings, &world->standin), SAH_OK);
    assert_int_equal(sah_http_client_create(world->loop, &world->client), SAH_OK);
    return world;
}

int world_setup(void **state)
{
    *state = make(false);
    return 0;
}

int world_setup_with_receipts(void **state)
{
    *state = make(true);
    return 0;
}

int world_teardown(void **state)
{
    static const char *const files[] = {"app", "access", "108.secret", "108.token"};
    struct world *world = *state;
    char path[160];

    sah_http_client_destroy(world->client);
    sah_standin_destroy(world->standin);
    sah_http_server_destroy(world->router);
    sah_loop_destroy(world->loop);
    for (unsigned i = 0; i < world->n_heard; i++)
        json_decref(world->heard[i].body);
    json_decref(world->answer.json);
    for (size_t i = 0; i < SAH_LEN(files); i++) {
        (void)sah_format(path, sizeof path, "%s/%s", world->dir, files[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(world->dir), 0);
    free(world);
    return 0;
}

static void on_answer(void *data, const struct sah_http_answer *answer)
{
    struct world *world = data;

    world->answer.done = true;
    world->answer.fault = answer->fault;
    world->answer.status = answer->status;
    world->answer.retry_after_ms = answer->retry_after_ms;
    if (answer->body != NULL) {
        world->answer.json = json_loadb(answer->body, answer->body_len, 0, NULL);
        (void)sah_copy_cut(world->answer.body, sizeof world->answer.body, answer->body,
                           answer->body_len);
    }
}

const struct world_answer *world_call(struct world *world, const char *method, const char *path,
                                      const struct sah_http_header *headers, size_t n_headers,
                                      const char *body)
{
    uint64_t give_up_at = sah_clock_mono_ms() + patience_ms(CALL_MS);
    char url[256];
    const struct sah_http_request request = {.method = method,
                                             .url = url,
                                             .headers = headers,
                                             .n_headers = n_headers,
                                             .body = body,
                                             .body_len = body == NULL ? 0 : strlen(body),
                                             .timeout_ms = 400,
                                             .max_answer_bytes = 16 * 1024 * 1024};

    json_decref(world->answer.json);
    memset(&world->answer, 0, sizeof world->answer);
    assert_int_equal(sah_format(url, sizeof url, "http://127.0.0.1:%u%s",
                                sah_standin_port(world->standin), path),
                     SAH_OK);
    assert_int_equal(sah_http_send(world->client, &request, on_answer, world, NULL), SAH_OK);
    while (!world->answer.done) {
        assert_true(sah_clock_mono_ms() < give_up_at);
        sah_loop_turn(world->loop, 10);
    }
    return &world->answer;
}

const struct world_answer *world_get(struct world *world, const char *path)
{
    return world_call(world, "GET", path, NULL, 0, NULL);
}

const struct world_answer *world_put(struct world *world, const char *path, const char *body)
{
    return world_call(world, "PUT", path, NULL, 0, body);
}

const struct world_answer *world_deliver(struct world *world, const char *agency,
                                         const char *key, const char *kind, const char *more)
{
    char body[2048], path[64], at[24], signature[80] = "v1,";
    uint8_t mac[SAH_SHA256_BYTES];

    assert_int_equal(sah_format(body, sizeof body,
                                "{\"key\":\"%s\",\"kind\":\"%s\",\"request_id\":\"E001\","
                                "\"sequence\":7,\"attempt\":1,\"priority\":\"P1\","
                                "\"service\":\"AMBULANCE_108\",\"text\":\"నొప్పి\","
                                "\"status_url\":\"%s\"%s%s}",
                                key, kind, world->status_url, more[0] == '\0' ? "" : ",", more),
                     SAH_OK);
    (void)sah_format(path, sizeof path, "/agencies/%s", agency);
    (void)sah_format(at, sizeof at, "%lld", (long long)(sah_clock_wall_ms() / 1000));
    const struct sah_slice parts[] = {sah_slice_of(key), SAH_SLICE("."), sah_slice_of(at),
                                      SAH_SLICE("."), sah_slice_of(body)};
    assert_int_equal(
        sah_tell_mac(WORLD_SECRET, strlen(WORLD_SECRET), parts, SAH_LEN(parts), mac), SAH_OK);
    sah_base64(signature + 3, mac, sizeof mac);
    const struct sah_http_header headers[] = {{"Idempotency-Key", key},
                                              {"webhook-id", key},
                                              {"webhook-timestamp", at},
                                              {"webhook-signature", signature}};
    return world_call(world, "POST", path, headers, SAH_LEN(headers), body);
}

const struct world_answer *world_send(struct world *world, const char *body)
{
    const struct sah_http_header header = {"Authorization", "Bearer " WORLD_BEARER};

    return world_call(world, "POST", "/graph/v23.0/1061/messages", &header, 1, body);
}

void world_turn(struct world *world, uint32_t for_ms)
{
    uint64_t until_ms = sah_clock_mono_ms() + for_ms;

    while (sah_clock_mono_ms() < until_ms)
        sah_loop_turn(world->loop, 5);
}

void world_wait_heard(struct world *world, unsigned n)
{
    uint64_t give_up_at = sah_clock_mono_ms() + patience_ms(CALL_MS);

    while (world->n_heard < n) {
        if (sah_clock_mono_ms() > give_up_at)
            fail_msg("heard %u of %u", world->n_heard, n);
        sah_loop_turn(world->loop, 10);
    }
}

const char *world_heard_text(const struct world *world, unsigned at, const char *key)
{
    assert_in_range(at, 0, world->n_heard);
    return sah_tell_text(world->heard[at].body, key);
}

void world_expect_states(struct world *world, const char *const *states)
{
    unsigned n = 0;

    while (states[n] != NULL)
        n++;
    world_wait_heard(world, n);
    world_turn(world, 100); /* nothing more may come */
    assert_int_equal(world->n_heard, n);
    for (unsigned i = 0; i < n; i++)
        assert_string_equal(world_heard_text(world, i, "state"), states[i]);
}
