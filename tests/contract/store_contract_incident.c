/*
 * store_contract_incident - what every store must do: held and carried deliveries, pages of
 * incidents, work about them, the feed, histories of senders. See store_contract.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"

#define FAR_MS    60000
#define HOLD_MS   30
#define UPDATE_MS 10000

static struct sah_request_view view; /* large: not on a stack */
static struct sah_page page;
static struct sah_leased out[4];

struct wait {
    bool done;
    int err;
    void *into;
};

static void on_done(void *data, int err)
{
    struct wait *w = data;

    w->done = true;
    w->err = err;
}

static int await(struct sah_store_harness *h, struct wait *w)
{
    assert_false(w->done);
    h->drive(h, &w->done);
    assert_true(w->done);
    return w->err;
}

static int do_join(struct sah_store_harness *h, unsigned of, unsigned mid, unsigned member, bool leaves,
                   bool at_once)
{
    struct sah_item item = {.message_id = id_of(mid), .priority = SAH_PRIORITY_P1, .leaves = leaves};
    struct wait w = {0};
    char id[SAH_REQUEST_ID_SIZE];

    request_id_of(of, id);
    request_id_of(member, item.member);
    h->store->join(h->store->data, id, &item, at_once, UPDATE_MS, on_done, &w);
    return await(h, &w);
}

static void on_page(void *data, int err, const struct sah_page *got)
{
    if (err == SAH_OK)
        page = *got;
    on_done(data, err);
}

static int do_page(struct sah_store_harness *h, unsigned of)
{
    struct wait w = {0};
    char id[SAH_REQUEST_ID_SIZE];

    request_id_of(of, id);
    h->store->page(h->store->data, id, on_page, &w);
    return await(h, &w);
}

static void do_page_done(struct sah_store_harness *h, unsigned of, const struct sah_page_done *done)
{
    struct wait w = {0};
    char id[SAH_REQUEST_ID_SIZE];

    request_id_of(of, id);
    h->store->page_done(h->store->data, id, done, on_done, &w);
    assert_int_equal(await(h, &w), SAH_OK);
}

static void do_work_over(struct sah_store_harness *h, unsigned of, enum sah_work_kind kind)
{
    struct wait w = {0};
    char id[SAH_REQUEST_ID_SIZE];

    request_id_of(of, id);
    h->store->work_over(h->store->data, id, kind, on_done, &w);
    assert_int_equal(await(h, &w), SAH_OK);
}

/* Is exactly this due? */
static bool is_due(struct sah_store_harness *h, unsigned of, enum sah_work_kind kind)
{
    struct sah_ticked ticked = do_tick(h, 100);
    char id[SAH_REQUEST_ID_SIZE];

    request_id_of(of, id);
    return ticked.n_works == 1 && ticked.works[0].kind == kind && strcmp(ticked.works[0].request_id, id) == 0;
}

static const struct sah_request_view *load(struct sah_store_harness *h, unsigned of)
{
    char id[SAH_REQUEST_ID_SIZE];

    request_id_of(of, id);
    assert_int_equal(do_load(h, id, &view), SAH_OK);
    return &view;
}

static void accept_held(struct sah_store_harness *h, unsigned n, uint32_t hold_ms)
{
    struct sah_change *c = new_request(n, SAH_PRIORITY_P1);

    add_plan(c, n, "101")->hold_ms = hold_ms;
    add_line(c, "101", SAH_STATE_QUEUED);
    must_commit(h, c);
}

static void amend_held(struct sah_store_harness *h, unsigned of, unsigned n, uint32_t hold_ms)
{
    struct sah_change *c = amendment(h, of, n, 2);

    add_plan(c, n, "101")->hold_ms = hold_ms;
    must_commit(h, c);
}

static void a_held_delivery_goes_out_by_itself_and_in_its_order(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_queue_stat queue;

    accept_held(h, 1, HOLD_MS);
    amend_held(h, 1, 2, HOLD_MS);
    do_tick(h, 100);
    if (h->exact_time)
        lease_none(h, "101");
    do_stats(h, "101-state", &queue);
    assert_int_equal(queue.delayed, 2);
    h->advance_ms(h, HOLD_MS + 1);
    do_tick(h, 100);
    assert_int_equal(do_lease(h, "101-state", 4, 2, out), 1); /* (I10) the request first */
    assert_int_equal(out[0].kind, SAH_KIND_REQUEST);
    assert_false(out[0].possible_duplicate);
    settle_done(h, 1, &out[0]);
    assert_int_equal(lease_one(h, "101").kind, SAH_KIND_AMENDMENT);
}

