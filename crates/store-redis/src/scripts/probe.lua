-- Changes nothing by a command that changes: a server that is a replica, or a user that may not, is seen before anybody
-- relies on it; so is one that may not wake who waits. KEYS: what is never there, and nobody waits for.
redis.call('PUBLISH', KEYS[1], '')
return redis.call('DEL', KEYS[1])
