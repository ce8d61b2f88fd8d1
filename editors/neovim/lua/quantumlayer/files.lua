--- Files that the server brings: applied as any edit, then saved, so that a project is there as a whole.

local options = require("quantumlayer.options")

local M = {}

---@param params lsp.ApplyWorkspaceEditParams
function M.apply(failure, params, context)
  local answer = vim.lsp.handlers["workspace/applyEdit"](failure, params, context)
  local whole = vim.startswith(params.label or "", "Capsule ")
  if whole and type(answer) == "table" and answer.applied and options.get("save") then
    for _, uri in ipairs(M._uris(params.edit)) do
      M._save(uri)
    end
  end
  return answer
end

---@param edit lsp.WorkspaceEdit
---@return string[]
function M._uris(edit)
  local found = vim.tbl_keys(edit.changes or {})
  for _, change in ipairs(edit.documentChanges or {}) do
    if change.textDocument then
      table.insert(found, change.textDocument.uri)
    end
  end
  return found
end

---@param uri string
function M._save(uri)
  local buffer = vim.uri_to_bufnr(uri)
  if not vim.api.nvim_buf_is_loaded(buffer) or not vim.bo[buffer].modified then
    return
  end
  vim.fn.mkdir(vim.fs.dirname(vim.api.nvim_buf_get_name(buffer)), "p")
  vim.api.nvim_buf_call(buffer, function()
    vim.cmd("silent noautocmd write")
  end)
  vim.bo[buffer].buflisted = true
end

return M
