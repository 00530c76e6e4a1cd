-- Settling a delivery. Kinds are those of enum sah_settle_kind.

local SETTLE_DONE, SETTLE_DEAD, SETTLE_DELAY = 1, 2, 3

-- {kind, key, epoch, delay_ms, endpoint, fell_back, outcome}
local function check_settle(s)
    check(type(s) == 'table' and #s == 7, 'settle')
    check(is_int(s[1], SETTLE_DONE, SETTLE_DELAY), 'settle kind')
    check(is_hex32(s[2]), 'settle key')
    check(is_int(s[3], 0, 2 ^ 53), 'settle epoch')
    check(is_int(s[4], 0, DAY_MS), 'settle delay_ms')
    check(s[1] ~= SETTLE_DELAY or is_name(s[5]), 'settle endpoint')
    check(is_int(s[6], 0, 1), 'settle fell_back')
    check(is_int(s[7], 0, OUTCOME_LAST), 'settle outcome')
end

-- The delivery when the settle counts, nil when it is stale. Positive evidence counts whenever it
-- comes; a negative one from the live epoch only (I5).
local function settle_target(t, s, rid)
    local d = get_delivery(t, s[2])

    if not d or (rid and d.r ~= rid) then
        return nil
    elseif s[1] ~= SETTLE_DONE and (d.st ~= 'leased' or d.ep ~= s[3]) then
        return nil
    end
    return d
end

local function settle_delay(t, d, s, class, now, bound)
    leave(t, d)
    d.e = s[5]
    redis.call('HSET', d.hash, 'e', d.e)
    if s[7] ~= OUTCOME_POISON then
        redis.call('HSET', d.hash, 'ra', d.at) -- so many leases had a result
    end
    touch(t, d, class, now, bound)
    if s[4] == 0 then
        make_ready(t, d, class)
        return
    end
    redis.call('HSET', d.hash, 'st', 'delayed')
    redis.call('ZADD', t .. ':rz', now + s[4], d.key)
    count(t, 'delayed:' .. d.e, 1)
end

local function settle_over(t, d, s, class, now, bound)
    leave(t, d)
    if s[1] == SETTLE_DONE then
        redis.call('HSET', d.hash, 'st', 'done')
        redis.call('PEXPIRE', d.hash, DONE_MS)
    else
        redis.call('HSET', d.hash, 'st', 'dead', 'dw', s[7], 'da', dec(now))
        redis.call('ZADD', t .. ':dq:' .. d.e, d.q, d.key)
        redis.call('HINCRBY', t .. ':rq:' .. d.r, 'nd', 1)
        count(t, 'dead', 1)
    end
    order_remove(t, d)
    release_next(t, d.r, d.a, class, now, bound)
end

local function settle_apply(t, d, s, class, now, bound)
    if s[6] == 1 then
        redis.call('HSET', d.hash, 'fb', 1)
    end
    if d.st == 'done' then
        return -- said twice
    end
    if s[7] == OUTCOME_UNKNOWN then
        redis.call('HSET', d.hash, 'pd', 1)
    end
    if s[1] == SETTLE_DELAY then
        settle_delay(t, d, s, class, now, bound)
    else
        settle_over(t, d, s, class, now, bound)
    end
end

local function audit(t, rid, what, key, text)
    redis.call('XADD', t .. ':au', 'MAXLEN', '~', 100000, '*', 'r', rid, 'w', what, 'k', key, 'd', text)
end

-- settle: key, epoch, delay_ms, endpoint, fell_back, outcome, bound_ms. DELAY only. 1 or 0 (stale).
redis.register_function({function_name = 'sahaya_1_settle', flags = {'allow-oom'}, callback = function(keys, args)
    local t = tag_of(keys, args, 7)
    local s = {
        SETTLE_DELAY, args[1], int_arg(args[2], 0, 2 ^ 53, 'epoch'),
        int_arg(args[3], 0, DAY_MS, 'delay_ms'), args[4], int_arg(args[5], 0, 1, 'fell_back'),
        int_arg(args[6], 0, OUTCOME_LAST, 'outcome'),
    }
    check_settle(s)
    local bound = int_arg(args[7], 0, 60000, 'bound_ms')
    local d = settle_target(t, s, nil)
    if not d then
        return 0
    end
    settle_apply(t, d, s, request_class(t, d.r), now_ms(t), bound)
    audit(t, d.r, 'delay', d.key, 'outcome=' .. s[7] .. ' delay_ms=' .. dec(s[4]))
    return 1
end})
