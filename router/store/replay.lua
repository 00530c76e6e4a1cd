-- Dead letters: listed, made ready again, or put away. Replaying is a plan of a change (commit.lua), so
-- that the state of the request's line and the delivery change in one step; a plan of what is not
-- dead changes nothing, so saying it twice is harmless.

local AGAIN_REPLAY, AGAIN_OVER = 2, 3 -- of a plan; 1 is plan_again
local DEAD_MAX, ENDPOINTS_MAX = 100, 512

-- Ready at the endpoint the plan names, as if it had never been tried, under its own key with the next
-- epoch. P0-P2 stand where they stood. Bulk goes to the end, so that ten thousand of them do not
-- overtake what is fresh.
local function plan_replay(t, d, p, class, now, bound)
    if d.st ~= 'dead' then
        return
    end
    leave(t, d)
    redis.call('HDEL', d.hash, 'f1', 'ws', 'ra', 'fb', 'dw', 'da')
    if p[8] == AGAIN_OVER then
        redis.call('HSET', d.hash, 'st', 'done')
        redis.call('PEXPIRE', d.hash, DONE_MS)
        return
    end
    if class > 2 then
        d.q = redis.call('INCR', t .. ':seq')
    end
    d.e, d.f1, d.ws = p[3], nil, nil
    redis.call('HSET', d.hash, 'e', d.e, 'ep', d.ep + 1, 'at', 0, 'pd', 1, 'q', d.q, 'rp', dec(now))
    order_add(t, d)
    ready_or_wait(t, d, class, now, bound)
end

-- dead: endpoint, how many to skip, n. {total, then {key, request, agency, message id, kind, sequence,
-- priority, attempts, accepted ms, dead ms, why} for each}, oldest place first; why is an enum
-- sah_answer_kind, or 0 with dead ms 0 when its request or message was damaged.
redis.register_function({function_name = 'sahaya_1_dead', flags = {'no-writes'}, callback = function(keys, args)
    local t = tag_of(keys, args, 3)
    check(is_name(args[1]), 'endpoint')
    local skip = int_arg(args[2], 0, 2 ^ 31, 'skip')
    local n = int_arg(args[3], 1, DEAD_MAX, 'n')
    local _, offset = now_ms(t, true)
    local set = t .. ':dq:' .. args[1]
    local answer = {redis.call('ZCARD', set)}
    for _, key in ipairs(redis.call('ZRANGE', set, skip, skip + n - 1)) do
        local d = get_delivery(t, key)
        if d then
            local was = redis.call('HMGET', d.hash, 'dw', 'da')
            local at = tonumber(was[2] or nil)
            local _, accepted = message_head(t, mid_in(d))
            answer[#answer + 1] = {key, d.r, d.a, mid_in(d), d.k, d.s, request_class(t, d.r) + 1, d.at,
                                   math.max(0, (accepted or 0) - offset), at and math.max(0, at - offset) or 0, tonumber(was[1] or 0)}
        end
    end
    return answer
end})

-- endpoints: every endpoint that ever had a delivery, in no order.
redis.register_function({function_name = 'sahaya_1_endpoints', flags = {'no-writes'}, callback = function(keys, args)
    local t = tag_of(keys, args, 0)
    return redis.call('SRANDMEMBER', t .. ':en', ENDPOINTS_MAX)
end})
