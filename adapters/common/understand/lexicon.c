/*
 * lexicon - names, memory and the life of a lexicon. See lexicon.h; load.c reads the files.
 */
#include "lexicon.h"

#include <stdlib.h>
#include <string.h>

const char *const lex_writing_names[LEX_N_WRITINGS] = {"te",      "hi",      "ur",     "en",
                                                       "te-Latn", "hi-Latn", "ur-Latn"};

int lex_grow(void **array, unsigned *cap, unsigned n, size_t size)
{
    unsigned more;
    void *grown;

    if (n < *cap)
        return SAH_OK;
    more = *cap == 0 ? 256 : *cap * 2;
    grown = realloc(*array, more * size);
    if (grown == NULL)
        return SAH_ENOMEM;
    *array = grown;
    *cap = more;
    return SAH_OK;
}

uint16_t lex_name_find(const struct sah_lexicon *lex, const char *name, size_t len)
{
    for (unsigned i = 0; i < lex->n_names; i++)
        if (strlen(lex->names[i].text) == len && memcmp(lex->names[i].text, name, len) == 0)
            return (uint16_t)i;
    return LEX_NONE;
}

int lex_name_add(struct sah_lexicon *lex, const char *name, size_t len, uint16_t flags,
                 uint8_t grade, uint16_t *ret_name)
{
    struct lex_name *entry;

    if (lex->n_names == LEX_NAMES_MAX || len == 0 || len >= LEX_NAME_SIZE)
        return SAH_ELIMIT;
    entry = &lex->names[lex->n_names];
    *entry = (struct lex_name){.flags = flags, .grade = grade};
    memcpy(entry->text, name, len);
    *ret_name = (uint16_t)lex->n_names++;
    return SAH_OK;
}

void sah_lexicon_destroy(struct sah_lexicon *lexicon)
{
    if (lexicon == NULL)
        return;
    SAH_CHECK(lexicon, LEXICON_MAGIC);
    lexicon->magic = 0;
    free(lexicon->pool);
    free(lexicon->words);
    free(lexicon->phrases);
    free(lexicon->elements);
    free(lexicon->alternatives);
    free(lexicon->slots);
    free(lexicon->cues);
    free(lexicon->rules);
    free(lexicon);
}

const char *sah_lexicon_version(const struct sah_lexicon *lexicon)
{
    SAH_CHECK(lexicon, LEXICON_MAGIC);
    return lexicon->version;
}
