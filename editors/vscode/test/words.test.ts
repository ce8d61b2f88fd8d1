import assert from "node:assert/strict";
import { test } from "node:test";
import { nameFor, saidIn } from "../src/plain/comment";
import { isNewEnough, pythonOf, steps } from "../src/plain/installing";
import { Jobs, jobIn } from "../src/plain/jobs";
import { notAKey, place, PROVIDERS } from "../src/plain/keys";
import { logFile } from "../src/plain/logs";
import { held, section, type Known } from "../src/plain/settings";
import { compare, NEEDED, OLDEST, problemWith } from "../src/plain/versions";

test("a comment says what it says, without its marks", () => {
  assert.equal(saidIn("# Write a parser\n# for dates."), "Write a parser\nfor dates.");
  assert.equal(saidIn("// one\n//   two\n"), "one\n  two");
  assert.equal(saidIn("/*\n * one\n * two\n */"), "one\ntwo");
  assert.equal(saidIn('"""Write `a.py`.\n\nWith `f(x)`.\n"""'), "Write `a.py`.\n\nWith `f(x)`.");
  assert.equal(saidIn("# A heading\n\nand text: 5 * 3"), "# A heading\n\nand text: 5 * 3", "a brief is no comment");
  assert.equal(saidIn("#\n#"), "");
});

test("a folder's name comes from the first words", () => {
  assert.equal(nameFor("A module roman.py with to_roman(number)"), "a-module-roman-py");
  assert.equal(nameFor("¿?"), "capsule");
});

test("what only the extension knows and what nobody set stays here", () => {
  const declared = {
    "server.path": {},
    preview: {},
    "models.api_base": { scope: "machine" },
    "live.beside": { scope: "resource" },
    "budget.usd": { scope: "machine" },
  };
  const known: Record<string, { global?: unknown; workspace?: unknown; folder?: unknown }> = {
    "server.path": { global: "/x" },
    "models.api_base": { workspace: "http://elsewhere" },
    "live.beside": { global: ["ruff"], workspace: ["pylance"] },
    "budget.usd": { global: 0.5, workspace: 500 },
  };
  const look = (key: string): Known => ({
    global: known[key]?.global,
    workspace: known[key]?.workspace,
    folder: known[key]?.folder,
  });
  assert.deepEqual(section(declared, look, true), { live: { beside: ["pylance"] }, budget: { usd: 0.5 } });
  assert.deepEqual(section(declared, look, false), { live: { beside: ["ruff"] }, budget: { usd: 0.5 } });
});

test("of a workspace that is not trusted no setting is read", () => {
  const known = { global: "/usr/bin/python3", workspace: "/tmp/theirs/python", folder: "/tmp/theirs/too/python" };
  assert.equal(held(known, true), "/tmp/theirs/too/python");
  assert.equal(held({ ...known, folder: undefined }, true), "/tmp/theirs/python");
  assert.equal(held(known, false), "/usr/bin/python3");
  assert.equal(held({ ...known, global: undefined }, false), undefined);
});

test("an old server is told from one that can be used", () => {
  assert.equal(problemWith({ version: OLDEST, commands: NEEDED }, "the PATH"), "");
  assert.match(problemWith({ version: "0.0.9", commands: NEEDED }, "the PATH"), /0\.0\.9 from the PATH is too old/);
  assert.match(problemWith({ version: "0.1.0", commands: [] }, "x"), /too old/);
  assert.match(problemWith({ version: undefined, commands: [] }, "x"), /unknown version/);
  assert.ok(compare("0.10.0", "0.9.9") > 0);
  assert.ok(compare("1.0.0-rc1", "1.0.1") < 0);
});

test("jobs that go on after the server was lost are those that can", () => {
  const jobs = new Jobs();
  const brief = { command: "generate", argument: { uri: "file:///a" }, title: "generate a" };
  jobs.began("1", brief);
  jobs.began("2", { command: "validate", argument: "file:///b", title: "validate b" });
  assert.deepEqual(jobs.lost(["generate"]), [brief]);
  assert.deepEqual(jobs.all, []);
  assert.equal(jobIn({ job: "x" }), "x");
  assert.equal(jobIn({ cancelled: true }), undefined);
  assert.equal(jobIn(null), undefined);
});

test("a private environment takes only what has the hash that was written down", () => {
  const made = steps({ environment: "/e", bundled: "/b", python: "python3", windows: false });
  const fetching = made.filter(({ command }) => command.includes("install"));
  assert.equal(fetching.length, 2);
  for (const { command, folder } of fetching) {
    assert.ok(command.includes("--require-hashes"));
    assert.ok(command.includes("-I"), "nothing of the environment's variables or the user's packages");
    assert.equal(command[0], pythonOf("/e", false));
    assert.equal(folder, "/b");
  }
  assert.ok(fetching[0]?.command.includes(":all:"), "nothing is built");
  assert.ok(fetching[1]?.command.includes("--no-index"), "the server itself comes with the extension");
  assert.deepEqual([isNewEnough("3.11\n"), isNewEnough("3.10"), isNewEnough("2.7"), isNewEnough("")], [true, false, false, false]);
});

test("a key is kept under the name of its provider, and a slip is no key", () => {
  assert.equal(new Set(PROVIDERS.map(place)).size, PROVIDERS.length);
  assert.equal(notAKey("sk-0123456789"), "");
  assert.notEqual(notAKey("short"), "");
  assert.notEqual(notAKey("two words of it"), "");
});

test("the server's log is where docs say", () => {
  const home = "/home/me";
  assert.equal(logFile({ platform: "linux", home, environ: {} }, 7), "/home/me/.local/state/quantumlayer/log/lsp-7.log");
  const environ = { XDG_STATE_HOME: "/s" };
  assert.equal(logFile({ platform: "linux", home, environ }, 7), "/s/quantumlayer/log/lsp-7.log");
  assert.match(logFile({ platform: "darwin", home, environ: {} }, 7), /Library\/Logs\/quantumlayer\/lsp-7\.log$/);
});
