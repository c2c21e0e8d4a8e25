-- Claims keys one after the other, each with a unit of its budget: transitions.ts and budget.ts `claimWithinBudget`.
--
-- KEYS  of each item: its key, `open` and `stats` of its shard, and its budget's counter
-- ARGV  then of each item: limit, or 0 where it has no budget; window in ms; unit; and the 11 arguments of claim.lua for it alone
--
-- Reply { micros, reply, ... }: of each item what claim.lua replies, the value of `budget_exhausted` being how long until there is
--   room, in ms; or an error

-- @include prelude
-- @include window

-- One time for all items, and for what they count against.
local frozen = setmetatable({
	call = function(name, ...)
		if name == 'TIME' then
			return time
		end
		return redis['call'](name, ...)
	end,
}, { __index = redis })

local function claim_with(redis, KEYS, ARGV)
-- @include claim
end

local function claim_alone(keys, asked)
	return claim_with(frozen, keys, asked)
end

-- A fence grows with every grant, and with nothing else.
local function fence_of(head)
	return type(head) == 'string' and string.match(head, '^%u (%d+)') or ''
end

local function is_grant(entry, before)
	if entry == nil then
		return true
	end
	if entry[2] ~= 'new' then
		return false
	end
	for at = 1, #entry[4], 2 do
		if entry[4][at] == 's' then
			return fence_of(entry[4][at + 1]) ~= before
		end
	end
	return true
end

local function claim_budgeted(keys, asked, counter, limit, window, unit)
	local before = fence_of(redis.pcall('HGET', keys[1], 's'))
	local wait = wait_for(counter, limit, window)
	if wait > 0 then
		asked[11] = string.gsub(asked[11], '^(%d+ %d*)', '%1n')
	end
	local reply = claim_alone(keys, asked)
	local entry = reply[2]
	if is_grant(entry, before) then
		take(counter, unit, window)
	elseif entry[2] == 'budget_exhausted' then
		entry[3] = text(wait)
	end
	return reply
end

local reply = { text(micros) }
for item = 1, #KEYS / 4 do
	local key, at = item * 4 - 3, item * 14 - 13
	local keys, asked = { unpack(KEYS, key, key + 2) }, { unpack(ARGV, at + 4, at + 14) }
	local limit, window = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
	if limit == 0 then
		reply[item + 1] = claim_alone(keys, asked)
	else
		-- What fails an item must not take their answers from those before it.
		local done, answer = pcall(claim_budgeted, keys, asked, KEYS[key + 3], limit, window, ARGV[at + 3])
		local words = not done and (type(answer) == 'table' and answer.err or tostring(answer))
		reply[item + 1] = done and answer or { text(micros), { 1, 'error', words } }
	end
end
return reply