static void a_held_delivery_is_let_go_and_is_no_duplicate(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;
    struct sah_plan *plan;
    struct sah_leased leased;

    accept_held(h, 1, FAR_MS);
    c = change_of(h, 1);
    plan = add_plan(c, 1, "101");
    plan->again = true;
    plan->kind = SAH_KIND_REQUEST;
    plan->sequence = 1;
    must_commit(h, c);
    leased = lease_one(h, "101");
    assert_false(leased.possible_duplicate);
    assert_int_equal(leased.attempts, 1);
}

static void what_is_carried_is_done_and_may_be_sent_all_the_same(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;
    struct sah_id id = id_of(1), by = id_of(9);
    struct sah_queue_stat queue;
    struct sah_plan *plan;

    accept_held(h, 1, FAR_MS);
    amend_held(h, 1, 2, FAR_MS);
    c = change_of(h, 1);
    c->n_carried = 2;
    sah_delivery_key(&id, "101", c->carried[0].key);
    sah_delivery_key(&by, "101", c->carried[0].by);
    memset(c->carried[1].key, 'a', SAH_KEY_SIZE - 1); /* nobody knows that one */
    memset(c->carried[1].by, 'a', SAH_KEY_SIZE - 1);
    must_commit(h, c);
    do_stats(h, "101-state", &queue);
    assert_int_equal(queue.delayed, 1);
    c = change_of(h, 1);
    plan = add_plan(c, 1, "101");
    plan->again = true;
    plan->kind = SAH_KIND_REQUEST;
    must_commit(h, c); /* unlinked */
    assert_int_equal(lease_one(h, "101").kind, SAH_KIND_REQUEST);
}

static void a_request_says_what_it_is_linked_to(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_id id = id_of(1);
    struct sah_change *c;
    struct sah_line *line;
    char incident[SAH_INCIDENT_ID_SIZE];

    accept_request(h, 1, SAH_PRIORITY_P1, "101");
    accept_held(h, 2, 1);
    sah_incident_id(0, &id, incident);
    c = change_of(h, 2);
    c->set_main = true;
    request_id_of(1, c->main_id);
    memcpy(c->incident_id, incident, sizeof incident);
    sah_format(c->note, sizeof c->note, "p=%s near 120", incident);
    line = add_line(c, "101", SAH_STATE_QUEUED);
    memcpy(line->via, c->main_id, sizeof line->via);
    line->carried = true;
    must_commit(h, c);
    load(h, 2);
    assert_string_equal(view.main_id, view.lines[0].via);
    assert_true(view.lines[0].carried);
    assert_string_equal(view.incident_id, incident);
    assert_false(view.left);
    h->advance_ms(h, 2);
    do_tick(h, 100);
    assert_int_equal(do_lease(h, "101-state", 4, 2, out), 2);
    assert_string_equal(out[1].incident_id, incident);
    assert_int_equal(strncmp(out[1].note, "p=I", 3), 0);
    assert_string_equal(out[0].note, "");

    c = change_of(h, 2); /* unlinked */
    c->set_main = true;
    c->left = SAH_LEFT_YES;
    must_commit(h, c);
    load(h, 2);
    assert_string_equal(view.main_id, "");
    assert_true(view.left);
    c = change_of(h, 2);
    c->left = SAH_LEFT_NO;
    must_commit(h, c);
    assert_false(load(h, 2)->left);
}

