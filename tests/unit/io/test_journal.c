/*
 * test_journal - what the journal takes, keeps and gives back: order, parts, restart, keys,
 * damage.
 */
#include "journal_record.h"
#include "test_journal_rig.h"

static void crc32c_gives_the_known_values(void **state)
{
    uint8_t bytes[32] = {0};

    (void)state;
    assert_int_equal(journal_crc(0, "123456789", 9), 0xe3069283u); /* RFC 3720 and others */
    assert_int_equal(journal_crc(0, bytes, 32), 0x8a9136aau);
    memset(bytes, 0xff, 32);
    assert_int_equal(journal_crc(0, bytes, 32), 0x62a8ab43u);
    assert_int_equal(journal_crc(journal_crc(0, "1234", 4), "56789", 5), 0xe3069283u);
}

static void open_ids_come_worst_class_first_then_oldest_also_after_a_restart(void **state)
{
    static const uint8_t classes[] = {4, 0, 2, SAH_JOURNAL_UNCLASSIFIED, 1, 3, 0, 4};
    static const unsigned wanted[] = {1, 6, 3, 4, 2, 5, 0, 7};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(rig_open(&rig), SAH_OK);
    for (unsigned i = 0; i < SAH_LEN(classes); i++)
        assert_int_equal(rig_write(&rig, i, SAH_JOURNAL_RECEIVED, classes[i]), SAH_OK);
    for (int round = 0; round < 2; round++) {
        struct order order = {.n = 0};

        sah_journal_each(rig.journal, note_order, &order);
        assert_int_equal(order.n, SAH_LEN(wanted));
        for (size_t i = 0; i < SAH_LEN(wanted); i++) {
            assert_int_equal(order.ids[i], wanted[i]);
            assert_payload(&rig, wanted[i], SAH_JOURNAL_RECEIVED);
        }
        rig_close(&rig);
        assert_int_equal(rig_open(&rig), SAH_OK);
    }
    rig_fini(&rig);
}

static void an_id_is_opened_once_and_closed_once(void **state)
{
    struct rig rig;
    struct sah_id id = rig_id(1);

    (void)state;
    rig_init(&rig);
    assert_int_equal(rig_open(&rig), SAH_OK);
    assert_int_equal(rig_write(&rig, 1, SAH_JOURNAL_DIRECT, 0), SAH_ENOENT);
    assert_int_equal(rig_write(&rig, 1, SAH_JOURNAL_RECEIVED, 3), SAH_OK);
    assert_int_equal(rig_write(&rig, 1, SAH_JOURNAL_RECEIVED, 3), SAH_EEXIST);
    assert_int_equal(rig_write(&rig, 1, SAH_JOURNAL_DIRECT, 1), SAH_OK); /* found worse */
    for (int round = 0; round < 2; round++) {
        struct sah_journal_stats stats;

        sah_journal_stats(rig.journal, &stats);
        assert_int_equal(stats.open_by_class[1], 1);
        assert_payload(&rig, 1, SAH_JOURNAL_DIRECT);
        rig_close(&rig);
        assert_int_equal(rig_open(&rig), SAH_OK);
    }
    assert_int_equal(rig_write(&rig, 1, SAH_JOURNAL_CLOSED, 1), SAH_OK);
    assert_false(sah_journal_is_open(rig.journal, &id));
    assert_int_equal(rig_write(&rig, 1, SAH_JOURNAL_CLOSED, 1), SAH_ENOENT);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), SAH_OK);
    assert_false(sah_journal_is_open(rig.journal, &id));
    assert_int_equal(rig_write(&rig, 1, SAH_JOURNAL_RECEIVED, 3), SAH_OK); /* anew */
    assert_true(sah_journal_is_open(rig.journal, &id));
    rig_fini(&rig);
}

static void destroy_writes_what_is_queued_and_answers_all(void **state)
{
    struct answer answers[20] = {{0}};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(rig_open(&rig), SAH_OK);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(rig_append(&rig, i, SAH_JOURNAL_RECEIVED, 0, 1, true, &answers[i]),
                         SAH_OK);
    rig_close(&rig);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(answers[i].runs, 1);
        assert_int_equal(answers[i].err, SAH_OK);
    }
    assert_true(rig.disk->syncs < 20); /* one sync for many: group commit */
    assert_int_equal(rig_open(&rig), SAH_OK);
    for (unsigned i = 0; i < 20; i++)
        assert_payload(&rig, i, SAH_JOURNAL_RECEIVED);
    rig_fini(&rig);
}

static void a_wrong_key_or_a_newer_version_is_said_and_nothing_touched(void **state)
{
    struct disk_file *segment;
    struct rig rig;
    size_t events;

    (void)state;
    rig_init(&rig);
    assert_int_equal(rig_open(&rig), SAH_OK);
    assert_int_equal(rig_write(&rig, 1, SAH_JOURNAL_RECEIVED, 0), SAH_OK);
    rig_close(&rig);
    events = disk_now(rig.disk);

    rig_key(&rig, OTHER_HEX);
    assert_int_equal(rig_open(&rig), SAH_EDENIED);
    assert_non_null(strstr(rig.why, "another key"));
    rig_key(&rig, "no key at all");
    assert_int_equal(rig_open(&rig), SAH_EINVAL);
    rig_key(&rig, KEY_HEX);
    segment = disk_find(rig.disk, "seg-", 0);
    for (size_t at = 0; at <= 512; at += 512) { /* both heads, their CRCs set anew */
        uint32_t crc;

        segment->bytes[at + 8] = JOURNAL_VERSION + 1;
        crc = journal_crc(0, segment->bytes + at, 60);
        memcpy(segment->bytes + at + 60, &crc, sizeof crc);
    }
    assert_int_equal(rig_open(&rig), SAH_EVERSION);
    assert_non_null(strstr(rig.why, "newer version"));
    assert_int_equal(disk_now(rig.disk), events);
    rig_fini(&rig);
}

