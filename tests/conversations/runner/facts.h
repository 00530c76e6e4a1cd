/*
 * facts - what a message for a router says, as short texts that a page can name: "new FIRE_101",
 * "P1", "inside yes".
 *
 * Owns:    the words for it. Used by: play.c. Never: judges.
 */
#ifndef FACTS_H
#define FACTS_H

#include <sahaya/message.h>

#include "policy/rank.h"

#define FACTS_MAX  64
#define FACT_BYTES 300

struct facts {
    unsigned n;
    char text[FACTS_MAX][FACT_BYTES];
};

/* `about` is the service of the request that an amendment, a cancel or a question concerns. */
void facts_of(const struct sah_message *m, const char *about, enum sah_lane lane, enum sah_priority priority,
              const struct sah_rank *rank, struct facts *ret_facts);
bool facts_have(const struct facts *facts, const char *text);
void facts_print(const struct facts *facts);

#endif
