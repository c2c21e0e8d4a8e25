-- A record in hand: its fields as stored, and the numbers and words of `s` and `r` by name.

local STATE = '^([PRCFLU]) (%d+) (%d+) (%d+)$'
local TOMBSTONE = '^T (%d+) (%d+)$'
local TERMS = '^(%d+) (%d+) ([rh]) (.*)$'
local CORRUPT = 'CORRUPT the value at this key is not a claim'

local function expires(rec)
	return tonumber(rec.fields.x) or rec.lease + rec.retention
end

-- A field that may be in parts.
local function whole(fields, field)
	local value, part = fields[field] or '', 1
	while fields[field .. part] do
		value = value .. fields[field .. part]
		part = part + 1
	end
	return value
end

-- The record or tombstone that has these fields; nil where its time is over. Else nil and the words of an error.
local function parse(fields)
	local head = fields.s or ''
	local fence, ends = string.match(head, TOMBSTONE)
	if fence then
		return tonumber(ends) > now and { state = 'T', fence = tonumber(fence), fields = fields } or nil
	end
	local state, granted, first, lease = string.match(head, STATE)
	local retention, timeout, policy, run = string.match(whole(fields, 'r'), TERMS)
	if not (state and retention and fields.o and tonumber(fields.u or 0)) then
		return nil, CORRUPT
	end
	local rec = {
		fields = fields,
		state = state,
		fence = tonumber(granted),
		first = tonumber(first),
		lease = tonumber(lease),
		retention = tonumber(retention),
		timeout = tonumber(timeout),
		policy = policy,
		run = run,
		attempts = tonumber(fields.t) or 1,
	}
	return expires(rec) > now and rec or nil
end

-- The record or tombstone at `key`; nil where there is none, or its time is over. Else nil and the words of an error.
local function load(key)
	local flat = redis.pcall('HGETALL', key)
	if flat.err then
		return nil, flat.err
	end
	if #flat == 0 then
		return nil
	end
	local fields = {}
	for at = 1, #flat, 2 do
		fields[flat[at]] = flat[at + 1]
	end
	return parse(fields)
end

-- The state as it is now: an open claim whose lease is over has lapsed.
local function observe(rec)
	local open = rec.state == 'R' or rec.state == 'P'
	return open and rec.lease <= now and 'X' or rec.state
end

-- Sets a field that may be long.
local function put(rec, field, value)
	local fields, list, part = rec.fields, {}, 1
	fields[field] = nil
	while fields[field .. part] do
		fields[field .. part], part = nil, part + 1
	end
	for at = 1, append(list, 0, field, value), 2 do
		fields[list[at]] = list[at + 1]
	end
end

local RESULT = string.byte('v')

-- The record as field, value, ...; `bare` leaves out the result.
local function flatten(rec, bare)
	local flat, size = {}, 0
	for field, value in pairs(rec.fields) do
		if not (bare and string.byte(field) == RESULT) then
			flat[size + 1], flat[size + 2] = field, value
			size = size + 2
		end
	end
	return flat
end

local function expire(key, rec)
	redis.call('PEXPIREAT', key, text(expires(rec) - offset))
end

-- Writes the whole record. DEL comes first, which also keeps a write from being refused half-way where memory is full:
-- Redis lets a script end what it was allowed to begin.
local function save(key, rec)
	local fields = rec.fields
	fields.s = rec.state .. ' ' .. text(rec.fence) .. ' ' .. text(rec.first) .. ' ' .. text(rec.lease)
	put(rec, 'r', text(rec.retention) .. ' ' .. text(rec.timeout) .. ' ' .. rec.policy .. ' ' .. rec.run)
	fields.t = rec.attempts ~= 1 and text(rec.attempts) or nil
	redis.call('DEL', key)
	redis.call('HSET', key, unpack(flatten(rec)))
	expire(key, rec)
end
