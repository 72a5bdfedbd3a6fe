-- Reads what a log holds after a sequence. Returns the newest sequence there ever was, 1 if entries may be lost, and for
-- each entry its sequence, when it was appended in ms, and its bytes. KEYS: the log. ARGV: the sequence; most entries.
local function read(entry)
  local fields, found = entry[2], {}
  for i = 1, #fields, 2 do
    found[fields[i]] = fields[i + 1]
  end
  return tonumber(string.match(entry[1], '^%d+')), tonumber(found.t) or 0, found
end
local after, entries_max = tonumber(ARGV[1]), tonumber(ARGV[2])
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
-- Redis keeps a key for the whole of its last millisecond; a log is gone when that begins.
if not newest or redis.call('PTTL', KEYS[1]) == 0 then
  return {'0', after ~= 0 and 1 or 0}
end
local last, newest_at, newest_fields = read(newest)
local last_text = string.format('%.0f', last)
if after == last then
  return {last_text, 0}
end
if after > last then
  return {last_text, 1}
end
local time = redis.call('TIME')
local now = math.floor((time[1] * 1000000 + time[2]) / 1000)
local age = tonumber(newest_fields.a) or 0
-- The first entry that a reader from here has to be given.
local expected = after == 0 and (tonumber(newest_fields.f) or 0) or after + 1
local result = {last_text, 1}
if newest_at + age <= now then
  return result
end
local from, taken, first_kept = string.format('%.0f-0', after + 1), 0, nil
while not first_kept or taken < entries_max do
  local want = math.max(math.min(entries_max - taken, 64), 1)
  local entries = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', want)
  for _, entry in ipairs(entries) do
    local place, at, found = read(entry)
    if at + age > now then
      first_kept = first_kept or place
      if taken < entries_max then
        taken = taken + 1
        result[#result + 1] = string.format('%.0f', place)
        result[#result + 1] = string.format('%.0f', at)
        result[#result + 1] = found.d or ''
      end
    end
  end
  if #entries < want then
    break
  end
  from = '(' .. entries[#entries][1]
end
if first_kept == expected then
  result[2] = 0
end
return result
