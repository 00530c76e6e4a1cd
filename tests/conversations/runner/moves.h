/*
 * moves - the lines of a page in which something happens, played.
 *
 * Owns:    the words of such a line. Used by: play.c. Never: looks at what came of it.
 */
#ifndef MOVES_H
#define MOVES_H

#include "page.h"
#include "talk.h"

/* False when the line cannot be read; why is told through talk->fault. */
bool move_play(struct talk *t, const struct page_line *line);

#endif
