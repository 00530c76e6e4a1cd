/*
 * test_journal_room - F13: who is let in as room runs out, the reserve, and how room comes
 * back.
 */
#include "test_journal_rig.h"

/* Fills until `class_` is refused; answers how many were taken. */
static unsigned fill(struct rig *rig, unsigned from, uint8_t class_, int *ret_err)
{
    unsigned n = from;

    while ((*ret_err = rig_write(rig, n, SAH_JOURNAL_RECEIVED, class_)) == SAH_OK)
        assert_true(++n < 500);
    return n;
}

static void bulk_is_refused_first_then_p2_and_p0_only_when_the_reserve_is_full(void **state)
{
    struct sah_journal_stats stats;
    struct rig rig;
    unsigned n;
    int err;

    (void)state;
    rig_init(&rig);
    rig.settings.max_bytes = 8 * 8192;
    assert_int_equal(rig_open(&rig), SAH_OK);
    n = fill(&rig, 0, 4, &err);
    assert_int_equal(err, SAH_ELIMIT);
    sah_journal_stats(rig.journal, &stats);
    assert_in_range(stats.used_percent, 78, 82);
    assert_int_equal(rig_write(&rig, n, SAH_JOURNAL_RECEIVED, 3), SAH_ELIMIT);
    n = fill(&rig, n, 2, &err);
    assert_int_equal(err, SAH_ELIMIT);
    sah_journal_stats(rig.journal, &stats);
    assert_in_range(stats.used_percent, 91, 97);
    assert_true(stats.has_reserve);
    assert_int_equal(rig_write(&rig, n, SAH_JOURNAL_RECEIVED, SAH_JOURNAL_UNCLASSIFIED),
                     SAH_OK);
    n = fill(&rig, n + 1, 0, &err);
    assert_int_equal(err, SAH_EIO);
    sah_journal_stats(rig.journal, &stats);
    assert_false(stats.has_reserve);
    assert_int_equal(stats.open, n);

    /* Closing is always tried, and makes room by itself. */
    for (unsigned i = 0; i < n; i++)
        (void)rig_write(&rig, i, SAH_JOURNAL_CLOSED, 4);
    for (int i = 0; i < 5; i++) {
        sah_journal_trim(rig.journal, 10);
        rig_close(&rig);
        assert_int_equal(rig_open(&rig), SAH_OK);
    }
    assert_int_equal(rig_write(&rig, 499, SAH_JOURNAL_RECEIVED, 0), SAH_OK);
    rig_fini(&rig);
}

static void a_full_file_system_counts_like_a_full_journal(void **state)
{
    static const struct {
        uint64_t free_percent;
        int wanted[SAH_JOURNAL_CLASSES];
    } rows[] = {
        {30, {SAH_OK, SAH_OK, SAH_OK, SAH_OK, SAH_OK, SAH_OK}},
        {15, {SAH_OK, SAH_OK, SAH_OK, SAH_ELIMIT, SAH_ELIMIT, SAH_OK}},
        {3, {SAH_OK, SAH_OK, SAH_ELIMIT, SAH_ELIMIT, SAH_ELIMIT, SAH_OK}},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        struct rig rig;

        rig_init(&rig);
        rig.disk->total = 100 * 100000;
        rig.disk->free_bytes = rows[i].free_percent * 100000 + 2 * 8192;
        assert_int_equal(rig_open(&rig), SAH_OK);
        for (uint8_t c = 0; c < SAH_JOURNAL_CLASSES; c++)
            assert_int_equal(rig_write(&rig, c, SAH_JOURNAL_RECEIVED, c), rows[i].wanted[c]);
        rig_fini(&rig);
    }
}

static void the_number_of_open_ids_is_bounded_and_bulk_is_refused_before(void **state)
{
    struct rig rig;
    unsigned n;
    int err;

    (void)state;
    rig_init(&rig);
    rig.settings.max_open = 20;
    assert_int_equal(rig_open(&rig), SAH_OK);
    n = fill(&rig, 0, 4, &err);
    assert_int_equal(n, 16);
    n = fill(&rig, n, 0, &err);
    assert_int_equal(n, 20);
    assert_int_equal(err, SAH_ELIMIT);
    rig_fini(&rig);
}

