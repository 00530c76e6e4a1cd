/*
 * load - reads the folder of data files into a lexicon, or refuses it with file and line.
 *
 * Owns:    the file names, the columns, and the order of reading: names first, words after.
 * Used by: dialog and sahayactl at start, tests.
 * Never:   keeps half a lexicon: one bad line refuses the folder.
 */
#include "lexicon.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1u << 20)
#define WORD_FILES_MAX 64

typedef int take_line(struct sah_lexicon *lex, const struct lex_line *line,
                      struct sah_fault *fault);

static int bad(struct sah_fault *fault, const struct lex_line *line, const char *text)
{
    char key[48] = "";

    if (line->n > 0)
        (void)sah_copy_cut(key, sizeof key, line->column[0].ptr, line->column[0].len);
    sah_fault_set(fault, line->file, line->line, key, "%s", text);
    return SAH_EINVAL;
}

static void digest_more(struct sah_lexicon *lex, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        lex->digest = (lex->digest ^ (unsigned char)data[i]) * 0x100000001b3ull;
}

/* Columns are parted by tabs; '#' at the start of a line is a comment. */
static int read_lines(struct sah_lexicon *lex, const char *path, unsigned min, unsigned max,
                      take_line *take, struct sah_fault *fault)
{
    SAH_AUTOFREE char *data = NULL;
    size_t len, at = 0;
    struct lex_line line = {.file = path};
    int err = sah_read_file(path, FILE_BYTES_MAX, &data, &len);

    if (err < 0) {
        sah_fault_set(fault, path, 0, "", "cannot be read: %s", sah_strerror(err));
        return err;
    }
    digest_more(lex, data, len);
    while (at < len) {
        const char *start = data + at, *end = memchr(start, '\n', len - at);
        size_t n = end == NULL ? len - at : (size_t)(end - start);

        at += n + 1;
        line.line++;
        if (n == 0 || start[0] == '#')
            continue;
        if (!sah_utf8_valid(start, n))
            return bad(fault, &line, "is not UTF-8");
        line.n = 0;
        for (size_t from = 0; from <= n;) {
            const char *tab = memchr(start + from, '\t', n - from);
            size_t to = tab == NULL ? n : (size_t)(tab - start);

            if (line.n == SAH_LEN(line.column))
                return bad(fault, &line, "too many columns");
            line.column[line.n++] = (struct sah_slice){start + from, to - from};
            from = to + 1;
        }
        if (line.n < min || line.n > max)
            return bad(fault, &line,
                       "wrong number of columns; they are parted by one tab each");
        err = take(lex, &line, fault);
        if (err < 0) {
            if (err == SAH_ENOMEM || err == SAH_ELIMIT)
                sah_fault_set(fault, path, line.line, "", "%s", sah_strerror(err));
            return err;
        }
    }
    return SAH_OK;
}

/* concepts.tsv: concept, flags (- mask mask_all joke), meaning */
static int take_concept(struct sah_lexicon *lex, const struct lex_line *line,
                        struct sah_fault *fault)
{
    uint16_t flags = 0, name;

    if (sah_slice_is(line->column[1], "mask"))
        flags = LEX_MASK;
    else if (sah_slice_is(line->column[1], "mask_all"))
        flags = LEX_MASK | LEX_MASK_ALL;
    else if (sah_slice_is(line->column[1], "joke"))
        flags = LEX_MASK | LEX_JOKE;
    else if (!sah_slice_is(line->column[1], "-"))
        return bad(fault, line, "flags must be -, mask, mask_all or joke");
    name = lex_name_find(lex, line->column[0].ptr, line->column[0].len);
    if (name != LEX_NONE) {
        if (name >= N_FACTS || flags != 0)
            return bad(fault, line, "is declared twice");
        return SAH_OK; /* one the code knows: declaring it documents it */
    }
    return lex_name_add(lex, line->column[0].ptr, line->column[0].len, flags, 0, &name);
}

/* cues.tsv: cue, grade (0 1 2 m), negatable (y n), patterns */
static int take_cue_name(struct sah_lexicon *lex, const struct lex_line *line,
                         struct sah_fault *fault)
{
    uint16_t flags = LEX_CUE, name;
    uint8_t grade = 2;

