-- Takes a unit of a budget, or gives it back: where the claim that it is for lies in another slot.
--
-- KEYS  the budget's counter
-- ARGV  2 take or give, 3 unit, 4 limit, 5 window in ms
--
-- Reply { micros, wait }: 0 where it was done, else how long until there is room, in ms

-- @include prelude
-- @include window

if ARGV[2] == 'give' then
	redis.call('ZREM', KEYS[1], ARGV[3])
	return { text(micros), '0' }
end

local wait = wait_for(KEYS[1], tonumber(ARGV[4]), tonumber(ARGV[5]))
if wait == 0 then
	take(KEYS[1], ARGV[3], tonumber(ARGV[5]))
end
return { text(micros), text(wait) }
