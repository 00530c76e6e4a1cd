/*
 * lexicon - the shape of the data files in memory. Read-only after sah_lexicon_load().
 *
 * Owns:    words, phrases, names (concepts, cues, facts), cue patterns, rules, districts.
 * Used by: the files of this folder only; everybody else sees struct sah_lexicon as opaque.
 * Never:   changes after load: one lexicon serves any number of calls.
 */
#ifndef SAHAYA_UNDERSTAND_LEXICON_H
#define SAHAYA_UNDERSTAND_LEXICON_H

#include "understand/understand.h"
#include "fold.h"

#define LEX_NAMES_MAX    768
#define LEX_SET_WORDS    (LEX_NAMES_MAX / 64)
#define LEX_NAME_SIZE    SAH_CUE_SIZE
#define LEX_ELEMENTS_MAX 8
#define LEX_GAP_WORDS    3 /* "..." in a phrase stands for up to so many words */
#define LEX_NONE         UINT16_MAX

/* Writings, in the order of the design's list. */
enum lex_writing {
    LEX_TE,
    LEX_HI,
    LEX_UR,
    LEX_EN,
    LEX_TE_LATN,
    LEX_HI_LATN,
    LEX_UR_LATN,
    LEX_N_WRITINGS
};
#define LEX_BIT(writing) (1u << (writing))
/* A word that only writers of Urdu, or only writers of Hindi, use in Latin letters. */
#define LEX_MARK_UR      (1u << 8)
#define LEX_MARK_HI      (1u << 9)
/* A verb's ending that people write onto the verb: "girgaya", "jalri". */
#define LEX_TAIL         (1u << 10)
/* "==word": a token that is this very word is no other word that sounds so ("ghaas", not gas). */
#define LEX_ALONE        (1u << 11)
extern const char *const lex_writing_names[LEX_N_WRITINGS];

/* How a lexicon word meets a message word. */
enum lex_how {
    LEX_KEY,    /* by sound, or a bounded number of typing mistakes */
    LEX_EXACT,  /* "=word": letter by letter after folding */
    LEX_PREFIX, /* "word*": by sound, whatever follows */
    LEX_NEAR,   /* of the index only: a key with one or two characters left out */
    LEX_NEAR_HEAD, /* of the index only: a beginning with one character left out */
    LEX_BONES,  /* of the index only: a key without its vowels */
};

struct lex_word {
    uint32_t text; /* in pool */
    uint8_t len, chars, how;
    uint16_t writings;                /* LEX_BIT()s, and the two marks below */
    uint32_t first_phrase, n_phrases; /* phrases that begin with it */
};

struct lex_element { /* "a/b/-" of a phrase */
    uint64_t seen;   /* one bit per word in it: what is not there needs no search */
    uint32_t first;  /* in alternatives[] */
    uint8_t n;
    bool gap, optional; /* "..." stands before it; "-" is one of its alternatives */
};

struct lex_phrase {
    uint16_t concept, first; /* the word it begins with */
    uint8_t n, only;         /* only: bits of writings the message must have, 0 = any */
    uint8_t writings;        /* whose phrase it is: LEX_BIT()s, 0 = anybody's */
    uint32_t rest;           /* the n - 1 elements behind the first word, in elements[] */
};

enum {                    /* flags of a name */
       LEX_CUE = 1,       /* is reported and counts as danger */
       LEX_NEGATABLE = 2, /* a cue that a negator takes back */
       LEX_MASK = 4, /* hides what lies wholly inside it: "fire station", "dil toot gaya" */
       LEX_JOKE = 8, /* hides only when a joke marker is in the message */
       LEX_MODIFIER = 16, /* a cue that is reported but is no danger by itself */
       LEX_MASK_ALL = 32, /* a mask that hides every concept: "108 rupees" */
       LEX_IDIOM = 64, /* a mask with patterns: small talk beside a word of danger */
};

struct lex_name {
    char text[LEX_NAME_SIZE];
    uint16_t flags;
    uint8_t
        grade; /* cues: the class they speak for, 0..2; the router decides, this only orders */
};

struct lex_cue { /* one pattern of a cue */
    uint16_t cue, n, window;
    uint16_t part[3], without[4];
    uint8_t n_without;
};

struct lex_set {
    uint64_t bits[LEX_SET_WORDS];
};

#define LEX_ANY_MAX 4
struct lex_rule {
    char id[SAH_RULE_SIZE];
    bool also; /* adds services and goes on */
    enum sah_intent intent;
    enum sah_urgency urgency;
    char service[SAH_SERVICE_SIZE];
    unsigned n_additional;
    char additional[SAH_ADDITIONAL_MAX][SAH_SERVICE_SIZE];
    char type[SAH_TYPE_SIZE];
    uint8_t confidence;
    char op[17];
    bool needs_person;
    struct lex_set all, none;
    unsigned n_any;
    struct lex_set any[LEX_ANY_MAX];
};

struct lex_slot {
    uint32_t hash; /* 0 = empty */
    uint16_t word;
};

