/*
 * work - what is known about one message while it is being understood. Lives on the stack of
 * sah_understand(); nothing of it outlives the call.
 */
#ifndef SAHAYA_UNDERSTAND_WORK_H
#define SAHAYA_UNDERSTAND_WORK_H

#include "lexicon.h"

#define WORK_HITS_MAX     600
#define WORK_CUES_MAX     64
#define WORK_NEGATORS_MAX 32 /* one more takes nothing back: the cue stands */

struct work_hit {                 /* a phrase of a concept, found */
    uint16_t concept, start, end; /* tokens, both inclusive */
    uint32_t tokens; /* bit i: token start + i is a word of the phrase, not of a gap */
    bool hidden;     /* inside an idiom, a joke, a "fire station" */
};

struct work_cue {
    uint16_t cue, start, end;
    bool negated; /* or in the past: it does not hold now */
};

struct work {
    const struct sah_lexicon *lex;
    struct fold fold;
    uint16_t words[FOLD_TOKENS_MAX][LEX_MATCHES_MAX];
    uint8_t n_words[FOLD_TOKENS_MAX];
    uint64_t seen[FOLD_TOKENS_MAX]; /* a bit for each of a token's words: see lex_element */
    bool used[FOLD_TOKENS_MAX];     /* within a negatable cue's own words */
    bool filler[FOLD_TOKENS_MAX];   /* may stand between a cue and its negator */
    unsigned n_negators;
    uint16_t negator[WORK_NEGATORS_MAX]; /* hits */
    unsigned n_hits;
    struct work_hit hit[WORK_HITS_MAX];
    unsigned n_idioms; /* found by patterns; what they hide is hidden */
    unsigned n_cues;
    struct work_cue cue[WORK_CUES_MAX];
    struct lex_set facts; /* concepts that are there, cues that hold */
    unsigned writing;     /* LEX_BIT()s of the message's language */
    unsigned foreign;     /* and of those that it plainly is not in */
    unsigned patients;
};

/* ---- language.c */
void work_language(struct work *work, char ret_language[SAH_LANGUAGE_SIZE]);
/* ---- match.c: words, then phrases, then what hides what */
void work_words(struct work *work);
void work_phrases(struct work *work);
/* ---- cues.c */
void work_cues(struct work *work);
/* ---- rules.c */
void work_decide(struct work *work, struct sah_understanding *out);
/* ---- entities.c */
void work_entities(struct work *work, const char *text, size_t len,
                   struct sah_understanding *out);
void work_numbers(struct work *work);

/* ---- understand.c: all stages up to the rules' decision, for one message */
void work_read(const struct sah_lexicon *lexicon, const char *text, size_t len, struct work *work,
               struct sah_understanding *out);

static inline bool work_has(const struct work *work, enum lex_fact fact)
{
    return lex_set_has(&work->facts, work->lex->fact[fact]);
}
static inline void work_set(struct work *work, enum lex_fact fact)
{
    lex_set_add(&work->facts, work->lex->fact[fact]);
}

#endif
