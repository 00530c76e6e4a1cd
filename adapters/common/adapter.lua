#!lua name=sahaya_adapter_1
--
-- adapter.lua - every change of an adapter's state, each one atomic (I1, I8).
--
-- Owns:    all keys under KEYS[1], which is `ch:<channel>:{pNN}:`. The tag keeps a partition's
--          keys in one slot; every other key is derived from KEYS[1] under the same tag.
-- Used by: store.c and store_outbox.c, one FCALL a step. adapter_pump.lua is its second half.
-- The number in the names is the version: two of them run side by side during an upgrade.
-- Never:   writes before the last check has passed: nothing rolls back.
--
--   dd:<message id>         this message is committed (10 days)
--   ev:<lane><event id>     this outbox event is committed (10 days)
--   cv:<sender>             conversation: rev, json (30 days idle)
--   ps:<pid>                pending submit: sender, lane, bytes, seq, at.
--                           pid = <message id>:<index>
--   psz:<lane>              pids by seq; psn: the last seq. lane is e or b
--   ho:<pid>                handed over, a router has it: sender, lane, bytes, rid, run (of the
--                           router's store; "" = in its journal), aseq, at
--   hf:<rid>                pids of that request, in the order they were handed over first
--   hd                      request ids by when they may be forgotten: 10 days after the first
--                           message, or 24 h after the final state
--   hr:<lane>:<run>         request ids by the last hand-over under that run; hs:<lane>: the runs
--   ha:<lane>               request ids by age (the cap drops from its start); hn: its numbers;
--                           hc: how many ho: there are
--   ob:r:<key>              reply: cls, sender, account, sup, json, seq, at, tries, epoch;
--                           after it was sent a day's tombstone: the same key is sent once
--   ob:q:<cls>              unsent keys by seq, of all citizens (depth, oldest). cls is e or b
--   ob:s:<cls>:<sender>     unsent keys by seq, of one citizen: a row
--   ob:h:<cls>              rows that may send now, by the seq of their first key
--   ob:w:<cls>              rows that wait (retry, hold), by the time they may
--   ob:l:<cls>, ob:c:<cls>  rows with a reply in flight: by the end of the lease; and its key
--   ob:t:<sender>:<tag>     the newest key with that `supersedes` tag
--   ob:hs:<sender>, ob:ha:<account>   held until this time
--   ob:d, qn                dead letters, quarantine: the newest 1,000. n:<name>: counters
--
-- A row is in exactly one of ob:h, ob:w, ob:l, or it is empty. One reply is in flight for each
-- citizen and class, so replies keep their order and an emergency never waits for a bulk
-- reply (I7).

-- Told by the probe. Raised with each change that an older adapter must not undo or live with.
local REVISION = 2

local DAY_MS = 86400000
local DEDUPE_MS = 10 * DAY_MS
local IDLE_MS = 30 * DAY_MS
local KEPT = 1000
local CLASSES = {'e', 'b'}

local function now_ms()
    local t = redis.call('TIME')
    return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function malformed(what)
    return redis.error_reply('SAHAYA malformed ' .. what)
end

local function whole(text, min, max)
    local n = tonumber(text)
    if n == nil or n ~= math.floor(n) or n < min or n > max then
        return nil
    end
    return n
end

local function is_class(text)
    return text == 'e' or text == 'b'
end

-- Handed over: kept until the router's store can no longer lose it ---------------------------

local function forget_run(b, lane, run)
    if redis.call('EXISTS', b .. 'hr:' .. lane .. ':' .. run) == 0 then
        redis.call('SREM', b .. 'hs:' .. lane, run)
    end
end

local function unhand(b, pid, rid, lane, run)
    redis.call('ZREM', b .. 'hr:' .. lane .. ':' .. run, rid)
    forget_run(b, lane, run)
    redis.call('DEL', b .. 'ho:' .. pid)
    redis.call('DECR', b .. 'hc')
end

local function forget_request(b, rid)
    local n = 0
    for _, pid in ipairs(redis.call('ZRANGE', b .. 'hf:' .. rid, 0, -1)) do
        local h = redis.call('HMGET', b .. 'ho:' .. pid, 'lane', 'run')
        if h[1] then
            unhand(b, pid, rid, h[1], h[2])
            n = n + 1
        end
    end
    redis.call('DEL', b .. 'hf:' .. rid)
    redis.call('ZREM', b .. 'hd', rid)
    redis.call('ZREM', b .. 'ha:e', rid)
    redis.call('ZREM', b .. 'ha:b', rid)
    return n
end

-- The pending submit becomes a record; the request itself and the newest 63 after it are kept.
local function record(b, pid, h, now)
    local p = redis.call('HMGET', b .. 'ps:' .. pid, 'sender', 'bytes', 'lane')
    local family = b .. 'hf:' .. h.rid
    local n = redis.call('INCR', b .. 'hn')
    if redis.call('ZCARD', family) >= 64 and not redis.call('ZSCORE', family, pid) then
        local old = redis.call('ZRANGE', family, 1, 1)[1]
        local o = redis.call('HMGET', b .. 'ho:' .. old, 'lane', 'run')
        if o[1] then
            redis.call('DEL', b .. 'ho:' .. old)
            redis.call('DECR', b .. 'hc')
        end
        redis.call('ZREM', family, old)
    end
    if redis.call('EXISTS', b .. 'ho:' .. pid) == 0 then
        redis.call('INCR', b .. 'hc')
    end
    redis.call('HSET', b .. 'ho:' .. pid, 'sender', p[1], 'bytes', p[2], 'lane', h.lane,
        'rid', h.rid, 'run', h.run, 'aseq', h.aseq, 'at', now)
    redis.call('ZADD', family, 'NX', n, pid)
    redis.call('ZADD', b .. 'hd', 'NX', now + DEDUPE_MS, h.rid)
    redis.call('ZADD', b .. 'hr:' .. h.lane .. ':' .. h.run, now, h.rid)
    redis.call('SADD', b .. 'hs:' .. h.lane, h.run)
    redis.call('ZADD', b .. 'ha:' .. h.lane, 'NX', n, h.rid)
end

-- Outbox: rows ----------------------------------------------------------------------------

local function drop(b, key, cls, sender, sup)
    redis.call('ZREM', b .. 'ob:s:' .. cls .. ':' .. sender, key)
    redis.call('ZREM', b .. 'ob:q:' .. cls, key)
    if sup ~= '' and redis.call('GET', b .. 'ob:t:' .. sender .. ':' .. sup) == key then
        redis.call('DEL', b .. 'ob:t:' .. sender .. ':' .. sup)
    end
    redis.call('DEL', b .. 'ob:r:' .. key)
    redis.call('HSET', b .. 'ob:r:' .. key, 'gone', '1')
    redis.call('PEXPIRE', b .. 'ob:r:' .. key, DAY_MS)
end

-- The row's first reply that is still worth sending; those made stale by a newer one go here.
local function head(b, cls, sender)
    while true do
        local row = b .. 'ob:s:' .. cls .. ':' .. sender
        local first = redis.call('ZRANGE', row, 0, 0, 'WITHSCORES')
        if first[1] == nil then
            return nil
        end
        local r = redis.call('HMGET', b .. 'ob:r:' .. first[1], 'sup', 'account')
        local sup = r[1] or ''
        local newest = sup ~= '' and redis.call('GET', b .. 'ob:t:' .. sender .. ':' .. sup)
        if not newest or newest == first[1] then
            return first[1], first[2], r[2] or ''
        end
        drop(b, first[1], cls, sender, sup)
        redis.call('INCR', b .. 'n:stale')
    end
end

local function held_until(b, sender, account)
    local s = tonumber(redis.call('GET', b .. 'ob:hs:' .. sender) or '0')
    local a = tonumber(redis.call('GET', b .. 'ob:ha:' .. account) or '0')
    return math.max(s, a)
end

-- Puts a row that has nothing in flight where it belongs.
local function arm(b, cls, sender, due, now)
    redis.call('ZREM', b .. 'ob:h:' .. cls, sender)
    redis.call('ZREM', b .. 'ob:w:' .. cls, sender)
    local key, seq, account = head(b, cls, sender)
    if key == nil then
        return
    end
    due = math.max(due, held_until(b, sender, account))
    if due > now then
        redis.call('ZADD', b .. 'ob:w:' .. cls, due, sender)
    else
        redis.call('ZADD', b .. 'ob:h:' .. cls, seq, sender)
    end
end

local function end_lease(b, cls, sender)
    redis.call('ZREM', b .. 'ob:l:' .. cls, sender)
    redis.call('HDEL', b .. 'ob:c:' .. cls, sender)
end

-- One reply leaves its row, whatever the row is doing.
local function leave(b, key, cls, sender, sup, now)
    local current = redis.call('HGET', b .. 'ob:c:' .. cls, sender)
    local first = redis.call('ZRANGE', b .. 'ob:s:' .. cls .. ':' .. sender, 0, 0)[1]
    drop(b, key, cls, sender, sup)
    if current == key then
        end_lease(b, cls, sender)
        arm(b, cls, sender, 0, now)
    elseif not current and first == key then
        arm(b, cls, sender, 0, now)
    end
end

local function enqueue(b, r, now)
    if redis.call('EXISTS', b .. 'ob:r:' .. r.key) == 1 then
        return 0
    end
    local seq = redis.call('INCR', b .. 'ob:n')
    redis.call('HSET', b .. 'ob:r:' .. r.key, 'cls', r.cls, 'sender', r.sender,
        'account', r.account, 'sup', r.sup, 'json', r.json, 'seq', seq, 'at', now,
        'tries', 0, 'epoch', 0)
    redis.call('ZADD', b .. 'ob:s:' .. r.cls .. ':' .. r.sender, seq, r.key)
    redis.call('ZADD', b .. 'ob:q:' .. r.cls, seq, r.key)
    if r.sup ~= '' then
        local tag = b .. 'ob:t:' .. r.sender .. ':' .. r.sup
        local old = redis.call('GET', tag)
        redis.call('SET', tag, r.key)
        local cls = old and redis.call('HGET', b .. 'ob:r:' .. old, 'cls')
        -- One that is in flight stays until its answer; a retry of it is dropped by head().
        if cls and redis.call('HGET', b .. 'ob:c:' .. cls, r.sender) ~= old then
            leave(b, old, cls, r.sender, '', now)
            redis.call('INCR', b .. 'n:stale')
        end
    end
    if not redis.call('HGET', b .. 'ob:c:' .. r.cls, r.sender)
        and not redis.call('ZSCORE', b .. 'ob:w:' .. r.cls, r.sender) then
        arm(b, r.cls, r.sender, 0, now)
    end
    return 1
end

-- Messages, events, submits ---------------------------------------------------------------

local function pending_of(b, pid, out)
    local p = redis.call('HMGET', b .. 'ps:' .. pid, 'lane', 'sender', 'seq', 'bytes')
    if p[1] then
        out[#out + 1] = pid
        out[#out + 1] = p[1]
        out[#out + 1] = p[2]
        out[#out + 1] = p[3]
        out[#out + 1] = p[4]
    end
end

local function seen_answer(b, gate)
    local out = {'SEEN'}
    if string.sub(gate, 1, 3) == 'dd:' then
        for i = 0, 2 do
            pending_of(b, string.sub(gate, 4) .. ':' .. i, out)
        end
    end
    return out
end

-- sender, gate (dd:..., ev:... or "")
--   -> SEEN and the message's pending submits, or NEW, rev, json
local function load_conversation(keys, args)
    local b = keys[1]
    if #args ~= 2 or args[1] == '' then
        return malformed('load')
    end
    if args[2] ~= '' and redis.call('EXISTS', b .. args[2]) == 1 then
        return seen_answer(b, args[2])
    end
    local c = redis.call('HMGET', b .. 'cv:' .. args[1], 'rev', 'json')
    return {'NEW', c[1] or '0', c[2] or ''}
end

local function read_replies(args, i)
    local n = whole(args[i], 0, 4)
    if n == nil or #args < i + n * 6 then
        return nil
    end
    local out = {}
    i = i + 1
    for k = 1, n do
        local r = {key = args[i], cls = args[i + 1], sender = args[i + 2],
            account = args[i + 3], sup = args[i + 4], json = args[i + 5]}
        if r.key == '' or not is_class(r.cls) or r.sender == '' or r.json == '' then
            return nil
        end
        out[k] = r
        i = i + 6
    end
    return out, i
end

local function read_submits(args, i)
    local n = whole(args[i], 0, 3)
    if n == nil or #args < i + n * 2 then
        return nil
    end
    local out = {}
    i = i + 1
    for k = 1, n do
        if not is_class(args[i]) or args[i + 1] == '' then
            return nil
        end
        out[k] = {lane = args[i], bytes = args[i + 1]}
        i = i + 2
    end
    return out, i
end

-- What may follow: of a settled submit the request's name, run, number and lane; of an event the
-- name of a request that has come to its end.
local function read_end(kind, args, i)
    local left = #args - i + 1
    if left == 0 then
        return {}
    elseif kind == 'ps:' and left == 4 and args[i] ~= '' and is_class(args[i + 3])
        and whole(args[i + 2], 0, 9007199254740991) then
        return {rid = args[i], run = args[i + 1], aseq = args[i + 2], lane = args[i + 3]}
    elseif kind == 'ev:' and left == 1 and args[i] ~= '' then
        return {final = args[i]}
    end
    return nil
end

-- gate, sender, expected rev, conversation ("" = leave it), replies, submits, end
--   -> OK, seq before the first submit, replies queued | CONFLICT | SEEN, pending... | GONE
local function change(kind, keys, args)
    local b = keys[1]
    local gate, sender, rev = args[1], args[2], whole(args[3] or '', 0, 9007199254740991)
    if #args < 6 or string.sub(gate, 1, 3) ~= kind or sender == '' or rev == nil then
        return malformed('change')
    end
    local replies, i = read_replies(args, 5)
    local submits
    if replies then
        submits, i = read_submits(args, i)
    end
    local ends = submits and read_end(kind, args, i)
    if not ends then
        return malformed('change lists')
    end
    local there = redis.call('EXISTS', b .. gate) == 1
    if kind == 'ps:' then
        if not there then
            return {'GONE'}
        end
    elseif there then
        return seen_answer(b, gate)
    end
    local stored = tonumber(redis.call('HGET', b .. 'cv:' .. sender, 'rev') or '0')
    if args[4] ~= '' and rev ~= stored then
        return {'CONFLICT'}
    end

    local now = now_ms()
    if args[4] ~= '' then
        redis.call('HSET', b .. 'cv:' .. sender, 'rev', rev + 1, 'json', args[4])
        redis.call('PEXPIRE', b .. 'cv:' .. sender, IDLE_MS)
    end
    local queued = 0
    for _, r in ipairs(replies) do
        queued = queued + enqueue(b, r, now)
    end
    local seq = tonumber(redis.call('GET', b .. 'psn') or '0')
    for k, s in ipairs(submits) do
        local pid = string.sub(gate, 4) .. ':' .. (k - 1)
        local n = redis.call('INCR', b .. 'psn')
        redis.call('HSET', b .. 'ps:' .. pid, 'sender', sender, 'lane', s.lane, 'seq', n,
            'at', now, 'bytes', s.bytes)
        redis.call('ZADD', b .. 'psz:' .. s.lane, n, pid)
    end
    if ends.final then
        redis.call('ZADD', b .. 'hd', 'XX', 'LT', now + DAY_MS, ends.final)
    end
    if kind == 'ps:' then
        if ends.rid then
            record(b, string.sub(gate, 4), ends, now)
        end
        redis.call('ZREM', b .. 'psz:e', string.sub(gate, 4))
        redis.call('ZREM', b .. 'psz:b', string.sub(gate, 4))
        redis.call('DEL', b .. gate)
    else
        -- Last: a half-done step may be repeated.
        redis.call('SET', b .. gate, '1', 'PX', DEDUPE_MS)
    end
    return {'OK', seq, queued}
end

-- pid, lane: a submit the bulk router ranked higher goes on in the emergency lane, also after a
-- crash
local function relane(keys, args)
    local b = keys[1]
    if #args ~= 2 or not is_class(args[2]) then
        return malformed('relane')
    end
    local seq = redis.call('HGET', b .. 'ps:' .. args[1], 'seq')
    if not seq then
        return {'GONE'}
    end
    redis.call('ZREM', b .. 'psz:e', args[1])
    redis.call('ZREM', b .. 'psz:b', args[1])
    redis.call('ZADD', b .. 'psz:' .. args[2], seq, args[1])
    redis.call('HSET', b .. 'ps:' .. args[1], 'lane', args[2])
    return {'OK'}
end

-- lane, after seq, limit, least age ms
--   -> last seq read (0 = at the end), pid, lane, sender, seq, bytes ...
local function pending(keys, args)
    local b = keys[1]
    local after, limit = whole(args[2] or '', 0, 9007199254740991), whole(args[3] or '', 1, 100)
    local age = whole(args[4] or '', 0, DAY_MS)
    if #args ~= 4 or not is_class(args[1]) or not after or not limit or not age then
        return malformed('pending')
    end
    local old = now_ms() - age
    local pids = redis.call('ZRANGEBYSCORE', b .. 'psz:' .. args[1], '(' .. after, '+inf',
        'WITHSCORES', 'LIMIT', 0, limit)
    local out = {#pids < limit * 2 and 0 or tonumber(pids[#pids])}
    for i = 1, #pids, 2 do
        if tonumber(redis.call('HGET', b .. 'ps:' .. pids[i], 'at') or '0') > old then
            out[1] = 0
            break
        end
        pending_of(b, pids[i], out)
    end
    return out
end

-- Handing over again ----------------------------------------------------------------------

-- Of one request what stands under another run is pending again, the request before its
-- amendments. What is added to `out` is what pending() answers.
local function hand_again(b, rid, lane, run, now, out)
    local n = 0
    for _, pid in ipairs(redis.call('ZRANGE', b .. 'hf:' .. rid, 0, -1)) do
        local h = redis.call('HMGET', b .. 'ho:' .. pid, 'lane', 'run', 'sender', 'bytes')
        if h[1] == lane and h[2] ~= run then
            local seq = redis.call('INCR', b .. 'psn')
            redis.call('HSET', b .. 'ps:' .. pid, 'sender', h[3], 'lane', lane, 'seq', seq,
                'at', now, 'bytes', h[4])
            redis.call('ZADD', b .. 'psz:' .. lane, seq, pid)
            -- Its citizen was answered long ago: nobody hears of it as unconfirmed.
            redis.call('SET', b .. 'ev:u' .. pid, '1', 'PX', DEDUPE_MS)
            unhand(b, pid, rid, lane, h[2])
            pending_of(b, pid, out)
            n = n + 1
        end
    end
    if n > 0 then
        redis.call('INCRBY', b .. 'n:rehanded', n)
    end
    return n
end

-- lane, run the router's store has now, most requests, ms that one in the router's journal waits
--   -> requests handed over again, messages, then as pending(); the newest requests first
local function rehand(keys, args)
    local b = keys[1]
    local left, wait = whole(args[3] or '', 1, 100), whole(args[4] or '', 0, DAY_MS)
    if #args ~= 4 or not is_class(args[1]) or args[2] == '' or not left or not wait then
        return malformed('rehand')
    end
    local lane, now = args[1], now_ms()
    local out = {0, 0}
    for _, run in ipairs(redis.call('SMEMBERS', b .. 'hs:' .. lane)) do
        if run ~= args[2] and left > 0 then
            local set = b .. 'hr:' .. lane .. ':' .. run
            local rids = redis.call('ZREVRANGEBYSCORE', set, run == '' and now - wait or '+inf',
                '-inf', 'LIMIT', 0, left)
            for _, rid in ipairs(rids) do
                out[2] = out[2] + hand_again(b, rid, lane, args[2], now, out)
                redis.call('ZREM', set, rid)
                out[1] = out[1] + 1
                left = left - 1
            end
            forget_run(b, lane, run)
        end
    end
    return out
end

-- request id, lane, run: the router does not know this request
--   -> 1 = we handed it over, messages handed over again, then as pending()
local function rehand_one(keys, args)
    local b = keys[1]
    if #args ~= 3 or args[1] == '' or not is_class(args[2]) or args[3] == '' then
        return malformed('rehand one')
    end
    local out = {redis.call('EXISTS', b .. 'hf:' .. args[1]), 0}
    out[2] = hand_again(b, args[1], args[2], args[3], now_ms(), out)
    return out
end

-- most requests, most records -> forgotten, dropped: bookings go before emergencies
local function trim_handed(keys, args)
    local b = keys[1]
    local limit, cap = whole(args[1] or '', 1, 1000), whole(args[2] or '', 0, 100000000)
    if #args ~= 2 or not limit or not cap then
        return malformed('trim handed')
    end
    local due = redis.call('ZRANGEBYSCORE', b .. 'hd', '-inf', now_ms(), 'LIMIT', 0, limit)
    for _, rid in ipairs(due) do
        forget_request(b, rid)
    end
    local dropped = 0
    for _ = 1, limit do
        if tonumber(redis.call('GET', b .. 'hc') or '0') <= cap then
            break
        end
        local rid = redis.call('ZRANGE', b .. 'ha:b', 0, 0)[1]
            or redis.call('ZRANGE', b .. 'ha:e', 0, 0)[1]
        if not rid then
            break
        end
        dropped = dropped + forget_request(b, rid)
    end
    if dropped > 0 then
        redis.call('INCRBY', b .. 'n:handed_dropped', dropped)
    end
    return {#due, dropped}
end
