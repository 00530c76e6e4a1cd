/*
 * entities - what is said in numbers and names: LPG ids, PIN code, district, a typed point,
 * ages.
 *
 * Never: copies a delivery code (DAC) anywhere, nor guesses an age: only what is stated.
 */
#include "work.h"

#include <string.h>

#define E7 10000000

static void lpg_and_pin(struct work *work, struct sah_understanding *out)
{
    bool consumer = work_has(work, FACT_consumer_word);

    for (unsigned i = 0; i < work->fold.n; i++) {
        const struct fold_token *token = &work->fold.token[i];
        const char *digits = fold_bytes(&work->fold, i);

        if (token->kind != FOLD_NUMBER)
            continue;
        if (token->len == 17 && out->lpg.lpg_id[0] == '\0') {
            memcpy(out->lpg.lpg_id, digits, 17);
            out->lpg.lpg_id[17] = '\0';
            work_set(work, FACT_fact_lpg_number);
        } else if (token->len == 6 && digits[0] == '5' && digits[1] == '0' &&
                   out->pincode[0] == '\0' && !consumer) {
            memcpy(out->pincode, digits, 6);
            out->pincode[6] = '\0';
        } else if (consumer && token->len >= 5 && token->len <= 16 &&
                   out->lpg.consumer_no[0] == '\0') {
            memcpy(out->lpg.consumer_no, digits, token->len);
            out->lpg.consumer_no[token->len] = '\0';
        }
    }
    if (work_has(work, FACT_indane))
        memcpy(out->lpg.company, "indane", sizeof "indane");
    else if (work_has(work, FACT_hp))
        memcpy(out->lpg.company, "hp", sizeof "hp");
    else if (work_has(work, FACT_bharat))
        memcpy(out->lpg.company, "bharat", sizeof "bharat");
}

/* The longest name wins: "warangal urban" is not "warangal". */
static void district(const struct work *work, struct sah_understanding *out)
{
    const struct sah_lexicon *lex = work->lex;
    unsigned best = 0;

    for (unsigned i = 0; i < work->n_hits; i++) {
        const struct work_hit *hit = &work->hit[i];
        unsigned row = (unsigned)hit->concept - lex->first_district;
        unsigned words = (unsigned)(hit->end - hit->start) + 1;

        if (hit->hidden || lex->n_districts == 0 || hit->concept < lex->first_district ||
            row >= lex->n_districts || words <= best)
            continue;
        best = words;
        memcpy(out->district, lex->district[row].id, sizeof out->district);
    }
}

/* "17.385044" at `at`: digits, a point, two to fifteen digits. */
static size_t degrees(const char *text, size_t len, size_t at, int64_t *ret_e7)
{
    size_t i = at, decimals = 0;
    bool minus = i < len && text[i] == '-';
    int64_t value = 0;
    size_t whole = 0;

    i += minus;
    for (; i < len && text[i] >= '0' && text[i] <= '9' && whole < 4; i++, whole++)
        value = value * 10 + (text[i] - '0');
    if (whole == 0 || whole > 3 || i >= len || text[i] != '.')
        return 0;
    for (i++; i < len && text[i] >= '0' && text[i] <= '9' && decimals < 16; i++, decimals++)
        if (decimals < 7)
            value = value * 10 + (text[i] - '0');
    if (decimals < 2)
        return 0;
    for (size_t d = decimals; d < 7; d++)
        value *= 10;
    *ret_e7 = minus ? -value : value;
    return i - at;
}

static void point(const char *text, size_t len, struct sah_understanding *out)
{
    size_t bound = len < 4 * FOLD_CHARS_MAX ? len : 4 * FOLD_CHARS_MAX;

    for (size_t at = 0; at < bound; at++) {
        int64_t lat, lon;
        size_t n, next;

        if (!((text[at] >= '0' && text[at] <= '9') || text[at] == '-') ||
            (at > 0 && ((text[at - 1] >= '0' && text[at - 1] <= '9') || text[at - 1] == '.')))
            continue;
        n = degrees(text, bound, at, &lat);
        if (n == 0)
            continue;
        for (next = at + n; next < bound && next < at + n + 4 &&
                            (text[next] == ' ' || text[next] == ',' || text[next] == ';');)
            next++;
        if (next + 3 <= bound && memcmp(text + next, "%2C", 3) == 0)
            next += 3; /* a comma in a copied link */
        if (next == at + n || degrees(text, bound, next, &lon) == 0)
            continue;
        if (lat < -90LL * E7 || lat > 90LL * E7 || lon < -180LL * E7 || lon > 180LL * E7 ||
            (lat == 0 && lon == 0))
            continue;
        out->has_point = true;
        out->lat_e7 = (int32_t)lat;
        out->lon_e7 = (int32_t)lon;
        return;
    }
}

void work_entities(struct work *work, const char *text, size_t len,
                   struct sah_understanding *out)
{
    lpg_and_pin(work, out);
    district(work, out);
    point(text, len, out);
}

static unsigned number_at(const struct work *work, unsigned token)
{
    unsigned value = 0;

    if (work->fold.token[token].kind == FOLD_NUMBER) {
        const struct fold_token *t = &work->fold.token[token];

        for (unsigned i = 0; i < t->len; i++)
            value = value > 9999
                        ? 9999
                        : value * 10 + (unsigned)(fold_bytes(&work->fold, token)[i] - '0');
        return value;
    }
    for (unsigned i = 0; i < work->n_hits; i++)
        for (unsigned n = 1; n <= 10; n++)
            if (work->hit[i].concept == work->lex->number_name[n] &&
                work->hit[i].start == token)
                return n;
    return 0;
}

/* The number that stands directly before `token`, or is in it ("naluguram": the four of us). */
static unsigned number_before(const struct work *work, unsigned token)
{
    unsigned n = number_at(work, token);

    if (n == 0 && token > 0)
        n = number_at(work, token - 1);
    return n;
}

void work_numbers(struct work *work)
{
    const struct sah_lexicon *lex = work->lex;

    for (unsigned i = 0; i < work->n_hits; i++) {
        const struct work_hit *hit = &work->hit[i];
        unsigned n;

        if (hit->hidden)
            continue;
        if (hit->concept == lex->fact[FACT_people] || hit->concept == lex->fact[FACT_hurt]) {
            n = number_before(work, hit->start);
            if (n > 0 && n <= 500 && n > work->patients && n != 100 && n != 101 && n != 102 &&
                n != 104 && n != 108 && n != 112)
                work->patients = n;
        } else if (hit->concept == lex->fact[FACT_years] && hit->start > 0) {
            n = number_at(work, hit->start - 1);
            if (n >= 66 && n < 120)
                work_set(work, FACT_v_over65);
            else if (n > 0 && n < 5)
                work_set(work, FACT_v_under5);
            else if (n > 0 && n < 18)
                work_set(work, FACT_v_minor);
        }
    }
    /* Five or more, and hurt: many casualties (domain 8.2, N10). */
    if (work->patients >= 5 && work_has(work, FACT_hurt) && work->n_cues < WORK_CUES_MAX) {
        for (unsigned i = 0; i < work->n_hits; i++) {
            const struct work_hit *hit = &work->hit[i];

            if (hit->concept != lex->fact[FACT_hurt] || hit->hidden)
                continue;
            work->cue[work->n_cues++] = (struct work_cue){
                .cue = lex->fact[FACT_mass_casualty], .start = hit->start, .end = hit->end};
            work_set(work, FACT_mass_casualty);
            work_set(work, FACT_fact_danger);
            work_set(work, FACT_fact_severe);
            return;
        }
    }
}
