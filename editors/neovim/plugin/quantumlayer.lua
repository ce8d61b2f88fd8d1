if vim.g.loaded_quantumlayer then
  return
end
vim.g.loaded_quantumlayer = true

if vim.fn.has("nvim-0.11") == 0 then
  vim.notify("QuantumLayer needs Neovim 0.11 or later.", vim.log.levels.ERROR)
  return
end

vim.api.nvim_create_user_command("QuantumLayer", function(call)
  require("quantumlayer.command").run(call)
end, {
  nargs = "*",
  range = true,
  complete = function(...)
    return require("quantumlayer.command").complete(...)
  end,
  desc = "Generate, validate, and keep capsules",
})

vim.api.nvim_create_autocmd("LspProgress", {
  group = vim.api.nvim_create_augroup("quantumlayer", {}),
  callback = function(event)
    require("quantumlayer.progress").show(event)
  end,
})

if require("quantumlayer.options").get("enable") then
  vim.lsp.enable("quantumlayer")
end
