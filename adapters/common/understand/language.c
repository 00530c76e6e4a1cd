/*
 * language - which of the eight ways of writing a message is in: scripts first, and for Latin
 * letters the languages whose phrases hold its words.
 */
#include "work.h"

#include <string.h>

struct scores {
    unsigned te, hindustani, hi, ur, en;
};

static void count_latin(const struct work *work, struct scores *s)
{
    for (unsigned i = 0; i < work->fold.n; i++) {
        const struct fold_token *token = &work->fold.token[i];
        unsigned bits = 0;
        bool te, hu, en;

        if (token->kind != FOLD_WORD || token->script != FOLD_LATIN)
            continue;
        for (unsigned w = 0; w < work->n_words[i]; w++)
            bits |= work->lex->words[work->words[i][w]].writings;
        te = (bits & LEX_BIT(LEX_TE_LATN)) != 0;
        hu = (bits & (LEX_BIT(LEX_HI_LATN) | LEX_BIT(LEX_UR_LATN))) != 0;
        en = (bits & LEX_BIT(LEX_EN)) != 0;
        if (en) {
            s->en += te || hu ? 1 : 2;
            continue; /* a loan word tells nothing about who borrowed it */
        }
        s->te += te ? (hu ? 1 : 2) : 0;
        s->hindustani += hu ? (te ? 1 : 2) : 0;
        s->hi += (bits & LEX_MARK_HI) != 0;
        s->ur += (bits & LEX_MARK_UR) != 0;
    }
}

/* Telugu and Hindustani share the alphabet and few words: where one of them is plain, a word of
 * the other is a mishearing ("dokka", belly, is no "dhokha", cheat). */
#define PLAIN 2 /* times the other's score */

static enum lex_writing latin_writing(struct work *work)
{
    struct scores s = {0};
    unsigned best;

    count_latin(work, &s);
    best = s.te > s.hindustani ? s.te : s.hindustani;
    if (best == 0 || best * 3 < s.en)
        return LEX_EN;
    if (s.te >= s.hindustani) {
        if (s.te >= 6 && s.te > PLAIN * s.hindustani)
            work->foreign = LEX_BIT(LEX_HI_LATN) | LEX_BIT(LEX_UR_LATN);
        return LEX_TE_LATN;
    }
    if (s.hindustani >= 6 && s.hindustani > PLAIN * s.te)
        work->foreign = LEX_BIT(LEX_TE_LATN);
    return s.ur > s.hi ? LEX_UR_LATN : LEX_HI_LATN;
}

static void count_scripts(const struct work *work, unsigned words[FOLD_N_SCRIPTS])
{
    for (unsigned i = 0; i < FOLD_N_SCRIPTS; i++)
        words[i] = 0;
    for (unsigned i = 0; i < work->fold.n; i++)
        if (work->fold.token[i].kind == FOLD_WORD)
            words[work->fold.token[i].script]++;
}

void work_language(struct work *work, char ret_language[SAH_LANGUAGE_SIZE])
{
    unsigned words[FOLD_N_SCRIPTS], native, latin;
    enum lex_writing writing = LEX_TE;
    bool mixed = false;
    const char *name;

    count_scripts(work, words);
    native = words[FOLD_TELUGU];
    latin = words[FOLD_LATIN];
    if (words[FOLD_DEVANAGARI] > native) {
        native = words[FOLD_DEVANAGARI];
        writing = LEX_HI;
    }
    if (words[FOLD_ARABIC] > native) {
        native = words[FOLD_ARABIC];
        writing = LEX_UR;
    }
    work->writing = work->foreign = 0;
    ret_language[0] = '\0';
    if (native + latin == 0)
        return;
    if (native * 6 < latin)
        writing = latin_writing(work);
    else
        mixed = latin * 3 >= native + latin; /* a third of the words in the other script */
    work->writing = LEX_BIT(writing);
    if (mixed)
        work->writing |= LEX_BIT(latin_writing(work));
    name = mixed ? "mixed" : lex_writing_names[writing];
    memcpy(ret_language, name, strlen(name) + 1);
}
