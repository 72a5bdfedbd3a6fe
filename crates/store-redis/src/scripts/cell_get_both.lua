-- Reads two cells at one time. KEYS: the cells.
return {redis.call('HMGET', KEYS[1], 'v', 'd'), redis.call('HMGET', KEYS[2], 'v', 'd')}
