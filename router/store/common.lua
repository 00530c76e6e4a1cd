#!lua name=sahaya_router_1
--
-- The router's store inside Redis: one library, one FCALL for each step. The .lua files of this
-- folder are joined in the order of CMakeLists.txt; this one holds what all of them share.
--
-- Owns:  every key under the tag in KEYS[1] ("er:{d00}"); keys.h lists them.
-- Never: writes before all arguments were checked (nothing rolls back), loops more than MAX
--        times, scans keys, touches another tag, trusts a client's clock.
--
-- The library's name and each function's name carry the version, so that an old and a new router
-- run side by side during an upgrade.

-- Told by the probe. Raised with each change that an older router must not undo or live with: a router
-- never replaces a library of a higher revision, and does not use it (FUNCTION_NEWER).
local REVISION = 4

local MAX = 128
local DAY_MS = 86400000
local DONE_MS = 11 * DAY_MS
local CLOSED_MS = 40 * DAY_MS
local LAST_CLASS = 4
local REFIRE_MS = 5000 -- a timer that was handed out and not acted on
local OWNERS_MAX = 16 -- of which a tick looks at the oldest
local OUTCOME_UNKNOWN, OUTCOME_POISON, OUTCOME_LAST = 5, 8, 8 -- enum sah_answer_kind

local function refuse(what)
    error({err = 'SAHINVAL ' .. what})
end

local function check(good, what)
    if not good then
        refuse(what)
    end
end

local function is_int(n, low, high)
    return type(n) == 'number' and n >= low and n <= high and n == math.floor(n)
end

local function is_text(s, max)
    return type(s) == 'string' and #s <= max
end

local function is_name(s) -- agency, endpoint, channel
    return type(s) == 'string' and #s >= 1 and #s <= 31 and s:match('^[a-z0-9-]+$') ~= nil
end

local function is_hex32(s) -- message id, delivery key
    return type(s) == 'string' and #s == 32 and s:match('^[0-9a-f]+$') ~= nil
end

local function is_id(s, letters) -- request or incident id
    return type(s) == 'string' and #s == 29 and s:match('^[' .. letters .. ']%d%d[0-9A-Z]+$') ~= nil
end

local function is_owner(s) -- of leases: one life of one router
    return type(s) == 'string' and #s == 16 and s:match('^[0-9a-f]+$') ~= nil
end

-- An argument that must be a whole number.
local function int_arg(text, low, high, what)
    local n = type(text) == 'string' and text:match('^%d+$') and tonumber(text)
    check(is_int(n, low, high), what)
    return n
end

