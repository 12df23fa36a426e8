-- SPDX-License-Identifier: MIT
-- Sensors report to stations; stations keep short histories, raise alarms, print lines. Tables, strings, closures.
--
--     lua5.4 swarm.lua ROUNDS

local state = 17
local function below(limit)
  state = (state * 1103515245 + 12345) & 0x7fffffff
  return (state >> 8) % limit
end

local Station = {}
Station.__index = Station

function Station.new(name)
  return setmetatable({ name = name, history = {}, alarms = {}, rules = {} }, Station)
end

function Station:rule(text, limit)
  self.rules[#self.rules + 1] = function(reading)
    return reading.value > limit and string.format("%s: %s is %d, above %d", self.name, text, reading.value, limit)
  end
end

function Station:receive(line)
  local reading = {}
  for key, value in line:gmatch("(%w+)=(%w+)") do
    reading[key] = tonumber(value) or value
  end
  table.insert(self.history, reading)
  if #self.history > 16 then table.remove(self.history, 1) end
  for _, rule in ipairs(self.rules) do
    local alarm = rule(reading)
    if alarm then self.alarms[#self.alarms + 1] = alarm end
  end
end

function Station:report()
  local sums = {}
  for _, reading in ipairs(self.history) do
    sums[reading.kind] = (sums[reading.kind] or 0) + reading.value
  end
  local parts = {}
  for kind, sum in pairs(sums) do parts[#parts + 1] = kind .. ":" .. sum end
  table.sort(parts)
  local text = self.name .. " " .. table.concat(parts, " ") .. " " .. #self.alarms
  self.alarms = {}
  return text
end

local stations, kinds = {}, { "heat", "light", "wind", "rain", "dust" }
for index = 1, 12 do
  stations[index] = Station.new("station" .. index)
  for _ = 1, 3 do stations[index]:rule(kinds[1 + below(5)], 700 + below(250)) end
end
for round = 1, tonumber(arg[1]) do
  local station = stations[1 + below(#stations)]
  station:receive(string.format("kind=%s value=%d at=%d from=s%d", kinds[1 + below(5)], below(1000), round, below(90)))
  if round % 50 == 0 then print(station:report()) end
end
