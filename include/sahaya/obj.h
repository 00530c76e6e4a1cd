/*
 * obj - small things every module uses: attributes, magic numbers, array length.
 */
#ifndef SAHAYA_OBJ_H
#define SAHAYA_OBJ_H

#include <stddef.h>
#include <stdint.h>

#define SAH_MUST_USE __attribute__((warn_unused_result))
#define SAH_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SAH_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define SAH_UNUSED(x) ((void)(x))

#define SAH_CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* Frees a char * (or any malloc'ed pointer) when the variable leaves its scope. */
void sah_autofree(void *pointer_to_pointer);
#define SAH_AUTOFREE __attribute__((cleanup(sah_autofree)))

/*
 * An object with behaviour carries `uint32_t magic` as its first field. SAH_CHECK stops the
 * process when a callback is handed a stale or wrong pointer; it stays on in release builds,
 * because a supervisor restarts us and a restart is a recovery, while a wild pointer is not.
 */
_Noreturn void sah_die(const char *file, int line, const char *what);
#define SAH_CHECK(obj, MAGIC)                                                    \
    do {                                                                         \
        if ((obj) == NULL || (obj)->magic != (MAGIC))                            \
            sah_die(__FILE__, __LINE__, "stale or wrong object, wanted " #MAGIC); \
    } while (0)

/* Our own mistake, checked always. */
#define SAH_ASSERT(cond)                             \
    do {                                             \
        if (!(cond))                                 \
            sah_die(__FILE__, __LINE__, #cond);      \
    } while (0)

#endif
