/*
 * sameness_test - what the tests of sameness and grid share: the real rules of deploy/etc, and
 * short ways to write the facts of a report at so many metres from a point in Hyderabad.
 */
#ifndef SAHAYA_TESTS_SAMENESS_TEST_H
#define SAHAYA_TESTS_SAMENESS_TEST_H

#include "policy_test.h"

#include <stdlib.h>

#include "agency/sameness_file.h"

#define LAT_E7       173850000
#define LON_E7       784867000
#define E7_PER_METRE 89.93216 /* of latitude, on the sphere of sah_distance_m */
#define SECOND       INT64_C(1000)
#define MINUTE       (60 * SECOND)
#define T0           INT64_C(1795000000000)

static struct sah_sameness_rules *rules;

static int load_rules(void **state)
{
    struct sah_fault fault = {0};

    (void)state;
    if (sah_sameness_load(SAHAYA_SOURCE_DIR "/deploy/etc/incidents.yaml", &rules, &fault) !=
        SAH_OK)
        fail_msg("%s:%u: %s: %s", fault.file, fault.line, fault.key, fault.text);
    return 0;
}

static int free_rules(void **state)
{
    (void)state;
    free(rules);
    return 0;
}

/* A report with a pin, that many metres north of the point. Each has a sender and words of its
 * own. */
static inline struct sah_incident_facts at_metres(const char *id, const char *type,
                                                  double metres)
{
    static uint64_t n = 1000;
    struct sah_incident_facts f = {
        .priority = SAH_PRIORITY_P1,
        .has_point = true,
        .method = SAH_METHOD_GPS_PIN,
        .lat_e7 = LAT_E7 + (int32_t)(metres * E7_PER_METRE),
        .lon_e7 = LON_E7,
        .opened_ms = T0,
        .last_ms = T0,
        .report_count = 1,
        .text_bytes = 60,
    };

    SET(f.id, id);
    SET(f.type, type);
    f.sender = ++n;
    f.text = ++n;
    return f;
}

#endif
