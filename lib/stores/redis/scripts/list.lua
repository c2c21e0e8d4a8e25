-- Reads records without their results, where they fit the filters; and drops those that are gone from the index of open claims.
--
-- KEYS  the records, then `open` and `stats` of each shard
-- ARGV  2 states, one letter each (X lapsed), or '' for any; 3 namespace, 4 workflow, 5 execution, each '' for any;
--       6 first seen at or after, 7 before, in ms or ''; 8 number of records in each shard: '39 41'
--
-- Reply { micros, entry, ... }, one for each key: { 'record', record }, { 'absent' } (or not fitting) or { 'error', words },
--   where record is the hash as field, value, ..., without the result

-- @include prelude
-- @include fields
-- @include record

local states, namespace, workflow, execution = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local from, before = tonumber(ARGV[6]), tonumber(ARGV[7])

local function lines(value)
	return string.match(value, '^([^\n]*)\n?(.*)$')
end

local function fits(rec)
	if rec.state == 'T' then
		return false
	end
	-- Who asks for what lapsed is told of what never began as well: see isListed.
	local asked = states == ''
		or string.find(states, observe(rec), 1, true)
		or (never_began(rec) and string.find(states, 'X', 1, true))
	if not asked then
		return false
	end
	local run_of, run_id = lines(rec.run)
	return (namespace == '' or namespace == lines(whole(rec.fields, 'k')))
		and (workflow == '' or workflow == run_of)
		and (execution == '' or execution == run_id)
		and (from == nil or rec.first >= from)
		and (before == nil or rec.first < before)
end

local reply, item, shard = { text(micros) }, 0, 0
local shards = select(2, string.gsub(ARGV[8], '%d+', ''))
for records in string.gmatch(ARGV[8], '%d+') do
	shard = shard + 1
	local open = KEYS[#KEYS - 2 * (shards - shard) - 1]
	for _ = 1, records do
		item = item + 1
		local key = KEYS[item]
		local rec, problem = head(key)
		if problem then
			reply[item + 1] = { 'error', problem }
		elseif rec and fits(rec) then
			reply[item + 1] = { 'record', flatten(rec) }
		else
			reply[item + 1] = { 'absent' }
		end
		if rec == nil and not problem then
			redis.pcall('ZREM', open, string.sub(key, #open - 3))
		end
	end
end
return reply
