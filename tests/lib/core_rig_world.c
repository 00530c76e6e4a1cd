/*
 * core_rig_world - the small roster and policy of the rig. See core_rig.h.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/core_rig_priv.h"

#define SET(field, text) SAH_ASSERT(sah_format(field, sizeof field, "%s", text) == SAH_OK)

static const struct {
    const char *id, *says, *dial, *service, *company, *fallback, *endpoints[2];
} agencies[] = {
    {"amb-108", "108", "108", "AMBULANCE_108", "", "erss-112", {"amb-108"}},
    {"fire-101", "101", "101", "FIRE_101", "", "erss-112", {"fire-101-a", "fire-101-b"}},
    {"gas-1906", "1906", "1906", "HELPLINE_1906", "", "erss-112", {"gas-1906"}},
    {"erss-112", "112", "112", "HELPLINE_112", "", "", {"erss-112"}},
    {"police-100", "100", "100", "HELPLINE_100", "", "erss-112", {"police-100"}},
    {"women-181", "181", "181", "HELPLINE_181", "", "erss-112", {"women-181"}},
    {"child-1098", "1098", "1098", "HELPLINE_1098", "", "erss-112", {"child-1098"}},
    {"cyber-1930", "1930", "1930", "HELPLINE_1930", "", "erss-112", {"cyber-1930"}},
    {"mind-14416", "14416", "14416", "HELPLINE_14416", "", "erss-112", {"mind-14416"}},
    {"flood-1077", "1077", "1077", "HELPLINE_1077", "", "erss-112", {"flood-1077"}},
    {"power-1912", "1912", "1912", "HELPLINE_1912", "", "erss-112", {"power-1912"}},
    {"health-104", "104", "104", "HELPLINE_104", "", "erss-112", {"health-104"}},
    {"trip-102", "102", "102", "AMBULANCE_102", "", "erss-112", {"trip-102"}},
    {"indane", "Indane", "7718955555", "LPG_BOOKING", "indane", "", {"indane"}},
    {"hp-gas", "HP Gas", "9493602222", "LPG_BOOKING", "hp", "", {"hp-gas"}},
};

void rig_fill_roster(struct sah_roster *roster, unsigned concurrency)
{
    SET(roster->version, "rig");
    SET(roster->catch_all, "erss-112");
    for (unsigned i = 0; i < SAH_LEN(agencies); i++) {
        struct sah_agency *a = &roster->agencies[roster->n_agencies++];

        SET(a->id, agencies[i].id);
        SET(a->says, agencies[i].says);
        SET(a->dial, agencies[i].dial);
        SET(a->services[a->n_services++], agencies[i].service);
        SET(a->company, agencies[i].company);
        if (agencies[i].fallback[0] != '\0')
            SET(a->fallbacks[a->n_fallbacks++], agencies[i].fallback);
        for (unsigned j = 0; j < 2 && agencies[i].endpoints[j] != NULL; j++) {
            SET(a->endpoints[j].id, agencies[i].endpoints[j]);
            a->endpoints[j].concurrency = concurrency;
            a->n_endpoints++;
        }
    }
    SET(roster->routes[0].service, "LPG_LEAK");
    SET(roster->routes[0].as[0], "FIRE_101");
    SET(roster->routes[0].as[1], "HELPLINE_1906");
    roster->routes[0].n_as = 2;
    roster->n_routes = 1;
}

static const struct {
    const char *id;
    enum sah_priority priority;
    const char *cue, *service, *also;
} rules[] = {
    {"T0.not_breathing", SAH_PRIORITY_P0, "not_breathing", "", ""},
    {"T1.ambulance", SAH_PRIORITY_P1, "", "AMBULANCE_108", ""},
    {"T1.fire", SAH_PRIORITY_P1, "", "FIRE_101", ""},
    {"T1.leak", SAH_PRIORITY_P1, "", "LPG_LEAK", ""},
    {"T1.hurt", SAH_PRIORITY_P1, "people_hurt", "", "AMBULANCE_108"},
    {"T2.women", SAH_PRIORITY_P2, "", "HELPLINE_181", ""},
    {"T2.police", SAH_PRIORITY_P2, "", "HELPLINE_100", ""},
    {"T3.trip", SAH_PRIORITY_P3, "", "AMBULANCE_102", ""},
    {"T4.booking", SAH_PRIORITY_P4, "", "LPG_BOOKING", ""},
};

void rig_fill_policy(struct sah_policy *policy)
{
    SET(policy->version, "rig");
    policy->unknown = SAH_PRIORITY_P1;
    policy->bulk = SAH_PRIORITY_P4;
    for (unsigned i = 0; i < SAH_LEN(rules); i++) {
        struct sah_rank_rule *r = &policy->rules[policy->n_rules++];

        SET(r->id, rules[i].id);
        r->priority = rules[i].priority;
        if (rules[i].cue[0] != '\0')
            SET(r->cues[r->n_cues++], rules[i].cue);
        if (rules[i].service[0] != '\0')
            SET(r->services[r->n_services++], rules[i].service);
        if (rules[i].also[0] != '\0')
            SET(r->also[r->n_also++], rules[i].also);
    }
    SET(policy->raises[0].id, "waiting");
    SET(policy->raises[0].cue, "still_waiting");
    policy->raises[0].overdue = true;
    policy->raises[0].to = SAH_PRIORITY_P0;
    policy->n_raises = 1;
}

static struct sah_same_group *add_group(struct sah_sameness_rules *same, const char *id, enum sah_same_kind action,
                                        const char *type)
{
    struct sah_same_group *g = &same->groups[same->n_groups++];

    SET(g->id, id);
    g->action = action;
    if (type[0] != '\0')
        SET(g->types[g->n_types++], type);
    return g;
}

void rig_fill_sameness(struct sah_sameness_rules *same)
{
    struct sah_same_group *g;

    SET(same->version, "rig");
    same->radius_cap_m = 300;
    same->vague_from_m = 500;
    same->rumour_bytes = 40;
    same->rumour_senders = 3;
    same->rumour_window_ms = 7200000;
    same->repeat_counted_ms = 60000;
    same->repeat_forward_ms = 20000;
    same->reopen_ms = 1800000;
    same->update_ms = 10000;
    SET(same->another_cue, "another_incident");
    same->suspicion = (struct sah_suspicion_rules){30, 15, 10, 10, 86400000};
    same->otherwise = 0;
    add_group(same, "confidential", SAH_SAME_NONE, "")->confidential = true;
    g = add_group(same, "fire", SAH_SAME_LINK, "FSTRU");
    g->window_ms = 1800000;
    g->link_m = g->show_m = 300;
    g->many = true;
    g = add_group(same, "medical", SAH_SAME_SUGGEST, "CARDIAC");
    g->window_ms = 600000;
    g->link_m = g->show_m = 50;
    g->one_patient = true;
}
