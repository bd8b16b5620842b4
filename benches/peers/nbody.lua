-- Tables of floats: the planets for a million steps.
local sqrt = math.sqrt
local PI = math.pi
local SM, DY = 4 * PI * PI, 365.24
local function body(x, y, z, vx, vy, vz, m) return {x = x, y = y, z = z, vx = vx * DY, vy = vy * DY, vz = vz * DY, mass = m * SM} end
local bodies = {
  body(0, 0, 0, 0, 0, 0, 1),
  body(4.84143144246472082945e+00, -1.16032004402742839362e+00, -1.03622044471123109494e-01, 1.66007664274403694959e-03, 7.69901118419740425080e-03, -6.90460016972063023554e-05, 9.54791938424326609124e-04),
  body(8.34336671824457987790e+00, 4.12479856412430479268e+00, -4.03523417114321381293e-01, -2.76742510726411923411e-03, 4.99852801234917238954e-03, 2.30417297573763929463e-05, 2.85885980666130812119e-04),
  body(1.28943695621391310164e+01, -1.51111514016986312525e+01, -2.23307578892655734398e-01, 2.96460137564761618652e-03, 2.37847173959480950188e-03, -2.96589568540237556131e-05, 4.36624404335156298062e-05),
  body(1.53796971148509165498e+01, -2.59193146099879641146e+01, 1.79258772950371181757e-01, 2.68067772490389322511e-03, 1.62824170038242295431e-03, -9.51592254519715870971e-05, 5.15138902046611451304e-05),
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
