/*
 * graph_rules - the limits of one field of an outgoing message, and how a body is held to rows
 * of them.
 *
 * Owns:    the reading of rows. Used by: graph_check.c. Never: knows a message type.
 */
#ifndef SAH_STANDIN_GRAPH_RULES_H
#define SAH_STANDIN_GRAPH_RULES_H

#include <jansson.h>
#include <stdbool.h>

#include <sahaya/str.h>

enum sah_graph_kind { SAH_GRAPH_TEXT, SAH_GRAPH_NUMBER, SAH_GRAPH_OBJECT, SAH_GRAPH_ARRAY };

struct sah_graph_field {
    const char *key;
    enum sah_graph_kind kind;
    bool required;
    size_t min, max; /* code points of a text, members of an array */
};

/* What is wrong, for error_data.details. */
struct sah_graph_fault {
    char details[200];
    int code; /* 0 = nothing */
};

/* Notes the first fault only. Returns false, so that a check ends with `return fault(...)`. */
bool sah_graph_fail(struct sah_graph_fault *fault, int code, const char *fmt, ...)
    SAH_PRINTF(3, 4);
/* `where` names the object in the fault: "interactive.action". Keys that are not in the rows
 * are refused when `only`. */
bool sah_graph_fields(const json_t *object, const char *where,
                      const struct sah_graph_field *fields, size_t n_fields, bool only,
                      struct sah_graph_fault *fault);

#endif
