"""What Redis does in one round trip. Redis's own clock counts, so that no worker's clock matters.

A bucket is a hash: tokens, at (when they were counted), share (of the rate, after the last throttle) and cut_at.
`waiting` says by when each asker that was refused comes again, `served` when each was last let through: among those
that wait, whoever was served longest ago comes first. Who does not come in time is waited for no longer.
"""

RECOVERY = 60
"""Seconds in which a bucket would recover from standing still to its full rate."""
LEAST = 0.1
SLOWER = 0.7
SETTLING = 1
"""Seconds after a throttle in which others are taken for the same."""
KEPT = 3600
"""Seconds that an unused bucket is remembered. One that is not known has been filling for as long as Redis remembers
anything, as AWS's own has; in a Redis that was just emptied it begins nearly empty."""

BUCKET = f"""
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'share', 'cut_at')
local cut_at = tonumber(kept[4]) or 0
local share = math.min(1, (tonumber(kept[3]) or 1) + (now - cut_at) / {RECOVERY})
"""

TAKE = f"""{BUCKET}
local rate, burst, asker, name, waited = tonumber(ARGV[1]) * share, tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
redis.call('SET', KEYS[5], now, 'NX')
local since = math.max(0, now - tonumber(kept[2] or redis.call('GET', KEYS[5])))
local tokens = math.min(burst, (tonumber(kept[1]) or 1) + since * rate)
local served = tonumber(redis.call('HGET', KEYS[3], asker)) or 0
local before = 0
local waiting = redis.call('HGETALL', KEYS[2])
for i = 1, #waiting, 2 do
    local other = waiting[i]
    if tonumber(waiting[i + 1]) < now then
        redis.call('HDEL', KEYS[2], other)
    elseif other ~= asker then
        local theirs = tonumber(redis.call('HGET', KEYS[3], other)) or 0
        if theirs < served or (theirs == served and other < asker) then before = before + 1 end
    end
end
local wait = 0
if tokens >= before + 1 then
    tokens = tokens - 1
    redis.call('HDEL', KEYS[2], asker)
    redis.call('HSET', KEYS[3], asker, now)
    redis.call('HINCRBY', KEYS[4], name .. ':calls', 1)
    if tonumber(waited) > 0 then redis.call('HINCRBYFLOAT', KEYS[4], name .. ':waited', waited) end
else
    wait = math.max(0.01, (before + 1 - tokens) / rate)
    redis.call('HSET', KEYS[2], asker, now + wait * 1.1 + 0.5)
end
redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], {KEPT}) end
return tostring(wait)
"""
"""KEYS: bucket, waiting, served, counts, since when Redis remembers. ARGV: rate, burst, asker, name, seconds waited
before.

Returns seconds to wait, 0 where the call may be made.
"""

SLOW_DOWN = f"""{BUCKET}
if now - cut_at > {SETTLING} then
    share = math.max({LEAST}, share * {SLOWER})
    redis.call('HSET', KEYS[1], 'share', share, 'cut_at', now)
end
redis.call('HSET', KEYS[1], 'tokens', 0, 'at', now)
redis.call('HINCRBY', KEYS[2], ARGV[1] .. ':throttles', 1)
redis.call('EXPIRE', KEYS[1], {KEPT})
return tostring(share)
"""
"""KEYS: bucket, counts. ARGV: name."""
