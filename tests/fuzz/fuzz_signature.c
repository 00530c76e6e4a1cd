/* fuzz_signature - any header over any body: only the one right form is ever good. First line:
 * the header; the rest: the body. */
#include <stdlib.h>
#include <string.h>

#include "signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sah_signature *signature;
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t header_len = line != NULL ? (size_t)(line - data) : size;
    struct sah_slice body = {"", 0};
    enum sah_signature_verdict verdict;
    char header[256];

    if (signature == NULL && sah_signature_create(SAH_SLICE("made-up-app-secret"),
                                                  SAH_SLICE("old"), &signature) != SAH_OK)
        abort();
    if (header_len >= sizeof header)
        return 0;
    if (header_len > 0)
        memcpy(header, data, header_len);
    header[header_len] = '\0';
    if (line != NULL)
        body = (struct sah_slice){(const char *)line + 1, size - header_len - 1};
    verdict = sah_signature_check(signature, header, body);
    SAH_ASSERT(verdict == SAH_SIGNATURE_GOOD || verdict == SAH_SIGNATURE_WRONG ||
               verdict == SAH_SIGNATURE_MALFORMED);
    SAH_ASSERT(verdict != SAH_SIGNATURE_GOOD || strlen(header) == 71);
    SAH_ASSERT(!sah_handshake_good("subscribe", header, "1", SAH_SLICE("\x01 never typed")));
    return 0;
}
