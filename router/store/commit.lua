-- commit: one atomic, durable step of a request (I2, I4, I8).
--
-- Arguments: a msgpack array (see C_ below), the message's bytes ('' = none), one argument of
-- bytes for each event. Answer: {"OK" | "DUP" | "STALE" | "HELD" (exact.lua: by which request) | "CONFLICT", accept seq, revision,
-- request id, incident id}, and with OK what was leased in the same step when the change wanted some
-- (one call and one fsync less for each message; worst first as ever, for the lease comes last). The message, which is what makes it known, is written last: an error
-- half-way may let it in twice under the same names, but never lock out its retry.

local C_RID, C_REVISION, C_MID, C_KIND, C_SEQUENCE, C_INCIDENT, C_SERVICE, C_TYPE, C_RULE = 1, 2, 3, 4, 5, 6, 7, 8, 9
local C_PRIORITY, C_CLOSED, C_AUDIT, C_SETTLE, C_LINES, C_PLANS, C_EVENTS = 10, 11, 12, 13, 14, 15, 16
local C_BOUND, C_LANE, C_TIMERS, C_ABOUT, C_WANTS, C_TERMS, C_EXACT, C_LENGTH =
    17, 18, 19, 20, 21, 22, 23, 23
local LINES_MAX, PLANS_MAX, EVENTS_MAX, WANTS_MAX, MESSAGE_MAX = 8, 40, 8, 8, 65536
local VIEW_MESSAGES = 24 -- the newest amendments and cancels that load gives
local SAID_MAX = 1024 -- the newest of those that a plan with `said` brings along
-- of a plan; a table, as Lua has room for 200 locals in all
local P = {KEY = 1, AGENCY = 2, ENDPOINT = 3, MID = 4, KIND = 5, SEQUENCE = 6, PREVIOUS = 7, AGAIN = 8, HOLD = 9,
           KNOWN = 10, ATTEMPTS = 11, DUPLICATE = 12, FELL_BACK = 13, SAID = 14, LENGTH = 14}
local KNOWN_DONE, KNOWN_DEAD = 1, 2 -- enum sah_known
local OUTCOME_ACK = 0

