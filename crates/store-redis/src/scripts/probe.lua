-- Changes nothing by a command that changes: a server that is a replica, or a user that may not, is seen before anybody
-- relies on it; so is one that may not wake who waits. KEYS: what is never there, and nobody waits for.
local woken = redis.pcall('PUBLISH', KEYS[1], '')
if type(woken) == 'table' and woken.err then
  return redis.error_reply('NOPERM this user may not publish to the channels of the prefix (ACL: `&PREFIX:*`)')
end
return redis.call('DEL', KEYS[1])
