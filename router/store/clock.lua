-- The clock: this server's wall time, made to go forward only and at the pace of the routers'
-- monotonic clocks (F17). All times that the functions keep are of this clock.
--
-- :ck is "seen offset jumps": this clock when it was last written, what is added to the wall clock,
-- how many jumps were found. It is written with the beats (queue.lua) and when a jump is found, so
-- it costs no write of its own. Between two writes `given` knows better; it is lost with the server,
-- and then :ck is at most half a second old.
--
-- A step back is made good at once. A step forward of more than FORWARD_MS is not believed: this clock
-- stands until a tick tells how much time can have passed since its router's tick before. When that
-- is enough, nobody asked for so long and it is true. When it is not, and the same router's next
-- tick says so again (the first may have waited in a stopped server), the step is taken out. What
-- cannot be known: steps below FORWARD_MS, and any when no router lived through them; they are
-- believed.

local FORWARD_MS = 10000
local ALARM_MS = 1000 -- smaller steps back are made good and not counted
local given = {} -- by tag: the latest time that was given out
local doubters = {} -- by tag: whose tick found the wall clock too far ahead

local function wall_ms()
    local time = redis.call('TIME')
    return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function read_clock(t)
    local seen, offset, jumps = (redis.call('GET', t .. ':ck') or ''):match('^(%d+) (%-?%d+) (%d+)$')
    local c = {offset = tonumber(offset or 0), jumps = tonumber(jumps or 0)}
    c.now = wall_ms() + c.offset
    if seen then
        c.last = math.max(given[t] or 0, tonumber(seen))
    end
    return c
end

local function write_clock(t, c)
    redis.call('SET', t .. ':ck', dec(c.now) .. ' ' .. dec(c.offset) .. ' ' .. dec(c.jumps))
end

-- The time now, and what it is ahead of the wall clock. A function without writes never says that
-- it found something: the next one that may write finds it too.
local function now_ms(t, no_writes)
    local c = read_clock(t)
    if c.last and c.now < c.last then
        c.offset = c.offset + c.last - c.now
        if c.last - c.now >= ALARM_MS then
            c.jumps = c.jumps + 1
        end
        c.now = c.last
        if not no_writes then
            write_clock(t, c)
        end
    elseif c.last and c.now - c.last > FORWARD_MS then
        return c.last, c.offset
    end
    given[t] = c.now
    return c.now, c.offset
end

-- The same for a tick, which knows how much time can have passed since its router's last one that was
-- answered; passed nil = it does not know. Returns the clock.
local function tick_clock(t, owner, passed)
    local c = read_clock(t)
    local ahead = c.last and c.now - c.last or 0
    if ahead <= FORWARD_MS then
        c.now, c.offset = now_ms(t)
        c.jumps = read_clock(t).jumps
        doubters[t] = nil
        return c
    end
    if not passed or ahead <= passed + FORWARD_MS then
        doubters[t] = nil
    elseif doubters[t] == owner then
        c.offset = c.offset - (ahead - passed)
        c.now, c.jumps = c.last + passed, c.jumps + 1
        doubters[t] = nil
        write_clock(t, c)
    else
        doubters[t] = owner
        c.now = c.last
    end
    given[t] = c.now
    return c
end
