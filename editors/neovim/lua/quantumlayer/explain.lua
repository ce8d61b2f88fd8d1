--- How a brief would be worked on: its traits, the patterns that are chosen, and why.

local server = require("quantumlayer.server")
local views = require("quantumlayer.views")

local M = {}

---@param call quantumlayer.Call
---@param is_brief boolean whether this buffer is one
function M.run(call, is_brief)
  local function ask(argument)
    server.ask("patterns.explain", argument, M._show)
  end
  if call.lines then
    ask({ brief = table.concat(call.lines, "\n") })
  elseif call.text ~= "" then
    ask({ brief = call.text })
  elseif is_brief then
    ask({ uri = vim.uri_from_bufnr(0) })
  else
    vim.ui.input({ prompt = "The brief: " }, function(text)
      if text and vim.trim(text) ~= "" then
        ask({ brief = text })
      end
    end)
  end
end

--- The server's own words where it has them, else what it answered, as JSON.
function M._show(answer)
  local text = answer.markdown or answer.text
  if type(text) == "string" then
    return views.text("quantumlayer-explained:/brief.md", vim.split(text, "\n"), "markdown")
  end
  views.text("quantumlayer-explained:/brief.json", M._json(answer, ""), "json")
end

---@return string[]
function M._json(value, indent)
  if type(value) ~= "table" or vim.tbl_isempty(value) then
    return { vim.json.encode(value) }
  end
  local list, inner = vim.islist(value), indent .. "  "
  local keys = list and vim.fn.range(1, #value) or vim.fn.sort(vim.tbl_keys(value))
  local lines = { list and "[" or "{" }
  for at, key in ipairs(keys) do
    local part = M._json(value[key], inner)
    part[1] = inner .. (list and "" or vim.json.encode(key) .. ": ") .. part[1]
    part[#part] = part[#part] .. (at < #keys and "," or "")
    vim.list_extend(lines, part)
  end
  table.insert(lines, indent .. (list and "]" or "}"))
  return lines
end

return M
