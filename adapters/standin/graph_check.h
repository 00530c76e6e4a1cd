/*
 * graph_check - would the Graph API take this message? As strictly as the documents say.
 *
 * Owns:    the message types and their limits, as tables.
 * Used by: graph.c. Never: changes or keeps a message.
 */
#ifndef SAH_STANDIN_GRAPH_CHECK_H
#define SAH_STANDIN_GRAPH_CHECK_H

#include "graph_rules.h"

SAH_MUST_USE bool sah_graph_check(const json_t *message, struct sah_graph_fault *fault);
/* The text a person would read: the body, a caption, a template's name; "" when there is none.
 */
const char *sah_graph_human_text(const json_t *message);

#endif
