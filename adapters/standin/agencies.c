/*
 * agencies - the table of agencies. See agencies.h.
 */
#include "agencies.h"

#include <stdlib.h>
#include <string.h>

#include "tell.h"

#define WHY_SIZE 200

int sah_agencies_init(struct sah_agencies_table *table, uint32_t person_after_ms,
                      uint32_t step_ms)
{
    *table = (struct sah_agencies_table){0};
    table->rows = calloc(SAH_AGENCIES_MAX, sizeof *table->rows);
    table->start.person_after_ms = person_after_ms;
    table->start.step_ms = step_ms;
    (void)sah_format(table->start.refuse_reason, sizeof table->start.refuse_reason,
                     "WRONG_AREA");
    table->everyone = table->start;
    return table->rows == NULL ? SAH_ENOMEM : SAH_OK;
}

void sah_agencies_fini(struct sah_agencies_table *table)
{
    free(table->rows);
    table->rows = NULL;
}

bool sah_agency_id_good(struct sah_slice id)
{
    if (id.len == 0 || id.len >= SAH_AGENCY_ID_SIZE)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return true;
}

struct sah_agency *sah_agencies_of(struct sah_agencies_table *table, struct sah_slice id)
{
    struct sah_agency *agency;

    for (unsigned i = 0; i < table->n; i++)
        if (sah_slice_is(id, table->rows[i].id))
            return &table->rows[i];
    if (!sah_agency_id_good(id) || table->n == SAH_AGENCIES_MAX)
        return NULL;
    agency = &table->rows[table->n++];
    (void)sah_format(agency->id, sizeof agency->id, "%.*s", (int)id.len, id.ptr);
    return agency;
}

const struct sah_behaviour *sah_agency_behaviour(const struct sah_agencies_table *table,
                                                 const struct sah_agency *agency)
{
    return agency->own ? &agency->behaviour : &table->everyone;
}

/* What is not said is as the settings have it: a PUT does not depend on those before it. */
void sah_agencies_put(struct sah_agencies_table *table, struct sah_http_exchange *x)
{
    struct sah_slice id = sah_http_path_tail(x);
    bool everyone = sah_slice_is(id, "*");
    json_t *json = sah_tell_body(x);
    struct sah_agency *agency = NULL;
    struct sah_behaviour made;
    char why[WHY_SIZE];

    if (!everyone && !sah_agency_id_good(id)) {
        sah_tell_error(x, 404, "not_found", "PUT /agencies/{id}; {id} may be * for all");
    } else if (sah_behaviour_read(json, &table->start, &made, why, sizeof why) != SAH_OK) {
        sah_tell_error(x, 400, "malformed", "%s", why);
    } else if (!everyone && (agency = sah_agencies_of(table, id)) == NULL) {
        sah_tell_error(x, 507, "full", "%d agencies are known already", SAH_AGENCIES_MAX);
    } else {
        if (everyone)
            table->everyone = made;
        for (unsigned i = 0; everyone && i < table->n; i++)
            table->rows[i].own = false;
        if (agency != NULL) {
            agency->own = true;
            agency->behaviour = made;
        }
        sah_tell_json(x, 200, sah_behaviour_json(&made));
    }
    json_decref(json);
}

static json_t *agency_json(const struct sah_agencies_table *table,
                           const struct sah_agency *agency)
{
    return json_pack("{s:s,s:o,s:b,s:I,s:I,s:I,s:I,s:I,s:I}", "id", agency->id, "behaviour",
                     sah_behaviour_json(sah_agency_behaviour(table, agency)), "own",
                     (int)agency->own, "deliveries", (json_int_t)agency->deliveries, "copies",
                     (json_int_t)agency->copies, "cases", (json_int_t)agency->cases, "statuses",
                     (json_int_t)agency->statuses, "statuses_refused",
                     (json_int_t)agency->statuses_refused, "statuses_lost",
                     (json_int_t)agency->statuses_lost);
}

void sah_agencies_tell(const struct sah_agencies_table *table, struct sah_http_exchange *x)
{
    json_t *all = json_array();

    (void)json_array_append_new(all, json_pack("{s:s,s:o}", "id", "*", "behaviour",
                                               sah_behaviour_json(&table->everyone)));
    for (unsigned i = 0; i < table->n; i++)
        (void)json_array_append_new(all, agency_json(table, &table->rows[i]));
    sah_tell_json(x, 200, all);
}
