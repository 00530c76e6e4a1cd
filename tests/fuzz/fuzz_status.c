/*
 * fuzz_status - any bytes as the body of a status call, and as the answer to a delivery:
 * refused with a field and a text, or within every bound that the rest of the router relies on.
 */
#include <string.h>

#include "agency/status_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
    size_t len = strnlen(text, size);

    SAH_ASSERT(len < size && sah_utf8_valid(text, len));
    for (size_t i = 0; i < len; i++)
        SAH_ASSERT((unsigned char)text[i] >= 0x20);
}
#define CHECK_TEXT(field) check_text((field), sizeof(field))

static void check_status(const struct sah_agency_status *s)
{
    SAH_ASSERT(s->state > SAH_STATE_UNSPECIFIED && s->state < SAH_N_STATES);
    SAH_ASSERT(s->state != SAH_STATE_EXPIRED && s->state != SAH_STATE_NEEDS_PERSON);
    SAH_ASSERT((s->level == SAH_LEVEL_PERSON) == (s->by[0] != '\0'));
    SAH_ASSERT(s->agency[0] == '\0' && s->request_id[0] == '\0'); /* not theirs to say */
    SAH_ASSERT(s->eta_s <= 86400 && s->n_units <= SAH_UNITS_MAX && s->due_ms >= 0 &&
               s->sent_ms >= 0);
    SAH_ASSERT(s->payment_url[0] == '\0' || strncmp(s->payment_url, "https://", 8) == 0);
    CHECK_TEXT(s->by);
    CHECK_TEXT(s->case_no);
    CHECK_TEXT(s->reason_text);
    CHECK_TEXT(s->payment_url);
    CHECK_TEXT(s->disposition);
    for (unsigned i = 0; i < SAH_UNITS_MAX; i++)
        CHECK_TEXT(s->units[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sah_slice body = {(const char *)data, size};
    struct sah_agency_status status;
    struct body_fault fault;
    char case_no[SAH_CASE_SIZE] = "";
    enum sah_reason reason = SAH_REASON_UNSPECIFIED;

    if (status_body_read(body, &status, &fault) == SAH_OK)
        check_status(&status);
    else
        SAH_ASSERT(fault.field != NULL && fault.text[0] != '\0');
    answer_body_read(body, case_no, &reason);
    CHECK_TEXT(case_no);
    SAH_ASSERT(reason <= SAH_REASON_OTHER);
    return 0;
}
