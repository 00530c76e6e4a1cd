/*
 * triage - `sahayactl triage`: what adapter and router would decide for a first message.
 */
#ifndef SAHAYA_CTL_TRIAGE_H
#define SAHAYA_CTL_TRIAGE_H

#include <stdio.h>

#include "policy/rank.h"
#include "understand/understand.h"

/* Reads one message a line ("\n" as two characters is a line feed), writes one row a line:
 * service, priority, additional services, language, rule; tab-separated, empty = "-".
 * With `explain` a block of cues, spans and rules follows each row, lines starting with "# ". */
int triage_run(FILE *in, FILE *out, const struct sah_lexicon *lexicon, const struct sah_policy *policy, bool explain);

#endif
