import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { candidates, inWords, noServer, question, versionIn, type Surroundings } from "../src/plain/discovery";

const AROUND: Surroundings = {
  trusted: true,
  folders: ["/home/me/project"],
  setting: "",
  interpreter: "/home/me/project/.venv/bin/python",
  withheld: undefined,
  searched: ["/usr/bin", "bin", "/home/me/project/tools"],
  privatePython: "/home/me/.config/server-0.1.0/bin/python",
  windows: false,
};
const programs = (around: Surroundings): (string | undefined)[] =>
  candidates(around).candidates.map(({ command }) => command[0]);

test("the interpreter comes before the PATH, the private environment last", () => {
  assert.deepEqual(programs(AROUND), [
    "/home/me/project/.venv/bin/python",
    "/usr/bin/quantumlayer",
    "/home/me/project/tools/quantumlayer",
    "/home/me/.config/server-0.1.0/bin/python",
  ]);
});

test("who names a server gets that one or none", () => {
  assert.deepEqual(programs({ ...AROUND, setting: "/opt/ql/bin/quantumlayer" }), ["/opt/ql/bin/quantumlayer"]);
});

test("the setting may name a Python, and a place in the workspace", () => {
  const [named] = candidates({ ...AROUND, setting: ".venv/bin/python3.12" }).candidates;
  assert.deepEqual(named?.command, ["/home/me/project/.venv/bin/python3.12", "-P", "-m", "quantumlayer"]);
});

test("nothing that lies in a workspace that is not trusted is started, whoever names it", () => {
  const { candidates: left, distrusted } = candidates({ ...AROUND, trusted: false });
  assert.deepEqual(
    left.map(({ origin }) => origin),
    ["path", "private"],
  );
  assert.deepEqual(distrusted, ["/home/me/project/.venv/bin/python", "/home/me/project/tools/quantumlayer"]);
  const named = candidates({ ...AROUND, trusted: false, setting: "/home/me/project/bin/quantumlayer" });
  assert.deepEqual(named.candidates, []);
  const around = candidates({ ...AROUND, trusted: false, setting: "/home/me/other/../project/x/quantumlayer" });
  assert.deepEqual(around.candidates, []);
});

test("what a workspace that is not trusted names as its interpreter is told, and not started", () => {
  const around = { ...AROUND, trusted: false, searched: [], interpreter: undefined, withheld: "/tmp/theirs/python" };
  const found = candidates(around);
  assert.deepEqual(found.distrusted, ["/tmp/theirs/python"]);
  assert.deepEqual(programs(around), [AROUND.privatePython]);
  assert.deepEqual(candidates({ ...around, setting: "/opt/ql/bin/quantumlayer" }).distrusted, []);
});

test("a neighbour whose name begins alike is not the workspace", () => {
  const setting = "/home/me/project-tools/quantumlayer";
  assert.equal(candidates({ ...AROUND, trusted: false, setting }).candidates.length, 1);
});

test("a folder of the workspace whose name begins with two dots is in it, and the one above is not", () => {
  for (const setting of ["/home/me/project/..env/bin/python", "/home/me/project/...", "/home/me/project"]) {
    assert.deepEqual(candidates({ ...AROUND, trusted: false, setting }).distrusted, [setting]);
  }
  for (const setting of ["/home/me/python", "/home/me", "/home/me/..project/python"]) {
    assert.deepEqual(candidates({ ...AROUND, trusted: false, setting }).distrusted, []);
  }
});

test("a workspace is the same by whichever link one comes to it", () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "quantumlayer-links-"));
  try {
    const at = (...parts: string[]): string => path.join(home, ...parts);
    fs.mkdirSync(at("real", "bin"), { recursive: true });
    fs.mkdirSync(at("elsewhere"));
    fs.writeFileSync(at("real", "bin", "quantumlayer"), "");
    fs.writeFileSync(at("elsewhere", "quantumlayer"), "");
    fs.symlinkSync(at("real"), at("link"), "dir");
    fs.symlinkSync(at("real", "bin"), at("bin"), "dir");
    fs.symlinkSync(at("real", "bin", "quantumlayer"), at("elsewhere", "linked"));
    fs.symlinkSync(at("elsewhere", "quantumlayer"), at("real", "bin", "outwards"));
    const within = [
      at("link", "bin", "quantumlayer"),
      at("real", "bin", "quantumlayer"),
      at("bin", "quantumlayer"),
      at("elsewhere", "linked"),
      at("link", "bin", "outwards"),
      at("bin", "outwards"),
    ];
    for (const folders of [[at("link")], [at("real")]]) {
      for (const setting of within) {
        const around = { ...AROUND, folders, setting };
        assert.deepEqual(programs({ ...around, trusted: false }), [], `${setting} in ${folders.join()}`);
        assert.deepEqual(programs({ ...around, trusted: true }), [setting]);
      }
      const setting = at("elsewhere", "quantumlayer");
      assert.deepEqual(programs({ ...AROUND, folders, setting, trusted: false }), [setting]);
    }
  } finally {
    fs.rmSync(home, { recursive: true });
  }
});

test("modules beside the start folder are not looked at", () => {
  const [first] = candidates(AROUND).candidates;
  assert.ok(first);
  assert.ok(question(first).includes("-P"));
});

test("what is missing is told with what to do", () => {
  assert.match(noServer(AROUND, []), /not on the PATH/);
  assert.match(noServer({ ...AROUND, setting: "/x" }, []), /quantumlayer\.server\.path is \/x.*Correct/);
  assert.match(noServer({ ...AROUND, setting: "/x" }, ["/x"]), /not trusted.*Trust the workspace/);
  assert.match(noServer(AROUND, ["/home/me/project/x"]), /not trusted/);
  assert.equal(inWords("path"), "the PATH");
});

test("a version is one, and a traceback is none", () => {
  assert.equal(versionIn("quantumlayer 0.1.0\n"), "0.1.0");
  assert.equal(versionIn("No module named quantumlayer"), undefined);
});
