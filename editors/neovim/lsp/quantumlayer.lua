--- The language server of QuantumLayer, for `vim.lsp.enable("quantumlayer")`.
---
--- Change any of it with `vim.lsp.config("quantumlayer", { ... })`.
---@type vim.lsp.Config
return {
  cmd = { "quantumlayer", "lsp" },
  filetypes = {
    "c",
    "cpp",
    "css",
    "dockerfile",
    "go",
    "html",
    "java",
    "javascript",
    "javascriptreact",
    "json",
    "jsonc",
    "markdown",
    "python",
    "rust",
    "sh",
    "sql",
    "terraform",
    "toml",
    "typescript",
    "typescriptreact",
    "yaml",
  },
  root_markers = { "quantumlayer.toml", "pyproject.toml", "package.json", ".git" },
  settings = { quantumlayer = vim.empty_dict() },
  -- The server then tells when each job has ended, and how.
  capabilities = { experimental = { quantumlayer = true } },
  commands = require("quantumlayer.jobs").commands(),
  handlers = {
    ["quantumlayer/fileFinished"] = function() end,
    ["quantumlayer/jobFinished"] = function(_, params)
      require("quantumlayer.jobs").finished(params)
    end,
    ["window/showMessage"] = function(_, params)
      require("quantumlayer.messages").show(params)
    end,
    ["workspace/applyEdit"] = function(...)
      return require("quantumlayer.files").apply(...)
    end,
  },
  on_attach = function(client)
    require("quantumlayer.jobs").attached(client)
  end,
  on_exit = function(code, signal, client_id)
    require("quantumlayer.restart").exited(code, signal, client_id)
  end,
}
