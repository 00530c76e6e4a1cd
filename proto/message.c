/*
 * message - bytes <-> struct sah_message: the face of sah_proto.
 *
 * Owns:    nothing; each call takes its memory from one bounded arena and gives it all back.
 * Used by: routers' links and the adapters' skeleton, for every message on the bus.
 * Never:   cuts a text, guesses a missing field, or writes content into `why` (I13).
 */
#include <sahaya/message.h>

#include <stdio.h>
#include <string.h>

#include "shape.h"

/* A decode: what protobuf-c unpacks 64 KiB into, and the struct. 1 MiB is some ten times what
 * the largest good message takes. */
#define ARENA_MAX_BYTES (1024 * 1024)

static const struct where root = {NULL, NULL, -1};

static void *alloc_in_arena(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void free_in_arena(void *arena, void *piece)
{
    SAH_UNUSED(arena); /* the arena ends as a whole */
    SAH_UNUSED(piece);
}

static int say(struct walk *walk, int err, const char *why)
{
    if (walk->why != NULL && walk->why_size > 0)
        snprintf(walk->why, walk->why_size, "%s", why);
    return err;
}

static int decode_in(struct walk *walk, const void *bytes, size_t len,
                     struct sah_message *ret_message)
{
    ProtobufCAllocator allocator = {alloc_in_arena, free_in_arena, walk->arena};
    struct sah_message *message = arena_alloc(walk->arena, sizeof *message);
    ProtobufCMessage *wire;
    int err;

    if (message == NULL)
        return say(walk, SAH_ENOMEM, "out of memory");
    wire = protobuf_c_message_unpack(shape_envelope.wire, &allocator, len, bytes);
    if (wire == NULL && walk->arena->no_memory)
        return say(walk, SAH_ENOMEM, "out of memory");
    if (wire == NULL)
        return say(walk, SAH_EINVAL, "message: not well-formed, or unpacks to too much");

    memset(message, 0, sizeof *message);
    err = walk_fill(walk, &shape_envelope, &root, wire, message);
    if (err == SAH_OK)
        err = walk_check(walk, &shape_envelope, &root, message);
    if (err == SAH_OK)
        memcpy(ret_message, message,
               sizeof *message); /* padding too: equal ones compare equal */
    return err;
}

int sah_message_decode(const void *bytes, size_t len, struct sah_message *ret_message,
                       char *why, size_t why_size)
{
    struct arena arena;
    struct walk walk = {why, why_size, &arena};
    int err;

    if (len > SAH_MESSAGE_MAX_BYTES)
        return say(&walk, SAH_ELIMIT, "message: larger than 65536 bytes");
    arena_init(&arena, ARENA_MAX_BYTES);
    err = decode_in(&walk, bytes, len, ret_message);
    arena_fini(&arena);
    return err;
}

static int encode_in(struct walk *walk, const struct sah_message *message, struct sah_buf *buf)
{
    void *wire = NULL;
    uint8_t *packed;
    size_t size;

    if (walk_dress(walk, &shape_envelope, message, &wire) != SAH_OK)
        return say(walk, SAH_ENOMEM, "out of memory");
    size = protobuf_c_message_get_packed_size(wire);
    if (size > SAH_MESSAGE_MAX_BYTES || size > buf->max - buf->len)
        return say(walk, SAH_ELIMIT, "message: larger than its bound");
    packed = arena_alloc(walk->arena, size);
    if (packed == NULL)
        return say(walk, SAH_ENOMEM, "out of memory");
    sah_buf_add(buf, packed, protobuf_c_message_pack(wire, packed));
    return buf->failed ? say(walk, SAH_ENOMEM, "out of memory") : SAH_OK;
}

int sah_message_encode(const struct sah_message *message, struct sah_buf *buf, char *why,
                       size_t why_size)
{
    struct arena arena;
    struct walk walk = {why, why_size, &arena};
    int err = walk_check(&walk, &shape_envelope, &root, message);

    if (err != SAH_OK)
        return err;
    arena_init(&arena, ARENA_MAX_BYTES);
    err = encode_in(&walk, message, buf);
    arena_fini(&arena);
    return err;
}

int sah_message_check(const struct sah_message *message, char *why, size_t why_size)
{
    struct walk walk = {why, why_size, NULL};

    return walk_check(&walk, &shape_envelope, &root, message);
}

const char *sah_kind_name(enum sah_kind kind)
{
    static const char *const names[] = {
        [SAH_KIND_UNSPECIFIED] = "unspecified",
        [SAH_KIND_REQUEST] = "request",
        [SAH_KIND_AMENDMENT] = "amendment",
        [SAH_KIND_CANCEL] = "cancel",
        [SAH_KIND_STATUS_QUERY] = "status_query",
        [SAH_KIND_RESULT] = "result",
        [SAH_KIND_OUTBOX_EVENT] = "outbox_event",
        [SAH_KIND_OUTBOX_ACK] = "outbox_ack",
        [SAH_KIND_HELLO] = "hello",
    };

    return (unsigned)kind < SAH_LEN(names) ? names[kind] : names[0];
}

const char *sah_result_code_name(enum sah_result_code code)
{
#define X(name) #name,
    static const char *const names[] = {SAH_RESULT_CODES(X)};
#undef X

    return (unsigned)code < SAH_LEN(names) ? names[code] : names[0];
}
