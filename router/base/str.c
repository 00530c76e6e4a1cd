/*
 * str - slices, growing buffers with a bound, bounded copies.
 *
 * Owns:    the memory of a sah_buf, until sah_buf_fini().
 * Used by: every part of every program.
 * Never:   writes past a bound, reads past a length, or leaves a half-written add in a buffer.
 */
#include <sahaya/str.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_AT_START 64

struct sah_slice sah_slice_of(const char *nul_terminated)
{
    if (nul_terminated == NULL)
        return (struct sah_slice){"", 0};
    return (struct sah_slice){nul_terminated, strlen(nul_terminated)};
}

bool sah_slice_equal(struct sah_slice a, struct sah_slice b)
{
    /* memcmp() must not see the NULL that an empty slice may carry. */
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool sah_slice_is(struct sah_slice a, const char *nul_terminated)
{
    return sah_slice_equal(a, sah_slice_of(nul_terminated));
}

void sah_buf_init(struct sah_buf *buf, size_t max_bytes)
{
    SAH_ASSERT(max_bytes < SIZE_MAX / 2); /* doubling must not wrap around */
    *buf = (struct sah_buf){.max = max_bytes};
}

void sah_buf_fini(struct sah_buf *buf)
{
    free(buf->data);
    *buf = (struct sah_buf){.max = buf->max};
}

void sah_buf_clear(struct sah_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

/* Makes room for `more` bytes and the terminator. */
static bool reserve(struct sah_buf *buf, size_t more)
{
    size_t need, cap;
    char *data;

    if (buf->failed)
        return false;
    if (more > buf->max - buf->len) {
        buf->failed = true;
        return false;
    }
    need = buf->len + more + 1;
    if (need <= buf->cap)
        return true;
    cap = buf->cap == 0 ? BUF_AT_START : buf->cap * 2;
    if (cap < need)
        cap = need;
    if (cap > buf->max + 1)
        cap = buf->max + 1;
    data = realloc(buf->data, cap);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    buf->data[buf->len] = '\0';
    return true;
}

void sah_buf_add(struct sah_buf *buf, const void *bytes, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len > 0)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void sah_buf_add_text(struct sah_buf *buf, const char *nul_terminated)
{
    struct sah_slice text = sah_slice_of(nul_terminated);

    sah_buf_add(buf, text.ptr, text.len);
}

void sah_buf_addf(struct sah_buf *buf, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    sah_buf_vaddf(buf, fmt, args);
    va_end(args);
}

void sah_buf_vaddf(struct sah_buf *buf, const char *fmt, va_list args)
{
    va_list measure;
    int len;

    if (buf->failed)
        return;
    va_copy(measure, args);
    len = vsnprintf(NULL, 0, fmt, measure);
    va_end(measure);
    if (len < 0) {
        buf->failed = true;
        return;
    }
    if (!reserve(buf, (size_t)len))
        return;
    vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
    buf->len += (size_t)len;
}

int sah_copy(char *dst, size_t size, const char *src, size_t len)
{
    if (len >= size)
        return SAH_ELIMIT;
    if (len > 0 && memchr(src, '\0', len) != NULL)
        return SAH_EINVAL;
    if (len > 0)
        memcpy(dst, src, len);
    dst[len] = '\0';
    return SAH_OK;
}

bool sah_copy_cut(char *dst, size_t size, const char *src, size_t len)
{
    const char *nul = len > 0 ? memchr(src, '\0', len) : NULL;
    size_t usable = nul != NULL ? (size_t)(nul - src) : len; /* dst ends at a NUL anyway */
    size_t fits;

    SAH_ASSERT(size > 0);
    fits = sah_utf8_cut(src, usable, size - 1);
    if (fits > 0)
        memcpy(dst, src, fits);
    dst[fits] = '\0';
    return fits == len;
}

int sah_format(char *dst, size_t size, const char *fmt, ...)
{
    va_list args;
    int len;

    SAH_ASSERT(size > 0);
    va_start(args, fmt);
    len = vsnprintf(dst, size, fmt, args);
    va_end(args);
    if (len < 0 || (size_t)len >= size) {
        dst[0] = '\0';
        return len < 0 ? SAH_EINVAL : SAH_ELIMIT;
    }
    return SAH_OK;
}
