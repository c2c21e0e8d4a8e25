-- Reads records.
--
-- KEYS  the records
--
-- Reply { micros, entry, ... }, one for each key: { 'record', record }, { 'absent' } or { 'error', words },
--   where record is the hash as field, value, ...

-- @include prelude
-- @include fields
-- @include record

local reply = { text(micros) }
for item = 1, #KEYS do
	local rec, problem = alone(load, KEYS[item])
	if problem then
		reply[item + 1] = { 'error', problem }
	elseif rec then
		reply[item + 1] = { 'record', flatten(rec) }
	else
		reply[item + 1] = { 'absent' }
	end
end
return reply
