/*
 * behaviour - how an agency behaves, as rows: read from PUT, told by GET.
 *
 * Owns:    the names of modes, cancels, keys, and their bounds.
 * Used by: agencies.c. Never: takes a document in part; an unknown key is named.
 */
#ifndef SAH_STANDIN_BEHAVIOUR_H
#define SAH_STANDIN_BEHAVIOUR_H

#include "script.h"

/* What the machine at the agency does with a delivery. */
#define SAH_STANDIN_MODES(X)                                                                \
    X(NORMAL, "normal")             /* 200 with a case number, then a person */             \
    X(MACHINE_ONLY, "machine_only") /* 200 with a case number, and nobody comes */          \
    X(SILENT, "silent")             /* a bare 200, and nobody comes */                      \
    X(REFUSE, "refuse")             /* 422 with refuse_reason; no case */                   \
    X(BUSY, "busy")                 /* 503, with Retry-After when retry_after_s; no case */ \
    X(ERROR500, "error500")         /* 500; no case */                                      \
    X(HANG, "hang")                 /* never answers; no case */                            \
    X(CUT, "cut") /* the case is taken, and the connection cut: outcome unknown */
enum sah_standin_mode {
#define X(name, text) SAH_MODE_##name,
    SAH_STANDIN_MODES(X)
#undef X
};

/* What the person does with a cancel. */
enum sah_standin_cancel { SAH_CANCEL_CONFIRM, SAH_CANCEL_DECLINE, SAH_CANCEL_IGNORE };

struct sah_behaviour {
    enum sah_standin_mode mode;
    enum sah_standin_cancel cancel;
    uint32_t person_after_ms, step_ms, delay_ms, retry_after_s;
    char refuse_reason[48];
    bool own_steps; /* else the story that fits the agency */
    struct sah_steps steps;
};

const char *sah_behaviour_mode_name(enum sah_standin_mode mode);
/* `ret_behaviour` = `defaults` and what `json` says. SAH_EINVAL with what is wrong in `why`. */
SAH_MUST_USE int sah_behaviour_read(const json_t *json, const struct sah_behaviour *defaults,
                                    struct sah_behaviour *ret_behaviour, char *why,
                                    size_t why_size);
json_t *sah_behaviour_json(const struct sah_behaviour *behaviour);

#endif
