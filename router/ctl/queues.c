/*
 * queues - `sahayactl queues` and `sahayactl quarantine`: what waits, where, how long; what could not be
 * understood.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>
#include <sahaya/str.h>

#include "admin.h"
#include "client.h"

#define SHOWN_MAX 100 /* pieces of the quarantine */

static const char *const lanes[] = {"emergency", "bulk"};

static void help(const char *command, const char *what)
{
    printf("usage: sahayactl %s [options]\n\n%s\n%s", command, what, client_help);
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* P0..P4 as one column, "2/-/-/1/-"; the oldest of them in seconds. */
static void classes(const json_t *queue, char dst[96], json_int_t *ret_depth, json_int_t *ret_oldest_ms)
{
    const json_t *all = json_object_get(queue, "classes");
    size_t len = 0;

    *ret_depth = *ret_oldest_ms = 0;
    for (unsigned c = 0; c < 5; c++) {
        char name[3] = {'P', (char)('0' + c), '\0'};
        const json_t *class = json_object_get(all, name);
        json_int_t depth = number(class, "depth");

        *ret_depth += depth;
        if (number(class, "oldest_age_ms") > *ret_oldest_ms)
            *ret_oldest_ms = number(class, "oldest_age_ms");
        (void)(depth > 0 ? sah_format(dst + len, 96 - len, "%s%lld", c > 0 ? "/" : "", (long long)depth)
                         : sah_format(dst + len, 96 - len, "%s-", c > 0 ? "/" : ""));
        len += strlen(dst + len);
    }
}

static void row(const json_t *queue, const char *agency, const char *state)
{
    json_int_t depth, oldest_ms;
    char by_class[96];

    classes(queue, by_class, &depth, &oldest_ms);
    printf("%-20s %-20s %-12s %8lld %-16s %7lld s %8lld %8lld %6lld\n", agency, text_of(queue, "endpoint"), state,
           (long long)depth, by_class, (long long)((oldest_ms + 999) / 1000), (long long)number(queue, "leased"),
           (long long)number(queue, "delayed"), (long long)number(queue, "dead"));
}

static int show(const char *lane, const json_t *root, bool all)
{
    const json_t *queue;
    size_t i;
    unsigned shown = 0;

    printf("%s lane: %s; leased %lld, delayed %lld, dead letters %lld, news not yet with an adapter %lld, quarantined %lld\n",
           lane, text_of(root, "state"), (long long)number(root, "leased"), (long long)number(root, "delayed"),
           (long long)number(root, "dead"), (long long)number(root, "outbox"), (long long)number(root, "quarantined"));
    printf("%-20s %-20s %-12s %8s %-16s %9s %8s %8s %6s\n", "agency", "endpoint", "state", "waiting", "P0/P1/P2/P3/P4",
           "oldest", "leased", "delayed", "dead");
    json_array_foreach(json_object_get(root, "queues"), i, queue) {
        json_int_t depth, oldest_ms;
        char by_class[96];

        classes(queue, by_class, &depth, &oldest_ms);
        if (!all && depth == 0 && number(queue, "leased") + number(queue, "delayed") + number(queue, "dead") == 0 &&
            strcmp(text_of(queue, "state"), "Active") == 0)
            continue;
        row(queue, text_of(queue, "agency"), text_of(queue, "state"));
        shown++;
    }
    if (shown == 0)
        puts("nothing waits (--all shows every endpoint)");
    json_array_foreach(json_object_get(root, "forgotten"), i, queue)
        row(queue, "(not in the roster)", "FORGOTTEN");
    puts("");
    return 0;
}

int queues_main(int argc, char **argv)
{
    struct client_options options = {0};
    struct client client;
    bool all = false;
    int code = 0;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            help("queues", "What waits at each endpoint, worst classes first. Both lanes, unless one is named.\n"
                           "  --all                   also endpoints where nothing waits");
            return 0;
        }
        if (strcmp(argv[i], "--all") == 0) {
            all = true;
        } else if (!client_option(&options, argc, argv, &i)) {
            return client_unknown("queues", argv[i]);
        }
    }
    if (options.lane != NULL && strcmp(options.lane, lanes[0]) != 0 && strcmp(options.lane, lanes[1]) != 0)
        return client_of(&options, options.lane, &client);
    for (unsigned i = 0; i < SAH_LEN(lanes); i++) {
        bool one = options.socket != NULL || options.url != NULL;
        json_t *root;
        int failed;

        if ((options.lane != NULL && strcmp(options.lane, lanes[i]) != 0 && !one) || (one && i > 0))
            continue;
        failed = client_of(&options, lanes[i], &client);
        if (failed == 2)
            return failed;
        root = failed == 0 ? client_must(&client, "/v1/queues", NULL) : NULL;
        code |= root == NULL ? 1 : show(one ? text_of(root, "lane") : lanes[i], root, all);
        json_decref(root);
    }
    return code;
}

