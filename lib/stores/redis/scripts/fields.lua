-- A record is one hash. Fields that are empty, zero or follow from others are not written, and values over 64 bytes are
-- split (k, k1, k2, ...), so that the hash stays in Redis' compact encoding. codec.ts reads the same:
--
--   s   state, fence, first seen, end of the lease: 'R 1795497258303716 1795497258303 1795497318303'
--       states: P pending, R processing, C completed, F failed, L released, U unknown; or a tombstone: T, fence, end
--   r*  retention, claim timeout, policy (r retry, h hold), workflow id, line break, execution id:
--       '172800000 3600000 h AbCdEfGhIjKlMnOp<line break>1234'
--   o owner             h fingerprint      d tenant's digest
--   w what was compared a '1' for a takeover
--   k* namespace, line break, key
--   g* field digests    v* result          y* reason              z status code    u duplicates
--   e event's time, if not first seen      c claimed at, if not first seen
--   t attempts, if not 1                   b not before           x end of the record, if not lease + retention
--   l until when a late finish could be believed, if not claimed at + retention: the record stays until then, and counts as a
--     tombstone once it has ended
--
-- Observed states are two more: X lapsed, A absent.

local PART, MAX_PARTS = 60, 16

-- Appends a field to `list`, whose length is `size`, unless it is empty; in parts, where that keeps the hash compact.
-- Returns the new length.
local function append(list, size, field, value)
	local length = #value
	if length == 0 then
		return size
	end
	if length <= 64 or length > PART * MAX_PARTS then
		list[size + 1], list[size + 2] = field, value
		return size + 2
	end
	for part = 0, math.ceil(length / PART) - 1 do
		list[size + 1] = part == 0 and field or field .. part
		list[size + 2] = string.sub(value, part * PART + 1, (part + 1) * PART)
		size = size + 2
	end
	return size
end
