-- Takes units of a budget, or gives them back. The claims that they are for may lie in other slots.
--
-- KEYS  the budget's counter
-- ARGV  2 take, then for each claim 3 arguments: unit, limit, window in ms; or
--       2 give, then the units
--
-- Reply { micros, wait, ... }: for each claim 0 where its unit was taken, else how long until there is room, in ms

-- @include prelude
-- @include window

local counter, reply = KEYS[1], { text(micros) }
if ARGV[2] == 'give' then
	redis.call('ZREM', counter, unpack(ARGV, 3))
	return reply
end

for at = 3, #ARGV, 3 do
	local unit, limit, window = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
	-- Asked again after a lost reply: it does not stand in its own way.
	redis.call('ZREM', counter, unit)
	local wait = wait_for(counter, limit, window)
	if wait == 0 then
		take(counter, unit, window)
	end
	reply[#reply + 1] = text(wait)
end
return reply
