-- wrk -s wrk.lua URL -- METHOD TARGET[,TARGET...] BODY_BYTES DEPTH PAUSE_MS BROWSER
-- Asks for the targets in turn, DEPTH requests a write, and waits 1 to PAUSE_MS milliseconds before it asks again (0: not at
-- all); BROWSER is true: with the fields that a browser sends. Tells the result as one line of JSON: wrk's own report rounds what it prints.

-- With Host, which wrk adds, twelve.
local browser = {
  ["Connection"] = "keep-alive",
  ["Cache-Control"] = "max-age=0",
  ["Upgrade-Insecure-Requests"] = "1",
  ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  ["Sec-Fetch-Site"] = "same-origin",
  ["Sec-Fetch-Mode"] = "navigate",
  ["Referer"] = "http://localhost/start?from=here",
  ["Accept-Encoding"] = "gzip, deflate, br",
  ["Accept-Language"] = "en-GB,en;q=0.9,de;q=0.8",
  ["Cookie"] = "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark",
}

function init(arguments)
  local method, targets, bytes, depth = arguments[1], arguments[2], tonumber(arguments[3]), tonumber(arguments[4])
  local pause = tonumber(arguments[5] or 0)
  if arguments[6] == "true" then
    for name, value in pairs(browser) do wrk.headers[name] = value end
  end
  if pause > 0 then
    function delay() return math.random(pause) end
  end
  local body = bytes > 0 and string.rep("x", bytes) or nil
  local batches = {}
  for target in targets:gmatch("[^,]+") do
    batches[#batches + 1] = wrk.format(method, target, wrk.headers, body):rep(depth)
  end
  if #batches == 1 then
    -- wrk goes on to format its one request: that is this one. A global `request` would be called for every write.
    wrk.format = function() return batches[1] end
    return
  end
  local at = math.random(#batches)
  function request()
    at = at % #batches + 1
    return batches[at]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%.1f,"p99":%.1f,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