-- The tag, after checking that it is one and that the number of arguments is right.
local function tag_of(keys, args, n_args)
    check(#keys == 1 and keys[1]:match('^er:{d%d%d}$'), 'tag')
    check(#args == n_args, 'number of arguments')
    return keys[1]
end

-- Whole numbers as text; Lua's own rounds past fourteen digits.
local function dec(n)
    return string.format('%.0f', n)
end

local function class_of(priority) -- UNSPECIFIED counts as P1
    local p = tonumber(priority) or 0
    if p == 0 then
        return 1
    end
    return p - 1
end

local function count(t, what, by)
    redis.call('HINCRBY', t .. ':st', what, by)
end

-- A message in the store: accept sequence and accept time, seven bytes each, the request's id, and
-- then its bytes. That it is there is what makes the same message a duplicate.
local MESSAGE_HEAD, PREFIX = '>I7I7', 43

-- accept sequence, accept ms, request id; nil when there is no such message.
local function message_head(t, mid)
    local head = redis.call('GETRANGE', t .. ':ms:' .. mid, 0, PREFIX - 1)
    if #head < PREFIX then
        return nil
    end
    local seq, at = struct.unpack(MESSAGE_HEAD, head)
    return seq, at, head:sub(15)
end

-- The id of the message that made a request stands in the request's id: 26 letters of five bits, of
-- which the first two are zero.
local LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
local function mid_of(rid)
    local out, acc, bits = {}, 0, -2
    for i = 4, 29 do
        acc = acc * 32 + (LETTERS:find(rid:sub(i, i), 1, true) or 1) - 1
        bits = bits + 5
        while bits >= 4 do
            bits = bits - 4
            local rest = 2 ^ bits
            local nibble = math.floor(acc / rest)
            out[#out + 1] = ('0123456789abcdef'):sub(nibble + 1, nibble + 1)
            acc = acc - nibble * rest
        end
    end
    return table.concat(out)
end

local function bytes_of(hex)
    return (hex:gsub('%x%x', function(two)
        return string.char(tonumber(two, 16))
    end))
end

-- The key of a delivery: FNV-1a in 128 bits over the message's id, a zero byte and the agency, as
-- sah_delivery_key() makes it. Limbs of 16 bits, the lowest first; the prime is 2^88 + 315.
local function key_of(mid, agency)
    local h = {0xc58d, 0x6295, 0x2175, 0x62b8, 0x0142, 0x07bb, 0x272e, 0x6c62}
    local bytes = bytes_of(mid) .. '\0' .. agency
    for at = 1, #bytes do
        local carry, was = 0, {bit.bxor(h[1], bytes:byte(at)), h[2], h[3], h[4], h[5], h[6], h[7], h[8]}
        for i = 1, 8 do
            local sum = was[i] * 315 + carry
            if i > 5 then
                sum = sum + was[i - 5] % 256 * 256 + (i > 6 and math.floor(was[i - 6] / 256) or 0)
            end
            h[i], carry = sum % 65536, math.floor(sum / 65536)
        end
    end
    return string.format('%04x%04x%04x%04x%04x%04x%04x%04x', h[8], h[7], h[6], h[5], h[4], h[3], h[2], h[1])
end

-- A request's own incident has its name but for the first letter; another stands in the request.
local function incident_of(rid, inc)
    return inc or 'I' .. rid:sub(2)
end

local FIELDS = {'r', 'a', 'e', 'm', 'k', 's', 'st', 'ep', 'at', 'c', 'q', 'pd', 'fb', 'pv', 'f1', 'ws', 'ow', 'ra', 'rp'}
-- What most waiting deliveries have is not written: a million of them should be small.
local USUAL = {k = 1, s = 1, ep = 0, at = 0, c = LAST_CLASS}

-- A delivery as a table, numbers as numbers; nil when there is none.
local function get_delivery(t, key)
    local values = redis.call('HMGET', t .. ':dl:' .. key, unpack(FIELDS))
    if not values[1] then
        return nil
    end
    local d = {key = key, hash = t .. ':dl:' .. key}
    for i = 1, #FIELDS do
        d[FIELDS[i]] = values[i] or nil
    end
    for _, name in ipairs({'k', 's', 'ep', 'at', 'c', 'q', 'f1', 'ws', 'ra', 'rp'}) do
        d[name] = tonumber(d[name]) or USUAL[name]
    end
    d.e = d.e or d.a
    d.st = d.st or 'ready'
    return d
end

-- The id of the message it carries.
local function mid_in(d)
    return d.m or mid_of(d.r)
end

local function request_class(t, rid)
    return class_of(redis.call('HGET', t .. ':rq:' .. rid, 'p'))
end

-- Takes a delivery out of whatever set its state says it is in.
local function leave(t, d)
    if d.st == 'ready' then
        redis.call('ZREM', t .. ':q:' .. d.e .. ':' .. d.c, d.key)
    elseif d.st == 'leased' then
        redis.call('ZREM', t .. ':lz', d.key)
        if d.ow and d.ow ~= '' then
            redis.call('ZREM', t .. ':lo:' .. d.ow, d.key)
        end
        count(t, 'leased:' .. d.e, -1)
    elseif d.st == 'delayed' then
        redis.call('ZREM', t .. ':rz', d.key)
        count(t, 'delayed:' .. d.e, -1)
    elseif d.st == 'waiting' then
        redis.call('ZREM', t .. ':wz', d.key)
    elseif d.st == 'dead' then
        redis.call('ZREM', t .. ':dq:' .. d.e, d.key)
        redis.call('HINCRBY', t .. ':rq:' .. d.r, 'nd', -1)
        count(t, 'dead', -1)
    end
end

-- Into the ready queue at its old place: the accept sequence of its message (I7).
local function make_ready(t, d, class)
    redis.call('ZADD', t .. ':q:' .. d.e .. ':' .. class, d.q, d.key)
    if d.st or class ~= USUAL.c then -- a new one has neither
        redis.call('HSET', d.hash, 'st', 'ready', 'c', class)
    end
    redis.call('SADD', t .. ':en', d.e) -- of a roster, which may forget it (replay.lua)
    d.st, d.c = 'ready', class
end

-- probe: no keys, writes nothing. Without the flag no-writes, so that it is refused whenever a write would
-- be (OOM, MISCONF, READONLY, NOREPLICAS): that is what the link asks it for.
redis.register_function('sahaya_1_probe', function()
    return REVISION
end)
