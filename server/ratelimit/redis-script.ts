/**
 * One round trip for all rules of a request. A sorted set per rule holds one member per counted request, scored with the microsecond
 * it was counted at (exact as a double until the year 2255). Redis runs a script without anything in between: all or nothing.
 *
 * KEYS    one sorted set per rule
 * ARGV    member to add, or "" to look only; time in microseconds, or "" for Redis' own clock, the one clock all processes share;
 *         then window in microseconds and maximum of each rule
 * Returns 1 when there was a place in every rule, else 0; then used places and milliseconds until one is free, of each rule.
 *
 * Times become text through `%.0f`: Lua's own conversion would round them to 14 digits.
 * Keys outlive their window by a second, because PEXPIRE knows milliseconds only.
 */
export const TAKE_SCRIPT = `
local member = ARGV[1]
local now = tonumber(ARGV[2])
if now == nil then
  local time = redis.call("TIME")
  now = time[1] * 1000000 + time[2]
end
local window, max, used = {}, {}, {}
local free = 1
for rule, key in ipairs(KEYS) do
  window[rule] = tonumber(ARGV[1 + 2 * rule])
  max[rule] = tonumber(ARGV[2 + 2 * rule])
  redis.call("ZREMRANGEBYSCORE", key, "-inf", string.format("%.0f", now - window[rule]))
  used[rule] = redis.call("ZCARD", key)
  if used[rule] >= max[rule] then
    free = 0
  end
end
if free == 1 and member ~= "" then
  local score = string.format("%.0f", now)
  for rule, key in ipairs(KEYS) do
    redis.call("ZADD", key, score, member)
    redis.call("PEXPIRE", key, string.format("%.0f", window[rule] / 1000 + 1000))
    used[rule] = used[rule] + 1
  end
end
local answer = { free }
for rule, key in ipairs(KEYS) do
  local wait = 0
  if used[rule] >= max[rule] then
    local leaves = used[rule] - max[rule]
    local oldest = redis.call("ZRANGE", key, leaves, leaves, "WITHSCORES")[2]
    wait = math.max(1, math.ceil((oldest + window[rule] - now) / 1000))
  end
  answer[2 * rule] = used[rule]
  answer[2 * rule + 1] = wait
end
return answer
`;
