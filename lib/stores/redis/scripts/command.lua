-- The owner's commands: transitions.ts `command`, for a batch whose items are sorted by shard.
--
-- KEYS  the key of each item, then `open` and `stats` of each shard
-- ARGV  2 number of items in each shard: '39 41', then
--       15 x   an item: finish | release | park | abandon | renew | start | deposit; owner; fence; 1 for the granted run, else '';
--              state to reach (C, F, L, U; N is L where nothing ran) or ''; lease or retention in ms; retry after ms or ''; status code; reason;
--              1 where there is a result, or a request to keep, else ''; the same;
--              and what a finish needs if the record is gone: claim timeout, policy, event's time, the claim's retention
--              ('3600000 h 1795497258303 172800000'); field `k`; workflow and execution (lines); fingerprint, field digests, comparison, tenant (lines)
--
-- Each claim that ended is told on the channel `settled` beside `open`.
--
-- Reply { stamp, entry, ... }, one for each item:
--       { 'done', state, recovered (1, ''), record }
--       { 'kept', state, record }                         without a record where it is absent
--       { 'superseded', taken_over | forgotten | expired, state, fence, workflow and execution (lines) }
--       { 'lost', state }
--       { 'refused' }
--       { 'error', words }
--   where record is the hash as field, value, ..., without the result

-- @include prelude
-- @include fields
-- @include record
-- @include settle

local MERELY_HELD = { renew = true, start = true, deposit = true }

local function order_at(at)
	return {
		type = ARGV[at + 1],
		owner = ARGV[at + 2],
		fence = tonumber(ARGV[at + 3]) or 0,
		own_run = ARGV[at + 4] == '1',
		to = ARGV[at + 5] == 'N' and 'L' or ARGV[at + 5],
		nothing_ran = ARGV[at + 5] == 'N',
		duration = tonumber(ARGV[at + 6]),
		retry_after = tonumber(ARGV[at + 7]),
		status = ARGV[at + 8],
		reason = ARGV[at + 9],
		result = ARGV[at + 10] == '1' and ARGV[at + 11] or nil,
		at = at,
	}
end

