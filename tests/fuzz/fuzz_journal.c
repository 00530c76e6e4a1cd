/*
 * fuzz_journal - any bytes as a segment: the walk stays inside them, its ranges follow each
 * other, and a record that does not open under the key is refused.
 */
#include <stdlib.h>

#include "journal_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEGMENT = 1 };

struct seen {
    const uint8_t *bytes;
    size_t len;
    uint32_t end;
    uint8_t key[JOURNAL_KEY_BYTES];
};

static int on_record(void *data, const struct journal_head *head, uint32_t offset)
{
    struct seen *seen = data;
    uint32_t bytes = journal_record_bytes(head->len);
    struct journal_head again;
    uint8_t *payload = malloc((size_t)head->len + 1);

    SAH_ASSERT(offset >= seen->end && (size_t)offset + bytes <= seen->len);
    SAH_ASSERT(head->len <= SAH_JOURNAL_PAYLOAD_MAX && head->class_ < SAH_JOURNAL_CLASSES);
    seen->end = offset + bytes;
    SAH_ASSERT(payload != NULL);
    if (journal_record_unseal(seen->key, (struct journal_place){SEGMENT, offset},
                              seen->bytes + offset, bytes, &again, payload) == SAH_OK)
        SAH_ASSERT(again.seq == head->seq && again.len == head->len);
    free(payload);
    return SAH_OK;
}

static int on_damage(void *data, uint32_t offset, uint32_t len)
{
    struct seen *seen = data;

    SAH_ASSERT(len > 0 && offset >= seen->end && (size_t)offset + len <= seen->len);
    seen->end = offset + len;
    return SAH_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {.bytes = data, .len = size, .end = JOURNAL_DATA_AT};
    struct journal_walk walk = {.record = on_record, .damage = on_damage, .data = &seen};
    uint8_t key[JOURNAL_KEY_BYTES] = {0};
    int err = journal_head_read(key, SEGMENT, data, size, seen.key);

    if (journal_key_parse((const char *)data, size, key) == SAH_OK)
        SAH_ASSERT(size >= JOURNAL_KEY_BYTES);
    if (err != SAH_OK && err != SAH_EPROTO)
        return 0;
    if (journal_walk(&walk, SEGMENT, data, size) == SAH_OK) {
        SAH_ASSERT(walk.ret_end <= size || walk.ret_end == JOURNAL_DATA_AT);
        SAH_ASSERT(walk.ret_used <= size);
    }
    return 0;
}
