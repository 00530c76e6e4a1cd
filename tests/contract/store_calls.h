/*
 * store_calls - the port's operations as plain calls that wait, and changes with few words.
 *
 * Owns:    one change and one message being built (static: they are large).
 * Used by: the contract suite and the tests beside it.
 * Never:   asserts what a store must do.
 */
#ifndef SAHAYA_TESTS_STORE_CALLS_H
#define SAHAYA_TESTS_STORE_CALLS_H

#include "contract/store_contract.h"

#define DAY_MS (24 * 3600 * 1000)

int do_commit(struct sah_store_harness *h, const struct sah_change *change,
              struct sah_committed *ret);
/* The same, and what was leased with it; bytes as with do_lease. */
int do_commit_and_lease(struct sah_store_harness *h, const struct sah_change *change,
                        struct sah_committed *ret, struct sah_leased *ret_leased);
int do_load(struct sah_store_harness *h, const char *request_id, struct sah_request_view *ret);
/* Bytes are checked for being there; the slice is not valid afterwards. */
unsigned do_lease(struct sah_store_harness *h, const char *endpoint, unsigned max_class,
                  unsigned n, struct sah_leased *ret);
int do_delay(struct sah_store_harness *h, const struct sah_leased *leased, uint32_t delay_ms,
             const char *endpoint, enum sah_answer_kind outcome);
struct sah_ticked do_tick(struct sah_store_harness *h, unsigned limit);
struct sah_store_stats do_stats(struct sah_store_harness *h, const char *endpoint,
                                struct sah_queue_stat *ret);
unsigned do_take(struct sah_store_harness *h, const char *channel, unsigned n,
                 uint32_t lease_ms, struct sah_outbox_event *ret);
int do_ack(struct sah_store_harness *h, const char *event_id);
int do_quarantine(struct sah_store_harness *h, const char *why, const void *bytes, size_t len);
unsigned do_dead(struct sah_store_harness *h, const char *endpoint, unsigned skip, unsigned n,
                 struct sah_dead_letter *ret, uint64_t *ret_total);
unsigned do_endpoints(struct sah_store_harness *h, char (*ret)[SAH_AGENCY_SIZE], unsigned max);
int do_list(struct sah_store_harness *h, unsigned n, char *ret_json, size_t size);

/* Message `n` of a test; its names follow from n. */
struct sah_id id_of(unsigned n);
void request_id_of(unsigned n, char dst[SAH_REQUEST_ID_SIZE]);

/* A new request, message n, of this class. The change is static: one at a time. */
struct sah_change *new_request(unsigned n, enum sah_priority priority);
/* Message n, amending request `of`, with this sequence; the revision is asked of the store. */
struct sah_change *amendment(struct sah_store_harness *h, unsigned of, unsigned n,
                             uint32_t sequence);
/* A change of request `of` without a message. */
struct sah_change *change_of(struct sah_store_harness *h, unsigned of);
/* Adds a delivery of message n to `agency` at the endpoint of the same name and "-state". */
struct sah_plan *add_plan(struct sah_change *change, unsigned n, const char *agency);
struct sah_line *add_line(struct sah_change *change, const char *agency, enum sah_state state);
struct sah_outbox_event *add_event(struct sah_change *change, bool emergency, const char *says);
void add_want(struct sah_change *change, const char *agency, unsigned max_class, unsigned n);
void set_settle(struct sah_change *change, enum sah_settle_kind kind,
                const struct sah_leased *leased);

/* Commits and asserts that it was taken as something new. */
struct sah_committed must_commit(struct sah_store_harness *h, const struct sah_change *change);
/* A request of one agency, accepted. */
void accept_request(struct sah_store_harness *h, unsigned n, enum sah_priority priority,
                    const char *agency);
/* Leases exactly one delivery at <agency>-state. */
struct sah_leased lease_one(struct sah_store_harness *h, const char *agency);
void lease_none(struct sah_store_harness *h, const char *agency);
void settle_done(struct sah_store_harness *h, unsigned of, const struct sah_leased *leased);

/* A case of the suite gets a fresh store as its state. */
int contract_before(void **state);
int contract_after(void **state);
#define CONTRACT_CASE(f) cmocka_unit_test_setup_teardown(f, contract_before, contract_after)
int contract_run_queue_cases(const char *name);
int contract_run_timer_cases(const char *name);
int contract_run_owner_cases(const char *name);
int contract_run_clock_cases(const char *name);
int contract_run_incident_cases(const char *name);
int contract_run_replay_cases(const char *name);
int contract_run_known_cases(const char *name);
int contract_run_exact_cases(const char *name);

#endif
