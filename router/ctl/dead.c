/*
 * dead - `sahayactl dead`, `replay` and `reclassify`: what a person does about what was given up.
 *
 * Used by: main.c. Never: replays without being told which, or without saying what it would do first
 * when asked to (--dry-run).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sahaya/str.h>

#include "admin.h"
#include "client.h"

struct words {
    struct client_options options;
    const char *endpoint, *key, *by, *request, *to;
    bool all, dry_run, help;
};

/* False after an error message. */
static bool read_words(const char *command, int argc, char **argv, struct words *words)
{
    for (int i = 0; i < argc; i++) {
        const struct {
            const char *name;
            const char **value;
        } texts[] = {{"--endpoint", &words->endpoint}, {"--key", &words->key},   {"--by", &words->by},
                     {"--request", &words->request},   {"--to", &words->to}};
        bool known = client_option(&words->options, argc, argv, &i);

        for (size_t n = 0; !known && n < SAH_LEN(texts); n++)
            if (strcmp(argv[i], texts[n].name) == 0 && i + 1 < argc) {
                *texts[n].value = argv[++i];
                known = true;
            }
        if (known)
            continue;
        if (strcmp(argv[i], "--all") == 0)
            words->all = true;
        else if (strcmp(argv[i], "--dry-run") == 0)
            words->dry_run = true;
        else if (strcmp(argv[i], "--help") == 0)
            words->help = true;
        else {
            (void)client_unknown(command, argv[i]);
            return false;
        }
    }
    return true;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

static long long number(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

/* ---- dead */

static bool list(const struct client *client, const char *endpoint)
{
    long long total = 1;

    for (long long skip = 0; skip < total;) {
        char path[256];
        json_t *root, *letter;
        size_t i;

        (void)sah_format(path, sizeof path, "/v1/dead?endpoint=%s&skip=%lld", endpoint, skip);
        root = client_must(client, path, NULL);
        if (root == NULL)
            return false;
        total = number(root, "total");
        if (skip == 0)
            printf("%s: %lld dead letter%s\n", endpoint, total, total == 1 ? "" : "s");
        json_array_foreach(json_object_get(root, "dead"), i, letter)
            printf("  %s  %s  %-2s %-9s %-11s attempts %-3lld dead %s  request %s\n", text_of(letter, "key"),
                   text_of(letter, "agency"), text_of(letter, "priority"), text_of(letter, "kind"), text_of(letter, "why"),
                   number(letter, "attempts"), text_of(letter, "dead"), text_of(letter, "request_id"));
        i = json_array_size(json_object_get(root, "dead"));
        json_decref(root);
        if (i == 0)
            break;
        skip += (long long)i;
    }
    return true;
}

static bool list_queues(const struct client *client, const json_t *queues, unsigned *shown)
{
    const json_t *queue;
    size_t i;

    json_array_foreach(queues, i, queue) {
        if (number(queue, "dead") == 0)
            continue;
        ++*shown;
        if (!list(client, text_of(queue, "endpoint")))
            return false;
    }
    return true;
}

int dead_main(int argc, char **argv)
{
    struct words words = {0};
    struct client client;
    unsigned shown = 0;
    int code;
    bool good;
    json_t *root;

    if (!read_words("dead", argc, argv, &words))
        return 2;
    if (words.help) {
        printf("usage: sahayactl dead [--endpoint E] [options]\n\nDead letters: deliveries that were given up and wait for a "
               "person. Keys, ids, class, kind, why\nand when; nobody's words. Without --endpoint those of every endpoint "
               "of the lane (emergency, unless --lane bulk).\n%s", client_help);
        return 0;
    }
    code = client_of(&words.options, words.options.lane != NULL ? words.options.lane : "emergency", &client);
    if (code != 0)
        return code;
    if (words.endpoint != NULL)
        return list(&client, words.endpoint) ? 0 : 1;
    root = client_must(&client, "/v1/queues", NULL);
    if (root == NULL)
        return 1;
    good = list_queues(&client, json_object_get(root, "queues"), &shown) &&
           list_queues(&client, json_object_get(root, "forgotten"), &shown);
    if (good && shown == 0)
        puts("no dead letters");
    json_decref(root);
    return good ? 0 : 1;
}

/* ---- replay */

static json_t *replay_body(const struct words *words, long long skip)
{
    json_t *body = json_pack("{s:s, s:I, s:b}", "endpoint", words->endpoint, "skip", (json_int_t)skip, "dry_run",
                             words->dry_run);

    (void)(words->key != NULL ? json_object_set_new(body, "key", json_string(words->key))
                              : json_object_set_new(body, "all", json_true()));
    if (words->by != NULL)
        (void)json_object_set_new(body, "by", json_string(words->by));
    return body;
}

/* A hundred a call until none is left; what stays where it is is stepped over. */
static int replay_all(const struct client *client, const struct words *words)
{
    long long replayed = 0, over = 0, stay = 0, looked, total, at_first = -1;
    bool progress = isatty(STDERR_FILENO);

    do {
        json_t *body = replay_body(words, stay), *root = client_must(client, "/v1/replay", body);

        json_decref(body);
        if (root == NULL) {
            fprintf(stderr, "stopped: %lld replayed, %lld put away so far; saying it again is harmless\n", replayed, over);
            return 1;
        }
        total = number(root, "total");
        if (at_first < 0)
            at_first = total;
        if (words->dry_run) {
            printf("%s: %lld dead letter%s would be looked at; nothing was done (--dry-run)\n", words->endpoint,
                   words->key != NULL ? number(root, "would_look_at") : total, total == 1 ? "" : "s");
            json_decref(root);
            return 0;
        }
        looked = number(root, "looked_at");
        replayed += number(root, "replayed");
        over += number(root, "over");
        stay += number(root, "stay");
        json_decref(root);
        if (progress && at_first > 100)
            fprintf(stderr, "\r%lld of %lld", replayed + over + stay, at_first);
    } while (words->key == NULL && looked > 0 && total > looked + stay);
    if (progress && at_first > 100)
        fputc('\n', stderr);
    printf("%s: %lld replayed, %lld put away (somebody has the request, or it has ended), %lld stay\n", words->endpoint,
           replayed, over, stay);
    if (stay > 0)
        puts("what stays: an amendment goes with its request; an agency must be in the roster; or the store was away: see the log");
    return stay > 0 && replayed + over == 0 ? 1 : 0;
}

int replay_main(int argc, char **argv)
{
    struct words words = {0};
    struct client client;
    int code;

    if (!read_words("replay", argc, argv, &words))
        return 2;
    if (words.help) {
        printf("usage: sahayactl replay --endpoint E (--key K | --all) [--dry-run] [--by NAME] [options]\n\n"
               "Dead letters go out again under their own keys, attempts from the start. P0-P2 go first, at their old\n"
               "place; P3 and P4 go behind what is fresh. What somebody has answered meanwhile is put away. Saying it\n"
               "twice is harmless. NAME stands in the audit record.\n%s", client_help);
        return 0;
    }
    if (words.endpoint == NULL || (words.key != NULL) == words.all) {
        fputs("sahayactl replay: say --endpoint E, and either --key K or --all; see sahayactl replay --help\n", stderr);
        return 2;
    }
    code = client_of(&words.options, words.options.lane != NULL ? words.options.lane : "emergency", &client);
    if (code != 0)
        return code;
    return replay_all(&client, &words);
}

/* ---- reclassify */

int reclassify_main(int argc, char **argv)
{
    struct words words = {0};
    struct client client;
    json_t *body, *root;
    int code;

    if (!read_words("reclassify", argc, argv, &words))
        return 2;
    if (words.help) {
        printf("usage: sahayactl reclassify --request ID --to P0..P4 [--by NAME] [options]\n\n"
               "A request gets another class; what is queued moves with it. Up by anybody; down only with --by, which\n"
               "stands in the audit record. The lane follows from the id.\n%s", client_help);
        return 0;
    }
    if (words.request == NULL || words.to == NULL) {
        fputs("sahayactl reclassify: say --request ID and --to P0..P4; see sahayactl reclassify --help\n", stderr);
        return 2;
    }
    code = client_of(&words.options, words.request[0] == 'B' ? "bulk" : "emergency", &client);
    if (code != 0)
        return code;
    body = json_pack("{s:s, s:s}", "request_id", words.request, "priority", words.to);
    if (body == NULL) {
        fputs("sahayactl reclassify: id and class must be text\n", stderr);
        return 2;
    }
    if (words.by != NULL)
        (void)json_object_set_new(body, "by", json_string(words.by));
    root = client_must(&client, "/v1/reclassify", body);
    json_decref(body);
    if (root == NULL)
        return 1;
    printf("%s is %s%s\n", words.request, text_of(root, "priority"),
           json_is_true(json_object_get(root, "changed")) ? " now" : " already");
    json_decref(root);
    return 0;
}
