-- Deletes a cell. Returns 1 when there was one. KEYS: the cell.
local lives = redis.call('PTTL', KEYS[1]) ~= 0
return redis.call('DEL', KEYS[1]) == 1 and lives and 1 or 0
