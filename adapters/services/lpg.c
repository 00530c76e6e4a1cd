/*
 * lpg - bookings of gas cylinders: company, consumer number. No delivery code, ever
 * (domain 3.2).
 *
 * Never keeps a leak: the lexicon names that LPG_LEAK, which is fire.c's.
 */
#include "service.h"

#include <string.h>

static const struct sah_question questions[] = {
    {"lpg.company", SAH_QUESTION_COMPANY, TEXT_Q_COMPANY, NULL, NULL},
    {"lpg.consumer", SAH_QUESTION_WORDS, TEXT_Q_CONSUMER, NULL, NULL},
};

static void fill(const char *service, const struct sah_understanding *u,
                 struct sah_payload *payload)
{
    struct sah_lpg *lpg = &payload->u.lpg;

    SAH_UNUSED(service);
    *lpg = u->lpg;
    if (lpg->op[0] == '\0')
        (void)sah_format(lpg->op, sizeof lpg->op, "BOOK");
}

/* The longest run of ASCII digits, at least five: shorter ones are house numbers and "ok 1". */
static struct sah_slice number_in(struct sah_slice words)
{
    struct sah_slice best = {words.ptr, 0};

    for (size_t i = 0; i < words.len;) {
        size_t start = i;

        while (i < words.len && words.ptr[i] >= '0' && words.ptr[i] <= '9')
            i++;
        if (i - start > best.len)
            best = (struct sah_slice){words.ptr + start, i - start};
        if (i == start)
            i++;
    }
    return best.len >= 5 ? best : (struct sah_slice){words.ptr, 0};
}

static void answer(const char *question, enum sah_tri said, struct sah_slice words,
                   struct sah_payload *payload)
{
    struct sah_lpg *lpg = &payload->u.lpg;
    struct sah_slice number = number_in(words);

    SAH_UNUSED(said);
    if (strcmp(question, "lpg.consumer") != 0 || number.len == 0)
        return;
    if (number.len == sizeof lpg->lpg_id - 1) /* 17 digits: the LPG id, by its form */
        (void)sah_copy_cut(lpg->lpg_id, sizeof lpg->lpg_id, number.ptr, number.len);
    else if (number.len < sizeof lpg->consumer_no)
        (void)sah_copy_cut(lpg->consumer_no, sizeof lpg->consumer_no, number.ptr, number.len);
}

const struct sah_service sah_service_lpg = {
    .name = "lpg",
    .payload = SAH_PAYLOAD_LPG,
    .questions = questions,
    .n_questions = SAH_LEN(questions),
    .fill = fill,
    .answer = answer,
};
