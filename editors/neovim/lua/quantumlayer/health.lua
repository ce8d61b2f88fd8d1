--- `:checkhealth quantumlayer`: from Neovim to the server's own doctor.

local M = {}

local health = vim.health
local PATIENCE_MS = 60000
local EXPECTED = {
  "generateCapsule",
  "validateFile",
  "exportCapsule",
  "capsuleReport",
  "capsules.list",
  "patterns.explain",
}

function M.check()
  health.start("Neovim")
  if vim.fn.has("nvim-0.11") == 1 then
    health.ok(("version %s"):format(tostring(vim.version())))
  else
    health.error("too old", "Use Neovim 0.11 or later.")
    return
  end
  for _, name in ipairs(require("quantumlayer.options").unknown()) do
    health.warn(("vim.g.quantumlayer: %s is not an option"):format(name), ":help quantumlayer-options")
  end
  local command = M._server()
  M._clients()
  if command then
    M._doctor(command)
  end
end

---@return string[]? the command that starts the server
function M._server()
  health.start("Server")
  local config = vim.lsp.config.quantumlayer
  if not config then
    health.error(
      "there is no lsp/quantumlayer.lua",
      "Put editors/neovim on the 'runtimepath': :help quantumlayer-install"
    )
    return nil
  end
  if type(config.cmd) ~= "table" then
    health.info("it is started by a function of your configuration")
    return nil
  end
  local program = vim.fn.exepath(config.cmd[1])
  if program == "" then
    health.error(
      ("there is no program `%s`"):format(config.cmd[1]),
      { "Install it, or put it on the PATH that Neovim has.", ":help quantumlayer-install" }
    )
    return nil
  end
  health.ok(("%s, started by `%s`"):format(program, table.concat(config.cmd, " ")))
  if vim.lsp.is_enabled("quantumlayer") then
    health.ok("starts by itself in " .. table.concat(config.filetypes, ", "))
  else
    health.info("does not start by itself: `:lua vim.lsp.enable('quantumlayer')` does so")
  end
  return { program }
end

function M._clients()
  local server = require("quantumlayer.server")
  local clients = vim.lsp.get_clients({ name = "quantumlayer" })
  if #clients == 0 then
    health.info("is not running: it starts with the first file that it knows")
  end
  for _, client in ipairs(clients) do
    local where = client.root_dir and " in " .. client.root_dir or ""
    health.ok(("version %s runs%s"):format(server.version(client), where))
    local missing = vim.tbl_filter(function(command)
      return not server.offers(client, command)
    end, EXPECTED)
    if #missing > 0 then
      health.warn("it does not offer " .. table.concat(missing, ", "), "A newer server may.")
    end
  end
end

---@param command string[]
function M._doctor(command)
  health.start("What the server finds on this machine")
  local asked = vim.list_extend(vim.list_slice(command), { "doctor", "--json" })
  local started, process = pcall(vim.system, asked, { text = true })
  local ended = started and process:wait(PATIENCE_MS)
  local read, checks = pcall(vim.json.decode, ended and ended.stdout or "")
  if not read or type(checks) ~= "table" then
    local said = ended and vim.trim(ended.stderr or "") or tostring(process)
    health.error("`quantumlayer doctor` did not answer", said ~= "" and { said } or nil)
    return
  end
  local tell = { ok = health.ok, warning = health.warn, missing = health.error }
  for _, check in ipairs(checks) do
    local line = check.name .. (check.detail ~= "" and ": " .. check.detail or "")
    local advice = check.status ~= "ok" and check.next_step ~= "" and { check.next_step } or nil
    tell[check.status](line, advice)
  end
end

return M
