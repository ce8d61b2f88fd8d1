--- Progress in the message line, for those whose status line does not show `vim.lsp.status()`.

local options = require("quantumlayer.options")

local M = {}

---@type table<string, string> by token
local titles = {}

---@param event { data: { client_id: integer, params: lsp.ProgressParams } }
function M.show(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  local token, value = tostring(event.data.params.token), event.data.params.value
  if not client or client.name ~= "quantumlayer" or type(value) ~= "table" or not options.get("progress") then
    return
  end
  titles[token] = value.title or titles[token]
  local line = value.kind == "end" and "" or M._line(titles[token], value)
  if value.kind == "end" then
    titles[token] = nil
  end
  -- One that does not fit would ask for a key.
  local room = math.max(0, vim.o.columns - 14)
  vim.api.nvim_echo({ { vim.fn.strcharpart(line, 0, room), "Comment" } }, false, {})
end

function M._line(title, value)
  local share = value.percentage and ("%d %% "):format(value.percentage) or ""
  local message = value.message and value.message:gsub("%s+", " ") or ""
  return share .. (title or "") .. (message ~= "" and ": " .. message or "")
end

return M
