-- Says which members of a shard's index are still open, and drops the others.
--
-- KEYS  1 `open`, then the records
--
-- Reply { micros, key of an open record, end of its lease in ms, ... }

-- @include prelude
-- @include fields
-- @include record

local reply, open = { text(micros) }, KEYS[1]
for item = 2, #KEYS do
	local rec = load(KEYS[item])
	if rec and (rec.state == 'R' or rec.state == 'P' or rec.state == 'U') then
		reply[#reply + 1] = KEYS[item]
		reply[#reply + 1] = text(rec.lease)
	else
		redis.pcall('ZREM', open, string.sub(KEYS[item], #open - 3))
	end
end
return reply
