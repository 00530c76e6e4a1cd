/*
 * delivery - POST /agencies/{id}[/…]: what an agency's machine does with one delivery.
 *
 * Owns:    the cases, the answers that wait (delay, hang).
 * Used by: standin.c. Never: takes a delivery whose signature is wrong, opens a second case for
 *          a key that it knows.
 */
#ifndef SAH_STANDIN_DELIVERY_H
#define SAH_STANDIN_DELIVERY_H

#include "book.h"
#include "play.h"

struct sah_deliveries {
    struct sah_loop *loop;
    struct sah_agencies_table *table;
    struct sah_play play;
    struct sah_cases *cases;
    struct sah_book *received, *refused;
    struct sah_held_answer *held; /* see delivery_answer.c */
};

void sah_delivery_post(struct sah_deliveries *d, struct sah_http_exchange *x);

/* ---- delivery_answer.c */

struct sah_machine_answer {
    enum sah_standin_mode mode;
    uint32_t delay_ms, retry_after_s;
    char reason[48];
    char case_no[40];
};
/* Answers now, later or never, as the mode says. */
void sah_delivery_answer(struct sah_deliveries *d, struct sah_http_exchange *x,
                         const struct sah_machine_answer *answer);
/* Forgets answers that wait; their exchanges end with the server. */
void sah_delivery_forget_held(struct sah_deliveries *d);

#endif
