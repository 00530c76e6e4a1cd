/*
 * enums - nothing runs here: each value of the plain enums has the same number on the wire, and
 * this file does not compile when one has not. So numbers are copied, never translated.
 */
#include <sahaya/message.h>

#include <sahaya/v1/envelope.pb-c.h>

#define SAME(plain, wire) _Static_assert((int)(plain) == (int)(wire), "plain and wire differ")

#define X(name)           SAME(SAH_PRIORITY_##name, SAHAYA__V1__PRIORITY__PRIORITY_##name);
SAH_PRIORITIES(X)
#undef X
#define X(name) SAME(SAH_URGENCY_##name, SAHAYA__V1__URGENCY__URGENCY_##name);
SAH_URGENCIES(X)
#undef X
#define X(name) SAME(SAH_STATE_##name, SAHAYA__V1__STATE__STATE_##name);
SAH_STATES(X)
#undef X
#define X(name) SAME(SAH_LEVEL_##name, SAHAYA__V1__LEVEL__LEVEL_##name);
SAH_LEVELS(X)
#undef X
#define X(name) SAME(SAH_REASON_##name, SAHAYA__V1__REASON__REASON_##name);
SAH_REASONS(X)
#undef X
#define X(name) SAME(SAH_ENVIRONMENT_##name, SAHAYA__V1__ENVIRONMENT__ENVIRONMENT_##name);
SAH_ENVIRONMENTS(X)
#undef X
#define X(name) SAME(SAH_ROLE_##name, SAHAYA__V1__ROLE__ROLE_##name);
SAH_ROLES(X)
#undef X
#define X(name) SAME(SAH_COMM_PREF_##name, SAHAYA__V1__COMM_PREF__COMM_PREF_##name);
SAH_COMM_PREFS(X)
#undef X
#define X(name) SAME(SAH_PLACE_##name, SAHAYA__V1__PLACE_KIND__PLACE_KIND_##name);
SAH_PLACE_KINDS(X)
#undef X
#define X(name) SAME(SAH_METHOD_##name, SAHAYA__V1__PLACE_METHOD__PLACE_METHOD_##name);
SAH_PLACE_METHODS(X)
#undef X
#define X(name) SAME(SAH_AMENDMENT_##name, SAHAYA__V1__AMENDMENT_KIND__AMENDMENT_KIND_##name);
SAH_AMENDMENT_KINDS(X)
#undef X
#define X(name) SAME(SAH_RESULT_##name, SAHAYA__V1__RESULT_CODE__RESULT_CODE_##name);
SAH_RESULT_CODES(X)
#undef X

SAME(SAH_TRI_UNKNOWN, SAHAYA__V1__TRI__TRI_UNSPECIFIED);
SAME(SAH_TRI_YES, SAHAYA__V1__TRI__TRI_YES);
SAME(SAH_TRI_NO, SAHAYA__V1__TRI__TRI_NO);
SAME(SAH_LANE_UNSPECIFIED, SAHAYA__V1__LANE__LANE_UNSPECIFIED);
SAME(SAH_LANE_EMERGENCY, SAHAYA__V1__LANE__LANE_EMERGENCY);
SAME(SAH_LANE_BULK, SAHAYA__V1__LANE__LANE_BULK);

/* The walks read and write every enum as 32 bits. */
_Static_assert(sizeof(enum sah_state) == sizeof(uint32_t), "enums are 32 bits wide");
_Static_assert(sizeof(enum sah_tri) == sizeof(uint32_t), "enums are 32 bits wide");
_Static_assert(sizeof(Sahaya__V1__State) == sizeof(uint32_t), "enums are 32 bits wide");
