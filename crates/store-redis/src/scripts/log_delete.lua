-- Deletes a log and wakes who waits for it. Returns 1 when there was one. KEYS: the log. For a while an empty stream is
-- left, which knows how far it came: a log that begins anew in the same moment, or after the clock was set back a little,
-- goes on above it.
if #redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1) == 0 then
  return 0
end
local lives = redis.call('PTTL', KEYS[1]) ~= 0
redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
redis.call('PEXPIRE', KEYS[1], 60000)
redis.pcall('PUBLISH', KEYS[1], '')
return lives and 1 or 0
