--- Capsules of this machine: chosen from a list, shown, compared, brought back, exported.

local jobs = require("quantumlayer.jobs")
local messages = require("quantumlayer.messages")
local server = require("quantumlayer.server")
local views = require("quantumlayer.views")

local M = {}

M.formats = { "qlcapsule", "tar.gz", "zip" }

---@return string[] for completion
function M.names()
  local answer = server.ask_soon("capsules.list")
  local seen, found = {}, {}
  for _, capsule in ipairs(answer and answer.capsules or {}) do
    if capsule.name ~= "" and not seen[capsule.name] then
      seen[capsule.name] = true
      table.insert(found, capsule.name)
    end
  end
  return found
end

---@param capsule table as the server lists it
---@return string
local function described(capsule)
  if capsule.problem and capsule.problem ~= "" then
    return ("%s  damaged: %s"):format(capsule.id:sub(1, 12), capsule.problem)
  end
  local marks = vim.list_extend(vim.list_slice(capsule.branches or {}), capsule.tags or {})
  local named = #marks > 0 and "  [" .. table.concat(marks, ", ") .. "]" or ""
  return ("%s  %s  %s, confidence %.2f, %d files%s  %s"):format(
    capsule.name,
    capsule.id:sub(1, 12),
    capsule.status,
    capsule.confidence,
    capsule.files,
    named,
    capsule.created
  )
end

--- Lets the user choose one, by a list where the server has it, else by its name.
---@param prompt string
---@param name? string only its versions
---@param done fun(capsule: table) at least its id or name, in `id`
local function choose(prompt, name, done)
  server.with_client(function(client)
    if not server.offers(client, "capsules.list") then
      local function named(given)
        if given and given ~= "" then
          done({ id = given, name = given, parents = {} })
        end
      end
      return vim.ui.input({ prompt = prompt .. ", by id or name: ", default = jobs.newest }, named)
    end
    local argument = name and { name = name } or vim.empty_dict()
    server.ask("capsules.list", argument, function(answer)
      if #answer.capsules == 0 then
        return messages.tell("no capsules yet. `:QuantumLayer generate` makes one.")
      end
      vim.ui.select(answer.capsules, { prompt = prompt, format_item = described }, function(capsule)
        if capsule then
          done(capsule)
        end
      end)
    end)
  end)
end

--- Opens the page of a capsule in the browser; of the newest that was made here, or one that is chosen.
---@param ref? string
function M.report(ref)
  ref = ref or jobs.newest
  if not ref then
    return choose("The report of", nil, function(capsule)
      M.report(capsule.id)
    end)
  end
  server.ask("capsuleReport", { capsule = ref, form = "file" }, function(answer)
    local path = vim.uri_to_fname(answer.uri)
    local opened, problem = vim.ui.open(path)
    if opened then
      messages.tell(("the report of %s is in %s"):format(answer.name, path))
    else
      messages.warn(
        ("the report of %s is in %s; it was not opened: %s"):format(answer.name, path, problem or "")
      )
    end
  end)
end

---@param ref? string
---@param format? string
---@param target? string
function M.export(ref, format, target)
  if not ref then
    return choose("Export", nil, function(capsule)
      M.export(capsule.id, format, target)
    end)
  end
  if not format then
    return vim.ui.select(M.formats, { prompt = "As" }, function(chosen)
      if chosen then
        M.export(ref, chosen, target)
      end
    end)
  end
  if not target then
    local asked =
      { prompt = "Into (a folder, or the archive's own path): ", default = ".", completion = "file" }
    return vim.ui.input(asked, function(given)
      if given and given ~= "" then
        M.export(ref, format, given)
      end
    end)
  end
  local path = vim.fn.fnamemodify(vim.fs.normalize(target), ":p")
  server.ask("exportCapsule", { capsule = ref, format = format, target = path })
end

---@param capsule table
local function show(capsule)
  server.ask("capsules.show", { capsule = capsule.id }, function(answer)
    local paths = vim.tbl_map(function(file)
      return file.path
    end, answer.manifest.files)
    vim.ui.select(paths, { prompt = "A file of " .. capsule.name }, function(path)
      if path then
        server.ask("capsules.file", { capsule = answer.id, path = path }, function(file)
          views.file(("quantumlayer-capsule:/%s/%s"):format(file.capsule, file.path), file.text, file.path)
        end)
      end
    end)
  end)
end

---@param capsule table
---@param from string
local function compare(capsule, from)
  server.ask("capsules.diff", { from = from, to = capsule.id }, function(answer)
    views.diff(answer, from, capsule.id)
  end)
end

---@param capsule table
local function compare_with_another(capsule)
  choose("Compare with", capsule.name, function(other)
    compare(capsule, other.id)
  end)
end

---@param capsule table
local function roll_back(capsule)
  local question = ("Bring %s back to %s? Files that you changed are left alone."):format(
    capsule.name,
    capsule.id:sub(1, 12)
  )
  vim.ui.select({ "Bring it back", "Leave it" }, { prompt = question }, function(choice)
    if choice == "Bring it back" then
      server.ask("capsules.rollback", { capsule = capsule.name, to = capsule.id })
    end
  end)
end

local actions = {
  {
    title = "Show the report in the browser",
    command = "capsuleReport",
    run = function(capsule)
      M.report(capsule.id)
    end,
  },
  { title = "Look at a file of it", command = "capsules.show", run = show },
  { title = "Compare with another version", command = "capsules.diff", run = compare_with_another },
  {
    title = "Compare with the version before",
    command = "capsules.diff",
    possible = function(capsule)
      return #(capsule.parents or {}) > 0
    end,
    run = function(capsule)
      compare(capsule, capsule.parents[1])
    end,
  },
  {
    title = "Bring its files into the workspace",
    command = "capsules.checkout",
    run = function(capsule)
      server.ask("capsules.checkout", { capsule = capsule.id })
    end,
  },
  { title = "Go back to this version", command = "capsules.rollback", run = roll_back },
  {
    title = "Export it as an archive",
    command = "exportCapsule",
    run = function(capsule)
      M.export(capsule.id)
    end,
  },
}

--- Chooses a capsule, then what to do with it: what the server offers.
---@param name? string
function M.choose(name)
  server.with_client(function(client)
    if not server.offers(client, "capsules.list") then
      return server.tell_missing(client, "capsules.list")
    end
    choose("Capsules", name, function(capsule)
      local possible = vim.tbl_filter(function(action)
        return server.offers(client, action.command) and (not action.possible or action.possible(capsule))
      end, actions)
      local function title(action)
        return action.title
      end
      vim.ui.select(possible, { prompt = capsule.name, format_item = title }, function(action)
        if action then
          action.run(capsule)
        end
      end)
    end)
  end)
end

return M
