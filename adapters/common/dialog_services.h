/*
 * dialog_services - the services a citizen may ask for, as data: phrases/replies/services.yaml.
 *
 * Owns:    number, family, menu row and first-aid line of each service; no rule of a
 * conversation. Used by: the dialog modules. Never:   knows an agency or an endpoint: "says" is
 * the number a citizen knows it by.
 */
#ifndef SAHAYA_DIALOG_SERVICES_H
#define SAHAYA_DIALOG_SERVICES_H

#include <sahaya/conf.h>
#include <sahaya/request.h>

#include "../services/service.h"

#define SERVICES_MAX   32
#define ADVICE_MAX     40
#define COMPANIES_MAX  3 /* one button each */
#define CODE_WORDS_MAX 24
#define MATCH_MAX      12
#define OWN_WORDS_MAX  24

enum service_menu { SERVICE_MENU_NONE, SERVICE_MENU_MAIN, SERVICE_MENU_HELPLINES };

struct service_row {
    char service[SAH_SERVICE_SIZE];
    char choice[9]; /* "svc:<choice>" */
    char says[33];  /* "108" */
    char dial[17];
    char family[17]; /* a new danger of the same family belongs to the open request */
    const struct sah_service *module;
    enum sah_urgency urgency;
    enum service_menu menu;
    bool needs_person;
    int title, about; /* text ids; about may be -1 */
    char incident_type[SAH_TYPE_SIZE];
    unsigned n_additional;
    char additional[SAH_ADDITIONAL_MAX][SAH_SERVICE_SIZE];
};

struct advice_row { /* first match wins; a row without conditions fits every emergency */
    unsigned n_cues, n_types, n_services;
    char cues[MATCH_MAX][SAH_CUE_SIZE];
    char types[MATCH_MAX][SAH_TYPE_SIZE];
    char services[MATCH_MAX][SAH_SERVICE_SIZE];
    int text;
    char approved_by[65]; /* the agency that approved the words, or "none" */
};

struct company_row {
    char id[17];
    char says[33];
};

struct services {
    unsigned n_rows, n_advice, n_companies, n_code_words;
    struct service_row rows[SERVICES_MAX];
    struct advice_row advice[ADVICE_MAX];
    struct company_row companies[COMPANIES_MAX];
    char code_words[CODE_WORDS_MAX][49]; /* words beside which a number is a delivery code */
    unsigned n_cancel_words, n_sure_words;
    char cancel_words[OWN_WORDS_MAX][65]; /* whole messages: "cancel" */
    char sure_words[OWN_WORDS_MAX][65];   /* whole messages: "yes" to the question whether to cancel */
};

SAH_MUST_USE int services_load(const char *folder, const struct texts *texts,
                               struct services **ret_services, struct sah_fault *fault);
void services_destroy(struct services *services);

/* Never NULL: an unknown service is a helpline of its own, dialled at 112. */
const struct service_row *services_find(const struct services *services, const char *service);
const struct service_row *services_by_choice(const struct services *services,
                                             const char *choice);
const struct company_row *services_company(const struct services *services, const char *id);
const struct advice_row *services_advice(const struct services *services,
                                         const struct sah_triage *triage);

#endif
