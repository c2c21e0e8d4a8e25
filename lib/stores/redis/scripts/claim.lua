-- Claims keys: transitions.ts `claim`, for a batch whose items are sorted by shard.
--
-- KEYS  the key of each item, the keys of contents, then `open` and `stats` of each shard
-- ARGV  2 number of items in each shard: '39 41', 3 number of settings, 4 number of arguments of an item, then
--       3 x    settings: 'R 60000 - - 172800000 3600000 h workflow<line break>execution', which is the state to grant
--              (P, R), lease in ms, most attempts or -, flags or - (x: a duplicate extends the retention, s: strict age, o: what
--              is not granted counts as observed, q: nothing is counted, and the claim is not in `open`), field `r`; the namespace; and what is compared
--       4 x    an item: owner, fingerprint, field `k`, field digests; or
--       5 x    these, and what its settings lack at the end of field `r`: its execution, where those of a batch differ; or
--       6 x    these and, where it is more than settings 1: the number of its settings, event's time in ms or nothing,
--              tenant: '1 1795497258303 tenant'. The time is followed by n where its budget has no room, so that the key is not
--              granted; or by p, which only asks whether it would be, and is not counted
--       1 x    a content, in the order in which they are asked for: its item, and for how long it is remembered in ms: '1 600000'
--
-- Reply { stamp, entry, ... }, an entry for each item that is not the first grant of a key that was not there:
--       { item, 'new', takeover (1, ''), record }         granted again, or asked for once more by its owner
--       { item, 'duplicate', '', record }
--       { item, reason, retry after ms or '', record }    a conflict; without a record where the caller may learn nothing
--       { item, 'error', words }
--       { -item, 'content', '', record }                  a grant before this item's holds its content
--       { -item, 'error', words }                         whether one does can't be told
--   where item counts from 1, and record is the hash as field, value, ...

-- @include prelude
-- @include fields

local ASKED = '^(%u) (%d+) (%S+) (%S+) ((%d+) (%d+) ([rh]) .*)$'

local at, settings, micros_text, now_text = 4, {}, text(micros), text(now)
local stride = tonumber(ARGV[4])
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
		blocked = ARGV[at + 2] .. (string.find(flags, 'o', 1, true) and '|observed_' or '|'),
		counted = not string.find(flags, 'q', 1, true),
		comparison = ARGV[at + 3],
		terms = terms,
		new = ARGV[at + 2] .. '|new',
		fresh = false,
		size = 0,
	}
	-- What all its first grants share, with room for the rest: also `r`, unless each item ends it.
	set.fresh = {
		'', 's', state .. ' ' .. micros_text .. ' ' .. now_text .. ' ' .. set.ends,
		'', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '',
	}
	set.size = append(set.fresh, 3, 'w', set.comparison)
	if stride == 4 then
		set.size = append(set.fresh, set.size, 'r', terms)
	end
	settings[number] = set
	at = at + 3
end

-- An item's settings, and event's time and tenant, each '' where there is none.
local function terms_of(item)
	local more = stride == 6 and ARGV[item + 6] or ''
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
	if stride > 4 then
		size = append(fresh, size, 'r', set.terms .. ARGV[item + 5])
	end
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

-- First, the keys that are not there: most claims are the first of their key, so this part is kept short.

local reply, tally, rest, blocked = { micros_text }, {}, {}, {}
local shards, item, items_at = {}, 0, at
for items in string.gmatch(ARGV[2], '%d+') do
	shards[#shards + 1] = tonumber(items)
end
local after = #KEYS - 2 * #shards
local named = #KEYS[#KEYS] - 4

-- The arguments of ZADD for the claims of a shard, and how many they are.
local opened, size = {}, 1

for shard = 1, #shards do
	local stats = KEYS[after + 2 * shard]
	for _ = 1, shards[shard] do
		item = item + 1
		local key = KEYS[item]
		if redis.pcall('EXISTS', key) ~= 0 then
			rest[#rest + 1] = { item, at, shard }
		else
			local set, event, tenant = terms_of(at)
			local counter = set.new
			local refusal = event ~= '' and refusal_of(set, event, stats)
			if refusal then
				counter = is_counted(refusal, event) and set.blocked .. refusal
				blocked[item] = true
				reply[#reply + 1] = { item, refusal, '' }
			else
				local written = write_fresh(key, set, at, event, tenant)
				if type(written) ~= 'number' then
					counter = false
					blocked[item] = true
					reply[#reply + 1] = { item, 'error', written.err }
				elseif set.counted then
					opened[size + 1], opened[size + 2], size = set.ends, string.sub(key, named), size + 2
				end
			end
			if counter and set.counted then
				tally[counter] = (tally[counter] or 0) + 1
			end
		end
		at = at + stride
	end
	if size > 1 then
		opened[1] = KEYS[after + 2 * shard - 1]
		redis.pcall('ZADD', unpack(opened, 1, size))
		size = 1
	end
end

-- The counters of all shards are added up when they are read, so what a script counts may stand in one.
local function conclude()
	count(KEYS[#KEYS], tally)
	reply[1] = stamp()
	return reply
end

-- Remembers what granted items say, each under its content: core/content-request.ts, which makes the same record. Those that are
-- there stay.

local asked, contents, contents_at, held = item, after - item, at, {}

-- What a content's record calls an item: the end of its key's name.
local function name_of(place)
	return string.sub(KEYS[place], -64)
end

-- Writes a record for an item. Returns what HSET said.
local function write_content(key, place, window, fence)
	local own = items_at + stride * (place - 1)
	local set, about = terms_of(own), ARGV[own + 3]
	local run = string.sub(set.terms, #set.retention + #set.timeout + 5) .. (stride > 4 and ARGV[own + 5] or '')
	local list = {
		key, 's', 'R ' .. fence .. ' ' .. now_text .. ' ' .. text(now + window), 'o', ARGV[own + 1],
		'h', 'content', 'g', name_of(place),
	}
	local size = append(list, 9, 'r', '1 ' .. window .. ' r ' .. run)
	size = append(list, size, 'k', 'same-content' .. string.sub(about, #set.namespace))
	local written = redis.pcall('HSET', unpack(list, 1, size))
	if type(written) == 'number' then
		redis.call('PEXPIRE', key, window + 1)
	end
	return written
end

local function remember_contents()
	for number = 1, contents do
		local key = KEYS[asked + number]
		local place, window = string.match(ARGV[contents_at + number], '^(%d+) (%d+)$')
		place = tonumber(place)
		if not blocked[place] then
			if redis.pcall('EXISTS', key) ~= 0 then
				held[#held + 1] = { key, place, window }
			else
				local written = write_content(key, place, window, micros_text)
				if type(written) ~= 'number' then
					reply[#reply + 1] = { -place, 'error', written.err }
				end
			end
		end
	end
end

if #rest == 0 then
	remember_contents()
	if #held == 0 then
		return conclude()
	end
end

-- @include record
-- @include known

for number = 1, #rest do
	answer(rest[number])
end
if #rest > 0 then
	remember_contents()
end

for number = 1, #held do
	answer_content(unpack(held[number]))
end

return conclude()
