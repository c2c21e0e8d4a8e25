-- A part of command.lua: orders that need the whole record.

local MERELY_HELD = { renew = true, start = true, deposit = true }

local function order_at(item)
	local set = settings[ARGV[item + 1]]
	return {
		type = set.type,
		owner = ARGV[item + 2],
		fence = tonumber(ARGV[item + 3]) or 0,
		own_run = set.own_run,
		to = set.to,
		nothing_ran = set.nothing_ran,
		duration = tonumber(set.duration),
		retry_after = set.retry_after,
		status = set.status,
		reason = ARGV[item + 4],
		run = ARGV[item + 4],
		result = set.keeps and ARGV[item + 5] or nil,
		at = item,
	}
end

-- The record that a finish makes of what its token carries.
local function remains_of(order, claimed)
	local at = order.at
	local timeout, policy, event = string.match(ARGV[at + 6], '^(%d+) ([rh]) (%S+) %d+$')
	local fingerprint, digests, comparison, tenant =
		string.match(ARGV[at + 9], '^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
	local rec = {
		fields = { o = order.owner },
		fence = order.fence,
		first = claimed,
		claimed = claimed,
		retention = order.duration,
		timeout = tonumber(timeout),
		policy = policy,
		run = ARGV[at + 8],
		attempts = 1,
		takeover = false,
	}
	put(rec, 'h', fingerprint)
	put(rec, 'w', comparison)
	put(rec, 'd', tenant)
	put(rec, 'g', digests)
	put(rec, 'k', ARGV[at + 7])
	rec.fields.e = tonumber(event) ~= claimed and event or nil
	return rec
end

-- Keys of which a finish is asked for once more: what follows on them waits for it.
local waiting = {}

local function finish_absent(key, tombstone, order)
	local claimed = math.floor(order.fence / 1000)
	if tombstone and tombstone.fence >= order.fence then
		local reason = tombstone.expired and 'expired' or 'forgotten'
		return { 'superseded', reason, 'A', text(tombstone.fence), '' }
	end
	if stride < 9 then
		waiting[key] = true
		return { 'absent' }
	end
	local granted = tonumber(string.match(ARGV[order.at + 6], '%d+$'))
	if math.abs(now - claimed) >= math.min(granted, order.duration) then
		return { 'superseded', 'expired', 'A', '0', '' }
	end
	local rec = remains_of(order, claimed)
	rec.believed = math.max(tombstone and tombstone.ends or 0, claimed + granted)
	settle(rec, order.to, order.result, order.status, order.reason)
	save(key, rec)
	return { 'done', rec.state, '1' }, rec
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
		rec.state, rec.run = 'R', order.run
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
	if waiting[key] then
		return { 'absent' }
	end
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
			return { 'kept', state }
		end
		return { 'superseded', 'taken_over', state, text(rec.fence), rec.run }
	end
	-- Two executions of one accepted request: the first one to start is the one that acts.
	if order.type == 'start' and state == 'R' and execution_of(rec.run) ~= execution_of(order.run) then
		return { 'superseded', 'taken_over', state, text(rec.fence), rec.run }
	end

	local open = state == 'R' or state == 'P' or state == 'X'
	if leases then
		if not extend(rec, order, state, open) then
			return { 'lost', state }
		end
	elseif not change(rec, order, state, open) then
		return { 'kept', state }
	end
	save(key, rec)
	local recovered = order.type == 'finish' and (state == 'L' or state == 'F')
	return { 'done', rec.state, recovered and '1' or '' }, rec
end

local function answer(entry)
	local number, shard = entry[1], entry[3]
	local key, open = KEYS[number], KEYS[after + 2 * shard - 1]
	local order = order_at(entry[2])
	local said, written = alone(obey, key, order)
	if said == nil then
		said = { 'error', written }
	elseif written then
		index(key, open, written)
		if not MERELY_HELD[order.type] then
			tell(key, open)
		end
		count_bytes(tally, written, order.result)
	end
	reply[number + 1] = said
end
