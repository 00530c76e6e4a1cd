/*
 * log - composes one event a line in one bounded buffer and writes it with one fwrite().
 *
 * Owns:    nothing but its own small object; the stream is borrowed.
 * Used by: the code of each program that decides what happens next.
 * Never:   writes half a line, two lines for one call, or a control character.
 */
#include <sahaya/clock.h>
#include <sahaya/log.h>
#include <sahaya/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MAGIC      0x10610601u
#define LINE_MAX_BYTES 1024 /* with the line feed */
#define PROGRAM_SIZE   32
#define CUT_MARK       "..."

struct sah_log {
    uint32_t magic;
    enum sah_log_level level;
    FILE *out;
    char program[PROGRAM_SIZE];
};

static const char *const level_names[] = {
    [SAH_LOG_DEBUG] = "debug",
    [SAH_LOG_INFO] = "info",
    [SAH_LOG_WARN] = "warn",
    [SAH_LOG_ERROR] = "error",
};

/* Control characters, those of Latin-1 (C2 80 .. C2 9F) too, become blanks: a line stays a line
 * and a terminal that shows it is not steered by what a stranger sent. */
static void blank_controls(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)text[i];
        uint8_t next = i + 1 < len ? (uint8_t)text[i + 1] : 0;

        if (byte < 0x20 || byte == 0x7F)
            text[i] = ' ';
        if (byte == 0xC2 && next >= 0x80 && next <= 0x9F)
            text[i] = text[i + 1] = ' ';
    }
}

int sah_log_create(const char *program, FILE *out, enum sah_log_level level,
                   struct sah_log **ret_log)
{
    struct sah_log *log = calloc(1, sizeof *log);

    if (log == NULL)
        return SAH_ENOMEM;
    log->magic = LOG_MAGIC;
    log->level = level;
    log->out = out;
    sah_copy_cut(log->program, sizeof log->program, program, strlen(program));
    blank_controls(log->program, strlen(log->program));
    *ret_log = log;
    return SAH_OK;
}

void sah_log_destroy(struct sah_log *log)
{
    if (log == NULL)
        return;
    SAH_CHECK(log, LOG_MAGIC);
    log->magic = 0;
    free(log);
}

/* Appends what fits of the formatted text behind line[0..head); the answer leaves room for the
 * line feed. */
SAH_PRINTF(3, 0)
static size_t compose(char *line, size_t head, const char *fmt, va_list args)
{
    size_t room = LINE_MAX_BYTES - 1 - head;
    char *text = line + head;
    int wanted = vsnprintf(text, room + 1, fmt, args);
    size_t len;

    if (wanted < 0) { /* an encoding error of printf: say that there was an event */
        sah_format(text, room + 1, "event=log.unprintable");
        return head + strlen(text);
    }
    len = (size_t)wanted;
    if (len > room) {
        len = sah_utf8_cut(text, room, room - strlen(CUT_MARK));
        memcpy(text + len, CUT_MARK, strlen(CUT_MARK));
        len += strlen(CUT_MARK);
    }
    blank_controls(text, len);
    return head + len;
}

void sah_log_write(struct sah_log *log, enum sah_log_level level, const char *fmt, ...)
{
    char line[LINE_MAX_BYTES + 1];
    char time_text[SAH_CLOCK_TEXT_MAX];
    int saved_errno = errno; /* a log line between a failure and its handling changes nothing */
    size_t len;
    va_list args;

    if (log == NULL)
        return;
    SAH_CHECK(log, LOG_MAGIC);
    if (level < log->level)
        return;
    SAH_ASSERT((size_t)level < SAH_LEN(level_names));

    sah_clock_text(sah_clock_wall_ms(), time_text);
    sah_format(line, sizeof line, "ts=%s level=%s program=%s ", time_text, level_names[level],
               log->program);
    va_start(args, fmt);
    len = compose(line, strlen(line), fmt, args);
    va_end(args);
    line[len++] = '\n';
    /* Nobody can be told when this fails, and a full disk must not stop a call for help. */
    fwrite(line, 1, len, log->out);
    fflush(log->out);
    errno = saved_errno;
}
