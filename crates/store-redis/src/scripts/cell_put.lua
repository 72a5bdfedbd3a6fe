-- Puts a value into a cell under a condition. Returns 1 when it is stored.
-- KEYS: the cell. ARGV: the version that has to be there, '' for none; the new version; the value; its life in ms.
local found = redis.call('HGET', KEYS[1], 'v')
-- What has no number for a version, or no value, was not put here by us: it counts as absent.
if found and (not string.match(found, '^%d+$') or redis.call('HEXISTS', KEYS[1], 'd') == 0) then
  found = false
end
if (found or '') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
