-- Drives a real Neovim: a stub is implemented from its code action. By environment: CONFIG, FILE, RESULT.

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

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

dofile(vim.env.CONFIG)
vim.cmd.edit(vim.fn.fnameescape(vim.env.FILE))
must(60, "the server does not attach", function()
  return #vim.lsp.get_clients({ bufnr = 0, name = "quantumlayer" }) > 0
end)
local before = lines()
vim.api.nvim_win_set_cursor(0, { 2, 4 })
local titles = {}
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action)
    table.insert(titles, action.title)
    return action.title == "Implement `double`"
  end,
})
must(120, "no message at the end", function()
  return #said > 0
end)
local after = lines()

local function lenses()
  vim.lsp.codelens.refresh({ bufnr = 0 })
  vim.wait(300, function()
    return false
  end)
  return vim.tbl_map(function(lens)
    return { lens.range.start.line, lens.command.title }
  end, vim.lsp.codelens.get(0))
end

local shown = {}
must(60, "no lens", function()
  shown = lenses()
  return #shown > 0
end)
local hover = vim.lsp.buf_request_sync(0, "textDocument/hover", {
  textDocument = { uri = vim.uri_from_bufnr(0) },
  position = { line = 0, character = 5 },
}, 20000)
local told = ""
for _, one in pairs(hover or {}) do
  told = told .. (one.result and one.result.contents.value or "")
end
vim.cmd("silent! undo")
finish({
  before = before,
  after = after,
  undone = lines(),
  titles = titles,
  said = said,
  shown = shown,
  hover = told,
})
