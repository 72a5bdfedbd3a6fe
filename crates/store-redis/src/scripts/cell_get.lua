-- Reads cells at one time: of each the version and the value. KEYS: the cells.
local cells = {}
for i, key in ipairs(KEYS) do
  -- Redis keeps a key for the whole of its last millisecond; a cell is gone when that begins.
  cells[i] = redis.call('PTTL', key) ~= 0 and redis.call('HMGET', key, 'v', 'd') or {false, false}
end
return cells
