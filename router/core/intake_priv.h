/*
 * intake_priv - what the files of intake share: one message under way.
 */
#ifndef SAHAYA_CORE_INTAKE_PRIV_H
#define SAHAYA_CORE_INTAKE_PRIV_H

#include "core/internal.h"

#define INTAKE_MAGIC 0x5a494e54u

struct intake {
    uint32_t magic;
    struct sah_core *core;
    sah_core_result_fn *fn;
    void *data;
    struct sah_message *message; /* ours */
    char *bytes;
    size_t bytes_len;
    struct sah_now now;
    struct sah_rank rank;
    struct incident_match match;
    enum sah_result_code refusal; /* what to answer when there was nothing to commit */
    /* What is to be done when nothing was committed: again.c. */
    enum { NEXT_NOTHING = 0, NEXT_REQUEST, NEXT_MERGE } next;
    bool promised;    /* it was accepted under its own name before: it stays a request of its own */
    bool merged;      /* it became part of `held_by` */
    bool of_another;  /* whose citizen is another */
    unsigned merges;  /* tried; past the bound it is one of its own */
    char held_by[SAH_REQUEST_ID_SIZE]; /* the open request of the same connection */
    char held_incident[SAH_INCIDENT_ID_SIZE];
    struct sah_buf repeat;
    struct sah_message result;
};

/* ---- intake_ends.c */
void intake_carry(const struct intake *job, struct sah_change *change, uint32_t sequence);
bool intake_same_citizen(const struct intake *job, const struct sah_request_view *view);
revise_decide_fn intake_cancel, intake_question;

#endif