static void a_page_takes_each_message_once_and_tells_in_its_time(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;
    struct sah_leased leased;
    struct sah_id update = id_of(10);
    uint64_t revision;

    accept_request(h, 1, SAH_PRIORITY_P1, "101");
    leased = lease_one(h, "101");
    settle_done(h, 1, &leased);
    accept_held(h, 2, FAR_MS);
    accept_held(h, 3, FAR_MS);
    revision = load(h, 1)->revision;
    assert_int_equal(do_join(h, 1, 2, 2, false, false), SAH_OK);
    assert_int_equal(do_join(h, 1, 2, 2, false, false), SAH_OK);
    do_work_over(h, 1, SAH_WORK_TELL); /* by somebody who saw an empty page */
    assert_int_equal(load(h, 1)->revision, revision + 1);
    assert_int_equal(view.n_members, 1);
    assert_true(is_due(h, 1, SAH_WORK_TELL)); /* the first is told at once */
    assert_int_equal(do_tick(h, 100).n_works, 0);
    assert_int_equal(do_page(h, 1), SAH_OK);
    assert_int_equal(page.revision, revision + 1);
    assert_int_equal(page.n_untold, 1);
    assert_int_equal(page.n_told, 0);

    c = amendment(h, 1, 10, 2);
    add_plan(c, 10, "101");
    c->n_told = 1;
    c->told[0] = id_of(2);
    c->update_ms = UPDATE_MS;
    must_commit(h, c);
    assert_int_equal(do_page(h, 1), SAH_OK);
    assert_int_equal(page.n_untold, 0);
    assert_int_equal(page.n_told, 1);
    assert_true(sah_id_equal(&page.told[0].told_by, &update));
    assert_int_equal(page.n_updates, 1);
    assert_int_equal(page.updates[0].n, 1);
    assert_string_equal(page.updates[0].at[0].agency, "101");
    assert_int_equal(page.updates[0].at[0].heard, SAH_HEARD_PENDING);

    assert_int_equal(do_join(h, 1, 3, 3, false, false), SAH_OK); /* (9.2) not before its time */
    assert_int_equal(do_tick(h, 100).n_works, 0);
    leased = lease_one(h, "101");
    settle_done(h, 1, &leased);
    assert_true(is_due(h, 1, SAH_WORK_FOLLOW)); /* it changed, so the linked ones look */
    assert_int_equal(do_page(h, 1), SAH_OK);
    assert_int_equal(page.updates[0].at[0].heard, SAH_HEARD_DONE);
    assert_string_equal(page.updates[0].at[0].key, leased.key);
    do_page_done(h, 1, &(struct sah_page_done){.revision = page.revision, .all = true, .n_over = 1, .over = {id_of(2)}});
    assert_int_equal(do_page(h, 1), SAH_OK);
    assert_int_equal(page.n_told, 0);
    assert_int_equal(page.n_members, 2);
    assert_int_equal(do_join(h, 1, 2, 2, false, true), SAH_OK); /* told long ago */
    assert_int_equal(do_page(h, 1), SAH_OK);
    assert_int_equal(page.n_untold, 1);
    if (h->exact_time) {
        h->advance_ms(h, UPDATE_MS - 1);
        assert_int_equal(do_tick(h, 100).n_works, 0);
        h->advance_ms(h, 1);
        assert_true(is_due(h, 1, SAH_WORK_TELL));
    }
    accept_held(h, 4, FAR_MS);
    assert_int_equal(do_join(h, 1, 4, 4, false, true), SAH_OK); /* worse: at once */
    assert_true(is_due(h, 1, SAH_WORK_TELL));
}

static void what_will_never_be_told_is_taken_off_the_page(void **state)
{
    struct sah_store_harness *h = *state;

    accept_request(h, 1, SAH_PRIORITY_P1, "101");
    assert_int_equal(do_join(h, 1, 2, 2, false, false), SAH_OK);
    do_page_done(h, 1, &(struct sah_page_done){.n_over = 1, .over = {id_of(2)}});
    do_work_over(h, 1, SAH_WORK_TELL);
    assert_int_equal(do_page(h, 1), SAH_OK);
    assert_int_equal(page.n_untold + page.n_told, 0);
    assert_int_equal(do_tick(h, 100).n_works, 0);
    assert_int_equal(do_join(h, 1, 2, 2, false, false), SAH_OK); /* once is enough */
    assert_int_equal(do_page(h, 1), SAH_OK);
    assert_int_equal(page.n_untold, 0);
}

static void somebody_who_left_is_no_member(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_page_done done = {.n_left = 1};

    accept_request(h, 1, SAH_PRIORITY_P1, "101");
    assert_int_equal(do_join(h, 1, 2, 2, false, false), SAH_OK);
    assert_int_equal(do_join(h, 1, 3, 3, true, false), SAH_OK); /* never was one */
    assert_int_equal(load(h, 1)->n_members, 1);
    request_id_of(2, done.left[0]);
    do_page_done(h, 1, &done);
    do_page_done(h, 1, &done);
    assert_int_equal(load(h, 1)->n_members, 0);
}

static void a_page_refuses_what_it_cannot_take(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;

    assert_int_equal(do_join(h, 1, 2, 2, false, false), SAH_ENOENT);
    assert_int_equal(do_page(h, 1), SAH_ENOENT);
    accept_request(h, 1, SAH_PRIORITY_P1, "101");
    for (unsigned i = 0; i < SAH_MEMBERS_MAX; i++)
        assert_int_equal(do_join(h, 1, 100 + i, 100 + i, false, false), SAH_OK);
    assert_int_equal(do_join(h, 1, 99, 99, false, false), SAH_ELIMIT);
    assert_int_equal(do_join(h, 1, 98, 100, false, false), SAH_OK); /* a member may say more */
    assert_int_equal(do_page(h, 1), SAH_OK);
    assert_int_equal(page.n_members, SAH_MEMBERS_MAX);
    assert_int_equal(page.n_untold, SAH_TOLD_MAX);
    c = change_of(h, 1);
    c->closed_ms = 1700000000000;
    must_commit(h, c);
    assert_int_equal(do_join(h, 1, 99, 99, false, false), SAH_ECONFLICT);
}

