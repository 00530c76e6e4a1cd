/*
 * room - see room.h.
 */
#include "policy/room.h"

#define AT_START 256
#define SOON_MS  100
#define LATE_MS  250 /* a quarter of the deadline of a call */

void sah_room_init(struct sah_room *room, unsigned max)
{
    *room = (struct sah_room){.max = max, .room = max < AT_START ? max : AT_START};
}

void sah_room_answered(struct sah_room *room, uint64_t waited_ms, unsigned under_way, uint64_t now_ms)
{
    unsigned least = room->max < SAH_ROOM_MIN ? room->max : SAH_ROOM_MIN;

    if (waited_ms >= LATE_MS) {
        if (now_ms < room->cut_ms)
            return;
        room->room = room->room / 4 * 3 > least ? room->room / 4 * 3 : least;
        room->cut_ms = now_ms + waited_ms;
    } else if (waited_ms < SOON_MS && under_way >= room->room / 2 && room->room < room->max) {
        room->room++; /* only when it is used: else it says nothing */
    }
}
