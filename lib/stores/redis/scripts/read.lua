-- Reads records.
--
-- KEYS  the records
--
-- Reply { micros, entry, ... }, one for each key: { 'record', record }, { 'absent' }, { 'error', words }, or { 'later' } where
--   results of this reply are long enough already; where record is the hash as field, value, ...

-- @include prelude
-- @include fields
-- @include record

local function entry_of(key)
	if told >= ROOM then
		return { 'later' }
	end
	local rec, problem = load(key)
	if problem then
		return { 'error', problem }
	end
	if rec == nil then
		return { 'absent' }
	end
	local flat, left_out = shown(rec)
	return left_out and { 'later' } or { 'record', flat }
end

local reply = { text(micros) }
for item = 1, #KEYS do
	local entry, words = alone(entry_of, KEYS[item])
	reply[item + 1] = entry or { 'error', words }
end
return reply
