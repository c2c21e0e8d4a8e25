-- Tells those who wait for the claim's end. Where that is refused (a user without channels) they find it by looking.
local function tell(key, open)
	redis.pcall('PUBLISH', string.sub(open, 1, -5) .. 'settled', string.sub(key, #open - 3))
end
