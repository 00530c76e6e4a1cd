/*
 * client - sahayactl asks a router and waits for its answer.
 *
 * Owns:    how a router is found: an admin socket, or a URL with the token's file.
 * Used by: queues.c, dead.c. Never: keeps a connection, sends a token to a socket.
 */
#ifndef SAHAYA_CTL_CLIENT_H
#define SAHAYA_CTL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define CLIENT_PATH 1024

struct client {
    char socket[CLIENT_PATH]; /* "" = by URL */
    const char *url, *token_file;
};

/* Options that every asking command knows: --socket, --url, --token-file, --lane. True when argv[*i]
 * was one of them; its value is taken. `lane` is "emergency", "bulk" or "" and is borrowed. */
struct client_options {
    const char *socket, *url, *token_file, *lane;
};
bool client_option(struct client_options *options, int argc, char **argv, int *i);
extern const char client_help[];
/* Says what is wrong with a word that no option took; the exit code, 2. */
int client_unknown(const char *command, const char *word);

/* The router of a lane. 0, or the exit code with the reason on standard error: 2 wrong usage, 1 nobody
 * is there. */
int client_of(const struct client_options *options, const char *lane, struct client *ret_client);

/* One call; body NULL = GET. Returns the answer's JSON (the caller owns it) and its status; NULL with
 * the reason on standard error when there is no good answer. */
json_t *client_ask(const struct client *client, const char *path, const json_t *body, int *ret_status);
/* The same; anything but 200 is said on standard error, with field and text, and is NULL. */
json_t *client_must(const struct client *client, const char *path, const json_t *body);

#endif
