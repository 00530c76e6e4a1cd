/*
 * fake_journal - the journal's port in memory, on simulated time: what is synced survives a crash, what
 * is not does not.
 *
 * Owns:    records on disk, records on their way. Used by: tests/lib/core_rig, tests/lib/world.
 * Never:   completes from inside append.
 */
#ifndef SAHAYA_TESTS_FAKE_JOURNAL_H
#define SAHAYA_TESTS_FAKE_JOURNAL_H

#include "away/away.h"

struct fake_journal;
struct fake_journal *fake_journal_new(void);
void fake_journal_free(struct fake_journal *j);
const struct sah_away_journal *fake_journal_port(struct fake_journal *j);

unsigned fake_journal_run(struct fake_journal *j); /* completes what waits; returns how many */
void fake_journal_stall(struct fake_journal *j, bool stalled); /* nothing is written or completed */
void fake_journal_break(struct fake_journal *j, int err);      /* every append is refused so; SAH_OK: heals */
/* A planted fault: it says "on disk" and is not, until it is told the truth again; a crash shows it. */
void fake_journal_lie(struct fake_journal *j, bool lies);
void fake_journal_crash(struct fake_journal *j);               /* the process dies: completes all with SAH_EIO */
unsigned fake_journal_open(const struct fake_journal *j);      /* ids */
bool fake_journal_has(const struct fake_journal *j, const struct sah_id *id); /* on disk, truly */

#endif
