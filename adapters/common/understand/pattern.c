/*
 * pattern - phrases, cue patterns and rules, from the text a linguist writes. See lexicon.h for
 * the shapes and phrases/lexicon/README.md for the notation.
 */
#include "lexicon.h"

#include <string.h>

#define ALTERNATIVES_MAX 128

static bool next_part(struct sah_slice *rest, char by, struct sah_slice *ret_part)
{
    const char *end;

    while (rest->len > 0 && (*rest->ptr == by || *rest->ptr == ' ')) {
        rest->ptr++;
        rest->len--;
    }
    if (rest->len == 0)
        return false;
    end = memchr(rest->ptr, by, rest->len);
    ret_part->ptr = rest->ptr;
    ret_part->len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    rest->ptr += ret_part->len;
    rest->len -= ret_part->len;
    while (ret_part->len > 0 && ret_part->ptr[ret_part->len - 1] == ' ')
        ret_part->len--;
    return true;
}

static int fault_at(struct sah_fault *fault, const struct lex_line *line, struct sah_slice key,
                    const char *what)
{
    char name[64];

    (void)sah_copy_cut(name, sizeof name, key.ptr, key.len);
    sah_fault_set(fault, line->file, line->line, name, "%s", what);
    return SAH_EINVAL;
}

/* One phrase while it is read. */
struct reading {
    unsigned n;
    struct {
        unsigned n;
        uint16_t word[ALTERNATIVES_MAX];
        bool gap, optional;
    } element[LEX_ELEMENTS_MAX];
};

static int element_keep(struct sah_lexicon *lex, const struct reading *x, unsigned e)
{
    struct lex_element element = {.first = lex->n_alternatives,
                                  .n = (uint8_t)x->element[e].n,
                                  .gap = x->element[e].gap,
                                  .optional = x->element[e].optional};
    int err;

    for (unsigned i = 0; i < x->element[e].n; i++) {
        err = lex_grow((void **)&lex->alternatives, &lex->cap_alternatives, lex->n_alternatives,
                       sizeof *lex->alternatives);
        if (err < 0)
            return err;
        lex->alternatives[lex->n_alternatives++] = x->element[e].word[i];
        element.seen |= 1ull << (x->element[e].word[i] % 64);
    }
    err = lex_grow((void **)&lex->elements, &lex->cap_elements, lex->n_elements,
                   sizeof *lex->elements);
    if (err < 0)
        return err;
    lex->elements[lex->n_elements++] = element;
    return SAH_OK;
}

/* One entry for each word that the phrase may begin with; what follows is kept once. */
static int phrase_keep(struct sah_lexicon *lex, const struct reading *x,
                       const struct lex_phrase *shape)
{
    uint32_t elements = lex->n_elements;
    int err = SAH_OK;

    for (unsigned e = 0; e < x->n && err == SAH_OK; e++)
        err = element_keep(lex, x, e);
    for (unsigned e = 0; e < x->n && err == SAH_OK; e++) {
        for (unsigned i = 0; i < x->element[e].n && err == SAH_OK; i++) {
            err = lex_grow((void **)&lex->phrases, &lex->cap_phrases, lex->n_phrases,
                           sizeof *lex->phrases);
            if (err < 0)
                return err;
            lex->phrases[lex->n_phrases] = *shape;
            lex->phrases[lex->n_phrases].first = x->element[e].word[i];
            lex->phrases[lex->n_phrases].n = (uint8_t)(x->n - e);
            lex->phrases[lex->n_phrases++].rest = elements + e + 1;
        }
        if (!x->element[e].optional)
            break;
    }
    return err;
}

static int phrase_add(struct sah_lexicon *lex, const struct lex_line *line,
                      struct lex_phrase *phrase, unsigned writings, struct sah_slice text,
                      struct sah_fault *fault)
{
    struct reading x = {0};
    struct sah_slice rest = text, element, word;
    bool gap = false, solid = false;

