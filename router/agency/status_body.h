/*
 * status_body - JSON that came from an agency: the body of a status call, the answer to a
 * delivery.
 *
 * Owns:    what each field may hold. Used by: callback.c, http_agency.c.
 * Never:   takes a field in part or cuts it; follows a link; trusts a length.
 */
#ifndef SAHAYA_AGENCY_STATUS_BODY_H
#define SAHAYA_AGENCY_STATUS_BODY_H

#include "core/ports.h"

struct body_fault {
    const char *field; /* ours, not theirs; "" = the body as a whole */
    char text[160];    /* what to write instead; never their content */
};

/*
 * Fills state, level, details; agency and request are the caller's. A field we do not know is
 * passed over, so that an agency may send more than we read. SAH_EINVAL with *ret_fault.
 */
SAH_MUST_USE int status_body_read(struct sah_slice body, struct sah_agency_status *ret_status,
                                  struct body_fault *ret_fault);

/* {"to": request, "by": person} of a link; {"by": person} of an unlink. */
SAH_MUST_USE int link_body_read(struct sah_slice body, bool links, char ret_main_id[SAH_REQUEST_ID_SIZE],
                                char ret_by[SAH_BY_SIZE], struct body_fault *ret_fault);

/* case_no and reason of an answer; what is not there or no good stays empty. */
void answer_body_read(struct sah_slice body, char ret_case_no[SAH_CASE_SIZE],
                      enum sah_reason *ret_reason);

#endif