/* Names the code itself asks for; load.c finds each in concepts.tsv or refuses the folder. */
#define LEX_FACTS(X)                                                                           \
    X(neg_before)                                                                              \
    X(neg_after)                                                                               \
    X(filler) X(clause_end) X(past) X(now) X(joke_marker) X(yes) X(no) X(people) X(years)      \
        X(months) X(deaf) X(covert) X(v_pregnant) X(v_under5) X(v_over65) X(v_disabled)        \
            X(v_alone) X(v_minor) X(v_no_shelter) X(voice_failed) X(trapped) X(hurt) X(indane) \
                X(hp) X(bharat) X(lpg_id_word) X(consumer_word) X(fact_danger) X(fact_severe)  \
                    X(fact_negated) X(fact_question) X(fact_short) X(fact_one)                 \
                        X(fact_lpg_number) X(fact_cut) X(fact_empty) X(mass_casualty)          \
                            X(fact_many) X(fact_some) X(urdu_mark) X(hindi_mark) X(bare_help) X(fiction)    \
                                X(what_if) X(real) X(match) X(tail_word) X(recovered)      \
                                    X(again) X(plea) X(thanks_word) X(long_past) \
                                    X(thanks_done) X(polite) X(fact_thanks) X(ambulance_wanted) X(fire_wanted) X(police_wanted) X(greeting_emoji) X(people_inside) \
                                    X(but_word) X(no_cancel)

enum lex_fact {
#define X(name) FACT_##name,
    LEX_FACTS(X)
#undef X
        N_FACTS
};

struct lex_district {
    char id[33];
};

struct sah_lexicon {
    uint32_t magic;
    char version[25];
    uint64_t digest;
    char *pool;
    uint32_t pool_len, pool_cap;
    struct lex_word *words;
    unsigned n_words, cap_words;
    struct lex_phrase *phrases;
    unsigned n_phrases, cap_phrases;
    struct lex_element *elements;
    unsigned n_elements, cap_elements;
    uint16_t *alternatives;
    unsigned n_alternatives, cap_alternatives;
    struct lex_slot *slots; /* power of two */
    uint32_t n_slots, used_slots;
    struct lex_name names[LEX_NAMES_MAX];
    unsigned n_names;
    struct lex_cue *cues;
    unsigned n_cues, cap_cues;
    struct lex_rule *rules;
    unsigned n_rules, cap_rules;
    uint16_t fact[N_FACTS];
    struct { /* endings cut off a word that is not known with them */
        char text[24];
        uint8_t len, script;
    } suffix[128];
    unsigned n_suffixes;
    struct lex_district
        district[64]; /* names "district_..." of the list of names, by concept */
    uint16_t first_district, n_districts;
    uint16_t number_name[11];       /* concepts num_1 .. num_10 */
    struct lex_set cue_parts;       /* cues and what makes one: all that a mask hides */
    struct lex_set negatable_parts; /* what alone makes a cue that can be taken back */
};

#define LEXICON_MAGIC 0x1e81c04eu

static inline void lex_set_add(struct lex_set *set, unsigned bit)
{
    set->bits[bit / 64] |= 1ull << (bit % 64);
}
static inline bool lex_set_has(const struct lex_set *set, unsigned bit)
{
    return (set->bits[bit / 64] >> (bit % 64) & 1) != 0;
}

/* ---- lexicon.c: names and memory */
uint16_t lex_name_find(const struct sah_lexicon *lex, const char *name, size_t len);
SAH_MUST_USE int lex_name_add(struct sah_lexicon *lex, const char *name, size_t len,
                              uint16_t flags, uint8_t grade, uint16_t *ret_name);
SAH_MUST_USE int lex_grow(void **array, unsigned *cap, unsigned n, size_t size);

/* ---- words.c: the vocabulary and its index */
#define LEX_MATCHES_MAX 12
SAH_MUST_USE int lex_word_add(struct sah_lexicon *lex, const char *text, size_t len,
                              unsigned writings, uint16_t *ret_word);
SAH_MUST_USE int lex_index_build(struct sah_lexicon *lex);
/* The lexicon words that token `i` is a writing of; at most LEX_MATCHES_MAX. A search for mistakes
 * takes one from `searches`; at none left the word counts as unknown. */
unsigned lex_words_of(const struct sah_lexicon *lex, const struct fold *fold, unsigned i,
                      unsigned *searches, uint16_t *ret_words);

/* How many bytes of the end of token `i` are a verb's ending written onto a known word; 0 when
 * the token is known as it stands or does not come apart so. */
size_t lex_tail_of(const struct sah_lexicon *lex, const struct fold *fold, unsigned i);

/* ---- pattern.c: phrases, cue patterns and rules from their text form */
struct lex_line { /* one line of a data file */
    const char *file;
    unsigned line;
    unsigned n;
    struct sah_slice column[10];
};
SAH_MUST_USE int lex_phrases_add(struct sah_lexicon *lex, const struct lex_line *line,
                                 uint16_t concept, unsigned writings, unsigned only,
                                 struct sah_slice phrases, struct sah_fault *fault);
SAH_MUST_USE int lex_cue_add(struct sah_lexicon *lex, const struct lex_line *line,
                             struct sah_fault *fault);
SAH_MUST_USE int lex_rule_add(struct sah_lexicon *lex, const struct lex_line *line,
                              struct sah_fault *fault);

#endif
