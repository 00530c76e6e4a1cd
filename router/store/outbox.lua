-- The outbox (what citizens are to hear) and the quarantine (what could not be understood).

local TAKE_MAX = 64
local QUARANTINE_KEPT = 1000
local QUARANTINE_HEX_MAX = 4096

local function event_seq(id)
    return tonumber(id:sub(-16))
end

-- outbox_take: channel, lanes ("e", "b" or "eb"), n, lease_ms. {{id, bytes}...}. A taken event is
-- hidden in :ol: until its lease ends, then it is given again at its old place.
redis.register_function({function_name = 'sahaya_1_outbox_take', flags = {'allow-oom'}, callback = function(keys, args)
    local t = tag_of(keys, args, 4)
    check(is_name(args[1]), 'channel')
    check(args[2] == 'e' or args[2] == 'b' or args[2] == 'eb', 'lanes')
    local n = int_arg(args[3], 1, TAKE_MAX, 'n')
    local lease_ms = int_arg(args[4], 1, DAY_MS, 'lease_ms')
    local now, answer = now_ms(t), {}

    for lane in args[2]:gmatch('.') do
        local ready = t .. ':ob:' .. args[1] .. ':' .. lane
        local taken = t .. ':ol:' .. args[1] .. ':' .. lane
        for _, id in ipairs(redis.call('ZRANGEBYSCORE', taken, '-inf', now, 'LIMIT', 0, MAX)) do
            redis.call('ZREM', taken, id)
            redis.call('ZADD', ready, event_seq(id), id)
        end
        local popped = #answer < n and redis.call('ZPOPMIN', ready, n - #answer) or {}
        for i = 1, #popped, 2 do
            local bytes = redis.call('HGET', t .. ':oe:' .. popped[i], 'b')
            if bytes then
                redis.call('ZADD', taken, now + lease_ms, popped[i])
                answer[#answer + 1] = {popped[i], bytes}
            end
        end
    end
    return answer
end})

-- outbox_ack: event id. 1, or 0 when it was acked before.
redis.register_function({function_name = 'sahaya_1_outbox_ack', flags = {'allow-oom'}, callback = function(keys, args)
    local t = tag_of(keys, args, 1)
    check(args[1]:match('^[EBR]%-%d%d%-%d+$') and #args[1] == 21, 'event id')
    local event = t .. ':oe:' .. args[1]
    local was = redis.call('HMGET', event, 'c', 'l')
    if not was[1] then
        return 0
    end
    redis.call('ZREM', t .. ':ob:' .. was[1] .. ':' .. was[2], args[1])
    redis.call('ZREM', t .. ':ol:' .. was[1] .. ':' .. was[2], args[1])
    redis.call('DEL', event)
    count(t, 'outbox', -1)
    return 1
end})

-- quarantine: source, why, length of all, hex of the first bytes.
redis.register_function('sahaya_1_quarantine', function(keys, args)
    local t = tag_of(keys, args, 4)
    check(#args[1] <= 64 and #args[2] <= 256, 'source or why')
    local len = int_arg(args[3], 0, 2 ^ 31, 'length')
    check(#args[4] <= QUARANTINE_HEX_MAX and args[4]:match('^[0-9a-f]*$'), 'bytes')
    redis.call('LPUSH', t .. ':qn', cjson.encode({at_ms = now_ms(t), source = args[1], why = args[2],
        bytes = len, hex = args[4]}))
    redis.call('LTRIM', t .. ':qn', 0, QUARANTINE_KEPT - 1)
    count(t, 'quarantined', 1)
    return 1
end)

-- quarantine_list: n. A JSON array, newest first.
redis.register_function({function_name = 'sahaya_1_quarantine_list', flags = {'no-writes'}, callback = function(keys, args)
    local t = tag_of(keys, args, 1)
    local n = int_arg(args[1], 1, MAX, 'n')
    return '[' .. table.concat(redis.call('LRANGE', t .. ':qn', 0, n - 1), ',') .. ']'
end})
