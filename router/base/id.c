/*
 * id - derives the names of requests, incidents and deliveries from the message id.
 *
 * Owns:    nothing.
 * Used by: adapters (message ids, lanes), intake (requests, incidents), store and agencies
 * (keys). Never:   keeps state or asks a clock: the same message gets the same names everywhere
 * (I6).
 *
 * 16 bytes are 128 bits, 26 letters of base32 are 130: two zero bits stand in FRONT, so the
 * first letter is 0..7 and each of the other 25 letters carries five full bits of the id. The
 * five letters that a citizen is shown are the last five, the last 25 bits of the message id:
 * hash bits in a derived id, random bits in a random one, where the first letters are only the
 * time.
 */
#include <sahaya/id.h>

#include <string.h>
#include <sys/random.h>

#include "fnv.h"

#define LETTERS      26
#define REF_LETTERS  5
#define PREFIX_BYTES 3 /* kind, two digits of partition */

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I L O U */

bool sah_id_equal(const struct sah_id *a, const struct sah_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool sah_id_is_zero(const struct sah_id *id)
{
    static const struct sah_id zero;

    return sah_id_equal(id, &zero);
}

void sah_id_hex(const struct sah_id *id, char dst[SAH_ID_HEX_SIZE])
{
    sah_hex(dst, id->bytes, sizeof id->bytes);
}

int sah_id_from_hex(struct sah_slice hex, struct sah_id *ret_id)
{
    return sah_unhex(ret_id->bytes, sizeof ret_id->bytes, hex.ptr, hex.len, true);
}

int sah_id_random(int64_t wall_ms, struct sah_id *ret_id)
{
    uint64_t time_ms = (uint64_t)wall_ms;
    struct sah_id id;

    /* Up to 256 bytes come whole or not at all once the kernel has its seed. */
    if (getrandom(id.bytes, sizeof id.bytes, 0) != (ssize_t)sizeof id.bytes)
        return SAH_EIO;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(time_ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0F) | 0x70); /* version 7 */
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3F) | 0x80); /* the variant of RFC 9562 */
    *ret_id = id;
    return SAH_OK;
}

static sah_u128 as_number(const struct sah_id *id)
{
    sah_u128 number = 0;

    for (size_t i = 0; i < sizeof id->bytes; i++)
        number = number << 8 | id->bytes[i];
    return number;
}

static void write_name(char kind, unsigned partition, const struct sah_id *id, char *dst)
{
    sah_u128 number = as_number(id);

    SAH_ASSERT(partition < SAH_PARTITIONS_MAX);
    dst[0] = kind;
    dst[1] = (char)('0' + partition / 10);
    dst[2] = (char)('0' + partition % 10);
    for (int i = LETTERS - 1; i >= 0; i--) {
        dst[PREFIX_BYTES + i] = alphabet[(unsigned)(number & 31)];
        number >>= 5;
    }
    dst[PREFIX_BYTES + LETTERS] = '\0';
}

static char lane_letter(enum sah_lane lane)
{
    switch (lane) {
    case SAH_LANE_BULK:
        return 'B';
    case SAH_LANE_UNSPECIFIED:
    case SAH_LANE_EMERGENCY:
        break;
    }
    return 'E'; /* whatever is unsure counts as an emergency */
}

void sah_request_id(enum sah_lane lane, unsigned partition, const struct sah_id *message_id,
                    char dst[SAH_REQUEST_ID_SIZE])
{
    write_name(lane_letter(lane), partition, message_id, dst);
}

void sah_incident_id(unsigned partition, const struct sah_id *message_id,
                     char dst[SAH_INCIDENT_ID_SIZE])
{
    write_name('I', partition, message_id, dst);
}

int sah_request_id_parse(struct sah_slice text, enum sah_lane *ret_lane,
                         unsigned *ret_partition)
{
    uint64_t partition;

    if (text.len != SAH_REQUEST_ID_SIZE - 1 || (text.ptr[0] != 'E' && text.ptr[0] != 'B'))
        return SAH_EINVAL;
    if (sah_parse_u64((struct sah_slice){text.ptr + 1, 2}, 0, SAH_PARTITIONS_MAX - 1,
                      &partition) != SAH_OK)
        return SAH_EINVAL;
    if (text.ptr[PREFIX_BYTES] > '7') /* the two bits in front are zero */
        return SAH_EINVAL;
    for (size_t i = PREFIX_BYTES; i < text.len; i++) {
        if (memchr(alphabet, text.ptr[i], sizeof alphabet - 1) == NULL)
            return SAH_EINVAL;
    }
    if (ret_lane != NULL)
        *ret_lane = text.ptr[0] == 'B' ? SAH_LANE_BULK : SAH_LANE_EMERGENCY;
    if (ret_partition != NULL)
        *ret_partition = (unsigned)partition;
    return SAH_OK;
}

/* Something that is no request id gives an empty text: it may come out of a damaged record, and
 * a missing reference in a reply is better than a router that stops on it again and again. */
void sah_request_ref(const char *request_id, char dst[SAH_REF_SIZE])
{
    dst[0] = '\0';
    if (strlen(request_id) != SAH_REQUEST_ID_SIZE - 1)
        return;
    dst[0] = request_id[0];
    dst[1] = '-';
    memcpy(dst + 2, request_id + SAH_REQUEST_ID_SIZE - 1 - REF_LETTERS, REF_LETTERS + 1);
}

void sah_delivery_key(const struct sah_id *message_id, const char *agency_id,
                      char dst[SAH_KEY_SIZE])
{
    sah_u128 hash = sah_fnv128(SAH_FNV128_BASIS, message_id->bytes, sizeof message_id->bytes);
    uint8_t bytes[16];

    hash = sah_fnv128(hash, "", 1); /* one zero byte between the parts */
    hash = sah_fnv128(hash, agency_id, strlen(agency_id));
    for (size_t i = sizeof bytes; i-- > 0; hash >>= 8)
        bytes[i] = (uint8_t)hash;
    sah_hex(dst, bytes, sizeof bytes);
}

unsigned sah_partition_of(struct sah_slice sender, unsigned partitions)
{
    SAH_ASSERT(partitions >= 1 && partitions <= SAH_PARTITIONS_MAX);
    return (unsigned)(sah_fnv64(SAH_FNV64_BASIS, sender.ptr, sender.len) % partitions);
}
