--- Models: which could answer, choosing one, fetching one.

local messages = require("quantumlayer.messages")
local server = require("quantumlayer.server")

local M = {}

---@return string[] for completion
function M.names()
  local answer = server.ask_soon("models.list")
  return vim.tbl_map(function(model)
    return model.name
  end, answer and answer.models or {})
end

---@param verb? string
---@param name? string
function M.run(verb, name)
  if verb == "use" or verb == "pull" then
    if name then
      return M._ask(verb, name)
    end
  elseif verb and verb ~= "list" then
    return messages.fail("give list, use or pull.")
  end
  server.ask("models.list", nil, M._choose)
end

---@param verb "use"|"pull"
---@param name string
function M._ask(verb, name)
  server.ask("models." .. verb, { name = name }, function(answer)
    -- A job tells of itself.
    if answer.message then
      messages.tell(answer.message)
    end
  end)
end

function M._choose(answer)
  local function shown(model)
    local state = (model.active and "in use, " or "") .. (model.available and "ready" or "not ready")
    return ("%s  %s, %s  %s"):format(model.name, model.kind, state, model.detail or "")
  end
  vim.ui.select(answer.models or {}, { prompt = "Models", format_item = shown }, function(model)
    if model then
      local to_fetch = model.kind == "embedded" and not model.available
      M._ask(to_fetch and "pull" or "use", model.name)
    end
  end)
end

return M
