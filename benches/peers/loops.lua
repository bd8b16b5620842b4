-- Nested loops over integers.
local bit = bit
local sum = 0
if bit then
  local bxor = bit.bxor
  for i = 0, 299 do for j = 0, 399 do for k = 0, 499 do sum = sum + bxor(i, j) + k end end end
else
  sum = load("local sum = 0 for i = 0, 299 do for j = 0, 399 do for k = 0, 499 do sum = sum + (i ~ j) + k end end end return sum")()
end
print(sum)
