-- Changes nothing by a command that changes: a server that is a replica, or a user that may not, is seen before anybody
-- relies on it. KEYS: what is never there.
return redis.call('DEL', KEYS[1])
