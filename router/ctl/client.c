/*
 * client - sahayactl asks a router and waits for its answer. See client.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sahaya/http_client.h>

#include "client.h"

#define TIMEOUT_MS 60000
#define ANSWER_MAX ((size_t)4 * 1024 * 1024)

const char client_help[] =
    "  --lane emergency|bulk   which router; its admin socket is found in the state folder\n"
    "                          (SAHAYA_STATE_DIR, else .run above this program)\n"
    "  --socket PATH           the router's admin socket itself\n"
    "  --url URL --token-file FILE   over TCP: http://127.0.0.1:8090 and the admin token\n";

bool client_option(struct client_options *options, int argc, char **argv, int *i)
{
    static const char *const names[] = {"--socket", "--url", "--token-file", "--lane"};
    const char **const values[] = {&options->socket, &options->url, &options->token_file, &options->lane};

    for (size_t n = 0; n < SAH_LEN(names); n++) {
        if (strcmp(argv[*i], names[n]) != 0 || *i + 1 >= argc)
            continue;
        *values[n] = argv[++*i];
        return true;
    }
    return false;
}

int client_unknown(const char *command, const char *word)
{
    static const char *const with_value[] = {"--socket", "--url", "--token-file", "--lane",    "--endpoint",
                                             "--key",    "--by",  "--request",    "--to",      "--show"};

    for (size_t i = 0; i < SAH_LEN(with_value); i++)
        if (strcmp(word, with_value[i]) == 0) {
            fprintf(stderr, "sahayactl %s: %s wants a value behind it; see sahayactl %s --help\n", command, word, command);
            return 2;
        }
    fprintf(stderr, "sahayactl %s: unknown word \"%s\"; see sahayactl %s --help\n", command, word, command);
    return 2;
}

/* The program stands in build/bin; the state folder, when nobody says another, beside build. */
static bool state_folder(char dst[CLIENT_PATH])
{
    const char *named = getenv("SAHAYA_STATE_DIR");
    char self[CLIENT_PATH], *slash;
    ssize_t n;

    if (named != NULL && named[0] != '\0')
        return sah_format(dst, CLIENT_PATH, "%s", named) == SAH_OK;
    n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        return false;
    self[n] = '\0';
    slash = strrchr(self, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return sah_format(dst, CLIENT_PATH, "%s/../../.run", self) == SAH_OK;
}

/* Under a long path the sockets lie elsewhere: the file "sockets" says where (deploy/README.md). */
static bool socket_of(const char *lane, char dst[CLIENT_PATH])
{
    char state[CLIENT_PATH], file[CLIENT_PATH + 16], folder[CLIENT_PATH] = "";
    FILE *in;

    if (!state_folder(state))
        return false;
    (void)sah_format(file, sizeof file, "%s/sockets", state);
    in = fopen(file, "r");
    if (in != NULL) {
        if (fgets(folder, sizeof folder, in) != NULL)
            folder[strcspn(folder, "\n")] = '\0';
        fclose(in);
    }
    if (folder[0] != '\0')
        return sah_format(dst, CLIENT_PATH, "%s/%s-admin.sock", folder, lane) == SAH_OK;
    return sah_format(dst, CLIENT_PATH, "%s/sock/%s-admin.sock", state, lane) == SAH_OK;
}

int client_of(const struct client_options *options, const char *lane, struct client *ret_client)
{
    struct client client = {.url = options->url, .token_file = options->token_file};
    bool good = true;

    if (options->lane != NULL && strcmp(options->lane, "emergency") != 0 && strcmp(options->lane, "bulk") != 0) {
        fprintf(stderr, "sahayactl: --lane is \"%s\"; write emergency or bulk\n", options->lane);
        return 2;
    }
    if (options->url != NULL && options->token_file == NULL) {
        fputs("sahayactl: --url wants --token-file, the file with the admin token\n", stderr);
        return 2;
    }
    if (options->socket != NULL)
        good = sah_format(client.socket, sizeof client.socket, "%s", options->socket) == SAH_OK;
    else if (options->url == NULL)
        good = socket_of(lane, client.socket);
    if (!good) {
        fputs("sahayactl: cannot tell where the router's admin socket is; give --socket or --url\n", stderr);
        return 2;
    }
    if (client.socket[0] != '\0' && access(client.socket, F_OK) != 0) {
        fprintf(stderr, "sahayactl: no router of the %s lane is at %s; is it running? (give --socket or --url)\n", lane,
                client.socket);
        return 1;
    }
    *ret_client = client;
    return 0;
}

struct waiting {
    struct sah_loop *loop;
    enum sah_http_fault fault;
    int status;
    json_t *json;
};

static void on_answer(void *data, const struct sah_http_answer *answer)
{
    struct waiting *w = data;

    w->fault = answer->fault;
    w->status = answer->status;
    if (answer->body_len > 0) {
        w->json = json_loadb(answer->body, answer->body_len, 0, NULL);
        if (w->json == NULL) /* plain text, and a line of it */
            w->json = json_pack("{s:s%}", "text", answer->body,
                                answer->body_len - (answer->body[answer->body_len - 1] == '\n'));
    }
    sah_loop_stop(w->loop);
}

static int send_it(struct sah_loop *loop, struct sah_http_client *http, const struct client *client, const char *path,
                   const char *body, struct waiting *w)
{
    char url[CLIENT_PATH], bearer[512] = "Bearer ";
    struct sah_http_header headers[2] = {{"Content-Type", "application/json"}};
    struct sah_http_request request = {.method = body != NULL ? "POST" : "GET",
                                       .url = url,
                                       .unix_socket = client->socket[0] != '\0' ? client->socket : NULL,
                                       .headers = headers,
                                       .n_headers = 1,
                                       .body = body,
                                       .body_len = body != NULL ? strlen(body) : 0,
                                       .timeout_ms = TIMEOUT_MS,
                                       .max_answer_bytes = ANSWER_MAX};
    int err = sah_format(url, sizeof url, "%s%s", client->socket[0] != '\0' ? "http://localhost" : client->url, path);

    if (err == SAH_OK && client->socket[0] == '\0') {
        char *token = NULL;
        size_t len;

        err = sah_read_secret(client->token_file, &token, &len);
        if (err != SAH_OK || len + 8 >= sizeof bearer) {
            fprintf(stderr, "sahayactl: cannot read a token in %s: does it exist, may you read it, is it empty?\n",
                    client->token_file);
            free(token);
            return SAH_EINVAL;
        }
        memcpy(bearer + 7, token, len);
        bearer[7 + len] = '\0';
        free(token);
        headers[request.n_headers++] = (struct sah_http_header){"Authorization", bearer};
    }
    if (err == SAH_OK)
        err = sah_http_send(http, &request, on_answer, w, NULL);
    if (err == SAH_OK)
        sah_loop_run(loop);
    return err;
}

json_t *client_ask(const struct client *client, const char *path, const json_t *body, int *ret_status)
{
    struct sah_loop *loop = NULL;
    struct sah_http_client *http = NULL;
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    struct waiting w = {0};
    int err = sah_loop_create(&loop);

    w.loop = loop;
    if (err == SAH_OK)
        err = sah_http_client_create(loop, &http);
    if (err == SAH_OK)
        err = send_it(loop, http, client, path, text, &w);
    sah_http_client_destroy(http);
    sah_loop_destroy(loop);
    free(text);
    if (err != SAH_OK || w.fault != SAH_HTTP_FINE || w.json == NULL) {
        fprintf(stderr, "sahayactl: no answer from %s: %s\n", client->socket[0] != '\0' ? client->socket : client->url,
                err != SAH_OK ? sah_strerror(err) : sah_http_fault_text(w.fault));
        json_decref(w.json);
        return NULL;
    }
    *ret_status = w.status;
    return w.json;
}

json_t *client_must(const struct client *client, const char *path, const json_t *body)
{
    int status = 0;
    json_t *answer = client_ask(client, path, body, &status);
    const char *field = json_string_value(json_object_get(answer, "field"));
    const char *text = json_string_value(json_object_get(answer, "text"));

    if (answer == NULL || status == 200)
        return answer;
    fprintf(stderr, "sahayactl: the router says %d%s%s%s%s\n", status, field != NULL && field[0] ? ", " : "",
            field != NULL ? field : "", text != NULL ? ": " : "", text != NULL ? text : "");
    json_decref(answer);
    return NULL;
}