    while (next_part(&rest, ' ', &element)) {
        if (x.n == LEX_ELEMENTS_MAX)
            return fault_at(fault, line, text, "more than 8 words in a phrase");
        if (sah_slice_is(element, "...")) {
            gap = true;
            if (x.n == 0)
                return fault_at(fault, line, text, "is empty or starts with a gap");
            continue;
        }
        x.element[x.n].gap = gap;
        gap = false;
        while (next_part(&element, '/', &word)) {
            bool known = false;
            int err;

            if (sah_slice_is(word, "-")) {
                x.element[x.n].optional = true;
                continue;
            }
            if (x.element[x.n].n == ALTERNATIVES_MAX)
                return fault_at(fault, line, text, "more than 128 alternatives for a word");
            err = lex_word_add(lex, word.ptr, word.len, writings,
                               &x.element[x.n].word[x.element[x.n].n]);
            if (err == SAH_EINVAL)
                return fault_at(
                    fault, line, word,
                    "is not one word (part words with a blank), or too short before its '*'");
            if (err < 0)
                return err;
            for (unsigned i = 0; i < x.element[x.n].n && !known; i++)
                known = x.element[x.n].word[i] == x.element[x.n].word[x.element[x.n].n];
            x.element[x.n].n += !known; /* two spellings of one key are one word */
        }
        solid = solid || !x.element[x.n].optional;
        x.n += x.element[x.n].n > 0; /* a lone "-" is nothing */
    }
    if (x.n == 0 || !solid)
        return fault_at(fault, line, text, "is empty or starts with a gap");
    return phrase_keep(lex, &x, phrase);
}

int lex_phrases_add(struct sah_lexicon *lex, const struct lex_line *line, uint16_t concept,
                    unsigned writings, unsigned only, struct sah_slice phrases,
                    struct sah_fault *fault)
{
    struct sah_slice text;

    while (next_part(&phrases, '|', &text)) {
        struct lex_phrase phrase = {
            .concept = concept, .only = (uint8_t)only, .writings = (uint8_t)writings};
        int err = phrase_add(lex, line, &phrase, writings, text, fault);

        if (err < 0)
            return err;
    }
    return SAH_OK;
}

static int name_of(const struct sah_lexicon *lex, const struct lex_line *line,
                   struct sah_slice text, uint16_t *ret_name, struct sah_fault *fault)
{
    *ret_name = lex_name_find(lex, text.ptr, text.len);
    if (*ret_name == LEX_NONE)
        return fault_at(fault, line, text,
                        "is no concept or cue; declare it in concepts.tsv or cues.tsv");
    return SAH_OK;
}

/* "chest+pain~4 !joke": parts joined by '+', within so many words, without others near. */
static int cue_pattern(struct sah_lexicon *lex, const struct lex_line *line,
                       struct lex_cue *cue, struct sah_slice text, struct sah_fault *fault)
{
    struct sah_slice rest = text, item, part;

    while (next_part(&rest, ' ', &item)) {
        const char *tilde = memchr(item.ptr, '~', item.len);
        int err;

        if (item.ptr[0] == '!') {
            item.ptr++;
            item.len--;
            if (cue->n_without == SAH_LEN(cue->without))
                return fault_at(fault, line, text, "at most four '!' in a pattern");
            err = name_of(lex, line, item, &cue->without[cue->n_without], fault);
            if (err < 0)
                return err;
            cue->n_without++;
            continue;
        }
        if (tilde != NULL) {
            uint64_t window;
            struct sah_slice number = {tilde + 1, (size_t)(item.ptr + item.len - tilde - 1)};

            if (sah_parse_u64(number, 1, 60, &window) < 0)
                return fault_at(fault, line, text,
                                "the number behind '~' must be 1..60 (words)");
            cue->window = (uint16_t)window;
            item.len = (size_t)(tilde - item.ptr);
        }
        while (next_part(&item, '+', &part)) {
            if (cue->n == SAH_LEN(cue->part))
                return fault_at(fault, line, text, "at most three parts in a pattern");
            err = name_of(lex, line, part, &cue->part[cue->n], fault);
            if (err < 0)
                return err;
            cue->n++;
        }
    }
    if (cue->n == 0)
        return fault_at(fault, line, text, "the pattern names no concept");
    return SAH_OK;
}

int lex_cue_add(struct sah_lexicon *lex, const struct lex_line *line, struct sah_fault *fault)
{
    struct sah_slice rest = line->column[3], text;
    uint16_t name = lex_name_find(lex, line->column[0].ptr, line->column[0].len);
    int err;

    while (next_part(&rest, '|', &text)) {
        struct lex_cue cue = {.cue = name, .window = 4};

        if (sah_slice_is(text, "-"))
            cue = (struct lex_cue){.cue = name, .n = 1, .part = {name}};
        else if ((err = cue_pattern(lex, line, &cue, text, fault)) < 0)
            return err;
        err = lex_grow((void **)&lex->cues, &lex->cap_cues, lex->n_cues, sizeof *lex->cues);
        if (err < 0)
            return err;
        lex->cues[lex->n_cues++] = cue;
        lex_set_add(&lex->cue_parts, name);
        for (unsigned i = 0; i < cue.n; i++)
            lex_set_add(&lex->cue_parts, cue.part[i]);
        if (cue.n == 1 && (lex->names[name].flags & LEX_NEGATABLE) != 0)
            lex_set_add(&lex->negatable_parts, cue.part[0]);
    }
    return SAH_OK;
}

