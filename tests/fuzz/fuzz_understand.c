/*
 * fuzz_understand - any bytes at all into sah_understand(): it must return, stay in its bounds,
 * and answer the same twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sahaya/err.h>
#include <sahaya/obj.h>

#include "understand/understand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sah_lexicon *lexicon;

static void unload(void)
{
    sah_lexicon_destroy(lexicon);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sah_understanding first, second;
    const struct sah_triage *triage = &first.triage;

    if (lexicon == NULL) {
        SAH_ASSERT(sah_lexicon_load(SAHAYA_SOURCE_DIR "/adapters/common/phrases", &lexicon,
                                    NULL) == SAH_OK);
        SAH_ASSERT(atexit(unload) == 0);
    }
    sah_understand(lexicon, (const char *)data, size, &first);
    sah_understand(lexicon, (const char *)data, size, &second);
    SAH_ASSERT(memcmp(&first, &second, sizeof first) == 0);
    SAH_ASSERT(triage->n_cues <= SAH_CUES_MAX && triage->n_additional <= SAH_ADDITIONAL_MAX);
    SAH_ASSERT(triage->rule[0] != '\0');
    for (unsigned i = 0; i < triage->n_cues; i++)
        SAH_ASSERT((size_t)triage->cues[i].start + triage->cues[i].len <= size);
    /* A request that nobody can name goes to a person. */
    SAH_ASSERT(first.intent != SAH_INTENT_REQUEST || triage->service[0] != '\0');
    return 0;
}
