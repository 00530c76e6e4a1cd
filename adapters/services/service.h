/*
 * service - one module a service: what it asks, what it normalizes, what it refuses to keep.
 *
 * Owns:    the service's part of a request (struct sah_payload) and its questions, in order.
 * Used by: adapters/common/dialog*.c, through this vtable and nothing else.
 * Never:   holds a request back. Questions go out while the request is already on its way; only
 * a gas booking needs one answer first (the company), because nobody could take it else.
 */
#ifndef SAHAYA_SERVICE_H
#define SAHAYA_SERVICE_H

#include <sahaya/request.h>

#include "../common/dialog_texts.h"
#include "../common/understand/understand.h"

enum sah_question_kind {
    SAH_QUESTION_PLACE,   /* the channel's own way to ask for a place */
    SAH_QUESTION_YES_NO,  /* two buttons */
    SAH_QUESTION_WORDS,   /* free words */
    SAH_QUESTION_COMPANY, /* one button a company */
};

struct sah_question {
    const char *id; /* stands in conversation.asking */
    enum sah_question_kind kind;
    enum text_id text;
    const char *cue_yes, *cue_no; /* danger cue that the answer means; NULL = none */
};

struct sah_service {
    const char *name; /* the word in services.yaml */
    enum sah_payload_kind payload;
    const struct sah_question *questions;
    unsigned n_questions;
    /* Fills the payload from what was understood. The payload is zeroed with its kind set. */
    void (*fill)(const char *service, const struct sah_understanding *u,
                 struct sah_payload *payload);
    /* One answer. `answer` is UNKNOWN for free words. */
    void (*answer)(const char *question, enum sah_tri answer, struct sah_slice words,
                   struct sah_payload *payload);
    /* The last word on service and urgency before a request leaves; only ever upward. May be
     * NULL. */
    void (*refine)(const struct sah_understanding *u, struct sah_triage *triage,
                   enum sah_urgency *urgency, struct sah_payload *payload);
};

extern const struct sah_service sah_service_ambulance;
extern const struct sah_service sah_service_transport;
extern const struct sah_service sah_service_fire;
extern const struct sah_service sah_service_leak;
extern const struct sah_service sah_service_lpg;
extern const struct sah_service sah_service_helpline;
extern const struct sah_service sah_service_person; /* UNKNOWN: a person at 112 must look */

/* NULL for a word that is none of the above. */
const struct sah_service *sah_service_by_name(const char *name);
/* Shared by the modules: is the cue there, and not negated? */
bool sah_service_cue(const struct sah_triage *triage, const char *name);
bool sah_service_cue_add(struct sah_triage *triage, const char *name);

#endif