local function check_plans(t, c)
    check(type(c[C_PLANS]) == 'table' and #c[C_PLANS] <= PLANS_MAX, 'plans')
    for _, p in ipairs(c[C_PLANS]) do
        check(type(p) == 'table' and #p == P.LENGTH, 'plan')
        check(is_hex32(p[P.KEY]), 'plan key')
        check(is_name(p[P.AGENCY]) and is_name(p[P.ENDPOINT]), 'plan agency')
        check(is_hex32(p[P.MID]), 'plan message id')
        check(is_int(p[P.KIND], 1, 3) and is_int(p[P.SEQUENCE], 0, 2 ^ 32 - 1), 'plan kind')
        check(is_text(p[P.PREVIOUS], 1024) and is_int(p[P.AGAIN], 0, 3), 'plan previous')
        check(is_int(p[P.HOLD], 0, DAY_MS), 'plan hold')
        check(is_int(p[P.KNOWN], 0, KNOWN_DEAD) and is_int(p[P.ATTEMPTS], 0, 2 ^ 32 - 1), 'plan known')
        check(is_int(p[P.DUPLICATE], 0, 1) and is_int(p[P.FELL_BACK], 0, 1) and is_int(p[P.SAID], 0, 1), 'plan flags')
        check(p[P.MID] == c[C_MID] or redis.call('EXISTS', t .. ':ms:' .. p[P.MID]) == 1,
            'plan of an unknown message')
    end
end

-- {agency, kind, level, after accept ms, after now ms, sooner, still}; kind 0 clears.
local function check_timers(c)
    check(type(c[C_TIMERS]) == 'table' and #c[C_TIMERS] <= LINES_MAX, 'timers')
    for _, timer in ipairs(c[C_TIMERS]) do
        check(type(timer) == 'table' and #timer == 7 and is_name(timer[1]), 'timer')
        check(is_int(timer[2], 0, 3) and is_int(timer[3], 0, 15), 'timer kind')
        check(is_int(timer[4], 0, DAY_MS) and is_int(timer[5], 0, DAY_MS), 'timer ms')
        check(is_int(timer[6], 0, 1) and is_int(timer[7], 0, 1), 'timer flags')
    end
end

-- {endpoint, last class, n}; and once {owner, dead_ms, lease ms of classes 0..4} when there are some.
local function check_wants(c)
    local wants, terms, all = c[C_WANTS], c[C_TERMS], 0
    check(type(wants) == 'table' and #wants <= WANTS_MAX, 'wants')
    for _, want in ipairs(wants) do
        check(type(want) == 'table' and #want == 3 and is_name(want[1]), 'want')
        check(is_int(want[2], 0, LAST_CLASS) and is_int(want[3], 1, LEASE_MAX), 'want class')
        all = all + want[3]
    end
    check(all <= LEASE_MAX, 'wants n')
    if #wants > 0 then
        check(type(terms) == 'table' and #terms == 3 + LAST_CLASS and is_owner(terms[1]), 'terms')
        for i = 2, 3 + LAST_CLASS do
            check(is_int(terms[i], 1, DAY_MS), 'terms ms')
        end
    end
end

local function check_parts(c, args)
    check(type(c[C_LINES]) == 'table' and #c[C_LINES] <= LINES_MAX, 'lines')
    for _, line in ipairs(c[C_LINES]) do
        check(type(line) == 'table' and is_name(line[1]) and is_text(line[2], 8192), 'line')
    end
    check(type(c[C_EVENTS]) == 'table' and #c[C_EVENTS] <= EVENTS_MAX, 'events')
    check(#args == 2 + #c[C_EVENTS], 'number of arguments')
    for i, event in ipairs(c[C_EVENTS]) do
        check(type(event) == 'table' and is_name(event[1]), 'event channel')
        check(event[2] == 'e' or event[2] == 'b', 'event lane')
        check(#args[2 + i] >= 1 and #args[2 + i] <= MESSAGE_MAX, 'event bytes')
    end
end

local function read_change(t, args)
    check(#args >= 2, 'number of arguments')
    local good, c = pcall(cmsgpack.unpack, args[1])
    check(good and type(c) == 'table' and #c == C_LENGTH, 'change')
    check(is_id(c[C_RID], 'EB') and t:sub(6, 7) == c[C_RID]:sub(2, 3), 'request id')
    check(is_int(c[C_REVISION], 0, 2 ^ 53), 'revision')
    check(c[C_MID] == '' and args[2] == '' or is_hex32(c[C_MID]) and #args[2] >= 1, 'message')
    check(#args[2] <= MESSAGE_MAX, 'message bytes')
    check(c[C_REVISION] > 0 or c[C_MID] ~= '', 'a new request without a message')
    check(is_int(c[C_KIND], 0, 3) and (c[C_MID] == '' or c[C_KIND] > 0), 'kind')
    check(is_int(c[C_SEQUENCE], 0, 2 ^ 32 - 1), 'sequence')
    check(c[C_REVISION] > 0 and c[C_INCIDENT] == '' or is_id(c[C_INCIDENT], 'I'), 'incident id')
    check(is_text(c[C_SERVICE], 23) and is_text(c[C_TYPE], 23) and is_text(c[C_RULE], 39), 'names')
    check(is_int(c[C_PRIORITY], 0, LAST_CLASS + 1), 'priority')
    check(is_int(c[C_CLOSED], -1, 2 ^ 53), 'closed_ms')
    check(is_text(c[C_AUDIT], 256), 'audit')
    check(is_int(c[C_BOUND], 0, 60000) and type(c[C_LANE]) == 'string' and c[C_LANE]:match('^[EBR]$'), 'lane')
    if c[C_SETTLE] then
        check_settle(c[C_SETTLE])
    end
    check_parts(c, args)
    check_timers(c)
    check_wants(c)
    check_plans(t, c)
    incident_check(c[C_ABOUT])
    exact_check(c[C_EXACT])
    return c
end

-- The request's agencies in the order in which they came, with those of this change.
local function agencies_with(list, lines, timers)
    local known, names = {}, {}
    for name in (list or ''):gmatch('[^,]+') do
        known[name] = true
        names[#names + 1] = name
    end
    for _, line in ipairs(lines) do
        if not known[line[1]] then
            known[line[1]] = true
            names[#names + 1] = line[1]
        end
    end
    check(#names <= LINES_MAX, 'more agencies than a request may have')
    for _, timer in ipairs(timers) do
        check(known[timer[1]], 'timer of no line')
    end
    return table.concat(names, ',')
end

local function store_request(t, c, old, now)
    local set = {'rev', c[C_REVISION] + 1, 'ags', old.agencies}
    local function add(name, value)
        set[#set + 1] = name
        set[#set + 1] = value
    end
    local function add_text(name, value)
        if value ~= '' then
            add(name, value)
        end
    end

    if c[C_MID] ~= '' then
        old.accept_seq = redis.call('INCR', t .. ':seq')
        if c[C_REVISION] > 0 then
            redis.call('RPUSH', t .. ':mi:' .. c[C_RID], c[C_MID] .. ' ' .. c[C_KIND] .. ' ' .. dec(c[C_SEQUENCE]))
        end
        if math.max(old.sequence, c[C_SEQUENCE]) ~= 1 then
            add('seq', math.max(old.sequence, c[C_SEQUENCE]))
        end
    end
    if c[C_REVISION] == 0 then
        add_text('sv', c[C_SERVICE])
        add_text('ty', c[C_TYPE])
        add_text('inc', c[C_INCIDENT] ~= incident_of(c[C_RID]) and c[C_INCIDENT] or '')
    end
    add_text('ru', c[C_RULE])
    add('p', old.class + 1)
    if c[C_CLOSED] >= 0 then
        add('cl', c[C_CLOSED])
    end
    for _, line in ipairs(c[C_LINES]) do
        add('l:' .. line[1], line[2])
    end
    incident_fields(c, c[C_ABOUT], add)
    redis.call('HSET', t .. ':rq:' .. c[C_RID], unpack(set))
end

-- Once more, now: what is done or delayed. The rest is under way, or dead. What was only held so far
-- goes out for the first time, in its order.
local function plan_again(t, p, class, now, bound)
    local d = get_delivery(t, p[P.KEY])
    if d.st ~= 'done' and d.st ~= 'delayed' then
        return
    end
    local was_done = d.st == 'done'
    leave(t, d)
    d.e = p[P.ENDPOINT]
    redis.call('HSET', d.hash, 'e', d.e, 'ep', d.ep + 1)
    redis.call('PERSIST', d.hash)
    if was_done then -- what it held back then says nothing of who waits behind it now (I10)
        order_add(t, d)
        redis.call('HDEL', d.hash, 'f1', 'ws')
        d.f1, d.ws = nil, nil
    end
    if d.at > 0 then
        redis.call('HSET', d.hash, 'pd', 1, 'ra', d.at)
        make_ready(t, d, class)
    else
        ready_or_wait(t, d, class, now, bound)
    end
end

-- A new delivery that is held: delayed from the start.
local function hold(t, d, due)
    redis.call('HSET', d.hash, 'st', 'delayed')
    redis.call('ZADD', t .. ':rz', due, d.key)
    count(t, 'delayed:' .. d.e, 1)
end

-- What the agency has in another request is done with (I4): by which delivery stands with it.
local function store_carried(t, c, class, now)
    for _, carried in ipairs(c[C_ABOUT][6]) do
        local d = get_delivery(t, carried[1])
        if d and d.r == c[C_RID] and d.st ~= 'done' then
            redis.call('HSET', d.hash, 'cb', carried[2])
            settle_over(t, d, {SETTLE_DONE}, class, now, c[C_BOUND])
            audit(t, d.r, 'carried', d.key, 'by=' .. carried[2])
        end
    end
end

-- A new one. What follows from the request, or is as usual, is not written.
local function store_delivery(t, c, p, seq)
    local d = {key = p[P.KEY], hash = t .. ':dl:' .. p[P.KEY], r = c[C_RID], a = p[P.AGENCY], e = p[P.ENDPOINT],
               s = p[P.SEQUENCE], q = seq}
    local set = {'r', d.r, 'a', d.a, 'q', d.q}
    for name, value in pairs({k = p[P.KIND], s = d.s}) do
        if value ~= USUAL[name] then
            set[#set + 1], set[#set + 2] = name, value
        end
    end
    for name, value in pairs({e = d.e ~= d.a and d.e or nil, m = p[P.MID] ~= mid_of(d.r) and p[P.MID] or nil,
                              pv = p[P.PREVIOUS] ~= '' and p[P.PREVIOUS] or nil}) do
        set[#set + 1], set[#set + 2] = name, value
    end
    redis.call('HSET', d.hash, unpack(set))
    return d
end

-- What was tried elsewhere while this store was away: in the state in which it came back.
local function plan_known(t, p, d, class, now, bound)
    if p[P.ATTEMPTS] > 0 then
        redis.call('HSET', d.hash, 'at', p[P.ATTEMPTS], 'ra', p[P.ATTEMPTS]) -- whoever tried lived to tell: it is no poison
    end
    if p[P.DUPLICATE] == 1 then
        redis.call('HSET', d.hash, 'pd', 1)
    end
    if p[P.FELL_BACK] == 1 then
        redis.call('HSET', d.hash, 'fb', 1)
    end
    if p[P.KNOWN] == KNOWN_DONE or p[P.KNOWN] == KNOWN_DEAD then
        local kind = p[P.KNOWN] == KNOWN_DONE and SETTLE_DONE or SETTLE_DEAD
        settle_apply(t, d, {kind, d.key, 0, 0, '', 0, OUTCOME_ACK}, class, now, bound)
    end
end

local function store_plan(t, c, p, class, accept_seq, now)
    local hash = t .. ':dl:' .. p[P.KEY]
    local is_there = redis.call('EXISTS', hash) == 1
    if is_there and p[P.AGAIN] == 1 then
        plan_again(t, p, class, now, c[C_BOUND])
    elseif p[P.AGAIN] > 1 then
        local dead = get_delivery(t, p[P.KEY])
        if dead and dead.r == c[C_RID] then
            plan_replay(t, dead, p, class, now, c[C_BOUND])
        end
    elseif is_there and p[P.KNOWN] == KNOWN_DONE then
        plan_known(t, p, get_delivery(t, p[P.KEY]), class, now, c[C_BOUND])
    elseif not is_there then -- a plan made before is left as it is
        local seq = p[P.MID] == c[C_MID] and accept_seq or message_head(t, p[P.MID])
        local d = store_delivery(t, c, p, seq)
        order_add(t, d)
        incident_planned(t, c[C_RID], p[P.MID], d.a, d.key)
        if p[P.HOLD] > 0 then
            hold(t, d, now + p[P.HOLD])
        else
            ready_or_wait(t, d, class, now, c[C_BOUND])
        end
        plan_known(t, p, d, class, now, c[C_BOUND])
    end
end

-- What was said of the request since, to the same endpoint behind it, oldest first: what is not planned
-- there yet, and with a replay what is dead there too. The message of this change has its own plans.
local function store_said(t, c, p, class, now)
    for _, entry in ipairs(redis.call('LRANGE', t .. ':mi:' .. c[C_RID], -SAID_MAX, -1)) do
        local mid, kind, sequence = entry:match('^(%x+) (%d) (%d+)$')
        if mid ~= c[C_MID] and redis.call('EXISTS', t .. ':ms:' .. mid) == 1 then
            local key = key_of(mid, p[P.AGENCY])
            local again = p[P.AGAIN] > 1 and redis.call('EXISTS', t .. ':dl:' .. key) == 1 and p[P.AGAIN] or 0
            store_plan(t, c, {key, p[P.AGENCY], p[P.ENDPOINT], mid, tonumber(kind), tonumber(sequence), '', again,
                              p[P.HOLD], 0, 0, 0, 0, 0}, class, 0, now)
        end
    end
end

local function store_plans(t, c, class, accept_seq, now)
    for _, p in ipairs(c[C_PLANS]) do
        store_plan(t, c, p, class, accept_seq, now)
        if p[P.SAID] == 1 then
            store_said(t, c, p, class, now)
        end
    end
end

local function store_events(t, c, args)
    local n = #c[C_EVENTS]
    if n == 0 then
        return
    end
    local last = redis.call('INCRBY', t .. ':es', n)
    for i, event in ipairs(c[C_EVENTS]) do
        local seq = last - n + i
        local id = c[C_LANE] .. '-' .. t:sub(6, 7) .. '-' .. string.format('%016.0f', seq)
        redis.call('HSET', t .. ':oe:' .. id, 'c', event[1], 'l', event[2], 'b', args[2 + i])
        redis.call('ZADD', t .. ':ob:' .. event[1] .. ':' .. event[2], seq, id)
    end
    count(t, 'outbox', n)
end

-- One timer a line: "kind:level:due" in the request, and its turn in :tz.
local function store_timers(t, c, now)
    local rq, set = t .. ':rq:' .. c[C_RID], t .. ':tz'
    local accepted = now
    if #c[C_TIMERS] > 0 and c[C_REVISION] > 0 then
        accepted = select(2, message_head(t, mid_of(c[C_RID]))) or now
    end
    for _, timer in ipairs(c[C_TIMERS]) do
        local member = c[C_RID] .. '|' .. timer[1]
        local due = math.max(accepted + timer[4], now + timer[5])
        local before = timer[6] == 1 and redis.call('ZSCORE', set, member)
        if before then
            due = math.min(due, tonumber(before))
        end
        if timer[2] == 0 then
            redis.call('HDEL', rq, 't:' .. timer[1])
        else
            redis.call('HSET', rq, 't:' .. timer[1], timer[2] .. ':' .. timer[3] .. ':' .. dec(due))
        end
        if timer[2] == 0 or timer[7] == 1 then
            redis.call('ZREM', set, member)
        else
            redis.call('ZADD', set, due, member)
        end
    end
end

-- Another class moves what is queued there, at the same place, and looks again at what waits. Down is a
-- person's doing alone: the core sees to that.
local function reclass(t, c, class, now)
    local fields = redis.call('HKEYS', t .. ':rq:' .. c[C_RID])
    local left = MAX
    for _, field in ipairs(fields) do
        local agency = field:match('^h:(.+)$')
        for _, key in ipairs(agency and order_list(t, c[C_RID], agency, 0) or {}) do
            local d = left > 0 and get_delivery(t, key)
            left = left - 1
            if d and d.st == 'ready' and d.c ~= class then
                leave(t, d)
                ready_or_wait(t, d, class, now, c[C_BOUND])
            elseif d and d.st == 'waiting' then
                ready_or_wait(t, d, class, now, c[C_BOUND])
            end
        end
    end
end

-- What is closed and has nothing unsettled expires 40 days after its last change, by this clock: a
-- wrong closed_ms must delete nothing. Anything else stays.
local function keep_or_expire(t, rid)
    local rq = t .. ':rq:' .. rid
    local was = redis.call('HMGET', rq, 'cl', 'nd')
    local closed = tonumber(was[1] or nil) or 0
    local over = closed > 0 and (tonumber(was[2] or nil) or 0) == 0
    for _, field in ipairs(over and redis.call('HKEYS', rq) or {}) do
        over = over and field:sub(1, 2) ~= 'h:'
    end
    local targets = {rq, t .. ':ms:' .. mid_of(rid), t .. ':mi:' .. rid}
    for _, letter in ipairs({'e', 'm', 'u', 't'}) do
        targets[#targets + 1] = page_key(t, letter, rid)
    end
    for _, entry in ipairs(redis.call('LRANGE', t .. ':mi:' .. rid, 0, MAX - 1)) do
        targets[#targets + 1] = t .. ':ms:' .. entry:sub(1, 32)
    end
    for _, key in ipairs(targets) do
        if over then
            redis.call('PEXPIRE', key, CLOSED_MS)
        else
            redis.call('PERSIST', key)
        end
    end
end

local function duplicate(t, seq, rid)
    local r = redis.call('HMGET', t .. ':rq:' .. rid, 'rev', 'inc')
    count(t, 'duplicates', 1)
    return {'DUP', seq, tonumber(r[1] or 0), rid, incident_of(rid, r[2] or nil)}
end

-- What the request was before this change; old.class is what it is from now on.
local function read_old(t, c)
    local was = redis.call('HMGET', t .. ':rq:' .. c[C_RID], 'rev', 'p', 'seq', 'ags', 'inc', 'cl', 'sd')
    local old = {revision = tonumber(was[1]) or 0, sequence = tonumber(was[3] or nil) or was[1] and 1 or 0,
                 accept_seq = 0,
                 incident = was[5] or was[1] and incident_of(c[C_RID]) or c[C_INCIDENT],
                 closed = tonumber(was[6] or nil) or 0}
    old.was_class = was[1] and class_of(was[2]) or LAST_CLASS + 1
    if c[C_PRIORITY] == 0 and was[1] then
        old.class = old.was_class
    else
        old.class = class_of(c[C_PRIORITY])
    end
    old.list = was[4]
    old.sender = was[7] or c[C_ABOUT][8]
    if c[C_REVISION] > 0 and c[C_INCIDENT] ~= '' then
        old.incident = c[C_INCIDENT]
    end
    return old
end

local function lease_wanted(t, c)
    local terms, answer = {ms = {}, bound = c[C_BOUND], owner = c[C_TERMS][1], dead_ms = c[C_TERMS][2]}, {}
    for class = 0, LAST_CLASS do
        terms.ms[class] = c[C_TERMS][3 + class]
    end
    local now, offset = now_ms(t)
    for _, want in ipairs(c[C_WANTS]) do
        lease_from(t, want[1], 0, want[2], want[3], terms, now, offset, answer)
    end
    return answer
end

local function commit(keys, args)
    local t = tag_of(keys, args, #args)
    local c = read_change(t, args)
    if c[C_MID] ~= '' then
        local seq, _, rid = message_head(t, c[C_MID])
        if seq then
            return duplicate(t, seq, rid)
        end
    end
    local old = read_old(t, c)
    local named = c[C_REVISION] == 0 and mid_of(c[C_RID]) == c[C_MID]
    if named then
        old.revision = 0 -- its message is not there: what is there of it is of a step that broke
    end
    if old.revision ~= c[C_REVISION] then
        return {'CONFLICT', 0, old.revision, c[C_RID], old.incident}
    end
    check(c[C_REVISION] > 0 or named, 'a new request that is not named after its message')
    old.agencies = agencies_with(old.list, c[C_LINES], c[C_TIMERS])
    local target = c[C_SETTLE] and settle_target(t, c[C_SETTLE], c[C_RID])
    if c[C_SETTLE] and not target then
        return {'STALE', 0, old.revision, c[C_RID], old.incident}
    end
    local holder = exact_holder(t, c[C_RID], c[C_EXACT])
    if holder then
        return {'HELD', 0, old.revision, holder, incident_of(holder, redis.call('HGET', t .. ':rq:' .. holder, 'inc') or nil)}
    end

    -- From here on everything is written.
    local now = now_ms(t)
    store_request(t, c, old, now)
    exact_store(t, c[C_RID], c[C_EXACT], c[C_CLOSED])
    if target then
        settle_apply(t, target, c[C_SETTLE], old.class, now, c[C_BOUND])
    end
    if old.class ~= old.was_class and c[C_REVISION] > 0 then
        reclass(t, c, old.class, now)
    end
    incident_store(t, c, c[C_ABOUT], now, old.sender)
    store_plans(t, c, old.class, old.accept_seq, now)
    store_carried(t, c, old.class, now)
    store_timers(t, c, now)
    store_events(t, c, args)
    incident_changed(t, c, now)
    audit(t, c[C_RID], 'commit', target and target.key or c[C_MID], c[C_AUDIT])
    if c[C_MID] ~= '' then
        count(t, 'accepted', 1)
        redis.call('SET', t .. ':ms:' .. c[C_MID], struct.pack(MESSAGE_HEAD, old.accept_seq, now) .. c[C_RID] .. args[2])
    end
    if c[C_CLOSED] > 0 or old.closed > 0 then
        keep_or_expire(t, c[C_RID])
    end
    return {'OK', old.accept_seq, old.revision + 1, c[C_RID], old.incident, #c[C_WANTS] > 0 and lease_wanted(t, c) or nil}
end

-- The same twice: the second goes on when the memory bound is reached. It is for emergencies, and for
-- what ends a delivery; what can wait in a journal is refused first.
redis.register_function('sahaya_1_commit', commit)
redis.register_function({function_name = 'sahaya_1_commit_urgent', flags = {'allow-oom'}, callback = commit})

-- load: request id. {} when there is none, else {revision, incident, priority, last sequence,
-- accepted ms, closed ms, bytes, what was said since ("mid kind sequence,..."), main request or '', number
-- of linked ones, left, note, how often it was repeated, then agency, line, timer ("kind:level:due" or '') for each line}.
redis.register_function({function_name = 'sahaya_1_load', flags = {'no-writes'}, callback = function(keys, args)
    local t = tag_of(keys, args, 1)
    check(is_id(args[1], 'EB'), 'request id')
    local rq = t .. ':rq:' .. args[1]
    local was = redis.call('HMGET', rq, 'rev', 'inc', 'p', 'seq', 'cl', 'ags', 'mn', 'lf', 'nt', 'rc')
    if not was[1] then
        return {}
    end
    local stored = redis.call('GET', t .. ':ms:' .. mid_of(args[1])) or ''
    local _, accepted = struct.unpack(MESSAGE_HEAD, stored .. ('\0'):rep(14))
    local answer = {tonumber(was[1]), incident_of(args[1], was[2] or nil), tonumber(was[3]), tonumber(was[4] or 1),
                    accepted, tonumber(was[5] or 0), stored:sub(PREFIX + 1),
                    table.concat(redis.call('LRANGE', t .. ':mi:' .. args[1], -VIEW_MESSAGES, -1), ','),
                    was[7] or '', redis.call('ZCARD', page_key(t, 'e', args[1])), was[8] == '1' and 1 or 0, was[9] or '', tonumber(was[10] or 0)}
    for agency in (was[6] or ''):gmatch('[^,]+') do
        answer[#answer + 1] = agency
        answer[#answer + 1] = redis.call('HGET', rq, 'l:' .. agency) or '{}'
        answer[#answer + 1] = redis.call('HGET', rq, 't:' .. agency) or ''
    end
    return answer
end})