static void when_text(const json_t *piece, char dst[SAH_CLOCK_TEXT_MAX])
{
    sah_clock_text((int64_t)number(piece, "at_ms"), dst);
}

/* What was kept of a piece: printable ASCII as it is, every other byte as \\xNN, so that a terminal is safe. */
static void show_piece(const json_t *piece)
{
    const char *hex = text_of(piece, "hex");
    char when[SAH_CLOCK_TEXT_MAX];
    size_t kept = strlen(hex) / 2;

    when_text(piece, when);
    printf("%s  from %s: %s\n%lld bytes, the first %zu of them:\n", when, text_of(piece, "source"), text_of(piece, "why"),
           (long long)number(piece, "bytes"), kept);
    for (size_t i = 0; i < kept; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        unsigned long byte = strtoul(two, NULL, 16);

        if (byte >= 0x20 && byte < 0x7f && byte != '\\')
            putchar((int)byte);
        else
            printf("\\x%02lx", byte);
    }
    putchar('\n');
}

static int show_pieces(const json_t *root, uint64_t which)
{
    const json_t *piece;
    char when[SAH_CLOCK_TEXT_MAX];
    size_t i;

    if (which > json_array_size(root)) {
        fprintf(stderr, "sahayactl quarantine: there are %zu pieces; --show 1 is the newest\n", json_array_size(root));
        return 1;
    }
    if (which > 0) {
        show_piece(json_array_get(root, which - 1));
        return 0;
    }
    json_array_foreach(root, i, piece) {
        when_text(piece, when);
        printf("%3zu  %s  %-10s %6lld bytes  %s\n", i + 1, when, text_of(piece, "source"),
               (long long)number(piece, "bytes"), text_of(piece, "why"));
    }
    if (json_array_size(root) == 0)
        puts("nothing is in quarantine");
    return 0;
}

int quarantine_main(int argc, char **argv)
{
    struct client_options options = {.lane = "emergency"};
    struct client client;
    uint64_t which = 0;
    json_t *root;
    int code;

    for (int at = 0; at < argc; at++) {
        if (strcmp(argv[at], "--help") == 0) {
            help("quarantine", "The newest pieces that this lane's router could not understand: when (UTC), from where, why,\n"
                               "how long. Their bytes may hold a citizen's words and are shown only when asked for.\n"
                               "  --show N                what was kept of piece N of the list");
            return 0;
        }
        if (strcmp(argv[at], "--show") == 0 && at + 1 < argc) {
            if (sah_parse_u64(sah_slice_of(argv[++at]), 1, SHOWN_MAX, &which) == SAH_OK)
                continue;
            fprintf(stderr, "sahayactl quarantine: --show is \"%s\"; write 1..%d, as the list numbers them\n", argv[at],
                    SHOWN_MAX);
            return 2;
        }
        if (!client_option(&options, argc, argv, &at))
            return client_unknown("quarantine", argv[at]);
    }
    code = client_of(&options, options.lane, &client);
    if (code != 0)
        return code;
    root = client_must(&client, "/v1/quarantine?n=100", NULL);
    if (root == NULL)
        return 1;
    code = show_pieces(root, which);
    json_decref(root);
    return code;
}
