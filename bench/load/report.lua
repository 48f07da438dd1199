-- For wrk. Prints its result as one line of JSON. With an argument: that many requests a second in all, each
-- connection waiting for its turn, so that a rate is offered rather than as much as goes.
local ffi = require("ffi")
ffi.cdef[[
typedef struct { long seconds; long nanoseconds; } bench_time;
int clock_gettime(int clock, bench_time *time);
]]

local CLOCK_MONOTONIC = 1
local time = ffi.new("bench_time")

local function now_ms()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, time)
  return tonumber(time.seconds) * 1000 + tonumber(time.nanoseconds) / 1e6
end

function init(args)
  local rate = tonumber(args[1] or "0")
  if rate == 0 then return end
  local turn = now_ms()
  -- wrk waits whole milliseconds; chance evens out what rounding takes.
  function delay()
    local now = now_ms()
    turn = turn + 1000 / rate
    if turn < now then turn = now end
    return math.floor(turn - now + math.random())
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"errors":%d,"p50Us":%d,"p99Us":%d,"maxUs":%d}\n',
    summary.requests, summary.duration, failed,
    latency:percentile(50), latency:percentile(99), latency.max))
end
