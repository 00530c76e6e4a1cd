-- What at most one open request has: a connection with a booking, and for a short time the words of one
-- sender. Which request has it is written with that request, so two routers cannot give it twice.
--
-- A closed request has nothing: its keys are taken away with it, and one that is opened again has what
-- nobody took meanwhile. Under one tag only: the same connection from senders of two partitions is two.

local X_KEY, X_MS, X_REPEATED = 1, 2, 3 -- {hash or '', ms (0 = while it is open), repeated}
local EXACT_MAX = 4

local function exact_key(t, hash)
    return t .. ':xk:' .. hash
end

local function exact_check(x)
    check(type(x) == 'table' and #x == 3, 'exact')
    check(x[X_KEY] == '' or is_hex32(x[X_KEY]), 'exact key')
    check(is_int(x[X_MS], 0, DAY_MS) and is_int(x[X_REPEATED], 0, 1), 'exact ms')
end

-- The open request that has it and is not this one; nil when this one may.
local function exact_holder(t, rid, x)
    local holder = x[X_KEY] ~= '' and redis.call('GET', exact_key(t, x[X_KEY]))
    if not holder or holder == rid then
        return nil
    end
    local was = redis.call('HMGET', t .. ':rq:' .. holder, 'rev', 'cl')
    return was[1] and (tonumber(was[2] or nil) or 0) == 0 and holder or nil
end

local function exact_list(t, rid)
    local list = {}
    for hash in (redis.call('HGET', t .. ':rq:' .. rid, 'xk') or ''):gmatch('%x+') do
        list[#list + 1] = hash
    end
    return list
end

local function exact_take(t, rid, x)
    if x[X_KEY] == '' then
        return
    elseif x[X_MS] > 0 then
        redis.call('SET', exact_key(t, x[X_KEY]), rid, 'PX', x[X_MS])
        return
    end
    local list = exact_list(t, rid)
    for _, hash in ipairs(list) do
        if hash == x[X_KEY] then
            return
        end
    end
    if #list < EXACT_MAX then
        list[#list + 1] = x[X_KEY]
        redis.call('SET', exact_key(t, x[X_KEY]), rid)
        redis.call('HSET', t .. ':rq:' .. rid, 'xk', table.concat(list, ','))
    end
end

-- After the request is written. closed: -1 as it is, 0 opened again, else closed.
local function exact_store(t, rid, x, closed)
    exact_take(t, rid, x)
    if x[X_REPEATED] == 1 then
        redis.call('HINCRBY', t .. ':rq:' .. rid, 'rc', 1)
    end
    for _, hash in ipairs(closed >= 0 and exact_list(t, rid) or {}) do
        local key = exact_key(t, hash)
        if closed == 0 then
            redis.call('SET', key, rid, 'NX')
        elseif redis.call('GET', key) == rid then
            redis.call('DEL', key)
        end
    end
end
