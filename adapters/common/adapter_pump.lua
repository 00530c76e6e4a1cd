--
-- adapter_pump.lua - the second half of adapter.lua's library: what the pump calls, quarantine,
-- counts, and the names by which everything is called.
--
-- Used by: store.c and store_outbox.c. The build puts the two files together into one library:
-- what is local there is known here. Keys and promises: the head of adapter.lua.
--

-- Outbox: what the pump calls -------------------------------------------------------------

local function come_home(b, now)
    for _, cls in ipairs(CLASSES) do
        local function past(set)
            return redis.call('ZRANGEBYSCORE', b .. set .. cls, '-inf', now, 'LIMIT', 0, 100)
        end
        for _, sender in ipairs(past('ob:l:')) do
            end_lease(b, cls, sender)
            arm(b, cls, sender, 0, now)
        end
        for _, sender in ipairs(past('ob:w:')) do
            arm(b, cls, sender, 0, now)
        end
    end
end

local function wait_ms(b, now)
    local first = -1
    for _, set in ipairs({'ob:w:e', 'ob:w:b', 'ob:l:e', 'ob:l:b'}) do
        local m = redis.call('ZRANGE', b .. set, 0, 0, 'WITHSCORES')
        if m[2] then
            local left = math.max(0, tonumber(m[2]) - now)
            first = first < 0 and left or math.min(first, left)
        end
    end
    return first
end

