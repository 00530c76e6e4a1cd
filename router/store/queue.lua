-- The queues: lease, tick, stats.

local LEASE_MAX, STATS_MAX, DUE_MAX = 64, 32, 16

-- What a router needs to send it. nil when its request or message is gone, which must not happen:
-- then it becomes a dead letter, so that it is seen and blocks nobody.
local function lease_one(t, key, class, lease_ms, now, bound, owner, offset)
    local d = get_delivery(t, key)
    if not d then
        return nil
    end
    local r = redis.call('HMGET', t .. ':rq:' .. d.r, 'inc', 'p', 'sv', 'ty', 'ru', 'nt', 'sd', 'rc')
    local stored = redis.call('GET', t .. ':ms:' .. mid_in(d))
    if not r[2] or not stored then
        redis.call('HSET', d.hash, 'st', 'dead')
        redis.call('ZADD', t .. ':dq:' .. d.e, d.q, key)
        count(t, 'dead', 1)
        count(t, 'damaged', 1)
        return nil
    end
    redis.call('HSET', d.hash, 'st', 'leased', 'ep', d.ep + 1, 'at', d.at + 1, 'ow', owner or '')
    redis.call('ZADD', t .. ':lz', now + lease_ms, key)
    if owner then
        redis.call('ZADD', t .. ':lo:' .. owner, now + lease_ms, key)
    end
    touch(t, d, class, now, bound)
    local _, accepted = struct.unpack(MESSAGE_HEAD, stored)
    return {key, d.ep + 1, d.r, incident_of(d.r, r[1] or nil), d.a, d.e, tonumber(r[2]), d.k, d.s, d.at + 1,
            d.pd and 1 or 0, d.fb and 1 or 0, d.at + 1 - (d.ra or 0), math.max(0, accepted - offset),
            math.max(0, now - (d.rp or accepted)), r[3] or '', r[4] or '', r[5] or '', d.pv or '', r[6] or '', sender_history(t, r[7]), tonumber(r[8] or 0), stored:sub(PREFIX + 1)}
end

-- owner and dead_ms, the last two arguments; nil and nil when an older router did not send them.
local function owner_args(args, at)
    if #args < at then
        return nil, nil
    end
    check(is_owner(args[at]), 'owner')
    return args[at], int_arg(args[at + 1], 1, DAY_MS, 'dead_ms')
end

-- This owner lives. Written once in a quarter of the time after which an owner counts as dead: with
-- fsync at every write a beat at every tick would cost more than it says. When nobody could beat for
-- that long it was Redis that was away, or all of them: then each gets the time anew (:hs).
local function beat(t, owner, now, dead_ms)
    if not owner then
        return
    end
    local since = tonumber(redis.call('GET', t .. ':hs') or 0)
    local newest = tonumber(redis.call('ZREVRANGE', t .. ':hb', 0, 0, 'WITHSCORES')[2] or now)
    local last = tonumber(redis.call('ZSCORE', t .. ':hb', owner) or nil)
    if now - newest > dead_ms or since > now then
        redis.call('SET', t .. ':hs', dec(now))
    end
    if not last or math.abs(now - last) >= dead_ms / 4 then
        redis.call('ZADD', t .. ':hb', dec(now), owner)
        return true
    end
end

-- Owners that did not beat for too long, oldest beat first.
local function silent_owners(t, now, dead_ms)
    if not dead_ms or now - tonumber(redis.call('GET', t .. ':hs') or 0) <= dead_ms then
        return {}
    end
    return redis.call('ZRANGEBYSCORE', t .. ':hb', '-inf', '(' .. dec(now - dead_ms), 'LIMIT', 0, OWNERS_MAX)
end

