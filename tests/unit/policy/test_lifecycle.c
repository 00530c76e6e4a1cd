/*
 * test_lifecycle - every pair of states, in both paths, against a table written from the
 * design's "States of a request" and not from the code.
 *
 * One string a row (from), one letter a column (to), columns in the order of SAH_STATES without
 * UNSPECIFIED:
 *   A apply   R repeat   h history, a late lower state   . refused
 */
#include "policy_test.h"

#include "policy/lifecycle.h"

/*  Columns: Rec Que Fwd Del | Ack Wai Ass EnR OnS Tra Los | Boo Out Han | CaA Can Rej NeP Exp
 * Clo Reo */
static const char *const unit_path[SAH_N_STATES] = {
    [SAH_STATE_RECEIVED] = "RAAA"
                           "AAAAAA."
                           "..."
                           ".AA.AA.",
    [SAH_STATE_QUEUED] = "hRAA"
                         "AAAAAA."
                         "..."
                         ".AA.AA.",
    [SAH_STATE_FORWARDED] = "hhRA"
                            "AAAAAA."
                            "..."
                            ".AA.AA.",
    [SAH_STATE_DELIVERED] = "hhhR"
                            "AAAAAA."
                            "..."
                            ".AA.AA.",
    [SAH_STATE_ACKNOWLEDGED] = "hhhh"
                               "RAAAAA."
                               "..."
                               ".AA..A.",
    [SAH_STATE_WAITING_UNIT] = "hhhh"
                               "hRAAAA."
                               "..."
                               ".AA..A.",
    [SAH_STATE_UNIT_ASSIGNED] = "hhhh"
                                "hhRAAAA"
                                "..."
                                ".A...A.",
    [SAH_STATE_EN_ROUTE] = "hhhh"
                           "hhhRAAA"
                           "..."
                           ".A...A.",
    [SAH_STATE_ON_SCENE] = "hhhh"
                           "hhhhRA."
                           "..."
                           ".A...A.",
    [SAH_STATE_TRANSPORTING] = "hhhh"
                               "hhhhhR."
                               "..."
                               ".A...A.",
    [SAH_STATE_UNIT_LOST] = "hhhh"
                            "hAAAAAR"
                            "..."
                            ".A...A.",
    [SAH_STATE_CANCEL_ASKED] = "hhhA"
                               "AAAAAAA"
                               "..."
                               "RAA..A.",
    [SAH_STATE_CANCELLED] = "...."
                            "......."
                            "..."
                            ".R....A",
    [SAH_STATE_REJECTED] = "hhhA"
                           "AAAAAA."
                           "..."
                           "..R....",
    [SAH_STATE_NEEDS_PERSON] = "hhhA"
                               "AAAAAA."
                               "..."
                               ".AARAA.",
    [SAH_STATE_EXPIRED] = "...."
                          "......."
                          "..."
                          "....R..",
    [SAH_STATE_CLOSED] = "...."
                         "......."
                         "..."
                         ".....RA",
    [SAH_STATE_REOPENED] = "hhhA"
                           "AAAAAA."
                           "..."
                           ".AA.AAR",
};
static const char *const booking_path[SAH_N_STATES] = {
    [SAH_STATE_RECEIVED] = "RAAA"
                           "A......"
                           "AAA"
                           ".AA.AA.",
    [SAH_STATE_QUEUED] = "hRAA"
                         "A......"
                         "AAA"
                         ".AA.AA.",
    [SAH_STATE_FORWARDED] = "hhRA"
                            "A......"
                            "AAA"
                            ".AA.AA.",
    [SAH_STATE_DELIVERED] = "hhhR"
                            "A......"
                            "AAA"
                            ".AA.AA.",
    [SAH_STATE_ACKNOWLEDGED] = "hhhh"
                               "R......"
                               "AAA"
                               ".AA..A.",
    [SAH_STATE_BOOKED] = "hhhh"
                         "h......"
                         "RAA"
                         ".AA..A.",
    [SAH_STATE_OUT_FOR_DELIVERY] = "hhhh"
                                   "h......"
                                   "hRA"
                                   ".A...A.",
    [SAH_STATE_HANDED_OVER] = "hhhh"
                              "h......"
                              "hhR"
                              ".A...A.",
    [SAH_STATE_CANCEL_ASKED] = "hhhA"
                               "A.....A"
                               "AAA"
                               "RAA..A.",
    [SAH_STATE_CANCELLED] = "...."
                            "......."
                            "..."
                            ".R....A",
    [SAH_STATE_REJECTED] = "hhhA"
                           "A......"
                           "AAA"
                           "..R....",
    [SAH_STATE_NEEDS_PERSON] = "hhhA"
                               "A......"
                               "AAA"
                               ".AARAA.",
    [SAH_STATE_EXPIRED] = "...."
                          "......."
                          "..."
                          "....R..",
    [SAH_STATE_CLOSED] = "...."
                         "......."
                         "..."
                         ".....RA",
    [SAH_STATE_REOPENED] = "hhhA"
                           "A......"
                           "AAA"
                           ".AA.AAR",
};