    if (sah_slice_is(line->column[1], "m"))
        flags |= LEX_MODIFIER;
    else if (line->column[1].len == 1 && line->column[1].ptr[0] >= '0' &&
             line->column[1].ptr[0] <= '2')
        grade = (uint8_t)(line->column[1].ptr[0] - '0');
    else if (sah_slice_is(line->column[1], "i"))
        flags = LEX_MASK | LEX_IDIOM;
    else
        return bad(fault, line, "grade must be 0, 1, 2, m or i");
    if (sah_slice_is(line->column[2], "y"))
        flags |= LEX_NEGATABLE;
    else if (!sah_slice_is(line->column[2], "n"))
        return bad(fault, line, "negatable must be y or n");
    name = lex_name_find(lex, line->column[0].ptr, line->column[0].len);
    if (name == LEX_NONE)
        return lex_name_add(lex, line->column[0].ptr, line->column[0].len, flags, grade, &name);
    if ((lex->names[name].flags & LEX_CUE) == 0 && name < N_FACTS) {
        lex->names[name].flags = flags;
        lex->names[name].grade = grade;
        return SAH_OK;
    }
    if (lex->names[name].flags != flags || lex->names[name].grade != grade)
        return bad(fault, line, "is declared before with another grade, or as a concept");
    return SAH_OK;
}

/* districts.tsv: id, names ('|') */
static int take_district(struct sah_lexicon *lex, const struct lex_line *line,
                         struct sah_fault *fault)
{
    char concept[LEX_NAME_SIZE];
    uint16_t name;
    int err;

    if (lex->n_districts == SAH_LEN(lex->district))
        return SAH_ELIMIT;
    if (sah_copy(lex->district[lex->n_districts].id, sizeof lex->district[0].id,
                 line->column[0].ptr, line->column[0].len) < 0)
        return bad(fault, line, "the id is too long");
    err = sah_format(concept, sizeof concept, "district_%u", (unsigned)lex->n_districts);
    if (err < 0)
        return err;
    err = lex_name_add(lex, concept, strlen(concept), 0, 0, &name);
    if (err < 0)
        return err;
    if (lex->n_districts++ == 0)
        lex->first_district = name;
    return lex_phrases_add(lex, line, name, 0, 0, line->column[1], fault);
}

/* suffixes.tsv: ending; tried in file order, so the longest first */
static int take_suffix(struct sah_lexicon *lex, const struct lex_line *line,
                       struct sah_fault *fault)
{
    static struct fold fold;
    unsigned i = lex->n_suffixes;

    if (i == SAH_LEN(lex->suffix))
        return SAH_ELIMIT;
    fold_text(line->column[0].ptr, line->column[0].len, &fold);
    if (fold.n != 1 || fold.token[0].kind != FOLD_WORD ||
        fold.token[0].len >= sizeof lex->suffix[0].text)
        return bad(fault, line, "is no ending");
    memcpy(lex->suffix[i].text, fold_bytes(&fold, 0), fold.token[0].len);
    lex->suffix[i].len = fold.token[0].len;
    lex->suffix[i].script = fold.token[0].script;
    lex->n_suffixes++;
    return SAH_OK;
}

static int writing_bits(struct sah_slice text, unsigned *ret_bits, bool *ret_only)
{
    *ret_bits = 0;
    *ret_only = text.len > 0 && text.ptr[text.len - 1] == '!';
    text.len -= *ret_only;
    if (sah_slice_is(text, "*"))
        return SAH_OK;
    while (text.len > 0) {
        const char *comma = memchr(text.ptr, ',', text.len);
        size_t n = comma == NULL ? text.len : (size_t)(comma - text.ptr);
        unsigned w = 0;

        while (w < LEX_N_WRITINGS &&
               !sah_slice_is((struct sah_slice){text.ptr, n}, lex_writing_names[w]))
            w++;
        if (w == LEX_N_WRITINGS)
            return SAH_EINVAL;
        *ret_bits |= LEX_BIT(w);
        text.ptr += comma == NULL ? n : n + 1;
        text.len -= comma == NULL ? n : n + 1;
    }
    return SAH_OK;
}

/* words-*.tsv: concept, writings, phrases ('|') */
static int take_words(struct sah_lexicon *lex, const struct lex_line *line,
                      struct sah_fault *fault)
{
    uint16_t concept = lex_name_find(lex, line->column[0].ptr, line->column[0].len);
    unsigned bits;
    bool only;

    if (concept == LEX_NONE)
        return bad(fault, line, "is no concept or cue; declare it in concepts.tsv or cues.tsv");
    if (writing_bits(line->column[1], &bits, &only) < 0)
        return bad(fault, line,
                   "a way of writing must be te hi ur en te-Latn hi-Latn ur-Latn or *");
    return lex_phrases_add(lex, line, concept, bits, only ? bits : 0, line->column[2], fault);
}

static int is_words_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 10 && strncmp(entry->d_name, "words-", 6) == 0 &&
           strcmp(entry->d_name + len - 4, ".tsv") == 0;
}

