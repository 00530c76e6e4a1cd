/*
 * room - how many jobs may wait for the store at once, so that the newest does not wait too long. Pure.
 *
 * Owns:    a number that grows while the store answers soon and shrinks when it answers late.
 * Used by: core/intake.c and core/status.c, for what is no emergency's message.
 * Never:   binds an emergency. Reads a clock.
 *
 * The store serves in the order in which it was asked: what stands before an accept is what it waits.
 * More than fits into its deadline is work that nobody waits for any more (F19): refused at once it
 * comes again, and the emergency behind it has a short way.
 */
#ifndef SAHAYA_POLICY_ROOM_H
#define SAHAYA_POLICY_ROOM_H

#include <stdint.h>

#define SAH_ROOM_MIN 16

struct sah_room {
    unsigned max, room; /* SAH_ROOM_MIN..max, unless max is smaller */
    uint64_t cut_ms;    /* not smaller again before: what was asked before the cut is still coming */
};

void sah_room_init(struct sah_room *room, unsigned max);
/* A job was answered after this wait, with so many still under way. */
void sah_room_answered(struct sah_room *room, uint64_t waited_ms, unsigned under_way, uint64_t now_ms);

#endif
