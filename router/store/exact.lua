-- What at most one open request has: a connection with a booking, and for a short time the words of one
-- sender. Which request has it is written with that request, so two routers cannot give it twice.
--
-- A closed request has nothing: its keys are taken away with it, and one that is opened again has what
-- nobody took meanwhile. Under one tag only: the same connection from senders of two partitions is two.

local X_KEY, X_MS, X_REPEATED = 1, 2, 3 -- {hash or '', ms (0 = while it is open), repeated}
local EXACT_MAX = 4

-- Words have a key of their own, for they are forgotten soon. Connections share hashes of a few, which cost
-- a third of a key each: a million bookings may wait.
local function words_key(t, x)
    return t .. ':xw:' .. x[X_KEY]
end

local function exact_key(t, hash)
    return t .. ':xk:' .. hash:sub(1, 4), bytes_of(hash:sub(5))
end

local function exact_check(x)
    check(type(x) == 'table' and #x == 3, 'exact')
    check(x[X_KEY] == '' or is_hex32(x[X_KEY]), 'exact key')
    check(is_int(x[X_MS], 0, DAY_MS) and is_int(x[X_REPEATED], 0, 1), 'exact ms')
end

-- The open request that has it and is not this one; nil when this one may.
local function exact_holder(t, rid, x)
    local holder
    if x[X_KEY] ~= '' then
        holder = x[X_MS] > 0 and redis.call('GET', words_key(t, x)) or x[X_MS] == 0 and redis.call('HGET', exact_key(t, x[X_KEY]))
    end
    if not holder or holder == rid then
        return nil
    end
    local was = redis.call('HMGET', t .. ':rq:' .. holder, 'rev', 'cl')
    return was[1] and (tonumber(was[2] or nil) or 0) == 0 and holder or nil
end

local function exact_list(t, rid)
    local list, packed = {}, redis.call('HGET', t .. ':rq:' .. rid, 'xk') or ''
    for at = 1, #packed, 16 do
        list[#list + 1] = packed:sub(at, at + 15):gsub('.', function(byte)
            return string.format('%02x', byte:byte())
        end)
    end
    return list, packed
end

local function exact_take(t, rid, x)
    if x[X_KEY] == '' then
        return
    elseif x[X_MS] > 0 then
        redis.call('SET', words_key(t, x), rid, 'PX', x[X_MS])
        return
    end
    local list, packed = exact_list(t, rid)
    for _, hash in ipairs(list) do
        if hash == x[X_KEY] then
            return
        end
    end
    if #list < EXACT_MAX then
        local key, field = exact_key(t, x[X_KEY])
        redis.call('HSET', key, field, rid)
        redis.call('HSET', t .. ':rq:' .. rid, 'xk', packed .. bytes_of(x[X_KEY]))
    end
end

-- After the request is written. closed: -1 as it is, 0 opened again, else closed.
local function exact_store(t, rid, x, closed)
    exact_take(t, rid, x)
    if x[X_REPEATED] == 1 then
        redis.call('HINCRBY', t .. ':rq:' .. rid, 'rc', 1)
    end
    for _, hash in ipairs(closed >= 0 and exact_list(t, rid) or {}) do
        local key, field = exact_key(t, hash)
        if closed == 0 then
            redis.call('HSETNX', key, field, rid)
        elseif redis.call('HGET', key, field) == rid then
            redis.call('HDEL', key, field)
        end
    end
end
