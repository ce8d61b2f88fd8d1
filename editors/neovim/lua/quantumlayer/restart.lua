--- A server that died is started again, a few times; one that was stopped stays so.

local jobs = require("quantumlayer.jobs")
local messages = require("quantumlayer.messages")
local options = require("quantumlayer.options")

local M = {}

local WITHIN_MS = 5 * 60 * 1000
local TERMINATED = 15
---@type integer[]
local deaths = {}

---@param code integer
---@param signal integer
---@param client_id integer
function M.exited(code, signal, client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  local meant = (code == 0 and signal == 0) or signal == TERMINATED
  if meant or vim.v.exiting ~= vim.NIL or not client then
    return
  end
  local config, initialized = client.config, client.initialized
  local buffers = vim.tbl_keys(client.attached_buffers)
  vim.schedule(function()
    M._died(code, signal, client_id, config, buffers, initialized)
  end)
end

function M._died(code, signal, client_id, config, buffers, initialized)
  local how = signal ~= 0 and ("signal %d"):format(signal) or ("status %d"):format(code)
  local was_generating = jobs.interrupt(client_id)
  if not initialized then
    return messages.fail(
      ("the server ended with %s before it was ready. :checkhealth quantumlayer says more."):format(how)
    )
  end
  if M._too_often() then
    local text =
      "the server ended unexpectedly (%s), and too often to be started again. `:QuantumLayer restart` does so."
    return messages.fail(text:format(how))
  end
  local text = "the server ended unexpectedly (%s) and is started again."
  if was_generating then
    text = text .. " What was being generated goes on where it stopped."
  end
  messages.warn(text:format(how))
  M.start(config, buffers)
end

---@param config vim.lsp.ClientConfig
---@param buffers integer[]
function M.start(config, buffers)
  local started = false
  for _, buffer in ipairs(buffers) do
    if vim.api.nvim_buf_is_loaded(buffer) then
      started = vim.lsp.start(config, { bufnr = buffer }) ~= nil or started
    end
  end
  if not started then
    vim.lsp.start(config, { attach = false })
  end
end

--- Stops the servers and starts them again.
function M.restart()
  deaths = {}
  local clients = vim.lsp.get_clients({ name = "quantumlayer" })
  if #clients == 0 then
    vim.lsp.enable("quantumlayer")
    return require("quantumlayer.server").with_client(function() end)
  end
  for _, client in ipairs(clients) do
    local config, buffers = client.config, vim.tbl_keys(client.attached_buffers)
    client:stop()
    vim.wait(5000, function()
      return client:is_stopped() and vim.lsp.get_client_by_id(client.id) == nil
    end, 50)
    M.start(config, buffers)
  end
end

---@return boolean
function M._too_often()
  local now = vim.uv.now()
  deaths = vim.tbl_filter(function(at)
    return now - at < WITHIN_MS
  end, deaths)
  table.insert(deaths, now)
  return #deaths > options.get("restarts")
end

return M
