/*
 * payload_incident - what the router knows of a request beside its message, as JSON. See payload.h.
 *
 * The note is one text of words parted by blanks, written by core/incident.c:
 *   p=<incident>,<reason>,<metres or ->   perhaps the same as that incident; a person decides
 *   l=<request>,<reason>                  linked to the incident of that request
 *   d                                     what other routers accepted was not known: not compared
 */
#include <string.h>

#include "agency/payload.h"

/* The text up to a comma, and *at behind it. */
static struct sah_slice part(const char **at, const char *end)
{
    const char *comma = memchr(*at, ',', (size_t)(end - *at));
    struct sah_slice text = {*at, (size_t)((comma != NULL ? comma : end) - *at)};

    *at = comma != NULL ? comma + 1 : end;
    return text;
}

static void write_perhaps(struct json_out *j, const char *at, const char *end)
{
    uint64_t metres;
    struct sah_slice text;

    json_open(j, NULL, '{');
    json_text(j, "incident_id", part(&at, end));
    json_text(j, "reason", part(&at, end));
    text = part(&at, end);
    if (sah_parse_u64(text, 0, UINT32_MAX, &metres) == SAH_OK)
        json_int(j, "distance_m", (int64_t)metres);
    json_close(j, '}');
}

static void write_linked(struct json_out *j, const char *at, const char *end)
{
    json_open(j, "linked_to", '{');
    json_text(j, "request_id", part(&at, end));
    json_text(j, "reason", part(&at, end));
    json_close(j, '}');
}

void payload_write_note(struct json_out *j, const char *note)
{
    bool perhaps = false;

    for (const char *at = note; *at != '\0'; at += strspn(at, " ")) {
        const char *end = at + strcspn(at, " ");

        if (strncmp(at, "p=", 2) == 0) {
            if (!perhaps)
                json_open(j, "perhaps_same_as", '[');
            perhaps = true;
            write_perhaps(j, at + 2, end);
        }
        at = end;
    }
    if (perhaps)
        json_close(j, ']');
    for (const char *at = note; *at != '\0'; at += strspn(at, " ")) {
        const char *end = at + strcspn(at, " ");

        if (strncmp(at, "l=", 2) == 0)
            write_linked(j, at + 2, end);
        else if (end - at == 1 && *at == 'd')
            json_bool(j, "dedup_unavailable", true);
        at = end;
    }
}
