--- Texts of the server in windows: read-only, and not the user's files.

local M = {}

---@param name string
---@param lines string[]
---@param filetype string
---@return integer buffer
function M.text(name, lines, filetype)
  local buffer = vim.fn.bufadd(name)
  vim.fn.bufload(buffer)
  vim.bo[buffer].buftype = "nofile"
  vim.bo[buffer].bufhidden = "wipe"
  vim.bo[buffer].swapfile = false
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].filetype = filetype
  vim.cmd.split()
  vim.api.nvim_win_set_buf(0, buffer)
  return buffer
end

---@param name string
---@param text string
---@param path string
function M.file(name, text, path)
  M.text(name, vim.split(text, "\n"), vim.filetype.match({ filename = path }) or "")
end

---@param diff table as the server answers
---@param from string
---@param to string
function M.diff(diff, from, to)
  local lines = {}
  for _, sentence in ipairs(diff.summary or {}) do
    table.insert(lines, "# " .. sentence)
  end
  for _, file in ipairs(diff.files or {}) do
    table.insert(
      lines,
      ("# %s: %s +%d -%d %s"):format(file.change, file.path, file.plus, file.minus, file.note or "")
    )
    if file.text and file.text ~= "" then
      vim.list_extend(lines, vim.split(vim.trim(file.text), "\n"))
    end
  end
  M.text(("quantumlayer-diff:/%s..%s"):format(from:sub(1, 12), to:sub(1, 12)), lines, "diff")
end

return M
