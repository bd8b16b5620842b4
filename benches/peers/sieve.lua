-- Tables of booleans: the primes below five millions, three times.
local n = 5000000
local count = 0
for round = 1, 3 do
  local composite = {}
  for i = 0, n - 1 do composite[i] = false end
  count = 0
  for i = 2, n - 1 do
    if not composite[i] then
      count = count + 1
      for j = i + i, n - 1, i do composite[j] = true end
    end
  end
end
print(count)
