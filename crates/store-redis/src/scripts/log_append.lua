-- Appends an entry to a log, drops what is over its bounds, and wakes who waits for it. Returns the entry's sequence, or
-- nothing when there has to be a log and is none.
-- KEYS: the log, a stream with an entry `<sequence>-0` for each of its own: `d` the bytes, `t` when it was appended in ms,
-- `b` the bytes of all entries until then, `f` the first sequence of the log, `a` the age at which entries go; and what is
-- remembered of a log that was deleted.
-- ARGV: '1' if there has to be a log; the bytes; most entries; most bytes; age in ms; life of the log in ms.
local function read(entry)
  local fields, found = entry[2], {}
  for i = 1, #fields, 2 do
    found[fields[i]] = fields[i + 1]
  end
  return tonumber(string.match(entry[1], '^%d+')), tonumber(found.t) or 0, tonumber(found.b) or 0, found
end
local bytes, entries_max, bytes_max, age = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local sequence, first, total
if newest then
  local last, _, before, found = read(newest)
  sequence, first, total = last + 1, found.f or '0', before
elseif ARGV[1] == '1' then
  return false
else
  -- Above all that it ever had: no log is appended to more often than once in a microsecond.
  sequence = math.max(micros, (tonumber(redis.call('GET', KEYS[2])) or 0) + 1)
  first, total = string.format('%.0f', sequence), 0
end
local keep, at = sequence, '-'
while newest and keep == sequence do
  local oldest = redis.call('XRANGE', KEYS[1], at, '+', 'COUNT', 32)
  if #oldest == 0 then
    break
  end
  for _, entry in ipairs(oldest) do
    local place, when, until_it, found = read(entry)
    local left = sequence - place
    local bytes_left = total - until_it + #(found.d or '')
    if when + age > now and left < entries_max and bytes_left + #bytes <= bytes_max then
      keep = place
      break
    end
  end
  at = '(' .. oldest[#oldest][1]
end
redis.call('XADD', KEYS[1], string.format('%.0f-0', sequence), 'd', bytes, 't', string.format('%.0f', now),
  'b', string.format('%.0f', total + #bytes), 'f', first, 'a', ARGV[5])
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f-0', keep))
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('PUBLISH', KEYS[1], '')
return string.format('%.0f', sequence)
