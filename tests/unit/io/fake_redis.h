/*
 * fake_redis - a scripted server on a unix socket that speaks just enough of Redis for the link's greeting, and
 * then misbehaves on request: error replies, garbage, half replies, silence.
 *
 * Owns:    its thread and socket. Used by: test_redis_fake.c. Never: keeps anything.
 * A call "FCALL echo 0 WORD" is answered WORD, so that a test sees whose reply it got.
 */
#ifndef SAHAYA_FAKE_REDIS_H
#define SAHAYA_FAKE_REDIS_H

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

enum fake_how {
    FAKE_WELL,
    FAKE_CALLS,   /* `says` to each FCALL, all else is well */
    FAKE_ALL,     /* `says` to every command */
    FAKE_SILENT,  /* takes connections and commands, answers nothing */
    FAKE_HALF,    /* `says` to an FCALL, then silence */
    FAKE_CUT,     /* `says` to an FCALL, then the end of the connection */
};

struct fake_redis {
    char path[96];
    int fd;
    pthread_t thread;
    _Atomic int how;
    const char *_Atomic says;
    atomic_bool stop;
    atomic_uint connections, revision;
};

struct fake_peer {
    int fd;
    bool mute;
    char in[256 * 1024];
    size_t len;
};

/* One whole command at the front: its words; 0 while it is not there in full. */
static size_t fake_command(const struct fake_peer *peer, struct sah_slice words[8], size_t *ret_n)
{
    const char *p = peer->in, *end = peer->in + peer->len;
    long n;

    if (peer->len == 0 || memchr(p, '\n', peer->len) == NULL)
        return 0;
    n = strtol(p + 1, NULL, 10);
    for (long i = 0; i < n; i++) {
        long len;

        p = memchr(p, '\n', (size_t)(end - p));
        if (p == NULL || memchr(p + 1, '\n', (size_t)(end - p - 1)) == NULL)
            return 0;
        p++;
        len = strtol(p + 1, NULL, 10);
        p = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;
        if (end - p < len + 2)
            return 0;
        if (i < 8)
            words[i] = (struct sah_slice){p, (size_t)len};
        p += len + 1; /* at the line feed */
    }
    *ret_n = n < 8 ? (size_t)n : 8;
    return (size_t)(p + 1 - peer->in);
}

static void fake_say(struct fake_peer *peer, const char *text)
{
    if (send(peer->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        peer->mute = true;
}

static void fake_well(struct fake_redis *fake, struct fake_peer *peer, const struct sah_slice *words, size_t n)
{
    static const char config[] =
        "*10\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n$11\r\nappendfsync\r\n$6\r\nalways\r\n$25\r\nno-appendfsync-on-rewrite"
        "\r\n$2\r\nno\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n$4\r\nsave\r\n$0\r\n\r\n";
    static const char info[] = "$57\r\n# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\nrole:master\r\n\r\n";
    char text[128];

    if (sah_slice_is(words[0], "PING"))
        fake_say(peer, "+PONG\r\n");
    else if (sah_slice_is(words[0], "CONFIG"))
        fake_say(peer, config);
    else if (sah_slice_is(words[0], "INFO"))
        fake_say(peer, info);
    else if (sah_slice_is(words[0], "FUNCTION"))
        fake_say(peer, sah_slice_is(words[1], "LIST") ? "*0\r\n" : "+loaded\r\n");
    else if (n >= 4 && sah_slice_is(words[1], "echo")) {
        (void)sah_format(text, sizeof text, "$%zu\r\n%.*s\r\n", words[3].len, (int)words[3].len, words[3].ptr);
        fake_say(peer, text);
    } else {
        (void)sah_format(text, sizeof text, ":%u\r\n", (unsigned)fake->revision);
        fake_say(peer, text);
    }
}

/* False when the connection is to end. */
static bool fake_answer(struct fake_redis *fake, struct fake_peer *peer, const struct sah_slice *words, size_t n)
{
    bool call = sah_slice_is(words[0], "FCALL");
    int how = fake->how;

    if (how == FAKE_SILENT)
        peer->mute = true;
    if (peer->mute)
        return true;
    if (how == FAKE_ALL || (call && (how == FAKE_CALLS || how == FAKE_HALF || how == FAKE_CUT))) {
        fake_say(peer, fake->says);
        peer->mute = peer->mute || how == FAKE_HALF;
        return how != FAKE_CUT;
    }
    fake_well(fake, peer, words, n);
    return true;
}

static bool fake_read(struct fake_redis *fake, struct fake_peer *peer)
{
    ssize_t got = recv(peer->fd, peer->in + peer->len, sizeof peer->in - peer->len, 0);
    struct sah_slice words[8];
    size_t n = 0, used;

    if (got <= 0)
        return false;
    peer->len += (size_t)got;
    while ((used = fake_command(peer, words, &n)) > 0) {
        if (!fake_answer(fake, peer, words, n))
            return false;
        peer->len -= used;
        memmove(peer->in, peer->in + used, peer->len);
    }
    return true;
}

static void *fake_main(void *data)
{
    struct fake_redis *fake = data;
    struct fake_peer *peer = calloc(1, sizeof *peer); /* one link, one connection at a time */

    peer->fd = -1;
    while (!fake->stop) {
        struct pollfd on[2] = {{.fd = fake->fd, .events = POLLIN}, {.fd = peer->fd, .events = POLLIN}};

        (void)poll(on, 2, 10);
        if (on[1].revents != 0 && !fake_read(fake, peer)) {
            close(peer->fd);
            peer->fd = -1;
        }
        if (on[0].revents & POLLIN) {
            if (peer->fd >= 0)
                close(peer->fd);
            *peer = (struct fake_peer){.fd = accept(fake->fd, NULL, NULL)};
            fake->connections++;
        }
    }
    if (peer->fd >= 0)
        close(peer->fd);
    free(peer);
    return NULL;
}

static void fake_start(struct fake_redis *fake, const char *folder)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    memset(fake, 0, sizeof *fake);
    fake->says = "";
    (void)sah_format(fake->path, sizeof fake->path, "%s/fake", folder);
    (void)sah_format(name.sun_path, sizeof name.sun_path, "%s", fake->path);
    fake->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fake->fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fake->fd, 5), 0);
    assert_int_equal(pthread_create(&fake->thread, NULL, fake_main, fake), 0);
}

static void fake_stop(struct fake_redis *fake)
{
    fake->stop = true;
    pthread_join(fake->thread, NULL);
    close(fake->fd);
    unlink(fake->path);
}

#endif
