--- `:QuantumLayer SUBCOMMAND`: what each does, and how it is completed.

local messages = require("quantumlayer.messages")
local server = require("quantumlayer.server")

local M = {}

---@class quantumlayer.Call
---@field words string[] after the subcommand
---@field text string the same as it was typed
---@field lines? string[] of the range, if one was given

---@class quantumlayer.Subcommand
---@field help string
---@field run fun(call: quantumlayer.Call)
---@field complete? fun(before: string[], lead: string): string[]

local function here()
  return vim.uri_from_bufnr(0)
end

--- A file to work on is what the server needs; a terminal or a list is none.
local function with_file(work)
  if vim.bo.buftype ~= "" or vim.api.nvim_buf_get_name(0) == "" then
    return messages.warn("this is not a file.")
  end
  work(here())
end

---@return boolean
local function is_brief()
  if vim.api.nvim_buf_get_name(0):match("%.brief%.md$") then
    return true
  end
  if vim.bo.filetype ~= "markdown" or vim.fn.getline(1) ~= "---" then
    return false
  end
  for _, line in ipairs(vim.api.nvim_buf_get_lines(0, 1, 40, false)) do
    if line:match("^%-%-%-") then
      return false
    elseif line:match("^quantumlayer:%s*brief%s*$") then
      return true
    end
  end
  return false
end

local function generate_text(text)
  if text and vim.trim(text) ~= "" then
    server.ask("generateCapsule", { brief = text })
  end
end

---@type table<string, quantumlayer.Subcommand>
M.subcommands = {
  generate = {
    help = "a capsule from this brief, the selected lines, a file, or a text",
    run = function(call)
      if call.lines then
        return generate_text(table.concat(call.lines, "\n"))
      end
      if call.text == "" and is_brief() then
        return server.ask("generateCapsule", { uri = here() })
      end
      if call.text == "" then
        return vim.ui.input({ prompt = "What should be made? " }, generate_text)
      end
      local path = vim.fs.normalize(call.text)
      if vim.fn.filereadable(path) == 1 then
        return server.ask("generateCapsule", { uri = vim.uri_from_fname(vim.fn.fnamemodify(path, ":p")) })
      end
      generate_text(call.text)
    end,
    complete = function(_, lead)
      return vim.fn.getcompletion(lead, "file")
    end,
  },
  validate = {
    help = "this file, or the whole workspace, with all tools",
    run = function(call)
      if call.words[1] == "workspace" then
        return server.ask("validateWorkspace")
      end
      with_file(function(uri)
        server.ask("validateFile", uri)
      end)
    end,
    complete = function()
      return { "workspace" }
    end,
  },
  test = {
    help = "run the tests that concern this file, in the sandbox",
    run = function()
      with_file(function(uri)
        server.ask("runTests", uri)
      end)
    end,
  },
  output = {
    help = "what the tests printed",
    run = function()
      server.ask("showTestOutput", nil, function(answer)
        if not answer.shown then
          messages.tell("no tests have run yet.")
        end
      end)
    end,
  },
  export = {
    help = "a capsule as an archive",
    run = function(call)
      require("quantumlayer.capsules").export(call.words[1], call.words[2], call.words[3])
    end,
    complete = function(before, lead)
      if #before == 0 then
        return require("quantumlayer.capsules").names()
      elseif #before == 1 then
        return require("quantumlayer.capsules").formats
      end
      return vim.fn.getcompletion(lead, "file")
    end,
  },
  capsules = {
    help = "what was made on this machine: report, files, differences, going back",
    run = function(call)
      require("quantumlayer.capsules").choose(call.words[1])
    end,
    complete = function()
      return require("quantumlayer.capsules").names()
    end,
  },
  report = {
    help = "what is known of a capsule, as a page in the browser",
    run = function(call)
      require("quantumlayer.capsules").report(call.words[1])
    end,
    complete = function()
      return require("quantumlayer.capsules").names()
    end,
  },
  explain = {
    help = "how a brief would be worked on, and why",
    run = function(call)
      require("quantumlayer.explain").run(call, is_brief())
    end,
  },
  models = {
    help = "which models could answer; choose or fetch one",
    run = function(call)
      require("quantumlayer.models").run(call.words[1], call.words[2])
    end,
    complete = function(before)
      return #before == 0 and { "list", "pull", "use" } or require("quantumlayer.models").names()
    end,
  },
  cancel = {
    help = "end what runs",
    run = function(call)
      server.ask("cancel", call.words[1], function(answer)
        if not answer.cancelled then
          messages.tell("nothing was running.")
        end
      end)
    end,
    complete = function()
      return require("quantumlayer.jobs").ids()
    end,
  },
  restart = {
    help = "stop the server and start it again",
    run = function()
      require("quantumlayer.restart").restart()
    end,
  },
}

---@return string[]
function M.names()
  local names = vim.tbl_keys(M.subcommands)
  table.sort(names)
  return names
end

---@param call table what `nvim_create_user_command` gives
function M.run(call)
  local name = table.remove(call.fargs, 1)
  if not name then
    return M._choose()
  end
  local subcommand = M.subcommands[name]
  if not subcommand then
    return messages.fail(("there is no `%s`; there are %s."):format(name, table.concat(M.names(), ", ")))
  end
  local lines = call.range > 0 and vim.api.nvim_buf_get_lines(0, call.line1 - 1, call.line2, false) or nil
  local text = vim.trim(call.args:gsub("^%s*%S+", "", 1) .. "")
  subcommand.run({ words = call.fargs, text = text, lines = lines })
end

function M._choose()
  local function shown(name)
    return ("%s: %s"):format(name, M.subcommands[name].help)
  end
  vim.ui.select(M.names(), { prompt = "QuantumLayer:", format_item = shown }, function(name)
    if name then
      M.subcommands[name].run({ words = {}, text = "" })
    end
  end)
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local before = vim.split(line:gsub("^.-QuantumLayer!?%s+", "", 1) .. "", "%s+", { trimempty = true })
  if lead ~= "" then
    table.remove(before)
  end
  local found
  if #before == 0 then
    found = M.names()
  else
    local subcommand = M.subcommands[table.remove(before, 1)]
    found = subcommand and subcommand.complete and subcommand.complete(before, lead) or {}
  end
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, found)
end

return M
