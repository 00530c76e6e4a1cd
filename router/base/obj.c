/*
 * obj - what stands behind err.h and obj.h: the texts of the error codes, the end of a process
 * that found its own mistake, and freeing at the end of a scope.
 *
 * Owns:    nothing.
 * Used by: every part of every program.
 * Never:   returns from sah_die().
 */
#include <sahaya/err.h>
#include <sahaya/obj.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *sah_strerror(int err)
{
    static const struct {
        int code;
        const char *text;
    } errors[] = {
#define AS_ROW(name, value, text) {value, text},
        SAH_ERRORS(AS_ROW)
#undef AS_ROW
    };

    if (err == SAH_OK)
        return "ok";
    for (size_t i = 0; i < SAH_LEN(errors); i++) {
        if (errors[i].code == err)
            return errors[i].text;
    }
    return "unknown error";
}

void sah_autofree(void *pointer_to_pointer)
{
    void *memory;

    memcpy(&memory, pointer_to_pointer, sizeof memory); /* the variable may be any T * */
    free(memory);
}

_Noreturn void sah_die(const char *file, int line, const char *what)
{
    const char *base = strrchr(file, '/');

    /* Only our own source text is printed, so no citizen's word can slip out here (I13). */
    fprintf(stderr, "level=error event=process.mistake at=%s:%d what=\"%s\"\n",
            base != NULL ? base + 1 : file, line, what);
    fflush(stderr);
    abort();
}
