-- Incidents: linked requests, on the page of the one that carries them.
--
-- A page belongs to its main request and lies beside it; linked ones may lie under another tag, so each
-- step is idempotent and is asked for again until it is done (:iz). Nothing here delays or drops: a
-- linked request's own deliveries are held for a time and go out by themselves (HOLD of a plan).

local WORK_JOIN, WORK_TELL, WORK_FOLLOW = 1, 2, 3
local WORK_MAX, TOLD_MAX, MEMBERS_MAX, ITEMS_MAX = 16, 24, 512, 4096
local FEED_MAX, FEED_KEPT = 64, 20000
local HISTORY = {'fr', 'fa', 'np', 'ok'} -- enum sah_history_kind
local HISTORY_MS = 400 * DAY_MS

-- {set_main, left, main, told, update_ms, carried, note, sender, history, feed}
local I_SET, I_LEFT, I_MAIN, I_TOLD, I_UPDATE, I_CARRIED, I_NOTE, I_SENDER, I_HISTORY, I_FEED = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10

local function page_key(t, letter, rid)
    return t .. ':i' .. letter .. ':' .. rid
end

local function incident_check(i)
    check(type(i) == 'table' and #i == 10, 'incident')
    check(is_int(i[I_SET], 0, 1) and is_int(i[I_LEFT], 0, 2), 'incident flags')
    check(i[I_MAIN] == '' or is_id(i[I_MAIN], 'EB'), 'main request')
    check(type(i[I_TOLD]) == 'table' and #i[I_TOLD] <= TOLD_MAX, 'told')
    for _, mid in ipairs(i[I_TOLD]) do
        check(is_hex32(mid), 'told id')
    end
    check(is_int(i[I_UPDATE], 0, DAY_MS), 'update_ms')
    check(type(i[I_CARRIED]) == 'table' and #i[I_CARRIED] <= 16, 'carried')
    for _, c in ipairs(i[I_CARRIED]) do
        check(type(c) == 'table' and is_hex32(c[1]) and is_hex32(c[2]), 'carried key')
    end
    check(is_text(i[I_NOTE], 256) and is_text(i[I_FEED], 512), 'incident texts')
    check(i[I_SENDER] == '' or is_owner(i[I_SENDER]), 'sender')
    check(is_int(i[I_HISTORY], 0, #HISTORY), 'history')
end

local function work_due(t, rid, kind, due)
    redis.call('ZADD', t .. ':iz', due, rid .. '|' .. kind)
end

local function work_gone(t, rid, kind)
    redis.call('ZREM', t .. ':iz', rid .. '|' .. kind)
end

-- "member priority leaves told-by", told-by '-' until then.
local function item_read(t, rid, mid)
    local text = redis.call('HGET', page_key(t, 'm', rid), mid)
    local member, priority, leaves, told = (text or ''):match('^(%S+) (%d) (%d) (%S+)$')
    return member, tonumber(priority), tonumber(leaves), told
end

local function tell(t, c, i, now)
    local page, untold = page_key(t, 'm', c[1]), page_key(t, 'u', c[1])
    for _, mid in ipairs(i[I_TOLD]) do
        local member, priority, leaves, told = item_read(t, c[1], mid)
        if member and told == '-' then
            redis.call('HSET', page, mid, table.concat({member, priority, leaves, c[3]}, ' '))
            redis.call('LREM', untold, 1, mid)
            redis.call('RPUSH', page_key(t, 't', c[1]), mid)
        end
    end
    redis.call('HSET', page, 'lt', dec(now), 'u:' .. c[3], '')
    if redis.call('EXISTS', untold) == 0 then
        work_gone(t, c[1], WORK_TELL)
    else
        work_due(t, c[1], WORK_TELL, now + i[I_UPDATE])
    end
end

-- A delivery of an update, at whatever agency: its page knows it.
local function incident_planned(t, rid, mid, agency, key)
    local page = page_key(t, 'm', rid)
    local known = redis.call('HGET', page, 'u:' .. mid)
    if known then
        redis.call('HSET', page, 'u:' .. mid, known .. agency .. ' ' .. key .. ',')
    end
end

local function incident_fields(c, i, add)
    if i[I_SET] == 1 then
        add('mn', i[I_MAIN])
    end
    if i[I_LEFT] > 0 then
        add('lf', i[I_LEFT])
    end
    if i[I_NOTE] ~= '' then
        add('nt', i[I_NOTE])
    end
    if i[I_SENDER] ~= '' then
        add('sd', i[I_SENDER])
    end
    if c[2] > 0 and c[6] ~= '' then
        add('inc', c[6])
    end
end

-- Before the plans of the change, so that a page knows its update when they are made.
local function incident_store(t, c, i, now, sender)
    if i[I_SET] == 1 then
        if i[I_MAIN] ~= '' then
            work_due(t, c[1], WORK_JOIN, now + REFIRE_MS)
        else
            work_gone(t, c[1], WORK_JOIN)
        end
    end
    if #i[I_TOLD] > 0 and c[3] ~= '' then
        tell(t, c, i, now)
    end
    if sender and sender ~= '' then
        local key = t .. ':sh:' .. sender
        redis.call('HSETNX', key, 'fs', dec(now))
        if i[I_HISTORY] > 0 then
            redis.call('HINCRBY', key, HISTORY[i[I_HISTORY]], 1)
        end
        redis.call('PEXPIRE', key, HISTORY_MS)
    end
    if i[I_FEED] ~= '' then
        redis.call('XADD', t .. ':if', 'MAXLEN', '~', FEED_KEPT, '*', 'f', i[I_FEED])
    end
end

-- After everything else: those that are linked to it look at it again.
local function incident_changed(t, c, now)
    if (c[13] or #c[16] > 0 or c[11] >= 0) and redis.call('EXISTS', page_key(t, 'e', c[1])) == 1 then
        work_due(t, c[1], WORK_FOLLOW, now)
    end
end

local function sender_history(t, sender)
    if not sender or sender == '' then
        return '0 0 0 0 0'
    end
    local was = redis.call('HMGET', t .. ':sh:' .. sender, 'fr', 'fa', 'np', 'ok', 'fs')
    for n = 1, 5 do
        was[n] = was[n] or '0'
    end
    return table.concat(was, ' ')
end

-- Work that is due: {request, kind} for each, and again later until it is over.
local function due_works(t, now, limit, answer)
    local members = limit > 0 and redis.call('ZRANGEBYSCORE', t .. ':iz', '-inf', now, 'LIMIT', 0, limit) or {}
    for _, member in ipairs(members) do
        redis.call('ZADD', t .. ':iz', now + REFIRE_MS, member)
        answer[#answer + 1] = member:sub(1, 29)
        answer[#answer + 1] = tonumber(member:sub(31))
    end
    return #members
end

-- join: main request, message id, member, priority, leaves, at_once, update_ms. 1, or 0 no such
-- request, 2 it is closed, 3 its page is full.
redis.register_function({function_name = 'sahaya_1_join', flags = {'allow-oom'}, callback = function(keys, args)
    local t = tag_of(keys, args, 7)
    check(is_id(args[1], 'EB') and is_hex32(args[2]) and is_id(args[3], 'EB'), 'ids')
    local priority = int_arg(args[4], 0, LAST_CLASS + 1, 'priority')
    local leaves = int_arg(args[5], 0, 1, 'leaves')
    local at_once = int_arg(args[6], 0, 1, 'at_once')
    local update_ms = int_arg(args[7], 0, DAY_MS, 'update_ms')
    local rq, page, members = t .. ':rq:' .. args[1], page_key(t, 'm', args[1]), page_key(t, 'e', args[1])
    local was = redis.call('HMGET', rq, 'rev', 'cl')
    if not was[1] then
        return 0
    elseif redis.call('HEXISTS', page, args[2]) == 1 then
        return 1
    elseif (tonumber(was[2] or nil) or 0) > 0 then
        return 2
    end
    local is_new = not redis.call('ZSCORE', members, args[3])
    if is_new and leaves == 1 then
        return 1 -- it is no member any more, or never was
    elseif redis.call('HLEN', page) >= ITEMS_MAX or is_new and redis.call('ZCARD', members) >= MEMBERS_MAX then
        return 3
    end
    local now = now_ms(t)
    if is_new then
        redis.call('ZADD', members, redis.call('HINCRBY', page, 'n', 1), args[3])
        redis.call('HINCRBY', rq, 'rev', 1)
    end
    redis.call('HSET', page, args[2], table.concat({args[3], priority, leaves, '-'}, ' '))
    redis.call('RPUSH', page_key(t, 'u', args[1]), args[2])
    local last = tonumber(redis.call('HGET', page, 'lt') or nil)
    local due = now
    if at_once == 0 and last and now - last < update_ms then
        due = now < last and now + update_ms or last + update_ms
    end
    local before = tonumber(redis.call('ZSCORE', t .. ':iz', args[1] .. '|' .. WORK_TELL) or nil)
    work_due(t, args[1], WORK_TELL, math.min(due, before or due))
    audit(t, args[1], 'join', args[2], 'member=' .. args[3] .. ' leaves=' .. leaves)
    return 1
end})

local function page_items(t, rid, list, answer, updates)
    local mids = redis.call('LRANGE', page_key(t, list, rid), 0, TOLD_MAX - 1)
    local items = {}
    for _, mid in ipairs(mids) do
        local member, priority, leaves, told = item_read(t, rid, mid)
        if member then
            items[#items + 1] = {mid, member, priority, leaves, told}
            if told ~= '-' and not updates[told] then
                updates[told] = true
                updates[#updates + 1] = told
            end
        end
    end
    answer[#answer + 1] = items
end

-- page: main request. {} when there is none, else {revision, members, untold, told, updates}; an
-- update is {id, then agency, key, heard (0 pending, 1 done, 2 dead) for each}.
redis.register_function({function_name = 'sahaya_1_page', flags = {'no-writes'}, callback = function(keys, args)
    local t = tag_of(keys, args, 1)
    check(is_id(args[1], 'EB'), 'request id')
    local revision = redis.call('HGET', t .. ':rq:' .. args[1], 'rev')
    if not revision then
        return {}
    end
    local answer, updates, list = {tonumber(revision)}, {}, {}
    answer[2] = redis.call('ZRANGE', page_key(t, 'e', args[1]), 0, MEMBERS_MAX - 1)
    page_items(t, args[1], 'u', answer, updates)
    page_items(t, args[1], 't', answer, updates)
    for n, id in ipairs(updates) do
        list[n] = {id}
        local text = redis.call('HGET', page_key(t, 'm', args[1]), 'u:' .. id) or ''
        for agency, key in text:gmatch('(%S+) (%x+),') do
            local state = redis.call('HGET', t .. ':dl:' .. key, 'st') or 'done'
            list[n][#list[n] + 1] = agency
            list[n][#list[n] + 1] = key
            list[n][#list[n] + 1] = state == 'done' and 1 or state == 'dead' and 2 or 0
        end
    end
    answer[5] = list
    return answer
end})

-- page_done: main request, revision, all, number of items, their ids, then members that left.
redis.register_function({function_name = 'sahaya_1_page_done', flags = {'allow-oom'}, callback = function(keys, args)
    local t = tag_of(keys, args, #args)
    check(#args >= 4 and #args <= 4 + 2 * TOLD_MAX and is_id(args[1], 'EB'), 'page')
    local revision = int_arg(args[2], 0, 2 ^ 53, 'revision')
    local all, n = int_arg(args[3], 0, 1, 'all'), int_arg(args[4], 0, TOLD_MAX, 'items')
    for at = 5, #args do
        check(at - 4 <= n and is_hex32(args[at]) or at - 4 > n and is_id(args[at], 'EB'), 'item or member')
    end
    local rq = t .. ':rq:' .. args[1]
    for at = 5, #args do
        if at - 4 <= n then
            redis.call('LREM', page_key(t, 't', args[1]), 1, args[at])
            redis.call('LREM', page_key(t, 'u', args[1]), 1, args[at])
        elseif redis.call('ZREM', page_key(t, 'e', args[1]), args[at]) == 1 then
            redis.call('HINCRBY', rq, 'rev', 1)
            audit(t, args[1], 'left', '', 'member=' .. args[at])
        end
    end
    if all == 1 and tonumber(redis.call('HGET', rq, 'rev') or 0) == revision then
        work_gone(t, args[1], WORK_FOLLOW)
    end
    return 1
end})

-- work_over: request, kind. TELL stays while something is not told: it may have come just now.
redis.register_function({function_name = 'sahaya_1_work_over', flags = {'allow-oom'}, callback = function(keys, args)
    local t = tag_of(keys, args, 2)
    check(is_id(args[1], 'EB'), 'request id')
    local kind = int_arg(args[2], WORK_JOIN, WORK_FOLLOW, 'work')
    if kind ~= WORK_TELL or redis.call('EXISTS', page_key(t, 'u', args[1])) == 0 then
        work_gone(t, args[1], kind)
    end
    return 1
end})

-- message: request, message id. Its bytes, '' when there is none.
redis.register_function({function_name = 'sahaya_1_message', flags = {'no-writes'}, callback = function(keys, args)
    local t = tag_of(keys, args, 2)
    check(is_id(args[1], 'EB') and is_hex32(args[2]), 'ids')
    return redis.call('GETRANGE', t .. ':ms:' .. args[2], PREFIX, -1)
end})

-- feed: cursor ('' = from the beginning), window_ms, n. {cursor, row, cursor, row...}.
redis.register_function({function_name = 'sahaya_1_feed', flags = {'no-writes'}, callback = function(keys, args)
    local t = tag_of(keys, args, 3)
    check(args[1] == '' or args[1]:match('^%d+%-%d+$') and #args[1] < 24, 'cursor')
    local window, n = int_arg(args[2], 0, DAY_MS, 'window_ms'), int_arg(args[3], 1, FEED_MAX, 'n')
    local now, offset = now_ms(t, true)
    local from = args[1] ~= '' and '(' .. args[1] or dec(math.max(0, now - offset - window)) -- ids are wall time
    local answer = {}
    for _, entry in ipairs(redis.call('XRANGE', t .. ':if', from, '+', 'COUNT', n)) do
        answer[#answer + 1] = entry[1]
        answer[#answer + 1] = entry[2][2]
    end
    return answer
end})
