-- The owner's commands: transitions.ts `command`, for a batch whose items are sorted by shard.
--
-- KEYS  the key of each item, then `open` and `stats` of each shard
-- ARGV  2 number of items in each shard: '39 41', 3 number of settings, 4 number of arguments of an item, then
--       1 x    settings: 'finish C 1 1 172800000 - 200', which is finish | release | park | abandon | renew | start | deposit; state
--              to reach (C, F, L, U; N is L where nothing ran) or -; 1 for the granted run, else 0; 1 where there is a result, or a
--              request to keep, else 0; lease or retention in ms or -; retry after in ms or -; status code
--       5 x    an item: the number of its settings; owner; fence; reason, or of a start workflow and execution (lines); the
--              result, or the request to keep, or ''; or
--       9 x    these and what a finish needs where the record is gone: claim timeout, policy, event's time, the claim's retention
--              ('3600000 h 1795497258303 172800000'); field `k`; workflow and execution (lines); fingerprint, field digests,
--              comparison, tenant (lines)
--
-- Each claim that ended is told on the channel `settled` beside `open`.
--
-- Reply { stamp, entry, ... }, one for each item:
--       1                                                 done, in the state that was ordered
--       { 'done', state, recovered (1, '') }
--       { 'kept', state }
--       { 'superseded', taken_over | forgotten | expired, state, fence, workflow and execution (lines) }
--       { 'lost', state }
--       { 'refused' }
--       { 'absent' }                                      not obeyed: a finish of a record that is gone, or what follows one, is
--                                                         asked for once more, with what it needs
--       { 'error', words }

-- @include prelude
-- @include fields
-- @include tell

local SETTINGS = '^(%l+) (%S+) (%d) (%d) (%S+) (%S+) (%d+)$'
local settings, at = {}, 4
for number = 1, tonumber(ARGV[3]) do
	at = at + 1
	local kind, to, own, keeps, duration, retry_after, status = string.match(ARGV[at], SETTINGS)
	settings[text(number)] = {
		type = kind,
		to = to == 'N' and 'L' or to,
		nothing_ran = to == 'N',
		own_run = own == '1',
		keeps = keeps == '1',
		duration = duration,
		retry_after = tonumber(retry_after),
		status = status,
	}
end
local stride = tonumber(ARGV[4])

local shards = {}
for items in string.gmatch(ARGV[2], '%d+') do
	shards[#shards + 1] = tonumber(items)
end
local after = #KEYS - 2 * #shards
local named = #KEYS[#KEYS] - 4
-- What is counted. The counters of all shards are added up when they are read, so they may stand in one.
local tally = {}

-- First, finishes of claims as most are: running, granted once, with nothing beside what the grant wrote. Such a record is not read
-- whole, and only what changes is written: a running claim has no result, status or wait (all grants drop them).

local now_text = text(now)

local function is_short(digits)
	return digits ~= nil and #digits <= 15
end

-- Whether this is done; false where the record has to be read for it.
local function finish_usual(key, set, item, open)
	local found = redis.pcall('HMGET', key, 's', 'o', 'r', 'k', 'e', 'c', 'l', 't', 'u', 'x', 'y')
	if found.err or found[2] ~= ARGV[item + 2] then
		return false
	end
	local granted, first, lease = string.match(found[1] or '', '^R (%d+) (%d+) (%d+)$')
	local retention, timeout = string.match(found[3] or '', '^(%d+) (%d+) [rh] ')
	local namespace = string.match(found[4] or '', '^([^\n]*)\n')
	local is_usual = granted == ARGV[item + 3] and #granted <= 16 and tonumber(granted) <= 2 ^ 53 - 1
		and retention == set.duration and is_short(retention) and is_short(timeout)
		and is_short(first) and is_short(lease) and lease + retention > now
		and not (found[6] or found[7] or found[8] or found[9] or found[10] or found[11])
		and namespace and (not found[5] or is_short(string.match(found[5], '^%d+$')))
	if not is_usual then
		return false
	end

	local write, size = { key, 's', set.to .. ' ' .. granted .. ' ' .. first .. ' ' .. now_text }, 3
	if set.status ~= '0' then
		write[4], write[5], size = 'z', set.status, 5
	end
	size = append(write, size, 'y', ARGV[item + 4])
	local result = set.keeps and ARGV[item + 5]
	if result == '' then
		write[size + 1], write[size + 2] = 'v', ''
	elseif result then
		append(write, size, 'v', result)
		local counter = namespace .. '|bytes'
		tally[counter] = (tally[counter] or 0) + #result
	end
	-- The end comes first: where memory is full, Redis lets a script go on that has written.
	redis.call('PEXPIREAT', key, text(math.max(now, first) + retention - offset))
	redis.call('HSET', unpack(write))
	redis.pcall('ZREM', open, string.sub(key, named))
	tell(key, open)
	return true
end

local reply, rest, left, item = { text(micros) }, {}, {}, 0
for shard = 1, #shards do
	local open = KEYS[after + 2 * shard - 1]
	for _ = 1, shards[shard] do
		item = item + 1
		local key, set = KEYS[item], settings[ARGV[at + 1]]
		-- What follows on a key that waits for the rest waits with it.
		local may = set.type == 'finish' and (set.to == 'C' or set.own_run) and not left[key]
		local done, words = false, nil
		if may then
			done, words = alone(finish_usual, key, set, at, open)
		end
		if done then
			reply[item + 1] = 1
		elseif words then
			reply[item + 1] = { 'error', words }
		else
			left[key] = true
			rest[#rest + 1] = { item, at, shard }
		end
		at = at + stride
	end
end

local function conclude()
	count(KEYS[#KEYS], tally)
	reply[1] = stamp()
	return reply
end

if #rest == 0 then
	return conclude()
end

-- @include record
-- @include settle
-- @include obey

for number = 1, #rest do
	answer(rest[number])
end

return conclude()
