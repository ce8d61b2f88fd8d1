--- What is said to the user: one line at a time, kept in `:messages`.

local M = {}

local levels = {
  vim.log.levels.ERROR,
  vim.log.levels.WARN,
  vim.log.levels.INFO,
  vim.log.levels.DEBUG,
}

---@param text string
---@param level? integer
function M.tell(text, level)
  vim.notify("QuantumLayer: " .. text, level or vim.log.levels.INFO)
end

---@param text string
function M.warn(text)
  M.tell(text, vim.log.levels.WARN)
end

---@param text string
function M.fail(text)
  M.tell(text, vim.log.levels.ERROR)
end

--- The server's own messages.
---@param params lsp.ShowMessageParams
function M.show(params)
  M.tell(params.message, levels[params.type])
end

return M
