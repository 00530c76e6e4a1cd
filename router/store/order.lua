-- Order (I10): unsettled deliveries of one request at one agency go out in sequence.
--
-- Field h:<agency> of the request says what is unsettled there: absent = nothing; sixteen bytes, the
-- delivery's key, and its sequence when that is not 1 = one delivery, the usual case, which costs no
-- key of its own; "*" = several, listed in the sorted set :or:<request>:<agency>.

local function order_set(t, rid, agency)
    return t .. ':or:' .. rid .. ':' .. agency
end

local HALF = '>I4I4I4I4'

local function held_of(key, seq)
    local function part(from)
        return tonumber(key:sub(from, from + 7), 16)
    end
    return struct.pack(HALF, part(1), part(9), part(17), part(25)) .. (seq == USUAL.s and '' or dec(seq))
end

local function held_key(held)
    return string.format('%08x%08x%08x%08x', struct.unpack(HALF, held))
end

local function order_add(t, d)
    local rq, field = t .. ':rq:' .. d.r, 'h:' .. d.a
    local held = redis.call('HGET', rq, field)

    if not held then
        redis.call('HSET', rq, field, held_of(d.key, d.s))
        return
    end
    local set = order_set(t, d.r, d.a)
    if held ~= '*' then
        redis.call('ZADD', set, tonumber(held:sub(17)) or USUAL.s, held_key(held))
        redis.call('HSET', rq, field, '*')
    end
    redis.call('ZADD', set, d.s, d.key)
end

local function order_remove(t, d)
    local rq, field = t .. ':rq:' .. d.r, 'h:' .. d.a
    local held = redis.call('HGET', rq, field)

    if held == '*' then
        local set = order_set(t, d.r, d.a)
        redis.call('ZREM', set, d.key)
        if redis.call('EXISTS', set) == 0 then
            redis.call('HDEL', rq, field)
        end
    elseif held and held_key(held) == d.key then
        redis.call('HDEL', rq, field)
    end
end

-- The first MAX unsettled deliveries of a request at an agency, in order, from `rank` on.
local function order_list(t, rid, agency, rank)
    local held = redis.call('HGET', t .. ':rq:' .. rid, 'h:' .. agency)
    if held == '*' then
        return redis.call('ZRANGE', order_set(t, rid, agency), rank, rank + MAX - 1)
    elseif held and rank == 0 then
        return {held_key(held)}
    end
    return {}
end

-- When the first of those before `rank` was first leased or delayed. One that was done, goes out once more
-- and was not tried since is passed over: the agency has it, and it starts no bound.
local function head_since(t, set, rank)
    for _, key in ipairs(redis.call('ZRANGE', set, 0, math.min(rank, MAX) - 1)) do
        local was = redis.call('HMGET', t .. ':dl:' .. key, 'f1', 'at')
        if was[1] or (tonumber(was[2] or nil) or USUAL.at) == 0 then
            return tonumber(was[1] or nil)
        end
    end
    return nil
end

-- 0: it may go. A number: it goes at that time. nil: when an earlier one is over.
-- P0 and P1 wait at most `bound` ms after the one just before was first leased or delayed, and
-- at most `bound` ms in all once the first of them was; the time in :wz stands, whoever is first then.
local function hold_until(t, d, class, now, bound)
    local set = order_set(t, d.r, d.a)
    local rank = redis.call('ZRANK', set, d.key)

    if not rank or rank == 0 then
        return 0
    elseif class > 1 then
        return nil
    end
    local head_ms = head_since(t, set, rank)
    local before = redis.call('ZRANGE', set, rank - 1, rank - 1)[1]
    local before_ms = tonumber(redis.call('HGET', t .. ':dl:' .. before, 'f1') or nil)
    local due
    if head_ms then
        due = math.max(d.ws or now, head_ms) + bound
    end
    if before_ms then
        due = math.min(due or before_ms + bound, before_ms + bound)
    end
    local told = tonumber(redis.call('ZSCORE', t .. ':wz', d.key) or nil)
    if told then
        due = math.min(due or told, told)
    end
    if due and due <= now then
        return 0
    end
    return due
end

-- Ready when it may go, else waiting for its turn.
local function ready_or_wait(t, d, class, now, bound)
    local due = hold_until(t, d, class, now, bound)

    if due == 0 then
        redis.call('ZREM', t .. ':wz', d.key)
        make_ready(t, d, class)
        return true
    end
    if d.st ~= 'waiting' then
        redis.call('HSET', d.hash, 'st', 'waiting', 'ws', now)
        d.st, d.ws = 'waiting', now
    end
    if due then
        redis.call('ZADD', t .. ':wz', due, d.key)
    end
    return false
end

-- An earlier one is over: the first that waits behind it is looked at.
local function release_next(t, rid, agency, class, now, bound)
    for _, key in ipairs(order_list(t, rid, agency, 0)) do
        if redis.call('HGET', t .. ':dl:' .. key, 'st') == 'waiting' then
            ready_or_wait(t, get_delivery(t, key), class, now, bound)
            return
        end
    end
end

-- A first lease or delay starts the bound for those that wait behind.
local function touch(t, d, class, now, bound)
    if d.f1 then
        return
    end
    redis.call('HSET', d.hash, 'f1', now)
    d.f1 = now
    if class > 1 then
        return
    end
    local rank = redis.call('ZRANK', order_set(t, d.r, d.a), d.key)
    if not rank then
        return
    end
    for _, key in ipairs(order_list(t, d.r, d.a, rank + 1)) do
        if redis.call('HGET', t .. ':dl:' .. key, 'st') == 'waiting' then
            redis.call('ZADD', t .. ':wz', 'LT', now + bound, key)
        end
    end
end
