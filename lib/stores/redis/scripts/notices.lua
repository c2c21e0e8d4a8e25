-- What a consumer was told, so that nobody tells it again: a sorted set of notices by the time until which they are kept.
--
-- KEYS  1 the consumer's set
-- ARGV  2 take, then 3 for how long to hold in ms, 4... notices; or
--       2 keep, then for each notice 2 arguments: the notice, and until when in ms
--
-- Reply { micros, notice, ... }: those that were taken

-- @include prelude

local told, reply = KEYS[1], { text(micros) }
redis.call('ZREMRANGEBYSCORE', told, '-inf', text(now))
if ARGV[2] == 'take' then
	local until_ms = text(now + ARGV[3])
	for at = 4, #ARGV do
		if redis.call('ZADD', told, 'NX', until_ms, ARGV[at]) == 1 then
			reply[#reply + 1] = ARGV[at]
		end
	end
else
	for at = 3, #ARGV, 2 do
		redis.call('ZADD', told, ARGV[at + 1], ARGV[at])
	end
end
local last = redis.call('ZRANGE', told, -1, -1, 'WITHSCORES')
if last[2] then
	redis.call('PEXPIREAT', told, text(last[2] - offset))
end
return reply
