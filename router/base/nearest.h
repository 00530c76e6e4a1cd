/*
 * nearest - the allowed word that a mistyped one most probably meant.
 */
#ifndef SAHAYA_BASE_NEAREST_H
#define SAHAYA_BASE_NEAREST_H

/* The nearest of the NULL-terminated list, or NULL when none is near enough to be helpful. */
const char *sah_conf_nearest(const char *word, const char *const *allowed);

#endif
