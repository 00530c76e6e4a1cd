/*
 * write_seeds - writes the fuzzer's seeds into the folder it is given: each sample, and some
 * bytes that no codec of ours writes. Run by hand when a sample changes; no test.
 */
#include <stdio.h>

#include "samples.h"
#include "wire.h"

static struct sah_message message;

static void write_seed(const char *folder, const char *name, const struct sah_buf *buf)
{
    char path[512];
    FILE *file;

    SAH_ASSERT(!buf->failed);
    SAH_ASSERT(sah_format(path, sizeof path, "%s/%s", folder, name) == SAH_OK);
    file = fopen(path, "wb");
    SAH_ASSERT(file != NULL);
    SAH_ASSERT(fwrite(buf->data, 1, buf->len, file) == buf->len);
    SAH_ASSERT(fclose(file) == 0);
}

static void write_odd_ones(const char *folder, const struct sah_buf *hello)
{
    static const unsigned body[] = {27};
    struct sah_slice bytes = {hello->data, hello->len};
    struct sah_buf extra, out;

    sah_buf_init(&extra, 4096);
    sah_buf_init(&out, 4096);
    wire_varint(&extra, 900, 7);
    wire_bytes(&extra, 901, "later", 5);
    wire_append(bytes, body, 1, (struct sah_slice){extra.data, extra.len}, &out);
    write_seed(folder, "odd_unknown_fields", &out);

    sah_buf_clear(&extra);
    sah_buf_clear(&out);
    wire_varint(&extra, 2, 99); /* a lane of a later schema */
    wire_append(bytes, body, 1, (struct sah_slice){extra.data, extra.len}, &out);
    write_seed(folder, "odd_later_enum", &out);

    sah_buf_clear(&out);
    sah_buf_add(&out, hello->data, hello->len - 3);
    write_seed(folder, "odd_truncated", &out);
    sah_buf_fini(&extra);
    sah_buf_fini(&out);
}

int main(int argc, char **argv)
{
    struct sah_buf buf;

    if (argc != 2)
        return 2;
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    for (unsigned i = 0; i < n_samples; i++) {
        sah_buf_clear(&buf);
        sample_fill(&samples[i], &message);
        SAH_ASSERT(sah_message_encode(&message, &buf, NULL, 0) == SAH_OK);
        write_seed(argv[1], samples[i].name, &buf);
    }
    write_odd_ones(argv[1], &buf); /* the last sample is the hello */
    sah_buf_fini(&buf);
    return 0;
}
