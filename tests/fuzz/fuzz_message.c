/*
 * fuzz_message - any bytes: refused, or a message that encodes, and decodes to the same again.
 */
#include <stdlib.h>
#include <string.h>

#include <sahaya/message.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sah_message first, second; /* large: not on the stack */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[120];
    struct sah_buf buf;

    if (sah_message_decode(data, size, &first, why, sizeof why) != SAH_OK)
        return 0;
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    SAH_ASSERT(sah_message_encode(&first, &buf, why, sizeof why) == SAH_OK);
    SAH_ASSERT(sah_message_decode(buf.data, buf.len, &second, why, sizeof why) == SAH_OK);
    SAH_ASSERT(memcmp(&first, &second, sizeof first) == 0);
    sah_buf_fini(&buf);
    return 0;
}
