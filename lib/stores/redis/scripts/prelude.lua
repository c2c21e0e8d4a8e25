-- The first lines of every script.
--
-- ARGV[1]  how far the clock is moved, in ms: 0, except in tests

local offset = tonumber(ARGV[1])
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2] + offset * 1000
local now = (micros - micros % 1000) / 1000

-- Whole numbers leave as text: Redis would cut them, and Lua prints large ones as 1.7e+15. '%d' is four times as fast as
-- '%.0f', but loses digits where a long has 32 bits.
local WHOLE = string.format('%d', 2 ^ 53) == '9007199254740992' and '%d' or '%.0f'
local function text(number)
	return string.format(WHOLE, number)
end

local DAY = 86400000
local KEPT_DAYS = 90

-- The UTC day that holds `ms`, as yyyymmdd (Howard Hinnant, "chrono-compatible low-level date algorithms").
local function yyyymmdd(ms)
	local days = (ms - ms % DAY) / DAY + 719468
	local in_era = days % 146097
	local leap = in_era - (in_era - in_era % 1460) / 1460 + (in_era - in_era % 36524) / 36524
	leap = leap - (in_era - in_era % 146096) / 146096
	local year = (leap - leap % 365) / 365
	local in_year = in_era - (365 * year + (year - year % 4) / 4 - (year - year % 100) / 100)
	local month = (5 * in_year + 2 - (5 * in_year + 2) % 153) / 153
	local before = (153 * month + 2 - (153 * month + 2) % 5) / 5
	year = year + (days - in_era) / 146097 * 400
	if month < 10 then
		return string.format('%04d%02d%02d', year, month + 3, in_year - before + 1)
	end
	return string.format('%04d%02d%02d', year + 1, month - 9, in_year - before + 1)
end

-- The beginning of every reply: the time, and whether a shard was met that did not know when it began. Then Redis was emptied, and
-- whoever asked tells the other shards (redis-calls.ts): the store began at one time.
local began = false
local function stamp()
	return text(micros) .. (began and ' began' or '')
end

-- When the shard began to remember, in ms: now, if it did not know.
local function epoch_of(stats)
	if redis.pcall('HSETNX', stats, 'epoch', text(now)) == 1 then
		began = true
	end
	return tonumber(redis.pcall('HGET', stats, 'epoch')) or now
end

-- Adds `counts`, of `<namespace>|<counter>`, to the shard's counters of today. The first of a kind in a day also sees to
-- the epoch, and once a day a page of counters loses the old ones; the next day goes on from there.
local today
local function count(stats, counts)
	local first = false
	for name, number in pairs(counts) do
		today = today or yyyymmdd(now)
		first = redis.pcall('HINCRBY', stats, today .. '|' .. name, number) == number or first
	end
	if not first then
		return
	end
	local known = redis.pcall('HMGET', stats, 'epoch', 'pruned')
	if not known[1] then
		began = redis.pcall('HSET', stats, 'epoch', text(now)) == 1 or began
	end
	local day, cursor = string.match(known[2] or today .. '|0', '^(%d+)|(%d+)$')
	if day == today then
		if not known[2] then
			redis.pcall('HSET', stats, 'pruned', today .. '|0')
		end
		return
	end
	local page = redis.pcall('HSCAN', stats, cursor or '0', 'COUNT', 500)
	if page.err then
		return
	end
	local oldest = yyyymmdd(now - KEPT_DAYS * DAY)
	for at = 1, #page[2], 2 do
		local counted = string.match(page[2][at], '^(%d%d%d%d%d%d%d%d)|')
		if counted and counted < oldest then
			redis.pcall('HDEL', stats, page[2][at])
		end
	end
	redis.pcall('HSET', stats, 'pruned', today .. '|' .. page[1])
end

-- What `work` returns; or nil and the words of the error that it failed with. What fails one key must not take their answers
-- from the others.
local function alone(work, ...)
	local done, first, second = pcall(work, ...)
	if done then
		return first, second
	end
	return nil, type(first) == 'table' and first.err or tostring(first)
end
