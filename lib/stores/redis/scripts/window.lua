-- The grants of a budget: a sorted set of units, by the time of their grant (ms). Those of before the window count no more.

-- How long until there is room for one more, in ms: 0 where there is.
local function wait_for(counter, limit, window)
	local since = '(' .. text(now - window)
	local taken = redis.call('ZCOUNT', counter, since, '+inf')
	if taken < limit then
		return 0
	end
	local leaves_first = redis.call('ZRANGEBYSCORE', counter, since, '+inf', 'WITHSCORES', 'LIMIT', taken - limit, 1)
	return tonumber(leaves_first[2]) + window - now
end

local function take(counter, unit, window)
	redis.call('ZREMRANGEBYSCORE', counter, '-inf', text(now - window))
	redis.call('ZADD', counter, text(now), unit)
	redis.call('PEXPIREAT', counter, text(now + window - offset))
end
