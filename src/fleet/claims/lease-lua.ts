/**
 * What scripts need that read leases. A lease is the session that holds it (8), and what runs or counts for the group, each as track (1),
 * phase (1), and when it ends by the engine's clock (6). Where nothing is open and wakes of the last hour still count, 255, 255 and the end
 * of the longest window come first: from then on the lease holds the group no more, and goes to the session that claims next.
 */
export const LEASE_LUA = `
local now
local function time()
  if not now then
    local parts = call('TIME')
    now = parts[1] * 1000 + math.floor(parts[2] / 1000)
  end
  return now
end
-- A damaged lease holds nothing.
local function isKept(lease)
  if lease:byte(9) ~= 255 then return true end
  return #lease > 15 and struct.unpack('>I6', lease, 11) > time()
end
local function windowsIn(lease) return lease:sub(lease:byte(9) == 255 and 17 or 9) end
local function left(windows)
  local count, answer = 0, ''
  for at = 1, #windows - 7, 8 do
    local ms = struct.unpack('>I6', windows, at + 2) - time()
    if ms > 0 and count < 255 then
      count = count + 1
      answer = answer .. windows:sub(at, at + 1) .. struct.pack('>I4', math.min(ms, 4294967295))
    end
  end
  return string.char(count) .. answer
end
`;
