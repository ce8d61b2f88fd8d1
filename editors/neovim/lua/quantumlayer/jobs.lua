--- Jobs that the server works on, so that generating goes on after a server has died.

local messages = require("quantumlayer.messages")

local M = {}

---@class quantumlayer.Job
---@field client integer
---@field params lsp.ExecuteCommandParams what started it

---@type table<string, quantumlayer.Job> by id
local running = {}
---@type lsp.ExecuteCommandParams[] what a new server is asked for
local interrupted = {}
local ended_before_answer = {}

--- The newest capsule that was made here.
---@type string?
M.newest = nil

local GENERATE = "quantumlayer.generateCapsule"

--- Commands of code actions and lenses that start what must go on after a restart.
function M.commands()
  return {
    [GENERATE] = function(command, context)
      local client = assert(vim.lsp.get_client_by_id(context.client_id))
      M.start(client, { command = command.command, arguments = command.arguments })
    end,
  }
end

---@param client vim.lsp.Client
---@param params lsp.ExecuteCommandParams
function M.start(client, params)
  client:request("workspace/executeCommand", params, function(failure, answer)
    if failure then
      return messages.fail(failure.message)
    end
    M.began(client, params, answer)
  end)
end

---@param client vim.lsp.Client
---@param params lsp.ExecuteCommandParams
---@param answer any
function M.began(client, params, answer)
  local id = type(answer) == "table" and answer.job
  if not id or params.command == "quantumlayer.cancel" then
    return
  end
  if ended_before_answer[id] then
    ended_before_answer[id] = nil
    return
  end
  running[id] = { client = client.id, params = params }
end

---@param params { job: string, outcome: string, capsule: string, message: string }
function M.finished(params)
  if running[params.job] then
    running[params.job] = nil
  else
    ended_before_answer[params.job] = true
  end
  if params.capsule ~= "" then
    M.newest = params.capsule
  end
  vim.api.nvim_exec_autocmds("User", { pattern = "QuantumLayerJobFinished", data = params })
end

--- Ids of jobs that run.
---@return string[]
function M.ids()
  local ids = vim.tbl_keys(running)
  table.sort(ids)
  return ids
end

--- The client is gone: what it was generating is kept for the next one.
---@param client_id integer
---@return boolean whether there was something
function M.interrupt(client_id)
  local found = false
  for id, job in pairs(running) do
    if job.client == client_id then
      running[id] = nil
      if job.params.command == GENERATE then
        table.insert(interrupted, job.params)
        found = true
      end
    end
  end
  return found
end

--- A server is there: what another one left is asked for again, and its journal has what was finished.
---@param client vim.lsp.Client
function M.attached(client)
  local left = interrupted
  interrupted = {}
  for _, params in ipairs(left) do
    M.start(client, params)
  end
end

return M