/* Columns of the tables above. */
static const enum sah_state columns[] = {
    SAH_STATE_RECEIVED,         SAH_STATE_QUEUED,       SAH_STATE_FORWARDED,
    SAH_STATE_DELIVERED,        SAH_STATE_ACKNOWLEDGED, SAH_STATE_WAITING_UNIT,
    SAH_STATE_UNIT_ASSIGNED,    SAH_STATE_EN_ROUTE,     SAH_STATE_ON_SCENE,
    SAH_STATE_TRANSPORTING,     SAH_STATE_UNIT_LOST,    SAH_STATE_BOOKED,
    SAH_STATE_OUT_FOR_DELIVERY, SAH_STATE_HANDED_OVER,  SAH_STATE_CANCEL_ASKED,
    SAH_STATE_CANCELLED,        SAH_STATE_REJECTED,     SAH_STATE_NEEDS_PERSON,
    SAH_STATE_EXPIRED,          SAH_STATE_CLOSED,       SAH_STATE_REOPENED,
};

static char letter_of(enum sah_move_kind kind)
{
    switch (kind) {
    case SAH_MOVE_APPLY:
        return 'A';
    case SAH_MOVE_REPEAT:
        return 'R';
    case SAH_MOVE_HISTORY:
        return 'h';
    case SAH_MOVE_REFUSE:
        return '.';
    }
    return '?';
}

static void check_table(const char *const table[SAH_N_STATES], bool booking)
{
    unsigned checked = 0;

    assert_int_equal(SAH_LEN(columns), SAH_N_STATES - 1);
    for (unsigned from = 1; from < SAH_N_STATES; from++) {
        if (table[from] == NULL)
            continue; /* a state of the other path */
        assert_int_equal(strlen(table[from]), SAH_LEN(columns));
        for (unsigned c = 0; c < SAH_LEN(columns); c++) {
            struct sah_move move = sah_lifecycle_move(
                (enum sah_state)from, columns[c], SAH_LEVEL_PERSON, SAH_PRIORITY_P3, booking);

            if (letter_of(move.kind) != table[from][c])
                fail_msg("%s -> %s: got %c, want %c", sah_state_name((enum sah_state)from),
                         sah_state_name(columns[c]), letter_of(move.kind), table[from][c]);
            checked++;
        }
    }
    assert_true(checked >= 15 * SAH_LEN(columns));
}

static void every_pair_of_the_unit_path(void **state)
{
    (void)state;
    check_table(unit_path, false);
}

static void every_pair_of_the_booking_path(void **state)
{
    (void)state;
    check_table(booking_path, true);
}

static void emergencies_never_expire(void **state)
{
    (void)state;
    for (enum sah_priority p = SAH_PRIORITY_UNSPECIFIED; p <= SAH_PRIORITY_P4; p++)
        for (unsigned from = 1; from < SAH_N_STATES; from++) {
            struct sah_move move = sah_lifecycle_move((enum sah_state)from, SAH_STATE_EXPIRED,
                                                      SAH_LEVEL_PERSON, p, false);

            if (sah_priority_is_emergency(p))
                assert_int_equal(move.kind, SAH_MOVE_REFUSE);
        }
}