static void work_comes_again_until_it_is_over(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P1, "101");
    c = new_request(2, SAH_PRIORITY_P1);
    add_plan(c, 2, "101");
    c->set_main = true;
    request_id_of(1, c->main_id);
    must_commit(h, c);
    assert_int_equal(do_tick(h, 100).n_works, 0); /* whoever wrote it does it now */
    if (!h->exact_time)
        return;
    h->advance_ms(h, 5000);
    assert_true(is_due(h, 2, SAH_WORK_JOIN));
    assert_int_equal(do_tick(h, 100).n_works, 0);
    h->advance_ms(h, 5000);
    assert_true(is_due(h, 2, SAH_WORK_JOIN));
    do_work_over(h, 2, SAH_WORK_JOIN);
    h->advance_ms(h, 5000);
    assert_int_equal(do_tick(h, 100).n_works, 0);
}

static void a_sender_s_history_comes_with_the_lease(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;
    struct sah_leased leased;

    for (unsigned n = 1; n <= 2; n++) {
        c = new_request(n, SAH_PRIORITY_P1);
        add_plan(c, n, "101");
        c->sender = 0xfedcba9876543210u;
        must_commit(h, c);
        leased = lease_one(h, "101");
        assert_int_equal(leased.history.false_alarms, n - 1);
        assert_true(leased.history.first_seen_ms > 0);
        settle_done(h, n, &leased);
        c = change_of(h, n);
        c->history = SAH_HISTORY_FALSE_ALARM;
        must_commit(h, c);
    }
    accept_request(h, 3, SAH_PRIORITY_P1, "101");
    assert_int_equal(lease_one(h, "101").history.first_seen_ms, 0);
}

static struct sah_fed fed;
static char rows[SAH_FEED_MAX][SAH_FEED_SIZE];

static void on_fed(void *data, int err, const struct sah_fed *got)
{
    if (err == SAH_OK) {
        fed = *got;
        memcpy(rows, got->rows, got->n * sizeof rows[0]);
    }
    on_done(data, err);
}

static unsigned do_feed(struct sah_store_harness *h)
{
    struct wait w = {0};

    h->store->feed(h->store->data, &fed.cursor, FAR_MS, on_fed, &w);
    assert_int_equal(await(h, &w), SAH_OK);
    return fed.n;
}

static void routers_learn_from_each_other_what_is_live(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;

    memset(&fed, 0, sizeof fed);
    assert_int_equal(do_feed(h), 0);
    for (unsigned n = 1; n <= SAH_FEED_MAX + 2; n++) {
        c = new_request(n, SAH_PRIORITY_P1);
        add_plan(c, n, "101");
        sah_format(c->feed, sizeof c->feed, "row %u", n);
        must_commit(h, c);
    }
    assert_int_equal(do_feed(h), SAH_FEED_MAX);
    assert_true(fed.more);
    assert_string_equal(rows[0], "row 1");
    assert_int_equal(do_feed(h), 2);
    assert_false(fed.more);
    assert_string_equal(rows[1], "row 66");
    assert_int_equal(do_feed(h), 0);
}

static struct sah_message message;

static void on_bytes(void *data, int err, struct sah_slice bytes)
{
    if (err == SAH_OK)
        assert_int_equal(sah_message_decode(bytes.ptr, bytes.len, &message, NULL, 0), SAH_OK);
    on_done(data, err);
}

static void a_message_can_be_read_alone(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_id id = id_of(2), none = id_of(3);
    struct wait w = {0}, missing = {0};
    char rid[SAH_REQUEST_ID_SIZE];

    accept_request(h, 1, SAH_PRIORITY_P1, "101");
    amend_held(h, 1, 2, 1);
    request_id_of(1, rid);
    h->store->message(h->store->data, rid, &id, on_bytes, &w);
    assert_int_equal(await(h, &w), SAH_OK);
    assert_int_equal(message.kind, SAH_KIND_AMENDMENT);
    h->store->message(h->store->data, rid, &none, on_bytes, &missing);
    assert_int_equal(await(h, &missing), SAH_ENOENT);
}

int contract_run_incident_cases(const char *name)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_CASE(a_held_delivery_goes_out_by_itself_and_in_its_order),
        CONTRACT_CASE(a_held_delivery_is_let_go_and_is_no_duplicate),
        CONTRACT_CASE(what_is_carried_is_done_and_may_be_sent_all_the_same),
        CONTRACT_CASE(a_request_says_what_it_is_linked_to),
        CONTRACT_CASE(a_page_takes_each_message_once_and_tells_in_its_time),
        CONTRACT_CASE(what_will_never_be_told_is_taken_off_the_page),
        CONTRACT_CASE(somebody_who_left_is_no_member),
        CONTRACT_CASE(a_page_refuses_what_it_cannot_take),
        CONTRACT_CASE(work_comes_again_until_it_is_over),
        CONTRACT_CASE(a_sender_s_history_comes_with_the_lease),
        CONTRACT_CASE(routers_learn_from_each_other_what_is_live),
        CONTRACT_CASE(a_message_can_be_read_alone),
    };

    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