static int rule_when(struct sah_lexicon *lex, const struct lex_line *line,
                     struct lex_rule *rule, struct sah_fault *fault)
{
    struct sah_slice rest = line->column[1], item, part;

    while (next_part(&rest, ' ', &item)) {
        bool none = item.ptr[0] == '!', any = memchr(item.ptr, '|', item.len) != NULL;

        if (sah_slice_is(item, "*"))
            continue;
        if (none) {
            item.ptr++;
            item.len--;
        }
        if (any && !none && rule->n_any == LEX_ANY_MAX)
            return fault_at(fault, line, item, "at most four '|' groups in a rule");
        while (next_part(&item, '|', &part)) {
            uint16_t name;
            int err = name_of(lex, line, part, &name, fault);

            if (err < 0)
                return err;
            lex_set_add(none ? &rule->none : any ? &rule->any[rule->n_any] : &rule->all, name);
        }
        rule->n_any += any && !none;
    }
    return SAH_OK;
}

static int rule_services(struct lex_rule *rule, const struct lex_line *line,
                         struct sah_fault *fault)
{
    struct sah_slice rest = line->column[4], part;

    if (!sah_slice_is(line->column[3], "-") &&
        sah_copy(rule->service, sizeof rule->service, line->column[3].ptr,
                 line->column[3].len) < 0)
        return fault_at(fault, line, line->column[3], "the service name is too long");
    while (!sah_slice_is(line->column[4], "-") && next_part(&rest, ',', &part)) {
        if (rule->n_additional == SAH_ADDITIONAL_MAX ||
            sah_copy(rule->additional[rule->n_additional], SAH_SERVICE_SIZE, part.ptr,
                     part.len) < 0)
            return fault_at(fault, line, part, "too many or too long additional services");
        rule->n_additional++;
    }
    return SAH_OK;
}

int lex_rule_add(struct sah_lexicon *lex, const struct lex_line *line, struct sah_fault *fault)
{
    static const char *const intents[] = {"REQUEST", "STATUS", "CANCEL",
                                          "MENU",    "NONE",   "ALSO"};
    struct lex_rule rule = {0};
    unsigned intent = 0;
    uint64_t confidence;
    int err;

    while (intent < SAH_LEN(intents) && !sah_slice_is(line->column[2], intents[intent]))
        intent++;
    if (intent == SAH_LEN(intents))
        return fault_at(fault, line, line->column[2],
                        "must be REQUEST STATUS CANCEL MENU NONE or ALSO");
    rule.also = intent == 5;
    rule.intent = rule.also ? SAH_INTENT_REQUEST : (enum sah_intent)intent;
    rule.urgency = sah_slice_is(line->column[6], "B") ? SAH_URGENCY_BULK : SAH_URGENCY_URGENT;
    if (sah_copy(rule.id, sizeof rule.id, line->column[0].ptr, line->column[0].len) < 0)
        return fault_at(fault, line, line->column[0], "the rule's name is too long");
    if (!sah_slice_is(line->column[5], "-") &&
        sah_copy(rule.type, sizeof rule.type, line->column[5].ptr, line->column[5].len) < 0)
        return fault_at(fault, line, line->column[5], "the incident type is too long");
    if (sah_parse_u64(line->column[7], 0, 100, &confidence) < 0)
        return fault_at(fault, line, line->column[7], "confidence must be 0..100");
    rule.confidence = (uint8_t)confidence;
    if (sah_slice_is(line->column[8], "person"))
        rule.needs_person = true;
    else if (!sah_slice_is(line->column[8], "-") &&
             sah_copy(rule.op, sizeof rule.op, line->column[8].ptr, line->column[8].len) < 0)
        return fault_at(fault, line, line->column[8], "the operation is too long");
    if ((err = rule_services(&rule, line, fault)) < 0 ||
        (err = rule_when(lex, line, &rule, fault)) < 0)
        return err;
    err = lex_grow((void **)&lex->rules, &lex->cap_rules, lex->n_rules, sizeof *lex->rules);
    if (err < 0)
        return err;
    lex->rules[lex->n_rules++] = rule;
    return SAH_OK;
}