static int read_words(struct sah_lexicon *lex, const char *folder, struct sah_fault *fault)
{
    struct dirent **list = NULL;
    int n = scandir(folder, &list, is_words_file, alphasort), err = SAH_OK;

    if (n <= 0 || n > WORD_FILES_MAX) {
        sah_fault_set(fault, folder, 0, "", "holds no words-*.tsv, or too many");
        err = SAH_ENOENT;
    }
    for (int i = 0; i < n; i++) {
        char path[512];

        if (err == SAH_OK)
            err = sah_format(path, sizeof path, "%s/%s", folder, list[i]->d_name);
        if (err == SAH_OK)
            err = read_lines(lex, path, 3, 3, take_words, fault);
        free(list[i]);
    }
    free(list);
    return err;
}

static int read_named(struct sah_lexicon *lex, const char *folder, const char *name,
                      unsigned min, unsigned max, take_line *take, struct sah_fault *fault)
{
    char path[512];
    int err = sah_format(path, sizeof path, "%s/%s", folder, name);

    if (err < 0) {
        sah_fault_set(fault, name, 0, "", "the folder's path is too long");
        return err;
    }
    return read_lines(lex, path, min, max, take, fault);
}

static int add_facts(struct sah_lexicon *lex)
{
    static const char *const facts[] = {
#define X(name) #name,
        LEX_FACTS(X)
#undef X
    };
    int err = SAH_OK;

    for (unsigned i = 0; i < N_FACTS && err == SAH_OK; i++)
        err = lex_name_add(lex, facts[i], strlen(facts[i]), 0, 0, &lex->fact[i]);
    for (unsigned i = 1; i <= 10 && err == SAH_OK; i++) {
        char name[8];

        (void)sah_format(name, sizeof name, "num_%u", i);
        err = lex_name_add(lex, name, strlen(name), 0, 0, &lex->number_name[i]);
    }
    return err;
}

/* Whatever is said, some rule decides. */
static bool ends_in_catch_all(const struct sah_lexicon *lex)
{
    static const struct lex_set empty;
    const struct lex_rule *last = lex->n_rules == 0 ? NULL : &lex->rules[lex->n_rules - 1];

    return last != NULL && !last->also && last->n_any == 0 &&
           memcmp(&last->all, &empty, sizeof empty) == 0 &&
           memcmp(&last->none, &empty, sizeof empty) == 0;
}

static int read_folder(struct sah_lexicon *lex, const char *folder, struct sah_fault *fault)
{
    int err = add_facts(lex);

    if (err == SAH_OK)
        err = read_named(lex, folder, "concepts.tsv", 2, 3, take_concept, fault);
    if (err == SAH_OK)
        err = read_named(lex, folder, "cues.tsv", 4, 4, take_cue_name, fault);
    if (err == SAH_OK)
        err = read_named(lex, folder, "suffixes.tsv", 1, 2, take_suffix, fault);
    if (err == SAH_OK)
        err = read_named(lex, folder, "districts.tsv", 2, 2, take_district, fault);
    if (err == SAH_OK)
        err = read_words(lex, folder, fault);
    if (err == SAH_OK)
        err = read_named(lex, folder, "cues.tsv", 4, 4, lex_cue_add, fault);
    if (err == SAH_OK)
        err = read_named(lex, folder, "rules.tsv", 9, 9, lex_rule_add, fault);
    if (err == SAH_OK && !ends_in_catch_all(lex)) {
        sah_fault_set(fault, folder, 0, "rules.tsv", "the last rule must be a catch-all ('*')");
        err = SAH_EINVAL;
    }
    return err == SAH_OK ? lex_index_build(lex) : err;
}

int sah_lexicon_load(const char *folder, struct sah_lexicon **ret_lexicon,
                     struct sah_fault *fault)
{
    struct sah_lexicon *lex = calloc(1, sizeof *lex);
    char below[480];
    int err;

    if (lex == NULL)
        return SAH_ENOMEM;
    lex->magic = LEXICON_MAGIC;
    lex->digest = 0xcbf29ce484222325ull;
    /* Both the folder of all phrases and the lexicon in it are taken. */
    err = sah_format(below, sizeof below, "%s/lexicon/concepts.tsv", folder);
    if (err == SAH_OK) {
        FILE *probe = fopen(below, "re");

        if (probe != NULL) {
            (void)fclose(probe);
            below[strlen(below) - strlen("/concepts.tsv")] = '\0';
        } else {
            err = sah_format(below, sizeof below, "%s", folder);
        }
    }
    if (err < 0)
        sah_fault_set(fault, "lexicon", 0, "", "the folder's path is too long");
    else
        err = read_folder(lex, below, fault);
    if (err < 0) {
        sah_lexicon_destroy(lex);
        return err;
    }
    (void)sah_format(lex->version, sizeof lex->version, "lx1-%016llx",
                     (unsigned long long)lex->digest);
    *ret_lexicon = lex;
    return SAH_OK;
}
