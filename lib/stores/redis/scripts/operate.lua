-- The operator's commands: transitions.ts `operate`.
--
-- KEYS  1 the record, 2 `open`, 3 `stats` of its shard
-- ARGV  2 resolve | forget, 3 state to reach (C, L) or '', 4 fence seen, 5 state seen (to forget whatever is there: both ''), 6 1 to force, else '',
--       7 status code, 8 reason, 9 1 where there is a result, else '', 10 result
--
-- Reply { stamp, done | kept | changed | refused, state } or { stamp, 'error', words }

-- @include prelude
-- @include fields
-- @include record
-- @include settle
-- @include tell

local key, open, stats = KEYS[1], KEYS[2], KEYS[3]

local function bury(fence, ends)
	redis.call('DEL', key)
	redis.call('HSET', key, 's', 'T ' .. text(fence) .. ' ' .. text(ends))
	redis.call('PEXPIREAT', key, text(ends - offset))
	redis.pcall('ZREM', open, string.sub(key, #open - 3))
	return 'done', 'A'
end

local function resolve(rec, state, running)
	local to, result = ARGV[3], ARGV[9] == '1' and ARGV[10] or nil
	if (running and ARGV[6] ~= '1') or state == 'C' then
		return 'refused', state
	end
	settle(rec, to, result, ARGV[7], ARGV[8], 0)
	rec.attempts = to == 'L' and 0 or rec.attempts
	save(key, rec)
	index(key, open, rec)
	local counts = {}
	count_bytes(counts, rec, result)
	count(stats, counts)
	return 'done', to
end

local function operate()
	local forget, force, unseen = ARGV[2] == 'forget', ARGV[6] == '1', ARGV[4] == ''
	local rec, problem = load(key)
	if problem then
		if forget and force and unseen then
			redis.call('DEL', key)
			redis.pcall('ZREM', open, string.sub(key, #open - 3))
			return 'done', 'A'
		end
		return 'error', problem
	end
	if rec == nil or rec.state == 'T' then
		return forget and 'kept' or 'refused', 'A'
	end
	local state = observe(rec)
	local running = state == 'R' or state == 'P'
	if not unseen and (tonumber(ARGV[4]) ~= rec.fence or ARGV[5] ~= state) then
		return 'changed', state
	end
	if not forget then
		return resolve(rec, state, running)
	end
	if running and not force then
		return 'refused', state
	end
	local ends = now + rec.retention + math.max(0, rec.lease - now)
	return bury(math.max(rec.fence, micros), math.max(rec.believed, ends))
end

local outcome, state = operate()
if outcome == 'done' then
	tell(key, open)
end
return { stamp(), outcome, state }
