-- Appends an entry to a log, drops what is over its bounds, and wakes who waits for it. Returns the entry's sequence, or
-- nothing when there has to be a log and is none.
-- KEYS: the log, a stream with an entry `<sequence>-0` for each of its own: `d` the bytes, `t` when it was appended in ms,
-- `b` the bytes of all entries until then, `f` the first sequence of the log, `a` the age at which entries go.
-- ARGV: '1' if there has to be a log; the bytes; most entries; most bytes; age in ms; life of the log in ms.
local function read(entry)
  local fields, found = entry[2], {}
  for i = 1, #fields, 2 do
    found[fields[i]] = fields[i + 1]
  end
  return tonumber(string.match(entry[1], '^%d+')), tonumber(found.t) or 0, tonumber(found.b) or 0, found
end
-- How far a stream came that has no entries any more.
local function came_to()
  local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info - 1, 2 do
    if info[i] == 'last-generated-id' then
      return tonumber(string.match(info[i + 1], '^%d+')) or 0
    end
  end
  return 0
end
local bytes, entries_max, bytes_max, age = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local sequence, first, total = 0, nil, 0
-- Redis keeps a key for the whole of its last millisecond; a log is gone when that begins. It is emptied, not deleted,
-- because a key that is not there may not be written to while its slot moves to another node.
if newest and redis.call('PTTL', KEYS[1]) == 0 then
  redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
  newest = nil
end
if newest then
  local last, _, bytes_before, found = read(newest)
  sequence, first, total = last + 1, found.f or '0', bytes_before
elseif ARGV[1] == '1' then
  return false
else
  -- Above all that it ever had: no log is appended to more often than once in a microsecond.
  sequence = math.max(micros, came_to() + 1)
  first = string.format('%.0f', sequence)
end
-- Mostly nothing has to go, and the oldest entry says so: each may be large, so few are looked at first.
local keep, at, count = sequence, '-', 1
while newest and keep == sequence do
  local oldest = redis.call('XRANGE', KEYS[1], at, '+', 'COUNT', count)
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
  at, count = '(' .. oldest[#oldest][1], math.min(2 * count, 32)
end
redis.call('XADD', KEYS[1], string.format('%.0f-0', sequence), 'd', bytes, 't', string.format('%.0f', now),
  'b', string.format('%.0f', total + #bytes), 'f', first, 'a', ARGV[5])
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f-0', keep))
redis.call('PEXPIRE', KEYS[1], ARGV[6])
-- The entry is there, whether or not somebody can be woken: who waits looks again by himself.
redis.pcall('PUBLISH', KEYS[1], '')
return string.format('%.0f', sequence)
