-- Claims keys: transitions.ts `claim`, for a batch whose items are sorted by shard.
--
-- KEYS  the key of each item, then `open` and `stats` of each shard
-- ARGV  2 number of items in each shard: '39 41', 3 number of settings, 4 number of arguments of an item, then
--       2 x    settings: 'R 60000 - - 172800000 3600000 h workflow<line break>execution', which is the state to grant
--              (P, R), lease in ms, most attempts or -, flags or - (x: a duplicate extends the retention, s: strict age),
--              field `r`; and the namespace
--       4 x    an item: owner, fingerprint, field `k`, field digests; or
--       5 x    these and, where it is more than settings 1: the number of its settings, event's time in ms or nothing,
--              tenant: '1 1795497258303 tenant'. The time is followed by n where its budget has no room, so that the key is not
--              granted; or by p, which only asks whether it would be, and is not counted
--
-- Reply { micros, entry, ... }, an entry for each item that is not the first grant of a key that was not there:
--       { item, 'new', takeover (1, ''), record }         granted again, or asked for once more by its owner
--       { item, 'duplicate', '', record }
--       { item, reason, retry after ms or '', record }    a conflict; without a record where the caller may learn nothing
--       { item, 'error', words }
--   where item counts from 1, and record is the hash as field, value, ...

-- @include prelude
-- @include fields

local ASKED = '^(%u) (%d+) (%S+) (%S+) ((%d+) (%d+) ([rh]) .*)$'

local at, settings, micros_text, now_text = 4, {}, text(micros), text(now)
for number = 1, tonumber(ARGV[3]) do
	local state, lease, attempts, flags, terms, retention, timeout, policy = string.match(ARGV[at + 1], ASKED)
	local ends = now + (state == 'P' and timeout or lease)
	local set = {
		state = state,
		lease = lease,
		ends = text(ends),
		expires = text(ends + retention - offset),
		retention = retention,
		timeout = timeout,
		policy = policy,
		attempts = attempts,
		flags = flags,
		namespace = ARGV[at + 2] .. '|',
		terms = terms,
		new = ARGV[at + 2] .. '|new',
		fresh = false,
		size = 0,
	}
	-- What all its first grants share, with room for the rest.
	set.fresh = {
		'', 's', state .. ' ' .. micros_text .. ' ' .. now_text .. ' ' .. set.ends,
		'', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '',
	}
	set.size = append(set.fresh, 3, 'r', terms)
	settings[number] = set
	at = at + 2
end
local stride = tonumber(ARGV[4])

-- An item's settings, and event's time and tenant, each '' where there is none.
local function terms_of(item)
	local more = stride == 5 and ARGV[item + 5] or ''
	if more == '' then
		return settings[1], '', ''
	end
	local number, event, tenant = string.match(more, '^(%d+) (%S*) (.*)$')
	return settings[tonumber(number)], event, tenant
end

-- Writes the first grant of a key. Returns what HSET said.
local function write_fresh(key, set, item, event, tenant)
	local fresh, size = set.fresh, set.size
	local fingerprint, about, digests = ARGV[item + 2], ARGV[item + 3], ARGV[item + 4]
	fresh[1], fresh[size + 1], fresh[size + 2] = key, 'o', ARGV[item + 1]
	size = size + 2
	if fingerprint ~= '' then
		fresh[size + 1], fresh[size + 2] = 'h', fingerprint
		size = size + 2
	end
	size = append(fresh, size, 'k', about)
	if digests ~= '' then
		size = append(fresh, size, 'g', digests)
	end
	if event ~= '' or tenant ~= '' then
		size = append(fresh, size, 'e', event)
		size = append(fresh, size, 'd', tenant)
	end
	local written = redis.pcall('HSET', unpack(fresh, 1, size))
	if type(written) == 'number' then
		redis.call('PEXPIREAT', key, set.expires)
	end
	return written
end