/* I9: what a citizen reads as "a person has it", or as the end, only a person can say. */
static void a_persons_states_need_a_person(void **state)
{
    static const struct {
        enum sah_state from, to;
        bool person;
    } cases[] = {
        {SAH_STATE_FORWARDED, SAH_STATE_DELIVERED, false},
        {SAH_STATE_DELIVERED, SAH_STATE_ACKNOWLEDGED, true},
        {SAH_STATE_DELIVERED, SAH_STATE_WAITING_UNIT, true},
        {SAH_STATE_DELIVERED, SAH_STATE_UNIT_ASSIGNED, true},
        {SAH_STATE_DELIVERED, SAH_STATE_EN_ROUTE, true},
        {SAH_STATE_DELIVERED, SAH_STATE_ON_SCENE, true},
        {SAH_STATE_DELIVERED, SAH_STATE_TRANSPORTING, true},
        {SAH_STATE_EN_ROUTE, SAH_STATE_UNIT_LOST, true},
        {SAH_STATE_DELIVERED, SAH_STATE_CANCELLED, true},
        {SAH_STATE_DELIVERED, SAH_STATE_REJECTED, false},
        {SAH_STATE_DELIVERED, SAH_STATE_CLOSED, true},
        {SAH_STATE_CLOSED, SAH_STATE_REOPENED, true},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        for (enum sah_level level = SAH_LEVEL_UNSPECIFIED; level <= SAH_LEVEL_PERSON; level++) {
            struct sah_move move =
                sah_lifecycle_move(cases[i].from, cases[i].to, level, SAH_PRIORITY_P1, false);
            bool good = !cases[i].person || level == SAH_LEVEL_PERSON;

            assert_int_equal(move.kind, good ? SAH_MOVE_APPLY : SAH_MOVE_REFUSE);
            assert_int_equal(move.needs_person, !good);
        }
}

static void a_company_may_book_by_machine(void **state)
{
    (void)state;
    assert_int_equal(sah_lifecycle_move(SAH_STATE_DELIVERED, SAH_STATE_BOOKED,
                                        SAH_LEVEL_MACHINE, SAH_PRIORITY_P4, true)
                         .kind,
                     SAH_MOVE_APPLY);
    assert_int_equal(sah_lifecycle_move(SAH_STATE_BOOKED, SAH_STATE_CLOSED, SAH_LEVEL_MACHINE,
                                        SAH_PRIORITY_P4, true)
                         .kind,
                     SAH_MOVE_APPLY);
}

/* I9: a booking that a dispatcher raised is an emergency like any other. */
static void a_program_hands_over_a_booking_and_ends_no_emergency(void **state)
{
    (void)state;
    for (enum sah_priority p = SAH_PRIORITY_P0; p <= SAH_PRIORITY_P4; p++)
        for (enum sah_level level = SAH_LEVEL_UNSPECIFIED; level <= SAH_LEVEL_PERSON; level++) {
            struct sah_move move = sah_lifecycle_move(SAH_STATE_OUT_FOR_DELIVERY, SAH_STATE_HANDED_OVER, level, p, true);
            bool good = level == SAH_LEVEL_PERSON || !sah_priority_is_emergency(p);

            assert_int_equal(move.kind, good ? SAH_MOVE_APPLY : SAH_MOVE_REFUSE);
            assert_int_equal(move.needs_person, !good);
        }
}

static void gaps_are_filled_and_optional_states_are_not(void **state)
{
    struct sah_move move = sah_lifecycle_move(SAH_STATE_DELIVERED, SAH_STATE_TRANSPORTING,
                                              SAH_LEVEL_PERSON, SAH_PRIORITY_P0, false);

    (void)state;
    assert_int_equal(move.n_inferred, 4);
    assert_int_equal(move.inferred[0], SAH_STATE_ACKNOWLEDGED);
    assert_int_equal(move.inferred[1], SAH_STATE_UNIT_ASSIGNED);
    assert_int_equal(move.inferred[2], SAH_STATE_EN_ROUTE);
    assert_int_equal(move.inferred[3], SAH_STATE_ON_SCENE);
    move = sah_lifecycle_move(SAH_STATE_ACKNOWLEDGED, SAH_STATE_WAITING_UNIT, SAH_LEVEL_PERSON,
                              SAH_PRIORITY_P0, false);
    assert_int_equal(move.n_inferred, 0);
    move = sah_lifecycle_move(SAH_STATE_DELIVERED, SAH_STATE_HANDED_OVER, SAH_LEVEL_PERSON,
                              SAH_PRIORITY_P4, true);
    assert_int_equal(move.n_inferred, 0);
}

static void allowed_lists_exactly_what_a_person_may_apply(void **state)
{
    enum sah_state allowed[SAH_N_STATES];

    (void)state;
    for (unsigned booking = 0; booking < 2; booking++)
        for (unsigned from = 1; from < SAH_N_STATES; from++) {
            unsigned n = sah_lifecycle_allowed((enum sah_state)from, booking, allowed),
                     seen = 0;

            for (unsigned to = 1; to < SAH_N_STATES; to++) {
                bool listed = false;

                for (unsigned i = 0; i < n; i++)
                    listed = listed || allowed[i] == (enum sah_state)to;
                seen += listed;
                if (to != SAH_STATE_EXPIRED) /* nobody's to set but the router's */
                    assert_int_equal(
                        listed, sah_lifecycle_move((enum sah_state)from, (enum sah_state)to,
                                                   SAH_LEVEL_PERSON, SAH_PRIORITY_P3, booking)
                                        .kind == SAH_MOVE_APPLY);
                else
                    assert_false(listed);
            }
            assert_int_equal(seen, n);
        }
}

static void what_is_over_and_what_is_told(void **state)
{
    (void)state;
    for (enum sah_state s = SAH_STATE_RECEIVED; s < SAH_N_STATES; s++) {
        bool over = s == SAH_STATE_CLOSED || s == SAH_STATE_CANCELLED ||
                    s == SAH_STATE_REJECTED || s == SAH_STATE_EXPIRED ||
                    s == SAH_STATE_HANDED_OVER;

        assert_int_equal(sah_state_is_over(s), over);
        assert_int_equal(sah_state_is_told(s),
                         s != SAH_STATE_QUEUED && s != SAH_STATE_FORWARDED);
    }
    assert_false(sah_state_is_told(SAH_STATE_UNSPECIFIED));
    assert_false(sah_state_is_over(SAH_N_STATES));
}

static void a_state_that_is_none_moves_nowhere(void **state)
{
    enum sah_state allowed[SAH_N_STATES];

    (void)state;
    for (unsigned s = 0; s <= SAH_N_STATES; s++) {
        assert_int_equal(sah_lifecycle_move(SAH_STATE_UNSPECIFIED, (enum sah_state)s,
                                            SAH_LEVEL_PERSON, SAH_PRIORITY_P4, false)
                             .kind,
                         SAH_MOVE_REFUSE);
        assert_int_equal(sah_lifecycle_move((enum sah_state)s, SAH_N_STATES, SAH_LEVEL_PERSON,
                                            SAH_PRIORITY_P4, false)
                             .kind,
                         SAH_MOVE_REFUSE);
    }
    assert_int_equal(sah_lifecycle_allowed(SAH_N_STATES, false, allowed), 0);
    assert_int_equal(sah_lifecycle_allowed(SAH_STATE_UNSPECIFIED, true, allowed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_the_unit_path),
        cmocka_unit_test(every_pair_of_the_booking_path),
        cmocka_unit_test(emergencies_never_expire),
        cmocka_unit_test(a_persons_states_need_a_person),
        cmocka_unit_test(a_company_may_book_by_machine),
        cmocka_unit_test(a_program_hands_over_a_booking_and_ends_no_emergency),
        cmocka_unit_test(gaps_are_filled_and_optional_states_are_not),
        cmocka_unit_test(allowed_lists_exactly_what_a_person_may_apply),
        cmocka_unit_test(what_is_over_and_what_is_told),
        cmocka_unit_test(a_state_that_is_none_moves_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
