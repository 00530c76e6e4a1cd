/*
 * fold - see fold.h. One pass: decode, decompose (NFKD with case folding), drop what carries no
 * meaning, map look-alikes, cut into tokens. Compositions are left taken apart: lexicon and
 * message go through the same fold, so only sameness counts.
 */
#include "fold.h"

#include <string.h>

#include <utf8proc.h>

#define REPLACEMENT 0xFFFD

struct folder {
    struct fold *out;
    bool open; /* the last token still takes characters */
    uint8_t brk;
};

struct range {
    int32_t first, last, to; /* to < 0: dropped; else first..last map to `to`, one to one */
};

/* Digits of the other four blocks, and what keyboards and renderers slip in. NFKD has already
 * turned wide and circled digits into ASCII. */
static const struct range ranges[] = {
    {0x00AD, 0x00AD, -1},   {0x0300, 0x036F, -1},   {0x0610, 0x061A, -1},
    {0x0640, 0x0640, -1},   {0x064B, 0x0655, -1},   {0x0660, 0x0669, '0'},
    {0x0670, 0x0670, -1},   {0x06D6, 0x06DC, -1},   {0x06F0, 0x06F9, '0'},
    {0x093C, 0x093C, -1},   {0x0966, 0x096F, '0'},  {0x0C66, 0x0C6F, '0'},
    {0x200B, 0x200F, -1},   {0x202A, 0x202E, -1},   {0x2060, 0x2064, -1},
    {0x2066, 0x2069, -1},   {0xFE00, 0xFE0F, -1},   {0xFEFF, 0xFEFF, -1},
    {0x1F3FB, 0x1F3FF, -1}, {0xE0000, 0xE007F, -1},
};

/* One letter that has several spellings, by keyboard or by habit. */
static const int32_t pairs[][2] = {
    {0x0649, 0x06CC}, {0x064A, 0x06CC}, {0x0643, 0x06A9}, {0x0647, 0x06C1},
    {0x06BE, 0x06C1}, {0x0629, 0x06C1}, {0x06C3, 0x06C1}, {0x06D5, 0x06C1},
    {0x06BA, 0x0646}, {0x0901, 0x0902}, {0x0C00, 0x0C02}, {0x0C01, 0x0C02},
};

static int32_t map_one(int32_t cp)
{
    if (cp < 0x80)
        return cp;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (cp < ranges[i].first)
            break;
        if (cp <= ranges[i].last)
            return ranges[i].to < 0 ? -1 : ranges[i].to + (cp - ranges[i].first);
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (cp == pairs[i][0])
            return pairs[i][1];
    return cp;
}

static uint8_t script_of(int32_t cp)
{
    if (cp < 0x250)
        return FOLD_LATIN;
    if (cp >= 0x0C00 && cp <= 0x0C7F)
        return FOLD_TELUGU;
    if (cp >= 0x0900 && cp <= 0x097F)
        return FOLD_DEVANAGARI;
    if ((cp >= 0x0600 && cp <= 0x077F) || (cp >= 0xFB50 && cp <= 0xFEFC))
        return FOLD_ARABIC;
    return FOLD_OTHER;
}

static bool is_emoji(int32_t cp)
{
    return (cp >= 0x1F000 && cp <= 0x1FAFF) || (cp >= 0x2600 && cp <= 0x27BF) ||
           (cp >= 0x2B00 && cp <= 0x2BFF) || (cp >= 0x2300 && cp <= 0x23FF);
}

