/*
 * log - one event a line, `key=value` words, on standard error.
 *
 * Written once, by the code that decides what happens next; library code returns errors instead.
 * Never: a phone number, name, message text, place or secret (I13). Ids of ours are fine.
 *
 *   ts=2026-11-23T20:33:10.123Z level=warn program=sahaya-router event=delivery.retry request=E00... wait_ms=4000
 */
#ifndef SAHAYA_LOG_H
#define SAHAYA_LOG_H

#include <stdio.h>

#include <sahaya/obj.h>

enum sah_log_level { SAH_LOG_DEBUG, SAH_LOG_INFO, SAH_LOG_WARN, SAH_LOG_ERROR };

struct sah_log; /* opaque */

/* `out` is borrowed. The program name is copied (at most 31 bytes). The caller owns the log. */
SAH_MUST_USE int sah_log_create(const char *program, FILE *out, enum sah_log_level level,
                                struct sah_log **ret_log);
void sah_log_destroy(struct sah_log *log);

/* A NULL log swallows the line, so that a test need not make one. Line feeds in values are
 * written as blanks: a line stays a line. */
void sah_log_write(struct sah_log *log, enum sah_log_level level, const char *fmt, ...) SAH_PRINTF(3, 4);

#define sah_debug(log, ...) sah_log_write((log), SAH_LOG_DEBUG, __VA_ARGS__)
#define sah_info(log, ...) sah_log_write((log), SAH_LOG_INFO, __VA_ARGS__)
#define sah_warn(log, ...) sah_log_write((log), SAH_LOG_WARN, __VA_ARGS__)
#define sah_error(log, ...) sah_log_write((log), SAH_LOG_ERROR, __VA_ARGS__)

#endif
