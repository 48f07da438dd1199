-- Milliseconds before each request: a steady trickle shows every error, and leaves the machine to the other tests.
function delay()
  return math.random(2, 20)
end
