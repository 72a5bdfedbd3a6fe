-- Takes from a counter by the generic cell rate algorithm. Returns how much was taken, and what then remains of the burst
-- in microseconds. KEYS: the counter, which is the microsecond at which it will be as if nothing was ever taken.
-- ARGV: microseconds for one; the burst; how much is wanted; '1' to take less where there is less.
local interval, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full = interval * burst
local ahead = math.min(math.max((tonumber(redis.call('GET', KEYS[1])) or 0) - now, 0), full)
local remaining = math.floor((full - ahead) / interval)
local taken = wanted
if wanted > remaining then
  taken = ARGV[4] == '1' and remaining or 0
end
if taken > 0 then
  ahead = ahead + taken * interval
  redis.call('SET', KEYS[1], string.format('%.0f', now + ahead), 'PX', string.format('%.0f', math.ceil(ahead / 1000)))
end
return {string.format('%.0f', taken), string.format('%.0f', full - ahead)}