static void a_payload_past_the_bound_and_a_part_too_many_are_refused(void **state)
{
    static char large[SAH_JOURNAL_PAYLOAD_MAX + 1];
    struct sah_journal_record record = {.type = SAH_JOURNAL_RECEIVED, .id = rig_id(1)};
    struct answer answer = {0};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.settings.segment_bytes = 128 * 1024;
    rig.settings.max_bytes = 1024 * 1024;
    assert_int_equal(rig_open(&rig), SAH_OK);
    record.payload = (struct sah_slice){large, sizeof large};
    assert_int_equal(sah_journal_append(rig.journal, &record, true, on_answer, &answer),
                     SAH_ELIMIT);
    record.payload.len--;
    assert_int_equal(sah_journal_append(rig.journal, &record, true, on_answer, &answer),
                     SAH_OK);
    TURN_UNTIL(rig.loop, answer.runs == 1, 10000);
    assert_int_equal(answer.err, SAH_OK);
    record.payload.len = 0;
    record.type = SAH_JOURNAL_DIRECT;
    for (int i = 0; i < SAH_JOURNAL_PARTS_MAX; i++) {
        record.part = (uint8_t)i;
        assert_int_equal(sah_journal_append(rig.journal, &record, true, on_answer, &answer),
                         i < SAH_JOURNAL_PARTS_MAX - 1 ? SAH_OK : SAH_ELIMIT);
        TURN_UNTIL(rig.loop, answer.runs >= 2 + i || i == SAH_JOURNAL_PARTS_MAX - 1, 10000);
    }
    record.part = 0; /* a newer one of the same part takes no room */
    assert_int_equal(sah_journal_append(rig.journal, &record, true, on_answer, &answer),
                     SAH_OK);
    rig_fini(&rig);
}

static void what_stays_open_is_carried_forward_and_old_segments_go(void **state)
{
    struct sah_journal_stats stats;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(rig_open(&rig), SAH_OK);
    for (unsigned n = 0; n < 100; n++) {
        assert_int_equal(rig_write(&rig, n, SAH_JOURNAL_RECEIVED, 4), SAH_OK);
        if (n % 10 != 0)
            assert_int_equal(rig_write(&rig, n, SAH_JOURNAL_CLOSED, 4), SAH_OK);
    }
    sah_journal_stats(rig.journal, &stats);
    assert_true(stats.segments > 4);
    for (int i = 0; i < 50 && stats.segments > 2; i++) {
        sah_journal_trim(rig.journal, RIG_KEEP_MS + 1000);
        assert_int_equal(rig_write(&rig, 300 + (unsigned)i, SAH_JOURNAL_RECEIVED, 4), SAH_OK);
        assert_int_equal(rig_write(&rig, 300 + (unsigned)i, SAH_JOURNAL_CLOSED, 4), SAH_OK);
        sah_journal_stats(rig.journal, &stats);
    }
    assert_in_range(stats.segments, 1, 2);
    for (int round = 0; round < 2; round++) {
        struct order order = {.n = 0};

        sah_journal_each(rig.journal, note_order, &order);
        assert_int_equal(order.n, 10);
        for (unsigned i = 0; i < 10; i++) {
            assert_int_equal(order.ids[i], i * 10);
            assert_payload(&rig, i * 10, SAH_JOURNAL_RECEIVED);
        }
        rig_close(&rig);
        assert_int_equal(rig_open(&rig), SAH_OK);
    }
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulk_is_refused_first_then_p2_and_p0_only_when_the_reserve_is_full),
        cmocka_unit_test(a_full_file_system_counts_like_a_full_journal),
        cmocka_unit_test(the_number_of_open_ids_is_bounded_and_bulk_is_refused_before),
        cmocka_unit_test(a_payload_past_the_bound_and_a_part_too_many_are_refused),
        cmocka_unit_test(what_stays_open_is_carried_forward_and_old_segments_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