static bool is_letter(int32_t cp)
{
    if (cp < 0x80)
        return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
    switch (utf8proc_category(cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return true;
    default: /* a library's enum, not ours */
        return false;
    }
}

static uint8_t break_of(int32_t cp)
{
    switch (cp) {
    case '.':
    case '!':
    case '?':
    case '\n':
    case '\r':
    case 0x0964:
    case 0x0965:
    case 0x06D4:
    case 0x061F:
    case 0x2026:
        return FOLD_BREAK_STRONG;
    case ',':
    case ';':
    case ':':
    case '(':
    case ')':
    case 0x060C:
    case 0x061B:
    case 0x2013:
    case 0x2014:
        return FOLD_BREAK_WEAK;
    default: /* characters, not an enum of ours */
        return FOLD_BREAK_NONE;
    }
}

static void put(struct folder *f, int32_t cp, uint8_t kind, uint32_t start, uint32_t end)
{
    struct fold *out = f->out;
    uint8_t bytes[4], script = kind == FOLD_WORD ? script_of(cp) : FOLD_OTHER;
    size_t len = (size_t)utf8proc_encode_char(cp, bytes);
    struct fold_token *token = out->n > 0 ? &out->token[out->n - 1] : NULL;

    if (!f->open || kind == FOLD_EMOJI || token->kind != kind || token->script != script) {
        if (out->n == FOLD_TOKENS_MAX) {
            out->cut = true;
            f->open = false;
            return;
        }
        token = &out->token[out->n++];
        *token = (struct fold_token){.text = out->arena_len,
                                     .start = start,
                                     .end = end,
                                     .kind = kind,
                                     .script = script,
                                     .brk = f->brk};
        f->brk = FOLD_BREAK_NONE;
        f->open = kind != FOLD_EMOJI;
    }
    token->end = end;
    if (kind == FOLD_WORD)
        out->letters[script]++;
    if (token->len + len > FOLD_WORD_BYTES || out->arena_len + len > FOLD_ARENA_BYTES)
        return; /* an over-long word keeps its head */
    memcpy(out->arena + out->arena_len, bytes, len);
    out->arena_len += (uint32_t)len;
    token->len = (uint8_t)(token->len + len);
}

static void take(struct folder *f, int32_t cp, uint32_t start, uint32_t end)
{
    uint8_t brk;

    cp = map_one(cp);
    if (cp < 0)
        return;
    if (cp >= '0' && cp <= '9') {
        put(f, cp, FOLD_NUMBER, start, end);
    } else if (is_letter(cp)) {
        put(f, cp, FOLD_WORD, start, end);
    } else if (is_emoji(cp)) {
        put(f, cp, FOLD_EMOJI, start, end);
    } else if ((cp == '\'' || cp == 0x2019) && f->open) {
        return; /* can't, it's: one word */
    } else {
        f->open = false;
        if (cp == '?' || cp == 0x061F)
            f->out->question = true;
        brk = break_of(cp);
        if (brk > f->brk)
            f->brk = brk;
    }
}

static void take_decomposed(struct folder *f, int32_t cp, uint32_t start, uint32_t end)
{
    utf8proc_int32_t parts[32];
    utf8proc_ssize_t n;

    if (cp < 0x80) {
        take(f, cp >= 'A' && cp <= 'Z' ? cp + 32 : cp, start, end);
        return;
    }
    if (break_of(cp) != FOLD_BREAK_NONE) { /* U+2026 would come apart into three full stops */
        take(f, cp, start, end);
        return;
    }
    n = utf8proc_decompose_char(cp, parts, 32,
                                UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD, NULL);
    if (n < 0 || n > 32) {
        take(f, cp, start, end);
        return;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++)
        take(f, parts[i], start, end);
}

void fold_text(const char *text, size_t len, struct fold *ret_fold)
{
    struct folder f = {.out = ret_fold, .brk = FOLD_BREAK_NONE};
    size_t at = 0;
    unsigned chars = 0;

    ret_fold->n = 0;
    ret_fold->broken = ret_fold->cut = ret_fold->question = false;
    ret_fold->arena_len = 0;
    memset(ret_fold->letters, 0, sizeof ret_fold->letters);

    for (; at < len && chars < FOLD_CHARS_MAX; chars++) {
        utf8proc_int32_t cp;
        utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                                 (utf8proc_ssize_t)(len - at), &cp);

        if (step <= 0 || cp <= 0) {
            ret_fold->broken = true;
            cp = REPLACEMENT;
            step = 1;
        }
        take_decomposed(&f, cp, (uint32_t)at, (uint32_t)(at + (size_t)step));
        at += (size_t)step;
    }
    if (at < len)
        ret_fold->cut = true;
}
