/*
 * script - what a person at an agency reports, step by step, as tables: states, numbers, words.
 *
 * Owns:    the words of the two stories, a unit's and a booking's.
 * Used by: behaviour.c for the names, play.c for each status.
 * Never:   knows a case beyond what it is handed; no clock, no socket.
 */
#ifndef SAH_STANDIN_SCRIPT_H
#define SAH_STANDIN_SCRIPT_H

#include <jansson.h>
#include <stdbool.h>

#include <sahaya/str.h>

#define SAH_STEPS_MAX 16

/* Indexes into the table of states a person may report; -1 for a name that is none. */
int sah_script_state(const char *name);
const char *sah_script_name(int state);

struct sah_steps {
    unsigned n;
    uint8_t state[SAH_STEPS_MAX];
};
void sah_script_default(bool booking, struct sah_steps *ret_steps);
/* indane, hp-gas and bharatgas book cylinders, whatever the service; so does who is asked to.
 */
bool sah_script_is_booking(const char *agency, const char *service);

struct sah_script_facts {
    const char *agency, *case_no;
    uint64_t number; /* of the case: makes vehicle and booking numbers */
    bool booking;
    int64_t sequence_seen, now_ms;
};
/* The body of the status call for `state`; NULL without memory. The caller owns it. */
json_t *sah_script_status(int state, const struct sah_script_facts *facts);
/* "The cancel is declined: the case stands at `state`." */
json_t *sah_script_declined(int state, const struct sah_script_facts *facts);
void sah_script_case_no(const char *agency, bool booking, uint64_t number, char *dst,
                        size_t size);

#endif
