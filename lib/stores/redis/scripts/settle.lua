-- The record after its run ended (transitions.ts `settled`). `result` is nil where none is kept, `retry_after` nil where the
-- wait grows with each attempt, `nothing_ran` where the attempt is given back.
local function settle(rec, to, result, status, reason, retry_after, nothing_ran)
	local fields = rec.fields
	if to == 'L' and nothing_ran and rec.takeover then
		to, reason = 'U', 'An earlier run never finished, and the one that took over did nothing: ' .. reason
	end
	rec.state, rec.lease, fields.x, fields.b = to, now, nil, nil
	if to == 'L' then
		local wait = retry_after or math.min(30000 * 2 ^ math.max(0, rec.attempts - 1), 3600000)
		fields.b = text(now + wait)
	end
	if nothing_ran then
		rec.attempts = math.max(0, rec.attempts - 1)
	end
	local finished = to == 'C' or to == 'F'
	put(rec, 'v', finished and result or '')
	if finished and result == '' then
		fields.v = ''
	end
	fields.z = status ~= '0' and status or nil
	put(rec, 'y', reason)
end

-- Keeps the shard's index in step: open claims by the end of their lease, parked ones by the time of parking.
local function index(key, open, rec)
	local identity = string.sub(key, #open - 3)
	if rec.state == 'R' or rec.state == 'P' or rec.state == 'U' then
		redis.pcall('ZADD', open, text(rec.lease), identity)
	else
		redis.pcall('ZREM', open, identity)
	end
end

-- Adds the size of a stored result to `counts`.
local function count_bytes(counts, rec, result)
	if result and result ~= '' and (rec.state == 'C' or rec.state == 'F') then
		local counter = string.match(whole(rec.fields, 'k'), '^([^\n]*)') .. '|bytes'
		counts[counter] = (counts[counter] or 0) + #result
	end
end
