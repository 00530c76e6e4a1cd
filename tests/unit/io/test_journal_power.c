/*
 * test_journal_power - F1 and F24: the power fails at every point of a story, in every way it
 * may; and each call of the file system fails in turn. What was answered SAH_OK is there
 * afterwards (I1, I4), in order, and no state keeps the journal from starting.
 */
#include "test_journal_rig.h"

static unsigned states_seen;

/* Everything that was acknowledged within the first n events, and not asked to close, is there.
 */
static void check_all_there(struct rig *rig, const struct story *story, size_t n)
{
    struct order order = {.n = 0};
    static const unsigned rank[SAH_JOURNAL_CLASSES] = {0, 2, 3, 4, 5, 1};

    for (unsigned i = 0; i < STORY_IDS; i++) {
        const struct answer *received = &story->received[i], *direct = &story->direct[i];
        struct sah_id id = rig_id(i);

        if (received->runs == 0 || received->err != SAH_OK || received->at > n ||
            (story->close_asked[i] > 0 && story->close_asked[i] <= n + 1))
            continue;
        if (!sah_journal_is_open(rig->journal, &id))
            fail_msg("message %u, acknowledged at event %zu, is lost at %zu", i, received->at,
                     n);
        assert_payload(rig, i, SAH_JOURNAL_RECEIVED);
        if (direct->runs > 0 && direct->err == SAH_OK && direct->at <= n)
            assert_payload(rig, i, SAH_JOURNAL_DIRECT);
    }
    sah_journal_each(rig->journal, note_order, &order);
    for (size_t i = 1; i < order.n; i++) {
        unsigned before = rank[order.classes[i - 1]], here = rank[order.classes[i]];

        assert_true(before < here || (before == here && order.ids[i - 1] < order.ids[i]));
    }
}

/* Starts on the state, checks, goes on working, starts again. Takes the disk. */
static void restart_on(struct disk *after, const struct story *story, size_t n)
{
    struct rig rig;

    rig_init(&rig);
    disk_free(rig.disk);
    rig.disk = after;
    states_seen++;
    if (rig_open(&rig) != SAH_OK)
        fail_msg("cut after event %zu: %s", n, rig.why);
    check_all_there(&rig, story, n);
    assert_int_equal(rig_write(&rig, 400, SAH_JOURNAL_RECEIVED, 0), SAH_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), SAH_OK);
    check_all_there(&rig, story, n);
    assert_payload(&rig, 400, SAH_JOURNAL_RECEIVED);
    rig_fini(&rig);
}

/* 512-byte pieces of what is not synced at this point: how often it can be torn. */
static unsigned open_sectors(const struct disk *disk, size_t n)
{
    unsigned sectors = 0;

    for (size_t i = n; i-- > 0;) {
        const struct disk_event *event = &disk->events[i];

        if (event->kind == EV_SYNC)
            break;
        if (event->kind == EV_WRITE)
            sectors += (unsigned)(event->len / DISK_SECTOR) + 1;
    }
    return sectors;
}

/* The story is worth its name: segments were left behind, carried forward and deleted. */
static unsigned count_events(const struct disk *disk, enum disk_event_kind kind)
{
    unsigned count = 0;

    for (size_t i = 0; i < disk->n_events; i++)
        count += disk->events[i].kind == kind;
    return count;
}

/* One story, cut at each of its events. */
static void cut_everywhere(void)
{
    struct story story;
    struct rig rig;
    size_t n_events;

    rig_init(&rig);
    assert_int_equal(rig_open(&rig), SAH_OK);
    story_play(&rig, &story);
    n_events = disk_now(rig.disk);
    assert_true(count_events(rig.disk, EV_UNLINK) > 0);
    for (size_t n = 0; n <= n_events; n++) {
        unsigned sectors = open_sectors(rig.disk, n);

        restart_on(disk_after_cut(rig.disk, n, CUT_DROP, 0), &story, n);
        restart_on(disk_after_cut(rig.disk, n, CUT_ALL, 0), &story, n);
        restart_on(disk_after_cut(rig.disk, n, CUT_ZERO, (unsigned)n), &story, n);
        for (unsigned seed = 0; seed < 2; seed++)
            restart_on(disk_after_cut(rig.disk, n, CUT_SOME, (unsigned)n * 7 + seed), &story,
                       n);
        for (unsigned k = 1; k < sectors; k++)
            restart_on(disk_after_cut(rig.disk, n, CUT_TORN, k), &story, n);
    }
    print_message("%zu events, %u states\n", n_events, states_seen);
    rig_fini(&rig);
}

/* How many records share a sync, and so how many events a story has, is the machine's mood: stories
 * are told until a thousand states were seen. */
static void a_power_cut_at_any_point_loses_nothing_acknowledged(void **state)
{
    (void)state;
    states_seen = 0;
    for (unsigned round = 0; round < 8 && states_seen < 1000; round++)
        cut_everywhere();
    assert_true(states_seen >= 1000);
}

/* One run in which the n-th call fails; false when it never came to that. */
static bool run_with_fault(unsigned n, bool on, bool syncs, int with)
{
    struct story story;
    struct disk *after;
    struct rig rig;
    bool failed;

    rig_init(&rig);
    rig.disk->fail_at = n;
    rig.disk->fail_on = on;
    rig.disk->fail_syncs = syncs;
    rig.disk->fail_with = with;
    memset(&story, 0, sizeof story);
    if (rig_open(&rig) == SAH_OK) {
        story_play(&rig, &story);
        rig_close(&rig);
    } else {
        assert_true(strlen(rig.why) > 0);
    }
    failed = rig.disk->failed;
    /* Only what a sync has really brought to disk, and the same with everything. */
    after = disk_after_cut(rig.disk, rig.disk->n_events, CUT_DROP, 0);
    restart_on(after, &story, rig.disk->n_events);
    after = disk_after_cut(rig.disk, rig.disk->n_events, CUT_ALL, 0);
    restart_on(after, &story, rig.disk->n_events);
    rig_fini(&rig);
    return failed;
}

static void each_call_may_fail_and_nothing_acknowledged_is_lost(void **state)
{
    static const struct {
        bool on, syncs;
        int with;
    } rows[] = {
        {false, false, EIO}, {false, true, EIO}, {true, false, EIO}, {true, false, ENOSPC}};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        unsigned n = 1;

        while (run_with_fault(n, rows[i].on, rows[i].syncs, rows[i].with))
            n += rows[i].on ? 5 : 1;
        print_message("row %zu: clean from call %u on\n", i, n);
        assert_true(n > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_cut_at_any_point_loses_nothing_acknowledged),
        cmocka_unit_test(each_call_may_fail_and_nothing_acknowledged_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
