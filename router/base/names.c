/*
 * names - the text of each enum of status.h and request.h, from the same lists as the enums.
 */
#include <sahaya/request.h>
#include <sahaya/status.h>

#define NAME(name)  #name,
#define TABLE(list) static const char *const list##_names[] = {list(NAME)}
TABLE(SAH_PRIORITIES);
TABLE(SAH_URGENCIES);
TABLE(SAH_STATES);
TABLE(SAH_LEVELS);
TABLE(SAH_REASONS);
TABLE(SAH_AMENDMENT_KINDS);

static const char *pick(const char *const *names, size_t n, unsigned value)
{
    return value < n ? names[value] : names[0];
}

static unsigned find(const char *const *names, size_t n, struct sah_slice name)
{
    for (unsigned i = 1; i < n; i++)
        if (sah_slice_is(name, names[i]))
            return i;
    return 0;
}

#define PICK(list, value) pick(list##_names, SAH_LEN(list##_names), (unsigned)(value))
#define FIND(list, name)  find(list##_names, SAH_LEN(list##_names), (name))

const char *sah_priority_name(enum sah_priority p)
{
    return PICK(SAH_PRIORITIES, p);
}

const char *sah_urgency_name(enum sah_urgency u)
{
    return PICK(SAH_URGENCIES, u);
}

const char *sah_state_name(enum sah_state s)
{
    return PICK(SAH_STATES, s);
}

const char *sah_level_name(enum sah_level l)
{
    return PICK(SAH_LEVELS, l);
}

const char *sah_reason_name(enum sah_reason r)
{
    return PICK(SAH_REASONS, r);
}

const char *sah_amendment_kind_name(enum sah_amendment_kind kind)
{
    return PICK(SAH_AMENDMENT_KINDS, kind);
}

enum sah_priority sah_priority_from(struct sah_slice name)
{
    return (enum sah_priority)FIND(SAH_PRIORITIES, name);
}

enum sah_state sah_state_from(struct sah_slice name)
{
    return (enum sah_state)FIND(SAH_STATES, name);
}

enum sah_reason sah_reason_from(struct sah_slice name)
{
    return (enum sah_reason)FIND(SAH_REASONS, name);
}
