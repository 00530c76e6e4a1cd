/*
 * rank - which class a request is, and which services it needs besides. Pure.
 *
 * Owns:    the rule table (domain 8.2), which is data: deploy/etc/policy.yaml, parsed elsewhere.
 * Used by: core/intake.c for each request and amendment; sahayactl triage.
 * Never:   lowers: automatic changes only go up. Sender history, menu, mood, language and a
 *          forwarded flag never lower a class; suspicion orders within a class at most.
 */
#ifndef SAHAYA_POLICY_RANK_H
#define SAHAYA_POLICY_RANK_H

#include <sahaya/request.h>

#include "policy/escalation.h"

#define SAH_RANK_RULES_MAX 160
#define SAH_RANK_MATCH_MAX 12
#define SAH_RAISES_MAX 24

/* A rule matches when every list that is not empty holds one of the triage's values. */
struct sah_rank_rule {
    char id[SAH_RULE_SIZE]; /* "N1.not_breathing" */
    enum sah_priority priority;
    unsigned n_cues, n_types, n_services;
    char cues[SAH_RANK_MATCH_MAX][SAH_CUE_SIZE];
    char types[SAH_RANK_MATCH_MAX][SAH_TYPE_SIZE];
    char services[SAH_RANK_MATCH_MAX][SAH_SERVICE_SIZE];
    unsigned n_also;
    char also[SAH_ADDITIONAL_MAX][SAH_SERVICE_SIZE]; /* services this rule adds */
};

struct sah_raise { /* raises P1 and P2 one class, once in all, never above `to` */
    char id[SAH_RULE_SIZE];
    uint32_t vulnerable;     /* any of these flags, 0 = not asked */
    uint32_t patients_from;  /* 0 = not asked */
    char cue[SAH_CUE_SIZE];  /* "" = not asked */
    bool overdue;            /* of what is said later only while no person has answered and T4 has passed */
    unsigned n_unless;
    char unless[SAH_RANK_MATCH_MAX][SAH_CUE_SIZE]; /* "pregnant" does not count twice in labour pains */
    enum sah_priority to;
};

struct sah_policy {
    char version[33];
    unsigned n_rules;
    struct sah_rank_rule rules[SAH_RANK_RULES_MAX]; /* first match wins, most severe first */
    unsigned n_raises;
    struct sah_raise raises[SAH_RAISES_MAX];
    enum sah_priority unknown; /* no rule matched and the sender did not say BULK: P1 */
    enum sah_priority bulk;    /* no rule matched and the sender said BULK: P4 */
    struct sah_ladder ladder;
};

struct sah_rank {
    enum sah_priority priority;
    char rule[SAH_RULE_SIZE]; /* for the audit record; "+raise" appended when one applied */
    unsigned n_services;      /* the service itself first, then the additional ones, no doubles */
    char services[1 + SAH_ADDITIONAL_MAX][SAH_SERVICE_SIZE];
};

/* Every part of a request with several cues is looked at: the highest class wins, all `also` add up. */
void sah_rank(const struct sah_policy *policy, const struct sah_request *request, struct sah_rank *ret_rank);
/* What is known after an amendment. `overdue`: an agency's person should have answered by now, and has not. */
void sah_rank_amended(const struct sah_policy *policy, const struct sah_request *request, bool overdue,
                      struct sah_rank *ret_rank);
/* The higher of two classes; UNSPECIFIED counts as P1. */
enum sah_priority sah_priority_higher(enum sah_priority a, enum sah_priority b);

#endif
