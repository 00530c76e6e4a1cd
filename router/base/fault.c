/*
 * fault - what is wrong in a settings or data file, where, and what to write instead.
 *
 * Owns:    nothing; the caller has the struct.
 * Used by: everything that reads a file which a person wrote.
 * Never:   holds the content of a secret; whoever sets a fault names files and keys only.
 */
#include <sahaya/conf.h>

#include <string.h>

/* Names and keys come from outside: on a terminal they must not do anything. */
static void blank_controls(char *text)
{
    for (; *text != '\0'; text++) {
        if ((uint8_t)*text < 0x20 || *text == 0x7F)
            *text = ' ';
    }
}

static void set_text(char *dst, size_t size, const char *text)
{
    struct sah_slice slice = sah_slice_of(text);

    sah_copy_cut(dst, size, slice.ptr, slice.len);
    blank_controls(dst);
}

void sah_fault_set(struct sah_fault *fault, const char *file, unsigned line, const char *key,
                   const char *fmt, ...)
{
    char text[2 * sizeof fault->text]; /* longer, so that the cut falls on a character's edge */
    va_list args;

    if (fault == NULL)
        return;
    va_start(args, fmt);
    if (vsnprintf(text, sizeof text, fmt, args) < 0)
        text[0] = '\0';
    va_end(args);

    set_text(fault->file, sizeof fault->file, file);
    set_text(fault->key, sizeof fault->key, key);
    set_text(fault->text, sizeof fault->text, text);
    fault->line = line;
}

void sah_fault_print(const struct sah_fault *fault, FILE *out)
{
    if (fault->line > 0)
        fprintf(out, "%s:%u: ", fault->file, fault->line);
    else
        fprintf(out, "%s: ", fault->file);
    if (fault->key[0] != '\0')
        fprintf(out, "%s: ", fault->key);
    fprintf(out, "%s\n", fault->text);
}
