/*
 * reads - does a reply say this? A page is written in English; the reply stands in the citizen's
 * language, and is found through the text's name in phrases/replies/.
 *
 * Owns:    the comparison. Used by: play.c. Never: renders anything itself.
 */
#ifndef READS_H
#define READS_H

#include "dialog.h"
#include "dialog_texts.h"

/* Is there a text at all that says so in English? Numbers and names in place of {braces} are free. */
bool reads_known(const struct texts *texts, const char *english);
/* Is it in the reply, in the given language? Its numbers must be there as well. */
bool reads_says(const struct texts *texts, enum text_language language, const struct sah_reply *reply,
                const char *english);
/* The reply asks something: it holds a text whose name begins with "ask.". */
bool reads_asks(const struct texts *texts, enum text_language language, const struct sah_reply *reply);
/* A button or row with this title, given in English or as it stands. NULL = none. */
const struct sah_choice *reads_choice(const struct texts *texts, enum text_language language,
                                      const struct sah_reply *reply, const char *english);

#endif
