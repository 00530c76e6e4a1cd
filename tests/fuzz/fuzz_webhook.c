/* fuzz_webhook - any body, signed or not, is parsed and normalised without harm. */
#include <stdlib.h>
#include <string.h>

#include "normalize.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sah_incoming incoming;
    struct sah_parsed parsed;
    const char *why = NULL;

    if (sah_parse_webhook((const char *)data, size, &parsed, &why) != SAH_OK) {
        SAH_ASSERT(why != NULL);
        return 0;
    }
    for (size_t i = 0; i < parsed.n_updates; i++) {
        struct sah_wa_notes notes;

        if (parsed.updates[i].kind != SAH_UPDATE_MESSAGE)
            continue;
        if (sah_normalize(&parsed.updates[i], INT64_C(1790000000000), parsed.repaired,
                          &incoming, &notes, &why) != SAH_OK)
            continue;
        SAH_ASSERT(strlen(incoming.text) == incoming.text_len);
        SAH_ASSERT(incoming.text_len == 0 || sah_utf8_valid(incoming.text, incoming.text_len));
        SAH_ASSERT(incoming.citizen.sender[0] != '\0' &&
                   incoming.citizen.reply_token[0] != '\0');
        SAH_ASSERT(sah_utf8_valid(incoming.citizen.name, strlen(incoming.citizen.name)));
        SAH_ASSERT(incoming.place.lat_e7 >= -900000000 && incoming.place.lat_e7 <= 900000000);
    }
    sah_parsed_fini(&parsed);
    return 0;
}