-- slots, slots bulk may use, lease ms
--   -> ms until more is due (-1 = nothing waits), 1 = looked at enough and call again, then
--   key, class, epoch, tries, json ...
local function lease(keys, args)
    local b = keys[1]
    local slots, bulk = whole(args[1] or '', 0, 100), whole(args[2] or '', 0, 100)
    local ms = whole(args[3] or '', 1, DAY_MS)
    if #args ~= 3 or not slots or not bulk or not ms then
        return malformed('lease')
    end
    local now = now_ms()
    local out = {0, 0}
    local looked = 0
    come_home(b, now)
    for _, cls in ipairs(CLASSES) do
        local left = cls == 'e' and slots or math.min(slots, bulk)
        while left > 0 do
            local sender = redis.call('ZPOPMIN', b .. 'ob:h:' .. cls)[1]
            if not sender then
                break
            end
            looked = looked + 1
            local key, _, account = head(b, cls, sender)
            if key and held_until(b, sender, account) > now then
                arm(b, cls, sender, 0, now)
            elseif key then
                local epoch = redis.call('HINCRBY', b .. 'ob:r:' .. key, 'epoch', 1)
                local r = redis.call('HMGET', b .. 'ob:r:' .. key, 'tries', 'json')
                redis.call('ZADD', b .. 'ob:l:' .. cls, now + ms, sender)
                redis.call('HSET', b .. 'ob:c:' .. cls, sender, key)
                for _, v in ipairs({key, cls, epoch, tonumber(r[1]), r[2]}) do
                    out[#out + 1] = v
                end
                left = left - 1
                slots = slots - 1
            end
            if looked >= 200 then
                out[2] = 1
                break
            end
        end
    end
    out[1] = wait_ms(b, now)
    return out
end

-- key, the channel's own message id: positive evidence counts whenever it comes
local function done(keys, args)
    local b = keys[1]
    if #args ~= 2 then
        return malformed('done')
    end
    local r = redis.call('HMGET', b .. 'ob:r:' .. args[1], 'cls', 'sender', 'sup')
    if not r[1] then
        return {'GONE'}
    end
    leave(b, args[1], r[1], r[2], r[3], now_ms())
    redis.call('HSET', b .. 'ob:r:' .. args[1], 'channel_message', args[2])
    return {'OK'}
end

-- key: this reply went out while Redis was away, so it is sent no more
local function told(keys, args)
    local b = keys[1]
    if #args ~= 1 or args[1] == '' then
        return malformed('told')
    end
    local r = redis.call('HMGET', b .. 'ob:r:' .. args[1], 'cls', 'sender', 'sup')
    if r[1] then
        leave(b, args[1], r[1], r[2], r[3], now_ms())
    else
        redis.call('HSET', b .. 'ob:r:' .. args[1], 'gone', '1')
        redis.call('PEXPIRE', b .. 'ob:r:' .. args[1], DAY_MS)
    end
    return {'OK'}
end

-- Negative evidence counts only from the live lease.
local function live(b, key, epoch)
    local r = redis.call('HMGET', b .. 'ob:r:' .. key, 'cls', 'sender', 'epoch', 'sup',
        'account', 'json', 'at')
    if not r[1] or r[3] ~= epoch or redis.call('HGET', b .. 'ob:c:' .. r[1], r[2]) ~= key then
        return nil
    end
    return {cls = r[1], sender = r[2], sup = r[4], account = r[5], json = r[6], at = r[7]}
end

-- key, epoch, delay ms, 1 = counts as a try
local function retry(keys, args)
    local b = keys[1]
    local delay = whole(args[3] or '', 0, DAY_MS)
    if #args ~= 4 or not delay then
        return malformed('retry')
    end
    local r = live(b, args[1], args[2])
    if not r then
        return {'GONE'}
    end
    local now = now_ms()
    if args[4] == '1' then
        redis.call('HINCRBY', b .. 'ob:r:' .. args[1], 'tries', 1)
    end
    end_lease(b, r.cls, r.sender)
    arm(b, r.cls, r.sender, now + delay, now)
    return {'OK'}
end

-- key, epoch, sender|account, delay ms
local function hold(keys, args)
    local b = keys[1]
    local delay = whole(args[4] or '', 1, DAY_MS)
    if #args ~= 4 or not delay or (args[3] ~= 'sender' and args[3] ~= 'account') then
        return malformed('hold')
    end
    local r = live(b, args[1], args[2])
    if not r then
        return {'GONE'}
    end
    local now = now_ms()
    local key = args[3] == 'sender' and 'ob:hs:' .. r.sender or 'ob:ha:' .. r.account
    redis.call('SET', b .. key, now + delay, 'PX', delay)
    end_lease(b, r.cls, r.sender)
    arm(b, r.cls, r.sender, 0, now)
    return {'OK'}
end

-- key, epoch, code
local function dead(keys, args)
    local b = keys[1]
    if #args ~= 3 or not whole(args[3], -2147483648, 2147483647) then
        return malformed('dead')
    end
    local r = live(b, args[1], args[2])
    if not r then
        return {'GONE'}
    end
    local now = now_ms()
    redis.call('LPUSH', b .. 'ob:d', '{"dead_ms":' .. string.format('%.0f', now)
        .. ',"queued_ms":' .. r.at .. ',"class":"' .. r.cls .. '","code":' .. args[3]
        .. ',"reply":' .. r.json .. '}')
    redis.call('LTRIM', b .. 'ob:d', 0, KEPT - 1)
    redis.call('INCR', b .. 'n:dead')
    leave(b, args[1], r.cls, r.sender, r.sup, now)
    return {'OK'}
end

-- Quarantine and counts -------------------------------------------------------------------

local function quarantine_add(keys, args)
    if #args ~= 1 or args[1] == '' then
        return malformed('quarantine')
    end
    redis.call('LPUSH', keys[1] .. 'qn', args[1])
    redis.call('LTRIM', keys[1] .. 'qn', 0, KEPT - 1)
    redis.call('INCR', keys[1] .. 'n:quarantine')
    return {'OK'}
end

local function quarantine_list(keys, args)
    local n = whole(args[1] or '', 1, KEPT)
    if #args ~= 1 or not n then
        return malformed('quarantine list')
    end
    return redis.call('LRANGE', keys[1] .. 'qn', 0, n - 1)
end

local function age_of(b, set, record, now)
    local first = redis.call('ZRANGE', b .. set, 0, 0)[1]
    local at = first and redis.call('HGET', b .. record .. first, 'at')
    return at and math.max(0, now - tonumber(at)) or 0
end

-- Numbers in the order of enum sah_ad_stat (adapter_priv.h); O(1) in everything that is stored.
local function stats(keys, args)
    local b = keys[1]
    local now = now_ms()
    local function count(name)
        return tonumber(redis.call('GET', b .. 'n:' .. name) or '0')
    end
    return {
        redis.call('ZCARD', b .. 'psz:e'), redis.call('ZCARD', b .. 'psz:b'),
        age_of(b, 'psz:e', 'ps:', now), age_of(b, 'psz:b', 'ps:', now),
        redis.call('ZCARD', b .. 'ob:q:e'), redis.call('ZCARD', b .. 'ob:q:b'),
        age_of(b, 'ob:q:e', 'ob:r:', now), age_of(b, 'ob:q:b', 'ob:r:', now),
        redis.call('ZCARD', b .. 'ob:l:e') + redis.call('ZCARD', b .. 'ob:l:b'),
        redis.call('LLEN', b .. 'ob:d'), redis.call('LLEN', b .. 'qn'),
        count('stale'), count('dead'), count('quarantine'),
        tonumber(redis.call('GET', b .. 'hc') or '0'), count('rehanded'),
        count('handed_dropped'),
    }
end

local function step(kind)
    return function(keys, args)
        return change(kind, keys, args)
    end
end

redis.register_function('sah_ad1_load', load_conversation)
redis.register_function('sah_ad1_commit', step('dd:'))
redis.register_function('sah_ad1_event', step('ev:'))
redis.register_function('sah_ad1_settled', step('ps:'))
redis.register_function('sah_ad1_relane', relane)
redis.register_function('sah_ad1_pending', pending)
redis.register_function('sah_ad1_rehand', rehand)
redis.register_function('sah_ad1_rehand_one', rehand_one)
redis.register_function('sah_ad1_trim_handed', trim_handed)
redis.register_function('sah_ad1_told', told)
redis.register_function('sah_ad1_lease', lease)
redis.register_function('sah_ad1_done', done)
redis.register_function('sah_ad1_retry', retry)
redis.register_function('sah_ad1_hold', hold)
redis.register_function('sah_ad1_dead', dead)
redis.register_function('sah_ad1_quarantine', quarantine_add)
redis.register_function('sah_ad1_quarantine_list', quarantine_list)
redis.register_function('sah_ad1_stats', stats)
-- Writes nothing, and is refused whenever a write would be: without the flag no-writes.
redis.register_function('sah_ad1_probe', function() return REVISION end)
