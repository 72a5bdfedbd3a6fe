-- Deletes a log and wakes who waits for it. Returns 1 when there was one. KEYS: the log; what is remembered of it, so that
-- one that begins anew in the same moment, or after the clock was set back a little, goes on above it.
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local deleted = redis.call('DEL', KEYS[1])
if newest then
  redis.call('SET', KEYS[2], (string.match(newest[1], '^%d+')), 'PX', 60000)
end
redis.call('PUBLISH', KEYS[1], '')
return deleted