-- Up to n ready deliveries of an endpoint, worst first, oldest first within a class, onto `answer`.
-- terms: ms (lease time of each class), bound, owner, dead_ms.
local function lease_from(t, endpoint, first, last, n, terms, now, offset, answer)
    local before = #answer
    for class = first, last do
        if #answer - before < n then
            local popped = redis.call('ZPOPMIN', t .. ':q:' .. endpoint .. ':' .. class, n - (#answer - before))
            for i = 1, #popped, 2 do
                answer[#answer + 1] = lease_one(t, popped[i], class, terms.ms[class], now, terms.bound, terms.owner, offset)
            end
        end
    end
    if #answer > before then
        beat(t, terms.owner, now, terms.dead_ms) -- whoever has leases is known, or they would not come home
        count(t, 'leased:' .. endpoint, #answer - before)
    end
end

-- lease: endpoint, first class, last class, n, lease ms of classes 0..4, bound_ms, owner, dead_ms.
-- The last two are missing from an older router beside us; its leases come home when they run out.
redis.register_function({function_name = 'sahaya_1_lease', flags = {'allow-oom'}, callback = function(keys, args)
    local t = tag_of(keys, args, #args == 10 and 10 or 12)
    check(is_name(args[1]), 'endpoint')
    local first = int_arg(args[2], 0, LAST_CLASS, 'first class')
    local last = int_arg(args[3], first, LAST_CLASS, 'last class')
    local n = int_arg(args[4], 1, LEASE_MAX, 'n')
    local terms, answer = {ms = {}}, {}
    for class = 0, LAST_CLASS do
        terms.ms[class] = int_arg(args[5 + class], 1, DAY_MS, 'lease_ms')
    end
    terms.bound = int_arg(args[10], 0, 60000, 'bound_ms')
    terms.owner, terms.dead_ms = owner_args(args, 11)
    local now, offset = now_ms(t)
    lease_from(t, args[1], first, last, n, terms, now, offset, answer)
    return answer
end})

local function due(t, set, upto, limit)
    return redis.call('ZRANGEBYSCORE', t .. set, '-inf', upto, 'LIMIT', 0, limit)
end

-- Timers that are due, oldest first: {request, agency, kind, level, late ms} for each. Each is looked
-- at again later, until a change sets or clears it; one whose request is gone goes too.
local function due_timers(t, now, limit, answer)
    for _, member in ipairs(limit > 0 and due(t, ':tz', now, limit) or {}) do
        local rid, agency = member:match('^([^|]+)|(.+)$')
        local timer = rid and redis.call('HGET', t .. ':rq:' .. rid, 't:' .. agency) or ''
        local kind, level, since = timer:match('^(%d+):(%d+):(%d+)$')
        if kind then
            redis.call('ZADD', t .. ':tz', now + REFIRE_MS, member)
            local late = math.min(math.max(0, now - tonumber(since)), DAY_MS)
            for _, value in ipairs({rid, agency, tonumber(kind), tonumber(level), late}) do
                answer[#answer + 1] = value
            end
        else
            redis.call('ZREM', t .. ':tz', member)
        end
    end
end

-- tick: limit, bound_ms, timers at most, owner, dead_ms, passed_ms (since this router's last tick that
-- was answered, by its monotonic clock; 0 = unknown), works at most. {moved, waiting, more, jumps,
-- offset, each timer's parts, each work's parts}; the offset as text, it may be negative.
-- Leases that ran out come first, then those of dead owners, then order, then retries: what somebody
-- may have in hand is the oldest trouble.
redis.register_function({function_name = 'sahaya_1_tick', flags = {'allow-oom'}, callback = function(keys, args)
    local t = tag_of(keys, args, 7)
    local works_max = int_arg(args[7], 0, WORK_MAX, 'works')
    local limit = int_arg(args[1], 1, MAX, 'limit')
    local timers_max = int_arg(args[3], 0, DUE_MAX, 'timers')
    local bound = int_arg(args[2], 0, 60000, 'bound_ms')
    local owner, dead_ms = owner_args(args, 4)
    local passed = owner and int_arg(args[6], 0, 2 ^ 53, 'passed_ms') or 0
    local clock = tick_clock(t, owner, passed > 0 and passed or nil)
    local now, moved, looked, more = clock.now, 0, 0, 0

    -- Each is taken out of its set first: whatever is wrong with one, it cannot stop the others.
    local function each(set, upto, state, act)
        for _, key in ipairs(looked < limit and due(t, set, upto, limit - looked) or {}) do
            local d = get_delivery(t, key)
            looked = looked + 1
            redis.call('ZREM', t .. set, key)
            if d and d.st == state and act(d) then
                moved = moved + 1
            end
        end
    end
    local function home(d)
        leave(t, d)
        redis.call('HSET', d.hash, 'ep', d.ep + 1, 'pd', 1)
        make_ready(t, d, request_class(t, d.r))
        return true
    end
    each(':lz', now, 'leased', home)
    if beat(t, owner, now, dead_ms) or not clock.last then
        write_clock(t, clock)
    end
    local silent = silent_owners(t, now, dead_ms)
    for _, gone in ipairs(silent) do
        each(':lo:' .. gone, '+inf', 'leased', function(d)
            return d.ow == gone and home(d)
        end)
        if redis.call('EXISTS', t .. ':lo:' .. gone) == 0 then
            redis.call('ZREM', t .. ':hb', gone) -- its next lease or tick makes it known again
        else
            more = 1
        end
    end
    if #silent == OWNERS_MAX then
        more = 1
    end
    each(':wz', now, 'waiting', function(d)
        local class = request_class(t, d.r)
        if class > 1 then -- lowered meanwhile: when an earlier one is over
            return false
        end
        make_ready(t, d, class)
        return true
    end)
    each(':rz', now, 'delayed', function(d)
        leave(t, d)
        if d.at == 0 then -- held so far, and never sent: in its order
            return ready_or_wait(t, d, request_class(t, d.r), now, bound)
        end
        make_ready(t, d, request_class(t, d.r))
        return true
    end)
    local timers, works = {}, {}
    due_timers(t, now, timers_max, timers)
    if due_works(t, now, works_max, works) == WORK_MAX then
        more = 1
    end
    for _, set in ipairs({':lz', ':wz', ':rz'}) do
        if looked >= limit and #due(t, set, now, 1) > 0 then
            more = 1
        end
    end
    if #due(t, ':tz', now, 1) > 0 then
        more = 1
    end
    return {moved, redis.call('ZCARD', t .. ':lz') + redis.call('ZCARD', t .. ':rz'), more,
            clock.jumps, dec(clock.offset), timers, works}
end})

local function counter(t, name)
    return math.max(0, tonumber(redis.call('HGET', t .. ':st', name) or 0))
end

-- stats: endpoints. {leased, delayed, dead, outbox, quarantined, accepted, duplicates, then for
-- each endpoint: ready x 5, oldest age x 5, leased, delayed, dead}.
redis.register_function({function_name = 'sahaya_1_stats', flags = {'no-writes'}, callback = function(keys, args)
    local t = tag_of(keys, args, #args)
    check(#args <= STATS_MAX, 'endpoints')
    for _, endpoint in ipairs(args) do
        check(is_name(endpoint), 'endpoint')
    end
    local now = now_ms(t, true)
    local answer = {redis.call('ZCARD', t .. ':lz'), redis.call('ZCARD', t .. ':rz'), counter(t, 'dead'),
                    counter(t, 'outbox'), counter(t, 'quarantined'), counter(t, 'accepted'),
                    counter(t, 'duplicates')}
    for _, endpoint in ipairs(args) do
        local ages = {}
        for class = 0, LAST_CLASS do
            local queue = t .. ':q:' .. endpoint .. ':' .. class
            local first = redis.call('ZRANGE', queue, 0, 0)[1]
            local oldest = first and get_delivery(t, first)
            local since = oldest and select(2, message_head(t, mid_in(oldest)))
            answer[#answer + 1] = redis.call('ZCARD', queue)
            ages[#ages + 1] = since and math.max(0, now - since) or 0
        end
        for _, age in ipairs(ages) do
            answer[#answer + 1] = age
        end
        answer[#answer + 1] = counter(t, 'leased:' .. endpoint)
        answer[#answer + 1] = counter(t, 'delayed:' .. endpoint)
        answer[#answer + 1] = redis.call('ZCARD', t .. ':dq:' .. endpoint)
    end
    return answer
end})
