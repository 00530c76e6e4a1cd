/*
 * keys - the router's keys in Redis: what each holds, how long it lives.
 *
 * Owns:    names that C and Lua must agree on. All else is written by the functions alone.
 * Used by: redis_store*.c; people with redis-cli.
 * Never:   a key outside these; a key of another process.
 *
 * Every key starts with the tag er:{dNN}, NN being the sender's partition from the request id
 * (00 with one partition), so that all keys of one step lie in one cluster slot. A function
 * gets the tag as KEYS[1] and derives the rest.
 *
 *   :rq:<request>            hash    see below
 *       rev inc (not its own incident) p(riority) seq cl(osed) sv ty ru nd (dead letters) ags
 *       l:<agency> its line as JSON; h:<agency> what is unsettled there (order.lua);
 *       t:<agency> its timer: "kind:level:due ms"
 *       xk the connections that only it has (:xk:), 16 bytes each, rc how often the same was asked again
 *       mn main request it is linked to, lf its reporter left, nt note, sd sender (hash)
 *   :im:<request>            hash    with its request
 *       page of an incident: <mid> "member priority leaves told-by"; u:<mid> of an update
 *       "agency key,..."; lt when it was told last; n how many ever joined
 *   :ie:<request>            zset    with its request
 *       the page's members, in the order in which they joined
 *   :iu:<request>, :it:<request> list with its request
 *       the page's messages not told yet; told and not over
 *   :iz                      zset    while needed
 *       "request|work" that is to be done, by when it is due, ms
 *   :if                      stream  about 20,000
 *       what other routers must learn of live incidents; hashes, no words, no numbers
 *   :xk:<4 of the hash>      hash    its fields with their requests
 *       by the other 14 bytes of a connection's hash: the open request that has it
 *   :xw:<hash>               string  a minute
 *       the open request that has these words of one sender
 *   :sh:<sender>             hash    400 days
 *       by hash of the sender: fr fa np ok (how its requests were closed) fs first seen
 *   :ms:<mid>                string  with its request
 *       accept seq and accept ms, 7 bytes each, its request's id, then the message's bytes; that
 *       it is there makes the same message a duplicate, so it is written last
 *   :mi:<request>            list    with its request
 *       "mid kind sequence" of its amendments and cancels, in the order in which they came
 *   :dl:<key>                hash    11 days once done
 *       a delivery, fields below
 *   :or:<request>:<agency>   zset    while needed
 *       deliveries by sequence, while more than one is unsettled
 *   :q:<endpoint>:<class>    zset    while needed
 *       ready deliveries by accept seq
 *   :lz                      zset    while needed
 *       leased deliveries by when the lease ends, ms
 *   :lo:<owner>              zset    while needed
 *       the same of one owner: of one life of one router
 *   :hb                      zset    while an owner lives or has leases
 *       owners by their last beat, ms
 *   :hs                      string  for ever
 *       since when owners are judged by their beat, ms; absent: since ever
 *   :ck                      string  for ever
 *       the clock (clock.lua): "seen offset jumps", ms
 *   :rz                      zset    while needed
 *       delayed deliveries by when they are due, ms
 *   :wz                      zset    while needed
 *       P0 and P1 waiting for their turn, by when to look again, ms
 *   :tz                      zset    while needed
 *       "request|agency" of timers that are set, by when they are due, ms
 *   :en                      set     for ever
 *       endpoints that ever had a delivery
 *   :dq:<endpoint>           zset    until replayed
 *       dead letters by accept seq
 *   :ob:<channel>:e and :b   zset    while needed
 *       events to give by event seq; emergencies, bulk
 *   :ol:<channel>:e and :b   zset    while needed
 *       events given and not acked, by when to give again, ms
 *   :oe:<event id>           hash    until acked
 *       c(hannel) l(ane) b(ytes)
 *   :qn                      list    newest 1,000
 *       quarantined, newest first, as JSON
 *   :st                      hash    for ever
 *       counters: accepted duplicates outbox dead quarantined leased:<endpoint>...
 *   :seq, :es                string  for ever
 *       accept sequence, event sequence
 *   :au                      stream  about 100,000
 *       audit: r(equest) w(hat) k(ey or mid) d(ecided)
 *
 * A request that is closed and has nothing unsettled and no dead letter expires, with its
 * messages, 40 days after its last change; a later message or reopening takes the expiry off
 * again. What is not settled never expires. A message is known as long as it is there: never for
 * less than those 40 days.
 *
 * Fields of a delivery: r request, a agency, e endpoint, m message id, k kind, s sequence, st
 * state (ready leased delayed waiting done dead), ep epoch, at attempts, c class of the queue
 * it is in, q accept seq (its place), pd possible duplicate, cb carried by, fb fell back, pv
 * previous, rp replayed ms, ra leases up to the last result, dw why and da when it became a dead
 * letter, f1 when first leased or delayed, ws waiting since, ow owner of the lease. What a
 * booking that waits has is not written: e as a, m the request's own, k request, s 1, st ready,
 * ep and at 0, c P4. A million of them wait, and each of a request, a message and a delivery
 * should stay a small listpack or string (tests/bench/memory.py).
 */
#ifndef SAHAYA_STORE_KEYS_H
#define SAHAYA_STORE_KEYS_H

#define SAH_KEYS_LIBRARY             "sahaya_router_1"
#define SAH_KEYS_FUNCTION(name)      "sahaya_1_" name
#define SAH_KEYS_PROBE               SAH_KEYS_FUNCTION("probe")
#define SAH_KEYS_COMMIT_URGENT       SAH_KEYS_FUNCTION("commit_urgent") /* goes on at the memory bound */
#define SAH_KEYS_TAG_FORMAT          "er:{d%02u}"
#define SAH_KEYS_TAG_SIZE            16
#define SAH_EVENT_ID_LEN             21 /* "E-00-" and 16 digits */

/* Bounds that the functions check too. */
#define SAH_KEYS_OWNER_SIZE          17 /* 16 hex letters */
#define SAH_KEYS_TICK_MAX            128
#define SAH_KEYS_DUE_MAX             16
#define SAH_KEYS_DEAD_MAX            100
#define SAH_KEYS_ENDPOINTS_MAX       512
#define SAH_KEYS_STATS_MAX           32
#define SAH_KEYS_TAKE_MAX            64
#define SAH_KEYS_QUARANTINE_LIST_MAX 128
#define SAH_KEYS_QUARANTINE_BYTES    2048

#endif
