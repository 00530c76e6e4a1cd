/*
 * understand - a citizen's words -> service, incident type, danger cues, language. Pure.
 *
 * Owns:    the lexicon, read once from data files (adapters/common/phrases/), and the rules over it.
 * Used by: dialog (one call for each text), sahayactl triage.
 * Never:   asks a clock, a socket or chance; never lets a menu, a mood or a joke hide a danger cue.
 *
 * Deterministic and auditable: each decision names its rule, its cues with their spans in the
 * original bytes, and the lexicon's version. Over-triage is cheap, under-triage kills (domain 6.1).
 */
#ifndef SAHAYA_UNDERSTAND_H
#define SAHAYA_UNDERSTAND_H

#include <sahaya/conf.h>
#include <sahaya/request.h>

enum sah_intent {
    SAH_INTENT_REQUEST, /* triage.service names it; also UNKNOWN: perhaps an emergency, a person must look */
    SAH_INTENT_STATUS,  /* of an emergency request */
    SAH_INTENT_CANCEL,  /* of an emergency request */
    SAH_INTENT_MENU,    /* greeting, gibberish, asking what there is, what a number is for */
    SAH_INTENT_NONE,    /* not for us */
};

struct sah_understanding {
    enum sah_intent intent;
    enum sah_urgency urgency; /* BULK only for bookings, planned rides, social and paid matters */
    struct sah_triage triage; /* service, additional, incident type, cues with spans, rule, confidence */
    char language[SAH_LANGUAGE_SIZE];
    bool danger;              /* any danger cue that is not negated: it wins over every menu */
    uint32_t vulnerable;      /* SAH_VULNERABLE_*, when stated */
    enum sah_comm_pref comm_pref;
    struct sah_lpg lpg;       /* company, ids and op when said; op "" when not LPG */
    bool has_point;           /* "17.38, 78.48" or a map link typed */
    int32_t lat_e7, lon_e7;
    char pincode[7];
    char district[33];
    bool yes, no;             /* the whole message is a yes or a no */
    bool thanks;              /* the whole message is a thank-you */
    bool doubtful;            /* a "but", a "still", somebody trapped or in pain: it is no cancel, whatever else it says */
};

struct sah_lexicon;
/* Reads every data file of the folder; the fault names file, line, key. */
SAH_MUST_USE int sah_lexicon_load(const char *folder, struct sah_lexicon **ret_lexicon, struct sah_fault *fault);
void sah_lexicon_destroy(struct sah_lexicon *lexicon);
const char *sah_lexicon_version(const struct sah_lexicon *lexicon); /* of the content, stable */

/* Any bytes at all: invalid UTF-8, NULs, 64 KB are a defined outcome. */
void sah_understand(const struct sah_lexicon *lexicon, const char *text, size_t len,
                    struct sah_understanding *ret_understanding);

#endif
