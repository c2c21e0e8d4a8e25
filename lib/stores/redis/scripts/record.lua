-- A record in hand: its fields as stored, and the numbers and words of `s` and `r` by name.

local STATE = '^([PRCFLU]) (%d+) (%d+) (%d+)$'
local TOMBSTONE = '^T (%d+) (%d+)$'
local TERMS = '^(%d+) (%d+) ([rh]) (.*)$'
local CORRUPT = 'CORRUPT the value at this key is not a claim'
local MAX_SAFE = 2 ^ 53 - 1

-- More fields than a record can have, so that no script fails half-way for it.
local MOST_FIELDS = 200

local NEVER_BEGAN = 'The run that was accepted before never began'

-- Whether these are whole numbers that no script fails to add to, or none at all.
local function are_whole(...)
	for at = 1, select('#', ...) do
		local value = select(at, ...)
		if value and not (string.find(value, '^%-?%d+$') and math.abs(tonumber(value)) <= MAX_SAFE) then
			return false
		end
	end
	return true
end

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

local function tombstone(fence, ends)
	return { state = 'T', fence = fence, ends = ends, fields = { s = 'T ' .. text(fence) .. ' ' .. text(ends) } }
end

-- The record or tombstone that has these fields; nil where its time is over. Else nil and the words of an error.
local function parse(fields)
	local head = fields.s or ''
	local fence, ends = string.match(head, TOMBSTONE)
	if fence then
		if not are_whole(fence, ends) then
			return nil, CORRUPT
		end
		return tonumber(ends) > now and tombstone(tonumber(fence), tonumber(ends)) or nil
	end
	local state, granted, first, lease = string.match(head, STATE)
	local retention, timeout, policy, run = string.match(whole(fields, 'r'), TERMS)
	if not (state and retention and fields.o) then
		return nil, CORRUPT
	end
	local f = fields
	if not are_whole(granted, first, lease, retention, timeout, f.b, f.c, f.e, f.l, f.t, f.u, f.x, f.z) then
		return nil, CORRUPT
	end
	local rec = {
		fields = fields,
		state = state,
		fence = tonumber(granted),
		first = tonumber(first),
		claimed = tonumber(f.c) or tonumber(first),
		lease = tonumber(lease),
		retention = tonumber(retention),
		timeout = tonumber(timeout),
		policy = policy,
		run = run,
		attempts = tonumber(f.t) or 1,
		takeover = f.a == '1',
	}
	rec.believed = tonumber(f.l) or rec.claimed + rec.retention
	if expires(rec) > now then
		return rec
	end
	if rec.believed > now then
		local ended = tombstone(rec.fence, rec.believed)
		ended.expired = true
		return ended
	end
	return nil
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
	if #flat > 2 * MOST_FIELDS then
		return nil, CORRUPT
	end
	local fields = {}
	for at = 1, #flat, 2 do
		fields[flat[at]] = flat[at + 1]
	end
	return parse(fields)
end

-- The same without its result, which is not read: it may be a megabyte.
local function head(key)
	local names = redis.pcall('HKEYS', key)
	if names.err then
		return nil, names.err
	end
	local asked, fields = {}, {}
	for _, name in ipairs(names) do
		if string.sub(name, 1, 1) ~= 'v' then
			asked[#asked + 1] = name
		end
	end
	if #names == 0 then
		return nil
	end
	if #asked == 0 or #asked > MOST_FIELDS then
		return nil, CORRUPT
	end
	for at, value in ipairs(redis.call('HMGET', key, unpack(asked))) do
		fields[asked[at]] = value
	end
	return parse(fields)
end

-- Whether a run was accepted and had not begun when its time was over.
local function never_began(rec)
	return rec.state == 'P' and rec.lease <= now
end

-- The state as it is now: an open claim whose lease is over has lapsed. One whose run never began leaves its key free, unless it
-- had taken over from one whose outcome nobody knows.
local function observe(rec)
	local open = rec.state == 'R' or rec.state == 'P'
	if not open or rec.lease > now then
		return rec.state
	end
	return never_began(rec) and not rec.takeover and 'L' or 'X'
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

-- Writes what is known by name into the fields.
local function pack(rec)
	local fields = rec.fields
	fields.s = rec.state .. ' ' .. text(rec.fence) .. ' ' .. text(rec.first) .. ' ' .. text(rec.lease)
	put(rec, 'r', text(rec.retention) .. ' ' .. text(rec.timeout) .. ' ' .. rec.policy .. ' ' .. rec.run)
	fields.t = rec.attempts ~= 1 and text(rec.attempts) or nil
	fields.c = rec.claimed ~= rec.first and text(rec.claimed) or nil
	fields.l = rec.believed ~= rec.claimed + rec.retention and text(rec.believed) or nil
	fields.a = rec.takeover and '1' or nil
end

-- The record with what time made of it: transitions.ts `afterTime`.
local function after_time(rec)
	if never_began(rec) then
		rec.attempts = math.max(0, rec.attempts - 1)
		if not rec.takeover then
			rec.state = 'L'
			put(rec, 'v', '')
			put(rec, 'y', NEVER_BEGAN)
		end
		pack(rec)
	end
	return rec
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

-- What is told of a record with its result: of all results of a reply, 4 MiB. A result that is left out is told by the field
-- `+`, and by the second value.
local ROOM, told = 4194304, 0

-- The record that may be told with its result; of a finished one for whose result no room is left, the head.
local function load_to_show(key)
	if told >= ROOM then
		local rec = head(key)
		if rec and (rec.state == 'C' or rec.state == 'F') then
			rec.is_head = true
			return rec
		end
	end
	return load(key)
end

local function shown(rec)
	local size, part = #(rec.fields.v or ''), 1
	while rec.fields['v' .. part] do
		size, part = size + #rec.fields['v' .. part], part + 1
	end
	if rec.is_head or (told > 0 and told + size > ROOM) then
		told = ROOM
		local flat = flatten(rec, true)
		flat[#flat + 1], flat[#flat + 2] = '+', '1'
		return flat, true
	end
	told = told + size
	return flatten(rec)
end

local function expire(key, rec)
	redis.call('PEXPIREAT', key, text(math.max(expires(rec), rec.believed) - offset))
end

-- Writes the whole record. DEL comes first, which also keeps a write from being refused half-way where memory is full:
-- Redis lets a script end what it was allowed to begin.
local function save(key, rec)
	pack(rec)
	local flat = flatten(rec)
	redis.call('DEL', key)
	redis.call('HSET', key, unpack(flat))
	expire(key, rec)
end
