--- The server as commands use it: which one, whether it offers something, and asking it.

local messages = require("quantumlayer.messages")

local M = {}

--- The client of this buffer; without one there, any.
---@return vim.lsp.Client?
function M.client()
  local here = vim.lsp.get_clients({ name = "quantumlayer", bufnr = 0 })[1]
  return here or vim.lsp.get_clients({ name = "quantumlayer" })[1]
end

--- The client of this buffer, started if there is none. Calls `work` with it, or says why it cannot.
---@param work fun(client: vim.lsp.Client)
function M.with_client(work)
  local client = M.client()
  if client and client.initialized then
    return work(client)
  end
  local config = vim.lsp.config.quantumlayer
  local command = config and config.cmd
  if type(command) == "table" and vim.fn.executable(command[1]) == 0 then
    local how = ":help quantumlayer-install, or :checkhealth quantumlayer for more"
    return messages.fail(
      ("the server cannot be started: there is no program `%s`. See %s."):format(command[1], how)
    )
  end
  if not client then
    local root = vim.fs.root(0, config.root_markers or {}) or vim.fn.getcwd()
    config = vim.tbl_extend("force", config, { root_dir = root })
    local attach = vim.bo.buftype == "" and vim.list_contains(config.filetypes, vim.bo.filetype)
    local id = vim.lsp.start(config, { attach = attach })
    client = id and vim.lsp.get_client_by_id(id)
  end
  M._when_ready(client, work)
end

--- It answers before anybody waits: a server starts within half a second.
---@param client? vim.lsp.Client
---@param work fun(client: vim.lsp.Client)
function M._when_ready(client, work)
  local tries = 0
  local function look()
    if not client or client:is_stopped() then
      return messages.fail("the server did not start. :checkhealth quantumlayer says more.")
    end
    if client.initialized then
      return work(client)
    end
    tries = tries + 1
    if tries > 300 then
      return messages.fail(
        "the server did not answer within 30 seconds. :checkhealth quantumlayer says more."
      )
    end
    vim.defer_fn(look, 100)
  end
  look()
end

---@param client vim.lsp.Client
---@param command string without `quantumlayer.`
---@return boolean
function M.offers(client, command)
  local provider = client.server_capabilities.executeCommandProvider
  return provider ~= nil and vim.list_contains(provider.commands or {}, "quantumlayer." .. command)
end

---@param client vim.lsp.Client
---@return string
function M.version(client)
  return client.server_info and client.server_info.version or "unknown"
end

---@param client vim.lsp.Client
---@param command string
function M.tell_missing(client, command)
  local text =
    "this server does not offer it: it has no command `quantumlayer.%s`. Its version is %s; a newer one may."
  messages.warn(text:format(command, M.version(client)))
end

--- Asks the server of this buffer to do something; says why if it cannot.
---@param command string
---@param argument? any
---@param done? fun(answer: table, client: vim.lsp.Client)
function M.ask(command, argument, done)
  M.with_client(function(client)
    if not M.offers(client, command) then
      return M.tell_missing(client, command)
    end
    local params = { command = "quantumlayer." .. command }
    if argument ~= nil then
      params.arguments = { argument }
    end
    local job = require("quantumlayer.jobs")
    client:request("workspace/executeCommand", params, function(failure, answer)
      if failure then
        return messages.fail(failure.message)
      end
      job.began(client, params, answer)
      if done then
        done(answer or {}, client)
      end
    end)
  end)
end

--- The same, at once and without a word, for completion: nil if there is no answer soon.
---@param command string
---@param argument? any
---@return table?
function M.ask_soon(command, argument)
  local client = M.client()
  if not client or not client.initialized or not M.offers(client, command) then
    return nil
  end
  local params = { command = "quantumlayer." .. command, arguments = { argument or vim.empty_dict() } }
  local answer = client:request_sync("workspace/executeCommand", params, 1000)
  return answer and answer.result or nil
end

return M
