-- Tables of tables of floats: two matrices of 200 times 200, four times.
local function matrix(n)
  local m = {}
  for i = 0, n - 1 do
    local row = {}
    for j = 0, n - 1 do row[j] = (i - j) * (i + j) / n end
    m[i] = row
  end
  return m
end
local function multiply(a, b, n)
  local c = {}
  for i = 0, n - 1 do
    local row = {}
    for j = 0, n - 1 do
      local sum = 0.0
      for k = 0, n - 1 do sum = sum + a[i][k] * b[k][j] end
      row[j] = sum
    end
    c[i] = row
  end
  return c
end
local n = 200
local a, b = matrix(n), matrix(n)
local c
for round = 1, 4 do c = multiply(a, b, n) end
print(c[100][100])
