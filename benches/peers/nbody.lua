-- Tables of floats: the planets for a million steps.
local sqrt = math.sqrt
-- What Lang computes exactly at compile time is given here as numbers.
local SM = 39.478417604357432
local function body(x, y, z, vx, vy, vz, m) return {x = x, y = y, z = z, vx = vx, vy = vy, vz = vz, mass = m} end
local bodies = {
  body(0, 0, 0, 0, 0, 0, 39.478417604357432),
  body(4.8414314424647209, -1.1603200440274284, -0.10362204447112311, 0.60632639299583202, 2.8119868449162597, -0.025218361659887629, 0.037693674870389493),
  body(8.3433667182445799, 4.1247985641243048, -0.40352341711432138, -1.010774346177147, 1.8256623712304116, 0.0084157613765841535, 0.011286326131968769),
  body(12.894369562139131, -15.111151401698631, -0.22330757889265573, 1.0827910064415354, 0.86871301816960822, -0.010832637401363636, 0.0017237240570597114),
  body(15.379697114850917, -25.919314609987964, 0.17925877295037118, 0.97909073224389798, 0.59469899864767617, -0.034755955504078104, 0.0020336868699246304),
}
local px, py, pz = 0, 0, 0
for _, b in ipairs(bodies) do px, py, pz = px + b.vx * b.mass, py + b.vy * b.mass, pz + b.vz * b.mass end
bodies[1].vx, bodies[1].vy, bodies[1].vz = -px / SM, -py / SM, -pz / SM
local function advance(dt)
  local n = #bodies
  for i = 1, n do
    local b = bodies[i]
    for j = i + 1, n do
      local c = bodies[j]
      local dx, dy, dz = b.x - c.x, b.y - c.y, b.z - c.z
      local d = dx * dx + dy * dy + dz * dz
      local mag = dt / (d * sqrt(d))
      b.vx = b.vx - dx * c.mass * mag
      b.vy = b.vy - dy * c.mass * mag
      b.vz = b.vz - dz * c.mass * mag
      c.vx = c.vx + dx * b.mass * mag
      c.vy = c.vy + dy * b.mass * mag
      c.vz = c.vz + dz * b.mass * mag
    end
  end
  for i = 1, n do
    local b = bodies[i]
    b.x, b.y, b.z = b.x + dt * b.vx, b.y + dt * b.vy, b.z + dt * b.vz
  end
end
for _ = 1, 1000000 do advance(0.01) end
local e = 0
for i, b in ipairs(bodies) do
  e = e + 0.5 * b.mass * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz)
  for j = i + 1, #bodies do
    local c = bodies[j]
    local dx, dy, dz = b.x - c.x, b.y - c.y, b.z - c.z
    e = e - b.mass * c.mass / sqrt(dx * dx + dy * dy + dz * dz)
  end
end
print(string.format("%.17g", e))
