-- A part of claim.lua: the keys that are there, by what is stored. An answer is its outcome or reason, a value for the reply, and the record; of a grant
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
	if tombstone and tombstone.ends > now + set.retention then
		redis.call('HSET', key, 'l', text(tombstone.ends))
		redis.call('PEXPIREAT', key, text(math.max(tombstone.ends - offset, tonumber(set.expires))))
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
	return 'duplicate', '', (shown(rec))
end

-- The owner asks again: the same claim. One that has not started keeps its time, since nothing can begin after it.
local function same_claim(key, rec, set)
	local takeover = rec.takeover and '1' or ''
	if rec.state == 'P' then
		return 'new', takeover, flatten(rec, true)
	end
	rec.lease = now + set.lease
	save(key, rec)
	return 'new', takeover, flatten(rec, true), text(rec.lease)
end

local function grant_again(key, rec, set, item, takeover, reason)
	local fields = rec.fields
	rec.state, rec.fence, rec.lease = set.state, math.max(micros, rec.fence + 1), tonumber(set.ends)
	rec.retention, rec.timeout, rec.policy = tonumber(set.retention), tonumber(set.timeout), set.policy
	rec.run = string.match(set.terms, '^%d+ %d+ [rh] (.*)$') .. (stride > 4 and ARGV[item + 5] or '')
	rec.attempts, rec.takeover, rec.claimed = rec.attempts + 1, takeover, now
	rec.believed = math.max(rec.believed, now + rec.retention)
	fields.o = ARGV[item + 1]
	fields.b, fields.x, fields.z = nil, nil, nil
	put(rec, 'v', '')
	put(rec, 'y', reason)
	if ARGV[item + 2] ~= '' then
		fields.h = ARGV[item + 2]
		put(rec, 'w', set.comparison)
		put(rec, 'g', ARGV[item + 4])
	end
	save(key, rec)
	return 'new', takeover and '1' or '', flatten(rec, true), set.ends
end

local function claim(key, rec, item)
	local set, event, tenant = terms_of(item)
	local fingerprint, known = ARGV[item + 2], rec.fields.h
	local state, began, mine = observe(rec), not never_began(rec), rec.fields.o == ARGV[item + 1]
	after_time(rec)
	if (rec.fields.d or '') ~= tenant then
		return 'tenant_mismatch', ''
	end
	-- Another comparison says nothing: the setting was changed meanwhile.
	local compared = whole(rec.fields, 'w') == set.comparison
	if known and fingerprint ~= '' and compared and known ~= fingerprint then
		return 'payload_mismatch', '', flatten(rec, true)
	end

	if state == 'C' or state == 'F' then
		return answer_duplicate(key, rec, set)
	end
	if mine and began and (rec.state == 'R' or rec.state == 'P') then
		return same_claim(key, rec, set)
	end
	if state == 'R' or state == 'P' then
		return 'in_progress', '', flatten(rec, true)
	end

	local takeover = state == 'X' or state == 'U'
	if takeover and (rec.policy == 'h' or set.policy == 'h') then
		return 'unknown_outcome', '', flatten(rec, true)
	end
	if began and set.attempts ~= '-' and rec.attempts >= tonumber(set.attempts) then
		return 'attempts_exhausted', '', flatten(rec, true)
	end
	local not_before = tonumber(rec.fields.b) or 0
	if state == 'L' and not_before > now then
		return 'retry_later', text(not_before - now), flatten(rec, true)
	end
	if string.find(event, '[np]$') then
		return 'budget_exhausted', '', flatten(rec, true)
	end
	return grant_again(key, rec, set, item, takeover, began and '' or NEVER_BEGAN)
end

-- What the key's record, or its absence, says to an item; and the record as it is now.
local function outcome_of(key, at, stats)
	local rec, problem = load_to_show(key)
	if problem then
		return { 'error', problem }
	elseif rec == nil or rec.state == 'T' then
		return { claim_absent(key, rec, at, stats) }
	end
	return { claim(key, rec, at) }, rec
end

local function answer(entry)
	local number, at, shard = entry[1], entry[2], entry[3]
	local said, rec = alone(outcome_of, KEYS[number], at, KEYS[after + 2 * shard])
	if said == nil then
		said = { 'error', rec }
	end
	blocked[number] = said[1] ~= 'new'
	local outcome, value, record, ends = said[1], said[2], said[3], said[4]
	local set, event = terms_of(at)
	if ends and set.counted then
		redis.pcall('ZADD', KEYS[after + 2 * shard - 1], ends, string.sub(KEYS[number], named))
	end
	if outcome ~= 'error' and set.counted and is_counted(outcome, event) then
		local again = outcome == 'new' and rec and rec.attempts > 1
		local counter = outcome ~= 'new' and set.blocked .. outcome or set.namespace .. (again and 'retry' or outcome)
		tally[counter] = (tally[counter] or 0) + 1
	end
	if record or outcome ~= 'new' then
		reply[#reply + 1] = { number, outcome, value, record }
	end
end

-- The content's record where it names another item, else false; one that nobody holds any more is this item's.
local function holder_of(key, place, window)
	local rec, problem = load(key)
	if problem then
		error({ err = problem })
	end
	if rec and rec.state ~= 'T' and observe(rec) == 'R' then
		return rec.fields.g ~= name_of(place) and flatten(rec, true)
	end
	redis.call('DEL', key)
	local written = write_content(key, place, window, text(math.max(micros, rec and rec.fence + 1 or 0)))
	if type(written) ~= 'number' then
		error(written)
	end
	return false
end

local function answer_content(key, place, window)
	local record, problem = alone(holder_of, key, place, window)
	if problem then
		reply[#reply + 1] = { -place, 'error', problem }
	elseif record then
		reply[#reply + 1] = { -place, 'content', '', record }
	end
end