-- The record that a finish makes of what its token carries.
local function remains_of(order, claimed)
	local at = order.at
	local timeout, policy, event = string.match(ARGV[at + 12], '^(%d+) ([rh]) (%S+) %d+$')
	local fingerprint, digests, comparison, tenant =
		string.match(ARGV[at + 15], '^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
	local rec = {
		fields = { o = order.owner },
		fence = order.fence,
		first = claimed,
		claimed = claimed,
		retention = order.duration,
		timeout = tonumber(timeout),
		policy = policy,
		run = ARGV[at + 14],
		attempts = 1,
		takeover = false,
	}
	put(rec, 'h', fingerprint)
	put(rec, 'w', comparison)
	put(rec, 'd', tenant)
	put(rec, 'g', digests)
	put(rec, 'k', ARGV[at + 13])
	rec.fields.e = tonumber(event) ~= claimed and event or nil
	return rec
end

local function finish_absent(key, tombstone, order)
	local claimed = math.floor(order.fence / 1000)
	if tombstone and tombstone.fence >= order.fence then
		local reason = tombstone.expired and 'expired' or 'forgotten'
		return { 'superseded', reason, 'A', text(tombstone.fence), '' }
	end
	local granted = tonumber(string.match(ARGV[order.at + 12], '%d+$'))
	if math.abs(now - claimed) >= math.min(granted, order.duration) then
		return { 'superseded', 'expired', 'A', '0', '' }
	end
	local rec = remains_of(order, claimed)
	rec.believed = math.max(tombstone and tombstone.ends or 0, claimed + granted)
	settle(rec, order.to, order.result, order.status, order.reason)
	save(key, rec)
	return { 'done', rec.state, '1', flatten(rec, true) }, rec
end

local function may_finish(order, state)
	if state == 'C' then
		return false
	end
	return order.to == 'C' or (state ~= 'F' and (order.own_run or state == 'L'))
end

-- Extends or starts the lease of a record; false where that can't be.
local function extend(rec, order, state, open)
	local hold_until = rec.claimed + rec.timeout
	local fits = state == 'P' or state == 'R'
	if order.type == 'renew' then
		fits = open and rec.state == 'R'
	end
	if not (fits and order.own_run and now < hold_until) then
		return false
	end
	rec.lease = math.min(now + order.duration, hold_until)
	if order.type == 'start' then
		rec.state, rec.run = 'R', ARGV[order.at + 14]
		put(rec, 'v', '')
	end
	return true
end

-- Changes the record as ordered; false where it is kept as it is.
local function change(rec, order, state, open)
	local kind = order.type
	if kind == 'deposit' then
		if not (state == 'P' and order.own_run) then
			return false
		end
		put(rec, 'v', order.result)
		rec.fields.v = order.result == '' and '' or rec.fields.v
		return true
	elseif kind == 'finish' then
		if not may_finish(order, state) then
			return false
		end
		rec.retention = order.duration
	elseif kind == 'park' then
		if not (open or state == 'L') then
			return false
		end
	elseif not (open and order.own_run) then
		return false
	end
	settle(rec, order.to, order.result, order.status, order.reason, order.retry_after, order.nothing_ran)
	return true
end

-- The execution of workflow and execution (lines).
local function execution_of(run)
	return string.match(run, '\n(.*)$')
end

-- Obeys one order. Returns the entry of the reply, and the record if it was written.
local function obey(key, order)
	local rec, problem = load(key)
	if problem then
		return { 'error', problem }
	end
	local fence, leases = order.fence, order.type == 'renew' or order.type == 'start'
	if not (fence > 0 and fence <= MAX_SAFE and fence % 1 == 0) then
		return { 'refused' }
	end
	if rec == nil or rec.state == 'T' then
		if order.type == 'finish' then
			return finish_absent(key, rec, order)
		end
		return { leases and 'lost' or 'kept', 'A' }
	end

	local state = observe(rec)
	if rec.fields.o ~= order.owner or rec.fence ~= fence then
		if order.type == 'abandon' then
			return { 'kept', state, flatten(after_time(rec), true) }
		end
		return { 'superseded', 'taken_over', state, text(rec.fence), rec.run }
	end
	-- Two executions of one accepted request: the first one to start is the one that acts.
	if order.type == 'start' and state == 'R' and execution_of(rec.run) ~= execution_of(ARGV[order.at + 14]) then
		return { 'superseded', 'taken_over', state, text(rec.fence), rec.run }
	end

	local open = state == 'R' or state == 'P' or state == 'X'
	if leases then
		if not extend(rec, order, state, open) then
			return { 'lost', state }
		end
	elseif not change(rec, order, state, open) then
		return { 'kept', state, flatten(after_time(rec), true) }
	end
	save(key, rec)
	local recovered = order.type == 'finish' and (state == 'L' or state == 'F')
	return { 'done', rec.state, recovered and '1' or '', flatten(rec, true) }, rec
end

local reply, item, at = { text(micros) }, 0, 2
local shards = {}
for items in string.gmatch(ARGV[2], '%d+') do
	shards[#shards + 1] = tonumber(items)
end
local after = #KEYS - 2 * #shards
for shard = 1, #shards do
	local open, stats, counts = KEYS[after + 2 * shard - 1], KEYS[after + 2 * shard], {}
	for _ = 1, shards[shard] do
		item = item + 1
		local order = order_at(at)
		local entry, written = alone(obey, KEYS[item], order)
		if entry == nil then
			entry = { 'error', written }
		elseif written then
			index(KEYS[item], open, written)
			if not MERELY_HELD[order.type] then
				tell(KEYS[item], open)
			end
			count_bytes(counts, written, order.result)
		end
		reply[item + 1] = entry
		at = at + 15
	end
	count(stats, counts)
end
reply[1] = stamp()
return reply