-- Why a key is not granted though it is not there: the event is older than what the store can know of, or its budget has no
-- room. Nil where nothing speaks against it.
local function refusal_of(set, event, stats)
	local time, budget = string.match(event, '^(%d*)([np]?)$')
	local at = tonumber(time)
	if at and (at < now - set.retention or (string.find(set.flags, 's', 1, true) and at < epoch_of(stats))) then
		return 'stale_key'
	end
	return budget ~= '' and 'budget_exhausted' or nil
end

local function is_counted(outcome, event)
	return outcome ~= 'budget_exhausted' or string.sub(event, -1) ~= 'p'
end

-- First, the keys that are not there: most claims are the first of their key, so this part is kept short. `counts` and
-- `opened` hold, for each shard, what it is to count, and a length and then the arguments of ZADD.

local reply, counts, opened, rest = { micros_text }, {}, {}, {}
local shards, item = {}, 0
for items in string.gmatch(ARGV[2], '%d+') do
	shards[#shards + 1] = tonumber(items)
end
local after = #KEYS - 2 * #shards
local named = #KEYS[#KEYS] - 4

local function note_opened(index, key, ends)
	local size = index[1]
	index[size + 1], index[size + 2], index[1] = ends, string.sub(key, named), size + 2
end

for shard = 1, #shards do
	local tally, index, stats = {}, { 1 }, KEYS[after + 2 * shard]
	for _ = 1, shards[shard] do
		item = item + 1
		local key = KEYS[item]
		local set, event, tenant = terms_of(at)
		if redis.pcall('EXISTS', key) ~= 0 then
			rest[#rest + 1] = { item, at, shard }
		else
			local counter = set.new
			local refusal = event ~= '' and refusal_of(set, event, stats)
			if refusal then
				counter = is_counted(refusal, event) and set.namespace .. refusal
				reply[#reply + 1] = { item, refusal, '' }
			else
				local written = write_fresh(key, set, at, event, tenant)
				if type(written) == 'number' then
					note_opened(index, key, set.ends)
				else
					counter = false
					reply[#reply + 1] = { item, 'error', written.err }
				end
			end
			if counter then
				tally[counter] = (tally[counter] or 0) + 1
			end
		end
		at = at + stride
	end
	counts[shard], opened[shard] = tally, index
end

local function conclude()
	for shard = 1, #shards do
		local index, stats = opened[shard], after + 2 * shard
		local size = index[1]
		if size > 1 then
			index[1] = KEYS[stats - 1]
			redis.pcall('ZADD', unpack(index, 1, size))
		end
		count(KEYS[stats], counts[shard])
	end
	return reply
end

if #rest == 0 then
	return conclude()
end

-- @include record

-- Then the others, by what is stored. An answer is its outcome or reason, a value for the reply, and the record; of a grant
-- also the end of its lease.

local function claim_absent(key, tombstone, item, stats)
	local set, event, tenant = terms_of(item)
	local refusal = event ~= '' and refusal_of(set, event, stats)
	if refusal then
		return refusal, ''
	end
	local fence = math.max(micros, tombstone and tombstone.fence + 1 or 0)
	local shared = set.fresh[3]
	set.fresh[3] = set.state .. ' ' .. text(fence) .. ' ' .. now_text .. ' ' .. set.ends
	redis.pcall('DEL', key)
	local written = write_fresh(key, set, item, event, tenant)
	set.fresh[3] = shared
	if type(written) ~= 'number' then
		return 'error', written.err
	end
	return 'new', '', fence ~= micros and redis.call('HGETALL', key) or nil, set.ends
end

-- A stored answer is given even where memory is full: PEXPIREAT may run then, and what follows the first write of a script
-- is no longer refused.
local function answer_duplicate(key, rec, set)
	local fields = rec.fields
	local extended = string.find(set.flags, 'x', 1, true)
	if extended then
		fields.x = text(now + rec.retention)
	end
	expire(key, rec)
	fields.u = text(redis.call('HINCRBY', key, 'u', 1))
	if extended then
		redis.call('HSET', key, 'x', fields.x)
	end
	return 'duplicate', '', flatten(rec)
end

local function refresh_lease(key, rec, set)
	rec.lease = now + (rec.state == 'P' and rec.timeout or set.lease)
	save(key, rec)
	return 'new', '', flatten(rec), text(rec.lease)
end

local function grant_again(key, rec, set, item, takeover)
	local fields = rec.fields
	rec.state, rec.fence, rec.lease = set.state, math.max(micros, rec.fence + 1), tonumber(set.ends)
	rec.retention, rec.timeout, rec.policy = tonumber(set.retention), tonumber(set.timeout), set.policy
	rec.run = string.match(set.terms, '^%d+ %d+ [rh] (.*)$')
	rec.attempts = rec.attempts + 1
	fields.o, fields.c = ARGV[item + 1], now ~= rec.first and now_text or nil
	fields.b, fields.x, fields.z = nil, nil, nil
	put(rec, 'v', '')
	put(rec, 'y', '')
	if ARGV[item + 2] ~= '' then
		fields.h = ARGV[item + 2]
		put(rec, 'g', ARGV[item + 4])
	end
	save(key, rec)
	return 'new', takeover and '1' or '', flatten(rec), set.ends
end

local function claim(key, rec, item)
	local set, event, tenant = terms_of(item)
	local fingerprint, known = ARGV[item + 2], rec.fields.h
	if (rec.fields.d or '') ~= tenant then
		return 'tenant_mismatch', ''
	end
	if known and fingerprint ~= '' and known ~= fingerprint then
		return 'payload_mismatch', '', flatten(rec, true)
	end

	local state = observe(rec)
	if state == 'C' or state == 'F' then
		return answer_duplicate(key, rec, set)
	end
	local open = rec.state == 'R' or rec.state == 'P'
	if open and rec.fields.o == ARGV[item + 1] then
		return refresh_lease(key, rec, set)
	end
	if open and state ~= 'X' then
		return 'in_progress', '', flatten(rec, true)
	end

	local takeover = state == 'X' or state == 'U'
	if takeover and (rec.policy == 'h' or set.policy == 'h') then
		return 'unknown_outcome', '', flatten(rec, true)
	end
	if set.attempts ~= '-' and rec.attempts >= tonumber(set.attempts) then
		return 'attempts_exhausted', '', flatten(rec, true)
	end
	local not_before = tonumber(rec.fields.b) or 0
	if state == 'L' and not_before > now then
		return 'retry_later', text(not_before - now), flatten(rec, true)
	end
	if string.find(event, '[np]$') then
		return 'budget_exhausted', '', flatten(rec, true)
	end
	return grant_again(key, rec, set, item, takeover)
end

local function answer(entry)
	local number, at, shard = entry[1], entry[2], entry[3]
	local key, stats = KEYS[number], KEYS[after + 2 * shard]
	local rec, problem = load(key)
	local outcome, value, record, ends
	if problem then
		outcome, value = 'error', problem
	elseif rec == nil or rec.state == 'T' then
		outcome, value, record, ends = claim_absent(key, rec, at, stats)
	else
		outcome, value, record, ends = claim(key, rec, at)
	end
	if ends then
		note_opened(opened[shard], key, ends)
	end
	local set, event = terms_of(at)
	if outcome ~= 'error' and is_counted(outcome, event) then
		local again = outcome == 'new' and rec and rec.state ~= 'T' and rec.attempts > 1
		local counter = set.namespace .. (again and 'retry' or outcome)
		counts[shard][counter] = (counts[shard][counter] or 0) + 1
	end
	if record or outcome ~= 'new' then
		reply[#reply + 1] = { number, outcome, value, record }
	end
end

for number = 1, #rest do
	answer(rest[number])
end

return conclude()
