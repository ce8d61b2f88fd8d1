-- Drives a real Neovim as a user would. Arguments by environment: CONFIG, BRIEF, RESULT.

local said = {}
vim.lsp.handlers["window/showMessage"] = function(_, params)
  table.insert(said, params.message)
end

local function finish(result)
  vim.fn.writefile({ vim.json.encode(result) }, vim.env.RESULT)
  vim.cmd("qall!")
end

local function must(seconds, what, condition)
  if not vim.wait(seconds * 1000, condition, 50) then
    finish({ failed = what, said = said })
    error(what)
  end
end

dofile(vim.env.CONFIG)
vim.cmd.edit(vim.fn.fnameescape(vim.env.BRIEF))
must(60, "the server does not attach", function()
  return #vim.lsp.get_clients({ bufnr = 0, name = "quantumlayer" }) > 0
end)
local client = vim.lsp.get_clients({ bufnr = 0, name = "quantumlayer" })[1]

local titles = {}
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action)
    table.insert(titles, action.title)
    return action.title == "Generate capsule from this brief"
  end,
})
must(280, "no message at the end", function()
  return #said > 0
end)
vim.cmd("silent! wall")

-- A file with a finding behind an emoji, validated by the command of the documentation.
local generated = said[1]
vim.cmd.edit(vim.fn.fnameescape(vim.fn.fnamemodify(vim.env.BRIEF, ":h") .. "/odd.py"))
vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'x = "é😀"; import os' })
must(60, "the server does not attach to Python", function()
  return #vim.lsp.get_clients({ bufnr = 0, name = "quantumlayer" }) > 0
end)
local function shows(code)
  return #vim.tbl_filter(function(found)
    return found.code == code
  end, vim.diagnostic.get(0)) > 0
end
must(60, "nothing is found while typing", function()
  return shows("F401")
end)
vim.cmd("QuantumLayerValidate")
must(120, "no diagnostics", function()
  return #said > 1 and #vim.diagnostic.get(0) > 0
end)
local columns = {}
for _, found in ipairs(vim.diagnostic.get(0)) do
  if found.code == "F401" then
    table.insert(columns, found.col)
  end
end

-- A validation that is cancelled at once, by the other command of the documentation.
local before = #said
vim.cmd("QuantumLayerValidate")
vim.cmd("QuantumLayerCancel")
must(60, "no message after cancelling", function()
  return #said > before
end)

-- A quick fix for what is found while typing, then the whole file formatted.
vim.api.nvim_buf_set_lines(0, 0, -1, false, { "import os", "x={ 'é😀':1 }", "def f() -> int:", "    return x" })
must(60, "types are not looked at while typing", function()
  return shows("F401") and shows("bad-return")
end)
vim.api.nvim_win_set_cursor(0, { 1, 8 })
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action)
    return action.title == "Remove unused import: `os`"
  end,
})
must(60, "the quick fix is not applied", function()
  return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1] ~= "import os"
end)
vim.lsp.buf.format({ timeout_ms = 60000 })
must(60, "what is mended is still shown", function()
  return not shows("F401")
end)
finish({
  formatted = vim.api.nvim_buf_get_lines(0, 0, -1, false),
  titles = titles,
  cancelled = said[before + 1],
  said = said,
  generated = generated,
  columns = columns,
  encoding = client.offset_encoding,
})
