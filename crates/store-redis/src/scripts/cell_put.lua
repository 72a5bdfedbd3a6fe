-- Puts a value into a cell under a condition. Returns 1 when it is stored.
-- KEYS: the cell. ARGV: the version that has to be there, '' for none; the new version; the value; its life in ms.
local found = redis.call('HGET', KEYS[1], 'v')
-- What has no version of ours, 16 hexadecimal digits, or no value, was not put here by us: it counts as absent. So does
-- what has come to its end in this millisecond.
if found and (#found ~= 16 or string.find(found, '[^0-9a-f]') or redis.call('HEXISTS', KEYS[1], 'd') == 0
    or redis.call('PTTL', KEYS[1]) == 0) then
  found = false
end
if (found or '') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
