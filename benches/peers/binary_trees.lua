-- As binary_trees.lang.
local function build(depth)
  if depth == 0 then return { false, false } end
  return { build(depth - 1), build(depth - 1) }
end

local function count(t)
  if not t[1] then return 1 end
  return 1 + count(t[1]) + count(t[2])
end

local depth = 18
io.stderr:write(count(build(depth + 1)), "\n")
local stays = build(depth)
for d = 4, depth, 2 do
  local rounds = math.floor(2 ^ (depth - d + 4))
  local nodes = 0
  for _ = 1, rounds do nodes = nodes + count(build(d)) end
  io.stderr:write(string.format("%d\n", nodes))
end
io.stderr:write(count(stays), "\n")
