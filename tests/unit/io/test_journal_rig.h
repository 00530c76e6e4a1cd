/*
 * test_journal_rig - a journal on the disk in memory, and a story that is played on it.
 * Included once by each test program of the journal.
 */
#ifndef TEST_JOURNAL_RIG_H
#define TEST_JOURNAL_RIG_H

#include <errno.h>
#include <fcntl.h>

#include <sahaya/journal.h>

#include "io_test.h"
#include "test_journal_disk.h"

#define KEY_HEX   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER_HEX "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

enum { RIG_PAYLOAD = 700, RIG_KEEP_MS = 1000 };

struct rig {
    struct sah_loop *loop;
    struct disk *disk;
    struct sah_journal *journal;
    struct sah_journal_settings settings;
    char key_path[64];
    char why[SAH_JOURNAL_WHY_SIZE];
};

struct answer {
    int err, runs;
    size_t at; /* events of the disk when it came */
    struct disk *disk;
};

__attribute__((unused)) static void rig_key(struct rig *rig, const char *text)
{
    int fd;

    if (rig->key_path[0] != '\0')
        unlink(rig->key_path);
    (void)sah_format(rig->key_path, sizeof rig->key_path, "/tmp/sahaya-key-XXXXXX");
    fd = mkstemp(rig->key_path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

__attribute__((unused)) static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig_key(rig, KEY_HEX "\n");
    assert_int_equal(sah_loop_create(&rig->loop), SAH_OK);
    rig->disk = disk_new();
    rig->settings = (struct sah_journal_settings){
        .key_file = rig->key_path,
        .segment_bytes = 8192,
        .max_bytes = 64 * 8192,
        .max_open = 1000,
        .keep_ms = RIG_KEEP_MS,
        .fs = &rig->disk->fs,
    };
}

__attribute__((unused)) static int rig_open(struct rig *rig)
{
    rig->settings.fs = &rig->disk->fs;
    return sah_journal_create(rig->loop, &rig->settings, rig->why, &rig->journal);
}

__attribute__((unused)) static void rig_close(struct rig *rig)
{
    sah_journal_destroy(rig->journal);
    rig->journal = NULL;
    sah_loop_turn(rig->loop, 0);
}

__attribute__((unused)) static void rig_fini(struct rig *rig)
{
    rig_close(rig);
    sah_loop_destroy(rig->loop);
    disk_free(rig->disk);
    unlink(rig->key_path);
}

__attribute__((unused)) static struct sah_id rig_id(unsigned n)
{
    struct sah_id id = {{0}};

    id.bytes[0] = (uint8_t)n;
    id.bytes[1] = (uint8_t)(n >> 8);
    id.bytes[15] = 1;
    return id;
}

/* The text of a record: its length and letters follow from what it is about. */
__attribute__((unused)) static size_t rig_payload(unsigned n, uint8_t type,
                                                  char dst[RIG_PAYLOAD])
{
    size_t len = (n * 97 + type * 31) % RIG_PAYLOAD;

    for (size_t i = 0; i < len; i++)
        dst[i] = (char)('a' + (n + type + i) % 26);
    return len;
}

__attribute__((unused)) static void on_answer(void *data, int err)
{
    struct answer *answer = data;

    answer->err = err;
    answer->runs++;
    answer->at = answer->disk != NULL ? disk_now(answer->disk) : 0;
}

__attribute__((unused)) static int rig_append(struct rig *rig, unsigned n, uint8_t type,
                                              uint8_t class_, int64_t ms, bool sync,
                                              struct answer *answer)
{
    char payload[RIG_PAYLOAD];
    struct sah_journal_record record = {
        .type = type,
        .class_ = class_,
        .id = rig_id(n),
        .received_ms = ms,
        .payload = {payload, rig_payload(n, type, payload)},
    };

    answer->disk = rig->disk;
    return sah_journal_append(rig->journal, &record, sync, on_answer, answer);
}

/* Appends and waits: the answer, whichever way it came. */
__attribute__((unused)) static int rig_write(struct rig *rig, unsigned n, uint8_t type,
                                             uint8_t class_)
{
    struct answer answer = {.err = -99};
    int err = rig_append(rig, n, type, class_, 1 + n, type == SAH_JOURNAL_RECEIVED, &answer);

    if (err != SAH_OK)
        return err;
    assert_int_equal(answer.runs, 0); /* never from inside the call */
    TURN_UNTIL(rig->loop, answer.runs > 0, 10000);
    return answer.err;
}

__attribute__((unused)) static void assert_payload(struct rig *rig, unsigned n, uint8_t type)
{
    char wanted[RIG_PAYLOAD];
    size_t len = rig_payload(n, type, wanted);
    struct sah_id id = rig_id(n);
    struct sah_buf buf;

    sah_buf_init(&buf, SAH_JOURNAL_PAYLOAD_MAX);
    assert_int_equal(sah_journal_read(rig->journal, &id, type, 0, &buf), SAH_OK);
    assert_int_equal(buf.len, len);
    if (len > 0)
        assert_memory_equal(buf.data, wanted, len);
    sah_buf_fini(&buf);
}

struct order {
    unsigned ids[512];
    uint8_t classes[512];
    size_t n;
};

__attribute__((unused)) static bool note_order(void *data,
                                               const struct sah_journal_entry *entry)
{
    struct order *order = data;

    assert_true(order->n < 512);
    order->ids[order->n] = entry->id.bytes[0] | (unsigned)entry->id.bytes[1] << 8;
    order->classes[order->n++] = entry->class_;
    return true;
}

/*
 * The story: STORY_IDS messages come in groups, each sixth gets an outcome, each third is
 * closed later, and in the middle the clock has gone on far enough for old segments to go.
 */
enum { STORY_IDS = 72, STORY_GROUP = 3 };

struct story {
    struct answer received[STORY_IDS], direct[STORY_IDS], closed[STORY_IDS];
    size_t close_asked[STORY_IDS]; /* events when asked; 0 for never */
    unsigned appended, answered;
};

__attribute__((unused)) static uint8_t story_class(unsigned n)
{
    return (uint8_t)(n % SAH_JOURNAL_CLASSES);
}

__attribute__((unused)) static void story_wait(struct rig *rig, struct story *story)
{
    for (;;) {
        unsigned runs = 0;

        for (size_t i = 0; i < STORY_IDS; i++) {
            assert_true(story->received[i].runs <= 1 && story->direct[i].runs <= 1);
            runs += (unsigned)(story->received[i].runs + story->direct[i].runs +
                               story->closed[i].runs);
        }
        if (runs == story->appended)
            return; /* each exactly once */
        assert_true(runs < story->appended);
        sah_loop_turn(rig->loop, 20);
    }
}

__attribute__((unused)) static void story_play(struct rig *rig, struct story *story)
{
    memset(story, 0, sizeof *story);
    for (unsigned n = 0; n < STORY_IDS; n++) {
        story->appended += rig_append(rig, n, SAH_JOURNAL_RECEIVED, story_class(n), 1 + n, true,
                                      &story->received[n]) == SAH_OK;
        if (n % STORY_GROUP != STORY_GROUP - 1)
            continue;
        story_wait(rig, story);
        if (n % 6 == 5)
            story->appended += rig_append(rig, n, SAH_JOURNAL_DIRECT, story_class(n), 1 + n,
                                          true, &story->direct[n]) == SAH_OK;
        if (n >= 12) {
            unsigned old = n - 12;

            story->close_asked[old] = disk_now(rig->disk) + 1;
            story->appended += rig_append(rig, old, SAH_JOURNAL_CLOSED, story_class(old), 1 + n,
                                          false, &story->closed[old]) == SAH_OK;
        }
        story_wait(rig, story);
        if (n > STORY_IDS / 2)
            sah_journal_trim(rig->journal, RIG_KEEP_MS + n - 30);
    }
    story_wait(rig, story);
}

#endif
