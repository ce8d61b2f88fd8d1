--- What a user may choose, in `vim.g.quantumlayer`; everything else is a setting of the server.

local M = {}

local defaults = {
  enable = true, -- start the server by itself in files that it knows
  progress = true, -- show progress in the message line
  save = true, -- save the files of a new capsule
  restarts = 3, -- how often a server that died is started again, within five minutes
}

---@param name "enable"|"progress"|"save"|"restarts"
function M.get(name)
  local chosen = vim.g.quantumlayer
  if type(chosen) == "table" and chosen[name] ~= nil then
    return chosen[name]
  end
  return defaults[name]
end

--- Names that are no options, for the health check.
---@return string[]
function M.unknown()
  local chosen = vim.g.quantumlayer
  if chosen ~= nil and type(chosen) ~= "table" then
    return { "vim.g.quantumlayer is not a table" }
  end
  local found = {}
  for name in pairs(chosen or {}) do
    if defaults[name] == nil then
      table.insert(found, tostring(name))
    end
  end
  table.sort(found)
  return found
end

return M