/* Bytes of a segment are turned over one by one: whatever it is, the others are found. */
static void damage_in_the_middle_costs_one_record_and_is_kept_aside(void **state)
{
    static const size_t offsets[] = {0, 4, 8, 20, 48, 52, 60};
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(offsets); i++) {
        struct sah_journal_stats stats;
        struct sah_id second = rig_id(2);
        char text[RIG_PAYLOAD];
        size_t at = JOURNAL_DATA_AT;

        rig_init(&rig);
        assert_int_equal(rig_open(&rig), SAH_OK);
        for (unsigned n = 1; n <= 3; n++)
            assert_int_equal(rig_write(&rig, n, SAH_JOURNAL_RECEIVED, 0), SAH_OK);
        rig_close(&rig);
        at += journal_record_bytes((uint32_t)rig_payload(1, SAH_JOURNAL_RECEIVED, text));
        disk_find(rig.disk, "seg-", 0)->bytes[at + offsets[i]] ^= 0x40;
        for (int round = 0; round < 2; round++) {
            assert_int_equal(rig_open(&rig), SAH_OK);
            assert_payload(&rig, 1, SAH_JOURNAL_RECEIVED);
            assert_payload(&rig, 3, SAH_JOURNAL_RECEIVED);
            assert_false(sah_journal_is_open(rig.journal, &second));
            sah_journal_stats(rig.journal, &stats);
            assert_int_equal(stats.quarantined, 1);
            assert_int_equal(stats.torn, 0);
            rig_close(&rig);
        }
        assert_non_null(disk_find(rig.disk, "bad-", 0));
        assert_null(disk_find(rig.disk, "bad-", 1)); /* once, however often it starts */
        rig_fini(&rig);
    }
}

static void one_damaged_head_is_made_up_for_and_two_put_the_segment_aside(void **state)
{
    struct disk_file *segment;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(rig_open(&rig), SAH_OK);
    assert_int_equal(rig_write(&rig, 1, SAH_JOURNAL_RECEIVED, 0), SAH_OK);
    rig_close(&rig);
    segment = disk_find(rig.disk, "seg-", 0);
    segment->bytes[30] ^= 1;
    assert_int_equal(rig_open(&rig), SAH_OK);
    assert_payload(&rig, 1, SAH_JOURNAL_RECEIVED);
    rig_close(&rig);
    segment->bytes[JOURNAL_HEAD_COPY_AT + 30] ^= 1;
    assert_int_equal(rig_open(&rig), SAH_OK);
    assert_non_null(disk_find(rig.disk, "bad-seg-", 0));
    rig_fini(&rig);
}

static void no_text_of_a_message_lies_readable_on_the_disk(void **state)
{
    char text[RIG_PAYLOAD];
    size_t len = rig_payload(5, SAH_JOURNAL_RECEIVED, text);
    struct disk_file *segment;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(rig_open(&rig), SAH_OK);
    assert_int_equal(rig_write(&rig, 5, SAH_JOURNAL_RECEIVED, 0), SAH_OK);
    segment = disk_find(rig.disk, "seg-", 0);
    assert_true(len > 8);
    assert_null(memmem(segment->bytes, segment->size, text, 8));
    rig_fini(&rig);
}

static void the_real_file_system_does_it_too_and_lets_one_process_in(void **state)
{
    struct scratch scratch;
    struct sah_journal *second = NULL;
    struct rig rig;
    struct sah_journal_fs *fs;

    (void)state;
    scratch_init(&scratch);
    rig_init(&rig);
    rig.settings.fs = NULL;
    rig.settings.folder = scratch.dir;
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(sah_journal_create(rig.loop, &rig.settings, rig.why, &rig.journal),
                         SAH_OK);
        if (round > 0)
            assert_payload(&rig, 0, SAH_JOURNAL_RECEIVED);
        assert_int_equal(rig_write(&rig, round, SAH_JOURNAL_RECEIVED, 0), SAH_OK);
        assert_payload(&rig, round, SAH_JOURNAL_RECEIVED);
        assert_int_equal(sah_journal_create(rig.loop, &rig.settings, rig.why, &second),
                         SAH_ECONFLICT);
        rig_close(&rig);
    }
    assert_int_equal(journal_fs_create(scratch.dir, &fs), SAH_OK);
    assert_int_equal(fs->unlink(fs->data, "seg-0000000000000001"), 0);
    assert_int_equal(fs->unlink(fs->data, "seg-0000000000000002"), 0);
    assert_int_equal(fs->unlink(fs->data, "reserve"), 0);
    journal_fs_destroy(fs);
    rig.journal = NULL;
    rig_fini(&rig);
    scratch_fini(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_gives_the_known_values),
        cmocka_unit_test(open_ids_come_worst_class_first_then_oldest_also_after_a_restart),
        cmocka_unit_test(an_id_is_opened_once_and_closed_once),
        cmocka_unit_test(destroy_writes_what_is_queued_and_answers_all),
        cmocka_unit_test(a_wrong_key_or_a_newer_version_is_said_and_nothing_touched),
        cmocka_unit_test(damage_in_the_middle_costs_one_record_and_is_kept_aside),
        cmocka_unit_test(one_damaged_head_is_made_up_for_and_two_put_the_segment_aside),
        cmocka_unit_test(no_text_of_a_message_lies_readable_on_the_disk),
        cmocka_unit_test(the_real_file_system_does_it_too_and_lets_one_process_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
